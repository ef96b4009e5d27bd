/* The page itself: it follows the URL, hears the server, and answers keys.
 *
 * The query string is the only state. Whatever is clicked on the map becomes a new query and
 * everything else follows from it, so a pick, a list row, a key and a pasted link are one thing.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.page = (() => {
  const root = document.documentElement;
  const isDesk = () => root.dataset.page === "desk";

  /** Ask Dash's Location for another query: history, back button and panels follow. */
  function go(search) {
    window.dash_clientside.set_props("url", { search });
  }

  /** The present query with some keys changed; null drops a key. */
  function withKeys(changes) {
    const said = new URLSearchParams(window.location.search);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) said.delete(key);
      else said.set(key, value);
    }
    const text = said.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
    return text ? "?" + text : "?";
  }

  /** The query that the page was last written for as a whole. */
  let whole = null;

  /** Lay new texts into sheets, touching only what differs: no flicker, scroll and hover stay. */
  function lay(texts) {
    window.yiping.live.answered();
    const isWhole = texts && texts["?"] !== undefined;
    if (isWhole) whole = texts["?"];
    const focused = document.activeElement;
    for (const [id, text] of Object.entries(texts || {})) {
      const sheet = document.getElementById(id);
      if (!sheet) continue;
      const wanted = document.createElement("template");
      wanted.innerHTML = text;
      liken(sheet, wanted.content, isWhole ? null : slideIn);
    }
    root.dataset.past = isPast() ? "1" : "";
    // A row that was moved lost it, though it is still the one somebody is at.
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
    return window.dash_clientside.no_update;
  }

  /**
   * Make the children of one node like another's; rows that carry a key move with it. What is not
   * wanted any more goes first, so that no other row has to move out of its way.
   */
  function liken(node, wanted, onNew) {
    const kept = new Map();
    const keys = new Set([...wanted.children].map((want) => want.dataset.key));
    for (const child of [...node.children]) {
      const { key } = child.dataset;
      if (key && keys.has(key)) kept.set(key, child);
      else if (key) child.remove();
    }
    let at = node.firstChild;
    for (const want of [...wanted.childNodes]) {
      const key = want.nodeType === 1 && want.dataset.key;
      const have = key ? kept.get(key) : at;
      if (!have || have.nodeName !== want.nodeName || (!key && have.dataset && have.dataset.key)) {
        node.insertBefore(want, at);
        if (key && kept.size && onNew) onNew(want);
        continue;
      }
      if (have !== at) node.insertBefore(have, at);
      else at = at.nextSibling;
      if (have.nodeType !== 1) {
        if (have.nodeValue !== want.nodeValue) have.nodeValue = want.nodeValue;
      } else if (!have.isEqualNode(want)) {
        likenAttributes(have, want);
        liken(have, want, onNew);
      }
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  const PULSE_MS = 900;
  const PULSES = 3;

  /** A row that came while one looked slides in at its place; a new case pulses, three times. */
  function slideIn(row) {
    if (!row.matches(".entry") || window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const height = `${row.offsetHeight}px`;
    const closed = { height: 0, paddingBlock: 0, opacity: 0, overflow: "hidden" };
    row.animate([closed, { height, opacity: 1, overflow: "hidden" }], { duration: 300, easing: "ease-out" });
    const mark = row.matches(".incident") && row.nextElementSibling?.matches(".entry") && row.querySelector(".mark");
    if (!mark) return;
    const seen = getComputedStyle(mark).transform.replace("none", "");
    const frames = [{ transform: seen || "none" }, { transform: `${seen} scale(1.9)` }, { transform: seen || "none" }];
    mark.animate(frames, { duration: PULSE_MS, iterations: PULSES, easing: "ease-in-out" });
  }

  function likenAttributes(have, want) {
    for (const { name, value } of [...want.attributes])
      if (have.getAttribute(name) !== value) have.setAttribute(name, value);
    // What a person unfolded stays unfolded.
    for (const { name } of [...have.attributes])
      if (!want.hasAttribute(name) && name !== "open") have.removeAttribute(name);
  }

  let mounted = false;

  /** Called by Dash whenever the query changed, however that came about. */
  function follow(search) {
    const said = new URLSearchParams(search || "");
    const language = said.get("lang") || window.yipingConfig.home;
    if (mounted && language !== root.lang) {
      // Every word changes, those in the frame of the page too: the simplest is to begin anew.
      window.location.reload();
      return window.dash_clientside.no_update;
    }
    root.lang = language;
    root.dataset.theme = said.get("theme") === "light" ? "light" : "dark";
    root.dataset.fold = said.get("fold") || "";
    root.dataset.object = said.get("object") ? "open" : "";
    root.dataset.sources = said.get("sources") ? "open" : "";
    const map = window.yiping.map;
    if (!mounted) {
      mounted = true;
      map.mount(document.getElementById("map"));
      map.on("pick", drill);
    }
    map.show(search || "");
    return search || "";
  }

  /** A region is drilled into; an object opens its card where it stands. */
  function drill(picked) {
    if (!isDesk()) return;
    if (picked.kind === "region") go(withKeys({ region: picked.code, object: null }));
    else {
      // Its card must be seen, so the panel it lies on unfolds.
      const folded = (root.dataset.fold || "").split(",").filter((name) => name && name !== "right");
      go(withKeys({ object: `${picked.kind}:${picked.code}`, fold: folded.join(",") || null }));
    }
  }

  function typing(target) {
    return target.matches && target.matches("input, textarea, select, [contenteditable]");
  }

  function up() {
    const query = new URLSearchParams(window.location.search);
    if (query.get("object")) return go(withKeys({ object: null }));
    if (query.get("sources")) return go(withKeys({ sources: null }));
    // The trail may be of a moment ago when keys come fast: find ourselves on it first.
    const links = [...document.querySelectorAll(".trail a")];
    const codes = links.map((link) => new URLSearchParams(link.getAttribute("href")).get("region"));
    const here = query.get("region");
    if (!here) return null;
    const at = codes.indexOf(here);
    const above = links[at === -1 ? links.length - 1 : at - 1];
    return above && go(above.getAttribute("href"));
  }

  function fold(name) {
    const folded = new Set((root.dataset.fold || "").split(",").filter(Boolean));
    if (!folded.delete(name)) folded.add(name);
    go(withKeys({ fold: folded.size ? [...folded].join(",") : null }));
  }

  /** Arrow keys walk through the answers of the search box. */
  function walkHits(step) {
    const hits = [...document.querySelectorAll(".hits a")];
    if (!hits.length) return;
    const at = hits.indexOf(document.activeElement);
    hits[Math.max(0, Math.min(hits.length - 1, at + step))].focus();
  }

  /** The text whose first answer is gone to when it comes. */
  let wanted = null;

  function layHits(found) {
    const laid = lay(found);
    document.querySelector(".hits").dataset.answers = found ? found.text : "";
    if (wanted !== null) toFirstHit();
    return laid;
  }

  /** Who types fast and presses Enter means what was typed, not what is listed so far. */
  function toFirstHit() {
    const text = document.getElementById("search").value.trim();
    const hits = document.querySelector(".hits");
    wanted = text === (hits.dataset.answers || "") ? null : text;
    const first = hits.querySelector("a");
    if (wanted === null && first) first.click();
  }

  function onKey(event) {
    if (!isDesk() || event.ctrlKey || event.metaKey || event.altKey) return;
    const search = document.getElementById("search");
    const inSearch = event.target.closest && event.target.closest(".search");
    if (event.key === "Escape") {
      if (inSearch) {
        leaveSearch(search);
        event.target.blur();
      } else up();
    } else if (inSearch && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      walkHits(event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
    } else if (inSearch && event.key === "Enter" && event.target === search) {
      toFirstHit();
    } else if (!typing(event.target)) {
      const panel = { "[": "left", "]": "right", "\\": "bottom" }[event.key];
      if (event.key === "/") {
        search.focus();
        search.select();
        event.preventDefault();
      } else if (panel) fold(panel);
    }
  }

  function leaveSearch() {
    wanted = null;
    window.dash_clientside.set_props("search", { value: "" });
  }

  /** On a phone the panels are a sheet with three stops: a strip, half, full. */
  function moveSheet() {
    const stops = ["low", "half", "full"];
    const next = stops[(stops.indexOf(root.dataset.sheet || "low") + 1) % stops.length];
    root.dataset.sheet = next;
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="?"]');
    if (link && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      if (isDesk()) go(link.getAttribute("href"));
    }
    if (event.target.closest(".hits a")) {
      leaveSearch();
      document.activeElement.blur();
    } else if (event.target.closest(".handle")) moveSheet();
    const chosen = event.target.closest(".menu a");
    for (const box of document.querySelectorAll(".layer-box[open], .menu[open]"))
      if (chosen || !box.contains(event.target)) box.open = false;
  });

  /** The server says so: a link to a moment still to come shows the present. */
  const isPast = () => Boolean(document.querySelector(".notice.past"));

  return { follow, go, withKeys, fold, lay, layHits, laid: () => whole, isPast };
})();
