"""Databases of others, by SQLAlchemy URL: read, never written, and never held up for long.

PostgreSQL is told that a transaction reads only, SQLite opens the file so, and every transaction
is rolled back. A password comes from the environment; no message repeats one.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from psycopg import DataError
from psycopg.types.datetime import TimestampLoader, TimestamptzLoader
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from geo_data.faults import Fault, InputError, nearest

CONNECT_S = 10
_POSTGRES = {
    "connect_timeout": CONNECT_S,
    # A server that lost its power says no goodbye: do not wait for its answer for hours.
    **{"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3},
}
_STEPS = 10_000
"""Of SQLite's machine, between two looks at the clock."""


def url_of(written: str, password_env: str | None, environment: Mapping[str, str]) -> URL:
    """Return an address with its password.

    Raises
    ------
    InputError
        ``no-password``: the variable is not set.
    """
    url = make_url(written)
    if password_env is None:
        return url
    password = environment.get(password_env)
    if not password:
        values: dict[str, object] = {"name": password_env}
        raise InputError(Fault("no-password", field="password-env", values=values))
    return url.set(password=password)


@contextmanager
def opened(url: URL) -> Iterator[Connection]:
    """Give a connection; read with it inside :func:`reading`.

    Raises
    ------
    InputError
        ``no-driver``; ``database-refused``: no connection.
    """
    try:
        connection = _engine(url).connect()
    except (NoSuchModuleError, ImportError) as error:
        values: dict[str, object] = {"driver": url.drivername}
        raise InputError(Fault("no-driver", field="url", values=values)) from error
    except SQLAlchemyError as error:
        values = {"error": said(error, url), "url": shown(url)}
        raise InputError(Fault("database-refused", field="url", values=values)) from error
    with connection:
        _be_lenient(connection)
        yield connection


@contextmanager
def reading(connection: Connection, timeout_s: float | None = None) -> Iterator[None]:
    """Open a transaction that only reads, and roll it back.

    Parameters
    ----------
    timeout_s : float, optional
        No statement may take longer, in PostgreSQL and SQLite; another database may take as
        long as it does by itself.
    """
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(text("SET TRANSACTION READ ONLY"))
        if timeout_s is not None:
            connection.execute(text(f"SET LOCAL statement_timeout = {round(timeout_s * 1000)}"))
    elif dialect == "sqlite" and timeout_s is not None:
        _interrupt_after(connection, timeout_s)
    try:
        yield
    finally:
        with contextlib.suppress(SQLAlchemyError):
            connection.rollback()


def said(error: Exception, url: URL) -> str:
    """Return what a database said, in one line and without the password."""
    text_said = " ".join(str(getattr(error, "orig", None) or error).split())
    return text_said.replace(url.password, "***") if url.password else text_said


def shown(url: URL) -> str:
    """Return an address as people may see it."""
    return url.set(password=None).render_as_string()


def split_name(table: str) -> tuple[str | None, str]:
    """Return schema and name of a table: ``schema.name``, or a name alone."""
    schema, _, name = table.rpartition(".")
    return schema or None, name


def check_table(connection: Connection, table: str) -> None:
    """Refuse a table or view that is not there; ``no-table`` names the nearest."""
    schema, name = split_name(table)
    known = inspect(connection)
    names = [*known.get_table_names(schema), *known.get_view_names(schema)]
    with contextlib.suppress(NotImplementedError):
        names += known.get_materialized_view_names(schema)
    if name not in names:
        values: dict[str, object] = {"table": table, "nearest": nearest(name, names)}
        raise InputError(Fault("no-table", field="table", values=values))


def _engine(url: URL) -> Engine:
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database and not url.database.startswith("file:"):
        path = url.database
        return create_engine("sqlite://", creator=lambda: _file(path), poolclass=NullPool)
    options = _POSTGRES if backend == "postgresql" else {}
    return create_engine(url, poolclass=NullPool, connect_args=options)


def _file(path: str) -> sqlite3.Connection:
    # Opened to be read: a wrong path makes no empty file.
    address = f"file:{quote(str(Path(path).absolute()))}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=CONNECT_S)


def _be_lenient(connection: Connection) -> None:
    """Take one broken value for text, so that it does not stand in the way of every other row."""
    raw: Any = connection.connection.driver_connection
    if isinstance(raw, sqlite3.Connection):
        raw.text_factory = lambda given: given.decode("utf-8", "replace")
    elif connection.dialect.name == "postgresql" and hasattr(raw, "adapters"):
        raw.adapters.register_loader("timestamp", _Timestamp)
        raw.adapters.register_loader("timestamptz", _Timestamptz)


class _Timestamp(TimestampLoader):
    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except DataError:  # "infinity", or before the year 1.
            return bytes(data).decode()


class _Timestamptz(TimestamptzLoader):
    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except DataError:
            return bytes(data).decode()


def _interrupt_after(connection: Connection, timeout_s: float) -> None:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    ends = time.monotonic() + timeout_s
    raw.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
