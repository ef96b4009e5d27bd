"""A planar subdivision that is only ever refined: cut a face, and every neighbour knows.

Faces are rings of vertex numbers. Whatever is cut later puts its new vertices *between* two old
ones, once, for both sides of the edge; so faces share vertices to the last bit, and no gap or
overlap can arise however deep the cutting goes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ring = list[int]
Edge = tuple[int, int]


_SHARES = (1.0, 0.5, 0.2, 0.0)
_LEAST = 0.01


@dataclass(frozen=True, slots=True)
class Bend:
    """How a cut runs; as it stands, straight.

    Parameters
    ----------
    bow, rough : float
        Size of the long bows and of the fringe, as shares of the length.
    step_m : float
        Distance of its vertices.
    jog_m, jog_every_m : float
        Size of its side steps, and how far they are apart.
    snap_m : float
        A cut that ends this near to a vertex ends in it: crossings, no staggered junctions.
    """

    bow: float = 0.0
    rough: float = 0.0
    step_m: float = 1e9
    jog_m: float = 0.0
    jog_every_m: float = 1000.0
    snap_m: float = 10.0


@dataclass(frozen=True, slots=True)
class Chord:
    """Where a straight cut enters and leaves a ring: edge numbers and points, in ring order."""

    first: int
    second: int
    start: tuple[float, float]
    end: tuple[float, float]


class Mesh:
    """Vertices, and what was put between them since.

    Parameters
    ----------
    coordinates : ndarray, shape (n, 2)
        Metres.
    line : ndarray of int, shape (n,)
        Which given line (river, road) a vertex lies on, -1 for none; cuts of an edge between
        two vertices of a line stay on the line.
    """

    def __init__(self, coordinates: Floats, line: NDArray[np.int64]) -> None:
        self._x: list[float] = coordinates[:, 0].tolist()
        self._y: list[float] = coordinates[:, 1].tolist()
        self._line: list[int] = line.tolist()
        self._between: dict[Edge, int] = {}

    def refined(self, ring: Ring) -> Ring:
        """Return the ring with every vertex that was put on its edges since it was made."""
        whole: Ring = []
        for start, end in zip(ring, [*ring[1:], ring[0]], strict=True):
            whole.append(start)
            self._refine(start, end, whole)
        return whole

    def _refine(self, start: int, end: int, into: Ring) -> None:
        middle = self._between.get((start, end) if start < end else (end, start))
        if middle is not None:
            self._refine(start, middle, into)
            into.append(middle)
            self._refine(middle, end, into)

    def at(self, ring: Ring) -> Floats:
        """Return the coordinates of a ring, closed, shape (n + 1, 2)."""
        closed = [*ring, ring[0]]
        x, y = self._x, self._y
        points = np.empty((len(closed), 2))
        points[:, 0] = [x[vertex] for vertex in closed]
        points[:, 1] = [y[vertex] for vertex in closed]
        return points

    def line_of(self, edge: Edge) -> int:
        """Return which given line an edge runs along, -1 for none."""
        line = self._line[edge[0]]
        return line if line == self._line[edge[1]] else -1

    def length(self, edge: Edge) -> float:
        """Return the length of an edge in metres."""
        start, end = edge
        return float(np.hypot(self._x[end] - self._x[start], self._y[end] - self._y[start]))

    def polygons(self, rings: Iterable[Ring]) -> NDArray[np.object_]:
        """Return the faces as polygons; neighbours share every vertex."""
        whole = [self.refined(ring) for ring in rings]
        sizes = np.array([len(ring) + 1 for ring in whole])
        flat = np.array([vertex for ring in whole for vertex in (*ring, ring[0])], dtype=np.int64)
        points = np.column_stack((np.array(self._x)[flat], np.array(self._y)[flat]))
        rings_of = shapely.linearrings(points, indices=np.arange(len(whole)).repeat(sizes))
        faces: NDArray[np.object_] = shapely.polygons(rings_of)
        return faces

    def cut(
        self, ring: Ring, xy: Floats, chord: Chord, bend: Bend, random: np.random.Generator
    ) -> tuple[Ring, Ring] | None:
        """Cut a face in two.

        Parameters
        ----------
        ring : list of int
            The face, refined.
        xy : ndarray
            Its coordinates as :meth:`at` gives them.
        chord : Chord
            Where to cut, from :func:`chord_through`.
        bend : Bend
            How crooked; a cut that would leave the face is drawn straighter.
        random : Generator
            Draws the crookedness.

        Returns
        -------
        tuple of two rings, or None
            ``None`` where nothing sound comes of it.
        """
        start, end = self._snapped(ring, chord, bend.snap_m)
        path = self._path(xy, chord, start, end, bend, random)
        if path is None and (start is not None or end is not None):
            start = end = None
            path = self._path(xy, chord, None, None, bend, random)
        if path is None:
            return None
        first = self._place(ring, chord.first, start, chord.start)
        second = self._place(ring, chord.second, end, chord.end)
        inner = [self._add(x, y, -1) for x, y in path[1:-1].tolist()]
        ahead = ring[chord.first + 1 : chord.second + 1]
        behind = ring[chord.second + 1 :] + ring[: chord.first + 1]
        one = _clean([first, *ahead, second, *reversed(inner)])
        two = _clean([second, *behind, first, *inner])
        return (one, two) if len(one) > 2 and len(two) > 2 else None

    def _add(self, x: float, y: float, line: int) -> int:
        self._x.append(x)
        self._y.append(y)
        self._line.append(line)
        return len(self._x) - 1

    def _place(self, ring: Ring, edge: int, snapped: int | None, point: tuple[float, float]) -> int:
        """Return the vertex a cut ends in, put on the edge if it is new."""
        if snapped is not None:
            return snapped
        start, end = ring[edge], ring[(edge + 1) % len(ring)]
        vertex = self._add(*point, self.line_of((start, end)))
        self._between[(start, end) if start < end else (end, start)] = vertex
        return vertex

    def _snapped(self, ring: Ring, chord: Chord, snap_m: float) -> tuple[int | None, int | None]:
        found: list[int | None] = []
        for edge, (x, y) in ((chord.first, chord.start), (chord.second, chord.end)):
            ends = (ring[edge], ring[(edge + 1) % len(ring)])
            away = [float(np.hypot(self._x[v] - x, self._y[v] - y)) for v in ends]
            near = 0 if away[0] <= away[1] else 1
            found.append(ends[near] if away[near] < snap_m else None)
        if found[0] is not None and found[0] == found[1]:
            return None, None
        return found[0], found[1]

    def _path(
        self,
        xy: Floats,
        chord: Chord,
        start: int | None,
        end: int | None,
        bend: Bend,
        random: np.random.Generator,
    ) -> Floats | None:
        """Draw the cut, less crooked each time it would leave the face."""
        ax, ay = chord.start if start is None else (self._x[start], self._y[start])
        bx, by = chord.end if end is None else (self._x[end], self._y[end])
        along, across_m = _wave(float(np.hypot(bx - ax, by - ay)), bend, random)
        if len(along) == 2 and start is None and end is None:
            return np.array([(ax, ay), (bx, by)])
        length_m = along[-1]
        ux, uy = (bx - ax) / length_m, (by - ay) / length_m
        turns_left = shapely.is_ccw(shapely.LinearRing(xy))
        for share in _SHARES:
            path = np.empty((len(along), 2))
            path[:, 0] = ax + along * ux - across_m * (share * uy)
            path[:, 1] = ay + along * uy + across_m * (share * ux)
            path[0], path[-1] = (ax, ay), (bx, by)
            if share == 0.0:
                path = path[[0, -1]]
            halves = [shapely.LinearRing(half) for half in halves_of(xy, chord, path)]
            faces = shapely.polygons(halves)
            area_m2 = shapely.area(faces)
            # Two sound faces that turn as the whole one does: the cut stayed inside. A scrap
            # comes of ends that snapped to one side; its cut could be an edge of old again.
            if (
                area_m2.min() > _LEAST * area_m2.sum()
                and shapely.is_valid(faces).all()
                and (shapely.is_ccw(halves) == turns_left).all()
            ):
                return path
        return None


def chord_through(xy: Floats, through: tuple[float, float], angle: float) -> Chord | None:
    """Find the piece of a straight line inside a closed ring nearest to a point of the line.

    Parameters
    ----------
    xy : ndarray, shape (n + 1, 2)
        The closed ring.
    through, angle
        A point of the line and its direction in radians from east.

    Returns
    -------
    Chord or None
        ``None`` where the line misses the ring.
    """
    cos, sin = math.cos(angle), math.sin(angle)
    dx, dy = xy[:, 0] - through[0], xy[:, 1] - through[1]
    side = dy * cos - dx * sin
    above = side > 0.0
    crossed = np.flatnonzero(above[:-1] != above[1:])
    if len(crossed) < 2:
        return None
    share = side[crossed] / (side[crossed] - side[crossed + 1])
    x = xy[crossed, 0] + share * (xy[crossed + 1, 0] - xy[crossed, 0])
    y = xy[crossed, 1] + share * (xy[crossed + 1, 1] - xy[crossed, 1])
    along = (x - through[0]) * cos + (y - through[1]) * sin
    order = np.argsort(along, kind="stable")
    enters, leaves = along[order[0::2]], along[order[1::2]]
    away = np.maximum(np.maximum(enters, -leaves), 0.0) - 1e-6 * (leaves - enters)
    best = 2 * int(np.argmin(away))
    first, second = sorted((int(order[best]), int(order[best + 1])))
    return Chord(
        int(crossed[first]),
        int(crossed[second]),
        (float(x[first]), float(y[first])),
        (float(x[second]), float(y[second])),
    )


def halves_of(xy: Floats, chord: Chord, path: Floats | None = None) -> tuple[Floats, Floats]:
    """Return the two closed rings that a cut along ``path`` would give; straight without one."""
    path = np.array([chord.start, chord.end]) if path is None else path
    ahead = xy[chord.first + 1 : chord.second + 1]
    behind = np.concatenate((xy[chord.second + 1 : -1], xy[: chord.first + 1]))
    return (
        np.concatenate((path[:1], ahead, path[::-1])),
        np.concatenate((path[-1:], behind, path)),
    )


def area_of(xy: Floats) -> float:
    """Area of a closed ring of coordinates."""
    x, y = xy[:, 0] - xy[0, 0], xy[:, 1] - xy[0, 1]
    return abs(float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))) / 2.0


def area_and_middle(xy: Floats) -> tuple[float, float, float]:
    """Area and centroid of a closed ring of coordinates."""
    x0, y0 = float(xy[0, 0]), float(xy[0, 1])
    x, y = xy[:, 0] - x0, xy[:, 1] - y0
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    twice = float(cross.sum())
    if twice == 0.0:
        return 0.0, x0, y0
    cx = float(np.dot(x[:-1] + x[1:], cross)) / (3.0 * twice)
    cy = float(np.dot(y[:-1] + y[1:], cross)) / (3.0 * twice)
    return abs(twice) / 2.0, x0 + cx, y0 + cy


def _wave(length_m: float, bend: Bend, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Return how far along and across a cut runs, in metres: bows, a fringe, and jogs.

    Jogs are sudden side steps, as a boundary makes that follows the edges of fields.
    """
    steps = min(max(int(length_m / bend.step_m), 1), 64)
    along = np.linspace(0.0, length_m, steps + 1)
    if steps == 1:
        return along, np.zeros(2)
    orders = np.arange(1, max(steps // 3, 2) + 1)
    size = bend.rough / orders**1.3
    size[:2] += bend.bow, 0.5 * bend.bow
    drawn = random.standard_normal(len(orders)) * size * min(length_m, 4000.0)
    across = np.sin(np.pi / length_m * np.outer(along, orders)) @ drawn
    jogs = int(random.poisson(length_m / bend.jog_every_m)) if bend.jog_m else 0
    if jogs < 2:
        return along, across
    where = np.sort(random.uniform(0.12, 0.88, jogs)) * length_m
    level = np.concatenate(([0.0], random.normal(0.0, bend.jog_m, jogs - 1), [0.0]))
    across += level[np.searchsorted(where, along)]
    sides = np.repeat(where, 2) + np.tile((-2.0, 2.0), jogs)
    base = np.interp(sides, along, across - level[np.searchsorted(where, along)])
    order = np.argsort(np.concatenate((along, sides)), kind="stable")
    heights = np.column_stack((level[:-1], level[1:])).ravel()
    return (
        np.concatenate((along, sides))[order],
        np.concatenate((across, base + heights))[order],
    )


def _clean(ring: Ring) -> Ring:
    """Drop a vertex that follows itself."""
    return [vertex for index, vertex in enumerate(ring) if vertex != ring[index - 1]]
