"""Children and residue add up to the parent, the cubes follow the tables, scope is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_data import rollups
from geo_data.ingest import IncidentReport, Reading, Report, StageReport, apply
from geo_data.records import FUNCTIONAL, Scope, Severity, Stage
from geo_data.regions import region_tree
from geo_data.store import Store, open_store, write_layer
from tests.geo_data.small_city import AT, GRIDS, SOUTH, WEST, cell, make_small_city, middle
from tests.stores import Address, Stores

ALL = Scope.everything()
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2025, 7, 1, 4, tzinfo=UTC)
TODAY = rollups.day_number(NOON, SHANGHAI)
SPOTS = [middle(grid) for grid in GRIDS] + [(WEST + 0.045, SOUTH + 0.015), (0.0, 0.0)]


@pytest.fixture(scope="module")
def empty(module_stores: Stores) -> Address:
    path = module_stores.new()
    store = make_small_city(path)
    # 经开区 over the two grids in the middle of the lower row: label points decide.
    area = gpd.GeoDataFrame(
        {"code": ["f"], "name": ["开发区"]}, geometry=[cell(1, 0, 2, 1)], crs=4326
    )
    write_layer(store, "regions/functional", area, "test", AT)
    store.close()
    return path


@pytest.fixture
def store(empty: Address, stores: Stores) -> Iterator[Store]:
    store = open_store(stores.copy(empty))
    yield store
    store.close()


@pytest.fixture(scope="module")
def growing(empty: Address, module_stores: Stores) -> Iterator[Store]:
    """A store that every example adds to: the cubes must follow all of it."""
    store = open_store(module_stores.copy(empty))
    yield store
    store.close()


def case(source_id: str, spot: tuple[float, float] | None, **changes: Any) -> IncidentReport:
    lon, lat = spot or (None, None)
    values: dict[str, Any] = {
        "source": "app",
        "source_id": source_id,
        "code": source_id,
        "title": "暴露垃圾",
        "channel": "hotline",
        "category": "0102",
        "severity": Severity.GENERAL,
        "happened_at": NOON,
        "reported_at": NOON,
        "lon": lon,
        "lat": lat,
    }
    return IncidentReport(**values | changes)


def at(grid: str, source_id: str, **changes: Any) -> IncidentReport:
    return case(source_id, middle(grid), **changes)


# --- days ------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_a_local_day_begins_at_local_midnight(zone: str) -> None:
    local = ZoneInfo(zone)
    day = (date(2025, 3, 9) - date(1970, 1, 1)).days
    for number in (day, day + 1):
        start = rollups.day_start(number, local)
        assert rollups.day_number(start, local) == number
        assert rollups.day_number(start - timedelta(milliseconds=1), local) == number - 1


# --- sums ------------------------------------------------------------------------------------


def test_a_region_counts_what_lies_in_it_and_the_city_counts_everything(store: Store) -> None:
    told = [at("t0g0", "1"), at("t0g3", "2"), at("t1g1", "3", channel="patrol")]
    in_town = case("4", (WEST + 0.045, SOUTH + 0.015))
    apply(store, [*told, in_town, case("5", (0.0, 0.0)), case("6", None)], NOON)

    def reported(region: str, scope: Scope = ALL) -> int:
        return rollups.totals(store, scope, region, TODAY, TODAY)["reported"]

    assert [reported(code) for code in ("c", "t0", "t0g0", "t1", "t2", "t2g0")] == [
        6,
        2,
        1,
        1,
        1,
        0,
    ]
    assert rollups.by_child(store, ALL, "c", "reported", TODAY, TODAY) == {
        "t0": 2,
        "t1": 1,
        "t2": 1,
        "": 2,
    }
    assert rollups.by_child(store, ALL, "t2", "reported", TODAY, TODAY)[""] == 1
    assert rollups.by_child(store, ALL, "t0g0", "reported", TODAY, TODAY) == {"": 1}
    assert rollups.by_level(store, ALL, "grid", "reported", TODAY, TODAY)["t1g1"] == 1
    assert rollups.totals(store, ALL, "c", TODAY, TODAY)["hotline"] == 5


def test_a_functional_area_counts_the_regions_in_it_beside_the_chain(store: Store) -> None:
    apply(store, [at("t0g1", "1"), at("t1g0", "2"), at("t0g0", "3")], NOON)
    assert rollups.totals(store, ALL, "f", TODAY, TODAY)["reported"] == 2
    assert rollups.by_level(store, ALL, FUNCTIONAL, "reported", TODAY, TODAY) == {"f": 2}
    assert "f" not in rollups.by_child(store, ALL, "c", "reported", TODAY, TODAY)
    assert rollups.dimension(store, ALL, "f", "channel", TODAY, TODAY) == {"hotline": 2}


def test_a_day_is_a_local_day(store: Store) -> None:
    evening = datetime(2025, 7, 1, 15, 59, tzinfo=UTC)
    told = [at("t0g0", "1", reported_at=evening)]
    told.append(at("t0g0", "2", reported_at=evening + timedelta(minutes=1)))
    apply(store, told, NOON)
    assert rollups.series(store, ALL, "t0", "reported", TODAY - 1, TODAY + 1).tolist() == [0, 1, 1]


def test_a_case_that_moves_on_is_counted_where_it_stands_now(store: Store) -> None:
    def measures() -> dict[str, int]:
        found = rollups.totals(store, ALL, "c", TODAY, TODAY + 5)
        return {name: n for name, n in found.items() if n}

    def step(stage: Stage, hours: float) -> StageReport:
        return StageReport("app", "1", stage, NOON + timedelta(hours=hours))

    apply(store, [at("t0g0", "1", channel="iot")], NOON)
    assert measures() == {"reported": 1}
    apply(store, [step(Stage.FILED, 0), step(Stage.DISPATCHED, 0.5)], NOON)
    filed = {"reported": 1, "filed": 1, "filed_of_reported": 1, "proactive": 1}
    sent = filed | {"due": 1, "sign_due": 1}
    assert measures() == sent
    apply(store, [step(Stage.CLOSED, 1)], NOON)
    assert measures() == sent | {"closed": 1, "closed_on_time": 1}
    apply(store, [step(Stage.REWORKED, 2)], NOON)
    assert measures() == sent | {"reworked": 1}
    apply(store, [step(Stage.VOIDED, 3)], NOON)
    assert measures() == filed | {"reworked": 1}


def test_the_latest_answer_of_a_citizen_counts(store: Store) -> None:
    def measures() -> dict[str, int]:
        found = rollups.totals(store, ALL, "c", TODAY, TODAY + 5)
        names = (*rollups.ANSWERS, "resolved", "explained", "contact_due", "contacted_in_time")
        return {name: found[name] for name in names if found[name]}

    def step(stage: Stage, hours: float) -> StageReport:
        return StageReport("app", "1", stage, NOON + timedelta(hours=hours))

    apply(store, [at("t0g0", "1"), step(Stage.DISPATCHED, 0), step(Stage.CONTACTED, 2)], NOON)
    assert measures() == {"contact_due": 1, "contacted_in_time": 1}
    assert not rollups.is_told(store, "signed_in_time")
    apply(store, [step(Stage.SATISFIED, 30), step(Stage.EXPLAINED, 30)], NOON)
    assert measures() == {
        **{"contact_due": 1, "contacted_in_time": 1},
        **{"satisfied": 1, "explained": 1},
    }
    # Told late, but said earlier: it is not the latest. What is said later is.
    apply(store, [step(Stage.NEUTRAL, 20)], NOON)
    assert (measures()["satisfied"], "neutral" in measures()) == (1, False)
    apply(store, [step(Stage.UNSATISFIED, 40), step(Stage.RESOLVED, 31)], NOON)
    assert measures() == {
        **{"contact_due": 1, "contacted_in_time": 1},
        **{"unsatisfied": 1, "resolved": 1},
    }
    apply(store, [step(Stage.SIGNED, 0.5)], NOON)
    assert rollups.is_told(store, "signed_in_time")
    apply(store, [step(Stage.VOIDED, 50)], NOON)
    assert measures() == {}


def test_an_empty_city_counts_nothing(store: Store) -> None:
    assert not any(rollups.totals(store, ALL, "c", TODAY, TODAY).values())
    assert rollups.by_child(store, ALL, "t0", "due", 0, TODAY) == {
        "t0g0": 0,
        "t0g1": 0,
        "t0g2": 0,
        "t0g3": 0,
        "": 0,
    }
    assert rollups.series(store, ALL, "c", "filed", TODAY, TODAY - 1).tolist() == []
    assert rollups.dimension(store, ALL, "c", "category", 0, TODAY) == {}
    assert rollups.metric_hours(store, ALL, "c", "noise", 5, 6).n.tolist() == [0, 0]


# --- scope -----------------------------------------------------------------------------------


def test_a_town_sees_itself_and_nothing_else(store: Store) -> None:
    apply(store, [at("t0g0", "1"), at("t1g0", "2"), case("3", (0.0, 0.0)), case("4", None)], NOON)
    hours = (0, 10**6)
    apply(store, [Reading("s1", 60.0, NOON), Reading("s4", 60.0, NOON)], NOON)
    mine = Scope(region_code="t0")
    span = (TODAY, TODAY)
    assert rollups.totals(store, mine, "t0", *span)["reported"] == 1
    assert rollups.by_child(store, mine, "t0", "reported", *span)[""] == 0
    assert set(rollups.by_level(store, mine, "grid", "reported", *span)) == {
        code for code in GRIDS if code.startswith("t0")
    }
    assert rollups.dimension(store, mine, "t0", "severity", *span) == {"4": 1}
    assert rollups.metric_hours(store, mine, "t0", "noise", *hours).n.sum() == 1
    for hidden in ("c", "t1", "t1g0", "f", "nowhere"):
        assert not any(rollups.totals(store, mine, hidden, *span).values())
        assert rollups.by_child(store, mine, hidden, "reported", *span) == {}
        assert rollups.dimension(store, mine, hidden, "severity", *span) == {}
        assert not rollups.metric_hours(store, mine, hidden, "noise", *hours).n.any()


# --- everything at once ----------------------------------------------------------------------

TIMES = st.integers(-200, 200).map(lambda hours: NOON + timedelta(hours=hours))
CASES = st.builds(
    lambda number, spot, channel, category, severity, when: case(
        str(number), spot, channel=channel, category=category, severity=severity, reported_at=when
    ),
    st.integers(0, 40),
    st.sampled_from([*SPOTS, None]),
    st.sampled_from(["hotline", "patrol", "iot"]),
    st.sampled_from(["0102", "0402", "0505"]),
    st.sampled_from(Severity),
    TIMES,
)
STEPS = st.builds(
    lambda number, stage, when: StageReport("app", str(number), stage, when),
    st.integers(0, 40),
    st.sampled_from(Stage),
    TIMES,
)
DAYS = st.integers(TODAY - 12, TODAY + 25)


@settings(max_examples=40)
@given(
    reports=st.lists(CASES | STEPS, max_size=6),
    days=st.tuples(DAYS, DAYS),
    measure=st.sampled_from(rollups.MEASURES),
)
def test_whatever_comes_in_the_parts_add_up(
    growing: Store, reports: list[Report], days: tuple[int, int], measure: str
) -> None:
    apply(growing, reports, NOON + timedelta(days=9))
    first, last = min(days), max(days)
    tree = region_tree(growing, ALL)
    for region in tree.regions():
        total = rollups.totals(growing, ALL, region.code, first, last)[measure]
        by_day = rollups.series(growing, ALL, region.code, measure, first, last)
        children = rollups.by_child(growing, ALL, region.code, measure, first, last)
        assert total == by_day.sum() == sum(children.values())
        assert min(by_day, default=0) >= 0
        known = rollups.by_level(growing, ALL, region.level, measure, first, last)
        assert known[region.code] == total
        if measure == "reported":
            for name in rollups.DIMENSIONS:
                found = rollups.dimension_series(growing, ALL, region.code, name, first, last)
                sums = sum(found.values(), np.zeros(last - first + 1, dtype=np.int64))
                assert (sums == by_day).all()


def test_the_dimension_counts_what_was_reported(growing: Store) -> None:
    first, last = TODAY - 12, TODAY + 25
    with growing.read() as connection:
        rows = connection.exec_driver_sql("SELECT category, severity FROM incidents").all()
    for name, position in (("category", 0), ("severity", 1)):
        plain = Counter(str(row[position]) for row in rows)
        assert rollups.dimension(growing, ALL, "c", name, first, last) == plain
    with pytest.raises(ValueError, match="no dimension"):
        rollups.dimension(growing, ALL, "c", "colour", first, last)


def test_two_processes_see_the_same(empty: Address, stores: Stores) -> None:
    path = stores.copy(empty)
    writer, reader = open_store(path), open_store(path)
    try:
        for number in range(1, 4):
            apply(writer, [at("t0g0", str(number))], NOON)
            for each in (writer, reader):
                assert rollups.totals(each, ALL, "t0", TODAY, TODAY)["reported"] == number
    finally:
        writer.close()
        reader.close()


# --- hours -----------------------------------------------------------------------------------


def test_hours_of_a_metric_at_every_level(store: Store) -> None:
    hour = int(NOON.timestamp()) // 3600
    readings = [
        Reading("s1", 50.0, NOON),
        Reading("s1", 60.0, NOON + timedelta(minutes=30)),
        Reading("s1", 70.0, NOON + timedelta(hours=2)),
        Reading("s4", 40.0, NOON + timedelta(minutes=5)),
        Reading("s2", 400.0, NOON),
    ]
    apply(store, readings, NOON + timedelta(hours=3))

    def hours(region: str) -> list[list[float]]:
        found = rollups.metric_hours(store, ALL, region, "noise", hour, hour + 2)
        return [np.nan_to_num(column, nan=-1).tolist() for column in found[1:]]

    assert hours("c") == [[3, 0, 1], [150, 0, 70], [40, -1, 70], [60, -1, 70]]
    assert hours("t0") == hours("t0g0") == [[2, 0, 1], [110, 0, 70], [50, -1, 70], [60, -1, 70]]
    assert hours("t2") == hours("t2g0") == [[0, 0, 0], [0, 0, 0], [-1, -1, -1], [-1, -1, -1]]
    apply(store, [Reading("s5", 90.0, NOON + timedelta(hours=1))], NOON + timedelta(hours=3))
    assert hours("c") == [[3, 1, 1], [150, 90, 70], [40, 90, 70], [60, 90, 70]]


def test_a_recount_changes_no_answer(store: Store) -> None:
    apply(store, [at("t0g0", "1"), at("t1g0", "2"), Reading("s1", 50.0, NOON)], NOON)
    hour = int(NOON.timestamp()) // 3600

    def answers() -> list[object]:
        noise = rollups.metric_hours(store, ALL, "c", "noise", hour, hour)
        return [
            rollups.totals(store, ALL, "c", TODAY, TODAY),
            rollups.by_level(store, ALL, "grid", "reported", TODAY, TODAY),
            rollups.dimension(store, ALL, "t0", "channel", TODAY, TODAY),
            [column.tolist() for column in noise],
        ]

    before = answers()
    rollups.recount(store, NOON)
    assert answers() == before
    apply(store, [Reading("s1", 45.0, NOON + timedelta(minutes=1))], NOON)
    found = rollups.metric_hours(store, ALL, "c", "noise", hour, hour)
    assert (found.n[0], found.low[0], found.high[0]) == (2, 45.0, 50.0)
