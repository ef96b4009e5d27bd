"""The embedded store: a GeoPackage in SQLite's WAL mode. Many readers, one writer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table

from geo_data.city import City
from geo_data.faults import InputError
from geo_data.instants import from_text
from geo_data.store import geopackage
from geo_data.store.duty import Duty, FileDuty
from geo_data.store.engine import Columns, LayerVersion, Store
from geo_data.store.file import connect, make_engine, raw_connection, told
from geo_data.store.geopackage import BlobGeometry, Geometries
from geo_data.store.tables import build_tables
from geo_data.store.write_back import WriteBack

CHECKPOINT_BYTES = 64 << 20
"""A WAL this long is written back after a commit, readers and the writer going on beside it."""
TRUNCATE_BYTES = 256 << 20
"""A WAL this long means a reader held it for long: wait for readers and cut it."""
LOAD_CACHE_KB = 1_500_000
"""While a history is loaded, at the most. A page that finds no room goes to the WAL and has to be
looked for there, which takes the longer the more of the load is in it: ten million cases at
400 MB took a third of their time so, and more with every part."""

_PASSIVE = "PRAGMA wal_checkpoint(PASSIVE)"
_LAYERS = "SELECT layer, version, updated_at, data_at, rows, source FROM layer_versions"


class EmbeddedStore(Store):
    """The store in a file.

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
        self._readers = make_engine(path, busy_timeout_s, writes=False)
        self._writer = make_engine(path, busy_timeout_s, writes=True)
        self._watch = connect(path, busy_timeout_s, writes=False)
        self._busy_timeout_s = busy_timeout_s
        self._write_back = WriteBack(self._write_wal_back)
        super().__init__(str(path), city, build_tables(BlobGeometry), self._readers.dialect)

    @property
    def address(self) -> Path:
        """See :attr:`Store.address`."""
        return self.path

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See :meth:`Store.read`."""
        with told(self.path), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with told(self.path), self._writer.begin() as connection:
            yield connection

    def _committed(self) -> None:
        # What was committed is on the disk: that it cannot be written back now, for want of room
        # say, is no fault of whoever committed. The next commit tries again.
        with contextlib.suppress(FileNotFoundError, InputError):
            length = Path(f"{self.path}-wal").stat().st_size
            if length > TRUNCATE_BYTES:
                self._checkpoint("TRUNCATE")
            elif length > CHECKPOINT_BYTES:
                self._write_back.soon()

    def _write_wal_back(self) -> None:
        """Write back what is in the WAL, then what came meanwhile, and let it begin anew."""
        with contextlib.suppress(InputError), told(self.path):
            # One that may not make a file: the store's may have been taken away.
            connection = connect(self.path, self._busy_timeout_s, writes=False)
            try:
                connection.execute(_PASSIVE).fetchall()
                # A WAL begins anew only where all of it is written back when a writer comes:
                # the little that came meanwhile is what writers wait for.
                with self._write_lock:
                    connection.execute(_PASSIVE).fetchall()
            finally:
                connection.close()

    def _moment(self) -> object:
        # Moves with every commit of any connection, any process.
        with told(self.path):
            return self._watch.execute("PRAGMA data_version").fetchone()

    def _read_layers(self) -> dict[str, LayerVersion]:
        with told(self.path):
            return {row[0]: _layer_version(row) for row in self._watch.execute(_LAYERS)}

    def encoded(self, shapes: Geometries) -> list[bytes | None]:
        """Return geometries as GeoPackage blobs."""
        return geopackage.to_blobs(shapes)

    def replace_rows(
        self,
        connection: Connection,
        table: Table,
        column: str | None,
        part: str,
        columns: Columns,
        at: datetime,
    ) -> None:
        """See :meth:`Store.replace_rows`; the R*Tree is filled at once instead of row by row."""
        raw = raw_connection(connection)
        geopackage.drop_triggers(raw, table.name)
        where, given = (f"WHERE {column} = ?", (part,)) if column else ("", ())
        (last,) = raw.execute(f"SELECT coalesce(max(fid), 0) FROM {table.name}").fetchone()
        raw.execute(
            f"DELETE FROM rtree_{table.name}_geom WHERE id IN "
            f"(SELECT fid FROM {table.name} {where})",
            given,
        )
        raw.execute(f"DELETE FROM {table.name} {where}", given)
        shapes = np.asarray(columns["geom"], dtype=object)
        fids = range(last + 1, last + 1 + len(shapes))
        values = {**columns, "fid": fids, "geom": geopackage.to_blobs(shapes)}
        names = [each.name for each in table.c if each.name in values]
        raw.executemany(
            f"INSERT INTO {table.name} ({','.join(names)}) VALUES ({','.join('?' * len(names))})",
            zip(*(values[name] for name in names), strict=True),
        )
        geopackage.index_rows(raw, table.name, fids, shapes)
        geopackage.add_triggers(raw, table.name)
        geopackage.note_extent(raw, table.name, at)

    def expect_load(self, connection: Connection) -> None:
        """Keep the pages of every index in memory, or each is written many times."""
        raw_connection(connection).execute(f"PRAGMA cache_size=-{LOAD_CACHE_KB}")

    def last_number(self, connection: Connection) -> int:
        """See :meth:`Store.last_number`."""
        query = "SELECT seq FROM sqlite_sequence WHERE name = 'changes'"
        (last,) = raw_connection(connection).execute(query).fetchone() or (0,)
        return int(last)

    def number_from(self, connection: Connection, last: int, at: datetime) -> None:
        """See :meth:`Store.number_from`; GIS readers are told where the rows lie."""
        raw = raw_connection(connection)
        raw.execute("DELETE FROM sqlite_sequence WHERE name = 'changes'")
        raw.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('changes', ?)", (last,))
        for table in (self.tables.regions, self.tables.places, self.tables.sensors):
            geopackage.note_extent(raw, table.name, at)

    def make_room(self, connection: Connection, table: Table, times: Iterable[datetime]) -> None:
        """Do nothing: one table holds all times."""

    def checkpoint(self) -> None:
        """Write the WAL back into the file and cut it, as far as readers allow."""
        self._checkpoint("TRUNCATE")

    def size_bytes(self) -> int:
        """See :meth:`Store.size_bytes`; what waits to be written back counts too."""
        files = (self.path, Path(f"{self.path}-wal"))
        with told(self.path):
            return sum(file.stat().st_size for file in files if file.exists())

    def duty(self, name: str) -> Duty:
        """See :meth:`Store.duty`."""
        return FileDuty(self.path, name)

    def close(self) -> None:
        """Close every connection; the last one to close the file leaves no WAL behind."""
        self._write_back.close()
        self._readers.dispose()
        self._writer.dispose()
        with self._layers_lock:
            self._watch.close()

    def _checkpoint(self, mode: str) -> None:
        with self._write_lock, told(self.path):
            held = self._writer.raw_connection()
            try:
                held.cursor().execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
            finally:
                held.close()


def _layer_version(row: tuple[Any, ...]) -> LayerVersion:
    _, version, updated_at, data_at, rows, source = row
    return LayerVersion(
        version, from_text(updated_at), from_text(data_at) if data_at else None, rows, source
    )
