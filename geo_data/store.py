"""The one engine: the embedded store, a GeoPackage in SQLite's WAL mode.

Many readers, one writer. ``open_store`` opens or makes the file, ``Store.read`` and
``Store.write`` give SQLAlchemy connections, ``write_layer`` replaces a whole layer.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock, RLock
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool

from geo_data import geopackage
from geo_data.city import City
from geo_data.faults import Fault, InputError
from geo_data.geopackage import BlobGeometry
from geo_data.instants import from_text
from geo_data.layer_rows import note_layer, raw_connection, replace_layer, write_layer
from geo_data.settings import Settings
from geo_data.tables import Tables, build_tables

__all__ = [
    "LayerVersion",
    "Store",
    "note_layer",
    "open_store",
    "raw_connection",
    "replace_layer",
    "write_layer",
]

SCHEMA_VERSION = 1
STORE_EXIT = 3
CHECKPOINT_BYTES = 16 << 20
"""A WAL this long is written back after a commit, readers going on beside it."""
TRUNCATE_BYTES = 256 << 20
"""A WAL this long means a reader held it for long: wait for readers and cut it."""

# synchronous=NORMAL: in WAL mode a power cut may lose the last commits, never the file; a sync
#   per commit would cost more than everything else ingest does.
# cache_size, mmap_size: pages come from the system's cache by mapping, shared by all readers;
#   8 MB a connection is for the writer's dirty pages and the top of the indexes.
# wal_autocheckpoint=0: written back by us, between commits, not inside one chosen by page count.
_PRAGMAS = (
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-8192",
    "PRAGMA mmap_size=1073741824",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=0",
    "PRAGMA journal_size_limit=16777216",
)

Cached = TypeVar("Cached")


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """What is known of one layer; ``data_at`` is the time its rows speak of."""

    version: int
    updated_at: datetime
    data_at: datetime | None
    rows: int
    source: str


class Store:
    """An open store. Made by :func:`open_store`; usable from any thread.

    Parameters
    ----------
    path : Path
        The file.
    city : City
        The city it holds.
    busy_timeout_s : float
        How long to wait for another process' lock.
    """

    def __init__(self, path: Path, city: City, busy_timeout_s: float) -> None:
        self.path = path
        self.city = city
        self.tables: Tables = build_tables(BlobGeometry)
        self._readers = _engine(path, busy_timeout_s, writes=False)
        self._writer = _engine(path, busy_timeout_s, writes=True)
        self._write_lock = RLock()
        self._writing = False
        self._watch = _connect(path, busy_timeout_s, writes=False)
        self._watch_lock = Lock()
        self._seen = -1
        self._layers: dict[str, LayerVersion] = {}
        self._cache: dict[object, tuple[object, object]] = {}
        self.dialect: Dialect = self._readers.dialect
        self._after_commit: list[Callable[[], None]] = []

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent moment of the store.

        Raises
        ------
        InputError
            Exit code 3: the file is locked or damaged.
        """
        with _told(self.path), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give the writing connection; one transaction, all or nothing.

        Raises
        ------
        InputError
            Exit code 3: another process holds the file, or it is damaged.
        RuntimeError
            The thread is writing already.
        """
        with self._write_lock:
            if self._writing:
                raise RuntimeError("a transaction is open already: pass its connection on")
            self._writing = True
            try:
                with _told(self.path), self._writer.begin() as connection:
                    yield connection
            finally:
                self._writing = False
            self._checkpoint_when_long()
        for call in self._after_commit:
            call()

    def after_commit(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call ``call()`` after every commit of this process; returns what stops it."""
        self._after_commit = [*self._after_commit, call]

        def stop() -> None:
            self._after_commit = [one for one in self._after_commit if one is not call]

        return stop

    def layers(self) -> dict[str, LayerVersion]:
        """Return every layer's version; reads the file only after somebody's commit."""
        with self._watch_lock, _told(self.path):
            # Costs microseconds and moves with every commit of any connection, any process.
            (moment,) = self._watch.execute("PRAGMA data_version").fetchone()
            if moment != self._seen:
                self._layers = {row[0]: _layer_version(row) for row in self._watch.execute(_LAYERS)}
                self._seen = moment
            return self._layers

    def versions(self) -> dict[str, int]:
        """Return ``{layer: version}``."""
        return {layer: known.version for layer, known in self.layers().items()}

    def version(self, layer: str) -> int:
        """Return the version of ``layer``; 0 before it was first written."""
        known = self.layers().get(layer)
        return known.version if known else 0

    def stamp(self, *families: str) -> tuple[tuple[str, int], ...]:
        """Return the versions of whole families of layers, to cache what is made of them.

        Parameters
        ----------
        *families : str
            ``regions`` is every ``regions/<level>``, ``sensors`` is the layer itself.
        """
        return tuple(
            (layer, known.version)
            for layer, known in sorted(self.layers().items())
            if layer.partition("/")[0] in families
        )

    def cached(self, key: object, version: object, build: Callable[[], Cached]) -> Cached:
        """Return what ``build()`` made for this ``key`` and ``version``, building it if new.

        Two threads may build the same thing at the same time; the results are equal, so no
        lock is held while one builds.
        """
        held = self._cache.get(key)
        if held is not None and held[0] == version:
            return cast("Cached", held[1])
        made = build()
        self._cache[key] = (version, made)
        return made

    def held(self, key: object) -> object | None:
        """Return what :meth:`cached` last made for ``key``, of whatever version."""
        held = self._cache.get(key)
        return None if held is None else held[1]

    def checkpoint(self) -> None:
        """Write the WAL back into the file and cut it, as far as readers allow."""
        self._checkpoint("TRUNCATE")

    def close(self) -> None:
        """Close every connection; the last one to close the file leaves no WAL behind."""
        self._readers.dispose()
        self._writer.dispose()
        with self._watch_lock:
            self._watch.close()

    def _checkpoint_when_long(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            length = Path(f"{self.path}-wal").stat().st_size
            if length > TRUNCATE_BYTES:
                self._checkpoint("TRUNCATE")
            elif length > CHECKPOINT_BYTES:
                self._checkpoint("PASSIVE")

    def _checkpoint(self, mode: str) -> None:
        with self._write_lock, _told(self.path):
            held = self._writer.raw_connection()
            try:
                held.cursor().execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
            finally:
                held.close()


_LAYERS = "SELECT layer, version, updated_at, data_at, rows, source FROM layer_versions"


def _layer_version(row: tuple[Any, ...]) -> LayerVersion:
    _, version, updated_at, data_at, rows, source = row
    return LayerVersion(
        version, from_text(updated_at), from_text(data_at) if data_at else None, rows, source
    )


def open_store(
    settings: Settings | Path | str,
    city: City | None = None,
    create: bool = False,
    busy_timeout_s: float = 5.0,
) -> Store:
    """Open the store, or make it.

    Parameters
    ----------
    settings : Settings or path
        Where it is.
    city : City, optional
        Kept in the file when it is made; replaces the one kept when ``create`` is set.
    create : bool
        Make the file where there is none.
    busy_timeout_s : float
        How long to wait for another process' lock before saying that it is locked.

    Raises
    ------
    InputError
        Exit code 3: missing, corrupt, not ours, locked, or written by a newer version.
    """
    path = settings.store_path if isinstance(settings, Settings) else Path(settings)
    if create and not _has_content(path):
        if city is None:
            raise ValueError("a new store needs its city")
        path.parent.mkdir(parents=True, exist_ok=True)
        with _told(path):
            _make(path, city, busy_timeout_s)
    if not path.is_file():
        raise _fault("store-missing", path)
    with _told(path):
        _check(path)
        kept = _settle(path, busy_timeout_s, city if create else None)
    return Store(path, kept, busy_timeout_s)


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _fault(key: str, path: Path, **values: object) -> InputError:
    return InputError(Fault(key, file=str(path), values=values), exit_code=STORE_EXIT)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn the database's own errors about the file into faults that say what to do."""
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        text = str(getattr(error, "orig", None) or error)
        if "locked" in text or "busy" in text:
            raise _fault("store-locked", path) from error
        if any(sign in text for sign in ("malformed", "not a database", "corrupt")):
            raise _fault("store-corrupt", path, error=text) from error
        if any(sign in text for sign in ("readonly", "unable to open", "disk is full", "disk I/O")):
            raise _fault("store-not-writable", path, error=text) from error
        raise


def _connect(path: Path, busy_timeout_s: float, writes: bool) -> sqlite3.Connection:
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


def _engine(path: Path, busy_timeout_s: float, writes: bool) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path, busy_timeout_s, writes),
        poolclass=QueuePool,
        pool_size=1 if writes else 8,
        max_overflow=0 if writes else -1,
    )

    # The driver is told not to open transactions by itself (isolation_level=None), so that a
    # writer takes its lock at the start, where waiting is harmless, and DDL is undone too.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _make(path: Path, city: City, busy_timeout_s: float) -> None:
    tables = build_tables(BlobGeometry)
    engine = _engine(path, busy_timeout_s, writes=True)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"PRAGMA application_id={geopackage.APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version={geopackage.USER_VERSION}")
            tables.metadata.create_all(connection, checkfirst=False)
            _register(connection, tables)
            rows = {"schema-version": str(SCHEMA_VERSION), "city": _city_text(city)}
            connection.execute(
                tables.meta.insert(), [{"key": key, "value": rows[key]} for key in rows]
            )
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


