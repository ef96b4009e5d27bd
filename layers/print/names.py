"""Names on the map: by the styles of the screen, none on another, none on a grave sign.

A name stands where its area has the most room. Where that is taken, a region's name moves aside
and a leader shows what it belongs to; a place's name is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
import shapely

from geo_data.records import FUNCTIONAL
from layers.labels import FUNCTIONAL_STYLE, PLACE_STYLES, Style, chain_styles
from layers.print import signs
from layers.print.contents import zoom_of
from layers.print.drawing import Box, Item, Path, Plate, Rings, Stroke, Text
from layers.print.gathering import crowd_mm
from layers.print.generalising import clipped
from layers.print.plates import INK, Drawing
from layers.print.typeface import ASCENT, DESCENT, line_width, typeface

MM_PER_PX = 0.2
"""Type of the screen on a sheet of 2.7 mm type."""
_GAP = 0.6
"""Kept free around a name, in millimetres on such a sheet."""
_LEAST_AREA_MM2 = 2.0
_MOST_PLACES = 600
_FINEST, _ROOMY = 0.86, 5.0
"""Names of the finest level are smaller, and stand in areas so many times as large as they are."""
_NUDGES = ((0.0, 0.0), (0.0, -0.8), (0.0, 0.8), (-0.5, 0.0), (0.5, 0.0), (0.0, -1.6), (0.0, 1.6))
"""Where else a name may stand, in parts of its width and heights of its type."""
_REACHES_MM = (5.0, 8.0, 12.0, 17.0)
"""How far a leader may reach."""
_WAYS = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name that wants to stand at a point of the page.

    ``is_due`` names are led to by a line rather than left out; ``is_within`` says whether it names
    something of the region shown.
    """

    text: str
    x: float
    y: float
    size_mm: float
    color: str
    is_due: bool = False
    is_within: bool = True
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A name where it stands; ``leader`` is the line to what it names."""

    name: Wanted
    box: Box
    leader: tuple[tuple[float, float], tuple[float, float]] | None = None


def name_plate(drawing: Drawing, taken: Sequence[Box] = ()) -> tuple[Plate, list[Placed]]:
    """Return the plate of names, and each with where it stands.

    Parameters
    ----------
    drawing : Drawing
        What is drawn.
    taken : sequence of Box
        Where no name may stand.
    """
    spec = next((one for one in drawing.contents.specs if one.geometry == "text"), None)
    if spec is None:
        return Plate("labels", "", ()), []
    wanted = list(_wanted(drawing))
    placed = place(wanted, drawing.window.inset(0.8), [*taken, *_grave(drawing)], drawing.size)
    items: list[Item] = list(_leaders(placed, drawing.size))
    items += [_written(one) for one in placed]
    name = spec.name(drawing.contents.language)
    return Plate(spec.key, name, tuple(items), clip=drawing.window, optional=True), placed


def place(wanted: Sequence[Wanted], window: Box, taken: Sequence[Box], size: float) -> list[Placed]:
    """Give every name room, the first of the list first; those that find none are left out."""
    room = _Room(taken)
    found = []
    for name in wanted:
        one = next((spot for spot in _spots(name, size) if room.is_free(spot.box, window)), None)
        if one is not None:
            room.take(one.box)
            found.append(one)
    return found


class _Room:
    """Boxes on the page, found by the cells they touch."""

    CELL = 12.0

    def __init__(self, taken: Iterable[Box]) -> None:
        self._cells: dict[tuple[int, int], list[Box]] = {}
        for box in taken:
            self.take(box)

    def _touched(self, box: Box) -> Iterator[tuple[int, int]]:
        cell = self.CELL
        for column in range(int(box.x // cell), int(box.right // cell) + 1):
            for row in range(int(box.y // cell), int(box.bottom // cell) + 1):
                yield column, row

    def take(self, box: Box) -> None:
        for cell in self._touched(box):
            self._cells.setdefault(cell, []).append(box)

    def is_free(self, box: Box, window: Box) -> bool:
        if not window.holds(box):
            return False
        return not any(
            box.meets(other) for cell in self._touched(box) for other in self._cells.get(cell, ())
        )


def _spots(name: Wanted, size: float) -> Iterator[Placed]:
    gap = _GAP * size
    width = line_width(name.text, name.size_mm, name.bold) + 2 * gap
    height = name.size_mm * (ASCENT + DESCENT) + 2 * gap
    for aside, down in _NUDGES:
        x, y = name.x + aside * width, name.y + down * name.size_mm
        yield Placed(name, Box(x - width / 2, y - height / 2, width, height))
    if not name.is_due:
        return
    for reach in _REACHES_MM:
        for way in range(_WAYS):
            turn = 2 * pi * way / _WAYS + pi / 6
            x = name.x + cos(turn) * (reach * size + width / 2)
            y = name.y + sin(turn) * (reach * size + height / 2)
            box = Box(x - width / 2, y - height / 2, width, height)
            yield Placed(name, box, _leader(box, name, gap))


def _leader(box: Box, name: Wanted, gap: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the line from the point named to the nearest point of its name."""
    inner = box.inset(gap)
    x = min(max(name.x, inner.x), inner.right)
    y = min(max(name.y, inner.y), inner.bottom)
    return (name.x, name.y), (x, y)


