"""Nothing half-written: the old data is whole after every failure."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from geo_data.faults import InputError
from geo_data.importer import import_city
from geo_data.store import open_store, store_exists
from tests.geo_data.workshop import GOOD, NORTH, SOUTH, Workshop, ward
from tests.stores import Address, Stores


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def imported(shop: Workshop, stores: Stores, now: datetime) -> Address:
    """A store made of the good city."""
    shop.write(GOOD)
    address = stores.new()
    import_city(shop.city_file, address, now)
    return address


def content(address: Address) -> list[tuple[object, ...]]:
    with closing(open_store(address)) as store, store.read() as connection:
        tables = store.tables
        asked = (
            select(tables.regions.c.code, tables.regions.c.name, tables.regions.c.fid),
            select(tables.meta),
            select(tables.layer_versions.c.layer, tables.layer_versions.c.version),
        )
        return [
            tuple(row)
            for one in asked
            for row in connection.execute(one.order_by(*one.selected_columns))
        ]


def test_a_refused_import_leaves_the_old_data_whole(
    shop: Workshop, imported: Address, now: datetime
) -> None:
    before = content(imported)
    shop.write([ward("bad", SOUTH)])
    with pytest.raises(InputError):
        import_city(shop.city_file, imported, now)
    assert content(imported) == before


def test_a_failure_in_the_middle_of_writing_leaves_the_old_data_whole(
    shop: Workshop, imported: Address, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(imported)
    break_second_layer(monkeypatch)
    shop.write([ward("W01", SOUTH, name="乙"), ward("W02", NORTH)])
    with pytest.raises(OSError, match="no space left"):
        import_city(shop.city_file, imported, now)
    assert content(imported) == before


def test_a_failure_in_the_middle_leaves_no_new_store(
    shop: Workshop, stores: Stores, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = stores.new()
    break_second_layer(monkeypatch)
    shop.write(GOOD)
    with pytest.raises(OSError, match="no space left"):
        import_city(shop.city_file, address, now)
    assert not store_exists(address)
    if isinstance(address, Path):
        assert not list(address.parent.iterdir())


def break_second_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    from geo_data.importer import city_import

    calls: Iterator[int] = iter(range(9))
    real = city_import.replace_layer

    def replace_layer(*arguments: Any) -> int:
        if next(calls) == 1:
            raise OSError("no space left")
        return real(*arguments)

    monkeypatch.setattr(city_import, "replace_layer", replace_layer)


@pytest.mark.parametrize("rest", [b"", b"x" * 4096], ids=["short", "long"])
def test_a_corrupt_store_is_told_and_not_touched(
    shop: Workshop, now: datetime, rest: bytes
) -> None:
    shop.write(GOOD)
    path = shop.folder / "store.gpkg"
    path.write_bytes(b"SQLite format 3\0 and then nonsense" + rest)
    before = path.read_bytes()
    with pytest.raises(InputError) as error:
        import_city(shop.city_file, path, now)
    assert error.value.exit_code == 3
    assert path.read_bytes() == before


def test_a_locked_store_is_told(
    shop: Workshop, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geo_data import store
    from geo_data.importer import city_import

    monkeypatch.setattr(
        city_import, "open_store", lambda path: store.open_store(path, busy_timeout_s=0.05)
    )
    path = shop.folder / "store.gpkg"
    shop.write(GOOD)
    import_city(shop.city_file, path, now)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(InputError) as error:
        import_city(shop.city_file, path, now)
    holder.execute("ROLLBACK")
    holder.close()
    assert error.value.exit_code == 3
    assert error.value.faults[0].key == "store-locked"
