"""The periods by which a city is looked at and judged, and what each is compared with.

Five are windows that move with the clock (:mod:`indicators.windows`); the others begin with the
city's week, month, quarter, year or assessment year (考核年度), or are given by their days.
环比 compares with the period before, 同比 with the same period a year earlier; both as far along
as the period itself is, so that the first week of a month is not set against a whole month.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from geo_data.records import Window
from indicators import windows
from indicators.calendar_names import days_named
from indicators.windows import midnight, months_on

CALENDAR = ("this-week", "this-month", "this-quarter", "this-year", "assessment-year")
"""Periods that begin with one of the calendar, shortest first."""
KEYS = (*windows.KEYS, *CALENDAR)
MOST_BUCKETS = 25
WEEK = timedelta(days=7)
YEAR_OF_WEEKS = timedelta(days=364)
"""A week is compared with the week of last year that has the same days of the week."""

_MONTHS = {"this-month": 1, "this-quarter": 3, "this-year": 12, "assessment-year": 12}
_GIVEN = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")
LONGEST = timedelta(20 * 366)
"""Hours of readings are laid out one by one: a longer period asks for memory, not for knowledge."""
_LEAST = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A period up to the present moment, or to its own end if that is earlier.

    Parameters
    ----------
    key : str
        How addresses call it.
    window, before, year_before : Window
        Itself, and what it is compared with.
    edges : tuple of datetime
        The moments that cut it into buckets, at most 26, its start and its end included.
    by_hour : bool
        Whether it means hours, not local days.
    """

    key: str
    window: Window
    before: Window
    year_before: Window
    edges: tuple[datetime, ...]
    by_hour: bool

    @property
    def buckets(self) -> tuple[Window, ...]:
        """What it is cut into, oldest first."""
        return tuple(Window(*pair) for pair in pairwise(self.edges))


def period(key: str, at: datetime, zone: ZoneInfo, first_month: int = 1) -> Period:
    """Return the period called ``key`` as it stands at ``at``.

    Parameters
    ----------
    key : str
        One of :data:`KEYS`, a name of the calendar (:mod:`indicators.calendar_names`), or two local
        days, both in it: ``2026-10-01..2026-10-31``.
    at : datetime
        The present moment, aware.
    zone : ZoneInfo
        Whose days.
    first_month : int
        Month with which the assessment year begins.

    Raises
    ------
    KeyError
        There is no such period, or it has not begun yet.
    ValueError
        ``at`` is naive.

    Examples
    --------
    An assessment year from November to October, in its second week:

    >>> shanghai = ZoneInfo("Asia/Shanghai")
    >>> at = datetime(2026, 11, 12, 1, tzinfo=UTC)
    >>> found = period("assessment-year", at, shanghai, first_month=11)
    >>> found.window.start.isoformat(), found.year_before.end.isoformat()
    ('2026-10-31T16:00:00+00:00', '2025-11-12T01:00:00+00:00')

    October against September, and against the October before:

    >>> october = period("2026-10-01..2026-10-31", at, shanghai)
    >>> [span.start.astimezone(shanghai).date().isoformat() for span in
    ...  (october.window, october.before, october.year_before)]
    ['2026-10-01', '2026-09-01', '2025-10-01']
    """
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    if key in windows.KEYS:
        return _moving(key, at, zone)
    if key in CALENDAR:
        return _of_calendar(key, at, zone, first_month)
    return _given(key, at, zone, first_month)


def is_period(key: str) -> bool:
    """Whether ``key`` is the name of a period, of the calendar too, or two days in order.

    Examples
    --------
    >>> [is_period(key) for key in ("this-month", "2026-02-01..2026-02-28", "2026-Q3", "2026-Q5")]
    [True, True, True, False]
    """
    if key in KEYS:
        return True
    try:
        first, last = days_given(key)
    except KeyError:
        return False
    return first <= last


def _moving(key: str, at: datetime, zone: ZoneInfo) -> Period:
    span = windows.window(key, at, zone)
    return Period(
        key,
        span,
        windows.previous(key, at, zone),
        _year_earlier(span, zone),
        windows.edges(key, at, zone),
        key in windows.HOURLY,
    )


