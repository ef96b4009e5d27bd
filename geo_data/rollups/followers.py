"""The rollup tables as cubes that follow them: read what changed, keep the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, select

from geo_data.histories import Rows
from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.rollups.changed import changed_after, last_change, told_from
from geo_data.rollups.contributions import MEASURES
from geo_data.rollups.cubes import Cube, HourCube, HourPoints, Points
from geo_data.store import Store

OUTSIDE = ""
"""Code of the slot of what lies in no region."""

ROWS = 200_000
"""Rows that are taken in at a time."""
DAYS_AT_ONCE = 64
HOURS_AT_ONCE = 64 * 24

Fields = Sequence[Sequence[Any]]
"""The columns of the rows that changed, each a sequence."""


class Numbers:
    """Gives numbers to keys as they come: the first is 0."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._numbers = {key: number for number, key in enumerate(keys)}

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def of(self, keys: Sequence[str]) -> Rows:
        """Number of each key, shape (n,); a key not met before gets the next one."""
        numbers = self._numbers
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)

    def find(self, key: str) -> int | None:
        """Number of a key, ``None`` if it was never met."""
        return self._numbers.get(key)


class Follower:
    """A rollup table in memory, as far back as anybody asked.

    Years of counts take long to read, and a screen shows hours: what is older than was ever
    asked about is not read. What was read follows the table.

    Parameters
    ----------
    store : Store
    layer : str
        Whose version moves when the table changes.
    table : Table
    names : sequence of str
        Columns wanted, in the order in which ``take`` gets them; the first is the time.
    block : int
        So much of the time is read at once.
    take : callable
        Takes the columns of rows that changed, ordered by time. Called under the lock.
    """

    def __init__(
        self,
        store: Store,
        layer: str,
        table: Table,
        names: Sequence[str],
        block: int,
        take: Callable[[Fields], None],
    ) -> None:
        self._store = store
        self._layer = layer
        self._time = table.c[names[0]]
        self._table = table
        self._wanted = select(*(table.c[name] for name in names), table.c.changed_seq)
        self._block = block
        self._take = take
        self._lock = Lock()
        self._version = -1
        self._seq: int | None = None
        self._since: int | None = None
        self._older: dict[str, bool] = {}

    @contextmanager
    def following(self, first: int | None = None) -> Iterator[None]:
        """Hold the lock with everything committed of the times from ``first`` on taken in."""
        version = self._store.version(self._layer)
        with self._lock:
            lacks = first is not None and (self._since is None or first < self._since)
            if version != self._version or lacks:
                with self._store.read() as connection:
                    self._follow(connection)
                    if first is not None:
                        self._reach_back(connection, first)
                self._version = version
            yield

    def older_any(self, name: str) -> bool:
        """Whether a column is anything but zero in what was not taken in; under the lock."""
        if name not in self._older:
            column = self._time.table.c[name]
            any_row = select(self._time).where(column != 0).limit(1)
            if self._since is not None:
                any_row = any_row.where(self._time < self._since)
            with self._store.read() as connection:
                self._older[name] = connection.execute(any_row).first() is not None
        return self._older[name]

    def _follow(self, connection: Connection) -> None:
        """Take in what changed since the last time."""
        tables = self._store.tables
        if self._seq is None or self._seq < told_from(connection, tables):
            self._seq = last_change(connection, tables, self._table)
            self._read_anew(connection)
            return
        newer = self._wanted.where(changed_after(self._table, self._seq))
        # Put in order here: a store writes whole rows down to order them.
        rows = sorted(connection.execute(newer), key=itemgetter(0))
        if rows:
            self._seq = max(row[-1] for row in rows)
            known = [row for row in rows if self._since is not None and row[0] >= self._since]
            if len(known) < len(rows):
                self._older.clear()
            self._hand_over(known)

    def _read_anew(self, connection: Connection) -> None:
        """Read once more what was read: no row goes, so each takes the place of what it was."""
        since, self._since = self._since, None
        self._older.clear()
        if since is not None:
            self._reach_back(connection, since)

    def _reach_back(self, connection: Connection, first: int) -> None:
        """Take in the times from ``first`` on that were not asked about before."""
        if self._since is not None and first >= self._since:
            return
        since = first // self._block * self._block
        older = self._wanted.where(self._time >= since).order_by(self._time)
        if self._since is not None:
            older = older.where(self._time < self._since)
        for rows in connection.execute(older).partitions(ROWS):
            self._hand_over(rows)
        self._since = since

    def _hand_over(self, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            *fields, _ = zip(*rows, strict=True)
            self._take(fields)


class RegionDays:
    """Measures by region and day; slots are the regions in drill order, then what is outside."""

    def __init__(self, store: Store) -> None:
        tree = region_tree(store, Scope.everything())
        self.slots = Numbers([*tree.subtree(tree.root.code), OUTSIDE])
        self.cube = Cube(len(self.slots), len(MEASURES))
        names = ("day", "region_code", *MEASURES)
        table = store.tables.rollup_region_day
        self._follower = Follower(store, "incidents", table, names, DAYS_AT_ONCE, self._take)
        self.following = self._follower.following

    def has_any(self, measure: str) -> bool:
        """Whether anything was ever counted in a measure; under the lock."""
        counted = self.cube.has_any(MEASURES.index(measure))
        return counted or self._follower.older_any(measure)

    def _take(self, fields: Fields) -> None:
        day, region, *measures = fields
        known = len(self.slots)
        slot = self.slots.of(region)
        self.cube.add_slots(len(self.slots) - known)
        days = np.array(day, dtype=np.int64)
        self.cube.put_rows(slot, days, np.array(measures, dtype=np.int64))


class DimensionDays:
    """Cases by dimension key, region of the level below the root, and day.

    Columns are ``dimension`` and ``key`` joined by a space, in the order in which they came.
    """

    def __init__(self, store: Store) -> None:
        self.slots = Numbers(_branches(store))
        self.columns = Numbers(())
        self.cube = Cube(len(self.slots), 0)
        names = ("day", "region_code", "dimension", "key", "n")
        table = store.tables.rollup_dimension_day
        self._follower = Follower(store, "incidents", table, names, DAYS_AT_ONCE, self._take)
        self.following = self._follower.following

    def _take(self, fields: Fields) -> None:
        day, region, dimension, key, n = fields
        slots, columns = len(self.slots), len(self.columns)
        slot = self.slots.of(region)
        column = self.columns.of([f"{a} {b}" for a, b in zip(dimension, key, strict=True)])
        self.cube.add_slots(len(self.slots) - slots)
        self.cube.add_columns(len(self.columns) - columns)
        days, values = np.array(day, dtype=np.int64), np.array(n, dtype=np.int64)
        self.cube.put(Points(slot, column, days, values))


class MetricHours:
    """Metrics by region of the level below the root and UTC hour."""

    def __init__(self, store: Store) -> None:
        self.slots = Numbers(_branches(store))
        self.metrics = Numbers(())
        self.cube = HourCube(len(self.slots), 0)
        names = ("hour", "region_code", "metric", "n", "total", "low", "high")
        table = store.tables.rollup_metric_hour
        self._follower = Follower(store, "readings", table, names, HOURS_AT_ONCE, self._take)
        self.following = self._follower.following

    def _take(self, fields: Fields) -> None:
        hour, region, metric, n, total, low, high = fields
        slot, column = self.slots.of(region), self.metrics.of(metric)
        self.cube.grow(len(self.slots), len(self.metrics))
        hours, counts = np.array(hour, dtype=np.int64), np.array(n, dtype=np.int64)
        stats = (np.array(values, dtype=np.float64) for values in (total, low, high))
        self.cube.put(HourPoints(slot, column, hours, counts, *stats))


def _branches(store: Store) -> list[str]:
    tree = region_tree(store, Scope.everything())
    root = tree.root.code
    return [*(child.code for child in tree.children(root)), root, OUTSIDE]


def region_days(store: Store) -> RegionDays:
    """Return the daily measures of a store, in memory."""
    return store.cached("region-days", store.stamp("regions"), lambda: RegionDays(store))


def dimension_days(store: Store) -> DimensionDays:
    """Return the daily dimensions of a store, in memory."""
    return store.cached("dimension-days", store.stamp("regions"), lambda: DimensionDays(store))


def metric_hours(store: Store) -> MetricHours:
    """Return the hourly metrics of a store, in memory."""
    return store.cached("metric-hours", store.stamp("regions"), lambda: MetricHours(store))
