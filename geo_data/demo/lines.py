"""Rivers and expressways, drawn through the few points a plan gives of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """A river or an expressway; ``path`` is its middle, in metres."""

    name: str
    kind: str
    width_m: float
    path: shapely.LineString


def drawn(name: str, kind: str, width_m: float, path: Floats, random: np.random.Generator) -> Line:
    """Draw a line through its few given points: rounded, and meandering if it is a river."""
    for _ in range(4):
        quarter = path[:-1] * 0.75 + path[1:] * 0.25
        three = path[:-1] * 0.25 + path[1:] * 0.75
        inner = np.stack((quarter, three), axis=1).reshape(-1, 2)
        path = np.concatenate((path[:1], inner, path[-1:]))
    smooth = shapely.LineString(path)
    step_m = max(80.0, smooth.length / 1500.0)
    along = np.linspace(0.0, 1.0, max(int(smooth.length / step_m), 8) + 1)
    points = shapely.get_coordinates(shapely.line_interpolate_point(smooth, along, normalized=True))
    if kind == "river":
        points[1:-1] += _meander(points, random, width_m)[1:-1]
    return Line(name, kind, width_m, shapely.LineString(points))


def _meander(points: Floats, random: np.random.Generator, width_m: float) -> Floats:
    """Sideways swing: the wider the river, the longer and wider its bends."""
    heading = np.gradient(points, axis=0)
    heading /= np.hypot(heading[:, 0], heading[:, 1])[:, None]
    side = np.column_stack((-heading[:, 1], heading[:, 0]))
    away_m = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
    swing = np.zeros(len(points))
    bend_m = 1500.0 + 10.0 * width_m
    for octave in range(5):
        pitch_m = bend_m / 1.7**octave * random.uniform(0.8, 1.25)
        size_m = (35.0 + 0.4 * width_m) / 2.2**octave
        # Bends come in fits: a swelling that fades in and out keeps them from marching.
        swell = 0.55 + 0.45 * np.sin(away_m / pitch_m * 1.7 + random.uniform(0.0, 6.28))
        swing += size_m * swell * np.sin(2.0 * np.pi * away_m / pitch_m + random.uniform(0.0, 6.28))
    ends = np.minimum(1.0, np.minimum(away_m, away_m[-1] - away_m) / 500.0)
    aside: Floats = side * (swing * ends)[:, None]
    return aside
