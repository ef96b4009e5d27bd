"""A server's database as a store: looked at, made, opened."""

from __future__ import annotations

from sqlalchemy import Connection, text

from geo_data.city import City
from geo_data.store.connections import (
    SCHEMA,
    ServerOptions,
    server_fault,
    server_url,
    shown,
    told,
    writing_engine,
)
from geo_data.store.file import city_text
from geo_data.store.migrating import Upgrade, newest, schema_of, stamp, upgrade
from geo_data.store.months import make_default_parts
from geo_data.store.postgis import build_server_tables
from geo_data.store.server import ServerStore, take_turn

UNFINISHED = "unfinished"
"""Key in ``meta`` of tables that are still being filled for the first time."""
MAKING, COPYING = "1", "copy"
"""Its values. What was half made is made anew by whoever comes; a copy waits to go on."""
OLDEST_SERVER = 130000
OLDEST_POSTGIS = (3, 0)


def open_server(
    address: str,
    city: City | None,
    create: bool,
    options: ServerOptions,
    mark: str | None = None,
) -> ServerStore:
    """Open the store in a server's database, or make it; see :func:`geo_data.store.open_store`.

    Parameters
    ----------
    mark : str, optional
        :data:`MAKING` or :data:`COPYING`: a store that is made carries the mark until whoever
        fills it takes it away. An unfinished copy is opened by who copies, and nobody else.
    """
    url = server_url(address)
    name = shown(url)
    engine = writing_engine(url, options)
    try:
        with told(name), engine.begin() as connection:
            take_turn(connection)
            _check_server(connection, name, create)
            kept = _settle(connection, name, city if create else None, mark)
    finally:
        engine.dispose()
    return ServerStore(url, kept, options)


def migrate_server(address: str, options: ServerOptions) -> Upgrade:
    """Bring the store in a server's database to the newest schema, all of it or nothing."""
    url = server_url(address)
    name = shown(url)
    engine = writing_engine(url, options)
    try:
        with told(name), engine.begin() as connection:
            take_turn(connection)
            version = schema_of(connection)
            if version == 0:
                raise server_fault("store-missing", name)
            if version > newest():
                raise server_fault("store-newer", name, version=version, known=newest())
            return upgrade(connection)
    finally:
        engine.dispose()


def has_store(address: str, options: ServerOptions | None = None) -> bool:
    """Whether a server's database holds a store already.

    Raises
    ------
    InputError
        Exit code 3: the server cannot be asked.
    """
    url = server_url(address)
    engine = writing_engine(url, options or ServerOptions())
    try:
        with told(shown(url)), engine.connect() as connection:
            return _has_tables(connection) and _mark(connection) is None
    finally:
        engine.dispose()


def drop_copy(address: str) -> None:
    """Take an unfinished copy out of a server's database; a whole store stays."""
    url = server_url(address)
    engine = writing_engine(url, ServerOptions())
    try:
        with told(shown(url)), engine.begin() as connection:
            take_turn(connection)
            if _has_tables(connection) and _mark(connection) == COPYING:
                build_server_tables().metadata.drop_all(connection)
    finally:
        engine.dispose()


def _check_server(connection: Connection, name: str, create: bool) -> None:
    version = int(connection.scalar(text("SHOW server_version_num")) or 0)
    if version < OLDEST_SERVER:
        values = {"version": version // 10000, "oldest": OLDEST_SERVER // 10000}
        raise server_fault("server-too-old", name, **values)
    found = _postgis(connection)
    if found is None and create:
        found = _add_postgis(connection, name)
    if found is None:
        raise server_fault("server-no-postgis", name)
    if tuple(int(part) for part in found.split(".")[:2]) < OLDEST_POSTGIS:
        oldest = ".".join(map(str, OLDEST_POSTGIS))
        raise server_fault("server-old-postgis", name, version=found, oldest=oldest)


def _postgis(connection: Connection) -> str | None:
    query = "SELECT extversion FROM pg_extension WHERE extname = 'postgis'"
    version: str | None = connection.scalar(text(query))
    return version


def _add_postgis(connection: Connection, name: str) -> str | None:
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION postgis"))
    except Exception as error:
        raise server_fault("server-no-postgis", name) from error
    return _postgis(connection)


def _has_tables(connection: Connection) -> bool:
    return bool(connection.scalar(text(f"SELECT to_regclass('{SCHEMA}.meta') IS NOT NULL")))


def _mark(connection: Connection) -> str | None:
    query = text("SELECT value FROM meta WHERE key = :key")
    mark: str | None = connection.scalar(query, {"key": UNFINISHED})
    return mark


def _settle(connection: Connection, name: str, city: City | None, mark: str | None) -> City:
    """Make the tables if ``city`` is given and there are none; return the city that is kept."""
    there = _has_tables(connection)
    found = _mark(connection) if there else None
    if found == COPYING and mark != COPYING:
        raise server_fault("server-copying", name)
    if found is not None and found != COPYING:
        build_server_tables().metadata.drop_all(connection)
        there = False
    if not there:
        if city is None:
            raise server_fault("store-missing", name)
        _make_tables(connection, city, mark)
    kept = {row.key: row.value for row in connection.execute(text("SELECT key, value FROM meta"))}
    version = schema_of(connection)
    if version > newest():
        raise server_fault("store-newer", name, version=version, known=newest())
    if version < newest():
        raise server_fault("store-older", name, version=version, known=newest())
    if city is not None and (wanted := city_text(city)) != kept["city"]:
        changed = text("UPDATE meta SET value = :value WHERE key = 'city'")
        connection.execute(changed, {"value": wanted})
        kept["city"] = wanted
    return City.model_validate_json(kept["city"])


def _make_tables(connection: Connection, city: City, mark: str | None) -> None:
    tables = build_server_tables()
    known = text("SELECT to_regnamespace(:name) IS NOT NULL")
    # Asked first: who may use a schema that the administrator made may not make one.
    if not connection.scalar(known, {"name": SCHEMA}):
        connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    tables.metadata.create_all(connection, checkfirst=False)
    make_default_parts(connection)
    rows = {"city": city_text(city)}
    if mark is not None:
        rows[UNFINISHED] = mark
    connection.execute(tables.meta.insert(), [{"key": key, "value": rows[key]} for key in rows])
    stamp(connection)
