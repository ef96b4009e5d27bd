// The form of an export as a panel on the desk; on a phone its link opens it as a page.
(() => {
  "use strict";
  const NARROW = 820;
  let frame = null;

  function close() {
    if (frame) frame.remove();
    frame = null;
  }

  function open(link) {
    close();
    frame = document.createElement("section");
    frame.className = "export-frame";
    const head = document.createElement("header");
    const button = document.createElement("button");
    button.textContent = "×";
    button.addEventListener("click", close);
    head.append(link.title, button);
    const page = document.createElement("iframe");
    page.src = link.href;
    page.title = link.title;
    // Esc is heard by the page within too.
    page.addEventListener("load", () => page.contentWindow.addEventListener("keydown", onKey));
    frame.append(head, page);
    document.body.append(frame);
    page.focus();
  }

  function onKey(event) {
    if (event.key === "Escape" && frame) {
      close();
      event.stopImmediatePropagation();
    }
  }

  document.addEventListener("keydown", onKey, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.opens-export");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || window.innerWidth <= NARROW) return;
    event.preventDefault();
    open(link);
  });
})();
