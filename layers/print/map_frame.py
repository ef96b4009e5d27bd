"""Where the map lies on the page, and which ground it shows: true to scale in the city's own CRS.

Web Mercator stretches a city by a sixth; a sheet is measured with a ruler. So the map is drawn in
the metric CRS of the city file, and a millimetre of paper is the same ground all over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from math import ceil, floor, log10

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Proj, Transformer

from geo_data.faults import Fault, InputError
from layers.print.drawing import PER_MM, Box

Floats = npt.NDArray[np.float64]

ROUND = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0, 10.0)
"""Denominators of round scales, in powers of ten."""
LEAST = 200.0
"""A larger scale than this shows how exactly nothing here was surveyed."""
AIR = 0.02
"""Share of the frame left free around the region on each side."""
_DEGREES = (3, 5)
_AT_ONCE = 8192
_LATTICE = 9
_EXACT_MM = 0.002


@dataclass(frozen=True, slots=True)
class Affine:
    """Page millimetres to metres of the CRS: ``x = a·col + b·row + c``, ``y = d·col + e·row + f``.

    The order is that of GDAL's and rasterio's affine, and of a world file but for its rows.
    """

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def ground(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        """Return easting and northing of a point of the page."""
        return self.a * x_mm + self.b * y_mm + self.c, self.d * x_mm + self.e * y_mm + self.f

    def page(self, east: float, north: float) -> tuple[float, float]:
        """Return where on the page a point of the ground is, in millimetres."""
        return (east - self.c) / self.a, (north - self.f) / self.e

    def of_steps(self, x_mm: float, y_mm: float) -> Affine:
        """Return the affine that counts columns and rows of so many millimetres: of pixels."""
        return Affine(
            *(self.a * x_mm, self.b * y_mm, self.c),
            *(self.d * x_mm, self.e * y_mm, self.f),
        )


@dataclass(frozen=True)
class MapFrame:
    """The window of the sheet through which the ground is seen.

    Parameters
    ----------
    box : Box
        The inner neatline on the page.
    crs : str
        The metric CRS it is drawn in.
    denominator : float
        1 : so much.
    east, north : float
        Ground in the middle of the box, metres of the CRS.
    """

    box: Box
    crs: str
    denominator: float
    east: float
    north: float

    @property
    def metres_per_mm(self) -> float:
        """Ground under a millimetre of paper."""
        return self.denominator / 1000

    @property
    def affine(self) -> Affine:
        """From the page to the ground."""
        step = self.metres_per_mm
        x, y = self.box.middle
        return Affine(step, 0.0, self.east - step * x, 0.0, -step, self.north + step * y)

    @property
    def ground(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the box in metres of the CRS."""
        wide = self.box.width / 2 * self.metres_per_mm
        high = self.box.height / 2 * self.metres_per_mm
        return self.east - wide, self.north - high, self.east + wide, self.north + high

    @cached_property
    def transformer(self) -> Transformer:
        """Degrees to metres, lon before lat."""
        return to_metres(self.crs)

    @cached_property
    def degrees(self) -> tuple[float, float, float, float]:
        """West, south, east, north of what the box shows, in degrees, a little more than it."""
        sides = np.linspace(0, 1, 21)
        west, south, east, north = self.ground
        x = np.concatenate([west + (east - west) * sides] * 2 + [np.full(21, west)] * 1)
        y = np.concatenate(
            [np.full(21, south), np.full(21, north), south + (north - south) * sides]
        )
        x = np.append(x, np.full(21, east))
        y = np.append(y, south + (north - south) * sides)
        lon, lat = self.transformer.transform(x, y, direction="INVERSE")
        return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())

    @cached_property
    def _terms(self) -> tuple[Floats, Floats, Floats] | None:
        """A polynomial that says what the projection says, on this sheet; ``None`` if it cannot."""
        west, south, east, north = self.degrees
        middle = np.array([(west + east) / 2, (south + north) / 2], np.float64)
        half = np.array([(east - west) / 2, (north - south) / 2], np.float64) * 1.5
        u, v = (side.ravel() for side in np.meshgrid(*[np.linspace(-1, 1, _LATTICE)] * 2))
        lon, lat = middle[0] + u * half[0], middle[1] + v * half[1]
        page = self._exact(lon, lat)
        check = np.linspace(-0.97, 0.97, _LATTICE + 3)
        x, y = (side.ravel() for side in np.meshgrid(check, check))
        wanted = self._exact(middle[0] + x * half[0], middle[1] + y * half[1])
        # A city on a sheet is a small part of the earth: the third degree mostly does.
        for degree in _DEGREES:
            fitted = np.asarray(np.linalg.lstsq(_powers(u, v, degree), page, rcond=None)[0])
            if np.abs(_powers(x, y, degree) @ fitted - wanted).max() <= _EXACT_MM:
                return middle, half, fitted
        return None

    def _exact(self, lon: Floats, lat: Floats) -> Floats:
        east, north = self.transformer.transform(lon, lat)
        affine = self.affine
        return np.column_stack([(east - affine.c) / affine.a, (north - affine.f) / affine.e])

    def page(self, degrees: npt.ArrayLike) -> Floats:
        """Return where on the page ``lon, lat`` are, shape (n, 2), in millimetres.

        A million corners of buildings go through a polynomial that is fitted to the projection
        and agrees with it to 0.002 mm; what lies far outside goes through the projection.
        """
        rows = np.asarray(degrees, dtype=np.float64).reshape(-1, 2)
        terms = self._terms if len(rows) > 500 else None
        if terms is None:
            return self._exact(rows[:, 0], rows[:, 1])
        middle, half, fitted = terms
        scaled = (rows - middle) / half
        if len(scaled) and np.abs(scaled).max() > 1:
            return self._exact(rows[:, 0], rows[:, 1])
        return _evaluated(scaled, fitted)

    def units(self, degrees: npt.ArrayLike) -> Floats:
        """Return :meth:`page` in page units, not rounded."""
        return self.page(degrees) * PER_MM

    def convergence_deg(self) -> float:
        """Return by how much grid north lies east of true north in the middle of the map."""
        lon, lat = self.transformer.transform(self.east, self.north, direction="INVERSE")
        return float(Proj(CRS(self.crs)).get_factors(lon, lat).meridian_convergence)


