/* The pointer over the map: a press that did not move is a click, a move is a hover.
 *
 * Told by the browser's own events: deck.gl's recognisers wait for a second click and give up on
 * a slow machine. Touch has no hover.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.pointer = (() => {
  const CLICK_PX = 6;
  /** Looking things up once in so long is as often as an eye follows. */
  const HOVER_MS = 40;

  class Pointer {
    /** calls: onClick(x, y), onHover(x, y) or onHover() off the map, isStill() where none is. */
    constructor(element, calls) {
      Object.assign(this, { element, calls, down: null, place: null });
      element.addEventListener("pointerdown", (event) => this.press(event));
      element.addEventListener("pointerup", (event) => this.release(event));
      element.addEventListener("pointermove", (event) => this.move(event));
      element.addEventListener("pointerleave", () => this.wait([]));
    }

    /** Buttons and cards lie on the map too; only its pictures are the map. */
    isOnMap(event) {
      return event.target.tagName === "CANVAS";
    }

    at(event) {
      const box = this.element.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    }

    press(event) {
      this.down = this.isOnMap(event) && event.button === 0 && event.isPrimary ? this.at(event) : null;
    }

    release(event) {
      const { down } = this;
      this.down = null;
      if (!down || !event.isPrimary) return;
      const [x, y] = this.at(event);
      if (Math.hypot(x - down[0], y - down[1]) <= CLICK_PX) this.calls.onClick(x, y);
    }

    move(event) {
      if (event.pointerType === "touch" || this.calls.isStill()) return;
      this.wait(this.isOnMap(event) && !event.buttons ? this.at(event) : []);
    }

    wait(place) {
      if (!this.place) setTimeout(() => this.tell(), HOVER_MS);
      this.place = place;
    }

    tell() {
      const { place } = this;
      this.place = null;
      this.calls.onHover(...place);
    }
  }

  return { Pointer };
})();
