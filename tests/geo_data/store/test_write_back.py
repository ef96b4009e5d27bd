"""The WAL of a file is written back, and begins anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from geo_data.store import Store, open_store
from tests.geo_data.small_city import CITY


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "city.gpkg", CITY, create=True)
    yield store
    store.close()


def wal_bytes_after(store: Store, text: str) -> int:
    """Write a text, wait for whoever writes back, and return how long the WAL is."""
    with store.write() as connection:
        row = {"key": "big", "value": text}
        connection.execute(insert(store.tables.meta).prefix_with("OR REPLACE"), row)
    for thread in threading.enumerate():
        if thread.name == "write-back":
            thread.join()
    return Path(f"{store.path}-wal").stat().st_size


def test_the_wal_is_written_back_when_it_grows(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.checkpoint()
    assert wal_bytes_after(store, "x" * 1_000_000) > 1_000_000
    monkeypatch.setattr("geo_data.store.embedded.TRUNCATE_BYTES", 100_000)
    assert wal_bytes_after(store, "y") == 0


def test_the_wal_begins_anew_once_it_is_written_back_beside_the_writer(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.checkpoint()
    longer = [wal_bytes_after(store, letter * 1_000_000) for letter in "abc"]
    assert longer == sorted(set(longer))
    monkeypatch.setattr("geo_data.store.embedded.CHECKPOINT_BYTES", 100_000)
    kept = [wal_bytes_after(store, letter * 1_000_000) for letter in "defg"]
    assert kept[0] > longer[-1]
    assert set(kept[1:]) == {kept[0]}
