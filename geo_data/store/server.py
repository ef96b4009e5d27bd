"""The store on a server: PostgreSQL with PostGIS, for many processes and a whole municipality."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import numpy as np
from sqlalchemy import URL, Connection, Engine, Table, delete, func, select, text

from geo_data.city import City
from geo_data.faults import Fault
from geo_data.store.commit_watch import CommitWatch
from geo_data.store.connections import (
    ServerOptions,
    reading_engine,
    shown,
    told,
    writing_engine,
)
from geo_data.store.duty import Duty
from geo_data.store.engine import Columns, LayerVersion, Store
from geo_data.store.geopackage import Geometries
from geo_data.store.months import make_months
from geo_data.store.postgis import build_server_tables, to_ewkb
from geo_data.store.replica import Replica, count_commit
from geo_data.store.server_duty import ServerDuty
from geo_data.store.server_rows import copy_rows

WRITERS = 0x79697069  # "yipi"
"""Key of the advisory lock that writers of all processes take in turn."""

MANY_CHANGES = 5_000
"""So many rows written, and the planner's picture of a table is too old."""
_CHANGED = (
    "SELECT relname FROM pg_stat_user_tables "
    "WHERE schemaname = current_schema() AND n_mod_since_analyze > :many"
)


def take_turn(connection: Connection, key: int = WRITERS) -> None:
    """Wait until no other writer is at work; the lock goes with the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


class ServerStore(Store):
    """The store on a server; made by :func:`geo_data.store.open_store`.

    Writers of all processes take turns from the start of their transaction to its end. So the
    numbers of the change log are committed in their order, and who has read up to a number has
    missed nothing; and what a writer looks up still holds when it writes.

    Parameters
    ----------
    url : URL
        The database.
    city : City
        The city it holds.
    options : ServerOptions
        How to use it.
    """

    def __init__(self, url: URL, city: City, options: ServerOptions) -> None:
        self.url = url
        self._options = options
        self._readers: Engine = reading_engine(url, options)
        self._writer: Engine = writing_engine(url, options)
        super().__init__(shown(url), city, build_server_tables(), self._readers.dialect)
        self._replica: Replica | None = None
        if options.replica_url:
            self._replica = Replica(options.replica_url, city.code, options)
        self._own_commits = 0
        self._own_newest = 0
        self._watch = CommitWatch(url, self._tell_commit)

    @property
    def address(self) -> str:
        """See :attr:`Store.address`."""
        return self.url.render_as_string(hide_password=False)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See :meth:`Store.read`; from the read-only copy while that knows all we know."""
        copy = self._copy()
        if copy is not None:
            with told(self._replica.name if self._replica else ""), copy as connection:
                yield connection
            return
        with told(self.name), self._readers.connect() as connection:
            yield connection

    def _copy(self) -> Connection | None:
        if self._replica is None:
            return None
        with told(self._replica.name):
            return self._replica.connection(max(self._own_newest, self._watch.newest))

    def notices(self) -> list[Fault]:
        """See :meth:`Store.notices`."""
        if self._replica is None:
            return []
        with self.read():
            notice = self._replica.notice()
        return [notice] if notice else []

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with told(self.name), self._writer.begin() as connection:
            take_turn(connection)
            yield connection
            number = count_commit(connection)
            self._watch.tell(connection, number)
        self._own_newest = number

    @contextmanager
    def beside(self, key: int) -> Iterator[Connection]:
        """Give a transaction that no writer waits for: of what is derived from the rows.

        Parameters
        ----------
        key : int
            Those of all processes that use the same key take turns, however long that is.
        """
        engine = writing_engine(self.url, self._options)
        try:
            with told(self.name), engine.begin() as connection:
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                take_turn(connection, key)
                connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
                yield connection
        finally:
            engine.dispose()

    def _committed(self) -> None:
        self._own_commits += 1

    def _moment(self) -> object:
        return self._own_commits, self._watch.moment()

    def _read_layers(self) -> dict[str, LayerVersion]:
        with self.read() as connection:
            rows = connection.execute(select(self.tables.layer_versions)).all()
        return {
            row.layer: LayerVersion(row.version, row.updated_at, row.data_at, row.rows, row.source)
            for row in rows
        }

    def encoded(self, shapes: Geometries) -> list[str | None]:
        """Return geometries as hexadecimal EWKB."""
        return to_ewkb(shapes)

    def replace_rows(
        self,
        connection: Connection,
        table: Table,
        column: str | None,
        part: str,
        columns: Columns,
        at: datetime,  # noqa: ARG002 - the file of the embedded store keeps it
    ) -> None:
        """See :meth:`Store.replace_rows`."""
        last = int(connection.scalar(select(func.coalesce(func.max(table.c.fid), 0))) or 0)
        gone = delete(table)
        connection.execute(gone.where(table.c[column] == part) if column else gone)
        shapes = np.asarray(columns["geom"], dtype=object)
        fids = range(last + 1, last + 1 + len(shapes))
        copy_rows(connection, table, {**columns, "fid": fids, "geom": to_ewkb(shapes)})
        if len(fids) > MANY_CHANGES:
            connection.execute(text(f"ANALYZE {table.name}"))

    def last_number(self, connection: Connection) -> int:
        """See :meth:`Store.last_number`."""
        known = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM changes_seq_seq"
        return int(connection.scalar(text(known)) or 0)

    def number_from(
        self,
        connection: Connection,
        last: int,
        at: datetime,  # noqa: ARG002 - the file of the embedded store keeps it
    ) -> None:
        """See :meth:`Store.number_from`."""
        for name, number in (
            ("changes_seq_seq", last),
            ("dead_letters_id_seq", self._last_letter(connection)),
        ):
            given = {"name": name, "next": number + 1}
            connection.execute(text("SELECT setval(CAST(:name AS text), :next, false)"), given)

    def _last_letter(self, connection: Connection) -> int:
        return int(connection.scalar(select(func.max(self.tables.dead_letters.c.id))) or 0)

    def make_room(self, connection: Connection, table: Table, times: Iterable[datetime]) -> None:
        """Make the months of a partitioned table that these times lie in."""
        make_months(connection, table, times)

    def checkpoint(self) -> None:
        """Have the planner look again at tables that changed much."""
        with self._write_lock, told(self.name), self._writer.begin() as connection:
            changed = connection.scalars(text(_CHANGED), {"many": MANY_CHANGES}).all()
            for table in changed:
                connection.execute(text(f"ANALYZE {table}"))

    def size_bytes(self) -> int:
        """See :meth:`Store.size_bytes`; the whole database."""
        with self.read() as connection:
            size = connection.scalar(text("SELECT pg_database_size(current_database())"))
        return int(size or 0)

    def duty(self, name: str) -> Duty:
        """See :meth:`Store.duty`."""
        return ServerDuty(self.url, name)

    def close(self) -> None:
        """Close every connection."""
        self._watch.close()
        self._readers.dispose()
        if self._replica is not None:
            self._replica.close()
        self._writer.dispose()