def _of_calendar(key: str, at: datetime, zone: ZoneInfo, first_month: int) -> Period:
    end = at.astimezone(UTC)
    # At midnight sharp the day that ends is meant: a period is never empty.
    day = (at - _LEAST).astimezone(zone).date()
    first = _first_day(key, day, first_month)
    span = Window(midnight(first, zone), end)
    local = at.astimezone(zone)
    if key == "this-week":
        before = _moved(span, zone, first - WEEK, local.date() - WEEK)
        year_before = _moved(span, zone, first - YEAR_OF_WEEKS, local.date() - YEAR_OF_WEEKS)
    else:
        months = _MONTHS[key]
        before_day = months_on(day, -months)
        before_first = _first_day(key, before_day, first_month)
        before = _moved(span, zone, before_first, before_day + (local.date() - day))
        year_before = _year_earlier(span, zone)
    edges = _edges(span, first, day, zone, by_month=_MONTHS.get(key, 0) >= 12)
    return Period(key, span, before, year_before, edges, by_hour=False)


def _given(key: str, at: datetime, zone: ZoneInfo, first_month: int) -> Period:
    first, last = days_given(key, first_month)
    start = midnight(first, zone)
    if last < first or start >= at:
        raise KeyError(key)
    end = min(midnight(last + timedelta(1), zone), at.astimezone(UTC))
    span = Window(start, end)
    last = (end - _LEAST).astimezone(zone).date()
    n_days = (last - first).days + 1
    end_day = end.astimezone(zone).date()
    earlier = first - timedelta(n_days)
    if first.day == 1 and end == midnight(end_day, zone) and end_day.day == 1:
        # Whole months are compared with as many months.
        earlier = months_on(first, -_months_between(first, end_day))
        end_day_before = first
    else:
        end_day_before = end_day - timedelta(n_days)
    before = _moved(span, zone, earlier, end_day_before)
    year_before = _year_earlier(span, zone)
    if "-W" in key:
        year_before = _moved(span, zone, first - YEAR_OF_WEEKS, end_day - YEAR_OF_WEEKS)
    edges = _edges(span, first, last, zone, by_month=n_days > 200)
    return Period(key, span, before, year_before, edges, by_hour=False)


def days_given(key: str, first_month: int = 1) -> tuple[date, date]:
    """Return the first and the last day of a period that is given by its days or its name.

    Parameters
    ----------
    key : str
        As ``2026-10-01..2026-10-31`` or ``2026-10``; not one that moves with the clock.
    first_month : int
        Month with which the assessment year begins.

    Raises
    ------
    KeyError
        There is no such period, it is too long, or it is before 1971.
    """
    found = _GIVEN.fullmatch(key)
    try:
        if found is None:
            first, last = days_named(key, first_month)
        else:
            first, last = (date.fromisoformat(text) for text in found.groups())
    except ValueError as error:
        raise KeyError(key) from error
    if first < date(1971, 1, 1) or last - first > LONGEST:
        raise KeyError(key)
    return first, last


def _first_day(key: str, day: date, first_month: int) -> date:
    match key:
        case "this-week":
            return day - timedelta(day.weekday())
        case "this-month":
            return day.replace(day=1)
        case "this-quarter":
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case "this-year":
            return date(day.year, 1, 1)
        case _:
            return date(day.year - (day.month < first_month), first_month, 1)


def _moved(span: Window, zone: ZoneInfo, first: date, end_day: date) -> Window:
    """Return a period from midnight of ``first`` until ``end_day`` at the clock time of the end."""
    local = span.end.astimezone(zone)
    end = datetime.combine(end_day, local.time(), zone).replace(fold=local.fold).astimezone(UTC)
    start = midnight(first, zone)
    return Window(start, max(end, start + _LEAST))


def _year_earlier(span: Window, zone: ZoneInfo) -> Window:
    """Return the same dates and clock times of the year before; of 29 February the 28th."""

    def earlier(moment: datetime) -> datetime:
        local = moment.astimezone(zone)
        day = months_on(local.date(), -12)
        return datetime.combine(day, local.time(), zone).replace(fold=local.fold).astimezone(UTC)

    start, end = earlier(span.start), earlier(span.end)
    return Window(start, max(end, start + _LEAST))


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _edges(
    span: Window, first: date, last: date, zone: ZoneInfo, *, by_month: bool
) -> tuple[datetime, ...]:
    """Cut a period at midnights: by the month, else by as many days as there is room for."""
    n_days = (last - first).days + 1
    if by_month:
        n_months = _months_between(first, last) + 1
        step = -(-n_months // MOST_BUCKETS)
        inner = [months_on(first.replace(day=1), month) for month in range(step, n_months, step)]
    else:
        step = -(-n_days // (MOST_BUCKETS - 1))
        inner = [first + timedelta(day) for day in range(step, n_days, step)]
    moments = [midnight(day, zone) for day in inner]
    return (span.start, *(each for each in moments if span.start < each < span.end), span.end)
