"""Clusters of the newest cases: those that are there, and hardly any others."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.early_warning.density import (
    LEAST_M,
    MIN_SAMPLES,
    MOST_M,
    _clustered,
    _joined,
    _near,
    clusters,
    reach_m,
)


def town(random: np.random.Generator, n: int) -> np.ndarray:
    """Cases of a town of two kilometres with a crowded middle."""
    spread = np.where(random.uniform(size=n) < 0.5, 150.0, 700.0)
    return random.normal(size=(n, 2)) * spread[:, None]


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_shuffles_are_clustered_as_the_cases_are(seed: int) -> None:
    """What is quick on shuffles finds the very cores of scikit-learn's DBSCAN."""
    random = np.random.default_rng(seed)
    sites = random.uniform(0, 600, (80, 2))
    counts = random.integers(1, 4, 80)
    near = _near(sites, 60.0)
    slow, quick = _clustered(near, counts), _joined(near, counts)
    assert ((slow < 0) == (quick < 0)).all()
    pairs = set(zip(slow.tolist(), quick.tolist(), strict=True))
    assert len(pairs) == len({one for one, _ in pairs}) == len({two for _, two in pairs})


def test_a_heap_that_was_not_there_before_is_found() -> None:
    random = np.random.default_rng(5)
    heap = np.array([1500.0, 0.0]) + random.normal(size=(12, 2)) * 20
    newest = np.concatenate([town(random, 150), heap])
    found, reach = clusters(newest, town(random, 900))
    first = found[0]
    assert first.p <= 0.01
    assert set(range(150, 162)) <= set(first.rows.tolist())
    assert len(first.rows) < 20
    assert first.expected < 3
    assert shapely.covers(first.outline, shapely.points(heap)).all()
    assert LEAST_M <= reach <= MOST_M
    # The crowded middle is crowded as ever.
    assert all(one.p > 0.05 for one in found[1:])


def test_where_nothing_is_the_matter_hardly_anything_is_found() -> None:
    """Of 60 towns at most one in twenty has a cluster, but for what 60 draws let swing."""
    random = np.random.default_rng(6)
    alarmed = 0
    for seed in range(60):
        found, _ = clusters(town(random, 100), town(random, 500), draws=59, seed=seed)
        alarmed += any(one.p <= 0.05 for one in found)
    assert alarmed <= 7


def test_a_place_that_always_reports_is_no_news() -> None:
    """A market where a third of all cases are, at one spot, then and now."""
    random = np.random.default_rng(7)
    market = np.zeros((50, 2))
    found, _ = clusters(
        np.concatenate([town(random, 100), market]),
        np.concatenate([town(random, 600), np.repeat(market, 6, axis=0)]),
    )
    assert found
    assert all(one.p > 0.05 for one in found)


@pytest.mark.parametrize(("newest", "before"), [(0, 0), (4, 100), (100, 0)])
def test_too_few_say_nothing(newest: int, before: int) -> None:
    random = np.random.default_rng(8)
    assert clusters(town(random, newest), town(random, before))[0] == []


def test_the_radius_is_where_one_more_of_the_newest_is_expected() -> None:
    """On a line every 10 m a third of which is chosen, the third neighbour is 20 m off."""
    line = np.column_stack([np.arange(3000) * 60.0, np.zeros(3000)])
    # Two neighbours are 60 m off, the third 120 m.
    assert reach_m(line, 1 / 3) == pytest.approx(120.0)
    assert reach_m(line / 60.0, 1 / 3) == LEAST_M
    assert reach_m(line * 60.0, 1 / 3) == MOST_M
    assert MIN_SAMPLES == 5
