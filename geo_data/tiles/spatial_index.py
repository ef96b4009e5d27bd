"""What lies in a box: a grid per size of thing, so that a tile of a large city costs no more.

An STRtree would do the same, and keep a shapely geometry alive for every footprint: half a
kilobyte each, a gigabyte for a municipality's two million.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_data.tiles.projection import Numbers, Rows, runs

FINEST = 17
"""Cells of 300 m: a few hundred footprints."""


@dataclass(frozen=True, slots=True)
class _Level:
    """Things that fit into a cell of ``2 ** -level``, sorted by the cell of their middle."""

    level: int
    low: tuple[int, int]
    high: tuple[int, int]
    keys: Rows
    rows: Rows


class SpatialIndex:
    """Boxes in the unit square.

    Parameters
    ----------
    bounds : array, shape (n, 4)
        West, north, east, south; NaN where there is nothing.
    """

    def __init__(self, bounds: Numbers) -> None:
        self._bounds = bounds
        known = np.flatnonzero(~np.isnan(bounds).any(axis=1))
        side = np.maximum((bounds[known, 2:] - bounds[known, :2]).max(axis=1, initial=0.0), 1e-12)
        levels = np.clip(np.floor(-np.log2(side)), 0, FINEST).astype(np.int64)
        self._levels = [
            _level(bounds, known[levels == level], level) for level in np.unique(levels).tolist()
        ]

    def find(self, box: tuple[float, float, float, float]) -> Rows:
        """Return the rows of the boxes that touch ``box``, in order."""
        found = [_candidates(level, box) for level in self._levels]
        rows = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
        bounds = self._bounds[rows]
        west, north, east, south = box
        touches = (bounds[:, 0] <= east) & (bounds[:, 2] >= west)
        touches &= (bounds[:, 1] <= south) & (bounds[:, 3] >= north)
        return np.sort(rows[touches])


def _level(bounds: Numbers, rows: Rows, level: int) -> _Level:
    middles = (bounds[rows, :2] + bounds[rows, 2:]) / 2
    cells = np.clip(np.floor(middles * (1 << level)), 0, (1 << level) - 1).astype(np.int64)
    keys = cells[:, 1] << level | cells[:, 0]
    order = np.argsort(keys, kind="stable")
    low, high = cells.min(axis=0).tolist(), cells.max(axis=0).tolist()
    return _Level(level, (low[0], low[1]), (high[0], high[1]), keys[order], rows[order])


def _candidates(level: _Level, box: tuple[float, float, float, float]) -> Rows:
    # The middle of what reaches into the box is at most half a cell away from it.
    side = 1 << level.level
    low = [max(int(np.floor(box[axis] * side - 0.5)), level.low[axis]) for axis in (0, 1)]
    high = [min(int(np.floor(box[axis + 2] * side + 0.5)), level.high[axis]) for axis in (0, 1)]
    if low[0] > high[0] or low[1] > high[1]:
        return np.empty(0, dtype=np.int64)
    lines = np.arange(low[1], high[1] + 1) << level.level
    starts = np.searchsorted(level.keys, lines | low[0])
    ends = np.searchsorted(level.keys, lines | high[0], side="right")
    return level.rows[runs(starts, ends - starts)]
