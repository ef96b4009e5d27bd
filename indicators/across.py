"""Many regions at one time: what the formulas are given for a ranking or a choropleth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from geo_data import queries, rollups
from geo_data.queries.lately import lately
from geo_data.queries.open_cases import standing_then
from geo_data.queries.recurring import recurring
from geo_data.queries.rows_below import cases_each, readings_each
from geo_data.records import Scope, Window
from geo_data.rollups.case_log import UNCLOSED, Trait
from geo_data.rollups.cubes import Hours
from geo_data.rollups.known_then import is_past
from geo_data.store import Store
from indicators.history import exact_keys, is_known, weights_of
from indicators.installed import Installed, kinds_of_metric
from indicators.periods import Period
from indicators.spans import hours_of, part_of, reduce_hours
from indicators.spec import (
    Answers,
    Array,
    Cases,
    CasesOf,
    HotSpots,
    Indicator,
    Need,
    Readings,
    Repeats,
    Residents,
    Sensors,
    Standing,
    Unclosed,
)

KEPT_LEVEL = 1
"""Index of the level whose regions dimensions and readings are rolled up for; -1 is functional."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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
    period : Period
        What is looked at.
    at : datetime
        The present moment, aware.
    """

    def __init__(
        self,
        store: Store,
        scope: Scope,
        codes: Sequence[str],
        day_counts: DayCounts,
        period: Period,
        at: datetime,
    ) -> None:
        self._store, self._scope, self._at = store, scope, at
        self._codes = codes
        self._day_counts = day_counts
        self._known_at = at if is_past(store, at) else None
        self._lately = lately(store, scope, self._known_at)
        tree = queries.region_tree(store, scope)
        self._kept = tree.levels_of(codes) <= KEPT_LEVEL
        self._rows: dict[str, Hours] = {}
        self._installed: Installed | None = None
        self._hours: dict[tuple[str, str], Hours] = {}
        zone = store.city.zone
        self._window = period.window
        self._part = part_of(self._window, zone, self._lately.since, period.by_hour)

    def values(self, indicator: Indicator) -> Array:
        """Return an indicator for every region, shape (codes,); NaN where nobody knows."""
        return indicator.value(*(self._read(need) for need in indicator.needs))

    def _read(self, need: Need) -> Array:
        match need:
            case Cases():
                return self._cases(need)
            case CasesOf():
                return self._cases_of(need)
            case Unclosed():
                return self._unclosed()
            case Standing():
                return self._standing(need)
            case Readings():
                return self._readings(need)
            case Sensors():
                # Nobody keeps what the states were before.
                is_now = self._window.end >= self._at
                return self._sensors(need) if is_now else np.full(len(self._codes), np.nan)
            case Answers():
                return self._answers(need)
            case Repeats():
                return self._repeats()
            case HotSpots():
                return self._hot_spots()
            case Residents():
                return self._residents()

    def _cases(self, need: Cases) -> Array:
        part, counts = self._part, np.zeros(len(self._codes))
        if not is_known(self._store, need.measure):
            return np.full_like(counts, np.nan)
        if part.has_days:
            found = self._day_counts(need.measure, part.first_day, part.end_day - 1)
            counts += [found[code] for code in self._codes]
        if part.rest is not None:
            counts += self._lately.counts_each(need.measure, self._codes, part.rest)
        return counts if part.is_known else np.full_like(counts, np.nan)

    def _answers(self, need: Answers) -> Array:
        weights = weights_of(self._store, need)
        return sum(
            (weight * self._cases(Cases(measure)) for measure, weight in weights.items()),
            start=np.zeros(len(self._codes)),
        )

    def _standing(self, need: Standing) -> Array:
        end = min(self._window.end, self._at)
        if end == self._at and is_past(self._store, self._at):
            where = self._store, self._scope
            return standing_then(*where, need.what, self._codes, self._at).astype(np.float64)
        standing = self._lately.standing_each(need.what, self._codes, end)
        return np.where(end >= self._lately.since, standing, np.nan)

    def _cases_of(self, need: CasesOf) -> Array:
        part, counts, keys = self._part, np.zeros(len(self._codes)), exact_keys(need)
        if part.has_days:
            counts += self._days_of(need.dimension, keys)
        if part.rest is not None:
            counts += self._lately.counts_of_each(need.dimension, keys, self._codes, part.rest)
        return counts if part.is_known else np.full_like(counts, np.nan)

    def _days_of(self, dimension: Trait, keys: Sequence[str]) -> Array:
        counts, (first, end, *_) = np.zeros(len(self._codes)), self._part
        for index in np.flatnonzero(self._kept).tolist():
            where = self._store, self._scope, self._codes[index]
            found = rollups.dimension(*where, dimension, first, end - 1, self._known_at)
            counts[index] = sum(found.get(key, 0) for key in keys)
        zone = self._store.city.zone
        span = Window(rollups.day_start(first, zone), rollups.day_start(end, zone))
        below = [code for code, kept in zip(self._codes, self._kept, strict=True) if not kept]
        if below:
            where_below = self._store, self._scope, below, dimension, keys, span
            known_at = self._known_at if rollups.can_tell(self._store, self._at) else None
            counts[~self._kept] = cases_each(*where_below, known_at)
        return counts

    def _unclosed(self) -> Array:
        span = self._part.whole(self._store.city.zone)
        if span is None:
            return np.full(len(self._codes), np.nan)
        return self._lately.counts_each(UNCLOSED, self._codes, span).astype(np.float64)

    def _repeats(self) -> Array:
        found = recurring(self._store, self._scope)
        span = self._part.whole(self._store.city.zone)
        if span is None or span.start < found.since:
            return np.full(len(self._codes), np.nan)
        return found.repeats_each(self._codes, span).astype(np.float64)

    def _hot_spots(self) -> Array:
        found = recurring(self._store, self._scope)
        if self._window.end < found.hot_since:
            return np.full(len(self._codes), np.nan)
        return found.hot_each(self._codes, self._window.end).astype(np.float64)

    def _sensors(self, need: Sensors) -> Array:
        if self._installed is None:
            self._installed = Installed(self._store, self._scope, self._at)
        return self._installed.count_each(self._codes, need)

    def _readings(self, need: Readings) -> Array:
        """Read the regions that have such sensors; elsewhere there is nothing to read."""
        found = np.full(len(self._codes), np.nan)
        equipped = self._sensors(Sensors(kinds_of_metric(need.metric), "installed")) > 0
        run = hours_of(self._window, self._at)
        for index in np.flatnonzero(equipped & self._kept).tolist():
            hours = self._metric_hours(self._codes[index], need.metric)
            (found[index],) = reduce_hours(hours, need.part, [run])
        below = np.flatnonzero(equipped & ~self._kept)
        if len(below):
            codes = tuple(self._codes[index] for index in below.tolist())
            readings = self._rows_of(codes, need.metric)
            found[below] = reduce_hours(
                readings, need.part, [(at, at + 1) for at in readings.hours]
            )
        return found

    def _metric_hours(self, code: str, metric: str) -> Hours:
        if (code, metric) not in self._hours:
            first, end = hours_of(self._window, self._at)
            where = self._store, self._scope, code
            self._hours[code, metric] = rollups.metric_hours(*where, metric, first, end - 1)
        return self._hours[code, metric]

    def _rows_of(self, codes: Sequence[str], metric: str) -> Hours:
        if metric not in self._rows:
            first, end = (EPOCH + timedelta(hours=h) for h in hours_of(self._window, self._at))
            where = self._store, self._scope, codes
            self._rows[metric] = readings_each(*where, metric, first, end)
        return self._rows[metric]

    def _residents(self) -> Array:
        tree = queries.region_tree(self._store, self._scope)
        regions = [tree.get(code) for code in self._codes]
        residents = [region.population if region else None for region in regions]
        return np.array(residents, dtype=np.float64)
