"""Hatches that say again what the colours say, for a sheet that is copied in grey."""

from __future__ import annotations

from functools import cache
from math import ceil, cos, floor, radians, sin
from typing import NamedTuple

from layers.print.drawing import PER_MM, Box, Path, Rings, Stroke


class Hatch(NamedTuple):
    """Parallel lines: their direction, how far they are apart and how wide, in millimetres."""

    angles_deg: tuple[float, ...]
    apart_mm: float
    width_mm: float


MISSING = Hatch((90.0,), 1.1, 0.08)
"""Upright and thin: nobody knows."""


@cache
def hatch_of(step: int, steps: int) -> Hatch | None:
    """Return the hatch of a class, 0 the lowest; closer the higher it is, crossed at the top.

    The lower third has none: a quiet city is not to be full of lines.
    """
    if steps < 2:
        return None
    share = step / (steps - 1)
    if share < 0.34:
        return None
    if share >= 1.0:
        return Hatch((45.0, 135.0), 1.1, 0.09)
    return Hatch((45.0,), 2.4 - 1.6 * share, 0.09)


def hatched(rings: Rings, hatch: Hatch, color: str, size: float, even_odd: bool = False) -> Path:
    """Return the lines of a hatch inside ``rings``; they run on from one area to the next.

    Parameters
    ----------
    rings : Rings
        What is hatched.
    hatch : Hatch
        How.
    color : str
        Of the lines.
    size : float
        1 on a sheet of 2.7 mm type: larger sheets have coarser hatches.
    even_odd : bool
        As in :class:`~layers.print.drawing.Path`.
    """
    low, high = rings.xy.min(axis=0) / PER_MM, rings.xy.max(axis=0) / PER_MM
    box = Box(float(low[0]), float(low[1]), *(float(side) for side in high - low))
    lines = [
        line for angle in hatch.angles_deg for line in _lines(box, angle, hatch.apart_mm * size)
    ]
    stroke = Stroke(color, hatch.width_mm * size, opacity=0.4)
    return Path(Rings.of(lines, closed=False), stroke=stroke, clip=rings, even_odd=even_odd)


def _lines(box: Box, angle_deg: float, apart: float) -> list[list[tuple[float, float]]]:
    """Return lines over a box, as far from the corner of the page as they always are."""
    along = (cos(radians(angle_deg)), -sin(radians(angle_deg)))
    across = (-along[1], along[0])
    corners = [(x, y) for x in (box.x, box.right) for y in (box.y, box.bottom)]
    offsets = [x * across[0] + y * across[1] for x, y in corners]
    reaches = [x * along[0] + y * along[1] for x, y in corners]
    found = []
    for number in range(ceil(min(offsets) / apart), floor(max(offsets) / apart) + 1):
        start = (number * apart * across[0], number * apart * across[1])
        found.append(
            [
                (start[0] + reach * along[0], start[1] + reach * along[1])
                for reach in (min(reaches), max(reaches))
            ]
        )
    return found
