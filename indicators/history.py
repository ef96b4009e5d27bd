"""One region over time: what the formulas are given for a value, the one before and the line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

import numpy as np

from geo_data import queries, rollups
from geo_data.dictionaries import categories
from geo_data.queries.lately import lately
from geo_data.queries.open_cases import standing_then
from geo_data.queries.recurring import Recurring, recurring
from geo_data.records import Scope, Window
from geo_data.rollups.case_log import UNCLOSED
from geo_data.rollups.cubes import Hours
from geo_data.rollups.known_then import is_past
from geo_data.store import Store
from indicators import windows
from indicators.installed import Installed, kinds_of_metric
from indicators.periods import Period
from indicators.spans import Counts, Spans, hours_of, reduce_hours
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


class History:
    """The needs of one region over the spans of a window; each is read once.

    Parameters
    ----------
    store, scope : Store, Scope
        Where from, and for whom.
    region_code : str
        Visible.
    period : Period
        What is looked at.
    at : datetime
        The present moment, aware.
    spans : sequence of Window, optional
        The period, the one before it and its buckets unless said.
    """

    def __init__(
        self,
        store: Store,
        scope: Scope,
        region_code: str,
        period: Period,
        at: datetime,
        spans: Sequence[Window] | None = None,
    ) -> None:
        self._store, self._scope, self._region_code = store, scope, region_code
        self._at = at
        self._known_at = at if is_past(store, at) else None
        self._lately = lately(store, scope, self._known_at)
        self.sensors = Installed(store, scope, at)
        zone, since = store.city.zone, self._lately.since
        self.spans = (
            Spans.of_period(period, zone, since)
            if spans is None
            else Spans.of(spans, zone, since, period.by_hour)
        )
        self._now = period.window
        self._runs = [hours_of(span, at) for span in self.spans.windows]
        self._needs: dict[Need, Array] = {}
        self._dimensions: dict[str, dict[str, Counts]] = {}
        self._hours: dict[str, Hours] = {}

    def values(self, indicator: Indicator) -> Array:
        """Return an indicator over the spans: the window, the one before it, the buckets."""
        return indicator.value(*(self.need(need) for need in indicator.needs))

    def need(self, need: Need) -> Array:
        """Return one need over the spans, shape (spans,); NaN where nobody knows."""
        if need not in self._needs:
            self._needs[need] = self._read(need)
        return self._needs[need]

    def is_compared(self) -> bool:
        """Whether the store reaches back to the beginning of the window before this one.

        A first year compared with the two weeks before it would grow by thousands of per cent.
        The store reaches back if anything was reported in the whole of what the viewer sees in
        the first tenth of that window, or in as long a time before it.
        """
        first, last = windows.days(self.spans.windows[1], self._store.city.zone)
        tenth = max((last - first + 1) // 10, 1)
        root = queries.region_tree(self._store, self._scope).root.code
        days = (first - tenth, first + tenth)
        return bool(rollups.series(self._store, self._scope, root, "reported", *days).any())

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
                value = self.sensors.count(self._region_code, need)
                is_now = np.arange(len(self.spans)) == 0
                speaks_of_now = self.spans.windows[0] == self._now and self._now.end >= self._at
                return np.where(is_now & speaks_of_now, value, np.nan)
            case Answers():
                return self._answers(need)
            case Repeats():
                return self._repeats()
            case HotSpots():
                ends = [span.end for span in self.spans.windows]
                known = [end >= self._recurring.hot_since for end in ends]
                return np.where(known, self._recurring.hot(self._region_code, ends), np.nan)
            case Residents():
                region = queries.region_tree(self._store, self._scope).get(self._region_code)
                residents = region.population if region else None
                return np.full(len(self.spans), np.nan if residents is None else residents)

    def _cases(self, need: Cases) -> Array:
        if not is_known(self._store, need.measure):
            return np.full(len(self.spans), np.nan)
        first, end = self.spans.days
        where = self._store, self._scope, self._region_code
        none: Counts = np.zeros(0, dtype=np.int64)
        return self.spans.add_up(
            rollups.series(*where, need.measure, first, end - 1, self._known_at)
            if end > first
            else none,
            lambda rests: self._lately.counts(need.measure, self._region_code, rests),
        )

    def _answers(self, need: Answers) -> Array:
        weights = weights_of(self._store, need)
        return sum(
            (weight * self.need(Cases(measure)) for measure, weight in weights.items()),
            start=np.zeros(len(self.spans)),
        )

    def _cases_of(self, need: CasesOf) -> Array:
        keys = exact_keys(need)
        first, end = self.spans.days
        daily = np.zeros(end - first, dtype=np.int64)
        for key, counts in self._dimension(need.dimension).items():
            if key in keys:
                daily += counts
        return self.spans.add_up(
            daily,
            lambda rests: self._lately.counts_of(need.dimension, keys, self._region_code, rests),
        )

    def _dimension(self, name: str) -> dict[str, Counts]:
        first, end = self.spans.days
        if first == end:
            return {}
        if name not in self._dimensions:
            where = self._store, self._scope, self._region_code
            self._dimensions[name] = rollups.dimension_series(
                *where, name, first, end - 1, self._known_at
            )
        return self._dimensions[name]

    def _unclosed(self) -> Array:
        found = np.full(len(self.spans), np.nan)
        whole = [part.whole(self._store.city.zone) for part in self.spans.parts]
        some = [span for span in whole if span]
        known = [span is not None for span in whole]
        found[known] = self._lately.counts(UNCLOSED, self._region_code, some)
        return found

    @cached_property
    def _recurring(self) -> Recurring:
        return recurring(self._store, self._scope)

    def _repeats(self) -> Array:
        found = np.full(len(self.spans), np.nan)
        whole = [part.whole(self._store.city.zone) for part in self.spans.parts]
        some = [span for span in whole if span and span.start >= self._recurring.since]
        known = [span in some for span in whole]
        found[known] = self._recurring.repeats(
            self._region_code, [span for span in whole if span in some and span]
        )
        return found

    def _standing(self, need: Standing) -> Array:
        ends = [span.end for span in self.spans.windows]
        counts = self._lately.standing(need.what, self._region_code, ends)
        known = np.array([end >= self._lately.since for end in ends])
        if is_past(self._store, self._at):
            # As the list of that moment counts: without what was told of it later.
            where = self._store, self._scope
            then = np.array([end == self._at for end in ends])
            counts[then] = standing_then(*where, need.what, [self._region_code], self._at)[0]
            known |= then
        return np.where(known, counts, np.nan)

    def _readings(self, need: Readings) -> Array:
        installed = Sensors(kinds_of_metric(need.metric), "installed")
        if np.isnan(self.sensors.count(self._region_code, installed)):
            return np.full(len(self.spans), np.nan)
        return reduce_hours(self._metric_hours(need.metric), need.part, self._runs)

    def _metric_hours(self, metric: str) -> Hours:
        if metric not in self._hours:
            first, end = min(self._runs)[0], max(run[1] for run in self._runs)
            where = self._store, self._scope, self._region_code
            self._hours[metric] = rollups.metric_hours(*where, metric, first, end - 1)
        return self._hours[metric]


NOTED = frozenset({"signed_in_time", "contacted_in_time"})
"""Measures that stay at zero where no source tells of such a thing."""


def is_known(store: Store, measure: str) -> bool:
    """Whether the city's sources tell what a measure counts."""
    return measure not in NOTED or rollups.is_told(store, measure)


def weights_of(store: Store, need: Answers) -> dict[str, float]:
    """Return what each answer of a citizen counts, by its measure."""
    weights = store.city.satisfaction if need.part == "score" else (1.0,) * len(rollups.ANSWERS)
    return dict(zip(rollups.ANSWERS, weights, strict=True))


def exact_keys(need: CasesOf) -> tuple[str, ...]:
    """Return the keys of a dimension as rows store them: a major class is all its minors.

    Examples
    --------
    >>> exact_keys(CasesOf("category", ("02",)))
    ('0201', '0202', '0203')
    """
    if need.dimension != "category":
        return need.keys
    return tuple(code for code in categories() if code.startswith(need.keys))
