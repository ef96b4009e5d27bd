"""The one engine: the embedded store, a GeoPackage in SQLite's WAL mode.

Many readers, one writer. ``open_store`` opens or makes the file, ``Store.read`` and
``Store.write`` give SQLAlchemy connections, ``write_layer`` replaces a whole layer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock, RLock
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Dialect

from geo_data.city import City
from geo_data.instants import from_text
from geo_data.settings import Settings
from geo_data.store.file import (
    check_file,
    connect,
    fault,
    has_content,
    make_engine,
    make_file,
    settle_file,
    told,
)
from geo_data.store.geopackage import BlobGeometry
from geo_data.store.tables import Tables, build_tables

CHECKPOINT_BYTES = 16 << 20
"""A WAL this long is written back after a commit, readers going on beside it."""
TRUNCATE_BYTES = 256 << 20
"""A WAL this long means a reader held it for long: wait for readers and cut it."""

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
        self._readers = make_engine(path, busy_timeout_s, writes=False)
        self._writer = make_engine(path, busy_timeout_s, writes=True)
        self._write_lock = RLock()
        self._writing = False
        self._watch = connect(path, busy_timeout_s, writes=False)
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
        with told(self.path), self._readers.connect() as connection:
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
                with told(self.path), self._writer.begin() as connection:
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
        with self._watch_lock, told(self.path):
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
        with self._write_lock, told(self.path):
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
    return Store(path, kept, busy_timeout_s)
