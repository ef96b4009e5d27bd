"""Connections to a PostgreSQL server: how they are made, and what can be wrong with them.

Whatever the server says becomes a fault that tells what to do, with exit code 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from geo_data.faults import Fault, InputError
from geo_data.store.file import STORE_EXIT

if TYPE_CHECKING:
    import psycopg

DRIVER = "postgresql+psycopg"
CONNECT_TIMEOUT_S = 10
SCHEMA = "yiping"
"""Where our tables lie, so that the database may hold the city's own tables too."""
_PATH = f"{SCHEMA},public,postgis,extensions"
"""PostGIS may have been put into a schema of its own; one that is not there is passed over."""

_BY_STATE = {
    "55P03": "server-locked",
    "57014": "server-slow",
    "25006": "server-read-only",
    "28000": "server-login",
    "28P01": "server-login",
    "3D000": "server-no-database",
    "42501": "server-forbidden",
}
_BY_CLASS = {"53": "server-full", "58": "server-full", "08": "server-gone", "57": "server-gone"}
_BY_TEXT = (
    ("password", "server-login"),
    ("role", "server-login"),
    ("authentication", "server-login"),
    ("pg_hba", "server-login"),
    ("does not exist", "server-no-database"),
    ("too many", "server-full"),
)
"""What a refused connection says: it carries no code."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How this process uses a server.

    Parameters
    ----------
    pool_size : int
        Most connections of readers at a time; one more writes, one listens.
    read_timeout_s, write_timeout_s : float
        A statement that takes longer is ended by the server.
    lock_timeout_s : float
        How long a writer waits for its turn.
    replica_url : str, optional
        A read-only copy of the database, for the reads; see :mod:`geo_data.store.replica`.
    """

    pool_size: int = 10
    read_timeout_s: float = 30.0
    write_timeout_s: float = 600.0
    lock_timeout_s: float = 10.0
    replica_url: str | None = None


def is_server(address: object) -> bool:
    """Whether an address is a server's and not a file's."""
    return re.match(r"postgres(ql)?(\+\w+)?:", str(address)) is not None


def server_url(text: str) -> URL:
    """Return the address of a database, with our driver.

    Raises
    ------
    InputError
        It is no address; the password is not told.
    """
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise InputError(Fault("server-address"), exit_code=STORE_EXIT) from error
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername=DRIVER)
    if url.drivername != DRIVER or not url.database:
        raise InputError(Fault("server-address"), exit_code=STORE_EXIT)
    return url


def shown(url: URL) -> str:
    """Return an address without its password."""
    return url.render_as_string(hide_password=True)


def server_fault(key: str, name: str, **values: object) -> InputError:
    """Return what is wrong with a server as an error with its exit code."""
    return InputError(Fault(key, file=name, values=values), exit_code=STORE_EXIT)


@contextmanager
def told(name: str) -> Iterator[None]:
    """Turn the server's own errors into faults that say what to do."""
    # Here as below: the driver is loaded by who has a server.
    import psycopg

    try:
        yield
    except PoolTimeout as error:
        raise server_fault("server-busy", name) from error
    except DBAPIError as error:
        raise _fault_of(error.orig, name) or error from error
    except psycopg.Error as error:
        raise _fault_of(error, name) or error from error


def _fault_of(error: object, name: str) -> InputError | None:
    import psycopg

    if not isinstance(error, psycopg.Error):
        return None
    state, text = error.sqlstate, str(error).strip()
    if state is not None:
        key = _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    elif isinstance(error, psycopg.OperationalError):
        refused = "FATAL" in text
        found = (each for sign, each in _BY_TEXT if refused and sign in text)
        key = next(found, "server-gone")
    else:
        key = None
    return server_fault(key, name, error=_one_line(text)) if key else None


def _one_line(text: str) -> str:
    lines = dict.fromkeys(line.strip() for line in text.splitlines() if line.strip())
    return " ".join(lines)[:400]


def reading_engine(url: URL, options: ServerOptions, connect_s: int = CONNECT_TIMEOUT_S) -> Engine:
    """Return the engine of the readers: each sees one moment, none can write."""
    given = {
        "default_transaction_read_only": "on",
        "default_transaction_isolation": "repeatable\\ read",
        "statement_timeout": _ms(options.read_timeout_s),
    }
    pool = {"pool_size": options.pool_size, "pool_timeout": options.read_timeout_s}
    return _engine(url, given, connect_s, **pool)


def writing_engine(url: URL, options: ServerOptions) -> Engine:
    """Return the engine of the one writer of this process."""
    given = {
        "statement_timeout": _ms(options.write_timeout_s),
        "lock_timeout": _ms(options.lock_timeout_s),
    }
    pool = {"pool_size": 1, "pool_timeout": options.lock_timeout_s}
    return _engine(url, given, CONNECT_TIMEOUT_S, **pool)


def _engine(url: URL, given: dict[str, str], connect_s: int, **pool: Any) -> Engine:
    return create_engine(
        url,
        max_overflow=0,
        # A server that was started again is noticed before a statement is lost.
        pool_pre_ping=True,
        connect_args=_connecting(given, connect_s),
        **pool,
    )


def _connecting(given: dict[str, str], connect_s: int) -> dict[str, Any]:
    every = {"search_path": _PATH, "timezone": "UTC", "client_encoding": "UTF8", **given}
    options = " ".join(f"-c {name}={value}" for name, value in every.items())
    return {"connect_timeout": connect_s, "application_name": "yiping", "options": options}


def plain_connection(url: URL) -> psycopg.Connection[Any]:
    """Return a connection of the driver's own, each statement a transaction."""
    import psycopg

    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(text, autocommit=True, **_connecting({}, CONNECT_TIMEOUT_S))


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))
