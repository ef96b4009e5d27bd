"""Geometry of Mapbox Vector Tile 2.1: the command integers of points and of rings.

A tile of a city holds thousands of small footprints; going through them vertex by vertex in
Python takes longer than everything else, so every step here works on all vertices at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo_data.tiles.projection import Flags, Rows

_MOVE, _LINE, _CLOSE = 1, 2, 7

Whole = npt.NDArray[np.uint64]


def zigzag(numbers: npt.ArrayLike) -> Whole:
    """Return signed numbers as unsigned ones that are small where those are near zero."""
    signed = np.asarray(numbers, dtype=np.int64)
    return ((signed << 1) ^ (signed >> 63)).view(np.uint64)


def point_commands(grid: Rows) -> tuple[Whole, Rows]:
    """Return the commands of points, shape (n, 2) in tile units, and how many each has."""
    numbers = np.empty((len(grid), 3), dtype=np.uint64)
    numbers[:, 0] = _MOVE | 1 << 3
    numbers[:, 1:] = zigzag(grid)
    return numbers.ravel(), np.full(len(grid), 3, dtype=np.int64)


def ring_commands(
    grid: Rows, size: Rows, outer: Flags, owner: Rows, features: int
) -> tuple[Whole, Rows]:
    """Return the commands of polygons, and how many each feature has; 0 where nothing is left.

    Parameters
    ----------
    grid : array of int, shape (v, 2)
        Vertices in tile units, y downwards, rings not closed.
    size, outer, owner : arrays, shape (r,)
        Of each ring: vertices, whether it is an outer one, and its feature, ascending.
    features : int
        How many features there are.
    """
    grid, ring = standing(grid, size, outer)
    if not len(grid):
        return np.empty(0, dtype=np.uint64), np.zeros(features, dtype=np.int64)
    return _written(grid, ring, owner, features)


def standing(grid: Rows, size: Rows, outer: Flags) -> tuple[Rows, Rows]:
    """Return what is left of rings whose vertices were rounded.

    Parameters
    ----------
    grid, size, outer
        As :func:`ring_commands`.

    Returns
    -------
    grid : array of int, shape (v, 2)
        Without repeated vertices, and without rings that rounding closed or turned over.
    ring : array of int, shape (v,)
        Which of the rings each vertex is of.
    """
    grid, ring = _without_repeats(grid, np.repeat(np.arange(len(size)), size))
    kept = _kept(_areas(grid, ring, len(size)), outer)
    chosen = kept[ring]
    return grid[chosen], ring[chosen]


def _without_repeats(grid: Rows, ring: Rows) -> tuple[Rows, Rows]:
    """Drop vertices that rounding put on the one before, in the round."""
    if not len(grid):
        return grid, ring
    first = np.append(True, ring[1:] != ring[:-1])
    before = np.arange(-1, len(grid) - 1)
    before[first] = np.append(np.flatnonzero(first)[1:], len(grid)) - 1
    moved = (grid != grid[before]).any(axis=1)
    return grid[moved], ring[moved]


def _areas(grid: Rows, ring: Rows, rings: int) -> Rows:
    """Return twice the signed area of every ring: positive is clockwise on the screen."""
    if not len(grid):
        return np.zeros(rings, dtype=np.int64)
    first = np.append(True, ring[1:] != ring[:-1])
    starts = np.flatnonzero(first)
    after = np.arange(1, len(grid) + 1)
    after[np.append(starts[1:], len(grid)) - 1] = starts
    cross = grid[:, 0] * grid[after, 1] - grid[after, 0] * grid[:, 1]
    area = np.zeros(rings, dtype=np.int64)
    area[ring[starts]] = np.add.reduceat(cross, starts)
    return area


def _kept(area: Rows, outer: Flags) -> Flags:
    """Rounding may close a ring or turn it over: then it is gone, a hole with its outer ring."""
    real = (area > 0) == outer
    real &= area != 0
    part = np.cumsum(outer) - 1
    kept: Flags = real & real[outer][part] if len(part) else real
    return kept


def _written(grid: Rows, ring: Rows, owner: Rows, features: int) -> tuple[Whole, Rows]:
    """Write MoveTo, LineTo and ClosePath of all rings in one array."""
    first = np.append(True, ring[1:] != ring[:-1])
    starts = np.flatnonzero(first)
    size = np.diff(np.append(starts, len(grid)))
    owners = owner[ring[starts]]
    steps = np.empty_like(grid)
    steps[0] = grid[0]
    np.subtract(grid[1:], grid[:-1], out=steps[1:])
    anew = starts[np.append(True, owners[1:] != owners[:-1])]
    steps[anew] = grid[anew]
    # Per ring: MoveTo, x, y, LineTo, (x, y) * (size - 1), ClosePath.
    length = 2 * size + 3
    ends = np.cumsum(length)
    begins = ends - length
    numbers = np.empty(int(ends[-1]), dtype=np.uint64)
    numbers[begins] = _MOVE | 1 << 3
    numbers[begins + 3] = _LINE | (size - 1) << 3
    numbers[ends - 1] = _CLOSE | 1 << 3
    at = 2 * np.arange(len(grid)) + np.repeat(begins + 2 - 2 * starts, size)
    at[starts] -= 1
    turned = zigzag(steps)
    numbers[at] = turned[:, 0]
    numbers[at + 1] = turned[:, 1]
    counts = np.bincount(owners, weights=length, minlength=features).astype(np.int64)
    return numbers, counts
