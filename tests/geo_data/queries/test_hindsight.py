"""The screen as known at t: exactly what a store shows that had heard no more by then."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from geo_data import feed
from geo_data.ingest import Report, apply
from geo_data.queries import (
    CaseFilter,
    case_counts,
    incident_count,
    incidents,
    open_by_region,
    open_incident_points,
    stages,
)
from geo_data.queries.case_filter import STANDINGS
from geo_data.records import Incident, Scope, Stage, Window
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import NOON, case, hours, opened, step
from tests.geo_data.small_city import GRIDS, make_small_city, middle
from tests.stores import Address, Stores

ALL = Scope.everything()
FILTERS = [
    CaseFilter(),
    *(CaseFilter(standing=one) for one in STANDINGS),
    *(CaseFilter(stage=one) for one in (Stage.FOUND, Stage.DISPATCHED, Stage.CLOSED)),
    CaseFilter(standing="open", stage=Stage.DISPATCHED, channel="hotline"),
]
Batch = tuple[datetime, list[Report]]


def batches() -> list[Batch]:
    """A day of messages: late, out of order, reopened, in six batches."""
    chance = random.Random(11)
    arrivals: list[tuple[float, Report]] = []
    for n in range(60):
        lon, lat = middle(sorted(GRIDS)[n % len(GRIDS)])
        at = chance.uniform(0, 20)
        arrivals.append((at + chance.expovariate(1), case(str(n), at, lon=lon, lat=lat)))
        for stage in chance.sample(list(Stage), chance.randint(0, 6)):
            at += chance.choice([0.0, 0.5, 1.0])
            arrivals.append((at + chance.expovariate(0.5), step(str(n), stage, at)))
    return [
        (
            NOON + hours(4 * n),
            [one for heard, one in arrivals if 4 * (n - 1) < heard <= 4 * n],
        )
        for n in range(1, 8)
    ]


@pytest.fixture(scope="module")
def growing(module_stores: Stores) -> list[Address]:
    """The store after every batch, each a copy of its own."""
    address = module_stores.new()
    make_small_city(address).close()
    copies = []
    for at, reports in batches():
        with opened(open_store(address)) as store:
            apply(store, reports, at)
        copies.append(module_stores.copy(address))
    return copies


@pytest.fixture(params=["log", "no log", "too much log"])
def now(
    request: pytest.FixtureRequest,
    growing: list[Address],
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Store]:
    """The last store: with its change log, with a pruned one, with one too long to read."""
    store = open_store(stores.copy(growing[-1]))
    if request.param == "no log":
        assert feed.prune(store, NOON + timedelta(days=9)) > 0
    if request.param == "too much log":
        monkeypatch.setattr("geo_data.rollups.known_then.FEW", 1)
    yield store
    store.close()


@pytest.mark.parametrize("number", range(7))
def test_looking_back_is_as_it_was(now: Store, growing: list[Address], number: int) -> None:
    at = batches()[number][0]
    then = open_store(growing[number])
    window = Window(NOON, at)
    seen, was = (incidents(store, ALL, "c", window, at, limit=99) for store in (now, then))
    assert seen == was
    for region in ("c", "t0", "t1g2"):
        for only in FILTERS:
            where = ALL, region, window, at
            counts = [incident_count(store, *where, only) for store in (now, then)]
            assert counts[0] == counts[1], only
            listed = [incidents(store, *where, limit=99, only=only) for store in (now, then)]
            assert listed[0] == listed[1], only
            assert len(listed[0]) == counts[0], only
            beside = [case_counts(store, *where, only) for store in (now, then)]
            assert beside[0] == beside[1], only
    assert open_by_region(now, ALL, at) == open_by_region(then, ALL, at)
    for only in FILTERS:
        _same_points(now, then, at, only)
    for one in was[::5]:
        assert stages(now, ALL, one.id, at) == stages(then, ALL, one.id, at)
    then.close()


def _same_points(now: Store, then: Store, at: datetime, only: CaseFilter) -> None:
    window = Window(at - hours(3), at)
    drawn = [open_incident_points(store, ALL, at, window, only) for store in (now, then)]
    for name in ("id", "stage_index", "overdue", "severity", "reported_at"):
        assert np.array_equal(getattr(drawn[0], name), getattr(drawn[1], name)), name


def test_history_did_change(now: Store) -> None:
    """Otherwise the test above would compare a store with itself."""
    early, late = batches()[2][0], batches()[-1][0]

    def seen(at: datetime) -> dict[int, Incident]:
        found = incidents(now, ALL, "c", Window(NOON, early), at, limit=99)
        return {one.id: replace(one, recorded_at=NOON) for one in found}

    before, after = seen(early), seen(late)
    assert before.keys() < after.keys()
    assert any(before[number] != after[number] for number in before)


def test_before_anything_was_known(now: Store) -> None:
    at = NOON - hours(1)
    window = Window(at - hours(1), NOON + timedelta(days=1))
    assert incidents(now, ALL, "c", window, at) == []
    assert incident_count(now, ALL, "c", window, at) == 0
    assert open_by_region(now, ALL, at) == {}
    assert len(open_incident_points(now, ALL, at, window)) == 0
