"""An indicator day by day, for a calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np

from geo_data import queries, rollups
from geo_data.records import Scope, Window
from geo_data.store import Store
from indicators import catalog
from indicators.engine import period_of
from indicators.history import History
from indicators.spec import Grain, Indicator, Readings, Residents
from indicators.windows import midnight, months_on

EPOCH = date(1970, 1, 1)
LONGEST = timedelta(10 * 366)
"""More days than this at once are no calendar any more."""
A_LONG_TIME = 20 * 366
"""Days in which the first case of a city is looked for."""


@dataclass(frozen=True, slots=True)
class DayValues:
    """Values of days that follow each other, from ``first`` on; ``None`` is not known."""

    first: date
    values: tuple[float | None, ...]

    def __iter__(self) -> Iterator[tuple[date, float | None]]:
        """Yield every day with its value."""
        for number, value in enumerate(self.values):
            yield self.first + timedelta(number), value


def has_days(indicator: Indicator) -> bool:
    """Whether an indicator has a value for a day: what is counted or read over a span."""
    return indicator.grain in (Grain.FLOW, Grain.READING)


def twelve_months(today: date) -> tuple[date, date]:
    """Return the first day of the last twelve months of the calendar, this one in them, and today.

    Examples
    --------
    >>> [day.isoformat() for day in twelve_months(date(2026, 11, 27))]
    ['2025-12-01', '2026-11-27']
    """
    return months_on(today.replace(day=1), -11), today


def day_values(
    store: Store,
    scope: Scope,
    region_code: str,
    indicator_key: str,
    days: tuple[date, date],
    at: datetime,
) -> DayValues:
    """Return an indicator for every local day from the first to the last, at most until today.

    Parameters
    ----------
    days : (date, date)
        Both in it.
    at : datetime
        The present moment, aware: today is as far as it has come.

    Returns
    -------
    DayValues
        Of a region that may not be seen no day. Days before the first case that the city knows
        of are not known: they had no cases that anybody told of.

    Raises
    ------
    KeyError
        There is no such indicator.
    """
    indicator, zone = catalog.of(store.city)[indicator_key], store.city.zone
    (first, last), today = days, at.astimezone(zone).date()
    last = min(last, today)
    if queries.region_tree(store, scope).get(region_code) is None or last < first:
        return DayValues(first, ())
    starts = [midnight(first + timedelta(n), zone) for n in range((last - first).days + 2)]
    # At midnight sharp nothing of today is known, and a span is not empty.
    edges = [*starts[:-1], min(starts[-1], max(at, starts[-2] + timedelta(milliseconds=1)))]
    spans = [Window(*pair) for pair in pairwise(edges)]
    # Any period by the day will do: the spans are what is asked for.
    history = History(store, scope, region_code, period_of(store, "7d", at), at, spans)
    values = history.values(indicator)
    if not all(isinstance(need, Readings | Residents) for need in indicator.needs):
        values[: max(_first_day(store, scope, last) - (first - EPOCH).days, 0)] = np.nan
    known = [None if value != value else float(value) for value in values.tolist()]
    return DayValues(first, tuple(known))


def _first_day(store: Store, scope: Scope, last: date) -> int:
    """Return the day of the first case that the viewer's city knows of, since 1970-01-01."""
    end = (last - EPOCH).days
    start = max(end - A_LONG_TIME, 0)
    root = queries.region_tree(store, scope).root.code
    counted = np.flatnonzero(rollups.series(store, scope, root, "reported", start, end))
    return start + int(counted[0]) if len(counted) else end + 1
