"""A city from one store to another: chunk by chunk, resumable, compared at the end.

What was copied so far is kept in the target's ``meta``, in the transaction that wrote the rows.
Until every table was compared the target is nobody's store: a file has another name, the tables
of a server carry a mark.
"""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Index, Table, func, make_url, select
from sqlalchemy.exc import ArgumentError

from geo_data.faults import Fault, InputError
from geo_data.instants import from_text
from geo_data.store.checksums import Chunk, Sums, chunks
from geo_data.store.connections import ServerOptions, is_server, server_fault, server_url, shown
from geo_data.store.copy_report import CopiedTable, CopyReport
from geo_data.store.engine import Store
from geo_data.store.file import STORE_EXIT, fault, has_content
from geo_data.store.geopackage import Geometries
from geo_data.store.inserts import Clash, insert_rows
from geo_data.store.making import alone, remove_file, shown_address
from geo_data.store.migrating import KEY
from geo_data.store.opening import Address, open_store
from geo_data.store.postgis import PARTITIONED
from geo_data.store.replica import COMMITS
from geo_data.store.server_setup import COPYING, UNFINISHED, drop_copy, has_store, open_server

PROGRESS = "copy"
"""Key in ``meta`` of how far a copy has come."""
_OWN = frozenset({KEY, UNFINISHED, PROGRESS, COMMITS})
"""Keys in ``meta`` that are the store's, not the city's."""
_FILE = "sqlite:///"

Tell = Callable[[str, float], None]
Done = dict[str, Sums]
"""Table -> what was read of it so far."""


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far a copy has come: the table at work and its last key, and the sums of all."""

    moment: str
    table: str | None = None
    after: tuple[Any, ...] | None = None
    done: Done = field(default_factory=dict)
    differs: bool = False


def store_address_of(text: str) -> Address:
    """Return what was typed as the address of a store.

    Raises
    ------
    InputError
        Exit code 3: it is a URL of something that is not served; its password is not told.
    """
    if is_server(text):
        server_url(text)
        return text
    if "://" not in text or text.startswith(_FILE):
        return Path(text.removeprefix(_FILE))
    try:
        told = make_url(text).render_as_string(hide_password=True)
    except ArgumentError:
        told = text.partition("://")[0] + "://…"
    raise InputError(Fault("unknown-database", values={"url": told}), exit_code=STORE_EXIT)


def copy_city(
    source: Address, target: Address, at: datetime, *, progress: Tell | None = None
) -> CopyReport:
    """Copy everything a store holds into another.

    Parameters
    ----------
    source, target : path or URL
        Either may be a file or a server's database. The target must be empty, or the unfinished
        copy of just this source; if the source has changed since, the copy starts anew.
    at : datetime
        Now, aware.
    progress : callable, optional
        Told the step and the share done.

    Raises
    ------
    InputError
        Exit code 3: a store cannot be used, the target holds a city already, or the copy is not
        the same as the source, in which case it is not put to use.
    """
    tell = progress or (lambda _step, _share: None)
    with (
        closing(open_store(source)) as here,
        alone(target),
        _unfinished(here, target) as there,
        _few_collected(),
    ):
        # One connection: all tables are of the same moment, whoever writes meanwhile.
        with here.read() as connection:
            copy = _Copy(here, there, connection, tell)
            kept = copy.kept
            copy.rows()
            copy.indexes()
            report = CopyReport(here.name, shown_address(target), copy.compared(), kept)
        if report.differing:
            copy.give_up()
            values: dict[str, object] = {"tables": ", ".join(report.differing)}
            name = shown_address(target)
            raise InputError(Fault("copy-differs", name, values=values), exit_code=STORE_EXIT)
        copy.finish(at)
    tell("done", 1.0)
    return report


@contextmanager
def _few_collected() -> Iterator[None]:
    """Leave what is there already out of the search for garbage, for a while.

    Rows come by the million and go again; each few thousand of them would have the whole
    process searched, which takes as long as reading them.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _unfinished(source: Store, target: Address) -> Iterator[Store]:
    """Give the target, empty or as far as an earlier copy of this source came."""
    with source.read() as connection:
        moment = _moment(source, connection)
    place: _FileTarget | _ServerTarget
    place = _ServerTarget(str(target)) if is_server(target) else _FileTarget(Path(target))
    place.check()
    store = place.open(source)
    try:
        found = _progress_of(store)
        if found is None or found.differs or found.moment != moment:
            store.close()
            place.clear()
            store = place.open(source)
            _begin(store, moment)
        yield store
    finally:
        store.close()
    place.publish()


