"""Only what changed lately is told row by row; who looked away for longer reads all anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.dialects import sqlite

from geo_data import rollups
from geo_data.ingest import Reading, apply
from geo_data.records import Scope
from geo_data.rollups import changed
from geo_data.rollups.changed import LONG_AGO, changed_after, lately, let_rest, told_from
from geo_data.rollups.followers import Follower
from geo_data.store import Store, open_store
from geo_data.store.file import raw_connection
from tests.geo_data.foreign import until
from tests.geo_data.rollups.test_rollups import NOON, TODAY, case
from tests.geo_data.small_city import make_small_city, middle
from tests.stores import Address, Stores

ALL = Scope.everything()
LONG = NOON - timedelta(days=400)
DAYS = TODAY - 401, TODAY
ROLLUPS = ("rollup_region_day", "rollup_dimension_day", "rollup_metric_hour")


@pytest.fixture(scope="module")
def city(module_stores: Stores) -> Address:
    path = module_stores.new()
    make_small_city(path).close()
    return path


@pytest.fixture
def two(city: Address, stores: Stores) -> Iterator[tuple[Store, Store]]:
    """One store, opened twice: who writes, and who looks."""
    copied = stores.copy(city)
    with ExitStack() as both:
        writer, looker = open_store(copied), open_store(copied)
        both.callback(looker.close)
        both.callback(writer.close)
        yield writer, looker


def told(store: Store, number: str, ago: timedelta = timedelta(), after_h: int = 0) -> None:
    """A case that was reported so long before noon, learned of so many hours after it."""
    at = NOON - ago
    one = case(number, middle("t0g0"), happened_at=at, reported_at=at)
    apply(store, [one], NOON + timedelta(hours=after_h))


def in_step(writer: Store, looker: Store) -> None:
    """Wait for a server's word of what was committed."""
    until(lambda: looker.versions() == writer.versions())


def reported(store: Store) -> int:
    return int(rollups.series(store, ALL, "c", "reported", *DAYS).sum())


def by_channel(store: Store) -> int:
    return sum(rollups.dimension(store, ALL, "c", "channel", *DAYS).values())


def numbered(store: Store) -> list[int]:
    """How many rows of each rollup carry the number of a change."""
    tables = [store.tables.metadata.tables[name] for name in ROLLUPS]
    with store.read() as connection:
        return [
            connection.scalar(select(func.count()).select_from(one).where(lately(one))) or 0
            for one in tables
        ]


def test_who_looked_away_while_numbers_went_sees_all_the_same(two: tuple[Store, Store]) -> None:
    writer, looker = two
    told(writer, "a")
    in_step(writer, looker)
    assert (reported(looker), by_channel(looker)) == (1, 1)
    told(writer, "b", timedelta(days=400), 1)
    told(writer, "c", timedelta(days=3), 2)
    assert let_rest(writer, NOON + timedelta(hours=3)) > 0
    assert numbered(writer) == [0, 0, 0]
    in_step(writer, looker)
    assert (reported(looker), by_channel(looker)) == (3, 3)
    # And goes on from there.
    told(writer, "d", timedelta(days=200), 4)
    in_step(writer, looker)
    assert (reported(looker), by_channel(looker)) == (4, 4)


def test_hours_of_sensors_too(two: tuple[Store, Store]) -> None:
    writer, looker = two
    hour = int(NOON.timestamp()) // 3600
    apply(writer, [Reading("s1", 1.0, NOON)], NOON)
    in_step(writer, looker)
    assert rollups.metric_hours(looker, ALL, "c", "noise", hour - 9, hour).n.sum() == 1
    apply(writer, [Reading("s1", 3.0, NOON - timedelta(hours=5))], NOON + timedelta(hours=1))
    let_rest(writer, NOON + timedelta(hours=2))
    assert numbered(writer)[2] == 0
    in_step(writer, looker)
    assert rollups.metric_hours(looker, ALL, "c", "noise", hour - 9, hour).n.sum() == 2


