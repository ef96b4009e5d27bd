/* The margin of the map: what the pointer is over, scale, north, position, and the desk's buttons.
 * The wall has none of it: nobody can reach it there.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.furniture = (() => {
  /** Metres a pixel at zoom 0 and the equator, for tiles of 512. */
  const METRES_PX = 78271.517;
  const SCALE_PX = 120;

  const ICONS = {
    north: '<path d="M10 2l4.2 8H5.8z" fill="currentColor"/><path d="M10 18l4.2-8H5.8z" fill="none" stroke="currentColor" stroke-width="1.2"/>',
    nearer: '<path d="M10 4v12M4 10h12" stroke="currentColor" stroke-width="1.6" fill="none"/>',
    farther: '<path d="M4 10h12" stroke="currentColor" stroke-width="1.6" fill="none"/>',
    tilt: '<path d="M3 14l4-8h6l4 8z" stroke="currentColor" stroke-width="1.5" fill="none"/>',
    home: '<path d="M4 4h4M4 4v4M16 4h-4M16 4v4M4 16h4M4 16v-4M16 16h-4M16 16v-4" stroke="currentColor" stroke-width="1.5" fill="none"/>',
  };

  function part(name, parent) {
    const element = document.createElement("div");
    element.className = name;
    parent.append(element);
    return element;
  }

  /** Only text goes in: names come from people's files. */
  function line(card, className, text) {
    if (!text) return;
    part(className, card).textContent = text;
  }

  class Furniture {
    constructor(element, act) {
      this.card = part("map-card", element);
      this.notice = part("map-notice", element);
      this.notice.setAttribute("role", "status");
      this.foot = part("map-foot", element);
      this.position = part("map-position", this.foot);
      this.scale = part("map-scale", this.foot);
      this.scaleText = part("map-scale-text", this.scale);
      this.scaleBar = part("map-scale-bar", this.scale);
      this.buttons = part("map-buttons", element);
      this.button = {};
      for (const name of ["north", "nearer", "farther", "tilt", "home"]) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = `map-button map-${name}`;
        button.innerHTML = `<svg viewBox="0 0 20 20" aria-hidden="true">${ICONS[name]}</svg>`;
        button.addEventListener("click", () => act(name));
        this.buttons.append(button);
        this.button[name] = button;
      }
    }

    setSpec(spec) {
      for (const [name, button] of Object.entries(this.button)) {
        button.title = spec.words[name];
        button.setAttribute("aria-label", spec.words[name]);
      }
    }

    /** The bar is as long as it says at the middle of the picture: Mercator grows with latitude. */
    setView(view) {
      const metres = (METRES_PX * Math.cos((view.latitude * Math.PI) / 180)) / 2 ** view.zoom;
      const most = metres * SCALE_PX;
      const power = 10 ** Math.floor(Math.log10(most));
      const length = [5, 2, 1].map((step) => step * power).find((step) => step <= most);
      this.scaleBar.style.width = `${(length / metres).toFixed(1)}px`;
      this.scaleText.textContent = length >= 1000 ? `${length / 1000} km` : `${length} m`;
      this.button.north.firstChild.style.transform = `rotate(${-view.bearing}deg)`;
      this.button.tilt.classList.toggle("on", view.pitch > 1);
      this.button.north.classList.toggle("on", Math.abs(view.bearing) > 0.5);
    }

    setPosition(place) {
      const said = (value, plus, minus) => `${Math.abs(value).toFixed(5)}°${value < 0 ? minus : plus}`;
      this.position.textContent = place ? `${said(place[0], "E", "W")}  ${said(place[1], "N", "S")}` : "";
    }

    say(text) {
      this.notice.textContent = text || "";
    }

    hide() {
      this.card.classList.remove("shown");
    }

    /** The card keeps to the side of the pointer where there is room. */
    show(lines, x, y, width, height) {
      this.card.replaceChildren();
      for (const [className, text] of lines) line(this.card, className, text);
      this.card.classList.add("shown");
      const { offsetWidth: w, offsetHeight: h } = this.card;
      const left = x + 18 + w > width ? x - w - 14 : x + 18;
      const top = Math.max(8, Math.min(height - h - 8, y + 14));
      this.card.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
    }
  }

  /** The words for what is under the pointer. */
  function linesOf(picked, state) {
    const { words, shading } = state.spec;
    if (picked.kind === "region") return regionLines(picked, state.spec, shading, words);
    if (picked.kind === "gathering") {
      const { count, worst, overdue } = picked.sign;
      return [
        ["map-card-title", `${count} ${words.incidents}`],
        [`map-card-line severity-${worst}-text`, words.severities[worst]],
        ["map-card-line", overdue ? `${words.overdue} ${overdue}` : ""],
      ];
    }
    if (picked.kind === "incident") {
      const { incidents } = state;
      const i = picked.row;
      const at = new Date(incidents.reported[i] * 1000);
      return [
        ["map-card-title", `${words.severities[incidents.severity[i]]} · ${words.stages[incidents.stage[i]]}`],
        ["map-card-line", incidents.overdue[i] ? words.overdue : ""],
        ["map-card-line", at.toLocaleString(state.spec.language, { timeZone: state.spec.zone, dateStyle: "short", timeStyle: "short" })],
      ];
    }
    if (picked.kind === "sensor") {
      const { sensors } = state;
      const kind = sensors.kinds[sensors.kind[picked.row]];
      const value = sensors.value.get(picked.row);
      // A kind without a unit says everything by its state.
      const unit = (words.units || {})[kind];
      const says = unit !== undefined && value !== undefined && value !== null;
      return [
        ["map-card-title", `${words.kinds[kind] || kind} · ${words.states[sensors.state[picked.row]]}`],
        ["map-card-line", says ? `${value} ${unit}` : ""],
        ["map-card-line", picked.code],
      ];
    }
    return [
      ["map-card-title", picked.name || picked.code],
      ["map-card-line", [words.places[picked.placeKind], picked.floors ? `${picked.floors} ${words.floors}` : ""].filter(Boolean).join(" · ")],
    ];
  }

  function regionLines(picked, spec, shading, words) {
    const lines = [["map-card-title", picked.name]];
    if (shading && shading.level === picked.level) {
      const value = shading.values[picked.index];
      const said = value === null || value === undefined ? words.novalue : `${value.toLocaleString(spec.language)} ${shading.unit}`;
      lines.push(["map-card-line", shading.label], ["map-card-value", said]);
    }
    return lines;
  }

  return { Furniture, linesOf };
})();
