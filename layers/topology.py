"""Shared borders: polygons as rings of arcs, each arc written once however many use it.

Half of the bytes of a coverage are the other side of a border. Cutting rings where borders meet
also lets the map draw every border once, at the strength of the coarsest region it bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Topology:
    """Polygons cut into arcs.

    Parameters
    ----------
    arcs : list of int64 arrays, shape (n, 2)
        Vertices on the grid of the quantum, both ends included; a closed arc ends where it began.
    ranks : list of int
        The lowest rank of the features an arc bounds.
    features : list of list of (bool, list of int)
        Per feature its rings, outer before their holes: whether it is a hole, and its arcs,
        ``~arc`` where an arc is walked backwards.
    """

    arcs: list[Ints] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)
    features: list[list[tuple[bool, list[int]]]] = field(default_factory=list)


def cut(
    shapes: Sequence[shapely.Geometry],
    ranks: Sequence[int],
    west: float,
    south: float,
    quantum: float,
) -> Topology:
    """Cut polygons into shared arcs.

    Parameters
    ----------
    shapes : sequence of Polygon or MultiPolygon
        In degrees.
    ranks : sequence of int
        Per shape; 0 is the strongest border.
    west, south, quantum : float
        Origin and step of the grid in degrees. What is smaller than a step vanishes.
    """
    vertices, rings = _quantised(shapes, west, south, quantum)
    junction = _junctions([ring for _, _, ring in rings], len(vertices))
    made = Topology(features=[[] for _ in shapes])
    known: dict[bytes, int] = {}
    for feature, is_hole, ring in rings:
        walked: list[int] = []
        for piece in _pieces(ring, junction):
            backwards = _is_backwards(piece)
            forward = piece[::-1] if backwards else piece
            key = forward.tobytes()
            arc = known.setdefault(key, len(made.arcs))
            if arc == len(made.arcs):
                made.arcs.append(vertices[forward])
                made.ranks.append(ranks[feature])
            made.ranks[arc] = min(made.ranks[arc], ranks[feature])
            walked.append(~arc if backwards else arc)
        made.features[feature].append((is_hole, walked))
    return made


def _quantised(
    shapes: Sequence[shapely.Geometry], west: float, south: float, quantum: float
) -> tuple[Ints, list[tuple[int, bool, Ints]]]:
    """Return the different vertices, and every ring as numbers of vertices, not closed."""
    parts, of_part = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    coordinates, of_vertex = shapely.get_coordinates(rings, return_index=True)
    grid = np.round((coordinates - (west, south)) / quantum).astype(np.int64)
    vertices, numbers = np.unique(grid, axis=0, return_inverse=True)
    numbers = numbers.reshape(-1).astype(np.int64)
    starts = np.searchsorted(of_vertex, np.arange(len(rings) + 1))
    first_ring = np.searchsorted(of_ring, np.arange(len(parts)))
    found: list[tuple[int, bool, Ints]] = []
    lost_part = -1
    for index, part in enumerate(of_ring):
        ring = _tidy(numbers[starts[index] : starts[index + 1]])
        is_hole = index != first_ring[part]
        if part == lost_part:
            continue
        if ring.size < 3:
            # An outer ring that vanished takes its holes along.
            lost_part = -1 if is_hole else part
            continue
        found.append((int(of_part[part]), is_hole, ring))
    return vertices, found


def _tidy(ring: Ints) -> Ints:
    kept: Ints = ring[np.insert(ring[1:] != ring[:-1], 0, True)]
    return kept[:-1] if kept.size > 1 and kept[0] == kept[-1] else kept


def _junctions(rings: Sequence[Ints], count: int) -> npt.NDArray[np.bool_]:
    """Mark the vertices whose neighbours are not the same two in every ring."""
    junction = np.zeros(count, dtype=bool)
    if not rings:
        return junction
    here = np.concatenate(rings)
    before = np.concatenate([np.roll(ring, 1) for ring in rings])
    after = np.concatenate([np.roll(ring, -1) for ring in rings])
    pair = np.minimum(before, after) * count + np.maximum(before, after)
    order = np.argsort(here, kind="stable")
    vertex, pair = here[order], pair[order]
    first = np.maximum.accumulate(
        np.where(np.insert(vertex[1:] != vertex[:-1], 0, True), np.arange(vertex.size), 0)
    )
    junction[vertex[pair != pair[first]]] = True
    return junction


def _pieces(ring: Ints, junction: npt.NDArray[np.bool_]) -> Iterator[Ints]:
    cuts = np.flatnonzero(junction[ring])
    start = int(cuts[0]) if cuts.size else int(ring.argmin())
    turned = np.concatenate([ring[start:], ring[: start + 1]])
    ends = [*(cuts[1:] - start), ring.size] if cuts.size else [ring.size]
    begin = 0
    for end in ends:
        yield turned[begin : end + 1]
        begin = int(end)


def _is_backwards(piece: Ints) -> bool:
    """Both users of an arc must agree on its direction."""
    if piece[0] != piece[-1]:
        return bool(piece[0] > piece[-1])
    return bool(piece[1] > piece[-2])
