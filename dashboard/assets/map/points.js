/* Incidents and sensors: columns of numbers in, typed arrays for the GPU out.
 *
 * A live change writes into these arrays; nothing is made anew for the points that did not change.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.points = (() => {
  const { CELL, COLUMNS, ICON } = window.yiping.atlas;

  /** Incident: the worse the larger. Sensor: normal is small and dim. In pixels. */
  const SIZE = { severity: [0, 40, 32, 20, 13], ended: 7, state: [5, 19, 27, 9] };

  const PROGRESS_ENDED = 3;
  const NOWHERE = 65535;

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

    /**
     * A new object tells deck.gl that something changed; the arrays stay the same. All that it is
     * handed goes to the GPU: only what is drawn.
     */
    data() {
      const { length } = this;
      return {
        length,
        attributes: {
          getPosition: { value: this.positions.subarray(0, 3 * length), size: 3 },
          getSize: { value: this.sizes.subarray(0, length), size: 1 },
          instanceIconDefs: { value: this.icons.subarray(0, 7 * length), size: 7 },
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
      this.countsEnded = header.ended;
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

    /** Whether it is counted in the signs: ended cases are where they were asked for. */
    isCounted(i) {
      return this.countsEnded || this.isOpen(i);
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

  return { Incidents, Sensors, Dots, Marks };
})();
