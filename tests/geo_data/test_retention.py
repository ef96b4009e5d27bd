"""Old rows go, whole months of them; what they counted stays, and is not counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text

from geo_data import retention
from geo_data.ingest import Reading, Report, StageReport, apply
from geo_data.records import Scope, Stage
from geo_data.retention import keep_up
from geo_data.rollups import by_child, day_number, recount, totals
from geo_data.rollups.case_log import case_log
from geo_data.store import Store, copy_city, open_store, write_layer
from geo_data.store.months import parts
from tests.geo_data.lived_city import case
from tests.geo_data.small_city import AT, make_small_city, middle, sensor_frame
from tests.stores import Address, Stores

NOW = datetime(2025, 7, 20, 4, tzinfo=UTC)
KEPT = datetime(2025, 5, 1, tzinfo=UTC)
"""Seventy days before, cut to the month."""
DAYS = 70
ALL = Scope.everything()
ROLLUPS = ("rollup_region_day", "rollup_dimension_day", "rollup_metric_hour")
MAY_1_IN_THE_CITY = day_number(KEPT, ZoneInfo("Asia/Shanghai"))


def at(month: int, day: int, hour: float = 4) -> datetime:
    return datetime(2025, month, day, tzinfo=UTC) + timedelta(hours=hour)


def told(name: str, grid: str, *steps: tuple[Stage, datetime], **changes: Any) -> Report:
    lon, lat = middle(grid)
    reports = tuple(StageReport("app", name, stage, when) for stage, when in steps)
    first = steps[0][1]
    given = {"happened_at": first, "reported_at": first, "lon": lon, "lat": lat, **changes}
    return case(name, stages=reports, **given)


def life(name: str, grid: str, filed: datetime, ended: datetime | None) -> Report:
    steps = [(Stage.FILED, filed), (Stage.DISPATCHED, filed + timedelta(minutes=5))]
    if ended is not None:
        steps.append((Stage.CLOSED, ended))
    return told(name, grid, *steps)


HISTORY = [
    life("march", "t0g0", at(3, 3), at(3, 4)),
    life("april", "t0g1", at(4, 10), at(4, 11)),
    life("open since march", "t0g2", at(3, 20), None),
    life("closed in may", "t1g0", at(4, 29), at(5, 2)),
    # The first of May has begun in the city, not in UTC: of a month that goes, and of one that
    # stays, and the mark lies in the middle of that day.
    # Never dispatched, so it falls due on no day that is kept.
    told("last of april", "t1g1", (Stage.FILED, at(4, 30, 17)), (Stage.CLOSED, at(4, 30, 20))),
    life("first of may", "t1g2", at(5, 1, 1), at(5, 1, 2)),
    told("found in april", "t1g3", (Stage.FOUND, at(4, 30, 20)), (Stage.VOIDED, at(4, 30, 22))),
    life("june", "t2g0", at(6, 1), at(6, 3)),
    life("july", "t2g1", at(7, 19), None),
]
GONE = {"march", "april", "last of april", "found in april"}
READINGS = [
    Reading(f"s{n}", 0.2 + n, when)
    for n in range(2)
    for when in (at(3, 1), at(4, 30, 23), at(4, 30, 23.5), at(5, 1, 0), at(7, 19))
]


def fill(store: Store) -> None:
    # One after the other: cases of one batch are numbered in no order, and the newest stays.
    for one in HISTORY:
        apply(store, [one], NOW)
    apply(store, READINGS, NOW)


@pytest.fixture(scope="module")
def filled(module_stores: Stores) -> Address:
    address = module_stores.new()
    store = make_small_city(address)
    fill(store)
    store.close()
    return address


@pytest.fixture
def store(filled: Address, stores: Stores) -> Iterator[Store]:
    store = open_store(stores.copy(filled))
    yield store
    store.close()


def names(store: Store) -> set[str]:
    with store.read() as connection:
        return set(connection.scalars(select(store.tables.incidents.c.source_id)))


def count(store: Store, table: str) -> int:
    with store.read() as connection:
        counted = select(func.count()).select_from(store.tables.metadata.tables[table])
        return int(connection.scalar(counted) or 0)


def counted(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """What the rollups hold, apart from when they changed and from cells with nothing in them."""
    found = {}
    with store.read() as connection:
        for name in ROLLUPS:
            table = store.tables.metadata.tables[name]
            columns = [one for one in table.c if one.name != "changed_seq"]
            rows = connection.execute(select(*columns)).all()
            keys = len(table.primary_key.columns)
            found[name] = sorted(tuple(row) for row in rows if any(row[keys:-2] or row[keys:]))
    return found


def month_parts(store: Store, table: str) -> list[str]:
    with store.read() as connection:
        return [name.removeprefix(f"{table}_") for name in parts(connection, table)]


def test_by_default_everything_is_kept(store: Store) -> None:
    before = counted(store)
    keep_up(store, NOW)
    assert (len(names(store)), count(store, "observations")) == (len(HISTORY), len(READINGS))
    recount(store, NOW)
    assert counted(store) == before


def test_old_rows_go_and_their_counts_stay(store: Store) -> None:
    before, steps = counted(store), count(store, "incident_stages")
    april = [day_number(one, store.city.zone) for one in (at(4, 1), at(4, 30))]
    children = by_child(store, ALL, "c", "reported", *april)
    done = keep_up(store, NOW, DAYS, DAYS)
    assert names(store) == {one.source_id for one in HISTORY} - GONE  # type: ignore[union-attr]
    assert done.cases == len(GONE)
    # Three steps of two cases, two of those that were never dispatched.
    assert steps - count(store, "incident_stages") == 2 * 3 + 2 * 2
    assert count(store, "observations") == 4
    assert counted(store) == before
    assert by_child(store, ALL, "c", "reported", *april) == children
    assert keep_up(store, NOW, DAYS, DAYS) == retention.Upkeep([], [])


def test_a_recount_leaves_what_was_dropped(store: Store) -> None:
    before = counted(store)
    for month in (5, 6, 7, 8):
        keep_up(store, at(month, 20), DAYS, DAYS)
        recount(store, at(month, 20))
        assert counted(store) == before


def test_a_recount_still_mends_the_days_that_are_kept(store: Store) -> None:
    before = counted(store)
    keep_up(store, NOW, DAYS, DAYS)
    with store.write() as connection:
        connection.execute(
            text("UPDATE rollup_region_day SET reported = 99 WHERE day > :day"),
            {"day": MAY_1_IN_THE_CITY},
        )
    assert counted(store) != before
    recount(store, NOW)
    assert counted(store) == before


def test_what_was_dropped_is_not_taken_in_again(store: Store) -> None:
    keep_up(store, NOW, DAYS, DAYS)
    before = counted(store)
    outcome = apply(store, [*HISTORY, *READINGS], NOW)
    assert outcome.accepted == 0
    keys = [fault.key for _, fault in outcome.refused]
    assert keys == ["too-old"] * (len(GONE) + 6)
    for language in ("zh-CN", "en"):
        assert "2025-05-01" in outcome.refused[0][1].sentence(language)
    assert counted(store) == before
    assert count(store, "dead_letters") == len(keys)


def test_an_old_case_that_is_open_goes_on_and_goes_when_it_has_ended(store: Store) -> None:
    keep_up(store, NOW, DAYS, DAYS)
    apply(store, [StageReport("app", "open since march", Stage.CLOSED, at(7, 20, 5))], at(7, 20, 6))
    keep_up(store, at(8, 20), DAYS, DAYS)
    assert "open since march" in names(store)
    before = counted(store)
    done = keep_up(store, at(10, 20), DAYS, DAYS)
    assert "open since march" not in names(store)
    assert "july" in names(store)
    assert done.cases == len({"open since march", "june"})
    recount(store, at(10, 20))
    assert counted(store) == before
    assert totals(store, ALL, "c", 0, 30_000)["closed"] == 7


def test_portions_are_small_and_a_stop_between_them_costs_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CASES", 1)
    monkeypatch.setattr(retention, "OBSERVATIONS", 1)
    before, commits = counted(store), []
    stop = store.after_commit(lambda: commits.append(1))
    real = retention._drop_some_cases

    def once(store: Store, before: datetime) -> int:
        if len(commits) > 4:
            raise KeyboardInterrupt
        return real(store, before)

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_drop_some_cases", once)
        with pytest.raises(KeyboardInterrupt):
            keep_up(store, NOW, DAYS, DAYS)
    stop()
    recount(store, NOW)
    assert counted(store) == before
    keep_up(store, NOW, DAYS, DAYS)
    assert len(names(store)) == len(HISTORY) - len(GONE)
    recount(store, NOW)
    assert counted(store) == before


def test_a_longer_time_from_now_on_moves_no_mark_back(store: Store) -> None:
    keep_up(store, NOW, DAYS, DAYS)
    before = counted(store)
    keep_up(store, NOW, 400, 400)
    recount(store, NOW)
    assert counted(store) == before


def test_steps_that_wait_for_a_case_wait_as_long_as_cases_are_kept(store: Store) -> None:
    late = StageReport("app", "march", Stage.EVALUATED, at(3, 5))
    apply(store, [StageReport("app", "never told", Stage.CLOSED, at(4, 1))], at(4, 1))
    keep_up(store, NOW, DAYS, DAYS)
    apply(store, [late], NOW)
    assert count(store, "pending_stages") == 1
    keep_up(store, at(10, 20), DAYS, DAYS)
    assert count(store, "pending_stages") == 0


def test_a_number_is_not_given_twice(filled: Address, stores: Stores) -> None:
    store = make_small_city(stores.new())
    for name in ("1", "2"):
        apply(store, [life(name, "t0g0", at(1, 1), at(1, 2))], NOW)
    keep_up(store, NOW, DAYS, DAYS)
    assert names(store) == {"2"}
    apply(store, [life("3", "t0g0", at(7, 1), None)], NOW)
    with store.read() as connection:
        assert connection.scalars(select(store.tables.incidents.c.id)).all() == [2, 3]
    keep_up(store, NOW, DAYS, DAYS)
    assert names(store) == {"3"}
    store.close()


def test_who_keeps_cases_in_memory_forgets_them_too(store: Store) -> None:
    case_log(store)
    version = store.version("incidents")
    keep_up(store, NOW, DAYS, DAYS)
    assert store.version("incidents") > version
    assert set(case_log(store).events["opened"].case.tolist()) <= set(range(1, 20))


def test_a_copy_knows_from_when_on_rows_are_kept(
    filled: Address, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = stores.copy(filled)
    store = open_store(source)
    keep_up(store, NOW, DAYS, DAYS)
    before = counted(store)
    store.close()
    target = tmp_path_factory.mktemp("copied") / "copy.gpkg"
    copy_city(source, target, NOW)
    store = open_store(target)
    recount(store, NOW)
    assert counted(store) == before
    store.close()


def test_sensors_that_are_no_longer_there_leave_no_observations_behind(store: Store) -> None:
    frame = sensor_frame(store)
    write_layer(store, "sensors", frame[frame.code != "s1"], "test", AT)
    keep_up(store, NOW, DAYS, None)
    assert count(store, "observations") == 4


class TestMonths:
    @pytest.fixture
    def store(self, postgis_server: object, request: pytest.FixtureRequest) -> Iterator[Store]:
        store = make_small_city(request.getfixturevalue("postgis_url"))
        fill(store)
        yield store
        store.close()

    def test_of_all_rows_and_the_next_two_are_made(self, store: Store) -> None:
        assert month_parts(store, "incidents") == month_parts(store, "observations") == []
        keep_up(store, NOW)
        months = [f"2025_0{month}" for month in (3, 4, 5, 6, 7, 8, 9)]
        assert month_parts(store, "incidents") == months
        assert month_parts(store, "observations") == [one for one in months if one != "2025_06"]
        for table in ("incidents_other", "observations_other"):
            with store.read() as connection:
                assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
        before = counted(store)
        recount(store, NOW)
        assert counted(store) == before

    def test_the_first_message_of_a_month_finds_its_part(self, store: Store) -> None:
        keep_up(store, NOW)
        apply(store, [life("august", "t0g0", at(8, 1, 0), None)], at(8, 1, 0))
        with store.read() as connection:
            query = "SELECT source_id FROM incidents_2025_08"
            assert connection.scalars(text(query)).all() == ["august"]

    def test_past_their_time_are_dropped_but_not_with_an_open_case(self, store: Store) -> None:
        keep_up(store, NOW)
        done = keep_up(store, NOW, DAYS, DAYS)
        assert sorted(done.dropped) == ["observations_2025_03", "observations_2025_04"]
        # One is open since March, one of April was closed in May.
        assert month_parts(store, "incidents")[:2] == ["2025_03", "2025_04"]
        done = keep_up(store, at(8, 20), DAYS, DAYS)
        assert "incidents_2025_04" in done.dropped
        assert "incidents_2025_03" not in done.dropped

    def test_absurd_times_make_no_months(self, store: Store) -> None:
        apply(store, [Reading("s0", 0.3, datetime(1970, 1, 1, tzinfo=UTC))], NOW)
        keep_up(store, NOW)
        assert not [one for one in month_parts(store, "observations") if one < "2025"]
        keep_up(store, NOW, DAYS, DAYS)
        assert count(store, "observations") == 4
