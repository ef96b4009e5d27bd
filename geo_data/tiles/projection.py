"""Where tiles lie: the unit square of Web Mercator, ``y`` downwards, cut in four at every zoom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo_data.faults import Fault, InputError

EXTENT = 4096
BUFFER = 256
"""Units beyond the edge that a tile holds: wider than a building at the zooms they are seen at,
so that a footprint on an edge is whole in both tiles."""
PIXEL = EXTENT // 512
FIRST_ZOOM, DETAIL_ZOOM, LAST_ZOOM = 6, 18, 22
"""Zooms that are told to viewers, and the last that is answered: a viewer stretches tiles of
``DETAIL_ZOOM``, whose unit is 4 cm on the ground, further than anybody needs."""

Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Spot:
    """One tile: zoom, column from the west, row from the north.

    Raises
    ------
    InputError
        There is no such tile at this zoom.
    """

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        inside = 0 <= self.z <= LAST_ZOOM
        if not (inside and 0 <= self.x < 1 << self.z and 0 <= self.y < 1 << self.z):
            asked: dict[str, object] = {"z": self.z, "x": self.x, "y": self.y, "last": LAST_ZOOM}
            raise InputError(Fault("tile-range", values=asked))

    @property
    def scale(self) -> float:
        """Units of the tile in one side of the square."""
        return float(EXTENT << self.z)

    @property
    def corner(self) -> tuple[float, float]:
        """North-western corner in the square."""
        return self.x / (1 << self.z), self.y / (1 << self.z)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, north, east, south in the square, the buffer with it."""
        edge, side = BUFFER / self.scale, 1 / (1 << self.z)
        west, north = self.corner
        return west - edge, north - edge, west + side + edge, north + side + edge


def to_square(degrees: Numbers) -> Numbers:
    """Return lon, lat, shape (n, 2), as positions in the unit square of Web Mercator."""
    x = degrees[:, 0] / 360 + 0.5
    # Where the square ends, at 85.05 degrees; the poles would be infinitely far.
    sine = np.clip(np.sin(np.radians(degrees[:, 1])), -0.99627207, 0.99627207)
    return np.column_stack([x, 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)])


def to_degrees(square: Numbers) -> Numbers:
    """Return positions in the unit square, shape (n, 2), as lon, lat."""
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * square[:, 1]))))
    return np.column_stack([square[:, 0] * 360 - 180, lat])


def spots_over(bounds: tuple[float, float, float, float], z: int) -> tuple[range, range]:
    """Return the columns and rows of the tiles that a box of degrees touches, buffers included.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north.
    z : int
        Zoom.
    """
    west, south, east, north = bounds
    square = to_square(np.array([[west, north], [east, south]])) * (1 << z)
    edge = BUFFER / EXTENT
    low = np.clip(np.floor(square[0] - edge), 0, (1 << z) - 1).astype(int).tolist()
    high = np.clip(np.floor(square[1] + edge), 0, (1 << z) - 1).astype(int).tolist()
    return range(low[0], high[0] + 1), range(low[1], high[1] + 1)


def runs(starts: Rows, lengths: Rows) -> Rows:
    """Return ``[start, start + length)`` of every run, one behind the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if ends.size else 0
    places: Rows = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return places
