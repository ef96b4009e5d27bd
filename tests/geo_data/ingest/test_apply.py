"""The same reports in any order, any number of times, in any batches: the same store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from geo_data.ingest import IncidentReport, Reading, Report, StageReport, apply
from geo_data.ingest.bulk import bulk_load, bulk_load_parts, bulk_observations
from geo_data.instants import to_text
from geo_data.records import Severity, Stage
from geo_data.rollups import recount
from geo_data.store import Store, open_store
from tests.geo_data.small_city import GRIDS, SOUTH, WEST, make_small_city, middle
from tests.stores import Address, Stores

NOW = datetime(2025, 7, 1, 4, tzinfo=UTC)
LATER = NOW + timedelta(days=3)


@pytest.fixture(scope="module")
def empty(module_stores: Stores) -> Address:
    path = module_stores.new()
    make_small_city(path).close()
    return path


@pytest.fixture
def store(empty: Address, stores: Stores) -> Iterator[Store]:
    store = open_store(stores.copy(empty))
    yield store
    store.close()


def case(source_id: str = "1", **changes: Any) -> IncidentReport:
    lon, lat = middle("t0g0")
    values: dict[str, Any] = {
        "source": "app",
        "source_id": source_id,
        "code": f"C{source_id}",
        "title": "暴露垃圾",
        "channel": "hotline",
        "category": "0102",
        "severity": Severity.GENERAL,
        "happened_at": NOW,
        "reported_at": NOW,
        "lon": lon,
        "lat": lat,
    }
    return IncidentReport(**values | changes)


def step(stage: Stage, hours: float, source_id: str = "1") -> StageReport:
    return StageReport("app", source_id, stage, NOW + timedelta(hours=hours))


def rows(store: Store, table: str, *without: str) -> list[dict[str, Any]]:
    with store.read() as connection:
        found = connection.execute(select(getattr(store.tables, table))).mappings().all()
    kept = [{key: _plain(row[key]) for key in row if key not in without} for row in found]
    return sorted(kept, key=lambda row: [str(value) for value in row.values()])


def _plain(value: Any) -> Any:
    return to_text(value) if isinstance(value, datetime) else value


def one(store: Store) -> dict[str, Any]:
    (row,) = rows(store, "incidents")
    return row


def rollups(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every rollup row that counts anything."""
    found = {
        "rollup_region_day": rows(store, "rollup_region_day", "changed_seq"),
        "rollup_dimension_day": rows(store, "rollup_dimension_day", "changed_seq"),
        "rollup_metric_hour": rows(store, "rollup_metric_hour", "changed_seq"),
    }
    keys = {"day", "hour", "region_code", "dimension", "key", "metric", "low", "high"}
    return {
        table: [row for row in listed if any(row[name] for name in row.keys() - keys)]
        for table, listed in found.items()
    }


def state_of(store: Store) -> dict[str, Any]:
    """Everything the store knows but when it learned it and how it numbered it."""
    ids = {row["id"]: row["source_id"] for row in rows(store, "incidents")}
    steps = rows(store, "incident_stages", "recorded_at")
    return {
        "incidents": rows(store, "incidents", "id", "recorded_at"),
        "stages": sorted((ids[row.pop("incident_id")], *map(str, row.values())) for row in steps),
        "pending": rows(store, "pending_stages", "recorded_at"),
        "readings": rows(store, "readings", "received_at"),
        "observations": rows(store, "observations", "received_at"),
        **rollups(store),
    }


# --- cases -----------------------------------------------------------------------------------


def test_a_case_goes_to_its_grid_and_the_smallest_place_around_it(store: Store) -> None:
    outcome = apply(store, [case()], NOW)
    assert (outcome.accepted, outcome.repeated, outcome.refused) == (1, 0, [])
    row = one(store)
    assert (row["region_code"], row["place_code"], row["located_by"]) == ("t0g0", "b0", "point")
    assert row["stage"] == "found"


def test_a_case_where_no_grid_is_belongs_to_the_town(store: Store) -> None:
    apply(store, [case(lon=WEST + 0.045, lat=SOUTH + 0.015)], NOW)
    assert one(store)["region_code"] == "t2"


