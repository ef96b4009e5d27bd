"""What is under a pixel, counted instead of drawn.

An area is drawn from the first zoom at which its largest part covers a pixel and is a quarter of
one wide; below that it is one of the count of the cell its middle lies in. Points that share a
cell are counted together below ``POINTS_APART``; one alone is drawn. A cell is four pixels wide
and belongs to one tile, so over the tiles of a zoom::

    different features drawn + sum of counts = features of the layer

exactly, and a tile holds at most 128 x 128 cells however much lies in it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo_data.tiles.commands import point_commands
from geo_data.tiles.mvt import POINT, Column, Features, value_bytes
from geo_data.tiles.outlines import Outlines
from geo_data.tiles.projection import BUFFER, EXTENT, LAST_ZOOM, PIXEL, Flags, Numbers, Rows, Spot

CELL = 4 * PIXEL
CELLS = EXTENT // CELL
POINTS_APART = 14
"""From here on every point is drawn: whoever looks so closely looks for one."""
THINNEST = PIXEL / 4
"""Units: what is thinner on average may round to a line, which no polygon is."""
SUFFIX = "-density"

Zooms = npt.NDArray[np.int64]


def first_zooms(outlines: Outlines, is_area: Flags) -> Zooms:
    """Return the first zoom each feature is drawn at; 0 for what is no area.

    Parameters
    ----------
    outlines : Outlines
        In the unit square.
    is_area : bool, shape (features,)

    Returns
    -------
    int64, shape (features,)
        Past ``LAST_ZOOM`` for what is never drawn.
    """
    area, side, owner = outlines.parts()
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.maximum(PIXEL / np.sqrt(area), THINNEST * side / area)
        zooms = np.ceil(np.log2(needed / EXTENT))
    zooms = np.where(area > 0, np.clip(zooms, 0, LAST_ZOOM + 1), LAST_ZOOM + 1).astype(np.int64)
    first = np.full(len(is_area), LAST_ZOOM + 1, dtype=np.int64)
    np.minimum.at(first, owner, zooms)
    first[~is_area] = 0
    return first


def cells_of(middles: Numbers, spot: Spot) -> Rows:
    """Return the cells of a tile that the ``middles``, shape (n, 2) in the square, lie in.

    Those that belong to other tiles are left out.
    """
    cells = _cells(middles, spot)
    inside = ((cells >= 0) & (cells < CELLS)).all(axis=1)
    numbers: Rows = cells[inside, 1] * CELLS + cells[inside, 0]
    return numbers


def parted(middles: Numbers, spot: Spot) -> tuple[Rows, Rows]:
    """Return which points stand alone in their cell, the buffer's too, and cells of the others."""
    edge = BUFFER // CELL
    cells = _cells(middles, spot)
    near = np.flatnonzero(((cells >= -edge) & (cells < CELLS + edge)).all(axis=1))
    wide = CELLS + 2 * edge
    numbers = (cells[near, 1] + edge) * wide + cells[near, 0] + edge
    _, which, count = np.unique(numbers, return_inverse=True, return_counts=True)
    alone = count[which] == 1
    return near[alone], cells_of(middles[near[~alone]], spot)


def _cells(middles: Numbers, spot: Spot) -> Rows:
    cells = np.floor(middles * float(CELLS << spot.z)).astype(np.int64)
    own: Rows = cells - np.array([spot.x, spot.y]) * CELLS
    return own


def counted(numbers: Rows) -> Features:
    """Return how many there are in each cell, as points in the middles of the cells."""
    cells, counts = np.unique(numbers, return_counts=True)
    grid = np.column_stack([cells % CELLS, cells // CELLS]) * CELL + CELL // 2
    different, codes = np.unique(counts, return_inverse=True)
    values = np.empty(different.size, dtype=object)
    values[:] = [value_bytes(int(count)) for count in different]
    commands, sizes = point_commands(grid)
    return Features(POINT, cells + 1, commands, sizes, [Column("count", values, codes)])
