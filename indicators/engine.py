"""The values of the indicators: a board of one region, a ranking of children, a choropleth."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from geo_data import queries, rollups
from geo_data.records import FUNCTIONAL, Scope
from geo_data.store import Store
from indicators import catalog, frozen, threshold_book
from indicators.across import KEPT_LEVEL, Across
from indicators.comparison import change as change
from indicators.freshness import Freshness
from indicators.history import History
from indicators.periods import Period, period
from indicators.spec import (
    Answers,
    Array,
    Cases,
    CasesOf,
    Grain,
    HotSpots,
    Indicator,
    Readings,
    Repeats,
    Sensors,
    Standing,
    Unclosed,
)
from indicators.thresholds import Threshold, Thresholds

_OF_CASES = (Cases, CasesOf, Standing, Unclosed, Repeats, HotSpots, Answers)


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
    frozen_at : datetime or None
        When it was published (:mod:`indicators.frozen`): what was heard later is not in it.
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
    frozen_at: datetime | None = None


def board(
    store: Store,
    scope: Scope,
    region_code: str,
    window_key: str,
    at: datetime,
    limits: Thresholds | None = None,
    keys: Collection[str] | None = None,
) -> list[IndicatorValue]:
    """Return every indicator of a region, in the order of the catalogue.

    Parameters
    ----------
    store, scope : Store, Scope
        Where from, and for whom.
    region_code : str
        Of any level, or a functional area.
    window_key : str
        One of :data:`indicators.periods.KEYS`, or two days.
    at : datetime
        The present moment, aware.
    limits : Thresholds, optional
        Those in force as known at ``at`` unless given.
    keys : collection of str, optional
        Only these.

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
    span = period_of(store, window_key, at)
    history = History(store, scope, region_code, span, at)
    judged = limits or threshold_book.in_force(store, at)
    today = at.astimezone(store.city.zone).date()
    freshness = Freshness(store, history, region_code, at)
    is_compared = history.is_compared()
    values = [
        _valued(
            indicator,
            _told(store, indicator, history.values(indicator)),
            judged.at(indicator.key, today),
            is_compared,
            freshness.of(indicator),
        )
        for key, indicator in catalog.of(store.city).items()
        if keys is None or key in keys
    ]
    return frozen.board(store, scope, region_code, span, at, values)


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
    indicator = catalog.of(store.city)[indicator_key]
    tree = queries.region_tree(store, scope)
    codes = [child.code for child in tree.children(region_code)] if tree.get(region_code) else []
    if not codes:
        return {}

    def day_counts(measure: str, first_day: int, last_day: int) -> Mapping[str, int]:
        where = store, scope, region_code
        found = rollups.by_child(*where, measure, first_day, last_day, at)
        return found | {region_code: sum(found.values())}

    asked = [*codes, region_code] if indicator.additive else codes
    span = period_of(store, window_key, at)
    values = frozen.each(store, scope, asked, indicator, span.window, at)
    if values is None:
        across = Across(store, scope, asked, day_counts, span, at)
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
    indicator = catalog.of(store.city)[indicator_key]
    codes = queries.region_tree(store, scope).codes_at(level)

    def day_counts(measure: str, first_day: int, last_day: int) -> Mapping[str, int]:
        return rollups.by_level(store, scope, level, measure, first_day, last_day, at)

    span = period_of(store, window_key, at)
    kept = frozen.each(store, scope, codes, indicator, span.window, at)
    if kept is not None:
        return dict(zip(codes, map(_known, kept.tolist()), strict=True))
    if not indicator.mappable and not _is_kept_at(store, level):
        return dict.fromkeys(codes)
    across = Across(store, scope, codes, day_counts, span, at)
    values = _told(store, indicator, across.values(indicator))
    return dict(zip(codes, map(_known, values.tolist()), strict=True))


def period_of(store: Store, key: str, at: datetime) -> Period:
    """Return the period called ``key`` on the calendar of the city.

    Raises
    ------
    KeyError
        There is no such period, or it has not begun yet.
    """
    return period(key, at, store.city.zone, store.city.assessment_month)


def year_before(
    store: Store,
    scope: Scope,
    region_code: str,
    window_key: str,
    at: datetime,
    keys: Collection[str] | None = None,
) -> dict[str, float | None]:
    """Return every indicator of a region over the same period of the year before (同比).

    Returns
    -------
    dict of str to float or None
        By key; ``None`` for what is only known of the present, and all of them where the store
        does not reach back so far. Empty for a region that may not be seen.

    Raises
    ------
    KeyError
        There is no such period.
    """
    if queries.region_tree(store, scope).get(region_code) is None:
        return {}
    span = period_of(store, window_key, at)
    asked = (span.year_before, span.year_before)
    history = History(store, scope, region_code, span, at, asked)
    reaches = history.is_compared()
    values = {
        key: _known(_told(store, one, history.values(one)).tolist()[0]) if reaches else None
        for key, one in catalog.of(store.city).items()
        if keys is None or key in keys
    }
    return frozen.year_before(store, scope, region_code, span, at, values)


def layers_behind(indicator: Indicator) -> tuple[str, ...]:
    """Return the layers of the store whose change may change an indicator, regions aside."""
    found = set()
    for need in indicator.needs:
        if isinstance(need, _OF_CASES):
            found.add("incidents")
        elif isinstance(need, Readings | Sensors):
            found.update(("sensors", "readings"))
    return tuple(sorted(found))


def _told(store: Store, indicator: Indicator, values: Array) -> Array:
    """Return the values; missing ones for counts of cases in a city that nobody told of any."""
    counts_cases = any(isinstance(need, _OF_CASES) for need in indicator.needs)
    if counts_cases and "incidents" not in store.layers():
        return np.full_like(values, np.nan)
    return values


def _is_kept_at(store: Store, level: str) -> bool:
    return level == FUNCTIONAL or level in store.city.level_keys[: KEPT_LEVEL + 1]


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


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
