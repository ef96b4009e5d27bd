"""The store: many readers, one writer; and the file of the embedded one with its faults."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import geopandas as gpd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, inspect, select

from geo_data.city import City
from geo_data.faults import InputError
from geo_data.instants import from_text, instant, millis, to_text
from geo_data.settings import Settings
from geo_data.store import Store, note_layer, open_store
from tests.geo_data.small_city import AT, CITY, cell, make_small_city
from tests.stores import Address, Stores, address_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "city.gpkg"
    make_small_city(path).close()
    return path


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[Store]:
    store = open_store(Path(shutil.copy(made, tmp_path / "city.gpkg")))
    yield store
    store.close()


def key_of(error: pytest.ExceptionInfo[InputError]) -> str:
    (fault,) = error.value.faults
    assert error.value.exit_code == 3
    assert all(fault.sentence(language) for language in ("zh-CN", "en"))
    return fault.key


def refuse(path: Path, **options: float) -> str:
    with pytest.raises(InputError) as error:
        open_store(path, **options)
    return key_of(error)


def parks(*codes: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"code": list(codes), "name": list(codes), "region_code": "t0g0"},
        geometry=[cell(n, 0) for n in range(len(codes))],
        crs=4326,
    )


def count(store: Store, table: str) -> int:
    with store.read() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


class TestOpening:
    def test_what_is_kept_is_found_again(self, store: Store) -> None:
        store.close()
        again = open_store(Settings(database_url=f"sqlite:///{store.path}"))
        assert again.city == CITY
        assert again.versions() == {
            "regions/district": 1,
            "regions/town": 1,
            "regions/grid": 1,
            "places/village": 1,
            "places/building": 1,
            "sensors": 1,
        }
        again.close()

    def test_creating_over_a_store_keeps_its_rows_and_takes_the_new_city(
        self, store: Store
    ) -> None:
        store.close()
        renamed = CITY.model_copy(update={"timezone": "Asia/Tokyo"})
        again = open_store(store.path, renamed, create=True)
        assert (again.city.timezone, again.version("sensors")) == ("Asia/Tokyo", 1)
        again.close()
        unchanged = open_store(store.path, CITY)
        assert unchanged.city.timezone == "Asia/Tokyo"
        unchanged.close()

    def test_closing_leaves_one_file(self, store: Store) -> None:
        with store.write() as connection:
            note_layer(connection, store.tables, "readings", at=AT)
        assert Path(f"{store.path}-wal").exists()
        store.close()
        assert [file.name for file in store.path.parent.iterdir()] == [store.path.name]

    def test_missing(self, tmp_path: Path) -> None:
        assert refuse(tmp_path / "none.gpkg") == "store-missing"
        assert list(tmp_path.iterdir()) == []

    def test_not_a_database(self, tmp_path: Path) -> None:
        path = tmp_path / "city.gpkg"
        path.write_text("一屏" * 100, encoding="utf-8")
        assert refuse(path) == "store-corrupt"

    def test_a_database_that_is_no_geopackage(self, tmp_path: Path) -> None:
        connection = sqlite3.connect(tmp_path / "plain.db")
        connection.execute("CREATE TABLE meta (key, value)")
        connection.close()
        assert refuse(tmp_path / "plain.db") == "store-not-geopackage"

    def test_a_geopackage_that_is_not_ours(self, tmp_path: Path) -> None:
        parks("p").to_file(tmp_path / "theirs.gpkg")
        before = (tmp_path / "theirs.gpkg").read_bytes()
        assert refuse(tmp_path / "theirs.gpkg") == "store-not-ours"
        assert (tmp_path / "theirs.gpkg").read_bytes() == before

    def test_newer_than_the_program(self, store: Store) -> None:
        with store.write() as connection:
            connection.exec_driver_sql("UPDATE meta SET value='99' WHERE key='schema-version'")
        store.close()
        assert refuse(store.path) == "store-newer"

    def test_cut_short(self, store: Store) -> None:
        store.close()
        whole = store.path.read_bytes()
        store.path.write_bytes(whole[: len(whole) // 2])
        assert refuse(store.path) == "store-corrupt"

    def test_damaged_inside(self, store: Store) -> None:
        store.close()
        whole = bytearray(store.path.read_bytes())
        whole[8192:] = b"\xff" * (len(whole) - 8192)
        store.path.write_bytes(whole)
        with pytest.raises(InputError) as error:
            _read_all_places(store.path)
        assert key_of(error) == "store-corrupt"

    def test_held_by_another_program(self, store: Store) -> None:
        store.close()
        other = sqlite3.connect(store.path, isolation_level=None)
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN EXCLUSIVE")
        assert refuse(store.path, busy_timeout_s=0.05) == "store-locked"
        other.execute("ROLLBACK")
        other.close()
        open_store(store.path).close()

    def test_a_folder_in_the_place_of_the_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputError) as error:
            open_store(tmp_path, CITY, create=True)
        assert key_of(error) == "store-not-writable"

    def test_failing_to_make_leaves_nothing_usable_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "city.gpkg"
        with monkeypatch.context() as patch:
            patch.setattr("geo_data.store.geopackage.lay_out", _fail)
            with pytest.raises(OSError, match="disk gone"):
                open_store(path, CITY, create=True)
        store = open_store(path, CITY, create=True)
        assert count(store, "meta") == 2
        store.close()


def _fail(*_: object) -> None:
    raise OSError("disk gone")


def _read_all_places(path: Path) -> None:
    with contextlib.closing(open_store(path)) as store, store.read() as connection:
        connection.execute(select(store.tables.places)).all()


def _write_half(store: Store) -> None:
    with store.write() as connection:
        note_layer(connection, store.tables, "readings", at=AT)
        connection.exec_driver_sql("CREATE TABLE half (a integer)")
        raise OSError("power gone")


class TestTransactions:
    def test_all_or_nothing(self, store: Store) -> None:
        before = store.versions()
        with pytest.raises(OSError, match="power gone"):
            _write_half(store)
        assert store.versions() == before
        with store.read() as connection:
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
        assert "half" not in names

    def test_readers_cannot_write(self, store: Store) -> None:
        with pytest.raises(InputError) as error, store.read() as connection:
            connection.execute(insert(store.tables.meta), {"key": "k", "value": "v"})
        assert key_of(error) == "store-not-writable"

    def test_another_writer_is_waited_for_and_then_named(self, store: Store) -> None:
        store.close()
        hasty = open_store(store.path, busy_timeout_s=0.05)
        other = sqlite3.connect(store.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(InputError) as error, hasty.write():
            pass
        assert key_of(error) == "store-locked"
        other.execute("ROLLBACK")
        other.close()
        with hasty.write() as connection:
            note_layer(connection, hasty.tables, "readings", at=AT)
        assert hasty.version("readings") == 1
        hasty.close()


@pytest.fixture(scope="module")
def filled(module_stores: Stores) -> Address:
    address = module_stores.new()
    make_small_city(address).close()
    return address


class TestOfBothKinds:
    """What holds of a file and of a server alike."""

    @pytest.fixture
    def store(self, filled: Address, stores: Stores) -> Iterator[Store]:
        store = open_store(stores.copy(filled))
        yield store
        store.close()

    def test_a_failure_leaves_nothing_of_a_transaction(self, store: Store) -> None:
        before = store.versions()
        with pytest.raises(OSError, match="power gone"):
            _write_half(store)
        assert store.versions() == before
        with store.read() as connection:
            assert not inspect(connection).has_table("half")

    def test_a_city_is_kept_and_may_be_replaced(self, store: Store) -> None:
        address = address_of(store)
        assert store.city == CITY
        renamed = CITY.model_copy(update={"timezone": "Asia/Tokyo"})
        open_store(address, renamed, create=True).close()
        unchanged = open_store(address, CITY)
        assert (unchanged.city.timezone, unchanged.version("sensors")) == ("Asia/Tokyo", 1)
        unchanged.close()

    def test_a_reader_sees_one_moment(self, store: Store) -> None:
        """Until it is done, whatever is committed beside it; the next reader sees that."""
        versions = select(store.tables.layer_versions.c.version).where(
            store.tables.layer_versions.c.layer == "sensors"
        )
        with store.read() as reader:
            assert reader.scalar(versions) == 1
            with store.write() as writer:
                note_layer(writer, store.tables, "sensors", at=AT)
            assert reader.scalar(versions) == 1
        assert store.version("sensors") == 2

    def test_writing_inside_writing_is_a_mistake(self, store: Store) -> None:
        with store.write(), pytest.raises(RuntimeError, match="open already"), store.write():
            pass

    def test_threads_take_turns(self, store: Store) -> None:
        def bump() -> None:
            for _ in range(20):
                with store.write() as connection:
                    note_layer(connection, store.tables, "readings", at=AT)
                assert store.version("readings") > 0

        threads = [threading.Thread(target=bump) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.version("readings") == 80

    def test_commits_of_other_processes_are_noticed(self, store: Store) -> None:
        assert store.version("readings") == 0
        other = open_store(address_of(store))
        with other.write() as connection:
            note_layer(connection, other.tables, "readings", at=AT)
        # A server's word of it takes a moment.
        deadline = time.monotonic() + 10
        while store.version("readings") == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert store.version("readings") == 1
        other.close()

    def test_listeners_hear_commits_and_no_failures(self, store: Store) -> None:
        heard: list[int] = []
        stop = store.after_commit(lambda: heard.append(store.version("readings")))
        with store.write() as connection:
            note_layer(connection, store.tables, "readings", at=AT)
        with pytest.raises(OSError, match="power gone"):
            _write_half(store)
        stop()
        with store.write() as connection:
            note_layer(connection, store.tables, "readings", at=AT)
        assert heard == [1]

    def test_what_is_cached_is_built_once_a_version(self, store: Store) -> None:
        built: list[int] = []

        def build() -> int:
            built.append(1)
            return len(built)

        assert [store.cached("k", 1, build), store.cached("k", 1, build)] == [1, 1]
        assert (store.cached("k", 2, build), store.held("k"), store.held("other")) == (2, 2, None)


class TestTimes:
    zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
    times = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones)

    @given(times)
    def test_text_gives_back_the_millisecond(self, at: datetime) -> None:
        back = from_text(to_text(at))
        assert back.tzinfo is UTC
        assert timedelta() <= at - back < timedelta(milliseconds=1)
        assert instant(millis(at)) == back

    @given(times, times)
    def test_text_sorts_like_time(self, one: datetime, other: datetime) -> None:
        assert (to_text(one) < to_text(other)) == (millis(one) < millis(other))

    def test_naive_times_are_refused(self, store: Store) -> None:
        with pytest.raises(ValueError, match="no time zone"):
            to_text(datetime(2025, 1, 1))


def test_another_citys_words_need_no_code(tmp_path: Path) -> None:
    levels = [{"key": key, "name": {"zh": key, "en": key}} for key in ("city", "ward", "precinct")]
    city = City.model_validate(
        {
            "code": "CB",
            "name": {"zh": "清湾", "en": "Clearbay"},
            "bbox": (121, 31, 122, 32),
            "metric-crs": "EPSG:32651",
            "levels": levels,
        }
    )
    store = open_store(tmp_path / "deep" / "er" / "cb.gpkg", city, create=True)
    assert store.city == city
    store.close()


def test_no_connection_maps_the_file(store: Store) -> None:
    with store.read() as reading:
        assert reading.exec_driver_sql("PRAGMA mmap_size").scalar() == 0
        reading.execute(select(store.tables.regions)).all()
        maps = Path("/proc/self/maps")
        mapped = maps.read_text().splitlines() if maps.exists() else []
        assert not [line for line in mapped if line.endswith(store.name)]
    with store.write() as writing:
        assert writing.exec_driver_sql("PRAGMA mmap_size").scalar() == 0


def test_a_lone_reader_keeps_to_one_connection(store: Store) -> None:
    """Those that a busy minute opened rest, and hold no more than they did."""

    def reader() -> int:
        with store.read() as connection:
            return id(connection.connection.driver_connection)

    with contextlib.ExitStack() as busy:
        for _ in range(3):
            busy.enter_context(store.read())
    assert len({reader() for _ in range(6)}) == 1
