"""The values of the indicators: a board of one region, a ranking of children, a choropleth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import numpy as np

from geo_data import queries, rollups
from geo_data.queries.freshness import INCIDENT_PERIOD_S
from geo_data.records import FUNCTIONAL, Scope
from geo_data.store import Store
from indicators import thresholds
from indicators.across import KEPT_LEVEL, Across
from indicators.catalog import indicators
from indicators.history import History
from indicators.installed import kinds_of_metric, shortest_period_s
from indicators.spec import (
    Array,
    Cases,
    CasesOf,
    Grain,
    Indicator,
    Readings,
    Sensors,
    Standing,
    Unclosed,
)
from indicators.thresholds import Threshold, Thresholds

LATE_PERIODS = 1.5
"""Data older than so many periods is late."""


@dataclass(frozen=True, slots=True)
class IndicatorValue:
    """One indicator of one region, as a board shows it.

    Parameters
    ----------
    key, unit : str
        Of the indicator.
    value : float or None
        ``None`` where nobody knows: shown as a dash, never as zero.
    status : str
        ``normal``, ``blue``, ``yellow``, ``orange``, ``red``; ``none`` without value or threshold.
    previous : float or None
        Of the period before, as far along.
    change : float or None
        ``value / previous - 1``; ``None`` where the base is zero or missing.
    spark : tuple of float or None
        The window in at most 25 buckets, oldest first; empty for what is only known now.
    data_at : datetime or None
        When the newest datum behind it was observed or reported, never after the present.
    late : bool
        Whether that is longer ago than 1.5 periods.
    threshold : Threshold or None
        The row that judged it.
    """

    key: str
    value: float | None
    unit: str
    status: str
    previous: float | None
    change: float | None
    spark: tuple[float | None, ...]
    data_at: datetime | None
    late: bool
    threshold: Threshold | None = None


def board(
    store: Store,
    scope: Scope,
    region_code: str,
    window_key: str,
    at: datetime,
    limits: Thresholds | None = None,
) -> list[IndicatorValue]:
    """Return every indicator of a region, in the order of the catalogue.

    Parameters
    ----------
    store, scope : Store, Scope
        Where from, and for whom.
    region_code : str
        Of any level, or a functional area.
    window_key : str
        One of :data:`indicators.windows.KEYS`.
    at : datetime
        The present moment, aware.
    limits : Thresholds, optional
        The shipped ones unless given.

    Returns
    -------
    list of IndicatorValue
        Empty for a region that may not be seen.

    Raises
    ------
    KeyError
        There is no such window.
    """
    if queries.region_tree(store, scope).get(region_code) is None:
        return []
    history = History(store, scope, region_code, window_key, at)
    judged = limits or thresholds.shipped()
    today = at.astimezone(store.city.zone).date()
    freshness = _Freshness(store, history, region_code, at)
    is_compared = history.is_compared()
    return [
        _valued(
            indicator,
            _told(store, indicator, history.values(indicator)),
            judged.at(indicator.key, today),
            is_compared,
            freshness.of(indicator),
        )
        for indicator in indicators().values()
    ]


def children(
    store: Store,
    scope: Scope,
    region_code: str,
    indicator_key: str,
    window_key: str,
    at: datetime,
) -> dict[str, float | None]:
    """Return one indicator for each child of a region.

    Parameters
    ----------
    indicator_key : str
        The rest as :func:`board`.

    Returns
    -------
    dict of str to float or None
        By code. Of an indicator that adds up there is also the residue under ``""``: what belongs
        to the region but to none of its children, so that all add up to the region's own value.
        Empty below the finest level, for functional areas and regions that may not be seen.

    Raises
    ------
    KeyError
        There is no such indicator or window.
    """
    indicator = indicators()[indicator_key]
    tree = queries.region_tree(store, scope)
    codes = [child.code for child in tree.children(region_code)] if tree.get(region_code) else []
    if not codes:
        return {}

    def day_counts(measure: str, first_day: int, last_day: int) -> Mapping[str, int]:
        found = rollups.by_child(store, scope, region_code, measure, first_day, last_day)
        return found | {region_code: sum(found.values())}

    asked = [*codes, region_code] if indicator.additive else codes
    across = Across(store, scope, asked, day_counts, window_key, at)
    values = _told(store, indicator, across.values(indicator))
    found = dict(zip(codes, map(_known, values.tolist()), strict=False))
    if indicator.additive:
        residue = float(np.nan_to_num(values[-1]) - np.nansum(values[:-1]))
        found[rollups.RESIDUE] = None if np.isnan(values).all() else residue
    return found


def by_level(
    store: Store,
    scope: Scope,
    level: str,
    indicator_key: str,
    window_key: str,
    at: datetime,
) -> dict[str, float | None]:
    """Return one indicator for every visible region of a level, in one pass.

    Parameters
    ----------
    level : str
        A level of the city or ``"functional"``. The rest as :func:`children`.

    Returns
    -------
    dict of str to float or None
        By code. All ``None`` for an indicator that is not mappable, below the level under the
        root: its facts are kept by the regions of that level only.

    Raises
    ------
    KeyError
        There is no such indicator or window.
    """
    indicator = indicators()[indicator_key]
    codes = queries.region_tree(store, scope).codes_at(level)

    def day_counts(measure: str, first_day: int, last_day: int) -> Mapping[str, int]:
        return rollups.by_level(store, scope, level, measure, first_day, last_day)

    if not indicator.mappable and not _is_kept_at(store, level):
        return dict.fromkeys(codes)
    across = Across(store, scope, codes, day_counts, window_key, at)
    values = _told(store, indicator, across.values(indicator))
    return dict(zip(codes, map(_known, values.tolist()), strict=True))


def layers_behind(indicator: Indicator) -> tuple[str, ...]:
    """Return the layers of the store whose change may change an indicator, regions aside."""
    found = set()
    for need in indicator.needs:
        if isinstance(need, Cases | CasesOf | Standing | Unclosed):
            found.add("incidents")
        elif isinstance(need, Readings | Sensors):
            found.update(("sensors", "readings"))
    return tuple(sorted(found))


def _told(store: Store, indicator: Indicator, values: Array) -> Array:
    """Return the values; missing ones for counts of cases in a city that nobody told of any."""
    counts_cases = any(isinstance(need, Cases | CasesOf | Standing) for need in indicator.needs)
    if counts_cases and "incidents" not in store.layers():
        return np.full_like(values, np.nan)
    return values


def _is_kept_at(store: Store, level: str) -> bool:
    return level == FUNCTIONAL or level in store.city.level_keys[: KEPT_LEVEL + 1]


class _Freshness:
    """When the newest datum behind each indicator of a region is from, and whether that is late."""

    def __init__(self, store: Store, history: History, region_code: str, at: datetime) -> None:
        layer = store.layers().get("incidents")
        heard_at = layer.data_at if layer else None
        self._cases_at = min(heard_at, at) if heard_at else None
        self._sensors = history.sensors
        self._region_code = region_code
        self._at = at

    def of(self, indicator: Indicator) -> tuple[datetime | None, bool]:
        """Return the time of the newest datum, and whether it is late."""
        kinds = _kinds(indicator)
        if kinds:
            newest = self._sensors.newest(self._region_code, kinds)
            period_s = shortest_period_s(kinds)
        else:
            newest, period_s = self._cases_at, INCIDENT_PERIOD_S
        late_after = timedelta(seconds=LATE_PERIODS * period_s)
        return newest, newest is not None and self._at - newest > late_after


@cache
def _kinds(indicator: Indicator) -> tuple[str, ...]:
    """Sensor kinds an indicator rests on; none for the cases'."""
    kinds: list[str] = []
    for need in indicator.needs:
        if isinstance(need, Sensors):
            kinds += need.kinds
        elif isinstance(need, Readings):
            kinds += kinds_of_metric(need.metric)
    return tuple(dict.fromkeys(kinds))


def _valued(
    indicator: Indicator,
    values: Array,
    threshold: Threshold | None,
    is_compared: bool,
    freshness: tuple[datetime | None, bool],
) -> IndicatorValue:
    value, previous, *buckets = (_known(each) for each in values.tolist())
    if indicator.grain is Grain.FLOW and not is_compared:
        previous = None
    data_at, late = freshness
    return IndicatorValue(
        key=indicator.key,
        value=value,
        unit=indicator.unit,
        status=threshold.status(value) if threshold and value is not None else "none",
        previous=previous,
        change=change(value, previous),
        spark=tuple(buckets) if any(each is not None for each in buckets) else (),
        data_at=data_at,
        late=late,
        threshold=threshold,
    )


def change(value: float | None, previous: float | None) -> float | None:
    """Return the relative change; ``None`` where the base is zero or missing.

    Examples
    --------
    >>> change(12.0, 10.0), change(12.0, 0.0), change(None, 3.0)
    (0.2, None, None)
    """
    if value is None or not previous:
        return None
    return round((value - previous) / abs(previous), 9)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