def _leaders(placed: Sequence[Placed], size: float) -> Iterator[Path]:
    lines = [one.leader for one in placed if one.leader is not None]
    if not lines:
        return
    yield Path(Rings.of(lines, closed=False), stroke=Stroke("#ffffff", 0.5 * size, opacity=0.8))
    yield Path(Rings.of(lines, closed=False), stroke=Stroke(INK["ink"], 0.14 * size))
    dots = [
        [(x + start[0], y + start[1]) for x, y in signs.disc(0.35 * size)] for start, _ in lines
    ]
    yield Path(Rings.of(dots), fill=INK["ink"])


def _written(one: Placed) -> Text:
    name, (x, y) = one.name, one.box.middle
    return Text(
        name.text,
        x,
        y + name.size_mm * ((ASCENT - DESCENT) / 2 + 0.005),
        name.size_mm,
        name.color,
        anchor="middle",
        bold=name.bold,
        halo="#ffffff" if name.is_within else INK["ground"],
        opacity=1.0 if name.is_within else 0.75,
    )


def _grave(drawing: Drawing) -> Iterator[Box]:
    """Yield the boxes of signs that nothing may cover: grave cases, alarms, and numbers."""
    grave = ("case-1", "case-2", "case-3", "sensor-1", "sensor-2")
    for points in drawing.contents.points.values():
        for crowd in points.crowds:
            ((x, y),) = drawing.frame.page([(crowd.lon, crowd.lat)]).tolist()
            reach = crowd_mm(len(crowd)) * drawing.size
            yield Box(x - reach, y - reach, 2 * reach, 2 * reach)
        rows = [row for row, kind in enumerate(points.kinds) if kind.startswith(grave)]
        if not rows:
            continue
        for (x, y), row in zip(
            drawing.frame.page(points.degrees[rows]).tolist(), rows, strict=True
        ):
            reach = signs.reach_mm(points.kinds[row], drawing.size)
            yield Box(x - reach, y - reach, 2 * reach, 2 * reach)


def _wanted(drawing: Drawing) -> Iterator[Wanted]:
    contents = drawing.contents
    zoom = zoom_of(drawing.frame.denominator, contents.region.lat)
    keys = contents.tree_levels()
    styles = chain_styles(keys)
    shown = [key for key in keys if key in contents.levels and _stands(styles[key], zoom)]
    own = contents.region.level
    for key in shown:
        yield from _regions(drawing, key, styles[key], within=True)
    yield from _placed_names(drawing, f"region-{FUNCTIONAL}", FUNCTIONAL_STYLE, "accent", zoom)
    for kind, style in PLACE_STYLES.items():
        token = "park" if kind == "park" else "ink-2"
        yield from _placed_names(drawing, f"place-{kind}", style, token, zoom)
    if own in contents.levels and own != keys[0]:
        # What lies around is named as large as the region itself would be, if more quietly.
        yield from _regions(drawing, own, styles[own], within=False)