def _city_text(city: City) -> str:
    return city.model_dump_json(by_alias=True, exclude_defaults=True)


def _check(path: Path) -> None:
    """Refuse what the first 100 bytes tell apart, before SQLite touches the file."""
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise _fault("store-corrupt", path, error="file is not a database")
    (application_id,) = struct.unpack_from(">I", head, 68)
    if application_id != geopackage.APPLICATION_ID:
        raise _fault("store-not-geopackage", path)
    page_bytes, pages = struct.unpack_from(">H", head, 16)[0], struct.unpack_from(">I", head, 28)[0]
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    # With a WAL beside it the file may rightly be shorter than it says.
    if not _has_content(Path(f"{path}-wal")) and path.stat().st_size < page_bytes * pages:
        raise _fault("store-corrupt", path, error="file is cut short")


def _settle(path: Path, busy_timeout_s: float, city: City | None) -> City:
    """Look at the version, keep ``city`` if one is given, return the one that is kept."""
    connection = _connect(path, busy_timeout_s, writes=True)
    try:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name='meta'").fetchone():
            raise _fault("store-not-ours", path)
        kept = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        version = int(kept.get("schema-version", 0))
        if version > SCHEMA_VERSION:
            raise _fault("store-newer", path, version=version, known=SCHEMA_VERSION)
        # QGIS turns WAL off when it closes a file that it has edited.
        connection.execute("PRAGMA journal_mode=WAL")
        if city is not None and (text := _city_text(city)) != kept.get("city"):
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('city', ?)", (text,))
            kept["city"] = text
        return City.model_validate_json(kept["city"])
    finally:
        connection.close()
