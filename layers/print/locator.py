"""The locator 位置示意: where the region lies in what the viewer may see, and where north is.

It never goes beyond the root of the city: no outline of the country is ours to draw.
"""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import shapely

from layers.print import signs
from layers.print.blocks import INK, Block, Sheaf
from layers.print.contents import Contents, outline_of
from layers.print.drawing import PER_MM, Box, Item, Path, Rings, Stroke, Text
from layers.print.generalising import Grain, outlined
from layers.print.graticule import write_degrees
from layers.print.map_frame import MapFrame, fitted
from layers.style import WORDS

_TALLEST = 16.0
_SHORTEST = 8.0
_SPECK_MM = 1.6
"""A region smaller than this in the locator is ringed."""
NOTED_DEG = 0.05
"""A convergence below this is less than anybody can draw."""


def locator_block(
    contents: Contents, frame: MapFrame, width: float, type_mm: float, tallest: float = _TALLEST
) -> Block:
    """Return the locator: the root region with its parts, the region and the sheet in it."""
    sheaf = Sheaf("locator", width, type_mm)
    sheaf.head(WORDS("print-locator", contents.language), contents.tree.root.name)
    root = _root_shape(contents)
    page = shapely.transform(root, lambda xy: np.column_stack(frame.transformer.transform(*xy.T)))
    west, south, east, north = page.bounds
    if contents.region.code == contents.tree.root.code:
        # A small map would show what the map itself shows.
        sheaf.lines([_root_words(contents, (east - west) / 1000, (north - south) / 1000)])
        return sheaf.block()
    high = min(max(width * (north - south) / (east - west), _SHORTEST * type_mm), tallest * type_mm)
    box = Box(0.0, sheaf.y + 0.3 * type_mm, width, high)
    small = fitted(box, frame.crs, (west, south, east, north), "free")
    sheaf.items += _drawn(contents, frame, small, type_mm / signs.TYPE_MM)
    sheaf.y += high + 0.6 * type_mm
    return sheaf.block()


def _root_words(contents: Contents, wide_km: float, high_km: float) -> str:
    """Return where the root lies and how large it is: the sheet shows all of it."""
    region = contents.region
    said: dict[str, object] = {
        "place": region.name,
        "lon": write_degrees(round(region.lon * 60) / 60),
        "lat": write_degrees(round(region.lat * 60) / 60),
        "wide": f"{wide_km:.1f}",
        "high": f"{high_km:.1f}",
        "area": f"{region.area_km2:,.0f}" if region.area_km2 >= 10 else f"{region.area_km2:.2g}",
    }
    return WORDS("print-whole", contents.language, **said)


def _root_shape(contents: Contents) -> shapely.Geometry:
    return outline_of(contents.store, contents.scope, contents.tree.root)


def _drawn(contents: Contents, frame: MapFrame, small: MapFrame, size: float) -> list[Item]:
    grain = Grain(10)
    root = outlined(small, np.array([_root_shape(contents)], dtype=object), grain).rings
    items: list[Item] = [Path(root, fill=INK["ground"])]
    keys = contents.tree_levels()
    if len(keys) > 1 and keys[1] in contents.levels:
        parts = outlined(small, contents.levels[keys[1]].shapes, grain).rings
        items.append(Path(parts, stroke=Stroke(INK["border"], 0.1 * size, opacity=0.7)))
    own = outlined(small, np.array([contents.outline], dtype=object), grain).rings
    items.append(Path(own, fill=INK["accent"], stroke=Stroke(INK["accent"], 0.25 * size)))
    items.append(Path(root, stroke=Stroke(INK["ink"], 0.22 * size)))
    if len(own) == 0 or float(np.ptp(own.xy, axis=0).max()) < _SPECK_MM * size * PER_MM:
        # What is a speck on so small a map has a ring around it.
        x, y = small.page([(contents.region.lon, contents.region.lat)])[0].tolist()
        ring = [(x + dx, y + dy) for dx, dy in signs.disc(_SPECK_MM * size)]
        items.append(Path(Rings.of([ring]), stroke=Stroke(INK["accent"], 0.4 * size)))
        return items
    west, south, east, north = frame.ground
    (left, top), (right, bottom) = small.affine.page(west, north), small.affine.page(east, south)
    sheet = Box(left, top, right - left, bottom - top)
    seen = _common(sheet, small.box)
    items.append(Path(Rings.around(seen), stroke=Stroke(INK["ink"], 0.3 * size)))
    return items


def _common(sheet: Box, box: Box) -> Box:
    x, y = max(sheet.x, box.x), max(sheet.y, box.y)
    return Box(x, y, min(sheet.right, box.right) - x, min(sheet.bottom, box.bottom) - y)


def north_arrow(frame: MapFrame, box: Box, type_mm: float, language: str) -> list[Item]:
    """Return an arrow to true north in a box of the page, with the letter on it.

    The sheet's own upright is grid north; where the two differ by an amount that can be drawn a
    hairline shows it.
    """
    turn = -radians(frame.convergence_deg())
    middle_x, foot = box.middle[0], box.bottom - 0.2 * type_mm
    tall, wide = box.height - 1.9 * type_mm, 1.25 * type_mm

    def at(x: float, y: float) -> tuple[float, float]:
        return middle_x + x * cos(turn) + y * sin(turn), foot + x * sin(turn) - y * cos(turn)

    tip, notch = at(0, tall), at(0, 0.26 * tall)
    left, right = at(-wide, 0), at(wide, 0)
    rim = Stroke(INK["ink"], 0.07 * type_mm)
    head = at(0, tall + 0.5 * type_mm)
    size = 1.35 * type_mm
    items: list[Item] = [
        Path(Rings.of([[tip, right, notch, left]]), fill="#ffffff", stroke=rim),
        Path(Rings.of([[tip, right, notch]]), fill=INK["ink"]),
    ]
    if abs(frame.convergence_deg()) >= NOTED_DEG:
        line = Rings.of([[(middle_x, foot), (middle_x, foot - 1.02 * tall)]], closed=False)
        items.append(Path(line, stroke=Stroke(INK["ink-2"], 0.04 * type_mm, (0.5, 0.35))))
    letter = WORDS("print-north", language)
    items.append(Text(letter, head[0], head[1], size, INK["ink"], "middle", True, halo="#ffffff"))
    return items


def scale_bar(denominator: float, width: float) -> tuple[float, int, float]:
    """Return metres of the bar, in how many parts, and its millimetres on the page.

    The longest round bar that fits ``width``.
    """
    most = width * denominator / 1000
    power = 10.0 ** np.floor(np.log10(most))
    step, parts = next(
        (step, parts)
        for step, parts in ((8.0, 4), (5.0, 5), (4.0, 4), (2.0, 4), (1.0, 5))
        if step * power <= most
    )
    metres = float(step * power)
    return metres, parts, metres * 1000 / denominator
