"""An open store, whichever it is: reading, writing, and what is known of its layers.

:class:`Store` says what every store can do and keeps what is the same in all of them: whose
turn it is to write, what layers there are, and what was made of them. The embedded store
(:mod:`geo_data.store.embedded`) and the one on a server (:mod:`geo_data.store.server`) fill it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock, RLock
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Dialect, Table

from geo_data.city import City
from geo_data.faults import Fault
from geo_data.store.duty import Duty
from geo_data.store.geopackage import Geometries
from geo_data.store.tables import Tables

Cached = TypeVar("Cached")
Columns = Mapping[str, Sequence[Any]]
"""Column name -> values of all rows."""


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """What is known of one layer; ``data_at`` is the time its rows speak of."""

    version: int
    updated_at: datetime
    data_at: datetime | None
    rows: int
    source: str


class Store(ABC):
    """An open store. Made by :func:`geo_data.store.open_store`; usable from any thread.

    Attributes
    ----------
    name : str
        What people call it: the file, or the server's address without the password.
    city : City
        The city it holds.
    tables : Tables
        Its tables.
    dialect : Dialect
        ``sqlite`` or ``postgresql``.
    """

    def __init__(self, name: str, city: City, tables: Tables, dialect: Dialect) -> None:
        self.name = name
        self.city = city
        self.tables = tables
        self.dialect = dialect
        self._write_lock = RLock()
        self._writing = False
        self._layers_lock = Lock()
        self._seen: object = None
        self._layers: dict[str, LayerVersion] = {}
        self._stamps: dict[tuple[str, ...], tuple[object, tuple[tuple[str, int], ...]]] = {}
        self._cache: dict[object, tuple[object, object]] = {}
        self._after_commit: list[Callable[[], None]] = []

    @property
    @abstractmethod
    def address(self) -> Path | str:
        """What opens it once more: the file, or the server's address with its password."""

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one consistent moment of the store.

        Raises
        ------
        InputError
            Exit code 3: the store is locked, damaged or out of reach.
        """

    def notices(self) -> list[Fault]:
        """Return what works only in part at present: looked at now, told in the log as well.

        Raises
        ------
        InputError
            Exit code 3: the store cannot be read at all.
        """
        return []

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give the writing connection; one transaction, all or nothing.

        Writers take turns, those of other processes too.

        Raises
        ------
        InputError
            Exit code 3: another process holds the store, or it is damaged or out of reach.
        RuntimeError
            The thread is writing already.
        """
        with self._write_lock:
            if self._writing:
                raise RuntimeError("a transaction is open already: pass its connection on")
            self._writing = True
            try:
                with self._transaction() as connection:
                    yield connection
            finally:
                self._writing = False
            self._committed()
        self._tell_commit()

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Connection]:
        """Give the connection of a transaction that no other process' writer is beside."""

    def _committed(self) -> None:
        """Do what there is to do after a commit, before the next writer's turn."""
        return

    def _tell_commit(self) -> None:
        for call in self._after_commit:
            call()

    def after_commit(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call ``call()`` after every commit that this process hears of, from any thread.

        Its own commits always; those of other processes where the store tells of them.

        Returns
        -------
        callable
            Stops it.
        """
        self._after_commit = [*self._after_commit, call]

        def stop() -> None:
            self._after_commit = [one for one in self._after_commit if one is not call]

        return stop

    def layers(self) -> dict[str, LayerVersion]:
        """Return every layer's version; reads the store only after somebody's commit."""
        with self._layers_lock:
            moment = self._moment()
            if moment != self._seen:
                self._layers = self._read_layers()
                self._seen = moment
            return self._layers

    def is_at_hand(self) -> bool:
        """Whether :meth:`layers` would answer now without waiting or reading the store."""
        if not self._layers_lock.acquire(blocking=False):
            return False
        try:
            return self._moment() == self._seen
        finally:
            self._layers_lock.release()

    @abstractmethod
    def _moment(self) -> object:
        """Return what is another after every commit of anybody; costs microseconds."""

    @abstractmethod
    def _read_layers(self) -> dict[str, LayerVersion]:
        """Read the versions of all layers."""

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
        layers = self.layers()
        held = self._stamps.get(families)
        # Asked for a hundred times a page; another mapping comes with every commit.
        if held is not None and held[0] is layers:
            return held[1]
        stamp = tuple(
            (layer, known.version)
            for layer, known in sorted(layers.items())
            if layer.partition("/")[0] in families
        )
        self._stamps[families] = (layers, stamp)
        return stamp

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

    @abstractmethod
    def encoded(self, shapes: Geometries) -> Sequence[Any]:
        """Return geometries as the driver takes them, for rows that go past SQLAlchemy's types.

        Parameters
        ----------
        shapes : array of shapely geometries in EPSG:4326, shape (n,)
            ``None`` where there is none.
        """

    @abstractmethod
    def replace_rows(
        self,
        connection: Connection,
        table: Table,
        column: str | None,
        part: str,
        columns: Columns,
        at: datetime,
    ) -> None:
        """Put rows in the place of those whose ``column`` is ``part``, of all without one.

        The new rows get numbers (``fid``) that no row had before.

        Parameters
        ----------
        connection : Connection
            Of an open transaction.
        columns : Mapping
            Every column but ``fid``; ``geom`` holds shapely geometries.
        at : datetime
            Now, aware.
        """

    def expect_load(self, connection: Connection) -> None:  # noqa: B027
        """Get ready for a write of most of the store, inside its transaction."""

    @abstractmethod
    def last_number(self, connection: Connection) -> int:
        """Return the last number that was given to a change, pruned or not; 0 before the first."""

    @abstractmethod
    def number_from(self, connection: Connection, last: int, at: datetime) -> None:
        """Finish rows written with numbers of their own: changes go on after ``last``."""

    @abstractmethod
    def make_room(self, connection: Connection, table: Table, times: Iterable[datetime]) -> None:
        """Get ready for rows of these times, before many of them are written."""

    @abstractmethod
    def checkpoint(self) -> None:
        """Do what should follow a large write."""

    @abstractmethod
    def size_bytes(self) -> int:
        """Return what the store takes on its disk.

        Raises
        ------
        InputError
            Exit code 3: the store cannot be read.
        """

    @abstractmethod
    def duty(self, name: str) -> Duty:
        """Return what only one of all processes on this store does; the caller closes it.

        Parameters
        ----------
        name : str
            Of the duty: letters, digits and dashes.
        """

    @abstractmethod
    def close(self) -> None:
        """Close every connection."""
