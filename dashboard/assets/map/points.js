/* Incidents and sensors: columns of numbers in, typed arrays for the GPU out.
 *
 * A live change writes into these arrays; nothing is made anew for the points that did not change.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.points = (() => {
  const CELL = 64;
  const COLUMNS = 8;

  /** Incident: the worse the larger. Sensor: normal is small and dim. In pixels. */
  const SIZE = { severity: [0, 40, 32, 20, 13], ended: 7, state: [5, 19, 27, 9] };

  const PROGRESS_ENDED = 3;
  const SHARES = [0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1];
  const NOWHERE = 65535;

  /* ---- The atlas: every sign painted once on a canvas, in the theme's colours ---- */

  function path(context, corners, radius, turn) {
    context.beginPath();
    for (let i = 0; i < corners; i++) {
      const angle = turn + (2 * Math.PI * i) / corners;
      context.lineTo(radius * Math.cos(angle), radius * Math.sin(angle));
    }
    context.closePath();
  }

  /** Severity is the shape: lozenge, triangle, square, disc. */
  function severityPath(context, severity, radius) {
    if (severity === 1) path(context, 4, radius * 1.12, 0);
    else if (severity === 2) path(context, 3, radius * 1.16, -Math.PI / 2);
    else if (severity === 3) path(context, 4, radius * 1.05, Math.PI / 4);
    else {
      context.beginPath();
      context.arc(0, 0, radius * 0.92, 0, 7);
    }
  }

  /** Stage is the fill, and it drains: full is waiting, half is in hand, empty is done. */
  function paintIncident(context, tokens, severity, progress, overdue) {
    const color = tokens[`warning-${severity}`];
    const radius = overdue ? 17 : 20;
    const low = severity === 2 ? 3 : 0;
    context.translate(0, low);
    context.lineJoin = "round";
    severityPath(context, severity, radius + 4);
    context.fillStyle = tokens.ground;
    context.globalAlpha = 0.85;
    context.fill();
    context.globalAlpha = 1;
    severityPath(context, severity, radius);
    context.save();
    context.clip();
    context.fillStyle = color;
    if (progress === 0) context.fillRect(-32, -32, 64, 64);
    else if (progress === 1) context.fillRect(-32, 0, 64, 32);
    context.restore();
    severityPath(context, severity, radius);
    context.strokeStyle = color;
    context.lineWidth = 4.5;
    context.stroke();
    context.translate(0, -low);
    if (overdue) {
      context.strokeStyle = tokens.ink;
      context.lineWidth = 3;
      context.setLineDash([9, 5]);
      context.beginPath();
      context.arc(0, 0, 27, 0, 7);
      context.stroke();
      context.setLineDash([]);
    }
  }

  function paintEnded(context, tokens) {
    context.globalAlpha = 0.7;
    context.fillStyle = tokens.offline;
    context.beginPath();
    context.arc(0, 0, 16, 0, 7);
    context.fill();
  }

  /** A gathering: a disc whose rim says how much of it is large; its count is written over it. */
  function paintGathering(context, tokens, step) {
    const share = SHARES[step];
    const width = step ? 5 : 2;
    context.beginPath();
    context.arc(0, 0, 28, 0, 7);
    context.fillStyle = tokens.panel;
    context.globalAlpha = 0.95;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = tokens.border;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(0, 0, 26, 0, 7);
    context.stroke();
    if (!step) return;
    const start = -Math.PI / 2;
    context.strokeStyle = tokens["warning-3"];
    context.lineWidth = width;
    context.beginPath();
    context.arc(0, 0, 26, start, start + 2 * Math.PI * share);
    context.stroke();
  }

  /** Sensors are hexagons, so that no state is read as an incident. */
  function paintSensor(context, tokens, state) {
    if (state === 0) {
      context.globalAlpha = 0.62;
      context.fillStyle = tokens.ok;
      context.beginPath();
      context.arc(0, 0, 20, 0, 7);
      context.fill();
      return;
    }
    if (state === 3) {
      // Offline is hollow and grey: many may be, and none of them is an alarm.
      context.globalAlpha = 0.9;
      context.strokeStyle = tokens.offline;
      context.lineWidth = 8;
      path(context, 6, 23, Math.PI / 6);
      context.stroke();
      return;
    }
    const color = tokens[state === 1 ? "warning-3" : "warning-1"];
    path(context, 6, 27, Math.PI / 6);
    context.fillStyle = tokens.ground;
    context.globalAlpha = 0.85;
    context.fill();
    context.globalAlpha = 1;
    path(context, 6, 22, Math.PI / 6);
    context.strokeStyle = color;
    context.lineWidth = state === 2 ? 4 : 5;
    context.lineJoin = "round";
    context.stroke();
    context.fillStyle = color;
    path(context, state === 2 ? 6 : 3, state === 2 ? 14 : 11, -Math.PI / 2);
    context.fill();
  }

  const ICON = {
    incident: (severity, progress, overdue) => (severity - 1) * 6 + progress * 2 + (overdue ? 1 : 0),
    ended: 24,
    /** General cases are the everyday and no warning; the share of large ones colours the rim. */
    gathering: (share) => 25 + (share > 0 ? Math.max(1, SHARES.findLastIndex((step) => share >= step)) : 0),
    sensor: (state) => 32 + state,
  };

  /** Paint every sign; cells are at ICON's numbers, row by row. */
  function paintAtlas(tokens) {
    const canvas = document.createElement("canvas");
    canvas.width = CELL * COLUMNS;
    canvas.height = CELL * 5;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const paint = (icon, draw) => {
      context.save();
      context.translate((icon % COLUMNS) * CELL + CELL / 2, Math.floor(icon / COLUMNS) * CELL + CELL / 2);
      draw();
      context.restore();
    };
    for (let severity = 1; severity <= 4; severity++) {
      for (let progress = 0; progress < 3; progress++) {
        for (const overdue of [false, true]) {
          const icon = ICON.incident(severity, progress, overdue);
          paint(icon, () => paintIncident(context, tokens, severity, progress, overdue));
        }
      }
    }
    SHARES.forEach((share, step) => paint(ICON.gathering(share), () => paintGathering(context, tokens, step)));
    paint(ICON.ended, () => paintEnded(context, tokens));
    for (let state = 0; state < 4; state++) paint(ICON.sensor(state), () => paintSensor(context, tokens, state));
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }

  /* ---- Marks: what an IconLayer takes without asking about each point ---- */

  class Marks {
    constructor(capacity) {
      this.positions = new Float32Array(3 * capacity);
      this.sizes = new Float32Array(capacity);
      // Seven numbers an icon: offset (2), frame in the atlas (4), tinted or not.
      this.icons = new Float32Array(7 * capacity);
      this.length = 0;
    }

    put(i, lon, lat, icon, size) {
      this.positions[3 * i] = lon;
      this.positions[3 * i + 1] = lat;
      this.paint(i, icon, size);
    }

    paint(i, icon, size) {
      this.sizes[i] = size;
      this.icons[7 * i + 2] = (icon % COLUMNS) * CELL;
      this.icons[7 * i + 3] = Math.floor(icon / COLUMNS) * CELL;
      this.icons[7 * i + 4] = CELL;
      this.icons[7 * i + 5] = CELL;
    }

    /** A new object tells deck.gl that something changed; the arrays stay the same. */
    data() {
      return {
        length: this.length,
        attributes: {
          getPosition: { value: this.positions, size: 3 },
          getSize: { value: this.sizes, size: 1 },
          instanceIconDefs: { value: this.icons, size: 7 },
        },
      };
    }
  }

  /* ---- Incidents ---- */

  class Incidents {
    constructor(buffer, words) {
      const { header, columns } = window.yiping.documents.unpack(buffer);
      const n = columns.id.length;
      this.words = words;
      this.total = header.total;
      this.length = n;
      this.rows = new Map();
      this.reserve(Math.max(256, Math.ceil(n * 1.25)));
      for (let i = 0; i < n; i++) {
        this.lon[i] = header.west + columns.x[i] * header.quantum;
        this.lat[i] = header.south + columns.y[i] * header.quantum;
        this.rows.set(columns.id[i], i);
        this.project(i);
      }
      for (const name of ["id", "severity", "stage", "overdue", "reported", "area"]) this[name].set(columns[name]);
    }

    reserve(capacity) {
      const grown = (Type, old) => {
        const out = new Type(capacity);
        if (old) out.set(old);
        return out;
      };
      this.id = grown(Uint32Array, this.id);
      this.lon = grown(Float64Array, this.lon);
      this.lat = grown(Float64Array, this.lat);
      this.x = grown(Float64Array, this.x);
      this.y = grown(Float64Array, this.y);
      this.severity = grown(Uint8Array, this.severity);
      this.stage = grown(Uint8Array, this.stage);
      this.overdue = grown(Uint8Array, this.overdue);
      this.reported = grown(Uint32Array, this.reported);
      this.area = grown(Uint16Array, this.area);
    }

    /** Gathering asks for every position at every zoom: the trigonometry is done once. */
    project(i) {
      [this.x[i], this.y[i]] = window.yiping.cluster.project(this.lon[i], this.lat[i]);
    }

    progress(i) {
      return this.words.progress[this.stage[i]];
    }

    isOpen(i) {
      return this.progress(i) !== PROGRESS_ENDED;
    }

    icon(i) {
      if (!this.isOpen(i)) return ICON.ended;
      return ICON.incident(this.severity[i], this.progress(i), this.overdue[i]);
    }

    size(i) {
      return this.isOpen(i) ? SIZE.severity[this.severity[i]] : SIZE.ended;
    }

    moveTo(i, { lon, lat }, areaAt) {
      // Positions that travelled in the buffer are rounded to a metre.
      if (Math.abs(this.lon[i] - lon) < 2e-5 && Math.abs(this.lat[i] - lat) < 2e-5) return;
      this.lon[i] = lon;
      this.lat[i] = lat;
      this.area[i] = areaAt(lon, lat) ?? NOWHERE;
      this.project(i);
    }

    /** Take changed cases in; returns the rows that are new. Cases without a place are not drawn. */
    merge(changes, areaAt) {
      const fresh = [];
      for (const said of changes) {
        if (said.lon === null || said.lon === undefined) continue;
        let i = this.rows.get(said.id);
        if (i === undefined) {
          i = this.length++;
          if (i >= this.id.length) this.reserve(2 * this.id.length);
          this.lon[i] = this.lat[i] = NaN;
          this.rows.set(said.id, i);
          this.id[i] = said.id;
          if (said.new) fresh.push(i);
        }
        this.moveTo(i, said, areaAt);
        this.severity[i] = said.severity;
        this.stage[i] = typeof said.stage === "number" ? said.stage : this.words.stageKeys.indexOf(said.stage);
        this.overdue[i] = said.overdue ? 1 : 0;
        this.reported[i] = Date.parse(said.reported_at) / 1000 || this.reported[i];
      }
      return fresh;
    }
  }

  /* ---- Sensors ---- */

  class Sensors {
    constructor(buffer) {
      const { header, columns } = window.yiping.documents.unpack(buffer);
      const n = columns.fid.length;
      Object.assign(this, { length: n, codes: header.codes, kinds: header.kinds, kind: columns.kind });
      this.lon = new Float64Array(n);
      this.lat = new Float64Array(n);
      this.rows = new Map();
      this.state = new Uint8Array(n).fill(3);
      this.value = new Map();
      this.marks = new Marks(n);
      this.places = new Int32Array(n).fill(-1);
      this.calm = 2;
      for (let i = 0; i < n; i++) {
        this.lon[i] = header.west + columns.x[i] * header.quantum;
        this.lat[i] = header.south + columns.y[i] * header.quantum;
        this.rows.set(columns.fid[i], i);
      }
    }

    setStates(states) {
      this.state.set(states.subarray(0, this.length));
      this.paintAll();
    }

    /** From far away only alarms are seen, nearer warnings too, then all. */
    setCalm(calm) {
      if (calm === this.calm) return false;
      this.calm = calm;
      this.paintAll();
      return true;
    }

    isShown(i) {
      return this.calm === 0 || this.state[i] === 2 || (this.calm === 1 && this.state[i] === 1);
    }

    /** Only what is seen is given to the GPU; the unusual last, so on top. */
    paintAll() {
      this.marks.length = 0;
      this.places.fill(-1);
      for (const unusual of [false, true]) {
        for (let i = 0; i < this.length; i++) {
          if (this.isShown(i) && (this.state[i] === 1 || this.state[i] === 2) === unusual) this.paint(i);
        }
      }
    }

    paint(i) {
      if (this.places[i] < 0) this.places[i] = this.marks.length++;
      this.marks.put(this.places[i], this.lon[i], this.lat[i], ICON.sensor(this.state[i]), SIZE.state[this.state[i]]);
    }

    /** Rows are [fid, value, state]; returns how many are in another state than before. */
    merge(changes) {
      let changed = 0;
      for (const [fid, value, state] of changes) {
        const i = this.rows.get(fid);
        if (i === undefined) continue;
        this.value.set(i, value);
        if (this.state[i] === state) continue;
        this.state[i] = state;
        changed++;
        if (this.calm === 0) this.paint(i);
      }
      if (changed && this.calm) this.paintAll();
      return changed;
    }
  }

  /** Places that are points: dots, named on hover. */
  class Dots {
    constructor(buffer) {
      const { header, columns } = window.yiping.documents.unpack(buffer);
      const n = columns.x.length;
      Object.assign(this, { length: n, codes: header.codes, names: header.names });
      this.lon = new Float64Array(n);
      this.lat = new Float64Array(n);
      this.positions = new Float32Array(3 * n);
      for (let i = 0; i < n; i++) {
        this.lon[i] = this.positions[3 * i] = header.west + columns.x[i] * header.quantum;
        this.lat[i] = this.positions[3 * i + 1] = header.south + columns.y[i] * header.quantum;
      }
    }
  }

  return { Incidents, Sensors, Dots, Marks, paintAtlas, ICON, SIZE };
})();
