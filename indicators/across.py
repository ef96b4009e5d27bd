"""Many regions at one time: what the formulas are given for a ranking or a choropleth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np

from geo_data import queries, rollups
from geo_data.cubes import Hours
from geo_data.lately import lately
from geo_data.records import Scope
from geo_data.store import Store
from indicators import windows
from indicators.history import exact_keys, reduce_hours
from indicators.installed import Installed, kinds_of_metric
from indicators.spans import hours_of, part_of
from indicators.spec import (
    Array,
    Cases,
    CasesOf,
    Indicator,
    Need,
    Readings,
    Residents,
    Sensors,
    Standing,
)

DayCounts = Callable[[str, int, int], Mapping[str, int]]
"""Measure, first and last day -> counts by region code."""


class Across:
    """The needs of many regions over one window.

    Parameters
    ----------
    store, scope : Store, Scope
        Where from, and for whom.
    codes : sequence of str
        Visible regions, in the order of the arrays.
    day_counts : callable
        Counts them by day, all at once.
    key : str
        The window.
    at : datetime
        The present moment, aware.
    """

    def __init__(
        self,
        store: Store,
        scope: Scope,
        codes: Sequence[str],
        day_counts: DayCounts,
        key: str,
        at: datetime,
    ) -> None:
        self._store, self._scope, self._at = store, scope, at
        self._codes = codes
        self._day_counts = day_counts
        self._lately = lately(store, scope)
        self._installed: Installed | None = None
        self._hours: dict[tuple[str, str], Hours] = {}
        zone = store.city.zone
        self._window = windows.window(key, at, zone)
        self._part = part_of(self._window, zone, self._lately.since, key in windows.HOURLY)

    def values(self, indicator: Indicator) -> Array:
        """Return an indicator for every region, shape (codes,); NaN where nobody knows."""
        return indicator.value(*(self._read(need) for need in indicator.needs))

    def _read(self, need: Need) -> Array:
        match need:
            case Cases():
                return self._cases(need)
            case CasesOf():
                return self._cases_of(need)
            case Standing():
                standing = self._lately.standing_each(need.what, self._codes, self._at)
                known = self._window.end >= self._lately.since
                return np.where(known, standing, np.nan)
            case Readings():
                return self._readings(need)
            case Sensors():
                return self._sensors(need)
            case Residents():
                return np.array([self._residents(code) for code in self._codes])

    def _cases(self, need: Cases) -> Array:
        part, counts = self._part, np.zeros(len(self._codes))
        if part.has_days:
            found = self._day_counts(need.measure, part.first_day, part.end_day - 1)
            counts += [found[code] for code in self._codes]
        if part.rest is not None:
            counts += self._lately.counts_each(need.measure, self._codes, part.rest)
        return counts if part.is_known else np.full_like(counts, np.nan)

    def _cases_of(self, need: CasesOf) -> Array:
        part, counts, keys = self._part, np.zeros(len(self._codes)), exact_keys(need)
        if part.has_days:
            counts += [self._days_of(code, need.dimension, keys) for code in self._codes]
        if part.rest is not None:
            counts += self._lately.counts_of_each(need.dimension, keys, self._codes, part.rest)
        return counts if part.is_known else np.full_like(counts, np.nan)

    def _days_of(self, code: str, dimension: str, keys: Sequence[str]) -> int:
        days = self._part.first_day, self._part.end_day - 1
        found = rollups.dimension(self._store, self._scope, code, dimension, *days)
        return sum(found.get(key, 0) for key in keys)

    def _sensors(self, need: Sensors) -> Array:
        if self._installed is None:
            self._installed = Installed(self._store, self._scope, self._at)
        return self._installed.count_each(self._codes, need)

    def _readings(self, need: Readings) -> Array:
        """Read the regions that have such sensors; elsewhere there is nothing to read."""
        found = np.full(len(self._codes), np.nan)
        equipped = self._sensors(Sensors(kinds_of_metric(need.metric), "installed")) > 0
        first, end = hours_of(self._window, self._at)
        for index in np.flatnonzero(equipped).tolist():
            hours = self._metric_hours(self._codes[index], need.metric)
            found[index] = reduce_hours(hours, need.part, first, end)
        return found

    def _metric_hours(self, code: str, metric: str) -> Hours:
        if (code, metric) not in self._hours:
            first, end = hours_of(self._window, self._at)
            where = self._store, self._scope, code
            self._hours[code, metric] = rollups.metric_hours(*where, metric, first, end - 1)
        return self._hours[code, metric]

    def _residents(self, code: str) -> float:
        region = queries.region_tree(self._store, self._scope).get(code)
        residents = region.population if region else None
        return np.nan if residents is None else float(residents)