def _stands(style: Style, zoom: float) -> bool:
    return style.min_zoom <= zoom < style.max_zoom


def _size(drawing: Drawing, style: Style) -> float:
    return style.size_px * MM_PER_PX * drawing.size


def _regions(drawing: Drawing, level: str, style: Style, *, within: bool) -> Iterator[Wanted]:
    """Yield the names of a level inside of the region, or of its neighbours."""
    contents = drawing.contents
    areas = contents.levels[level]
    inside = contents.inside()
    rows = [row for row, code in enumerate(areas.ids) if (code in inside) == within]
    rows = [row for row in rows if areas.ids[row] != contents.region.code]
    near = clipped(drawing.frame, areas.shapes[rows], 0.0)
    finest = level == contents.store.city.finest_level
    color = INK["ink"] if within and not finest else INK["ink-2"]
    size = _size(drawing, style) * (_FINEST if finest else 1.0)
    # Thousands of numbered grids are named where they have room; a town is named in any case.
    due, bold = within and not finest, within and not finest
    found = []
    for row, shape in zip(rows, near, strict=True):
        spot = roomiest(drawing, shape)
        if spot is not None:
            x, y, area = spot
            name = Wanted(areas.names[row], x, y, size, color, due, within, bold)
            if not finest or _has_room(drawing, name, shape, area):
                found.append((area, name))
    # A small one has the least room: it chooses first.
    yield from (name for _, name in sorted(found, key=lambda pair: pair[0]))


def _has_room(drawing: Drawing, name: Wanted, shape: shapely.Geometry, area: float) -> bool:
    """Whether a name stays in its area: wider ones would seem to name the next one too."""
    width = typeface().width(name.text, name.size_mm)
    west, south, east, north = shape.bounds
    room = np.ptp(drawing.frame.page([(west, south), (east, north)]), axis=0)
    return area >= _ROOMY * width * name.size_mm and width <= room[0]


def roomiest(drawing: Drawing, shape: shapely.Geometry) -> tuple[float, float, float] | None:
    """Return the middle of the largest circle in a shape on the page, and its area in mm²."""
    if shape is None or shape.is_empty:
        return None
    page = shapely.simplify(shapely.transform(shape, drawing.frame.page), 0.15)
    parts = [part for part in shapely.get_parts(page) if part.geom_type == "Polygon"]
    if not parts:
        return None
    largest = max(parts, key=lambda part: part.area)
    if largest.area < _LEAST_AREA_MM2 * drawing.size**2:
        return None
    middle = shapely.get_point(shapely.maximum_inscribed_circle(largest, tolerance=0.2), 0)
    return float(middle.x), float(middle.y), float(largest.area)


def _placed_names(
    drawing: Drawing, key: str, style: Style, token: str, zoom: float
) -> Iterator[Wanted]:
    """Yield the names of places of a kind, the largest first."""
    areas = drawing.contents.areas.get(key)
    if areas is None or not len(areas.ids) or not _stands(style, zoom):
        return
    box = shapely.bounds(areas.shapes)
    low, high = drawing.frame.page(box[:, :2]), drawing.frame.page(box[:, 2:])
    room = np.abs(high - low)
    order = np.argsort(-room.prod(axis=1), kind="stable")[:_MOST_PLACES]
    least = _LEAST_AREA_MM2 * drawing.size**2
    spots = drawing.frame.page(shapely.get_coordinates(shapely.point_on_surface(areas.shapes)))
    for row in order.tolist():
        name, size = areas.names[row], _size(drawing, style)
        # A name wider than its place would seem to name the next one too.
        if name and room[row].prod() >= least and line_width(name, size) <= room[row][0]:
            x, y = spots[row].tolist()
            yield Wanted(name, x, y, size, INK[token])
