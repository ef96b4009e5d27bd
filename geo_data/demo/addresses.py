"""Made-up streets and house numbers: neighbours share a street, numbers grow along it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_data.demo.lines import Floats
from geo_data.demo.names import Namer
from geo_data.demo.plan import Plan

_BAND_M = 640.0
_SECTOR_M = 11_000.0
_NUMBER_M = 9.0
_MANY = 10_000


class Streets:
    """Streets of a district: bands of land east-west and north-south, each with a name.

    Parameters
    ----------
    plan : Plan
        The district.
    random : Generator
        Draws the names.
    """

    def __init__(self, plan: Plan, random: np.random.Generator) -> None:
        self._plan = plan
        self._namer = Namer(random)
        self._names: dict[int, str] = {}

    def at(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
        """Return the street and the house number at positions.

        Parameters
        ----------
        x, y : array_like, shape (n,)
            Metres.

        Returns
        -------
        names : ndarray of str, numbers : ndarray of int
        """
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        sway_m = 130.0 * self._plan.noise(x, y, 4000.0)
        off_east = _off_middle((x + sway_m) / _BAND_M)
        off_north = _off_middle((y + sway_m) / _BAND_M)
        # The nearer street is the one a house is numbered along.
        south_north = off_east < off_north
        across = np.where(south_north, x + sway_m, y + sway_m)
        along = np.where(south_north, y, x)
        band = np.floor(across / _BAND_M).astype(np.int64)
        sector = np.floor(along / _SECTOR_M).astype(np.int64)
        numbers = 1 + ((along % _SECTOR_M) / _NUMBER_M).astype(np.int64)
        keys = (band * _MANY + sector) * 2 + south_north
        known, which = np.unique(keys, return_inverse=True)
        urban = _mean(self._plan.urban(x, y), which, len(known))
        names = [
            self._name(key, bool(far)) for key, far in zip(known.tolist(), urban < 0.2, strict=True)
        ]
        return np.array(names, dtype=object)[which], numbers

    def _name(self, key: int, country: bool) -> str:
        if key not in self._names:
            self._names[key] = self._namer.road(country)
        return self._names[key]


def _off_middle(bands: Floats) -> Floats:
    off: Floats = np.abs(bands - np.floor(bands) - 0.5)
    return off


def _mean(values: Floats, group: NDArray[np.int64], count: int) -> Floats:
    mean: Floats = np.bincount(group, weights=values, minlength=count) / np.bincount(
        group, minlength=count
    )
    return mean
