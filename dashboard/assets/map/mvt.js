/* Vector tiles without deck.gl's MVT parser: the pydeck bundle has none and would ask a CDN for it.
 *
 * A tile becomes two flat arrays for one SolidPolygonLayer. Coordinates stay local to the tile
 * (0..1, y downwards): small numbers keep their precision in 32 bits, the layer's matrix does the
 * rest.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.mvt = (() => {
  const text = new TextDecoder();
  const POLYGON = 3;

  class Reader {
    constructor(bytes, at = 0, end = bytes.length) {
      Object.assign(this, { bytes, at, end });
    }

    varint() {
      let value = 0;
      let scale = 1;
      for (;;) {
        const byte = this.bytes[this.at++];
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) return value;
        scale *= 128;
      }
    }

    /** A part of known length: a reader of its own, this one goes on behind it. */
    part() {
      const length = this.varint();
      const reader = new Reader(this.bytes, this.at, this.at + length);
      this.at += length;
      return reader;
    }

    string() {
      const { bytes, at, end } = this.part();
      return text.decode(bytes.subarray(at, end));
    }

    skip(wire) {
      if (wire === 0) this.varint();
      else if (wire === 2) this.part();
      else this.at += wire === 5 ? 4 : 8;
    }

    /** Call field(number, wire) for every field; it reads the value or returns false. */
    fields(field) {
      while (this.at < this.end) {
        const tag = this.varint();
        if (field(tag >> 3, tag & 7) === false) this.skip(tag & 7);
      }
    }
  }

  function readValue(reader) {
    let value = null;
    reader.fields((field, wire) => {
      if (field === 1) value = reader.string();
      else if (field === 4 || field === 5) value = reader.varint();
      else if (field === 6) {
        const zigzag = reader.varint();
        value = zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2;
      } else if (field === 7) value = Boolean(reader.varint());
      else if (field === 2) {
        value = new DataView(reader.bytes.buffer, reader.bytes.byteOffset + reader.at).getFloat32(0, true);
        reader.skip(wire);
      } else if (field === 3) {
        value = new DataView(reader.bytes.buffer, reader.bytes.byteOffset + reader.at).getFloat64(0, true);
        reader.skip(wire);
      } else return false;
      return true;
    });
    return value;
  }

  /** Rings of a polygon feature as flat arrays, closed, in tile units. */
  function readRings(reader) {
    const rings = [];
    let line = null;
    let x = 0;
    let y = 0;
    const step = () => {
      const zigzag = reader.varint();
      return (zigzag >>> 1) ^ -(zigzag & 1);
    };
    while (reader.at < reader.end) {
      const command = reader.varint();
      for (let count = command >> 3; count > 0; count--) {
        if ((command & 7) === 7) {
          line.push(line[0], line[1]);
          continue;
        }
        x += step();
        y += step();
        if ((command & 7) === 1) rings.push((line = []));
        line.push(x, y);
      }
    }
    return rings;
  }

  function readFeature(reader, layer) {
    const feature = { id: null, kind: 0, tags: [], rings: [] };
    reader.fields((field) => {
      if (field === 1) feature.id = reader.varint();
      else if (field === 2) {
        const tags = reader.part();
        while (tags.at < tags.end) feature.tags.push(tags.varint());
      } else if (field === 3) feature.kind = reader.varint();
      else if (field === 4) feature.rings = readRings(reader.part());
      else return false;
      return true;
    });
    layer.features.push(feature);
  }

  function readLayer(reader) {
    const layer = { name: "", keys: [], values: [], features: [], extent: 4096 };
    reader.fields((field) => {
      if (field === 1) layer.name = reader.string();
      else if (field === 2) readFeature(reader.part(), layer);
      else if (field === 3) layer.keys.push(reader.string());
      else if (field === 4) layer.values.push(readValue(reader.part()));
      else if (field === 5) layer.extent = reader.varint();
      else return false;
      return true;
    });
    return layer;
  }

  function signedArea(line) {
    let area = 0;
    for (let i = 0; i + 3 < line.length; i += 2) area += line[i] * line[i + 3] - line[i + 2] * line[i + 1];
    return area;
  }

  /** Outer rings turn one way, holes the other; each outer ring begins a polygon. */
  function polygonsOf(rings) {
    const polygons = [];
    for (const line of rings) {
      if (signedArea(line) > 0 || !polygons.length) polygons.push([line]);
      else polygons[polygons.length - 1].push(line);
    }
    return polygons;
  }

  function middle(line) {
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < line.length; i += 2) {
      west = Math.min(west, line[i]);
      east = Math.max(east, line[i]);
      south = Math.min(south, line[i + 1]);
      north = Math.max(north, line[i + 1]);
    }
    return { bounds: [west, south, east, north], x: (west + east) / 2, y: (south + north) / 2 };
  }

  /**
   * Decode a tile. A footprint that reaches over the edge is whole in both tiles (the buffer is
   * wider than a building); it belongs to the one that holds its middle and is drawn once.
   */
  function decode(buffer) {
    const tile = { length: 0, codes: [], names: [], floors: [], uses: [], bounds: [], polygons: [] };
    const reader = new Reader(new Uint8Array(buffer));
    reader.fields((field) => {
      if (field !== 3) return false;
      const layer = readLayer(reader.part());
      for (const feature of layer.features) addFeature(tile, layer, feature);
      return true;
    });
    tile.length = tile.polygons.length;
    return tile;
  }

  function addFeature(tile, layer, feature) {
    // Counts of what is under a pixel are points: for other readers than this map.
    if (feature.kind !== POLYGON) return;
    const said = {};
    for (let i = 0; i < feature.tags.length; i += 2) said[layer.keys[feature.tags[i]]] = layer.values[feature.tags[i + 1]];
    for (const polygon of polygonsOf(feature.rings)) {
      const lines = polygon.map((line) => Float32Array.from(line, (value) => value / layer.extent));
      const { bounds, x, y } = middle(lines[0]);
      if (x < 0 || x >= 1 || y < 0 || y >= 1) continue;
      tile.polygons.push(lines);
      tile.bounds.push(bounds);
      tile.codes.push(said.code);
      tile.names.push(said.name || "");
      tile.floors.push(said.floors || 0);
      tile.uses.push(said.use || "");
    }
  }

  /** Fetch and decode one tile; an empty one (204) is nothing to draw. */
  async function load(url, signal) {
    const answer = await fetch(url, { signal });
    if (answer.status === 204) return null;
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    return decode(await answer.arrayBuffer());
  }

  return { decode, load };
})();
