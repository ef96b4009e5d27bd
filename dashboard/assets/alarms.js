/* Acknowledge an alarm from the desk: who has seen it is asked once and remembered here. */
"use strict";
window.yiping = window.yiping || {};

window.yiping.alarms = (() => {
  const KEY = "yiping-who";

  function remembered() {
    try {
      return localStorage.getItem(KEY) || "";
    } catch {
      // A browser may forbid to remember anything: then it is asked each time.
      return "";
    }
  }

  function remember(who) {
    try {
      localStorage.setItem(KEY, who);
    } catch {
      return;
    }
  }

  function part(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  /** Ask who has seen an alarm; the page goes on living meanwhile. */
  function ask(id, name) {
    const words = document.getElementById("alarm-strip").dataset;
    const input = part("input", { value: remembered(), maxLength: 40, required: true });
    input.placeholder = words.hint;
    input.setAttribute("aria-label", words.who);
    const said = part("p", {});
    said.setAttribute("role", "status");
    const go = part("button", { className: "act", type: "submit", textContent: words.go });
    const leave = part("button", { className: "act quiet", type: "button", textContent: words.cancel });
    const form = part("form", { method: "dialog" }, part("h2", { textContent: name }),
      part("label", {}, `${words.who}`, input), said,
      part("div", { className: "buttons" }, leave, go));
    const box = part("dialog", { className: "alarm-form" }, form);
    leave.addEventListener("click", () => box.close());
    box.addEventListener("close", () => box.remove());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = true;
      said.textContent = "";
      const status = await tell(id, input.value.trim());
      go.disabled = false;
      if (status === 200) {
        remember(input.value.trim());
        box.close();
      } else said.textContent = status === 409 ? words.over : words.failed;
    });
    document.body.append(box);
    box.showModal();
    input.select();
  }

  /** The answer comes to every screen by the live stream; here only whether it went well. */
  async function tell(id, who) {
    try {
      const answer = await fetch(`/api/v1/alarms/${id}/acknowledge`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ who }),
      });
      return answer.status;
    } catch {
      return 0;
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-acknowledge]");
    if (!button || document.documentElement.dataset.page !== "desk") return;
    const row = button.closest("[data-key]");
    const name = row && row.querySelector("b, .name");
    ask(button.dataset.acknowledge, name ? name.textContent : "");
  });

  return { ask };
})();
