"""Gi* is that of its authors' field, and neither empty neighbourhoods nor islands deceive it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.early_warning.local_g import RUN, contiguity, local_g_star
from indicators.early_warning.many_tests import q_values

SIDE = 12


def graph_of(pairs: list[tuple[int, int]], n: int):
    from libpysal.graph import Graph

    both = np.array([*pairs, *[(b, a) for a, b in pairs]]).reshape(-1, 2)
    alone = np.setdiff1d(np.arange(n), both)
    focal, near = np.concatenate([both[:, 0], alone]), np.concatenate([both[:, 1], alone])
    weights = np.concatenate([np.ones(len(both)), np.zeros(len(alone))])
    order = np.lexsort((near, focal))
    return Graph.from_arrays(focal[order], near[order], weights[order])


def lattice(side: int = SIDE):
    """Queen's moves on a square board."""
    at = [(x, y) for y in range(side) for x in range(side)]
    pairs = [
        (i, j)
        for i, (x, y) in enumerate(at)
        for j, (u, v) in enumerate(at)
        if i < j and max(abs(x - u), abs(y - v)) == 1
    ]
    return graph_of(pairs, len(at))


@pytest.fixture(scope="module")
def board():
    return lattice()


def test_the_published_example() -> None:
    """Six points, those within 15 of each other neighbours: the figures of esda's own page."""
    points = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)], dtype=float)
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    pairs = [(i, j) for i in range(6) for j in range(i) if apart[i, j] <= 15]
    found = local_g_star(np.array([2, 3, 3.2, 5, 8, 7]), graph_of(pairs, 6))
    assert found is not None
    published = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
    assert found.z == pytest.approx(published, abs=1e-7)


def test_a_permutation_that_can_be_counted(board) -> None:
    """One region has a case, all others none: a neighbour's sum is 1 if it draws that one."""
    values = np.zeros(SIDE * SIDE)
    values[0] = 1.0
    found = local_g_star(values, board, runs=4)
    assert found is not None
    # Region 1 has five neighbours, drawn from the 143 others.
    assert found.p_hot[1] == pytest.approx(5 / 143, abs=0.01)
    # A corner far away has none: as all draws but three in 143 have.
    assert found.p_hot[-1] == 1.0
    assert found.p_cold[-1] == pytest.approx(1 - 3 / 143, abs=0.01)


def test_nothing_among_nothing_is_not_cold(board) -> None:
    random = np.random.default_rng(1)
    found = local_g_star(random.poisson(0.05, SIDE * SIDE).astype(float), board, runs=2)
    assert found is not None
    assert np.nanmin(found.p_cold) > 0.3


def test_an_island_is_not_tested() -> None:
    values = np.array([3.0, 9.0, 0.0, 1.0])
    found = local_g_star(values, graph_of([(0, 2), (2, 3)], 4))
    assert found is not None
    assert np.isnan([found.z[1], found.p_hot[1], found.p_cold[1]]).all()
    assert not np.isnan(found.p_hot[[0, 2, 3]]).any()


@pytest.mark.parametrize("values", [np.zeros(9), np.full(9, 4.0)])
def test_where_all_is_alike_nothing_is_said(values: np.ndarray) -> None:
    assert local_g_star(values, lattice(3)) is None


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_regions_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = 20
    pairs = [(i, j) for i in range(n) for j in range(i) if random.uniform() < 0.2]
    values = random.poisson(3.0, n).astype(float)
    values[0] += 1 if np.ptp(values) == 0 else 0
    place = random.permutation(n)
    found = local_g_star(values, graph_of(pairs, n))
    moved = np.empty(n)
    moved[place] = values
    other = local_g_star(moved, graph_of([(place[i], place[j]) for i, j in pairs], n))
    assert found is not None
    assert other is not None
    assert other.z[place] == pytest.approx(found.z, nan_ok=True)


def test_equal_seeds_give_equal_answers(board) -> None:
    values = np.random.default_rng(3).poisson(2.0, SIDE * SIDE).astype(float)
    one, two = (local_g_star(values, board, runs=2) for _ in range(2))
    assert one is not None
    assert two is not None
    assert (one.p_hot == two.p_hot).all()
    assert (one.p_hot > 1 / (2 * RUN + 2)).all()


def test_where_nothing_is_the_matter_hardly_anything_is_found(board) -> None:
    """Of 60 maps of chance at most one in twenty has a spot, but for what 60 draws let swing."""
    random = np.random.default_rng(11)
    alarmed = 0
    for _ in range(60):
        found = local_g_star(random.poisson(1.5, SIDE * SIDE).astype(float), board, runs=2)
        assert found is not None
        q = q_values(np.minimum(2 * np.minimum(found.p_hot, found.p_cold), 1))
        alarmed += bool((q <= 0.05).any())
    assert alarmed <= 7


def test_what_is_the_matter_is_found(board) -> None:
    random = np.random.default_rng(12)
    mean = np.full((SIDE, SIDE), 1.5)
    mean[3:8, 3:8] = 8.0
    found = local_g_star(random.poisson(mean).reshape(-1).astype(float), board, runs=4)
    assert found is not None
    hot = (q_values(found.p_hot) <= 0.05).reshape(SIDE, SIDE)
    assert hot[4:7, 4:7].sum() >= 8
    assert not hot[9:, :].any()


def test_regions_that_nearly_touch_are_neighbours() -> None:
    """Squares of 500 m with a gap of a metre; the second one is a kilometre off."""
    boxes = [(121.2 + 0.0052 * x, 31.0, 121.2 + 0.0052 * x + 0.00519, 31.0045) for x in range(3)]
    boxes.insert(1, (121.23, 31.0, 121.235, 31.0045))
    graph = contiguity(shapely.box(*np.array(boxes).T), "EPSG:4549")
    # The graph's own order would put an island last.
    assert graph.unique_ids.tolist() == [0, 1, 2, 3]
    near = graph.sparse.todense()
    assert near.tolist() == [[0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]]


def test_of_many_small_regions_the_neighbours_of_neighbours_count() -> None:
    x, y = np.meshgrid(np.arange(15), np.arange(15))
    west, south = 121.2 + 0.005 * x.ravel(), 31.0 + 0.005 * y.ravel()
    shapes = shapely.box(west, south, west + 0.005, south + 0.005)
    shapes[3] = shapely.box(122.0, 31.0, 122.005, 31.005)
    graph = contiguity(shapes, "EPSG:4549")
    assert graph.unique_ids.tolist() == list(range(225))
    assert len(graph[7 * 15 + 7]) == 24
    assert graph.isolates.tolist() == [3]