def test_what_changed_since_then_keeps_its_number(two: tuple[Store, Store]) -> None:
    writer, looker = two
    told(writer, "a")
    told(writer, "b", timedelta(days=400), 2)
    let_rest(writer, NOON + timedelta(hours=1))
    days, cells, _ = numbered(writer)
    assert days > 0
    assert cells > 0
    with writer.read() as connection:
        mark = told_from(connection, writer.tables)
        table = writer.tables.rollup_region_day
        of_a = select(table.c.changed_seq).where(table.c.day == TODAY)
        assert set(connection.scalars(of_a)) == {LONG_AGO}
    in_step(writer, looker)
    assert (reported(looker), by_channel(looker)) == (2, 2)
    # Nothing more to do, and the mark stays where it is.
    assert let_rest(writer, NOON - timedelta(hours=9)) == 0
    with writer.read() as connection:
        assert told_from(connection, writer.tables) == mark


def test_rest_comes_in_portions(two: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch) -> None:
    writer, looker = two
    in_step(writer, looker)
    assert reported(looker) == 0
    for number in range(5):
        told(writer, str(number), timedelta(days=number), number)
    before = sum(numbered(writer))
    monkeypatch.setattr(changed, "PORTION", 2)
    assert let_rest(writer, NOON + timedelta(hours=9)) == before
    assert numbered(writer) == [0, 0, 0]
    in_step(writer, looker)
    assert reported(looker) == 5


def test_a_recount_is_seen_by_whoever_has_the_counts(two: tuple[Store, Store]) -> None:
    writer, looker = two
    told(writer, "a", timedelta(days=2))
    in_step(writer, looker)
    assert reported(looker) == 1
    table = writer.tables.rollup_region_day
    with writer.write() as connection:
        connection.execute(table.update().values(reported=9))
    rollups.recount(writer, NOON + timedelta(hours=1))
    assert numbered(writer) == [0, 0, 0]
    in_step(writer, looker)
    assert (reported(writer), reported(looker), by_channel(looker)) == (1, 1, 1)


def test_who_looks_often_reads_only_what_changed(
    two: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, looker = two
    for number in range(6):
        told(writer, str(number), timedelta(days=number))
    in_step(writer, looker)
    assert reported(looker) == 6
    let_rest(writer, NOON + timedelta(hours=1))
    taken: list[int] = []
    take = Follower._hand_over

    def count(self: Follower, rows: Sequence[Sequence[Any]]) -> None:
        taken.append(len(rows))
        take(self, rows)

    monkeypatch.setattr(Follower, "_hand_over", count)
    told(writer, "new", timedelta(days=9), 2)
    in_step(writer, looker)
    assert reported(looker) == 7
    # The day of the report, and the one on which it falls due.
    assert 0 < sum(taken) <= 2


def test_what_changed_is_found_by_the_index(tmp_path: Path) -> None:
    store = make_small_city(tmp_path / "city.gpkg")
    told(store, "a")
    table = store.tables.rollup_region_day
    asked = select(table.c.day).where(lately(table), table.c.changed_seq > 5)
    sql = str(asked.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    with store.read() as connection:
        (plan,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()
    store.close()
    assert "rollup_region_day_changed" in plan[-1]


def test_whoever_follows_looks_at_what_is_new_and_no_more(tmp_path: Path) -> None:
    """Not at all that changed lately: the steps of the query are counted."""
    steps: dict[int, int] = {}
    for rows in (200, 5_000):
        store = make_small_city(tmp_path / f"{rows}.gpkg")
        table = store.tables.rollup_region_day
        with store.write() as connection:
            many = [{"day": day, "region_code": "t0g0", "changed_seq": 1} for day in range(rows)]
            connection.execute(table.insert(), many)
            connection.execute(table.insert(), [{**many[0], "day": -1, "changed_seq": 2}])
        with store.read() as connection:
            calls: list[int] = []
            raw = raw_connection(connection)
            raw.set_progress_handler(lambda calls=calls: calls.append(1), 10)
            assert len(connection.execute(select(table).where(changed_after(table, 1))).all()) == 1
            raw.set_progress_handler(None, 0)
        steps[rows] = len(calls)
        store.close()
    assert steps[5_000] <= steps[200] + 2