def test_a_case_on_a_border_belongs_to_one_side(store: Store) -> None:
    apply(store, [case(lon=WEST + 0.01, lat=SOUTH + 0.01)], NOW)
    assert one(store)["region_code"] == "t0g0"


@pytest.mark.parametrize(
    ("said", "region_code", "located_by"),
    [
        ({"lon": 100.0, "lat": 10.0}, None, "outside"),
        ({"lon": 100.0, "lat": 10.0, "region_code": "t1"}, None, "outside"),
        ({"region_code": "t1"}, "t1", "region"),
        ({"place_code": "b0"}, "t0g0", "place"),
        ({"place_code": "gone", "region_code": "t1"}, "t1", "region"),
        ({"address": "人民路"}, "c", "region"),
    ],
)
def test_a_case_without_a_good_position_is_placed_by_what_is_said(
    store: Store, said: dict[str, Any], region_code: str | None, located_by: str
) -> None:
    apply(store, [case(**({"lon": None, "lat": None} | said))], NOW)
    row = one(store)
    assert (row["region_code"], row["located_by"]) == (region_code, located_by)


def test_a_case_nowhere_to_be_found_is_put_aside_and_nothing_else_suffers(store: Store) -> None:
    lost = case("2", lon=None, lat=None, region_code="t9")
    outcome = apply(store, [lost, case()], NOW)
    assert [(row, fault.key) for row, fault in outcome.refused] == [(0, "unknown-area")]
    assert outcome.accepted == 1
    (letter,) = rows(store, "dead_letters")
    assert '"source_id": "2"' in letter["raw"]
    assert one(store)["source_id"] == "1"


def test_steps_move_a_case_and_are_told_to_the_change_log(store: Store) -> None:
    apply(store, [case()], NOW)
    apply(store, [step(Stage.DISPATCHED, 1), step(Stage.CLOSED, 3)], LATER)
    row = one(store)
    assert (row["stage"], row["ended_at"]) == ("closed", "2025-07-01T07:00:00.000Z")
    assert row["due_at"] == "2025-07-01T09:00:00.000Z"
    changes = [row["body"] for row in rows(store, "changes") if row["topic"] == "incidents"]
    assert '"new":true' in changes[0]
    assert '"new":false' in changes[1]


def test_a_step_that_comes_before_its_case_waits_for_it(store: Store) -> None:
    apply(store, [step(Stage.CLOSED, 3)], NOW)
    assert rows(store, "incidents") == []
    assert len(rows(store, "pending_stages")) == 1
    assert apply(store, [step(Stage.CLOSED, 3)], LATER).repeated == 1
    apply(store, [case()], LATER)
    assert one(store)["stage"] == "closed"
    assert rows(store, "pending_stages") == []
    (kept,) = rows(store, "incident_stages")
    assert kept["recorded_at"] == "2025-07-01T04:00:00.000Z"


def test_a_repeated_report_changes_nothing_at_all(store: Store) -> None:
    batch = [case(stages=(step(Stage.FOUND, 0),)), Reading("s0", 0.3, NOW)]
    apply(store, batch, NOW)
    before = (state_of(store), rows(store, "changes"))
    outcome = apply(store, [*batch, *batch], LATER)
    assert (outcome.accepted, outcome.repeated) == (0, 4)
    assert (state_of(store), rows(store, "changes")) == before


def test_of_two_tellings_the_later_holds(store: Store) -> None:
    corrected = case(
        title="积存渣土", category="0103", reported_at=NOW + timedelta(hours=1), lon=WEST + 0.015
    )
    apply(store, [corrected], LATER)
    assert apply(store, [case()], LATER).repeated == 1
    row = one(store)
    assert (row["title"], row["region_code"]) == ("积存渣土", "t0g1")


def test_times_finer_than_the_store_keeps_are_the_same_time(store: Store) -> None:
    fine = NOW + timedelta(microseconds=1234)
    apply(store, [case(happened_at=fine)], NOW)
    assert apply(store, [case(happened_at=fine)], LATER).repeated == 1


# --- readings --------------------------------------------------------------------------------


