"""Somebody else's database, in a file or on a server, with what its tables tell."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import psycopg
from sqlalchemy import func, select

from geo_data.ingest.foreign_rows import foreign_rows
from geo_data.ingest.polling import Poller
from geo_data.intakes import Intake
from geo_data.store import Store, open_store
from tests.geo_data.small_city import CITY, make_small_city
from tests.postgis_server import PASSWORD, PostgisServer
from tests.stores import Stores

NOW = datetime(2025, 7, 1, 4, tzinfo=UTC)
NOON = datetime(2025, 7, 1, 12)
"""The same moment on the city's clock."""
ENVIRONMENT = {"GRID_PASSWORD": PASSWORD}


class Foreign(Protocol):
    """Somebody else's database."""

    url: str
    text: str
    time: str

    def run(self, sql: str, *rows: tuple[Any, ...]) -> None: ...


class ForeignFile:
    text, time = "TEXT", "TEXT"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        sqlite3.connect(path).close()

    def run(self, sql: str, *rows: tuple[Any, ...]) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for row in rows or [()]:
                connection.execute(sql, [str(v) if isinstance(v, date) else v for v in row])


class ForeignServer:
    text, time = "text", "timestamp"

    def __init__(self, server: PostgisServer) -> None:
        self.server, self.name = server, server.fresh()
        self.url = server.url(self.name).replace(f":{PASSWORD}@", "@")

    def run(self, sql: str, *rows: tuple[Any, ...]) -> None:
        address = self.server.url(self.name).replace("+psycopg", "")
        with psycopg.connect(address) as connection:
            for row in rows or [()]:
                connection.execute(sql.replace("?", "%s"), row)


def table_of(url: str, **more: Any) -> dict[str, Any]:
    way = {"url": url, "table": "told", "mark": "changed", **more}
    return way if url.startswith("sqlite") else {"password-env": "GRID_PASSWORD", **way}


def readings(url: str, key: str = "iot", **more: Any) -> Intake:
    return Intake.model_validate(
        {
            **{"key": key, "tells": "observations", "table": table_of(url, **more)},
            "fields": {"sensor-code": "dev", "value": "val", "observed-at": "ts"},
        }
    )


def make_readings(foreign: Foreign, mark: str | None = None) -> None:
    foreign.run(
        f"CREATE TABLE told (dev {foreign.text}, val real, ts {foreign.time}, "
        f"changed {mark or foreign.time}, phone {foreign.text})"
    )


def add_readings(foreign: Foreign, *rows: tuple[Any, ...]) -> None:
    foreign.run("INSERT INTO told VALUES (?, ?, ?, ?, '13800000000')", *rows)


def opened(stores: Stores, *intakes: Intake) -> Store:
    address = stores.new()
    make_small_city(address).close()
    return open_store(address, CITY.model_copy(update={"intakes": intakes}), create=True)


def poller_of(store: Store, intake: Intake, at: datetime = NOW) -> Callable[[], None]:
    """Return what does one round, as one process would."""
    poller = Poller(store, intake, lambda: at)

    def one_round() -> None:
        with foreign_rows(intake, ENVIRONMENT) as rows:
            poller.round(rows, lambda: True, lambda: None)

    return one_round


def rows(store: Store, table: str = "observations") -> int:
    with store.read() as connection:
        counted = select(func.count()).select_from(getattr(store.tables, table))
        return int(connection.scalar(counted) or 0)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def second(n: int) -> datetime:
    return NOON - timedelta(hours=1) + timedelta(seconds=n)