class _FileTarget:
    """A file that has another name until it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._copying = path.with_name(f"{path.name}.copying")

    def check(self) -> None:
        """Refuse a file that is there."""
        if has_content(self._path):
            raise fault("store-exists", self._path)

    def open(self, source: Store) -> Store:
        """Open what there is, or make it."""
        return open_store(self._copying, source.city, create=True)

    def clear(self) -> None:
        """Remove what there is."""
        remove_file(self._copying)

    def publish(self) -> None:
        """Give the whole file its name."""
        self.check()
        self._copying.replace(self._path)


class _ServerTarget:
    """Tables of a server that carry a mark until they are whole."""

    def __init__(self, address: str) -> None:
        self._address = address

    def check(self) -> None:
        """Refuse a database that holds a city."""
        if has_store(self._address):
            raise server_fault("server-has-store", shown(server_url(self._address)))

    def open(self, source: Store) -> Store:
        """Open what there is, or make it."""
        return open_server(self._address, source.city, True, ServerOptions(), mark=COPYING)

    def clear(self) -> None:
        """Drop what there is."""
        drop_copy(self._address)

    def publish(self) -> None:
        """Do nothing: the mark went with the last transaction."""


def _moment(store: Store, connection: Connection) -> str:
    """Return what is another after every write to a store that matters to a copy."""
    tables = store.tables
    meta = select(tables.meta).where(tables.meta.c.key.not_in(sorted(_OWN))).order_by("key")
    versions = select(tables.layer_versions).order_by(tables.layer_versions.c.layer)
    letters = select(func.max(tables.dead_letters.c.id))
    moves = ("created_at", "started_at", "finished_at", "removed_at")
    exports = select(func.count(), *(func.max(tables.exports.c[name]) for name in moves))
    told = [
        store.dialect.name,
        store.last_number(connection),
        *([str(one) for one in row] for row in connection.execute(meta)),
        *([str(one) for one in row] for row in connection.execute(versions)),
        connection.scalar(letters),
        [str(one) for one in connection.execute(exports).one()],
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _progress_of(store: Store) -> _Progress | None:
    with store.read() as connection:
        text = _progress_text(store, connection)
    if text is None:
        return None
    told = json.loads(text)
    done = {name: Sums(**sums) for name, sums in told.pop("done").items()}
    after = told.pop("after")
    return _Progress(**told, after=tuple(after) if after else None, done=done)


def _progress_text(store: Store, connection: Connection) -> str | None:
    meta = store.tables.meta
    text: str | None = connection.scalar(select(meta.c.value).where(meta.c.key == PROGRESS))
    return text


def _text(progress: _Progress) -> str:
    return json.dumps(asdict(progress))


def _begin(store: Store, moment: str) -> None:
    rows = {PROGRESS: _text(_Progress(moment)), UNFINISHED: COPYING}
    with store.write() as connection:
        columns = {"key": list(rows), "value": list(rows.values())}
        insert_rows(connection, store.tables.meta, columns, Clash(replace=("value",)))
        # Nobody reads yet; row by row they would cost more than all the rest.
        for index in _indexes(store):
            index.drop(connection, checkfirst=True)


def _indexes(store: Store) -> list[Index]:
    """Return the indexes, those that keep rows apart beside a key too; keys of tables stay."""
    tables = store.tables.metadata.sorted_tables
    found = {index.name: index for table in tables for index in table.indexes}
    return [found[name] for name in sorted(found, key=str)]


class _Copy:
    """One run of a copy."""

    def __init__(self, source: Store, target: Store, connection: Connection, tell: Tell) -> None:
        self._source, self._target = source, target
        self._connection, self._tell = connection, tell
        # The city's own keys last: they are upserted, the city being there from the beginning.
        tables = source.tables.metadata.sorted_tables
        self._tables = sorted(tables, key=lambda table: table.name == "meta")
        counts = (connection.scalar(select(func.count()).select_from(one)) for one in tables)
        self._total = max(sum(count or 0 for count in counts), 1)
        self._last_number = source.last_number(connection)
        found = _progress_of(target)
        assert found is not None
        self._progress = found
        self.kept = self._rows_done()

    def _rows_done(self) -> int:
        return sum(sums.rows for sums in self._progress.done.values())

    def rows(self) -> None:
        """Copy what is not there yet."""
        tell = self._tell
        names = [table.name for table in self._tables]
        start = names.index(self._progress.table) if self._progress.table else 0
        for table in self._tables[start:]:
            after = self._progress.after if table.name == self._progress.table else None
            for chunk in chunks(self._connection, table, after, without=_without(table)):
                tell("copy", 0.7 * self._rows_done() / self._total)
                self._put(table, chunk)

    def _put(self, table: Table, chunk: Chunk) -> None:
        done = dict(self._progress.done)
        done[table.name] = done.get(table.name, Sums()).plus(chunk.values)
        there = self._target.tables.metadata.tables[table.name]
        columns = dict(chunk.values)
        if "geom" in columns:
            columns["geom"] = self._target.encoded(_array(columns["geom"]))
        with self._target.write() as connection:
            self._go_on(connection, replace(self._progress, table=table.name, after=chunk.last))
            if (cut_by := PARTITIONED.get(table.name)) is not None:
                times = [from_text(one) for one in (min(columns[cut_by]), max(columns[cut_by]))]
                self._target.make_room(connection, there, times)
            clash = Clash(replace=("value",)) if table.name == "meta" else None
            insert_rows(connection, there, columns, clash)
            self._go_on(connection, replace(self._progress, done=done))

    def _go_on(self, connection: Connection, progress: _Progress) -> None:
        """Note how far the copy is, if it is still where this process left it."""
        if _progress_text(self._target, connection) != _text(self._progress):
            name = self._target.name
            raise InputError(Fault("copy-elsewhere", name), exit_code=STORE_EXIT)
        meta = self._target.tables.meta
        changed = meta.update().where(meta.c.key == PROGRESS).values(value=_text(progress))
        connection.execute(changed)
        self._progress = progress

    def indexes(self) -> None:
        """Build the indexes, of which there are none while rows come in."""
        for index in _indexes(self._target):
            self._tell("copy", 0.7)
            with self._target.write() as connection:
                self._go_on(connection, self._progress)
                index.create(connection, checkfirst=True)

    def compared(self) -> tuple[CopiedTable, ...]:
        """Read the copy again and return both sides of every table."""
        tell = self._tell
        found: list[CopiedTable] = []
        read = 0
        with self._target.read() as connection:
            for table in self._tables:
                there = self._target.tables.metadata.tables[table.name]
                sums = Sums()
                for chunk in chunks(connection, there, without=_without(table)):
                    sums = sums.plus(chunk.values)
                    tell("compare", min(0.7 + 0.3 * (read + sums.rows) / self._total, 1.0))
                read += sums.rows
                here = self._progress.done.get(table.name, Sums())
                found.append(CopiedTable(table.name, here, sums))
        return tuple(found)

    def give_up(self) -> None:
        """Have the next run start anew."""
        with self._target.write() as connection:
            self._go_on(connection, replace(self._progress, differs=True))

    def finish(self, at: datetime) -> None:
        """Make the copy a store of its own."""
        meta = self._target.tables.meta
        with self._target.write() as connection:
            self._target.number_from(connection, self._last_number, at)
            self._go_on(connection, self._progress)
            marks = meta.c.key.in_([PROGRESS, UNFINISHED])
            connection.execute(meta.delete().where(marks))
        self._target.checkpoint()


def _without(table: Table) -> frozenset[str]:
    return _OWN if table.name == "meta" else frozenset()


def _array(shapes: Sequence[Any]) -> Geometries:
    held = np.empty(len(shapes), dtype=object)
    held[:] = shapes
    return held
