"""The signs of points, in the shapes the screen draws: told apart without any colour.

Severity is the shape and the size, stage is the filling: full is waiting, half is in hand, empty
is done. Sensors are hexagons, so that no state is read as a case.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import cos, pi, sin
from types import MappingProxyType

import numpy as np

from layers.print.drawing import Path, Rings, Stroke
from layers.style import TOKENS

Looks = Mapping[str, tuple[Path, ...]]

THEME = "light"
"""Paper is light."""
CASE_MM: Mapping[int, float] = {1: 2.1, 2: 1.75, 3: 1.3, 4: 0.85}
"""Half the size of a case's sign by severity, on a sheet of 2.7 mm type."""
ENDED_MM = 0.45
STATE_MM: Mapping[int, float] = {0: 0.28, 1: 1.1, 2: 1.45, 3: 0.5}
SMALL_STATE_MM: Mapping[int, float] = {0: 0.16, 3: 0.26}
"""Of healthy and silent sensors where there are thousands: the map stays a map."""
_SMALL = "-small"
_HAVE_SMALL = frozenset(f"sensor-{state}" for state in SMALL_STATE_MM)
PLACE_MM = 0.5
TYPE_MM = 2.7
_ROUND = 28
_RIM = 0.28
"""Of the sign's size, left white around it."""


def case_kind(severity: int, progress: int, overdue: bool) -> str:
    """Return the name of a case's sign; ``progress`` as :func:`layers.points.progress`."""
    if progress == 3:
        return "case-ended"
    return f"case-{severity}-{progress}{'-overdue' if overdue else ''}"


def state_kind(state: int) -> str:
    """Return the name of a sensor's sign."""
    return f"sensor-{state}"


def sized(kind: str, many: bool) -> str:
    """Return the name of a sign as it is drawn where there are ``many``: the quiet ones small."""
    plain = kind.removesuffix(_SMALL)
    return plain + _SMALL if many and plain in _HAVE_SMALL else plain


@cache
def looks(size: float = 1.0) -> Looks:
    """Return every sign by its name, around (0, 0).

    Parameters
    ----------
    size : float
        1 for a sheet of 2.7 mm type.
    """
    found: dict[str, tuple[Path, ...]] = {"case-ended": _ended(size), "place": _place(size)}
    for severity in CASE_MM:
        for progress in range(3):
            for overdue in (False, True):
                kind = case_kind(severity, progress, overdue)
                found[kind] = _case(severity, progress, overdue, size)
    for state, radius in STATE_MM.items():
        found[state_kind(state)] = _sensor(state, radius * size)
    for state, radius in SMALL_STATE_MM.items():
        found[sized(state_kind(state), many=True)] = _sensor(state, radius * size)
    return MappingProxyType(found)


def corners(count: int, radius: float, turn: float) -> list[tuple[float, float]]:
    """Return a regular polygon around (0, 0)."""
    angles = [turn + 2 * pi * i / count for i in range(count)]
    return [(radius * cos(angle), radius * sin(angle)) for angle in angles]


def disc(radius: float) -> list[tuple[float, float]]:
    """Return a circle around (0, 0)."""
    return corners(_ROUND, radius, 0.0)


def _outline(severity: int, radius: float) -> list[tuple[float, float]]:
    if severity == 1:
        return corners(4, radius * 1.12, 0.0)
    if severity == 2:
        return [(x, y + 0.15 * radius) for x, y in corners(3, radius * 1.16, -pi / 2)]
    if severity == 3:
        return corners(4, radius * 1.05, pi / 4)
    return disc(radius * 0.92)


def _case(severity: int, progress: int, overdue: bool, size: float) -> tuple[Path, ...]:
    tokens = TOKENS[THEME]
    radius = CASE_MM[severity] * size
    color = tokens[f"warning-{severity}"]
    outline = _outline(severity, radius)
    parts = [Path(Rings.of([_outline(severity, radius * (1 + _RIM))]), fill="#ffffff", opacity=0.9)]
    filled = outline if progress == 0 else _lower_half(outline) if progress == 1 else None
    if filled is not None:
        parts.append(Path(Rings.of([filled]), fill=color))
    parts.append(Path(Rings.of([outline]), stroke=Stroke(color, max(0.12, 0.2 * radius))))
    if overdue:
        ring = Stroke(tokens["ink"], 0.12 * size, (0.55 * size, 0.3 * size))
        parts.append(Path(Rings.of([disc(radius * 1.42)]), stroke=ring))
    return tuple(parts)


def _lower_half(outline: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return what of a convex outline is below its middle."""
    found: list[tuple[float, float]] = []
    for (x, y), (next_x, next_y) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if y >= 0:
            found.append((x, y))
        if (y < 0) != (next_y < 0):
            share = y / (y - next_y)
            found.append((x + share * (next_x - x), 0.0))
    return found


def _ended(size: float) -> tuple[Path, ...]:
    color = TOKENS[THEME]["offline"]
    return (Path(Rings.of([disc(ENDED_MM * size)]), fill=color, opacity=0.65),)


def _place(size: float) -> tuple[Path, ...]:
    tokens = TOKENS[THEME]
    rim = Stroke("#ffffff", 0.15 * size)
    return (Path(Rings.of([disc(PLACE_MM * size)]), fill=tokens["ink-2"], stroke=rim),)


def _sensor(state: int, radius: float) -> tuple[Path, ...]:
    tokens = TOKENS[THEME]
    if state == 0:
        return (Path(Rings.of([disc(radius)]), fill=tokens["ok"], opacity=0.6),)
    if state == 3:
        line = Stroke(tokens["offline"], 0.32 * radius)
        return (Path(Rings.of([corners(6, radius, pi / 6)]), stroke=line),)
    color = tokens["warning-3" if state == 1 else "warning-1"]
    inner = corners(6 if state == 2 else 3, radius * (0.58 if state == 2 else 0.5), -pi / 2)
    return (
        Path(Rings.of([corners(6, radius * 1.22, pi / 6)]), fill="#ffffff", opacity=0.9),
        Path(Rings.of([corners(6, radius, pi / 6)]), stroke=Stroke(color, 0.2 * radius)),
        Path(Rings.of([inner]), fill=color),
    )


def crowd(severity: int, radius: float) -> tuple[Path, ...]:
    """Return the sign of gathered cases, the worst so severe; their number is written in it."""
    rim = Stroke(TOKENS[THEME][f"warning-{severity}"], 0.1 * radius + 0.06)
    return (
        Path(Rings.of([disc(radius * 1.14)]), fill="#ffffff", opacity=0.8),
        Path(Rings.of([disc(radius)]), fill="#ffffff", opacity=0.92, stroke=rim),
    )


@cache
def reach_mm(kind: str, size: float = 1.0) -> float:
    """Return how far from its point a sign reaches."""
    shapes = looks(size)[kind]
    return max(float(np.abs(shape.rings.xy).max()) for shape in shapes) / 100
