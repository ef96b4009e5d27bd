"""The file of the embedded store: how it is opened, made and checked, and what can be wrong.

SQLite in WAL mode: readers go on beside the one writer. Whatever the database says about the
file becomes a fault that tells what to do, with exit code 3.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool

from geo_data.city import City
from geo_data.faults import Fault, InputError
from geo_data.store import geopackage
from geo_data.store.geopackage import BlobGeometry
from geo_data.store.migrating import KEY, TABLE, newest, stamp, upgrade
from geo_data.store.tables import Tables, build_tables

STORE_EXIT = 3

# synchronous=FULL: a commit is on the disk before anybody is told of it; with NORMAL the last
#   ones would live only in the system's memory until the WAL is written back.
# fullfsync: on macOS, and only there, a plain sync leaves data in the drive's own memory.
# cache_size: 8 MB a connection, for the writer's dirty pages and the top of the indexes.
# mmap_size=0: every connection would map the file for itself, so that the program seems to hold
#   it once for each; and a disk that cannot be read ends a program that maps it, by a signal.
#   What is read is in the system's cache anyway: a drill costs the same.
# wal_autocheckpoint=0: written back by us, between commits, not inside one chosen by page count.
_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA fullfsync=ON",
    "PRAGMA cache_size=-8192",
    "PRAGMA mmap_size=0",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=0",
    "PRAGMA journal_size_limit=16777216",
)


def has_content(path: Path) -> bool:
    """Whether there is a file with anything in it."""
    return path.is_file() and path.stat().st_size > 0


def fault(key: str, path: Path, **values: object) -> InputError:
    """Return what is wrong with a store as an error with its exit code."""
    return InputError(Fault(key, file=str(path), values=values), exit_code=STORE_EXIT)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn the database's own errors about the file into faults that say what to do."""
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        text = str(getattr(error, "orig", None) or error)
        if "locked" in text or "busy" in text:
            raise fault("store-locked", path) from error
        if any(sign in text for sign in ("malformed", "not a database", "corrupt")):
            raise fault("store-corrupt", path, error=text) from error
        if "disk is full" in text:
            raise fault("store-full", path) from error
        if any(sign in text for sign in ("readonly", "unable to open", "disk I/O")):
            raise fault("store-not-writable", path, error=text) from error
        raise


def connect(path: Path, busy_timeout_s: float, writes: bool) -> sqlite3.Connection:
    """Open a connection of the driver's own; only the writing one may make or change a file."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={'rwc' if writes else 'rw'}",
        uri=True,
        timeout=busy_timeout_s,
        isolation_level=None,
        check_same_thread=False,
    )
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    if writes:
        geopackage.register_functions(connection)
    else:
        connection.execute("PRAGMA query_only=ON")
    return connection


def raw_connection(connection: Connection) -> sqlite3.Connection:
    """Return the driver's own connection, for bulk writes inside the transaction."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def make_engine(path: Path, busy_timeout_s: float, writes: bool) -> Engine:
    """Return the engine of the readers, usable from any thread, or of the one writer."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: connect(path, busy_timeout_s, writes),
        poolclass=QueuePool,
        pool_size=1 if writes else 8,
        max_overflow=0 if writes else -1,
        # The one given back last: its pages are warm, and those of a busy minute are not kept warm.
        pool_use_lifo=True,
    )

    # The driver is told not to open transactions by itself (isolation_level=None), so that a
    # writer takes its lock at the start, where waiting is harmless, and DDL is undone too.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def make_file(path: Path, city: City, busy_timeout_s: float) -> None:
    """Make the file with every table in one transaction."""
    tables = build_tables(BlobGeometry)
    engine = make_engine(path, busy_timeout_s, writes=True)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"PRAGMA application_id={geopackage.APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version={geopackage.USER_VERSION}")
            tables.metadata.create_all(connection, checkfirst=False)
            _register(connection, tables)
            connection.execute(tables.meta.insert(), {"key": "city", "value": city_text(city)})
            stamp(connection)
    finally:
        engine.dispose()


def _register(connection: Connection, tables: Tables) -> None:
    kinds = [
        (table.name, table.c.geom.type)
        for table in (tables.regions, tables.places, tables.sensors, tables.incidents)
    ]
    features = [(name, kind.kind) for name, kind in kinds if isinstance(kind, BlobGeometry)]
    # What was refused, and why, is worth opening in a GIS too; the rest is bookkeeping.
    geopackage.lay_out(raw_connection(connection), features, ["dead_letters"])


def city_text(city: City) -> str:
    """Return a city as it is kept in a store."""
    return city.model_dump_json(by_alias=True, exclude_defaults=True)


def check_file(path: Path) -> None:
    """Refuse what the first 100 bytes tell apart, before SQLite touches the file."""
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise fault("store-corrupt", path, error="file is not a database")
    (application_id,) = struct.unpack_from(">I", head, 68)
    if application_id != geopackage.APPLICATION_ID:
        raise fault("store-not-geopackage", path)
    page_bytes, pages = struct.unpack_from(">H", head, 16)[0], struct.unpack_from(">I", head, 28)[0]
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    # With a WAL beside it the file may rightly be shorter than it says.
    if not has_content(Path(f"{path}-wal")) and path.stat().st_size < page_bytes * pages:
        raise fault("store-corrupt", path, error="file is cut short")


def file_schema(path: Path) -> int:
    """Return the number of the schema of a file; 0 if it says none or is not there."""
    if not has_content(path):
        return 0
    with told(path), closing(connect(path, 1.0, writes=False)) as raw:
        kept = raw.execute("SELECT value FROM meta WHERE key = ?", (KEY,)).fetchone()
    return int(kept[0]) if kept else 0


def _bring_up_to_date(raw: sqlite3.Connection, path: Path, busy_timeout_s: float) -> None:
    known = "SELECT value FROM meta WHERE key = ?"
    version = int((raw.execute(known, (KEY,)).fetchone() or ("0",))[0])
    if version > newest():
        raise fault("store-newer", path, version=version, known=newest())
    stamped = raw.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone()
    if version == newest() and stamped:
        return
    engine = make_engine(path, busy_timeout_s, writes=True)
    try:
        with engine.begin() as connection:
            upgrade(connection)
    finally:
        engine.dispose()


def settle_file(path: Path, busy_timeout_s: float, city: City | None) -> City:
    """Look at the version, keep ``city`` if one is given, return the one that is kept."""
    connection = connect(path, busy_timeout_s, writes=True)
    try:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name='meta'").fetchone():
            raise fault("store-not-ours", path)
        _bring_up_to_date(connection, path, busy_timeout_s)
        kept = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        # QGIS turns WAL off when it closes a file that it has edited.
        connection.execute("PRAGMA journal_mode=WAL")
        if city is not None and (text := city_text(city)) != kept.get("city"):
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('city', ?)", (text,))
            kept["city"] = text
        return City.model_validate_json(kept["city"])
    finally:
        connection.close()
