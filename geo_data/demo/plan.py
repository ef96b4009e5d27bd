"""What a district is like before anything is drawn in it: seats, centres, rivers, directions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from geo_data.demo.lines import Floats, Line
from geo_data.demo.outline import Outline

_RASTER = 320
_LEVELS = 6


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a town has its seat; ``area_km2`` is what it should come to."""

    code: str
    name: str
    x: float
    y: float
    area_km2: float


@dataclass(frozen=True, slots=True)
class Spots:
    """Places from which something falls off: centres of building, industrial areas."""

    names: tuple[str, ...]
    x: Floats
    y: Floats
    weight: Floats
    radius_m: Floats

    def at(self, x: ArrayLike, y: ArrayLike, only: frozenset[str] | None = None) -> Floats:
        """Strength, 0 to 1, at positions of any shape: half the weight at one radius."""
        use = [index for index, name in enumerate(self.names) if only is None or name in only]
        dx = np.asarray(x)[..., None] - self.x[use]
        dy = np.asarray(y)[..., None] - self.y[use]
        share = np.hypot(dx, dy) / self.radius_m[use]
        # Flat near the middle, then quickly down: cities end, they do not fade for ever.
        strength: Floats = np.max(self.weight[use] / (1.0 + share**3.2), axis=-1, initial=0.0)
        return strength


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the drawing starts from; positions are metres of ``outline.metric_crs``."""

    outline: Outline
    seats: tuple[Seat, ...]
    centres: Spots
    industry: Spots
    lines: tuple[Line, ...]
    metro: tuple[tuple[str, float, float], ...]
    functional: tuple[str, str, frozenset[str]]
    population: int
    home: bool
    waves: Floats = field(repr=False)

    def urban(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """How built up a position is, 0 (fields) to 1 (city centre); frayed, not round."""
        sway_m = 420.0 * self.noise(x, y, 2600.0), 420.0 * self.noise(y, x, 2600.0)
        return self.centres.at(np.asarray(x) + sway_m[0], np.asarray(y) + sway_m[1])

    def industrial(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """How industrial a position is, 0 to 1."""
        sway_m = 350.0 * self.noise(x, y, 1900.0), 350.0 * self.noise(y, x, 1900.0)
        return self.industry.at(np.asarray(x) + sway_m[0], np.asarray(y) + sway_m[1])

    def noise(self, x: ArrayLike, y: ArrayLike, pitch_m: float) -> Floats:
        """Smooth noise of about unit size whose bumps are ``pitch_m`` apart."""
        kx, ky, phase = self.waves
        arg = (np.asarray(x)[..., None] * kx + np.asarray(y)[..., None] * ky) / pitch_m + phase
        total: Floats = np.sin(arg).sum(axis=-1) * np.sqrt(2.0 / len(phase))
        return total

    def angle(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Local direction of streets, radians from east, slowly turning over the district."""
        return 0.16 * self.noise(x, y, 9000.0)


class Raster:
    """A field looked up at single points, thousands of times, without numpy's cost per call.

    Parameters
    ----------
    field_of : callable
        The field as a function of arrays of x and y.
    plan : Plan
        Whose outline it must cover.
    """

    def __init__(self, field_of: Callable[[ArrayLike, ArrayLike], Floats], plan: Plan) -> None:
        west, south, east, north = shapely.total_bounds(plan.outline.parts).tolist()
        self._west, self._south = west, south
        self._step_m = max(east - west, north - south) / (_RASTER - 1)
        ticks = np.arange(_RASTER) * self._step_m
        x, y = np.meshgrid(west + ticks, south + ticks)
        values = field_of(x, y)
        self._levels: list[list[list[float]]] = []
        for level in range(_LEVELS):
            self._levels.append(values.tolist())
            values = _highest_around(values, 2**level)

    def __call__(self, x: float, y: float, around_m: float = 0.0) -> float:
        """Return the field at the nearest knot, or the highest within a square of knots."""
        knots = around_m / self._step_m
        level = min(int(math.log2(knots + 1.0)), _LEVELS - 1) if knots > 0.0 else 0
        row = min(max(int((y - self._south) / self._step_m + 0.5), 0), _RASTER - 1)
        column = min(max(int((x - self._west) / self._step_m + 0.5), 0), _RASTER - 1)
        return self._levels[level][row][column]


def _highest_around(values: Floats, knots: int) -> Floats:
    """Return the highest value within so many knots, along both axes."""
    for axis in (0, 1):
        padded = np.pad(values, [(knots, knots) if axis == at else (0, 0) for at in (0, 1)], "edge")
        windows = sliding_window_view(padded, 2 * knots + 1, axis=axis)
        values = windows.max(axis=-1)
    return values
