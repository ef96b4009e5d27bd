"""Opening a store, or making it: a file's path or a server's address tells which it is."""

from __future__ import annotations

from pathlib import Path

from geo_data.city import City
from geo_data.settings import Settings
from geo_data.store.connections import ServerOptions, is_server
from geo_data.store.embedded import EmbeddedStore
from geo_data.store.engine import Store
from geo_data.store.file import (
    check_file,
    fault,
    file_schema,
    has_content,
    make_file,
    settle_file,
    told,
)
from geo_data.store.migrating import Upgrade, newest

_FILE_URL = "sqlite:///"

Address = Path | str
"""A file's path or ``sqlite:///file``, or a server's URL."""


def open_store(
    settings: Settings | Address,
    city: City | None = None,
    create: bool = False,
    busy_timeout_s: float = 5.0,
) -> Store:
    """Open the store, or make it.

    Parameters
    ----------
    settings : Settings, path or URL
        Where it is: a file, ``sqlite:///file``, or ``postgresql+psycopg://user@host/database``.
    city : City, optional
        Kept in the store when it is made; replaces the one kept when ``create`` is set.
    create : bool
        Make the store where there is none.
    busy_timeout_s : float
        How long to wait for another process' lock before saying that it is locked; for a
        server the settings say it, where settings are given.

    Raises
    ------
    InputError
        Exit code 3: missing, corrupt, not ours, locked, written by a newer version; the server
        is out of reach, refuses us, or is not what we need.
    """
    options = ServerOptions(lock_timeout_s=busy_timeout_s)
    address: Address = settings if not isinstance(settings, Settings) else settings.store_path
    if isinstance(settings, Settings):
        options = server_options(settings)
        if is_server(settings.database_url):
            address = str(settings.database_url)
    if isinstance(address, str) and is_server(address):
        # Loads a driver and PostGIS' types: only for who has a server.
        from geo_data.store.server_setup import open_server

        return open_server(address, city, create, options)
    return _open_file(Path(str(address).removeprefix(_FILE_URL)), city, create, busy_timeout_s)


def migrate(settings: Settings | Address) -> Upgrade:
    """Bring a store to the newest schema; a file is by being opened.

    Returns
    -------
    Upgrade
        The schema before and after.

    Raises
    ------
    InputError
        Exit code 3: there is no store, or it is of a newer program, or it cannot be written.
    """
    address = settings.database_url if isinstance(settings, Settings) else settings
    if is_server(address):
        from geo_data.store.server_setup import migrate_server

        options = server_options(settings) if isinstance(settings, Settings) else ServerOptions()
        return migrate_server(str(address), options)
    path = settings.store_path if isinstance(settings, Settings) else Path(settings)
    before = file_schema(path)
    open_store(path).close()
    return Upgrade(before, newest())


def server_options(settings: Settings) -> ServerOptions:
    """Return what the settings say of how to use a server."""
    return ServerOptions(
        pool_size=settings.database_pool_size,
        read_timeout_s=settings.database_read_timeout_s,
        write_timeout_s=settings.database_write_timeout_s,
        lock_timeout_s=settings.database_lock_timeout_s,
        replica_url=settings.database_replica_url,
    )


def _open_file(path: Path, city: City | None, create: bool, busy_timeout_s: float) -> EmbeddedStore:
    if create and not has_content(path):
        if city is None:
            raise ValueError("a new store needs its city")
        path.parent.mkdir(parents=True, exist_ok=True)
        with told(path):
            make_file(path, city, busy_timeout_s)
    if not path.is_file():
        raise fault("store-missing", path)
    with told(path):
        check_file(path)
        kept = settle_file(path, busy_timeout_s, city if create else None)
    return EmbeddedStore(path, kept, busy_timeout_s)
