"""A city copied from store to store is the same city, whatever happens on the way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from geo_data.faults import InputError
from geo_data.ingest import apply
from geo_data.queries import incidents
from geo_data.records import Scope
from geo_data.store import checksums, copy_city, geopackage, open_store, store_exists
from geo_data.store.checksums import Sums, chunks
from geo_data.store.column_types import time_texts
from tests.geo_data.lived_city import DAY, NOON, case, hours, make_lived_city, opened
from tests.geo_data.small_city import AT, CITY, make_small_city
from tests.stores import Address, Stores

OWN = {"commits", "schema-version"}


@pytest.fixture
def lived(tmp_path: Path) -> Path:
    path = tmp_path / "lived.gpkg"
    make_lived_city(path).close()
    return path


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "CHUNK_ROWS", 3)


def content(address: Address) -> dict[str, list[object]]:
    """Every row of every table, in the order of the keys."""
    with opened(open_store(address)) as store, store.read() as connection:
        found: dict[str, list[object]] = {}
        for table in store.tables.metadata.sorted_tables:
            own = OWN if table.name == "meta" else set()
            found[table.name] = [
                dict(zip(chunk.values, row, strict=True))
                for chunk in chunks(connection, table, without=own)
                for row in zip(*chunk.values.values(), strict=True)
            ]
        return found


def fail_after(steps: int) -> Iterator[None]:
    for _ in range(steps):
        yield
    raise KeyboardInterrupt


def stopped_copy(source: Address, target: Address, steps: int) -> None:
    left = fail_after(steps)
    with pytest.raises(KeyboardInterrupt):
        copy_city(source, target, AT, progress=lambda _step, _share: next(left))


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.postgis
def test_file_to_server_to_file_is_the_first(lived: Path, postgis_url: str, tmp_path: Path) -> None:
    before = content(lived)
    assert all(before[name] for name in ("incidents", "observations", "regions", "changes"))
    there = copy_city(lived, postgis_url, AT)
    back = copy_city(postgis_url, tmp_path / "back.gpkg", AT)
    assert there.differing == back.differing == []
    assert there.rows == back.rows == sum(map(len, before.values()))
    assert content(postgis_url) == before
    assert content(tmp_path / "back.gpkg") == before
    assert "s3cret" not in f"{there}{back}"


def indexes(address: Address) -> set[str]:
    with opened(open_store(address)) as store, store.read() as connection:
        look = inspect(connection)
        return {
            f"{table}.{index['name']} {index['column_names']} {index['unique']}"
            for table in store.tables.metadata.tables
            for index in look.get_indexes(table)
        }


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("stopped", [False, True])
def test_a_copy_has_every_index(lived: Path, stores: Stores, stopped: bool) -> None:
    """They are built when all rows are there, though it was stopped between."""
    anew = stores.new()
    make_small_city(anew).close()
    target = stores.new()
    if stopped:
        stopped_copy(lived, target, 9)
    copy_city(lived, target, AT)
    assert indexes(target) == indexes(anew)
    assert len(indexes(target)) > 20


def test_times_that_another_program_wrote_are_told_as_ours_are() -> None:
    ours = "2025-03-02T01:02:03.004Z"
    others = ("2025-03-02T09:02:03.004+08:00", "2025-03-02 01:02:03.004Z", "2025-03-02T01:02:03Z")
    assert time_texts([ours, None, *others]) == [
        *(ours, None, ours, ours),
        "2025-03-02T01:02:03.000Z",
    ]


def test_the_copy_lives_on(lived: Path, stores: Stores) -> None:
    """Its numbers go on after the source's, those that were pruned too."""
    with opened(open_store(lived)) as store, store.write() as connection:
        connection.execute(text("DELETE FROM changes"))
        last = store.last_number(connection)
    target = stores.new()
    copy_city(lived, target, AT)
    with opened(open_store(target)) as store:
        assert len(incidents(store, Scope.everything(), "c", DAY, NOON + hours(24), limit=99)) == 11
        apply(store, [case("new", 1)], NOON + hours(25))
        with store.read() as connection:
            assert connection.scalar(text("SELECT min(seq) FROM changes")) == last + 1


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("steps", [0, 5, 20, 45])
def test_a_stopped_copy_is_no_store_and_goes_on(lived: Path, stores: Stores, steps: int) -> None:
    target = stores.new()
    stopped_copy(lived, target, steps)
    assert not store_exists(target)
    with pytest.raises(InputError) as error:
        open_store(target)
    assert error.value.exit_code == 3
    report = copy_city(lived, target, AT)
    assert (report.kept > 0, report.kept <= 3 * steps) == (steps > 0, True)
    assert content(target) == content(lived)


