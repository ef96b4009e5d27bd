"""The map itself: each layer that is on becomes a plate, in the order a printer would lay them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from geo_data.records import FUNCTIONAL
from layers import topology
from layers.print import signs
from layers.print.contents import Areas, Contents
from layers.print.drawing import (
    Box,
    Item,
    Marks,
    Path,
    Plate,
    Rings,
    Stroke,
    Text,
    Units,
    moved,
)
from layers.print.drawn_points import Points
from layers.print.gathering import crowd_mm
from layers.print.generalising import Grain, Outlined, clipped, footprints, outlined, segments
from layers.print.hatching import MISSING as UNKNOWN
from layers.print.hatching import hatch_of, hatched
from layers.print.map_frame import MapFrame
from layers.print.typeface import CAP_HEIGHT, typeface
from layers.shading import shading_scale
from layers.spec import LayerSpec
from layers.style import MISSING, TOKENS, WORDS, class_of

INK = TOKENS[signs.THEME]
MANY = 1500
"""So many outlines are drawn side by side: their joints are hairlines that nobody sees."""
WATER = "place-water"
GRAVE = ("case-1", "case-2")
"""Signs of these lie on all others."""
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
    "park": ("park", 0.1, ()),
    FUNCTIONAL: ("accent", 0.04, (3.2, 0.8)),
}
"""Kind -> token, strength of the tint, dash of its rim. None has a hatch: those are of classes."""
AREA_RIMS: Mapping[str, float] = {FUNCTIONAL: 0.4, "water": 0.1, "park": 0.18}
"""Kind -> width of its rim in millimetres."""


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
    water = _water(drawing)
    plates = [_ground(drawing)]
    plates += [_shades(drawing, spec) for spec in contents.specs if spec.level]
    for spec in contents.specs:
        if spec.key in contents.areas:
            plates.append(_areas(drawing, spec))
        elif spec.key in contents.footprints:
            plates.append(_footprints(drawing, spec))
    for level, items in borders.items():
        # The border of the whole city stays whole.
        is_outermost = border_rank(contents.tree_levels(), level) == 0
        parted = items if is_outermost else [one for item in items for one in _parted(item, water)]
        plates.append(_plate(drawing, by_key[f"region-{level}"], parted))
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


def _footprints(drawing: Drawing, spec: LayerSpec) -> Plate:
    outlines = drawing.contents.footprints[spec.key].outlines
    rings = footprints(drawing.frame, outlines, drawing.grain)
    return _plate(drawing, spec, [Path(rings, fill=INK["footprint"])] if len(rings) else [])


def _areas(drawing: Drawing, spec: LayerSpec) -> Plate:
    areas = drawing.contents.areas[spec.key]
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
    width = AREA_RIMS.get(kind, 0.14) * size
    rim = INK["shore"] if kind == "water" else color
    dashes = tuple(part * size for part in dash)
    yield Path(drawn.rings, stroke=Stroke(rim, width, dashes, opacity=0.85))


def _water(drawing: Drawing) -> tuple[Rings, Rings] | None:
    """Return the water of the map and what is around it, to draw borders in; none if dry."""
    areas = drawing.contents.areas.get(WATER)
    if areas is None or not len(areas.ids):
        return None
    shapes = clipped(drawing.frame, areas.shapes, MARGIN_MM)
    # Waters that meet are one: a border would be seen again where two overlap.
    whole = np.array([shapely.union_all(shapely.make_valid(shapes))], dtype=object)
    wet = outlined(drawing.frame, whole, drawing.grain).rings
    if not len(wet):
        return None
    around = drawing.window.inset(-2 * MARGIN_MM)
    return wet, Rings.joined([Rings.around(around), wet])


def _parted(item: Item, water: tuple[Rings, Rings] | None) -> Iterator[Item]:
    """Yield a border on land, and what of it runs through water so soft that the water stays."""
    if water is None or not isinstance(item, Path) or item.stroke is None:
        yield item
        return
    wet, dry = water
    yield replace(item, clip=dry, even_odd=True)
    if item.stroke.color != "#ffffff" and item.stroke.dash_mm:
        soft = replace(item.stroke, color=INK["shore"], width_mm=0.6 * item.stroke.width_mm)
        yield replace(item, stroke=soft, clip=wet, even_odd=True)


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
    gathered = {row for crowd in points.crowds for row in crowd.rows}
    alone = [row for row in range(len(points.ids)) if row not in gathered]
    if not gathered:
        return _plate(drawing, spec, list(_signs(drawing, points, alone)))
    # The graver ones come last: they lie on those that are gathered too.
    grave = [row for row in alone if points.kinds[row].startswith(GRAVE)]
    mild = [row for row in alone if not points.kinds[row].startswith(GRAVE)]
    items = [*_signs(drawing, points, mild), *_crowds(drawing, points)]
    return _plate(drawing, spec, [*items, *_signs(drawing, points, grave)])


def _signs(drawing: Drawing, points: Points, rows: Sequence[int]) -> Iterator[Item]:
    """Yield the signs of some points."""
    if rows:
        kinds = [points.kinds[row] for row in rows]
        xy = np.rint(drawing.frame.units(points.degrees[rows])).astype(np.int32)
        every = signs.looks(drawing.size)
        yield Marks({kind: every[kind] for kind in sorted(set(kinds))}, kinds, xy)


def _crowds(drawing: Drawing, points: Points) -> Iterator[Item]:
    """Yield the signs of cases that are drawn as one, with their number."""
    for crowd in points.crowds:
        ((x, y),) = drawing.frame.page([(crowd.lon, crowd.lat)]).tolist()
        radius = crowd_mm(len(crowd)) * drawing.size
        yield from moved(signs.crowd(crowd.worst(points.kinds), radius), x, y)
        said = str(len(crowd))
        size = min(1.15 * radius, 1.5 * radius / typeface().width(said))
        yield Text(said, x, y + CAP_HEIGHT * size / 2, size, INK["ink"], "middle")
