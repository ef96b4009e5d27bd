"""Polygons as flat arrays: what a tile needs of them is cut out by slicing, not by objects.

Only what crosses the edge of a tile becomes a shapely polygon again, to be clipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo_data.tiles.flat_polygons import FlatPolygons, Shapes
from geo_data.tiles.projection import Flags, Numbers, Rows, runs

Project = Callable[[Numbers], Numbers]


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
    def of(cls, shapes: Shapes, project: Project | None = None) -> Outlines:
        """Return the outlines of shapes; what is no polygon has no ring.

        Parameters
        ----------
        shapes : array of shapely geometries, shape (features,)
            In the square, or what ``project`` takes there.
        project : callable, optional
            Of positions, shape (n, 2): no second set of shapes is made for it.
        """
        return cls.of_flat(FlatPolygons.of(shapes), project)

    @classmethod
    def of_flat(cls, flat: FlatPolygons, project: Project | None = None) -> Outlines:
        """Return outlines of rings as they were given; parameters as :meth:`of`."""
        xy = flat.xy if project is None else project(flat.xy)
        vertex_at = _offsets(flat.size)
        owner = np.repeat(np.arange(len(flat.size)), flat.size)
        wrong = (_turns(xy, vertex_at, owner) > 0) != flat.outer
        if wrong.any():
            last = vertex_at[:-1] + vertex_at[1:] - 1
            places = np.arange(len(xy))
            xy = xy[np.where(wrong[owner], last[owner] - places, places)]
        counts = np.bincount(flat.owner, minlength=flat.count).astype(np.int64)
        return cls(xy, vertex_at, flat.outer, _offsets(counts))

    def bounds(self) -> Numbers:
        """Return the box around each feature, shape (features, 4); NaN where there is no ring."""
        boxes = np.full((len(self.ring_at) - 1, 4), np.nan)
        starts = self.vertex_at[self.ring_at[:-1]]
        filled = self.vertex_at[self.ring_at[1:]] > starts
        boxes[filled] = _boxes(self.xy, starts[filled])
        return boxes

    def areas(self) -> Numbers:
        """Return the area of each feature without its holes, shape (features,)."""
        size = np.diff(self.vertex_at)
        turns = _turns(self.xy, self.vertex_at, np.repeat(np.arange(len(size)), size))
        owner = np.repeat(np.arange(len(self.ring_at) - 1), np.diff(self.ring_at))
        found = np.bincount(owner, weights=turns, minlength=len(self.ring_at) - 1) / 2
        return found.astype(np.float64)

    def parts(self) -> tuple[Numbers, Numbers, Rows]:
        """Return the area of each part without its holes, the longer side of its box, its owner."""
        size = np.diff(self.vertex_at)
        turns = _turns(self.xy, self.vertex_at, np.repeat(np.arange(len(size)), size))
        # Outer rings turn one way and holes the other, so that they come off by themselves.
        outer = np.flatnonzero(self.outer)
        areas = np.add.reduceat(turns, outer) / 2 if len(outer) else np.empty(0)
        sides = np.zeros(len(size))
        boxes = _boxes(self.xy, self.vertex_at[:-1][size > 0])
        sides[size > 0] = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0)
        owner = np.repeat(np.arange(len(self.ring_at) - 1), np.diff(self.ring_at))
        return areas, sides[outer], owner[outer]

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


def _boxes(xy: Numbers, starts: Rows) -> Numbers:
    """Return west, north, east, south of runs of vertices, each up to the next one's start."""
    if not len(starts):
        return np.empty((0, 4))
    low, high = (each.reduceat(xy, starts) for each in (np.minimum, np.maximum))
    return np.hstack([low, high])


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
