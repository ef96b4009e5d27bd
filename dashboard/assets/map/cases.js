/* The cases on the map: live changes go into the columns that are drawn, signs are gathered anew
 * when the zoom crosses a quarter step or the picture moves on.
 *
 * Where only some cases were asked for, the browser does not judge which: what changed is asked for
 * again, so that the map shows the very cases of the list.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.cases = (() => {
  const NO_SIGNS = Object.freeze([]);
  const NO_NAMES = Object.freeze({ labels: [] });
  const ASK_AGAIN_MS = 1000;

  class Cases {
    /** state: what is drawn; stage: where. */
    constructor(state, stage) {
      Object.assign(this, { state, stage, marks: null, shownAs: "", awaited: new Set(), timer: 0 });
    }

    expire() {
      this.shownAs = "";
    }

    /** Some cases only, by the specification's own word. */
    get isChosen() {
      const said = this.state.spec.sources.incidents;
      return Boolean(said && said.chosen);
    }

    /** Take changed cases in; a new one pulses where it stands. */
    merge(changes) {
      const source = this.state.data.source("incidents");
      if (!source || !source.value || !changes.length) return;
      if (this.isChosen) {
        for (const { id, new: isNew } of changes) if (isNew) this.awaited.add(id);
        this.askAgain();
        return;
      }
      source.heard(changes);
      this.pulse(source.value.merge(changes, (lon, lat) => this.areaAt(lon, lat)));
      this.expire();
    }

    /** Soon, and once for many reasons. */
    askAgain() {
      if (this.timer) return;
      this.timer = setTimeout(() => {
        this.timer = 0;
        const source = this.state.data.source("incidents");
        if (source && this.isChosen) source.again();
      }, ASK_AGAIN_MS);
    }

    /** The cases came whole; missed is what was heard while they were on the way. */
    arrived(missed) {
      this.expire();
      const { incidents } = this.state;
      if (!this.isChosen) incidents.merge(missed, (lon, lat) => this.areaAt(lon, lat));
      this.pulse([...this.awaited].map((id) => incidents.rows.get(id)).filter((row) => row !== undefined));
      this.awaited.clear();
    }

    pulse(rows) {
      const { incidents, spec } = this.state;
      if (!this.state.isOn("incidents")) return;
      for (const row of rows) {
        this.stage.pulse(incidents.lon[row], incidents.lat[row], spec.tokens[`warning-${incidents.severity[row]}`]);
      }
    }

    gather() {
      const { state, stage } = this;
      const { incidents, spec } = state;
      if (!incidents || !state.isOn("incidents")) {
        state.signs = stage.overlay.signs = NO_SIGNS;
        this.expire();
        return;
      }
      const viewport = stage.viewport();
      const view = stage.seen(viewport);
      const zoom = Math.round((viewport.zoom - Math.log2(state.markScale)) * 4) / 4;
      const isCity = viewport.zoom < stage.cityZoom();
      // Once, where the names will stand: not first somewhere else for a moment.
      if (isCity && spec.labels && !state.data.names) return;
      const anchors = isCity ? this.areaAnchors() : null;
      const key = `${zoom} ${view.key} ${anchors && anchors.length}`;
      if (key === this.shownAs) return;
      this.shownAs = key;
      state.signs = window.yiping.cluster.signs(incidents, zoom, view.contains, anchors);
      stage.overlay.signs = state.signs;
      this.marks = { data: window.yiping.cluster.marksOf(incidents, state.signs).data(), version: {} };
    }

    /** Where the regions below the city have their names: their cases are told there. */
    areaAnchors() {
      const shapes = this.state.source("chain");
      const level = shapes && shapes.levels[1];
      if (!level) return null;
      const names = this.state.data.names || NO_NAMES;
      // Asked for in every frame that changes anything.
      if (this.anchored && this.anchored.names === names && this.anchored.shapes === shapes) return this.anchored.spots;
      const places = new Map(names.labels.map(([, lon, lat, , , , code]) => [code, { lon, lat, code }]));
      const spots = level.codes.map((code) => places.get(code) || { ...shapes.middle(code), code });
      this.anchored = { names, shapes, spots };
      return spots;
    }

    areaAt(lon, lat) {
      const shapes = this.state.source("chain");
      const hit = shapes && shapes.levels[1] && shapes.hit(shapes.levels[1].key, lon, lat);
      return hit ? hit.index : undefined;
    }
  }

  return { Cases, NO_SIGNS };
})();
