/* The stage: the Deck itself, its view and its graphics context.
 *
 * A lost context never comes back by itself, so a new Deck takes its place with the same view;
 * layers are made again from data that is still here.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.stage = (() => {
  const MOST_PIXELS = 2;
  const FLIGHT_MS = [600, 900];
  const REBUILD_MS = [0, 500, 2000, 5000, 15000];
  const CALM_MS = 30000;
  const MARGIN = 0.25;

  class Stage {
    constructor(element, state, calls) {
      Object.assign(this, { element, state, calls, runtime: null, deck: null, view: null });
      this.contexts = 0;
      this.frames = 0;
      this.losses = 0;
      this.lostAt = 0;
      this.hovered = null;
      this.layers = new window.yiping.specs.Layers();
      this.overlay = new window.yiping.labels.Overlay(element);
      this.canvas = this.overlay.canvas;
    }

    /* ---- View ---- */

    zoom() {
      return this.view ? this.view.zoom : 0;
    }

    /** As it was last measured: asking the page in every frame would make it lay itself out. */
    get size() {
      return this.measured || this.measure();
    }

    measure() {
      this.measured = { width: this.element.clientWidth || 1, height: this.element.clientHeight || 1 };
      return this.measured;
    }

    /** In the element's size: deck.gl's own view has the size of its canvas, late by a frame. */
    viewport(view = this.view) {
      return new this.runtime.WebMercatorViewport({ ...view, ...this.size });
    }

    /** Between the panels; on a narrow screen they are not beside the map, so less counts. */
    padding(said) {
      const { width, height } = this.size;
      const room = document.querySelector(".map-room");
      if (room) {
        // The style sheet knows where the panels are at this size, folded or not.
        const [free, all] = [room.getBoundingClientRect(), this.element.getBoundingClientRect()];
        return { left: free.left - all.left, top: free.top - all.top, right: all.right - free.right, bottom: all.bottom - free.bottom };
      }
      const { scale } = this.state;
      const folded = document.documentElement.dataset.fold || "";
      const pad = {};
      for (const [side, pixels] of Object.entries(said)) {
        const isFolded = folded.split(",").includes(side);
        pad[side] = isFolded ? 24 : pixels * scale;
      }
      const fit = (one, other, most) => {
        const share = Math.min(1, most / (pad[one] + pad[other]));
        pad[one] *= share;
        pad[other] *= share;
      };
      if (width < 700) Object.assign(pad, { left: 16, right: 16, top: 72, bottom: height * 0.4 });
      fit("left", "right", width * 0.62);
      fit("top", "bottom", height * 0.6);
      return pad;
    }

    /** Where to fly for a target of the specification; null where one is there already. */
    target(said, flownTo) {
      if (said.key === flownTo || !this.runtime) return null;
      const padding = this.padding(said.padding);
      const region = this.fit(said.bounds, padding, said.maxZoom);
      if (!said.point) return region;
      if (flownTo !== null && this.sees(said.point, padding)) return null;
      if (!said.objectBounds) return { ...this.fitPoint(said.point, padding, said.objectZoom), duration: 800 };
      return this.fit(said.objectBounds, padding, said.objectZoom);
    }

    fit([west, south, east, north], padding, maxZoom) {
      const flat = new this.runtime.WebMercatorViewport({ ...this.size, longitude: 0, latitude: 0, zoom: 1 });
      const { longitude, latitude, zoom } = flat.fitBounds([[west, south], [east, north]], { padding, maxZoom });
      return { longitude, latitude, zoom, duration: this.durationTo(longitude, latitude, zoom) };
    }

    /** Farther than this the whole city is in sight: cases are told per region, not per place. */
    cityZoom() {
      const { spec } = this.state;
      const { width, height } = this.size;
      const key = `${spec.view.city} ${width} ${height}`;
      if (this.cityKey !== key) {
        this.cityKey = key;
        this.cityAt = this.fit(spec.view.city, this.padding(spec.view.padding), 20).zoom + 0.75;
      }
      return this.cityAt;
    }

    fitPoint([lon, lat], padding, zoom) {
      const tiny = 1e-6;
      const found = this.fit([lon - tiny, lat - tiny, lon + tiny, lat + tiny], padding, zoom);
      return { ...found, zoom: Math.max(zoom, Math.min(this.zoom(), 18)) };
    }

    /** The further, the longer, between 600 and 900 ms. */
    durationTo(longitude, latitude, zoom) {
      if (!this.view) return 0;
      const pixels = Math.hypot(longitude - this.view.longitude, latitude - this.view.latitude) * 2 ** Math.min(zoom, this.view.zoom);
      const far = Math.min(1, Math.abs(zoom - this.view.zoom) / 4 + pixels / 4000);
      return FLIGHT_MS[0] + (FLIGHT_MS[1] - FLIGHT_MS[0]) * far;
    }

    /** Whether a point can be seen well as the view is: then a card opens without a flight. */
    sees([lon, lat], padding) {
      if (!this.view || this.view.zoom < 12.5) return false;
      const [x, y] = this.viewport().project([lon, lat]);
      const { width, height } = this.size;
      return x > padding.left && x < width - padding.right && y > padding.top && y < height - padding.bottom;
    }

    fly(target, duration, flight) {
      const { longitude, latitude, zoom } = target;
      const { pitch = 0, bearing = 0 } = this.view || {};
      this.go({ longitude, latitude, zoom, pitch, bearing }, duration, flight);
    }

    go(view, duration, flight) {
      if (!duration || !this.deck) this.view = { ...this.limits(), ...view };
      const said = { ...this.limits(), ...view, flight };
      if (duration && this.deck) {
        said.transitionDuration = duration;
        said.transitionInterpolator = new this.runtime.FlyToInterpolator();
        said.transitionEasing = (t) => (t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);
      }
      if (this.deck) this.deck.setProps({ initialViewState: said });
      if (!duration) this.calls.onView(this.view);
    }

    limits() {
      return { minZoom: 6, maxZoom: 19.5, maxPitch: 60, minPitch: 0 };
    }

    /** The desk's buttons. */
    act(name, still, flight) {
      if (!this.view) return;
      const { longitude, latitude, zoom, pitch, bearing } = this.view;
      const next = { longitude, latitude, zoom, pitch, bearing };
      if (name === "nearer") next.zoom += 1;
      else if (name === "farther") next.zoom -= 1;
      else if (name === "north") Object.assign(next, { bearing: 0 });
      else if (name === "tilt") Object.assign(next, pitch > 1 ? { pitch: 0, bearing: 0 } : { pitch: 50, bearing: -18 });
      this.go(next, still ? 0 : 400, flight);
    }

    /** A gathering opens: fly to where its cases are apart. */
    open(sign, incidents, still, flight) {
      const lons = sign.rows.map((i) => incidents.lon[i]);
      const lats = sign.rows.map((i) => incidents.lat[i]);
      const bounds = [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
      const padding = this.padding(this.state.spec.view.padding);
      const found = this.fit(bounds, padding, window.yiping.cluster.APART_ZOOM + 0.6);
      found.zoom = Math.max(found.zoom, Math.min(this.view.zoom + 1, window.yiping.cluster.APART_ZOOM));
      this.fly(found, still ? 0 : 700, flight);
    }

    /** What is in sight, a quarter of the picture beyond its edges too; key moves in such steps. */
    seen(viewport) {
      const [west, south, east, north] = viewport.getBounds();
      const wide = (east - west) * MARGIN;
      const high = (north - south) * MARGIN;
      const column = Math.floor(west / wide);
      const row = Math.floor(south / high);
      const box = [(column - 1) * wide, (row - 1) * high, east + 2 * wide, north + 2 * high];
      return {
        key: `${column} ${row} ${wide.toFixed(5)}`,
        contains: (lon, lat) => lon >= box[0] && lat >= box[1] && lon <= box[2] && lat <= box[3],
      };
    }

    /* ---- Deck and context ---- */

    draw(layers) {
      this.drawnFor = this.state.spec;
      const drawn = layers.filter(Boolean);
      this.layers.keepOnly(drawn);
      if (this.deck) this.deck.setProps({ layers: drawn });
      else this.build(drawn);
      // Names may have changed though no layer did.
      requestAnimationFrame(() => this.deck && this.deck.isInitialized && this.calls.onFrame(this.deckViewport()));
    }

    /** Whether everything given to deck.gl is on the screen. */
    get isSettled() {
      return this.frames > 0 && this.deck.isInitialized && !this.deck.needsRedraw({ clearRedrawFlags: false });
    }

    build(layers) {
      this.layerHost = document.createElement("div");
      this.layerHost.className = "map-stage";
      Object.assign(this.layerHost.style, { position: "absolute", inset: 0, zIndex: 1 });
      this.element.prepend(this.layerHost);
      this.contexts++;
      this.deck = new this.runtime.Deck({
        parent: this.layerHost,
        layers,
        initialViewState: this.view,
        controller: { doubleClickZoom: false, inertia: 180, scrollZoom: { speed: 0.012, smooth: false }, keyboard: false },
        useDevicePixels: Math.min(window.devicePixelRatio || 1, MOST_PIXELS),
        eventRecognizerOptions: { click: { time: 5000 } },
        _pickable: false,
        getCursor: ({ isDragging }) => (isDragging ? "grabbing" : ""),
        onViewStateChange: ({ viewState }) => {
          this.view = viewState;
          this.calls.onView(viewState);
        },
        onAfterRender: () => {
          this.frames++;
          this.calls.onFrame(this.deckViewport());
        },
        onError: (error) => console.warn("map:", error.message),
        onDeviceInitialized: () => this.watchContext(),
      });
    }

    /** The viewport of the frame just drawn: the overlay must not be a frame ahead. */
    deckViewport() {
      const [viewport] = this.deck && this.deck.isInitialized ? this.deck.getViewports() : [];
      return viewport || this.viewport();
    }

    watchContext() {
      const canvas = this.layerHost.querySelector("canvas");
      if (!canvas || canvas === this.watched) return;
      this.watched = canvas;
      this.canvas = this.layerHost;
      canvas.addEventListener("webglcontextlost", (event) => {
        event.preventDefault();
        this.rebuild();
      });
    }

    rebuild() {
      if (!this.deck) return;
      const { deck, layerHost } = this;
      this.deck = null;
      this.layers.forget();
      if (performance.now() - this.lostAt > CALM_MS) this.losses = 0;
      this.lostAt = performance.now();
      const wait = REBUILD_MS[Math.min(this.losses++, REBUILD_MS.length - 1)];
      this.calls.onTrouble(true);
      setTimeout(() => {
        try {
          deck.finalize();
        } catch {
          // Its context is gone; what it held went along.
        }
        layerHost.remove();
        this.calls.onContext();
        this.calls.onTrouble(false);
      }, wait);
    }

    loseContext() {
      const canvas = this.layerHost.querySelector("canvas");
      canvas.getContext("webgl2").getExtension("WEBGL_lose_context").loseContext();
    }

    resize() {
      const { width, height } = this.measure();
      this.overlay.resize(width, height, Math.min(window.devicePixelRatio || 1, MOST_PIXELS));
      if (this.deck) this.deck.redraw("resize");
    }

    /** While something pulses the overlay draws by itself; the map below stands still. */
    pulse(lon, lat, color) {
      const wasMoving = this.overlay.isMoving;
      this.overlay.pulse(lon, lat, color);
      const step = () => {
        if (this.deck && this.view) this.overlay.draw(this.deckViewport(), this.state.scale, this.state.markScale);
        if (this.overlay.isMoving) requestAnimationFrame(step);
      };
      if (!wasMoving) requestAnimationFrame(step);
    }

    tiles(id) {
      const layer = this.deck && this.deck.props.layers.find((one) => one.id === id);
      const tileset = layer && layer.state && layer.state.tileset;
      const shown = tileset ? tileset.tiles.filter((tile) => tile.isVisible && tile.content) : [];
      return shown.map(({ index, content }) => ({ index, content }));
    }

    /* ---- Lines of our own ---- */

    selectedLine({ selected, tokens }) {
      if (!selected || !selected.rings) return null;
      const key = selected.code + tokens.accent;
      if (!this.selected || this.selected.key !== key || this.selected.contexts !== this.contexts) {
        const rows = selected.rings.map((ring) => Float64Array.from(ring.flat()));
        this.selected = { key, rows, contexts: this.contexts };
      }
      return window.yiping.specs.line("selected", this.selected.rows, window.yiping.specs.hexColor(tokens.accent), 2.5 * this.state.scale);
    }

    hoverLine({ tokens }) {
      const rows = this.hovered ? this.hovered.rows : [];
      return rows.length ? window.yiping.specs.line("hover", rows, window.yiping.specs.hexColor(tokens.accent), 1.6) : null;
    }

    /** Returns whether something else is under the pointer than before. */
    setHovered(picked, state) {
      const isArea = picked && (picked.kind === "region" || picked.shapes);
      const code = isArea ? picked.code : null;
      if ((this.hovered ? this.hovered.code : null) === code) return false;
      const shapes = isArea && (picked.shapes || state.source("chain"));
      this.hovered = isArea ? { code, rows: shapes.outline(code).rows } : null;
      return true;
    }
  }

  return { Stage };
})();