def _powers(u: Floats, v: Floats, degree: int) -> Floats:
    return np.column_stack([u**i * v**j for i, j in _exponents(degree)])


def _exponents(degree: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]


def _evaluated(scaled: Floats, fitted: Floats) -> Floats:
    """Evaluate both polynomials by Horner's rule, so many rows at once as the processor holds."""
    degree = next(degree for degree in _DEGREES if len(_exponents(degree)) == len(fitted))
    terms = {power: fitted[row] for row, power in enumerate(_exponents(degree))}
    found = np.empty_like(scaled)
    for start in range(0, len(scaled), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        u, v = scaled[rows, 0].copy(), scaled[rows, 1].copy()
        for axis in (0, 1):
            total = np.zeros(len(u))
            for i in range(degree, -1, -1):
                inner = np.full(len(v), terms[i, degree - i][axis])
                for j in range(degree - i - 1, -1, -1):
                    inner *= v
                    inner += terms[i, j][axis]
                total *= u
                total += inner
            found[rows, axis] = total
    return found


@cache
def to_metres(crs: str) -> Transformer:
    """Return the way from degrees to metres of ``crs``, lon before lat."""
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def fitted(
    box: Box, crs: str, bounds: tuple[float, float, float, float], scale: int | str
) -> MapFrame:
    """Return the frame that shows ``bounds`` in ``box``.

    Parameters
    ----------
    box : Box
        The inner neatline.
    crs : str
        Metric CRS.
    bounds : tuple of float
        West, south, east, north of what must be seen, in metres of ``crs``.
    scale : int or str
        ``round``, ``free`` or a denominator.

    Raises
    ------
    InputError
        At the scale asked for it does not fit: the largest that does is named.
    """
    west, south, east, north = bounds
    at_least = needed(box, bounds)
    least = max(at_least, LEAST)
    if scale == "round":
        denominator = round_up(least)
    elif scale == "free":
        digits = 10.0 ** (floor(log10(least)) - 2)
        denominator = ceil(least / digits) * digits
    else:
        denominator = float(scale)
        # Somebody who names a scale may do with less air around.
        if denominator < at_least * (1 - 2 * AIR):
            values: dict[str, object] = {
                "asked": write_denominator(denominator),
                "largest": write_denominator(round_up(at_least * (1 - 2 * AIR))),
            }
            raise InputError(Fault("sheet-scale", values=values))
    return MapFrame(box, crs, denominator, (west + east) / 2, (south + north) / 2)


def needed(box: Box, bounds: tuple[float, float, float, float]) -> float:
    """Return the denominator at which bounds fill a box but for the air around them."""
    west, south, east, north = bounds
    room = (box.width * (1 - 2 * AIR), box.height * (1 - 2 * AIR))
    return max((east - west) / room[0], (north - south) / room[1]) * 1000


def extent_of(outline: shapely.Geometry, crs: str) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a shape in EPSG:4326, in metres of ``crs``."""
    to_page = to_metres(crs)
    metres = shapely.transform(outline, lambda x, y: to_page.transform(x, y), interleaved=False)
    west, south, east, north = metres.bounds
    return west, south, east, north


def round_up(denominator: float) -> float:
    """Return the smallest round denominator that is not below."""
    power = 10.0 ** floor(log10(denominator) + 1e-12)
    return next(power * step for step in ROUND if power * step >= denominator * (1 - 1e-9))


def write_denominator(denominator: float) -> str:
    """Write a scale: ``1:25,000``."""
    return f"1:{denominator:,.0f}"