def test_the_latest_reading_is_judged_and_stragglers_only_fill_history(store: Store) -> None:
    readings = [Reading("s0", 0.13, NOW), Reading("s0", 0.3, NOW - timedelta(hours=2))]
    assert apply(store, readings, NOW).accepted == 2
    (latest,) = rows(store, "readings")
    assert (latest["value"], latest["state"]) == (0.13, 2)
    assert len(rows(store, "observations")) == 2
    assert [row["n"] for row in rollups(store)["rollup_metric_hour"]] == [1, 1]


def test_readings_of_nobody_and_of_broken_instruments_are_put_aside(store: Store) -> None:
    batch = [Reading("s0", 99.0, NOW), Reading("nobody", 1.0, NOW), Reading("s1", 50.0, NOW)]
    batch.append(Reading("s1", float("nan"), NOW))
    outcome = apply(store, batch, NOW)
    keys = [(row, fault.key) for row, fault in outcome.refused]
    assert keys == [(0, "implausible-value"), (1, "unknown-sensor"), (3, "endless-number")]
    assert len(rows(store, "observations")) == 1
    assert len(rows(store, "dead_letters")) == 3


def test_of_two_values_at_one_moment_the_first_is_kept(store: Store) -> None:
    apply(store, [Reading("s1", 50.0, NOW)], NOW)
    outcome = apply(store, [Reading("s1", 60.0, NOW)], NOW)
    assert outcome.repeated == 1
    assert rows(store, "observations")[0]["value"] == 50.0


# --- any order -------------------------------------------------------------------------------

POSITIONS = st.sampled_from([middle(grid) for grid in GRIDS] + [(WEST + 0.045, SOUTH + 0.015)])
QUARTERS = st.integers(0, 4 * 60).map(lambda quarters: NOW + timedelta(hours=quarters / 4 - 30))


@st.composite
def tellings(draw: st.DrawFn) -> IncidentReport:
    lon, lat = draw(POSITIONS | st.just((None, None)) | st.just((0.0, 0.0)))
    return case(
        draw(st.sampled_from("123")),
        title=draw(st.sampled_from(["甲", "乙"])),
        channel=draw(st.sampled_from(["hotline", "patrol"])),
        category=draw(st.sampled_from(["0102", "0402"])),
        severity=draw(st.sampled_from(Severity)),
        reported_at=draw(QUARTERS),
        region_code=draw(st.sampled_from([None, "t1", "nowhere"])),
        lon=lon,
        lat=lat,
    )


STEPS = st.builds(
    StageReport, st.just("app"), st.sampled_from("123"), st.sampled_from(Stage), QUARTERS
)
READINGS = st.builds(
    lambda sensor, at: Reading(sensor, 40.0 + at.minute + at.hour, at),
    st.sampled_from(["s1", "s4", "s5"]),
    QUARTERS,
)
REPORTS = st.lists(tellings() | STEPS | READINGS, min_size=1, max_size=14)


def cut(reports: Sequence[Report], cuts: Sequence[int]) -> list[Sequence[Report]]:
    edges = [0, *sorted({edge % (len(reports) + 1) for edge in cuts}), len(reports)]
    return [reports[a:b] for a, b in pairwise(edges)]


FILLED = ("incidents", "incident_stages", "pending_stages", "readings", "observations")


@pytest.fixture(scope="module")
def trial(empty: Address, module_stores: Stores) -> Iterator[Store]:
    store = open_store(module_stores.copy(empty))
    yield store
    store.close()


def wipe(store: Store) -> None:
    """Forget everything but the ground: cheaper than opening a store for every example."""
    with store.write() as connection:
        for table in (*FILLED, "rollup_region_day", "rollup_dimension_day", "rollup_metric_hour"):
            connection.exec_driver_sql(f"DELETE FROM {table}")


def state_after(store: Store, batches: Sequence[Sequence[Report]]) -> dict[str, Any]:
    """What a wiped store knows after some batches; its rollups must equal a recount."""
    wipe(store)
    for number, batch in enumerate(batches):
        apply(store, batch, LATER + timedelta(seconds=number))
    state = state_of(store)
    recount(store, LATER)
    assert rollups(store) == {table: state[table] for table in rollups(store)}
    return state


