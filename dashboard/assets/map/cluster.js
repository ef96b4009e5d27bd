/* Incidents gathered where they stand too close to tell apart.
 *
 * Open cases fall into cells of the screen; a cell with several becomes one disc at their middle
 * with their number, its rim in the colour of the worst. The two worst severities are never
 * gathered, and every open case is counted in exactly one sign: what is counted on the map is
 * what the panels say.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.cluster = (() => {
  /** From this zoom on every case has its own sign. */
  const APART_ZOOM = 14;
  const CELL_PX = 52;
  const ALONE_SEVERITY = 2;
  /** Ended cases are seen from near only. */
  const ENDED_ZOOM = 12.5;
  const TILE = 512;

  /** Web Mercator at zoom 0, in pixels; y grows to the north here. */
  function project(lon, lat) {
    const sine = Math.sin((lat * Math.PI) / 180);
    return [(lon / 360 + 0.5) * TILE, (0.5 + Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * TILE];
  }

  /** Put open cases into cells of the screen at this zoom. */
  function gather(incidents, zoom, seen) {
    const scale = 2 ** zoom / CELL_PX;
    const cells = new Map();
    for (let i = 0; i < incidents.length; i++) {
      if (!seen(incidents.lon[i], incidents.lat[i])) continue;
      if (incidents.severity[i] <= ALONE_SEVERITY || !incidents.isOpen(i)) continue;
      const [x, y] = project(incidents.lon[i], incidents.lat[i]);
      const key = Math.floor(x * scale) * 4194304 + Math.floor(y * scale);
      let cell = cells.get(key);
      if (!cell) cells.set(key, (cell = { rows: [], x: 0, y: 0 }));
      cell.rows.push(i);
      cell.x += x * scale;
      cell.y += y * scale;
    }
    return [...cells.values()];
  }

  /** Two middles can be close on both sides of a cell's edge: the larger takes the smaller in. */
  function unite(cells) {
    const near = 0.78;
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

  /** What is drawn of the incidents: signs to pick, in the order they are drawn. */
  function signs(incidents, zoom, seen) {
    const found = [];
    const alone = (i) =>
      found.push({ row: i, lon: incidents.lon[i], lat: incidents.lat[i], size: incidents.size(i), rank: incidents.isOpen(i) ? 5 - incidents.severity[i] : -1 });
    const gathers = zoom < APART_ZOOM;
    for (let i = 0; i < incidents.length; i++) {
      const own = gathers ? incidents.severity[i] <= ALONE_SEVERITY && incidents.isOpen(i) : incidents.isOpen(i);
      const ended = zoom >= ENDED_ZOOM && !incidents.isOpen(i);
      if ((own || ended) && seen(incidents.lon[i], incidents.lat[i])) alone(i);
    }
    if (gathers) {
      for (const group of unite(gather(incidents, zoom, seen))) {
        if (group.rows.length === 1) alone(group.rows[0]);
        else found.push(gathering(incidents, group.rows));
      }
    }
    return found.sort((a, b) => a.rank - b.rank);
  }

  function gathering(incidents, rows) {
    let [lon, lat, worst, overdue] = [0, 0, 4, 0];
    for (const i of rows) {
      lon += incidents.lon[i];
      lat += incidents.lat[i];
      worst = Math.min(worst, incidents.severity[i]);
      overdue += incidents.overdue[i];
    }
    const count = rows.length;
    return { rows, count, worst, overdue, lon: lon / count, lat: lat / count, size: sizeOf(count), rank: 0.5 };
  }

  /** Signs as typed arrays for the GPU. */
  function marksOf(incidents, found) {
    const { Marks, ICON } = window.yiping.points;
    const marks = new Marks(found.length);
    found.forEach((sign, i) => {
      const icon = sign.rows ? ICON.gathering(sign.worst) : incidents.icon(sign.row);
      marks.put(i, sign.lon, sign.lat, icon, sign.size);
    });
    marks.length = found.length;
    return marks;
  }

  return { signs, marksOf, project, APART_ZOOM };
})();
