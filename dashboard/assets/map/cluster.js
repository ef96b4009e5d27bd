/* Incidents gathered where they stand too close to tell apart.
 *
 * With the whole city in sight there is one disc per region below it, at its name, so that its
 * number is the one in the panels. Nearer, open cases fall into cells of the screen. The two worst
 * severities are never gathered, and every open case is counted in exactly one sign; so is every
 * ended one where ended cases were asked for.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.cluster = (() => {
  /** From this zoom on every case has its own sign. */
  const APART_ZOOM = 14;
  const CELL_PX = 84;
  const ALONE_SEVERITY = 2;
  /** Ended cases are seen from near only. */
  const ENDED_ZOOM = 12.5;
  const TILE = 512;
  const ROUNDS = 4;
  const FEW = 64;
  const FARTHEST_PX = 56;

  /** Web Mercator at zoom 0, in pixels; y grows to the north here. */
  function project(lon, lat) {
    const sine = Math.sin((lat * Math.PI) / 180);
    return [(lon / 360 + 0.5) * TILE, (0.5 + Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * TILE];
  }

  function unproject(x, y) {
    const lat = (2 * Math.atan(Math.exp((y / TILE - 0.5) * 2 * Math.PI)) - Math.PI / 2) * (180 / Math.PI);
    return [(x / TILE - 0.5) * 360, lat];
  }

  /** Put open cases into cells of the screen at this zoom. */
  function gather(incidents, zoom, seen) {
    const scale = 2 ** zoom / CELL_PX;
    const cells = new Map();
    const { x, y } = incidents;
    // Keys stay small whole numbers, which maps are fast with: counted from the first cell.
    let [column0, row0] = [0, 0];
    for (let i = 0; i < incidents.length; i++) {
      if (incidents.severity[i] <= ALONE_SEVERITY || !incidents.isCounted(i)) continue;
      if (!seen(incidents.lon[i], incidents.lat[i])) continue;
      const column = Math.floor(x[i] * scale);
      const row = Math.floor(y[i] * scale);
      if (!cells.size) [column0, row0] = [column - 2048, row - 2048];
      const key = (column - column0) * 4096 + (row - row0);
      let cell = cells.get(key);
      if (!cell) cells.set(key, (cell = { rows: [], x: 0, y: 0 }));
      cell.rows.push(i);
      cell.x += x[i] * scale;
      cell.y += y[i] * scale;
    }
    return [...cells.values()];
  }

  /** Two middles can be close on both sides of a cell's edge: the larger takes the smaller in. */
  function unite(cells) {
    const near = 0.6;
    const grid = new Map();
    const kept = [];
    for (const cell of cells.sort((a, b) => b.rows.length - a.rows.length)) {
      const x = cell.x / cell.rows.length;
      const y = cell.y / cell.rows.length;
      const taker = findNear(grid, x, y, near);
      if (taker) {
        for (const row of cell.rows) taker.rows.push(row);
        continue;
      }
      const made = { rows: cell.rows, at: [x, y] };
      kept.push(made);
      const key = `${Math.floor(x)} ${Math.floor(y)}`;
      if (!grid.has(key)) grid.set(key, []);
      grid.get(key).push(made);
    }
    return kept;
  }

  function findNear(grid, x, y, near) {
    for (let column = Math.floor(x) - 1; column <= x + 1; column++) {
      for (let row = Math.floor(y) - 1; row <= y + 1; row++) {
        for (const other of grid.get(`${column} ${row}`) || []) {
          if (Math.hypot(other.at[0] - x, other.at[1] - y) < near) return other;
        }
      }
    }
    return null;
  }

  function sizeOf(count) {
    return Math.min(48, 22 + 4.6 * Math.log2(count));
  }

  /** One group per region below the city, where its name stands. */
  function gatherByArea(incidents, anchors, seen) {
    const groups = anchors.map((anchor) => ({ rows: [], anchor }));
    const outside = { rows: [] };
    for (let i = 0; i < incidents.length; i++) {
      if (incidents.severity[i] <= ALONE_SEVERITY || !incidents.isCounted(i)) continue;
      if (!seen(incidents.lon[i], incidents.lat[i])) continue;
      (groups[incidents.area[i]] || outside).rows.push(i);
    }
    return { groups: groups.filter(({ rows }) => rows.length), outside: outside.rows };
  }

  /**
   * What is drawn of the incidents: signs to pick, in the order they are drawn.
   * anchors: where the names of the regions below the city stand, or null when one is nearer.
   */
  function signs(incidents, zoom, seen, anchors) {
    const found = [];
    const alone = (i) => found.push(single(incidents, i));
    const gathers = zoom < APART_ZOOM;
    for (let i = 0; i < incidents.length; i++) {
      const counted = incidents.isCounted(i);
      const own = counted ? !gathers || incidents.severity[i] <= ALONE_SEVERITY : zoom >= ENDED_ZOOM;
      if (own && seen(incidents.lon[i], incidents.lat[i])) alone(i);
    }
    if (gathers && anchors) {
      const { groups, outside } = gatherByArea(incidents, anchors, seen);
      outside.forEach(alone);
      for (const { rows, anchor } of groups) found.push(gathering(incidents, rows, anchor));
    } else if (gathers) {
      for (const { rows } of unite(gather(incidents, zoom, seen))) {
        if (rows.length === 1) alone(rows[0]);
        else found.push(gathering(incidents, rows));
      }
    }
    makeWay(found, 2 ** zoom);
    return found.sort((a, b) => a.rank - b.rank);
  }

  function single(incidents, i) {
    const rank = incidents.isOpen(i) ? 5 - incidents.severity[i] : -1;
    return { row: i, lon: incidents.lon[i], lat: incidents.lat[i], size: incidents.size(i), rank };
  }

  function gathering(incidents, rows, anchor) {
    let [lon, lat, worst, overdue, large] = [0, 0, 4, 0, 0];
    for (const i of rows) {
      lon += incidents.lon[i];
      lat += incidents.lat[i];
      worst = Math.min(worst, incidents.severity[i]);
      large += incidents.severity[i] < 4 ? 1 : 0;
      overdue += incidents.overdue[i];
    }
    const count = rows.length;
    const at = anchor ? { lon: anchor.lon, lat: anchor.lat, code: anchor.code } : { lon: lon / count, lat: lat / count };
    return { rows, count, worst, overdue, share: large / count, ...at, size: sizeOf(count), rank: 0.5 };
  }

  /** Discs step aside for severe cases and for each other: nothing hides a number. */
  function makeWay(found, scale) {
    const placed = (sign) => {
      const [x, y] = project(sign.lon, sign.lat);
      return { sign, x: x * scale, y: y * scale, fromX: x * scale, fromY: y * scale };
    };
    const severe = found.filter((sign) => sign.rank >= 3).map(placed);
    const discs = found.filter((sign) => sign.rows).map(placed);
    // Those of cells of the screen are apart as they are.
    const crowd = discs.length <= FEW ? discs : [];
    let unsettled = discs;
    for (let round = 0; round < ROUNDS; round++) {
      unsettled = unsettled.filter((disc) => severe.filter((other) => part(disc, other, 1)).length);
      crowd.forEach((one, i) => {
        for (let j = 0; j < i; j++) {
          if (part(crowd[j], one, 0.5)) part(one, crowd[j], 1);
        }
      });
      if (crowd.length) unsettled = discs;
    }
    for (const { sign, x, y, fromX, fromY } of discs) {
      // Too far from its place a number would speak of another one: then better half hidden.
      if (Math.hypot(x - fromX, y - fromY) < FARTHEST_PX) [sign.lon, sign.lat] = unproject(x / scale, y / scale);
    }
  }

  /** Move one sign away from another by a share of what they overlap, if they do. */
  function part(moved, other, share) {
    const dx = moved.x - other.x;
    const dy = moved.y - other.y;
    const needed = (moved.sign.size + other.sign.size) * 0.47;
    if (Math.abs(dx) >= needed || Math.abs(dy) >= needed) return false;
    const apart = Math.hypot(dx, dy);
    if (apart >= needed) return false;
    const way = (needed - apart) * share;
    moved.x += apart > 0.5 ? (dx / apart) * way : 0;
    moved.y += apart > 0.5 ? (dy / apart) * way : way;
    return true;
  }

  /** Signs as typed arrays for the GPU. */
  function marksOf(incidents, found) {
    const { ICON } = window.yiping.atlas;
    const { Marks } = window.yiping.points;
    const marks = new Marks(found.length);
    found.forEach((sign, i) => {
      const icon = sign.rows ? ICON.gathering(sign.share) : incidents.icon(sign.row);
      marks.put(i, sign.lon, sign.lat, icon, sign.size);
    });
    marks.length = found.length;
    return marks;
  }

  return { signs, marksOf, project, APART_ZOOM };
})();
