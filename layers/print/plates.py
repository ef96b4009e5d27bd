"""The map itself: each layer that is on becomes a plate, in the order a printer would lay them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from geo_data.records import FUNCTIONAL
from layers import topology
from layers.deck import shading_scale
from layers.print import signs
from layers.print.contents import Areas, Contents
from layers.print.drawing import Box, Item, Marks, Path, Plate, Rings, Stroke, Units
from layers.print.generalising import Grain, Outlined, clipped, footprints, outlined, segments
from layers.print.hatching import MISSING as UNKNOWN
from layers.print.hatching import Hatch, hatch_of, hatched
from layers.print.map_frame import MapFrame
from layers.spec import LayerSpec
from layers.style import MISSING, TOKENS, WORDS, class_of

INK = TOKENS[signs.THEME]
MANY = 1500
"""So many outlines are drawn side by side: their joints are hairlines that nobody sees."""
MARGIN_MM = 3.0
"""How much is drawn beyond the frame, so that no cut edge is seen in it."""
BORDERS: Sequence[tuple[float, tuple[float, ...]]] = (
    (0.6, ()),
    (0.36, (3.0, 0.7, 0.5, 0.7)),
    (0.09, ()),
)
"""Width and dash of borders: the region of the city, what is between, the finest."""
AREA_LOOKS: Mapping[str, tuple[str, float, tuple[float, ...]]] = {
    "water": ("water", 1.0, ()),
    "village": ("village", 0.05, (1.2, 0.8)),
    "residential": ("village", 0.18, ()),
    "park": ("park", 0.22, ()),
    FUNCTIONAL: ("accent", 0.04, (3.2, 0.8)),
}
"""Kind -> token, strength of the tint, dash of its rim."""
AREA_HATCHES: Mapping[str, Hatch] = {"park": Hatch((0.0,), 1.5, 0.08)}


@dataclass(frozen=True)
class Drawing:
    """What the plates of a map are drawn with."""

    contents: Contents
    frame: MapFrame
    grain: Grain
    size: float

    @property
    def window(self) -> Box:
        """What the map is seen through."""
        return self.frame.box


def map_plates(drawing: Drawing) -> list[Plate]:
    """Return the plates of the map from the ground up, without its names."""
    contents = drawing.contents
    by_key = {spec.key: spec for spec in contents.specs}
    borders = _borders(drawing)
    plates = [_ground(drawing)]
    plates += [_shades(drawing, spec) for spec in contents.specs if spec.level]
    for spec in contents.specs:
        if spec.key in contents.areas:
            plates.append(_areas(drawing, spec))
    plates += [
        _plate(drawing, by_key[f"region-{level}"], items) for level, items in borders.items()
    ]
    plates.append(_surroundings(drawing))
    for spec in contents.specs:
        if spec.key in contents.points:
            plates.append(_marks(drawing, spec))
    return [plate for plate in plates if plate.items]


def _plate(drawing: Drawing, spec: LayerSpec, items: Sequence[Item]) -> Plate:
    name = spec.name(drawing.contents.language)
    return Plate(spec.key, name, tuple(items), clip=drawing.window, optional=True)


def _ground(drawing: Drawing) -> Plate:
    region = np.array([drawing.contents.outline], dtype=object)
    land = outlined(drawing.frame, clipped(drawing.frame, region, MARGIN_MM), drawing.grain)
    items = (
        Path(Rings.around(drawing.window), fill=INK["ground"]),
        Path(land.rings, fill=INK["land"]),
    )
    return Plate("ground", WORDS("print-ground", drawing.contents.language), items, drawing.window)


def _shades(drawing: Drawing, spec: LayerSpec) -> Plate:
    """Return the shaded regions of a level, each class in its colour and its hatch."""
    contents, shading = drawing.contents, drawing.contents.shading
    if shading is None or shading.level != spec.level:
        return Plate(spec.key, "", ())
    inside = contents.inside()
    everything = contents.levels[spec.level or ""]
    rows = [row for row, code in enumerate(everything.ids) if code in inside]
    shapes = clipped(drawing.frame, everything.shapes[rows], MARGIN_MM)
    drawn = outlined(drawing.frame, shapes, drawing.grain)
    by = shading_scale(shading, signs.THEME)
    classes = class_of(by, [shading.values.get(everything.ids[row]) for row in rows])
    items: list[Item] = []
    for step in (MISSING, *range(len(by.colors))):
        rings = drawn.of(classes == step)
        if len(rings):
            color = by.missing if step == MISSING else by.colors[step]
            items.append(Path(rings, fill=color))
            hatch = UNKNOWN if step == MISSING else hatch_of(step, len(by.colors))
            # One grid alone has nothing to be told from.
            if hatch and len(rows) > 1:
                items.append(hatched(rings, hatch, INK["ink"], drawing.size))
    name = f"{spec.name(contents.language)} · {shading.label}"
    return Plate(f"{spec.key}-shades", name, tuple(items), clip=drawing.window, optional=True)


def _areas(drawing: Drawing, spec: LayerSpec) -> Plate:
    areas = drawing.contents.areas[spec.key]
    if spec.geometry == "tile":
        rings = footprints(drawing.frame, areas.shapes, drawing.grain)
        return _plate(drawing, spec, [Path(rings, fill=INK["footprint"])] if len(rings) else [])
    shapes = clipped(drawing.frame, areas.shapes, MARGIN_MM) if len(areas.ids) else areas.shapes
    drawn = outlined(drawing.frame, shapes, drawing.grain)
    return _plate(
        drawing, spec, list(_area_items(drawing, spec, drawn)) if len(drawn.rings) else []
    )


def _area_items(drawing: Drawing, spec: LayerSpec, drawn: Outlined) -> Iterator[Item]:
    kind = spec.kind or FUNCTIONAL
    token, strength, dash = AREA_LOOKS.get(kind, AREA_LOOKS["village"])
    color, size = INK[token], drawing.size
    if kind != "village":
        yield Path(drawn.rings, fill=color, opacity=strength)
    if kind in AREA_HATCHES:
        yield hatched(drawn.rings, AREA_HATCHES[kind], color, size)
    width = {FUNCTIONAL: 0.4, "water": 0.1}.get(kind, 0.14) * size
    rim = INK["shore"] if kind == "water" else color
    dashes = tuple(part * size for part in dash)
    yield Path(drawn.rings, stroke=Stroke(rim, width, dashes, opacity=0.85))


def _borders(drawing: Drawing) -> dict[str, list[Item]]:
    """Return the borders of each level, the finest first; a shared one is drawn once."""
    contents = drawing.contents
    keys = contents.tree_levels()
    levels = [level for level in keys if level in contents.levels]
    found: dict[str, list[Item]] = {}
    if levels and len(contents.levels[levels[-1]].ids) > MANY:
        finest = levels.pop()
        shapes = clipped(drawing.frame, contents.levels[finest].shapes, MARGIN_MM)
        lines = segments(outlined(drawing.frame, shapes, drawing.grain).rings)
        found[finest] = list(_border(drawing, lines, border_rank(keys, finest)))
    arcs, ranks = _arcs(drawing, [contents.levels[level] for level in levels])
    for rank, level in reversed(list(enumerate(levels))):
        chosen = [arc for arc, own in zip(arcs, ranks, strict=True) if own == rank]
        if chosen:
            lines = _lines(chosen)
            found[level] = list(_border(drawing, lines, border_rank(keys, level)))
        else:
            found[level] = []
    return found


def border_rank(keys: Sequence[str], level: str) -> int:
    """Return which of :data:`BORDERS` a level is drawn with."""
    place = keys.index(level)
    return 0 if place == 0 else 2 if place == len(keys) - 1 else 1


def border_stroke(rank: int, size: float) -> Stroke:
    """Return the line of a border."""
    width, dash = BORDERS[rank]
    color, opacity = (INK["ink"], 0.9) if rank < 2 else (INK["border"], 0.6)
    return Stroke(color, width * size, tuple(part * size for part in dash), opacity)


def _border(drawing: Drawing, lines: Rings, rank: int) -> Iterator[Item]:
    stroke = border_stroke(rank, drawing.size)
    if rank == 1:
        # A light edge on both sides, so that the border stands out of dark shades too.
        yield Path(lines, stroke=Stroke("#ffffff", stroke.width_mm * 2.8, opacity=0.75))
    yield Path(lines, stroke=stroke)


def _arcs(drawing: Drawing, levels: Sequence[Areas]) -> tuple[list[Units], list[int]]:
    """Cut the outlines of all levels into arcs, each once, by the coarsest it bounds."""
    frame, step = drawing.frame, drawing.grain.step
    ranks, shapes = [], []
    for rank, areas in enumerate(levels):
        near = clipped(frame, areas.shapes, MARGIN_MM)
        near = near[~shapely.is_empty(near)]
        shapes.append(shapely.transform(near, frame.units))
        ranks += [rank] * len(near)
    if not ranks:
        return [], []
    cut = topology.cut(list(np.concatenate(shapes)), ranks, 0.0, 0.0, float(step))
    return [(arc * step).astype(np.int32) for arc in cut.arcs], cut.ranks


def _lines(arcs: Sequence[Units]) -> Rings:
    sizes = np.array([len(arc) for arc in arcs], dtype=np.int64)
    return Rings(np.concatenate(arcs), np.cumsum(sizes) - sizes, closed=False)


def _surroundings(drawing: Drawing) -> Plate:
    """Return the veil over what lies outside of the region, and the region's own rim."""
    frame, language = drawing.frame, drawing.contents.language
    region = np.array([drawing.contents.outline], dtype=object)
    rings = outlined(frame, clipped(frame, region, MARGIN_MM), drawing.grain).rings
    veil = Rings.joined([Rings.around(frame.box), rings])
    size = drawing.size
    items: list[Item] = [Path(veil, fill=INK["ground"], opacity=0.6, even_odd=True)]
    items.append(Path(rings, stroke=Stroke("#ffffff", 1.5 * size, opacity=0.7)))
    items.append(Path(rings, stroke=Stroke(INK["ink"], 0.55 * size)))
    return Plate("mask", WORDS("print-outside", language), tuple(items), clip=drawing.window)


def _marks(drawing: Drawing, spec: LayerSpec) -> Plate:
    points = drawing.contents.points[spec.key]
    if not len(points.ids):
        return _plate(drawing, spec, [])
    xy = np.rint(drawing.frame.units(points.degrees)).astype(np.int32)
    used = set(points.kinds)
    looks = {kind: look for kind, look in signs.looks(drawing.size).items() if kind in used}
    return _plate(drawing, spec, [Marks(looks, points.kinds, xy)])
