"""What the disk does: a commit is on it before anybody hears of it, and it may be full."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from geo_data.faults import InputError
from geo_data.ingest.receiving import receive
from geo_data.intakes import Intake
from geo_data.rollups import recount
from geo_data.store import Store, open_store
from tests.geo_data.small_city import make_small_city

IOT = Intake(key="iot", tells="observations", key_sha256="0" * 64)
BROKEN = Intake(key="broken", tells="observations", key_sha256="0" * 64)


def observations(at: datetime, n: int = 200) -> list[object]:
    return [
        {"sensor_code": f"s{row % 6}", "value": 0.5, "observed_at": at + timedelta(seconds=row)}
        for row in range(n)
    ]


def rows(store: Store, name: str) -> int:
    with store.read() as connection:
        table = getattr(store.tables, name)
        return connection.scalar(select(func.count()).select_from(table)) or 0


def hours(store: Store) -> list[tuple[object, ...]]:
    table = store.tables.rollup_metric_hour
    columns = [column for column in table.c if column.name != "changed_seq"]
    with store.read() as connection:
        return sorted(tuple(row) for row in connection.execute(select(*columns)))


def test_the_writer_syncs_every_commit(clearbay: Store) -> None:
    with clearbay.write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_full_disk_is_said_and_forgotten_when_there_is_room(
    small_disk: Path, now: datetime
) -> None:
    path = small_disk / "city.gpkg"
    make_small_city(path).close()
    store = open_store(path)
    ballast = small_disk / "ballast"
    at = now - timedelta(days=1)
    receive(store, IOT, observations(at), now)
    with ballast.open("wb") as file:
        file.write(bytes(4 << 20)[: _free(small_disk) - (256 << 10)])
    batches = iter(range(1, 200))

    def fill() -> None:
        for turn in batches:
            receive(store, IOT, observations(at + timedelta(minutes=10 * turn)), now)

    with pytest.raises(InputError) as told:
        fill()
    # The first, and all but the one that did not fit.
    taken = 200 * (next(batches) - 1)
    assert told.value.exit_code == 3
    assert {fault.key for fault in told.value.faults} == {"store-full"}
    # Nothing half written, by what is read now and by what the next program finds.
    assert rows(store, "observations") == taken
    ballast.unlink()
    found = receive(store, IOT, [*observations(now - timedelta(hours=1)), "?"], now)
    assert [one.status for one in found].count("accepted") == 200
    store.close()
    again = open_store(path)
    assert rows(again, "observations") == taken + 200
    assert rows(again, "dead_letters") == 1
    before = hours(again)
    recount(again, now)
    assert hours(again) == before
    again.close()


def test_what_is_committed_stands_though_it_cannot_be_written_back(
    clearbay: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_mode: str) -> None:
        raise InputError(exit_code=3)

    monkeypatch.setattr("geo_data.store.embedded.TRUNCATE_BYTES", 0)
    monkeypatch.setattr(clearbay, "_checkpoint", no_room)
    heard: list[int] = []
    clearbay.after_commit(lambda: heard.append(1))
    found = receive(clearbay, BROKEN, ["?"], now)
    assert [one.status for one in found] == ["refused"]
    assert heard == [1]


def test_what_cannot_be_written_back_beside_the_writer_waits(
    clearbay: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure in the thread would fail the test: warnings are errors."""

    def no_room(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("geo_data.store.embedded.CHECKPOINT_BYTES", 0)
    monkeypatch.setattr("geo_data.store.embedded.connect", no_room)
    found = receive(clearbay, BROKEN, ["?"], now)
    clearbay.close()
    assert [one.status for one in found] == ["refused"]


def _free(folder: Path) -> int:
    told = os.statvfs(folder)
    return told.f_bavail * told.f_frsize
