"""Instants in memory: the same counts as the rollups, whoever asks, however they came in."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from geo_data import rollups
from geo_data.ingest import Report, apply
from geo_data.ingest.bulk import bulk_load
from geo_data.queries.lately import Lately, Standing, lately
from geo_data.queries.open_cases import OpenCount, open_by_region
from geo_data.records import Scope, Stage, Window
from geo_data.regions import region_tree
from geo_data.rollups import day_number, day_start
from geo_data.rollups.case_log import IRREGULAR, Events
from geo_data.rollups.contributions import MEASURES
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import (
    NOON,
    case,
    first_cases,
    hours,
    opened,
    step,
)
from tests.geo_data.small_city import CITY, GRIDS, make_small_city, middle
from tests.stores import Address, Stores

EVERYTHING = Scope.everything()
CODES = ("c", "t0", "t1", "t2", "t0g0", "t2g1", "f")


@pytest.fixture
def store(lived_store: Store) -> Store:
    return lived_store


def day_of(moment: datetime) -> Window:
    day = day_number(moment, CITY.zone)
    return Window(day_start(day, CITY.zone), day_start(day + 1, CITY.zone))


def total(found: Lately, measure: str, code: str, span: Window) -> int:
    (count,) = found.counts(measure, code, [span]).tolist()
    return int(count)


def test_counts_are_to_the_millisecond(store: Store) -> None:
    found = lately(store, EVERYTHING)
    third = NOON + hours(3)
    ms = timedelta(milliseconds=1)
    spans = [Window(third, third + ms), Window(third - ms, third), Window(NOON, third)]
    assert found.counts("reported", "c", spans).tolist() == [1, 0, 3]
    assert found.since < NOON - timedelta(days=14)


def test_what_lies_outside_counts_for_the_whole_city_alone(store: Store) -> None:
    found, span = lately(store, EVERYTHING), Window(NOON, NOON + hours(24))
    everything = total(found, "reported", "c", span)
    towns = found.counts_each("reported", ["t0", "t1", "t2"], span).tolist()
    assert everything == len(first_cases())
    assert everything - sum(towns) == 1
    assert found.counts_each("reported", ["c"], span).tolist() == [everything]


def test_a_town_sees_its_own_and_no_more(store: Store) -> None:
    found, span = lately(store, Scope(region_code="t1")), Window(NOON, NOON + hours(24))
    assert found.counts_each("reported", ["t1", "t1g0", "t0", "c"], span).tolist() == [4, 1, 0, 0]
    assert total(found, "reported", "t1", span) == 4


def test_traits(store: Store) -> None:
    apply(store, [case("p", 1, channel="police", category="0401", region_code="t1g0")], NOON)
    found, span = lately(store, EVERYTHING), Window(NOON, NOON + hours(24))
    assert found.counts_of("channel", ["police"], "c", [span]).tolist() == [1]
    assert found.counts_of("category", ["0401", "0402"], "t1", [span]).tolist() == [1]
    assert found.counts_of("category", ["0401"], "t0", [span]).tolist() == [0]
    assert found.counts_of("severity", ["4"], "c", [span]).tolist() == [12]
    assert found.counts_of_each("channel", ["police"], ["t0", "t1"], span).tolist() == [0, 1]


def test_standing_follows_a_case_through_its_life(store: Store) -> None:
    # 0102 may take four working hours from dispatch: at noon on a Tuesday, until 16:00.
    steps = [step("0", Stage.DISPATCHED, 0), step("0", Stage.CLOSED, 6)]
    apply(store, steps, NOON + hours(13))
    found = lately(store, EVERYTHING)
    asked = [-1, 0, 3.9, 4, 4.1, 5.9, 6, 7]
    moments = [NOON + hours(hour) for hour in asked]
    grid = sorted(GRIDS)[0]
    assert found.standing("open", grid, moments).tolist() == [0, 1, 1, 1, 1, 1, 0, 0]
    assert found.standing("overdue", grid, moments).tolist() == [0, 0, 0, 0, 1, 1, 0, 0]
    assert found.standing("due-soon", grid, moments).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    assert found.standing_each("overdue", ["t0", grid, "t1"], moments[5]).tolist() == [1, 1, 0]


def test_steps_out_of_order_are_counted(store: Store) -> None:
    apply(store, [step("0", Stage.CLOSED, 2), step("1", Stage.ACCEPTED, 2)], NOON + hours(13))
    found, span = lately(store, EVERYTHING), Window(NOON, NOON + hours(24))
    assert total(found, IRREGULAR, "c", span) == 1
    assert total(found, IRREGULAR, "t1", span) == 0


def test_follows_what_comes_in_and_what_is_taken_back(store: Store) -> None:
    span = Window(NOON, NOON + hours(24))
    before = lately(store, EVERYTHING).counts_each("reported", CODES, span)
    lon, lat = middle("t2g1")
    apply(store, [case("0", 2, lon=lon, lat=lat)], NOON + hours(13))
    after = lately(store, EVERYTHING).counts_each("reported", CODES, span)
    moved = dict(zip(CODES, (after - before).tolist(), strict=True))
    assert moved == {"c": 0, "t0": -1, "t1": 0, "t2": 1, "t0g0": -1, "t2g1": 1, "f": -1}


@pytest.mark.parametrize("few", [0, 1_000])
def test_many_that_changed_are_followed_as_few_are(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """One is taken back to years ago, one comes from there, one ends that was open so long."""
    monkeypatch.setattr("geo_data.rollups.case_log.FEW", few)
    year = 24 * 365
    ended = [step("old", Stage.DISPATCHED, -year), step("old", Stage.CLOSED, 1 - year)]
    apply(store, [case("old", -year, region_code="t1g0"), *ended], NOON + hours(13))
    apply(store, [case("open", -year, region_code="t1g0")], NOON + hours(13))
    span = Window(NOON, NOON + hours(24))
    before = lately(store, EVERYTHING)
    assert before.standing("open", "t1", [NOON + hours(20)]) >= 1
    told = [
        case("0", 1, title="z", region_code="t1g0"),
        step("0", Stage.CLOSED, 3),
        case("old", 2, region_code="t2g1"),
        step("open", Stage.CLOSED, 14),
    ]
    apply(store, told, NOON + hours(15))
    found = lately(store, EVERYTHING)
    with opened(open_store(store.address)) as anew:
        fresh = lately(anew, EVERYTHING)
        for measure in (*MEASURES, "opened", "ended"):
            expected = fresh.counts_each(measure, CODES, span).tolist()
            assert found.counts_each(measure, CODES, span).tolist() == expected, measure
    assert total(found, "closed", "t1", span) >= 1
    assert total(found, "reported", "t2", span) > total(before, "reported", "t2", span)


def test_a_log_that_was_cut_is_no_obstacle(store: Store) -> None:
    span = Window(NOON, NOON + hours(24))
    lately(store, EVERYTHING)
    apply(store, [case("new", 3, region_code="t0g0")], NOON + hours(13))
    apply(store, [case("newer", 4, region_code="t0g0")], NOON + hours(14))
    with store.write() as connection:
        changes = store.tables.changes
        last = connection.execute(changes.select().order_by(changes.c.seq.desc())).first()
        assert last is not None
        connection.execute(delete(changes).where(changes.c.seq < last.seq))
    found = lately(store, EVERYTHING)
    assert total(found, "reported", "c", span) == len(first_cases()) + 2


def test_a_history_loaded_whole_is_noticed(store: Store) -> None:
    span = Window(NOON, NOON + hours(24))
    before = total(lately(store, EVERYTHING), "reported", "c", span)
    lon, lat = middle("t2g1")
    loaded = {
        **{"source": "past", "source_id": ["1", "2"], "code": ["P1", "P2"], "title": "t"},
        **{"channel": "patrol", "category": "0102", "severity": 4, "lon": lon, "lat": lat},
        **{"happened_at": NOON + hours(1), "reported_at": NOON + hours(1)},
    }
    steps = {"incident": [0], "stage": ["filed"], "happened_at": [NOON + hours(2)]}
    bulk_load(store, pd.DataFrame(loaded), pd.DataFrame(steps), NOON + hours(13))
    found = lately(store, EVERYTHING)
    assert total(found, "reported", "c", span) == before + 2
    assert total(found, "filed", "t2", span) == 1


def test_an_empty_store_counts_nothing(stores: Stores) -> None:
    with opened(make_small_city(stores.new())) as store:
        found = lately(store, EVERYTHING)
        assert total(found, "reported", "c", Window(NOON, NOON + hours(1))) == 0
        assert found.standing("open", "c", [NOON]).tolist() == [0]


STAGES = st.sampled_from(
    [
        *(Stage.ACCEPTED, Stage.FILED, Stage.DISPATCHED, Stage.HANDLED, Stage.REWORKED),
        *(Stage.EXTENDED, Stage.CLOSED, Stage.EVALUATED, Stage.VOIDED, Stage.MERGED),
        *(Stage.SIGNED, Stage.CONTACTED, Stage.RESOLVED, Stage.SATISFIED, Stage.UNSATISFIED),
    ]
)
HOURS = st.integers(-200, 200)
REPORTS = st.one_of(
    st.builds(
        lambda number, hour, grid, channel: case(
            str(number), hour, region_code=grid, channel=channel
        ),
        st.integers(0, 5),
        HOURS,
        st.sampled_from([*sorted(GRIDS), "t2"]),
        st.sampled_from(["hotline", "patrol", "police"]),
    ),
    st.builds(
        lambda number, stage, hour: step(str(number), stage, hour), st.integers(0, 5), STAGES, HOURS
    ),
)


@given(
    st.lists(st.lists(REPORTS, min_size=1, max_size=6), min_size=1, max_size=4),
    st.sampled_from([0, 1_000]),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whole_days_are_counted_as_the_rollups_do(
    lived_city: Address, stores: Stores, batches: list[list[Report]], few: int
) -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        opened(open_store(stores.copy(lived_city))) as store,
    ):
        patch.setattr("geo_data.rollups.case_log.FEW", few)
        for number, batch in enumerate(batches):
            lately(store, EVERYTHING)
            apply(store, batch, NOON + hours(200 + number))
        found = lately(store, EVERYTHING)
        tree = region_tree(store, EVERYTHING)
        first = max(day_number(found.since, CITY.zone) + 1, day_number(NOON, CITY.zone) - 10)
        for day in range(first, first + 22):
            span = Window(day_start(day, CITY.zone), day_start(day + 1, CITY.zone))
            for code in CODES:
                expected = rollups.totals(store, EVERYTHING, code, day, day)
                assert {name: total(found, name, code, span) for name in MEASURES} == expected
        now = NOON + hours(204)
        standing = open_by_region(store, EVERYTHING, now)
        assert _stands(found, "c", now) == _sum(standing.values())
        for code in ("t0", "t1", "t2"):
            mine = [count for grid, count in standing.items() if tree.contains(code, grid)]
            assert _stands(found, code, now) == _sum(mine)


def _stands(found: Lately, code: str, now: datetime) -> OpenCount:
    kinds: tuple[Standing, ...] = ("open", "overdue", "due-soon")
    return OpenCount(*(int(found.standing(what, code, [now])[0]) for what in kinds))


def _sum(counts: object) -> OpenCount:
    pairs = np.array([tuple(count) for count in counts], dtype=int).reshape(-1, 3)  # type: ignore[attr-defined]
    return OpenCount(*pairs.sum(axis=0).tolist())


@given(
    st.lists(st.tuples(st.integers(-1, 6), st.integers(0, 50)), max_size=200),
    st.integers(0, 7),
    st.integers(0, 7),
)
def test_events_of_some_slots_are_those_that_lie_there(
    given_events: list[tuple[int, int]], first: int, end: int
) -> None:
    given_events.sort(key=lambda one: one[1])
    slots, times = np.array(given_events, dtype=np.int64).reshape(-1, 2).T
    rows = np.arange(len(given_events))
    events = Events(times, rows, slots.astype(np.int32), {"severity": rows * 2})
    found = events.of_slots(first, end)
    expected = [row for row, (slot, _) in enumerate(given_events) if first <= slot < end]
    assert found.case.tolist() == expected
    assert found.at_ms.tolist() == [given_events[row][1] for row in expected]
    assert found.slot.tolist() == [given_events[row][0] for row in expected]
    assert found.traits["severity"].tolist() == [2 * row for row in expected]
