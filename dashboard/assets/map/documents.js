/* Polygons that travel whole: from the bytes of a document to rings, borders and hits.
 *
 * A document holds every border once (see layers/documents.py). It is read on the main thread:
 * 40,000 numbers take about 3 ms, less than starting a worker and copying the answer back.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.documents = (() => {
  const TYPES = {
    u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array, f8: Float64Array,
  };

  /** Header and columns of a buffer; columns look at the bytes in place. */
  function unpack(buffer) {
    const magic = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
    if (magic !== "YPB1") throw new Error("not a data buffer");
    const length = new DataView(buffer).getUint32(4, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
    const columns = {};
    for (const [name, said] of Object.entries(header.columns)) {
      columns[name] = new TYPES[said.type](buffer, 8 + length + said.at, said.n);
    }
    return { header, columns };
  }

  /** Zigzag LEB128 to whole numbers. */
  function varints(bytes) {
    const out = new Int32Array(bytes.length);
    let n = 0;
    for (let i = 0; i < bytes.length; n++) {
      let byte = bytes[i++];
      let value = byte & 0x7f;
      for (let shift = 7; byte & 0x80; shift += 7) {
        byte = bytes[i++];
        value |= (byte & 0x7f) << shift;
      }
      out[n] = (value >>> 1) ^ -(value & 1);
    }
    return out.subarray(0, n);
  }

  /** Borders: all vertices in one array, arc i from starts[i] to starts[i + 1]. */
  function readArcs(header, columns) {
    const sizes = varints(columns.sizes);
    const dx = varints(columns.x);
    const dy = varints(columns.y);
    const starts = new Uint32Array(sizes.length + 1);
    for (let i = 0; i < sizes.length; i++) starts[i + 1] = starts[i] + sizes[i];
    const xy = new Float64Array(2 * dx.length);
    let x = 0;
    let y = 0;
    for (let i = 0; i < dx.length; i++) {
      x += dx[i];
      y += dy[i];
      xy[2 * i] = header.west + x * header.quantum;
      xy[2 * i + 1] = header.south + y * header.quantum;
    }
    return { starts, xy, ranks: varints(columns.ranks) };
  }

  /** Walk arcs into one closed ring. */
  function ring(arcs, walked) {
    let size = 1;
    for (const one of walked) size += arcs.starts[(one >> 1) + 1] - arcs.starts[one >> 1] - 1;
    const out = new Float64Array(2 * size);
    let at = 0;
    for (const one of walked) {
      const start = arcs.starts[one >> 1];
      const end = arcs.starts[(one >> 1) + 1];
      // The last vertex of an arc is the first of the next one.
      for (let i = 0; i < end - start - 1; i++) {
        const from = one & 1 ? end - 1 - i : start + i;
        out[at++] = arcs.xy[2 * from];
        out[at++] = arcs.xy[2 * from + 1];
      }
    }
    out[at] = out[0];
    out[at + 1] = out[1];
    return out;
  }

  /** Polygons of every feature: [outer, hole, …] each. */
  function readFeatures(arcs, stream, count) {
    const numbers = varints(stream);
    const features = new Array(count);
    let at = 0;
    let arc = 0;
    for (let f = 0; f < count; f++) {
      const polygons = [];
      for (let rings = numbers[at++]; rings > 0; rings--) {
        const head = numbers[at++];
        const walked = new Int32Array(head >> 1);
        for (let i = 0; i < walked.length; i++) walked[i] = arc += numbers[at++];
        const line = ring(arcs, walked);
        if (head & 1 && polygons.length) polygons[polygons.length - 1].push(line);
        else polygons.push([line]);
      }
      features[f] = polygons;
    }
    return features;
  }

  function boundsOf(polygons, out, at) {
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [outer] of polygons) {
      for (let i = 0; i < outer.length; i += 2) {
        if (outer[i] < west) west = outer[i];
        if (outer[i] > east) east = outer[i];
        if (outer[i + 1] < south) south = outer[i + 1];
        if (outer[i + 1] > north) north = outer[i + 1];
      }
    }
    out.set([west, south, east, north], at);
  }

  /** Even-odd over all rings: holes and several parts need no special case. */
  function within(polygons, x, y) {
    let inside = false;
    for (const polygon of polygons) {
      for (const line of polygon) {
        for (let i = 0; i + 3 < line.length; i += 2) {
          const y0 = line[i + 1];
          const y1 = line[i + 3];
          if (y0 > y !== y1 > y && x < line[i] + ((line[i + 2] - line[i]) * (y - y0)) / (y1 - y0)) {
            inside = !inside;
          }
        }
      }
    }
    return inside;
  }

  /** deck.gl wants a polygon with holes as one flat array and where the holes begin. */
  function flat(polygon) {
    if (polygon.length === 1) return { positions: polygon[0], holeIndices: [] };
    let size = 0;
    const holeIndices = [];
    for (const line of polygon) {
      if (size) holeIndices.push(size);
      size += line.length;
    }
    const positions = new Float64Array(size);
    size = 0;
    for (const line of polygon) {
      positions.set(line, size);
      size += line.length;
    }
    return { positions, holeIndices };
  }

  class Shapes {
    constructor(buffer) {
      const { header, columns } = unpack(buffer);
      this.arcs = readArcs(header, columns);
      this.levels = [];
      this.places = new Map();
      let count = 0;
      header.levels.forEach((said, rank) => {
        this.levels.push({ ...said, rank, first: count });
        said.codes.forEach((code, i) => this.places.set(code, count + i));
        count += said.codes.length;
      });
      this.features = readFeatures(this.arcs, columns.rings, count);
      this.bounds = new Float64Array(4 * count);
      this.features.forEach((polygons, i) => boundsOf(polygons, this.bounds, 4 * i));
      this.kept = new Map();
    }

    level(key) {
      return this.levels.find((level) => level.key === key);
    }

    keep(key, make) {
      if (!this.kept.has(key)) this.kept.set(key, make());
      return this.kept.get(key);
    }

    /** Polygons of a level; owner[row] is the feature's place in its level. */
    fill(key) {
      return this.keep(`fill ${key}`, () => {
        const level = this.level(key);
        const rows = [];
        const owner = [];
        for (let i = 0; level && i < level.codes.length; i++) {
          for (const polygon of this.features[level.first + i]) {
            rows.push(flat(polygon));
            owner.push(i);
          }
        }
        return { rows, owner };
      });
    }

    /** Borders whose coarsest region is of this level: every border is in exactly one. */
    lines(key) {
      return this.keep(`lines ${key}`, () => {
        const level = this.level(key);
        const rows = [];
        const { starts, ranks, xy } = this.arcs;
        for (let i = 0; level && i < ranks.length; i++) {
          if (ranks[i] === level.rank) rows.push(xy.subarray(2 * starts[i], 2 * starts[i + 1]));
        }
        return { rows };
      });
    }

    /** The same as pairs of positions, for lines too thin to need joints. */
    segments(key) {
      return this.keep(`segments ${key}`, () => {
        const { rows } = this.lines(key);
        const length = rows.reduce((sum, row) => sum + row.length / 2 - 1, 0);
        const from = new Float64Array(3 * length);
        const to = new Float64Array(3 * length);
        let at = 0;
        for (const row of rows) {
          for (let i = 0; i + 3 < row.length; i += 2, at += 3) {
            [from[at], from[at + 1], to[at], to[at + 1]] = [row[i], row[i + 1], row[i + 2], row[i + 3]];
          }
        }
        const attributes = { getSourcePosition: { value: from, size: 3 }, getTargetPosition: { value: to, size: 3 } };
        return { data: { length, attributes } };
      });
    }

    outline(code) {
      return this.keep(`outline ${code}`, () => ({ rows: (this.polygons(code) || []).flat() }));
    }

    /** The world less a region: a box with the region's parts as its holes. */
    mask(code) {
      return this.keep(`mask ${code}`, () => {
        const polygons = this.polygons(code);
        if (!polygons) return { rows: [] };
        const at = 4 * this.places.get(code);
        const [west, south, east, north] = this.bounds.subarray(at, at + 4);
        const far = 6;
        const box = [
          west - far, south - far, west - far, north + far, east + far, north + far,
          east + far, south - far, west - far, south - far,
        ];
        const world = [Float64Array.from(box), ...polygons.map(([outer]) => outer)];
        const holes = polygons.flatMap(([, ...inner]) => inner.map((line) => [line]));
        return { rows: [flat(world), ...holes.map(flat)] };
      });
    }

    polygons(code) {
      return this.features[this.places.get(code)];
    }

    middle(code) {
      const at = 4 * this.places.get(code);
      return { lon: (this.bounds[at] + this.bounds[at + 2]) / 2, lat: (this.bounds[at + 1] + this.bounds[at + 3]) / 2 };
    }

    contains(code, lon, lat) {
      const at = this.places.get(code);
      return at !== undefined && this.inBounds(at, lon, lat) && within(this.features[at], lon, lat);
    }

    inBounds(at, lon, lat) {
      const b = this.bounds;
      const i = 4 * at;
      return lon >= b[i] && lat >= b[i + 1] && lon <= b[i + 2] && lat <= b[i + 3];
    }

    /** The region of a level at a position: a few thousand boxes are looked through in 10 µs. */
    hit(key, lon, lat) {
      const level = this.level(key);
      if (!level) return null;
      for (let i = 0; i < level.codes.length; i++) {
        const at = level.first + i;
        if (this.inBounds(at, lon, lat) && within(this.features[at], lon, lat)) {
          return { index: i, code: level.codes[i], name: level.names[i], level: key };
        }
      }
      return null;
    }
  }

  return { unpack, Shapes, within };
})();
