/* The map: one Deck for the life of the page.
 *
 * The page says what to look at (show), the server answers with a specification, this file keeps
 * the picture like it: it applies layers, flies, merges live changes, and survives the loss of
 * the graphics context. The runtime comes out of the pydeck wheel at `yipingConfig.deckUrl`.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.map = (() => {
  const HALL_LINES = 1080;
  /** Signs in the hall are larger, as far as the same ground has room for them. */
  const WALL_MARKS = 1.3;
  const CALM_ZOOM = 13.4;
  const handlers = new Map();
  const debug = { drawn: false, mergeMs: 0 };
  const parts = {};
  let element = null;
  let search = null;
  let spec = null;
  let turn = 0;
  let flight = 0;
  let flownTo = null;
  let planned = false;
  let again = false;

  const emit = (event, said) => (handlers.get(event) || []).forEach((handler) => handler(said));
  const isStill = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const isWall = () => window.yipingConfig.page === "wall";

  /** What drawing, picking and the hover card need to know. */
  const state = {
    get spec() {
      return spec;
    },
    data: null,
    atlas: null,
    tilted: false,
    signs: window.yiping.cases.NO_SIGNS,
    scale: 1,
    markScale: 1,
    isOn: (key) => Boolean(spec && spec.layers.some(({ layer }) => layer.id.startsWith(key))),
    source(name) {
      const source = state.data.source(name);
      if (!source || !source.value) return null;
      if (name === "incidents") return parts.cases.marks;
      if (name === "sensors") return parts.sensors || null;
      const near = source.fine && parts.stage.view && parts.stage.view.zoom >= (source.said.fineZoom || 99);
      return near ? source.fine : source.value;
    },
    /** The object whose card is open, if tiles have to show it. */
    get chosen() {
      return spec && spec.selected && spec.selected.kind === "place" ? spec.selected.code : "";
    },
    get incidents() {
      const source = state.data.source("incidents");
      return source && source.value;
    },
    get sensors() {
      const source = state.data.source("sensors");
      return source && source.value;
    },
    dots: () => drawnSources().filter(([name, part]) => part === "dots").map(([name]) => [name, state.source(name)]),
    areas: () =>
      drawnSources()
        .filter(([name, part]) => name.startsWith("place-") && part.startsWith("lines"))
        .map(([name]) => [name, state.source(name)]),
    tiles: () => parts.stage.tiles("place-building"),
  };

  /** [source, part] of what is seen at this zoom and has arrived. */
  function drawnSources() {
    return visible()
      .map(({ layer }) => layer.data.split("#"))
      .filter(([name, part]) => part && state.data.source(name) && state.data.source(name).value);
  }

  function visible() {
    const zoom = parts.stage.zoom();
    return spec ? spec.layers.filter(({ min, max }) => zoom >= min && zoom < max) : [];
  }

  /* ---- What the page says ---- */

  function mount(into) {
    if (element) return;
    element = into;
    parts.furniture = new window.yiping.furniture.Furniture(element, act);
    parts.stage = new window.yiping.stage.Stage(element, state, {
      onView: seen,
      onFrame: drewFrame,
      onContext: apply,
      onTrouble: (broken) => parts.furniture.say(broken && spec ? spec.words.failed : ""),
    });
    parts.stage.overlay.isInside = (code, lon, lat) => {
      const chain = state.source("chain");
      return !chain || !chain.places.has(code) || chain.contains(code, lon, lat);
    };
    parts.cases = new window.yiping.cases.Cases(state, parts.stage);
    state.data = new window.yiping.data.Data(arrived, () => {});
    listen();
    startRuntime();
  }

  async function startRuntime() {
    parts.stage.runtime = await window.yiping.bundle.insist();
    apply();
  }

  /** Show what a query string asks for; the picture stays as it is until the answer is here. */
  async function show(asked, force) {
    if (asked === search && !force && spec) return;
    search = asked;
    const mine = ++turn;
    const url = specUrl(asked);
    const { insist } = window.yiping.data;
    const answer = await insist(url, "json", () => mine === turn, () => {});
    if (!answer || mine !== turn) return;
    const tokens = spec && spec.tokens;
    spec = answer;
    if (!tokens || JSON.stringify(tokens) !== JSON.stringify(spec.tokens)) {
      state.atlas = window.yiping.atlas.paintAtlas(spec.tokens);
    }
    parts.furniture.setSpec(spec);
    parts.stage.overlay.spec = spec;
    again = Boolean(force);
    fly();
    apply();
  }

  function specUrl(asked) {
    const said = new URLSearchParams(asked || "");
    said.set("page", window.yipingConfig.page || "desk");
    return `/api/v1/map?${said}`;
  }

  /** Ask for everything again that may have changed; the past does not. */
  const refresh = () => search !== null && !(spec && spec.at) && show(search, true);

  function setTheme(name) {
    const said = new URLSearchParams(search || "");
    said.set("theme", name);
    show(`?${said}`);
  }

  /** The screen may be larger than 1080 lines: everything drawn in pixels grows along. */
  function resize() {
    // A desk's style sheet says by how much its panels grow.
    const panel = document.querySelector(".desk .time-bar");
    const grown = panel ? parseFloat(getComputedStyle(panel).zoom) || 1 : 1;
    state.scale = isWall() ? Math.max(1, element.clientHeight / HALL_LINES) : grown;
    state.markScale = state.scale * (isWall() ? WALL_MARKS : 1);
    if (parts.stage) parts.stage.resize();
    if (parts.cases) parts.cases.expire();
    plan();
  }

  /** Limits pass though nothing is heard: which cases are late is asked for again. */
  function clocksRan() {
    if (spec && !spec.at && parts.cases.isChosen) parts.cases.askAgain();
  }

  /** Live changes: into the arrays that are drawn, then one new frame. */
  function merge(change) {
    if (!state.data || !spec || spec.at) return;
    const start = performance.now();
    const { sensors } = state;
    parts.cases.merge(change.incidents || []);
    if (sensors && (change.readings || []).length && sensors.merge(change.readings)) newSensors();
    plan();
    debug.mergeMs = performance.now() - start;
  }

  function on(event, handler) {
    handlers.set(event, [...(handlers.get(event) || []), handler]);
    if (event === "drawn" && debug.drawn) handler();
  }

  /* ---- From specification and data to layers ---- */

  function arrived(name, missed) {
    if (name === "sensors") newSensors();
    if (name === "incidents") parts.cases.arrived(missed);
    if (name === "names" || name === "chain") parts.cases.expire();
    if (name === "names") parts.stage.overlay.setNames(state.data.names);
    parts.stage.overlay.expire();
    plan();
  }

  function newSensors() {
    if (state.sensors) parts.sensors = { data: state.sensors.marks.data(), version: {} };
  }

  /** Several reasons in one frame make one update. */
  function plan() {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      apply();
    });
  }

  function apply() {
    if (!spec || !parts.stage.runtime) {
      if (spec && state.data) state.data.want(spec, wanted(), again);
      return;
    }
    if (!parts.stage.view) fly();
    state.data.want(spec, wanted(), again);
    again = false;
    refineBorders();
    parts.cases.gather();
    calmSensors();
    state.tilted = parts.stage.view.pitch > 4;
    const layers = visible().map((entry) => parts.stage.layers.make(entry, state));
    parts.stage.draw([...layers, parts.stage.selectedLine(spec), parts.stage.hoverLine(spec)]);
  }

  function wanted() {
    return new Set(["chain", ...visible().map(({ layer }) => layer.data.split("#")[0])]);
  }

  function refineBorders() {
    for (const [name, said] of Object.entries(spec.sources)) {
      const source = state.data.source(name);
      if (source && said.fine && parts.stage.view.zoom >= said.fineZoom) source.refine();
    }
  }

  function calmSensors() {
    const zoom = parts.stage.zoom();
    const calm = zoom < parts.stage.cityZoom() ? 2 : zoom < CALM_ZOOM ? 1 : 0;
    if (state.sensors && state.sensors.setCalm(calm)) newSensors();
  }

  /* ---- The view ---- */

  function fly() {
    if (!spec || !element.clientWidth) return;
    const target = parts.stage.target(spec.view, flownTo);
    if (!target) return;
    const first = flownTo === null;
    flownTo = spec.view.key;
    parts.stage.fly(target, first || isStill() ? 0 : target.duration, ++flight);
  }

  function act(name) {
    if (name === "home") {
      flownTo = "";
      return fly();
    }
    return parts.stage.act(name, isStill(), ++flight);
  }

  /** The view moved, by hand or in flight. */
  function seen(view) {
    parts.furniture.setView(view);
    parts.furniture.hide();
    plan();
    emit("viewchange", view);
  }

  function drewFrame(viewport) {
    parts.stage.overlay.draw(viewport, state.scale, state.markScale);
    if (debug.drawn || !spec || parts.stage.drawnFor !== spec || !parts.stage.isSettled) return;
    const missing = [...wanted()].some((name) => spec.sources[name] && !(state.data.source(name) || {}).value);
    if (missing || (spec.labels && !state.data.names)) return;
    debug.drawn = true;
    document.documentElement.dataset.mapDrawn = "1";
    performance.mark("map-drawn");
    emit("drawn");
  }

  /* ---- The pointer ---- */

  function listen() {
    new window.yiping.pointer.Pointer(element, { onClick: click, onHover: hover, isStill: isWall });
    new ResizeObserver(resize).observe(element);
    document.fonts.addEventListener("loadingdone", () => {
      parts.stage.overlay.remeasure();
      plan();
    });
    resize();
  }

  function pickAt(x, y) {
    const viewport = parts.stage.view && spec && parts.stage.viewport();
    return viewport ? window.yiping.pick.at(state, viewport, x, y) : null;
  }

  function click(x, y) {
    const picked = pickAt(x, y);
    if (!picked) return;
    const level = state.source("chain")?.levels[1]?.key;
    if (picked.kind === "gathering" && picked.sign.code && spec.region.code !== picked.sign.code) {
      emit("pick", { kind: "region", code: picked.sign.code, level, lon: picked.lon, lat: picked.lat });
    } else if (picked.kind === "gathering") parts.stage.open(picked.sign, state.incidents, isStill(), ++flight);
    else emit("pick", { kind: picked.kind, code: picked.code, level: picked.level, lon: picked.lon, lat: picked.lat });
  }

  /** What the pointer rests on; without a position it is not on the map. */
  function hover(x, y) {
    const picked = x === undefined ? null : pickAt(x, y);
    parts.stage.canvas.style.cursor = picked ? "pointer" : "";
    parts.furniture.setPosition(x === undefined || !parts.stage.view ? null : parts.stage.viewport().unproject([x, y]));
    if (picked) {
      const lines = window.yiping.furniture.linesOf(picked, state);
      parts.furniture.show(lines, x, y, element.clientWidth, element.clientHeight);
    } else parts.furniture.hide();
    if (parts.stage.setHovered(picked, state)) plan();
    emit("hover", picked);
  }

  /** An early start: runtime, specification and what it needs are on the way before Dash is. */
  async function prime() {
    if (!window.yipingConfig) return;
    const { prefetch } = window.yiping.data;
    const said = await prefetch(specUrl(window.location.search), "json");
    if (!said) return;
    if (said.labels) prefetch(said.labels.url, "json");
    for (const name of ["chain", "incidents", "sensors"]) {
      const source = said.sources[name] || {};
      [source.shapes, source.points, source.states].filter(Boolean).forEach((url) => prefetch(url, "bytes"));
    }
  }
  prime();

  Object.defineProperties(debug, {
    spec: { get: () => spec },
    state: { get: () => state },
    contexts: { get: () => (parts.stage ? parts.stage.contexts : 0) },
    view: { get: () => parts.stage && parts.stage.view },
    pulses: { get: () => parts.stage && parts.stage.overlay.pulses.length },
    names: { get: () => parts.stage && parts.stage.overlay.drawn },
    overlay: { get: () => parts.stage && parts.stage.overlay },
    deck: { get: () => parts.stage && parts.stage.deck },
  });
  debug.screen = (lon, lat) => parts.stage.viewport().project([lon, lat]);
  debug.pick = pickAt;
  debug.loseContext = () => parts.stage.loseContext();

  return { mount, show, refresh, merge, clocksRan, setTheme, resize, on, debug };
})();
