"""The rollup tables as cubes that follow them: read what changed, keep the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import Table, select

from geo_data.histories import Rows
from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.rollups.contributions import MEASURES
from geo_data.rollups.cubes import Cube, HourCube, HourPoints, Points
from geo_data.store import Store

OUTSIDE = ""
"""Code of the slot of what lies in no region."""

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
    """A rollup table in memory.

    Parameters
    ----------
    store : Store
    layer : str
        Whose version moves when the table changes.
    table : Table
    names : sequence of str
        Columns wanted, in the order in which ``take`` gets them.
    take : callable
        Takes the columns of the rows that changed. Called under the lock.
    """

    def __init__(
        self,
        store: Store,
        layer: str,
        table: Table,
        names: Sequence[str],
        take: Callable[[Fields], None],
    ) -> None:
        self._store = store
        self._layer = layer
        self._changed = table.c.changed_seq
        self._wanted = select(*(table.c[name] for name in names), self._changed)
        self._take = take
        self._lock = Lock()
        self._version = -1
        self._seq = -1

    @contextmanager
    def following(self) -> Iterator[None]:
        """Hold the lock with everything committed taken in."""
        version = self._store.version(self._layer)
        with self._lock:
            if version != self._version:
                with self._store.read() as connection:
                    newer = self._wanted.where(self._changed > self._seq)
                    rows = connection.execute(newer).all()
                if rows:
                    *fields, changed = zip(*rows, strict=True)
                    self._take(fields)
                    self._seq = max(changed)
                self._version = version
            yield


class RegionDays:
    """Measures by region and day; slots are the regions in drill order, then what is outside."""

    def __init__(self, store: Store) -> None:
        tree = region_tree(store, Scope.everything())
        self.slots = Numbers([*tree.subtree(tree.root.code), OUTSIDE])
        self.cube = Cube(len(self.slots), len(MEASURES))
        names = ("day", "region_code", *MEASURES)
        table = store.tables.rollup_region_day
        self._follower = Follower(store, "incidents", table, names, self._take)
        self.following = self._follower.following

    def _take(self, fields: Fields) -> None:
        day, region, *measures = fields
        known, n = len(self.slots), len(day)
        slot = self.slots.of(region)
        self.cube.add_slots(len(self.slots) - known)
        every = len(MEASURES)
        self.cube.put(
            Points(
                np.tile(slot, every),
                np.repeat(np.arange(every), n),
                np.tile(np.array(day, dtype=np.int64), every),
                np.array(measures, dtype=np.int64).ravel(),
            )
        )


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
        self._follower = Follower(store, "incidents", table, names, self._take)
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
        names = ("region_code", "metric", "hour", "n", "total", "low", "high")
        table = store.tables.rollup_metric_hour
        self._follower = Follower(store, "readings", table, names, self._take)
        self.following = self._follower.following

    def _take(self, fields: Fields) -> None:
        region, metric, hour, n, total, low, high = fields
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