@pytest.mark.usefixtures("small_chunks")
def test_a_source_that_changed_is_copied_anew(lived: Path, stores: Stores) -> None:
    target = stores.new()
    stopped_copy(lived, target, 20)
    with opened(open_store(lived)) as store:
        apply(store, [case("late", 1)], NOON + hours(26))
    assert copy_city(lived, target, AT).kept == 0
    assert content(target) == content(lived)


@pytest.mark.usefixtures("small_chunks")
def test_of_two_copies_to_one_file_the_one_that_is_overtaken_stops(
    lived: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy.gpkg"
    steps = iter(range(10**6))

    def overtaken(_step: str, _share: float) -> None:
        if next(steps) == 20:
            copy_city(lived, target, AT)

    with pytest.raises(InputError) as error:
        copy_city(lived, target, AT, progress=overtaken)
    assert (error.value.faults[0].key, error.value.exit_code) == ("copy-elsewhere", 3)
    # The other has finished meanwhile: its copy is whole and stays.
    assert content(target) == content(lived)


@pytest.mark.usefixtures("small_chunks")
def test_a_changed_row_is_noticed_and_the_copy_not_used(lived: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.gpkg"
    stopped_copy(lived, target, 60)
    with closing(sqlite3.connect(f"{target}.copying", isolation_level=None)) as raw:
        geopackage.register_functions(raw)
        assert raw.execute("UPDATE sensors SET unit = 'kPa' WHERE code = 's0'").rowcount == 1
    with pytest.raises(InputError) as error:
        copy_city(lived, target, AT)
    (fault,) = error.value.faults
    assert (fault.key, fault.values["tables"]) == ("copy-differs", "sensors")
    assert error.value.exit_code == 3
    assert not target.exists()
    copy_city(lived, target, AT)
    assert content(target) == content(lived)


def test_a_target_with_a_city_is_refused(lived: Path, stores: Stores) -> None:
    target = stores.new()
    open_store(target, CITY, create=True).close()
    before = content(target)
    with pytest.raises(InputError) as error:
        copy_city(lived, target, AT)
    assert error.value.faults[0].key in ("store-exists", "server-has-store")
    assert error.value.exit_code == 3
    assert content(target) == before


@pytest.mark.postgis
def test_an_unfinished_copy_is_not_made_into_another_city(lived: Path, postgis_url: str) -> None:
    stopped_copy(lived, postgis_url, 2)
    with pytest.raises(InputError) as error:
        open_store(postgis_url, CITY, create=True)
    assert error.value.faults[0].key == "server-copying"
    copy_city(lived, postgis_url, AT)


def test_sums_do_not_depend_on_the_order_and_count_twins() -> None:
    one, other = {"a": [1, 2], "b": ["x", "y"]}, {"a": [2, 1], "b": ["y", "x"]}
    assert Sums().plus(one) == Sums().plus(other)
    twins = Sums().plus({"a": [1, 1], "b": ["x", "x"]})
    assert twins.total not in (0, Sums().plus({"a": [2, 2], "b": ["x", "x"]}).total)
