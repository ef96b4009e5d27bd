"""Spans of time taken apart into what the daily counts answer and what needs instants."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from geo_data.records import Window
from geo_data.rollups import day_number, day_start
from geo_data.rollups.cubes import Hours
from indicators.periods import Period
from indicators.spec import Array

Counts = npt.NDArray[np.int64]
HALF_DAY = timedelta(hours=12)
HOUR_S = 3600


class Part(NamedTuple):
    """A span as whole local days ``[first_day, end_day)`` and the rest beside them.

    ``is_known`` is false where nobody can tell any more: hours of long ago.
    """

    first_day: int
    end_day: int
    rest: Window | None
    is_known: bool = True

    @property
    def has_days(self) -> bool:
        """Whether any whole day is in it."""
        return self.end_day > self.first_day

    def whole(self, zone: ZoneInfo) -> Window | None:
        """Return the days and the rest as one span; ``None`` if there is neither."""
        if not self.has_days:
            return self.rest
        end = self.rest.end if self.rest else day_start(self.end_day, zone)
        return Window(day_start(self.first_day, zone), end)


def part_of(span: Window, zone: ZoneInfo, since: datetime, by_hour: bool) -> Part:
    """Take one span apart.

    From ``since`` on instants are known. Before that a span by the hour is not known, and one by
    the day begins and ends at the midnight nearest to where it should: a month against the month
    before is then out by half a day at most.

    Parameters
    ----------
    span : Window
        What is asked about.
    zone : ZoneInfo
        Whose days.
    since : datetime
        From here on instants are known.
    by_hour : bool
        Whether the span means hours, not days.

    Examples
    --------
    >>> from datetime import UTC
    >>> utc, noon = ZoneInfo("UTC"), datetime(1970, 1, 9, 12, tzinfo=UTC)
    >>> week = Window(noon - timedelta(days=7, hours=12), noon)
    >>> part = part_of(week, utc, since=noon - timedelta(days=2), by_hour=False)
    >>> part.first_day, part.end_day, part.rest.start.isoformat()
    (1, 8, '1970-01-09T00:00:00+00:00')
    """
    if span.start >= since:
        return Part(0, 0, span)
    if by_hour:
        return Part(0, 0, None, is_known=False)
    first = day_number(span.start + HALF_DAY, zone)
    end = day_number(span.end, zone)
    midnight = day_start(end, zone)
    if midnight < since:
        return Part(first, day_number(span.end + HALF_DAY, zone), None)
    return Part(first, end, Window(midnight, span.end) if midnight < span.end else None)


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of one board.

    Parameters
    ----------
    windows : tuple of Window
        In any order, overlapping or not.
    parts : tuple of Part
        What they are made of.
    """

    windows: tuple[Window, ...]
    parts: tuple[Part, ...]
    rests: tuple[Window, ...] = field(init=False)
    """What is left of the parts beside their whole days."""

    def __post_init__(self) -> None:
        rests = tuple(part.rest for part in self.parts if part.rest is not None)
        object.__setattr__(self, "rests", rests)

    @classmethod
    def of(
        cls, spans: Sequence[Window], zone: ZoneInfo, since: datetime, by_hour: bool = False
    ) -> Spans:
        """Take spans apart; the arguments are those of :func:`part_of`."""
        return cls(tuple(spans), tuple(part_of(span, zone, since, by_hour) for span in spans))

    @classmethod
    def of_period(cls, period: Period, zone: ZoneInfo, since: datetime) -> Spans:
        """Return the period, the one before it, then the buckets it is cut into."""
        spans = (period.window, period.before, *period.buckets)
        return cls.of(spans, zone, since, period.by_hour)

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def days(self) -> tuple[int, int]:
        """Local days ``[first, end)`` of all whole days there are; ``(0, 0)`` without any."""
        days = [part for part in self.parts if part.has_days]
        first = min((part.first_day for part in days), default=0)
        return first, max((part.end_day for part in days), default=0)

    def add_up(self, daily: Counts, count: Callable[[Sequence[Window]], Counts]) -> Array:
        """Count over every span.

        Parameters
        ----------
        daily : int64, shape (days,)
            Counts of :attr:`days`.
        count : callable
            Counts over the rests, one number for each.

        Returns
        -------
        float64, shape (spans,)
            NaN where nobody can tell.
        """
        running = np.concatenate([[0], np.cumsum(daily)])
        first, _ = self.days
        sums = np.array(
            [
                running[part.end_day - first] - running[part.first_day - first]
                if part.has_days
                else 0.0
                for part in self.parts
            ],
            dtype=np.float64,
        )
        if self.rests:
            sums[[part.rest is not None for part in self.parts]] += count(self.rests)
        sums[[not part.is_known for part in self.parts]] = np.nan
        return sums


def hours_of(span: Window, at: datetime) -> tuple[int, int]:
    """Return the UTC hours ``[first, end)`` that stand for a span, counted from 1970-01-01.

    Readings are kept by the hour, so a span begins and ends at the nearest one and spans that
    touch share none; one that ends at the present moment ``at`` has the hour that is running.

    Examples
    --------
    >>> from datetime import UTC
    >>> at = datetime(1970, 1, 1, 5, 10, tzinfo=UTC)
    >>> earlier = Window(at - timedelta(hours=4), at - timedelta(hours=2))
    >>> hours_of(earlier, at), hours_of(Window(earlier.end, at), at)
    ((1, 3), (3, 6))
    """
    first, end = (moment.timestamp() / HOUR_S for moment in (span.start, span.end))
    # Not round(): that takes every other half hour the other way.
    return math.floor(first + 0.5), math.ceil(end) if span.end == at else math.floor(end + 0.5)


def reduce_hours(hours: Hours, part: str, runs: Sequence[tuple[int, int]]) -> Array:
    """Return the number, sum, lowest or highest over runs of hours ``[first, end)``.

    Parameters
    ----------
    hours : Hours
        Of one metric; every hour of the runs is listed.
    part : str
        ``n``, ``total``, ``low`` or ``high``.
    runs : sequence of (int, int)
        UTC hours since 1970-01-01.

    Returns
    -------
    float64, shape (runs,)
        NaN without readings.

    Examples
    --------
    >>> columns = ([2, 0, 3], [8.0, 0.0, 9.0], [3.0, np.nan, 2.0], [5.0, np.nan, 4.0])
    >>> hours = Hours(np.array([10, 11, 12]), *map(np.array, columns))
    >>> runs = [(10, 13), (11, 12), (12, 13)]
    >>> [reduce_hours(hours, part, runs).tolist() for part in ("n", "total")]
    [[5.0, nan, 3.0], [17.0, nan, 9.0]]
    >>> [reduce_hours(hours, part, runs).tolist() for part in ("low", "high")]
    [[2.0, nan, 2.0], [5.0, nan, 4.0]]
    """
    firsts, ends = (np.array(runs, dtype=np.int64) - int(hours.hours[0])).T
    n = _sums(hours.n, firsts, ends)
    if part in ("n", "total"):
        found = _sums(getattr(hours, part), firsts, ends)
    else:
        smallest = np.fmin if part == "low" else np.fmax
        # Every second reduction is of a run; the sentinel is there for a run up to the end.
        values = np.append(getattr(hours, part), np.nan)
        found = smallest.reduceat(values, np.column_stack([firsts, ends]).ravel())[::2]
    return np.where(n > 0, found, np.nan)


def _sums(values: npt.NDArray[Any], firsts: Counts, ends: Counts) -> Array:
    running = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(running[ends] - running[firsts], dtype=np.float64)
