/* What is written and rung over the picture: names, counts, pulses, the selected place.
 *
 * A second canvas, drawn in the same frame as the map. Text here is set by the browser on whole
 * pixels: sharper than text from a texture, in the page's own font as soon as it is there, and a
 * hundred names cost less than a millisecond.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.labels = (() => {
  const PULSE_MS = 900;
  const PULSES = 3;
  const OUTSIDE = 0.28;
  const ROUNDS = 4;

  class Overlay {
    constructor(element) {
      this.canvas = document.createElement("canvas");
      this.canvas.className = "map-overlay";
      element.append(this.canvas);
      this.context = this.canvas.getContext("2d");
      this.names = null;
      this.spec = null;
      this.pulses = [];
      this.signs = [];
      this.drawn = [];
      this.shown = null;
      this.frames = 0;
      // A canvas that lost its context comes back empty.
      this.canvas.addEventListener("contextrestored", () => this.expire());
    }

    resize(width, height, ratio) {
      if (this.width === width && this.height === height && this.ratio === ratio) return;
      Object.assign(this, { width, height, ratio });
      this.expire();
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }

    /** Names as the server placed them: see layers/labels.py. */
    setNames(said) {
      this.names = said && {
        styles: said.styles.map(([key, size, tracking]) => ({ key, size, tracking })),
        rows: said.labels.map(([text, lon, lat, style, min, max, code]) => ({ text, lon, lat, style, min, max, code })),
      };
    }

    pulse(lon, lat, color) {
      this.pulses.push({ lon, lat, color, since: performance.now() });
    }

    get isMoving() {
      return this.pulses.length > 0;
    }

    /** What is written depends on more than what `draw` compares: write it again. */
    expire() {
      this.shown = null;
    }

    /** Another font came: every name is as wide as it is in that one. */
    remeasure() {
      for (const name of this.names ? this.names.rows : []) name.font = null;
      this.expire();
    }

    /** Whether the canvas already holds what would be drawn; a live change of a sensor leaves it. */
    isDrawn(viewport, scale, markScale) {
      const { shown } = this;
      return (
        shown !== null &&
        !this.isMoving &&
        shown.spec === this.spec &&
        shown.names === this.names &&
        shown.signs === this.signs &&
        shown.scale === scale &&
        shown.markScale === markScale &&
        (shown.viewport === viewport || shown.viewport.equals(viewport))
      );
    }

    /** Draw for a viewport; scale is how much larger a hall's screen is than 1080 lines. */
    draw(viewport, scale, markScale) {
      if (this.isDrawn(viewport, scale, markScale)) return;
      const { spec, names, signs } = this;
      this.shown = { spec, names, signs, viewport, scale, markScale };
      this.frames++;
      this.markScale = markScale;
      const { context } = this;
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      context.clearRect(0, 0, this.width, this.height);
      if (!this.spec) return;
      this.taken = [];
      this.drawPulses(viewport, scale);
      this.drawSelected(viewport, scale);
      this.drawCounts(viewport, scale);
      this.drawNames(viewport, scale);
    }

    /** The sign's place on the screen, or null where it is out of sight. */
    at(viewport, lon, lat, margin = 80) {
      const [x, y] = viewport.project([lon, lat]);
      if (x < -margin || y < -margin || x > this.width + margin || y > this.height + margin) return null;
      return [x, y];
    }

    drawNames(viewport, scale) {
      const { labels, tokens, wall } = this.spec;
      this.drawn = [];
      if (!labels || !this.names) return;
      const { context } = this;
      const zoom = viewport.zoom - Math.log2(scale);
      const shown = new Set(labels.styles);
      const fonts = this.names.styles.map((style, i) => this.fontOf(style, i, scale, wall));
      context.globalAlpha = labels.opacity;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineJoin = "round";
      const wanted = this.wantedNames(viewport, zoom, shown, fonts);
      this.placeTogether(wanted.filter(({ font }) => font.strong));
      for (const one of wanted) if (!one.font.strong) this.place(one);
      for (const one of wanted) if (one.box) this.write(one, labels, tokens);
      context.globalAlpha = 1;
      context.letterSpacing = "0px";
    }

    /** What could be written here, each where it belongs: a region's name at its disc. */
    wantedNames(viewport, zoom, shown, fonts) {
      const discs = new Map(this.signs.filter(({ code }) => code).map((sign) => [sign.code, sign]));
      const wanted = [];
      for (const name of this.names.rows) {
        const font = fonts[name.style];
        // The names that say where one is may move aside here, so they may try earlier.
        if (zoom < name.min - (font.strong ? 1 : 0) || zoom >= name.max) continue;
        if (!shown.has(this.names.styles[name.style].key)) continue;
        const { lon, lat } = discs.get(name.code) || name;
        const at = this.at(viewport, lon, lat);
        if (at) wanted.push({ name, at, font, box: null });
      }
      return wanted;
    }

    /**
     * The names that say where one is: who finds no room goes first in the next round, since a
     * small region has few places for its name and a large one many.
     */
    placeTogether(names) {
      const { taken } = this;
      let order = names;
      let best = null;
      for (let round = 0; round < ROUNDS; round++) {
        this.taken = [...taken];
        const without = order.filter((one) => !this.place(one));
        if (!best || without.length < best.missing) {
          best = { missing: without.length, taken: this.taken, boxes: names.map(({ box }) => box) };
        }
        if (!without.length) break;
        order = [...without, ...order.filter((one) => !without.includes(one))];
      }
      if (!best) return;
      this.taken = best.taken;
      names.forEach((one, i) => (one.box = best.boxes[i]));
    }

    /** Outside of the region looked at, writing is as dim as the ground there. */
    strength(thing) {
      const { code, root } = this.spec.region;
      if (code === root || !this.isInside) return 1;
      if (thing.insideOf !== code) {
        thing.insideOf = code;
        thing.inside = this.isInside(code, thing.lon, thing.lat);
      }
      return thing.inside ? 1 : OUTSIDE;
    }

    fontOf(style, rank, scale, wall) {
      const size = Math.round(style.size * scale);
      const strong = rank < 2;
      return {
        size,
        key: style.key,
        strong,
        spacing: style.tracking ? `${(style.tracking * size).toFixed(1)}px` : "0px",
        font: `${strong ? 600 : wall ? 500 : 400} ${size}px "Noto Sans SC", sans-serif`,
      };
    }

    /** Find room for a name, beside a sign rather than on it; none where it would touch another. */
    place(one) {
      const { name, at, font } = one;
      const { context } = this;
      context.font = font.font;
      context.letterSpacing = font.spacing;
      if (name.font !== font.font) {
        name.width = context.measureText(name.text).width;
        name.font = font.font;
      }
      const box = { x: at[0], y: at[1], w: name.width / 2 + 2, h: font.size * 0.62 + 1, code: name.code, text: name.text };
      const all = this.taken;
      // The names that say where one is stand even where a single sign is in the way.
      const found = this.makeRoom(box, all) || (font.strong && this.makeRoom(box, all.filter((other) => !other.soft)));
      one.box = found ? box : null;
      if (found) this.taken.push(box);
      return found;
    }

    write({ name, box, font }, labels, tokens) {
      const { context } = this;
      this.drawn.push(box);
      context.font = font.font;
      context.letterSpacing = font.spacing;
      context.globalAlpha = labels.opacity * this.strength(name) * 0.8;
      context.strokeStyle = tokens.ground;
      context.lineWidth = Math.max(2.5, font.size / 4.5);
      context.strokeText(name.text, Math.round(box.x), Math.round(box.y));
      context.globalAlpha /= 0.8;
      context.fillStyle = font.strong ? tokens.ink : tokens["ink-2"];
      context.fillText(name.text, Math.round(box.x), Math.round(box.y));
    }

    /** Up or down by as little as it takes, else to a side; signs and names are in the way alike. */
    makeRoom(box, taken) {
      const { x, y } = box;
      const blockers = (atX, atY) =>
        taken.filter((other) => Math.abs(other.x - atX) < other.w + box.w && Math.abs(other.y - atY) < other.h + box.h);
      const isWhole = (atX) => atX > box.w && atX < this.width - box.w;
      const reach = 3.2 * box.h;
      let [up, down] = [y, y];
      let near = [];
      for (let step = 0; step < 4; step++) {
        const above = blockers(x, up);
        if (!above.length) return this.moveTo(box, x, up);
        const below = blockers(x, down);
        if (!below.length) return this.moveTo(box, x, down);
        up = Math.min(...above.map((other) => other.y - other.h - box.h - 0.5));
        down = Math.max(...below.map((other) => other.y + other.h + box.h + 0.5));
        if (!step) near = [up, down, up - box.h / 2, down + box.h / 2];
        if (y - up > reach && down - y > reach) break;
      }
      const [sign] = blockers(x, y);
      for (const side of sign ? [1, -1] : []) {
        const beside = sign.x + side * (sign.w * 1.3 + box.w + 2);
        if (isWhole(beside) && !blockers(beside, sign.y).length) return this.moveTo(box, beside, sign.y);
      }
      // Over or under the sign and a little aside: still plainly its name.
      for (const atY of near) {
        for (const aside of [0.5, -0.5, 1, -1]) {
          const atX = x + aside * box.w;
          if (isWhole(atX) && !blockers(atX, atY).length) return this.moveTo(box, atX, atY);
        }
      }
      return false;
    }

    moveTo(box, x, y) {
      Object.assign(box, { x, y });
      return true;
    }

    drawCounts(viewport, scale) {
      const { tokens } = this.spec;
      const { context } = this;
      const large = this.markScale || scale;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillStyle = tokens.ink;
      for (const sign of this.signs) {
        const place = sign.size >= 20 && this.at(viewport, sign.lon, sign.lat, 40);
        if (!place) continue;
        const half = (sign.size * large) / 2;
        // A sign keeps the names off itself: what happens is more than what it is called.
        this.taken.push({ x: place[0], y: place[1], w: half * 0.8, h: half * 0.8, soft: !sign.count });
        if (!sign.count) continue;
        const size = Math.round(Math.min(17, 9 + sign.size / 8) * large * (this.spec.wall ? 1.2 : 1));
        context.font = `600 ${size}px "Noto Sans SC", sans-serif`;
        context.globalAlpha = this.strength(sign);
        context.fillText(String(sign.count), Math.round(place[0]), Math.round(place[1]) + 1);
      }
      context.globalAlpha = 1;
    }

    /** A new case: three rings that widen and are gone. */
    drawPulses(viewport, scale) {
      const now = performance.now();
      const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.pulses = this.pulses.filter((pulse) => now - pulse.since < PULSES * PULSE_MS);
      for (const pulse of this.pulses) {
        const place = this.at(viewport, pulse.lon, pulse.lat);
        if (!place) continue;
        const share = still ? 0.4 : ((now - pulse.since) % PULSE_MS) / PULSE_MS;
        this.context.beginPath();
        this.context.arc(place[0], place[1], (10 + 46 * share) * scale, 0, 7);
        this.context.strokeStyle = pulse.color;
        this.context.globalAlpha = (1 - share) ** 1.5;
        this.context.lineWidth = 3 * scale;
        this.context.stroke();
        this.context.globalAlpha = 1;
      }
    }

    drawSelected(viewport, scale) {
      const { selected, tokens } = this.spec;
      if (!selected || selected.rings) return;
      const place = this.at(viewport, ...selected.point);
      if (!place) return;
      const { context } = this;
      context.strokeStyle = tokens.accent;
      context.lineWidth = 2.5 * scale;
      context.beginPath();
      context.arc(place[0], place[1], 24 * scale, 0, 7);
      context.stroke();
      for (let turn = 0; turn < 4; turn++) {
        const angle = (turn * Math.PI) / 2;
        context.beginPath();
        context.moveTo(place[0] + 24 * scale * Math.cos(angle), place[1] + 24 * scale * Math.sin(angle));
        context.lineTo(place[0] + 31 * scale * Math.cos(angle), place[1] + 31 * scale * Math.sin(angle));
        context.stroke();
      }
    }
  }

  return { Overlay };
})();
