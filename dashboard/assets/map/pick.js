/* What is under the pointer, found on the processor.
 *
 * deck.gl finds it by drawing everything once more in index colours and reading a pixel back,
 * which stops the GPU's work for every move of the mouse and takes tens of milliseconds without a
 * GPU. The shapes are here anyway: looking through them takes a fraction of a millisecond.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.pick = (() => {
  const REACH_PX = 5;
  const STOREY_M = 3.1;

  /** The sign drawn last, so on top, wins. */
  function sign(state, viewport, x, y) {
    const large = state.markScale;
    for (let i = state.signs.length - 1; i >= 0; i--) {
      const one = state.signs[i];
      const [px, py] = viewport.project([one.lon, one.lat]);
      if (Math.hypot(px - x, py - y) <= (one.size * large) / 2 + REACH_PX) return one;
    }
    return null;
  }

  /** Nearest of many points within reach; a box in degrees leaves few to project. */
  function nearest(points, viewport, x, y, reach, isShown) {
    const [lon, lat] = viewport.unproject([x, y]);
    const [east, north] = viewport.unproject([x + 3 * reach, y - 3 * reach]);
    const wide = Math.hypot(east - lon, north - lat);
    let best = null;
    let least = reach;
    for (let i = 0; i < points.length; i++) {
      if (Math.abs(points.lon[i] - lon) > wide || Math.abs(points.lat[i] - lat) > wide) continue;
      if (!isShown(i)) continue;
      const [px, py] = viewport.project([points.lon[i], points.lat[i]]);
      const distance = Math.hypot(px - x, py - y);
      if (distance <= least) [best, least] = [i, distance];
    }
    return best;
  }

  /** A ray through the pointer, from the height of a tower down to the ground. */
  function building(tiles, viewport, x, y, tilted) {
    if (!tiles.length) return null;
    const highest = tilted ? Math.max(...tiles.map(({ content }) => content.floors.reduce((a, b) => Math.max(a, b), 0))) : 0;
    for (let floor = highest; floor >= 0; floor -= Math.max(1, highest / 24)) {
      const [lon, lat] = viewport.unproject([x, y], { targetZ: floor * STOREY_M });
      const found = footprint(tiles, lon, lat, floor);
      if (found) return found;
      if (floor === 0) break;
      if (floor - Math.max(1, highest / 24) < 0) floor = Math.max(1, highest / 24);
    }
    return null;
  }

  function footprint(tiles, lon, lat, floor) {
    const [px, py] = window.yiping.cluster.project(lon, lat);
    for (const { index, content } of tiles) {
      const count = 2 ** index.z;
      const x = (px / 512) * count - index.x;
      const y = (1 - py / 512) * count - index.y;
      if (x < -0.1 || x > 1.1 || y < -0.1 || y > 1.1) continue;
      for (let i = 0; i < content.length; i++) {
        const [west, south, east, north] = content.bounds[i];
        if (x < west || x > east || y < south || y > north || content.floors[i] < floor) continue;
        if (window.yiping.documents.within([content.polygons[i]], x, y)) {
          return { code: content.codes[i], name: content.names[i], floors: content.floors[i], use: content.uses[i] };
        }
      }
    }
    return null;
  }

  /** Everything a person may mean at a pixel, the nearest to the eye first. */
  function at(state, viewport, x, y) {
    const [lon, lat] = viewport.unproject([x, y]);
    const place = { lon, lat };
    return signPick(state, viewport, x, y, place) || objectPick(state, viewport, x, y, place) || regionPick(state, place);
  }

  function signPick(state, viewport, x, y, place) {
    const one = state.isOn("incidents") && sign(state, viewport, x, y);
    if (one && one.rows) return { kind: "gathering", sign: one, ...place };
    if (one) {
      return { kind: "incident", code: String(state.incidents.id[one.row]), row: one.row, lon: one.lon, lat: one.lat };
    }
    const { sensors } = state;
    if (sensors && state.isOn("sensors")) {
      const row = nearest(sensors, viewport, x, y, 11 * state.markScale, (i) => sensors.isShown(i));
      if (row !== null) return { kind: "sensor", code: sensors.codes[row], row, lon: sensors.lon[row], lat: sensors.lat[row] };
    }
    for (const [name, dots] of state.dots()) {
      const row = nearest(dots, viewport, x, y, 8 * state.markScale, () => true);
      if (row !== null) {
        return { kind: "place", code: dots.codes[row], name: dots.names[row], placeKind: name.slice(6), lon: dots.lon[row], lat: dots.lat[row] };
      }
    }
    return null;
  }

  function objectPick(state, viewport, x, y, place) {
    if (viewport.zoom < state.spec.pick.objectZoom) return null;
    const house = building(state.tiles(), viewport, x, y, state.tilted);
    if (house) return { kind: "place", placeKind: "building", ...house, ...place };
    for (const [name, shapes] of state.areas()) {
      const hit = shapes.hit(name.slice(6), place.lon, place.lat);
      if (hit) return { kind: "place", code: hit.code, name: hit.name, placeKind: name.slice(6), shapes, ...place };
    }
    return null;
  }

  /** Inside the region its children, outside of it its sisters. */
  function regionPick(state, place) {
    const { pick, region } = state.spec;
    const shapes = state.source("chain");
    if (!shapes) return null;
    const inside = !shapes.places.has(region.code) || shapes.contains(region.code, place.lon, place.lat);
    const level = inside ? pick.inside : pick.outside;
    const hit = level && shapes.hit(level, place.lon, place.lat);
    return hit ? { kind: "region", ...hit, ...place } : null;
  }

  return { at };
})();
