"""What changed, in order: the append-only change log, read by cursor.

Ingest appends in the transaction that writes the data, so whoever has read up to a cursor has
missed nothing. A :class:`Publisher` wakes readers of the same process; other processes look at
the log's end now and then.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from types import TracebackType
from typing import Any

from sqlalchemy import delete, func, select

from geo_data.queries.sensor_book import SensorBook, sensor_book
from geo_data.records import Scope
from geo_data.regions import RegionTree, region_tree
from geo_data.store import Store


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log.

    Parameters
    ----------
    seq : int
        Its cursor.
    at : datetime
        When it was written.
    topic : str
        ``incidents``, ``readings``, ``alarms`` or ``layers``.
    body : dict
        ``incidents``: ``{"rows": [{"id", "lon", "lat", ..., "region", "new"}]}``; ``readings``:
        ``{"rows": [[sensor_fid, value, state]]}``; ``alarms``: ``{"rows": [{"id", "rule", "sensor",
        "kind", "region", "level", "change", ...}]}``; ``layers``: ``{"layer", "version"}``.
    """

    seq: int
    at: datetime
    topic: str
    body: dict[str, Any]


def cursor(store: Store) -> int:
    """Return the end of the log; 0 while it is empty."""
    with store.read() as connection:
        return connection.scalar(select(func.max(store.tables.changes.c.seq))) or 0


def reaches(store: Store, after: int) -> bool:
    """Whether the log still holds everything after a cursor; if not, start anew from the data."""
    seq = store.tables.changes.c.seq
    with store.read() as connection:
        first, last = connection.execute(select(func.min(seq), func.max(seq))).one()
    if first is None:
        return after == 0
    return bool(first - 1 <= after <= last)


def changes_after(store: Store, scope: Scope, after: int, limit: int = 500) -> list[Change]:
    """Return what was logged after a cursor, oldest first.

    Parameters
    ----------
    store, scope
        Where, and who asks. Rows outside the scope are left out; an entry of which nothing is
        left is kept, empty, so that its reader's cursor moves on.
    after : int
        The ``seq`` of the last change already read.
    limit : int
        At most so many entries.
    """
    changes = store.tables.changes
    with store.read() as connection:
        rows = connection.execute(
            select(changes).where(changes.c.seq > after).order_by(changes.c.seq).limit(limit)
        ).all()
    found = [Change(row.seq, row.at, row.topic, json.loads(row.body)) for row in rows]
    if not found or scope == Scope.everything():
        return found
    tree, book = region_tree(store, scope), sensor_book(store)
    return [_in_scope(change, scope, tree, book) for change in found]


def _in_scope(change: Change, scope: Scope, tree: RegionTree, book: SensorBook) -> Change:
    if change.topic == "incidents":
        rows = [row for row in change.body["rows"] if _sees(tree, row["region"])]
    elif change.topic == "readings":
        rows = [row for row in change.body["rows"] if _sees_sensor(row[0], scope, tree, book)]
    elif change.topic == "alarms":
        rows = [row for row in change.body["rows"] if _sees_alarm(scope, tree, row)]
    elif change.topic == "layers":
        return change
    else:
        # What nobody has said who may see is seen by nobody.
        rows = []
    return Change(change.seq, change.at, change.topic, change.body | {"rows": rows})


def _sees(tree: RegionTree, region_code: str | None) -> bool:
    return tree.get(region_code) is not None if region_code else tree.is_whole_city


def _sees_alarm(scope: Scope, tree: RegionTree, row: dict[str, Any]) -> bool:
    return scope.sees_kind(row["kind"]) and _sees(tree, row["region"])


def _sees_sensor(fid: int, scope: Scope, tree: RegionTree, book: SensorBook) -> bool:
    index = book.by_fid.get(fid)
    if index is None:
        return False
    sensor = book.records[index]
    return scope.sees_kind(sensor.kind) and tree.get(sensor.region_code) is not None


def prune(store: Store, before: datetime) -> int:
    """Drop what was logged before a time; the newest entry stays, it holds the cursor.

    Returns
    -------
    int
        How many entries went.
    """
    changes = store.tables.changes
    last = select(func.max(changes.c.seq)).scalar_subquery()
    with store.write() as connection:
        gone = connection.execute(
            delete(changes).where(changes.c.at < before, changes.c.seq < last)
        )
        return gone.rowcount


class Publisher:
    """Wakes whoever waits for changes in this process, after every commit.

    Parameters
    ----------
    store : Store
        Whose commits; they may come from any thread.

    Examples
    --------
    ::

        with publisher.listen() as listener:
            while True:
                send(changes_after(store, scope, cursor))
                await listener.wait(timeout_s=5)
    """

    def __init__(self, store: Store) -> None:
        self._lock = Lock()
        self._listeners: set[Listener] = set()
        self._stop = store.after_commit(self.publish)

    def publish(self) -> None:
        """Wake every listener; safe from any thread."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.wake()

    def listen(self) -> Listener:
        """Return a listener of the running event loop, to be used as a context."""
        return Listener(self)

    def close(self) -> None:
        """Hear no more commits."""
        self._stop()

    def _add(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.add(listener)

    def _remove(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.discard(listener)


class Listener:
    """One waiting reader; made by :meth:`Publisher.listen`.

    A wake-up is a flag that stays up until the wait after it: what comes while the reader is
    busy ends its next wait at once, so none is lost and many become one.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._loop = asyncio.get_running_loop()
        self._flag = asyncio.Event()

    def __enter__(self) -> Listener:
        self._publisher._add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._publisher._remove(self)

    def wake(self) -> None:
        """Raise the flag, from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._flag.set)
        except RuntimeError:
            # The loop is closed: nobody waits there any more.
            self._publisher._remove(self)

    async def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for a commit since the last wait; false if none came in time.

        The flag is lowered before the caller reads, so a commit during that read raises it again.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._flag.wait()
        except TimeoutError:
            return False
        self._flag.clear()
        return True
