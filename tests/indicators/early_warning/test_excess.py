"""Unusual counts: rises are seen, chance and small numbers are let be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.early_warning.excess import excess
from indicators.early_warning.many_tests import q_values

DAYS, TOWNS, KEYS = 56, 17, 12
WEEK = np.array([1.2, 1.1, 1.0, 1.0, 1.1, 0.9, 0.7])
GROUPS = np.tile(np.arange(KEYS), TOWNS)


def calm(random: np.random.Generator, dispersion: float = 1.0) -> np.ndarray:
    """A city without events: rates from a case a month to twenty a day, with their week."""
    rate = np.geomspace(0.03, 20, TOWNS * KEYS)[random.permutation(TOWNS * KEYS)]
    mean = rate[:, None] * WEEK[np.arange(DAYS + 1) % 7]
    if dispersion == 1.0:
        return random.poisson(mean).astype(float)
    size = mean / (dispersion - 1.0)
    return random.negative_binomial(size, 1.0 / dispersion).astype(float)


@pytest.mark.parametrize("dispersion", [1.0, 1.8])
def test_where_nothing_is_the_matter_hardly_anything_is_raised(dispersion: float) -> None:
    """Tuned to one look in a hundred: 200 looks may have a handful."""
    random = np.random.default_rng(21)
    alarmed = 0
    for _ in range(200):
        counts = calm(random, dispersion)
        q = q_values(excess(counts, GROUPS, 14.0, 7).p)
        alarmed += bool(((q <= 0.01) & (counts[:, -1] >= 5)).any())
    assert alarmed <= 6


def test_a_rise_is_seen_whatever_the_size() -> None:
    random = np.random.default_rng(22)
    counts = calm(random)
    usual = counts[:, :-1].mean(axis=1)
    for row, newest in ((int(np.argmin(usual)), 8), (int(np.argmax(usual)), 60)):
        changed = counts.copy()
        changed[row, -1] = newest
        q = q_values(excess(changed, GROUPS, 14.0, 7).p)
        assert q[row] <= 0.01
        assert (q <= 0.01).sum() <= 2


def test_an_event_of_before_does_not_hide_the_next_one() -> None:
    """A flood three weeks ago is no level: the cut past lets today's flood be seen."""
    counts = np.full((1, DAYS + 1), 3.0)
    counts[0, 1::2] = 4.0
    counts[0, -22:-20] = 60.0
    counts[0, -1] = 30.0
    found = excess(counts, np.zeros(1, dtype=np.int64), 14.0, 7)
    assert found.expected[0] < 8
    assert found.p[0] < 0.01


def test_small_numbers_do_not_cry_wolf() -> None:
    """Never a case in eight weeks, two today: no more than one would say so by itself."""
    counts = np.zeros((200, DAYS + 1))
    counts[0, -1] = 2
    q = q_values(excess(counts, np.zeros(200, dtype=np.int64), 14.0, 7).p)
    assert q[0] > 0.01


def test_the_day_of_the_week_is_expected() -> None:
    """Nothing but Mondays: this Monday is as usual, a Tuesday like it is not."""
    monday = np.zeros((3, DAYS + 1))
    monday[:, ::7] = 30.0
    assert excess(monday, np.zeros(3, dtype=np.int64), 14.0, 7).p.min() > 0.1
    tuesday = np.roll(monday, -1, axis=1)
    tuesday[:, -1] = 30.0
    assert excess(tuesday, np.zeros(3, dtype=np.int64), 14.0, 7).p.max() < 1e-6


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_more_is_never_likelier(seed: int) -> None:
    random = np.random.default_rng(seed)
    counts = random.poisson(2.0, (6, 30)).astype(float)
    more = counts.copy()
    more[:, -1] += 1
    groups = np.zeros(6, dtype=np.int64)
    one, two = excess(counts, groups, 14.0, 7), excess(more, groups, 14.0, 7)
    assert (two.p <= one.p).all()
    assert ((one.p >= 0) & (one.p <= 1)).all()
    assert one.expected == pytest.approx(two.expected)
