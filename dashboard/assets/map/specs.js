/* From the specification to deck.gl layers.
 *
 * The server spells layers as pydeck does; here only their data is put in: "<source>#<part>". A
 * layer whose specification and data are as before is handed to deck.gl as the same object, which
 * then does not even compare it.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.specs = (() => {
  const WORLD = 512;

  /** Data objects must stay the same object for deck.gl to keep what it made of them. */
  const kept = new WeakMap();
  function dataOf(rows) {
    if (!kept.has(rows)) kept.set(rows, { length: rows.length });
    return kept.get(rows);
  }

  function hexColor(hex) {
    return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  }

  function colorsOf(shading) {
    const colors = shading.colors.map(hexColor);
    return [...shading.classes].map((one) => colors[one === "-" ? colors.length - 1 : Number(one)]);
  }

  /** Polygons of a level, in the colours of the shading if it is that level's. */
  function bindFill(shapes, part, spec) {
    const { rows, owner } = shapes.fill(part);
    const props = { data: dataOf(rows), getPolygon: (_, { index }) => rows[index], positionFormat: "XY" };
    const { shading } = spec;
    if (shading && shading.level === part) {
      const colors = colorsOf(shading);
      props.getFillColor = (_, { index, target }) => {
        const color = colors[owner[index]] || colors[0];
        [target[0], target[1], target[2], target[3]] = [color[0], color[1], color[2], 255];
        return target;
      };
      props.updateTriggers = { getFillColor: shading.classes + shading.colors.join() };
    }
    return props;
  }

  function bindRows(rows) {
    return { data: dataOf(rows), getPath: (_, { index }) => rows[index], positionFormat: "XY" };
  }

  function bindShapes(shapes, part, spec) {
    const [form, key] = part.split("/");
    if (form === "fill") return bindFill(shapes, key, spec);
    if (form === "segments") return { data: shapes.segments(key).data };
    if (form === "lines") return bindRows(shapes.lines(key).rows);
    if (form === "outline") return bindRows(shapes.outline(key).rows);
    const { rows } = shapes.mask(key);
    return { data: dataOf(rows), getPolygon: (_, { index }) => rows[index], positionFormat: "XY" };
  }

  function bindMarks(source, atlas) {
    return { data: source.data, iconAtlas: atlas, iconMapping: {}, getColor: [255, 255, 255, 255] };
  }

  function bindDots(dots) {
    if (!kept.has(dots)) {
      kept.set(dots, { length: dots.length, attributes: { getPosition: { value: dots.positions, size: 3 } } });
    }
    return { data: kept.get(dots) };
  }

  /** Fetch again what failed on the way; a tile that was left is no failure. */
  async function stubborn(load, signal) {
    for (let wait = 500; ; wait *= 2) {
      try {
        return await load();
      } catch (error) {
        if ((signal && signal.aborted) || wait > 8000) throw error;
        await new Promise((resume) => setTimeout(resume, wait));
      }
    }
  }

  function bindTiles(layer, tilted) {
    return {
      getTileData: ({ url, signal }) => stubborn(() => window.yiping.mvt.load(url, signal), signal),
      onTileError: () => {},
      refinementStrategy: "no-overlap",
      maxCacheSize: 60,
      extruded: tilted,
      renderSubLayers: (props) => footprints(props, layer, tilted),
    };
  }

  /** Tile-local 0..1 to deck.gl's common space, as its own MVTLayer does it. */
  function footprints(props, layer, tilted) {
    const tile = props.data;
    if (!tile || !tile.length) return null;
    const { x, y, z } = props.tile.index;
    const size = WORLD / 2 ** z;
    if (!tile.rows) tile.rows = tile.polygons.map((lines) => flatten(lines));
    const { selected, tokens } = window.yiping.map.debug.spec;
    const chosen = selected ? tile.codes.indexOf(selected.code) : -1;
    const accent = hexColor(tokens.accent);
    return new window.deck.SolidPolygonLayer({
      id: props.id,
      data: dataOf(tile.rows),
      getPolygon: (_, { index }) => tile.rows[index],
      positionFormat: "XY",
      getElevation: (_, { index }) => Math.max(1, tile.floors[index]),
      getFillColor: (_, { index }) => (index === chosen ? accent : layer.getFillColor),
      updateTriggers: { getFillColor: [chosen, layer.getFillColor] },
      elevationScale: layer.elevationScale,
      opacity: layer.opacity,
      extruded: tilted,
      material: { ambient: 0.62, diffuse: 0.5, shininess: 8, specularColor: [40, 50, 60] },
      coordinateSystem: window.deck.COORDINATE_SYSTEM.CARTESIAN,
      coordinateOrigin: [size * x, size * (2 ** z - y), 0],
      modelMatrix: [size, 0, 0, 0, 0, -size, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
      _normalize: false,
      _windingOrder: "CCW",
    });
  }

  function flatten(lines) {
    if (lines.length === 1) return lines[0];
    const holeIndices = [];
    const positions = [];
    for (const line of lines) {
      if (positions.length) holeIndices.push(positions.length);
      positions.push(...line);
    }
    return { positions, holeIndices };
  }

  function bindRaster() {
    return {
      getTileData: async ({ url, signal }) => {
        const answer = await stubborn(() => fetch(url, { signal }), signal);
        return answer.ok ? createImageBitmap(await answer.blob()) : null;
      },
      onTileError: () => {},
      renderSubLayers: (props) => {
        if (!props.data) return null;
        const { west, south, east, north } = props.tile.bbox;
        return new window.deck.BitmapLayer(props, { data: null, image: props.data, bounds: [west, south, east, north] });
      },
    };
  }

  /** Everything said of a layer. A specification is never changed, and its shading is long. */
  const texts = new WeakMap();
  function textOf(layer, spec) {
    if (!texts.has(layer)) {
      texts.set(layer, JSON.stringify(layer) + (layer.id.endsWith("-fill") ? JSON.stringify(spec.shading) : ""));
    }
    return texts.get(layer);
  }

  class Layers {
    constructor() {
      this.made = new Map();
    }

    forget() {
      this.made.clear();
    }

    /** A layer that was taken away is dead: deck.gl freed what it held, it cannot come back. */
    keepOnly(layers) {
      const drawn = new Set(layers);
      for (const [id, { layer }] of this.made) if (!drawn.has(layer)) this.made.delete(id);
    }

    /** The deck.gl layer of one entry; the last one stands while its data is on the way. */
    make(entry, state) {
      const { layer } = entry;
      const [name, part] = layer.data.split("#");
      const source = part === undefined ? layer.data : state.source(name);
      const before = this.made.get(layer.id);
      if (!source) return before ? before.layer : null;
      const text = textOf(layer, state.spec) + (layer["@@type"] === "TileLayer" ? state.tilted + state.chosen : "");
      const version = source.version || source;
      const atlas = part === "marks" ? state.atlas : null;
      if (before && before.text === text && before.version === version && before.atlas === atlas) return before.layer;
      const bound = this.bind(layer, source, part, state);
      const made = new window.deck[layer["@@type"]]({ ...layer, ...bound, "@@type": undefined });
      this.made.set(layer.id, { text, version, atlas, layer: made });
      return made;
    }

    bind(layer, source, part, state) {
      if (layer["@@type"] === "TileLayer") {
        const isRaster = layer.id === "basemap";
        return { data: absolute(layer.data), ...(isRaster ? bindRaster() : bindTiles(layer, state.tilted)) };
      }
      if (part === "marks") {
        const scaled = { sizeScale: (layer.sizeScale || 1) * state.scale };
        return { ...bindMarks(source, state.atlas), ...scaled };
      }
      if (part === "dots") return bindDots(source);
      const bound = bindShapes(source, part, state.spec);
      return layer.getWidth ? { ...bound, widthScale: state.scale } : bound;
    }
  }

  /** Braces of a template must stay as they are. */
  function absolute(url) {
    return url.includes("://") ? url : window.location.origin + url;
  }

  /** A line of our own making: what the pointer is over, the selected object. */
  function line(id, rows, color, width) {
    return new window.deck.PathLayer({
      id,
      ...bindRows(rows),
      getColor: color,
      getWidth: width,
      widthUnits: "pixels",
      jointRounded: true,
      capRounded: true,
      parameters: { depthCompare: "always", depthWriteEnabled: false },
      _pathType: "open",
    });
  }

  return { Layers, line, hexColor };
})();
