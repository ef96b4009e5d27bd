/* The playhead of the time bar: dragged, clicked or moved by key to a moment, which the desk then
 * shows as it was known. The moment is in the address like everything else; at the right end it is
 * the present, and the address says nothing of it.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.playhead = (() => {
  const KEYS = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  /** Follows the pointer; lives beside the sheets, which are laid anew while one drags. */
  let ghost = null;
  let dragged = null;

  const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

  /** The bar as a scale: bars are of one width, whatever the length of their buckets. */
  class Scale {
    constructor(head) {
      this.edges = head.dataset.edges.split(",").map(Number);
      for (const name of ["at", "now", "step"]) this[name] = Number(head.dataset[name]);
      this.zone = head.dataset.zone;
      this.box = head.parentElement.getBoundingClientRect();
    }

    /** The moment under a pixel, in whole steps; null is the present. */
    momentAt(x) {
      const place = clamp((x - this.box.left) / this.box.width, 0, 1) * (this.edges.length - 1);
      const bucket = Math.min(Math.floor(place), this.edges.length - 2);
      const [start, end] = [this.edges[bucket], this.edges[bucket + 1]];
      return this.round(start + (place - bucket) * (end - start));
    }

    round(moment) {
      const [first] = this.edges;
      const whole = first + Math.round((moment - first) / this.step) * this.step;
      return whole >= this.now ? null : Math.max(whole, first);
    }

    xOf(moment) {
      const at = clamp(moment, this.edges[0], this.edges.at(-1));
      const bucket = Math.min(this.edges.findLastIndex((edge) => edge <= at), this.edges.length - 2);
      const [start, end] = [this.edges[bucket], this.edges[bucket + 1]];
      const share = (bucket + (at - start) / (end - start)) / (this.edges.length - 1);
      return this.box.left + share * this.box.width;
    }

    write(moment) {
      const parts = { timeZone: this.zone, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      return new Date(moment ?? this.now).toLocaleString(document.documentElement.lang, parts);
    }
  }

  function goTo(moment) {
    const at = moment === null ? null : new Date(moment).toISOString().replace(/\.\d+/, "");
    window.yiping.page.go(window.yiping.page.withKeys({ at }));
  }

  function showGhost(scale, moment) {
    if (!ghost) {
      ghost = document.createElement("div");
      ghost.className = "playhead-ghost";
      ghost.append(document.createElement("b"));
      document.body.append(ghost);
    }
    ghost.hidden = false;
    ghost.firstChild.textContent = scale.write(moment);
    const { top, height } = scale.box;
    Object.assign(ghost.style, { left: `${scale.xOf(moment ?? scale.now)}px`, top: `${top}px`, height: `${height}px` });
  }

  function drop() {
    dragged = null;
    if (ghost) ghost.hidden = true;
  }

  document.addEventListener("pointerdown", (event) => {
    const bars = event.button === 0 && event.target.closest(".desk .bars");
    const head = bars && bars.querySelector(".playhead");
    if (!head) return;
    event.preventDefault();
    head.focus();
    dragged = new Scale(head);
    showGhost(dragged, dragged.momentAt(event.clientX));
  });
  document.addEventListener("pointermove", (event) => {
    if (dragged) showGhost(dragged, dragged.momentAt(event.clientX));
  });
  document.addEventListener("pointerup", (event) => {
    if (!dragged) return;
    goTo(dragged.momentAt(event.clientX));
    drop();
  });
  document.addEventListener("pointercancel", drop);
  document.addEventListener("keydown", (event) => {
    if (dragged && event.key === "Escape") {
      event.stopImmediatePropagation();
      return drop();
    }
    const head = event.target.closest && event.target.closest(".playhead");
    if (!head || event.ctrlKey || event.metaKey || event.altKey) return;
    const scale = new Scale(head);
    if (event.key === "End") goTo(null);
    else if (event.key === "Home") goTo(scale.edges[0]);
    else if (KEYS[event.key]) goTo(scale.round(scale.at + KEYS[event.key] * scale.step));
    else return;
    event.preventDefault();
  }, true);
})();
