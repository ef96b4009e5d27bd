"""Making a store: it appears when it is whole, and one process at a time makes it.

A file is written under another name and renamed at the end. A server's tables carry a mark
until the end; tables with the mark are nobody's store, and who comes next makes them anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from geo_data.city import City
from geo_data.store.connections import (
    ServerOptions,
    is_server,
    server_fault,
    server_url,
    shown,
    told,
    writing_engine,
)
from geo_data.store.engine import Store
from geo_data.store.file import has_content
from geo_data.store.opening import Address, open_store
from geo_data.store.server_setup import MAKING, UNFINISHED, has_store, open_server

_MAKERS = 0x79697071
"""Key of the advisory lock of whoever makes or imports a city."""
WAIT_S = 1800.0
"""Another process may be making the city; a large one takes minutes."""


def store_exists(address: Address) -> bool:
    """Whether there is a whole store at an address.

    Raises
    ------
    InputError
        Exit code 3: the server cannot be asked.
    """
    return has_store(str(address)) if is_server(address) else has_content(Path(address))


def shown_address(address: Address) -> str:
    """Return an address as people may see it: without the password."""
    return shown(server_url(str(address))) if is_server(address) else str(address)


@contextmanager
def alone(address: Address, wait_s: float = WAIT_S) -> Iterator[None]:
    """Be the only process that makes or imports the city at a server's address.

    Several workers start together on an empty database: the first makes the city, the others
    wait here and then find it. For a file it does nothing: a half-made one has another name.

    Raises
    ------
    InputError
        Exit code 3: another process makes it for longer than ``wait_s``.
    """
    if not is_server(address):
        yield
        return
    url = server_url(str(address))
    engine = writing_engine(url, ServerOptions(lock_timeout_s=wait_s, write_timeout_s=wait_s))
    connection = None
    try:
        with told(shown(url)):
            connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MAKERS})
        yield
    finally:
        if connection is not None:
            # The lock goes with the connection, however that ends.
            with suppress(SQLAlchemyError):
                connection.invalidate()
            connection.close()
        engine.dispose()


@contextmanager
def made_anew(address: Address, city: City) -> Iterator[Store]:
    """Give a new, empty store to be filled; it appears at its address when the block ends.

    What fails or is stopped leaves what was there: the old file, or no store on the server.

    Parameters
    ----------
    address : path or URL
        An existing file is replaced; a store on a server is not.
    city : City
        The city it will hold.

    Raises
    ------
    InputError
        Exit code 3: it cannot be made, or the server's database holds a store already.
    """
    if is_server(address):
        with _made_on_server(str(address), city) as store:
            yield store
        return
    path = Path(address)
    unfinished = path.with_name(f"{path.name}.unfinished")
    remove_file(unfinished)
    try:
        store = open_store(unfinished, city, create=True)
        try:
            yield store
        finally:
            store.close()
        unfinished.replace(path)
    finally:
        remove_file(unfinished)


def remove_file(path: Path) -> None:
    """Remove a store's file with all that SQLite puts beside it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


@contextmanager
def _made_on_server(address: str, city: City) -> Iterator[Store]:
    if has_store(address):
        raise server_fault("server-has-store", shown(server_url(address)))
    store = open_server(address, city, create=True, options=ServerOptions(), mark=MAKING)
    try:
        yield store
        with store.write() as connection:
            meta = store.tables.meta
            connection.execute(meta.delete().where(meta.c.key == UNFINISHED))
    finally:
        store.close()
