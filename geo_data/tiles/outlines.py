"""Polygons as flat arrays: what a tile needs of them is cut out by slicing, not by objects.

Only what crosses the edge of a tile becomes a shapely polygon again, to be clipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo_data.tiles.projection import Flags, Numbers, Rows, runs

Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Outlines:
    """Rings of features one behind the other, in drawing direction, without closing vertices.

    Parameters
    ----------
    xy : array, shape (vertices, 2)
        In the unit square, y downwards.
    vertex_at : array of int, shape (rings + 1,)
        Where a ring begins in ``xy``.
    outer : array of bool, shape (rings,)
        Clockwise on the screen; a hole belongs to the outer ring before it and goes the other way.
    ring_at : array of int, shape (features + 1,)
        Where a feature begins in the rings.
    """

    xy: Numbers
    vertex_at: Rows
    outer: Flags
    ring_at: Rows

    @classmethod
    def of(cls, shapes: Shapes) -> Outlines:
        """Return the outlines of shapes in the square; what is no polygon has no ring."""
        parts, part_owner = shapely.get_parts(shapes, return_index=True)
        rings, ring_part = shapely.get_rings(parts, return_index=True)
        xy, owner = shapely.get_coordinates(rings, return_index=True)
        if len(owner):
            last = np.append(owner[1:] != owner[:-1], True)
            xy, owner = xy[~last], owner[~last]
        size = np.bincount(owner, minlength=len(rings)).astype(np.int64)
        vertex_at = _offsets(size)
        outer = np.append(True, ring_part[1:] != ring_part[:-1])[: len(rings)]
        wrong = (_turns(xy, vertex_at, owner) > 0) != outer
        turned = np.where(
            wrong[owner],
            vertex_at[owner] + vertex_at[owner + 1] - 1 - np.arange(len(xy)),
            np.arange(len(xy)),
        )
        counts = np.bincount(part_owner[ring_part], minlength=len(shapes)).astype(np.int64)
        return cls(xy[turned], vertex_at, outer, _offsets(counts))

    def take(self, rows: Rows) -> tuple[Numbers, Rows, Flags, Rows]:
        """Return the rings of some features.

        Returns
        -------
        xy : array, shape (v, 2)
        size : array of int, shape (r,)
            Vertices of each ring.
        outer : array of bool, shape (r,)
        owner : array of int, shape (r,)
            Which of ``rows`` a ring belongs to.
        """
        count = self.ring_at[rows + 1] - self.ring_at[rows]
        rings = runs(self.ring_at[rows], count)
        size = self.vertex_at[rings + 1] - self.vertex_at[rings]
        xy = self.xy[runs(self.vertex_at[rings], size)]
        return xy, size, self.outer[rings], np.repeat(np.arange(len(rows)), count)

    def shapes(self, rows: Rows) -> Shapes:
        """Return some features as shapely polygons and multipolygons."""
        xy, size, outer, owner = self.take(rows)
        rings = shapely.linearrings(xy, indices=np.repeat(np.arange(len(size)), size))
        part = np.cumsum(outer) - 1
        polygons = shapely.polygons(rings, indices=part)
        made: Any = shapely.multipolygons(polygons, indices=owner[outer], out=None)
        return np.asarray(made, dtype=object)

    def clipped(self, rows: Rows, box: tuple[float, float, float, float]) -> Outlines:
        """Return what is in ``box`` of some features."""
        return Outlines.of(shapely.clip_by_rect(self.shapes(rows), *box))


def _offsets(counts: Rows) -> Rows:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])


def _turns(xy: Numbers, vertex_at: Rows, owner: Rows) -> Numbers:
    """Return twice the signed area of every ring."""
    after = np.arange(1, len(xy) + 1)
    filled = vertex_at[1:] > vertex_at[:-1]
    after[vertex_at[1:][filled] - 1] = vertex_at[:-1][filled]
    # From the ring's own corner: far from the origin the products would eat the digits.
    local = xy - xy[vertex_at[:-1][owner]] if len(xy) else xy
    cross = local[:, 0] * local[after, 1] - local[after, 0] * local[:, 1]
    areas = np.bincount(owner, weights=cross, minlength=len(vertex_at) - 1)
    return areas.astype(np.float64)