@settings(max_examples=40)
@given(reports=REPORTS, data=st.data())
def test_any_order_any_repeats_any_batches_end_the_same(
    trial: Store, reports: list[Report], data: st.DataObject
) -> None:
    straight = state_after(trial, [reports])
    again = data.draw(st.lists(st.sampled_from(reports), max_size=5))
    shuffled = data.draw(st.permutations([*reports, *again]))
    cuts = data.draw(st.lists(st.integers(0, 40), max_size=5))
    assert state_after(trial, cut(shuffled, cuts)) == straight


# --- in bulk ---------------------------------------------------------------------------------


def columns_of(cases: Sequence[IncidentReport]) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = [name for name in IncidentReport.__slots__ if name != "stages"]
    incidents = pd.DataFrame([{name: getattr(one, name) for name in names} for one in cases])
    steps = [
        (row, str(step.stage), step.happened_at)
        for row, one in enumerate(cases)
        for step in one.stages
    ]
    stages = pd.DataFrame(steps, columns=["incident", "stage", "happened_at"])
    stages["happened_at"] = pd.to_datetime(stages["happened_at"], utc=True)
    incidents["severity"] = incidents["severity"].astype(int)
    return incidents, stages


def in_bulk(store: Store, cases: Sequence[IncidentReport], readings: Sequence[Reading]) -> None:
    bulk_load(store, *columns_of(cases), LATER)
    frame = pd.DataFrame([(one.sensor_code, one.value, one.observed_at) for one in readings])
    if len(frame):
        frame.columns = pd.Index(["sensor_code", "value", "observed_at"])
        bulk_observations(store, frame, LATER)


@settings(max_examples=20)
@given(
    cases=st.lists(tellings(), min_size=1, max_size=5),
    steps=st.lists(STEPS, max_size=12),
    readings=st.lists(READINGS, max_size=8),
)
def test_a_history_loaded_at_once_is_the_history_received(
    trial: Store, cases: list[IncidentReport], steps: list[StageReport], readings: list[Reading]
) -> None:
    numbered = [
        IncidentReport(
            **{name: getattr(one, name) for name in IncidentReport.__slots__}
            | {
                "source_id": str(number),
                "region_code": None if one.region_code == "nowhere" else one.region_code,
                "stages": tuple(step for step in steps if step.source_id == str(number)),
            }
        )
        for number, one in enumerate(cases)
    ]
    wipe(trial)
    in_bulk(trial, numbered, readings)
    loaded = state_of(trial)
    assert apply(trial, [*numbered, *readings], LATER).accepted == 0
    assert state_of(trial) == loaded
    assert loaded == state_after(trial, [[*numbered, *readings]])


def test_a_history_in_parts_is_the_history_at_once(store: Store) -> None:
    cases = [case(str(number), region_code="t0g0") for number in range(7)]
    parts = [columns_of(cases[:3]), columns_of(cases[3:])]
    with pytest.raises(ValueError, match="twice"):
        bulk_load_parts(store, [*parts, parts[0]], LATER)
    assert state_of(store) == state_after(store, [])
    assert bulk_load_parts(store, parts, LATER) == 7
    in_parts = state_of(store)
    wipe(store)
    in_bulk(store, cases, [])
    assert in_parts == state_of(store)


def test_a_bulk_load_is_all_or_nothing(store: Store) -> None:
    apply(store, [case("7")], NOW)
    before = state_of(store)
    with pytest.raises(Exception, match="twice"):
        in_bulk(store, [case("6"), case("7")], [])
    assert state_of(store) == before
    with pytest.raises(ValueError, match="channel"):
        in_bulk(store, [case("8", channel="pigeon")], [])
    with pytest.raises(ValueError, match="outside what such a sensor measures"):
        in_bulk(store, [case("9")], [Reading("s1", 9999.0, NOW)])
    frame = pd.DataFrame({"sensor_code": ["s1"], "value": [1.0], "observed_at": ["2025-07-01"]})
    with pytest.raises(ValueError, match="aware times"):
        bulk_observations(store, frame, NOW)
