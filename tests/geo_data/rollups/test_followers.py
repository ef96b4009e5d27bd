"""Counts are read as far back as somebody asked, and are the same whoever asked what before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_data import rollups
from geo_data.ingest import Reading, StageReport, apply
from geo_data.records import Scope, Stage
from geo_data.store import Store, open_store
from tests.geo_data.rollups.test_rollups import NOON, TODAY, case
from tests.geo_data.small_city import GRIDS, make_small_city, middle
from tests.stores import Address, Stores

ALL = Scope.everything()
PLACES = list(GRIDS)
AGES = (0, 1, 63, 64, 65, 200, 900)
"""Days ago; the table is read by sixty-four."""


@pytest.fixture(scope="module")
def old(module_stores: Stores) -> Address:
    path = module_stores.new()
    store = make_small_city(path)
    told = [
        case(
            f"{age}-{number}",
            middle(PLACES[number % len(PLACES)]),
            happened_at=NOON - timedelta(days=age),
            reported_at=NOON - timedelta(days=age),
        )
        for age in AGES
        for number in range(age % 5 + 1)
    ]
    apply(store, told, NOON)
    store.close()
    return path


@pytest.fixture
def store(old: Address, stores: Stores) -> Iterator[Store]:
    store = open_store(stores.copy(old))
    yield store
    store.close()


def expected(first: int, last: int) -> int:
    return sum(age % 5 + 1 for age in AGES if first <= TODAY - age <= last)


@given(asked=st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 400)), min_size=1, max_size=6))
@settings(max_examples=30)
def test_whoever_asked_before(old: Address, asked: list[tuple[int, int]]) -> None:
    store = open_store(old)
    try:
        for ago, length in asked:
            first = TODAY - ago
            days = (first, first + length)
            found = rollups.series(store, ALL, "c", "reported", *days)
            assert found.sum() == expected(*days)
            assert len(found) == length + 1
            by_channel = rollups.dimension(store, ALL, "c", "channel", *days)
            assert sum(by_channel.values()) == expected(*days)
    finally:
        store.close()


def test_what_changes_before_the_days_that_were_read_is_found_when_they_are(store: Store) -> None:
    assert rollups.series(store, ALL, "c", "reported", TODAY, TODAY).sum() == 1
    long_ago = NOON - timedelta(days=901)
    late = case("late", middle("t0g0"), happened_at=long_ago, reported_at=long_ago)
    apply(store, [late], NOON + timedelta(minutes=1))
    assert rollups.series(store, ALL, "c", "reported", TODAY, TODAY).sum() == 1
    days = (TODAY - 901, TODAY)
    assert rollups.series(store, ALL, "c", "reported", *days).sum() == expected(*days) + 1


def test_what_is_told_of_long_ago_is_told(store: Store) -> None:
    """Whether anybody signs for cases is not forgotten because it was long ago."""
    assert not rollups.is_told(store, "signed_in_time")
    rollups.series(store, ALL, "c", "reported", TODAY, TODAY)
    assert not rollups.is_told(store, "signed_in_time")
    sent = NOON - timedelta(days=900)
    steps = [
        StageReport("app", "900-0", stage, sent + timedelta(minutes=minutes))
        for stage, minutes in ((Stage.FILED, 1), (Stage.DISPATCHED, 2), (Stage.SIGNED, 3))
    ]
    apply(store, steps, NOON + timedelta(minutes=1))
    assert rollups.is_told(store, "signed_in_time")


def test_hours_of_long_ago_are_read_when_they_are_asked_for(store: Store) -> None:
    hour = int(datetime(2025, 7, 1, 4, tzinfo=UTC).timestamp()) // 3600
    told = [
        Reading("s1", 1.0, NOON - timedelta(hours=hours)) for hours in (0, 5, 64 * 24 + 1, 9_000)
    ]
    apply(store, told, NOON)
    for back in (3, 24, 64 * 24 + 2, 9_001):
        found = rollups.metric_hours(store, ALL, "c", "noise", hour - back, hour)
        assert found.n.sum() == sum(one.observed_at >= NOON - timedelta(hours=back) for one in told)
