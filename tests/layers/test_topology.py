"""Borders are cut where they meet, and every polygon can be walked again."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers import topology
from layers.buffers import pack, varints
from layers.topology import Topology
from tests.layers.reading import read_varints, unpack

QUANTUM = 0.01


def cut(shapes: list[shapely.Geometry], ranks: list[int] | None = None) -> Topology:
    return topology.cut(shapes, ranks or [0] * len(shapes), 0.0, 0.0, QUANTUM)


def walk(found: Topology, feature: int) -> shapely.MultiPolygon:
    polygons: list[list[np.ndarray]] = []
    for is_hole, arcs in found.features[feature]:
        pieces = [found.arcs[arc] if arc >= 0 else found.arcs[~arc][::-1] for arc in arcs]
        ring = np.concatenate([piece[:-1] for piece in pieces]) * QUANTUM
        if is_hole:
            polygons[-1].append(ring)
        else:
            polygons.append([ring])
    return shapely.MultiPolygon([shapely.Polygon(outer, holes) for outer, *holes in polygons])


def test_two_neighbours_share_one_border() -> None:
    found = cut([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    assert len(found.arcs) == 3
    used = [arc if arc >= 0 else ~arc for rings in found.features for _, arc in flat(rings)]
    assert sorted(np.bincount(used)) == [1, 1, 2]


def flat(rings: list[tuple[bool, list[int]]]) -> list[tuple[bool, int]]:
    return [(hole, arc) for hole, arcs in rings for arc in arcs]


def test_a_hole_and_what_fills_it_share_a_closed_border() -> None:
    ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    found = cut([ring, shapely.box(1, 1, 2, 2)])
    assert len(found.arcs) == 2
    assert [hole for hole, _ in found.features[0]] == [False, True]
    assert walk(found, 0).equals(ring)
    assert walk(found, 1).equals(shapely.box(1, 1, 2, 2))


def test_a_border_has_the_rank_of_the_coarsest_it_bounds() -> None:
    whole = shapely.box(0, 0, 2, 1).segmentize(1.0)
    found = cut([whole, shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], [0, 1, 1])
    lengths = {0: 0.0, 1: 0.0}
    for arc, rank in zip(found.arcs, found.ranks, strict=True):
        lengths[rank] += shapely.LineString(arc * QUANTUM).length
    assert lengths == {0: 6.0, 1: 1.0}


def test_what_is_smaller_than_a_step_vanishes_with_its_holes() -> None:
    speck = shapely.box(5, 5, 5.004, 5.004)
    found = cut([speck, shapely.MultiPolygon([speck, shapely.box(0, 0, 1, 1)])])
    assert found.features[0] == []
    assert walk(found, 1).equals(shapely.box(0, 0, 1, 1))


@settings(max_examples=40)
@given(st.integers(2, 12), st.integers(0, 1000))
def test_a_coverage_comes_back_as_it_was(count: int, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(0, 10, (count, 2))
    box = shapely.box(0, 0, 10, 10)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points)))
    cells = shapely.set_precision(shapely.intersection(cells, box), QUANTUM)
    cells = [cell for cell in cells if cell.geom_type == "Polygon" and cell.area > 1]
    found = cut(cells)
    assert len({arc.tobytes() for arc in found.arcs}) == len(found.arcs)
    for index, cell in enumerate(cells):
        assert walk(found, index).symmetric_difference(cell).area < 1e-6


@given(st.lists(st.integers(-(2**40), 2**40)))
def test_varints_come_back(numbers: list[int]) -> None:
    assert read_varints(varints(numbers)) == numbers


def test_a_buffer_keeps_header_and_columns() -> None:
    columns = {
        "a": np.arange(3, dtype=np.uint8),
        "b": np.array([1.5, -2.0]),
        "c": np.zeros(0, "u2"),
    }
    header, read = unpack(pack({"name": "松江"}, columns))
    assert header["name"] == "松江"
    assert {name: column.tolist() for name, column in read.items()} == {
        "a": [0, 1, 2],
        "b": [1.5, -2.0],
        "c": [],
    }
    assert all(said["at"] % 8 == 0 for said in header["columns"].values())
