"""The spans of time that can be looked at, and how each is cut for a sparkline.

A day is a day of the city's own clock: 23 or 25 hours long when the clock is put forward or
back. Every function takes the present moment; none reads a clock.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from geo_data.records import Window
from geo_data.rollups import day_number

KEYS = ("today", "24h", "7d", "30d", "year")
"""Windows that can be chosen, shortest first."""

HOURLY = frozenset({"today", "24h"})
"""Windows whose sparkline goes by the hour; the others go by whole local days."""

_DAYS_BACK = {"today": 0, "7d": 6, "30d": 29}
_SHIFT_DAYS = {"today": 1, "7d": 7, "30d": 30}
_DAYS_PER_BUCKET = {"7d": 1, "30d": 2}
_LEAST = timedelta(milliseconds=1)


def window(key: str, at: datetime, zone: ZoneInfo) -> Window:
    """Return the window called ``key`` that ends at ``at``.

    Parameters
    ----------
    key : str
        ``today`` since local midnight; ``24h`` the last 24 hours; ``7d`` and ``30d`` today and the
        6 or 29 local days before it; ``year`` the last twelve months to the day.
    at : datetime
        The present moment, aware.
    zone : ZoneInfo
        The city's.

    Raises
    ------
    KeyError
        There is no such window.
    ValueError
        ``at`` is naive: nobody can know which moment is meant.

    Examples
    --------
    >>> shanghai = ZoneInfo("Asia/Shanghai")
    >>> at = datetime(2025, 3, 4, 2, 30, tzinfo=UTC)
    >>> window("today", at, shanghai).start.isoformat()
    '2025-03-03T16:00:00+00:00'
    >>> window("year", at, shanghai).start.isoformat()
    '2024-03-04T16:00:00+00:00'
    """
    _check(key, at)
    return Window(_start(key, at, zone), at.astimezone(UTC))


def previous(key: str, at: datetime, zone: ZoneInfo) -> Window:
    """Return what the window called ``key`` is compared with: the period before, as far along.

    This morning is compared with yesterday morning, not with the whole of yesterday.

    Examples
    --------
    >>> shanghai = ZoneInfo("Asia/Shanghai")
    >>> before = previous("today", datetime(2025, 3, 4, 2, 30, tzinfo=UTC), shanghai)
    >>> before.start.isoformat(), before.end.isoformat()
    ('2025-03-02T16:00:00+00:00', '2025-03-03T02:30:00+00:00')
    """
    _check(key, at)
    if key == "24h":
        return window(key, at, zone).previous()
    local = at.astimezone(zone)
    day = local.date()
    earlier = months_on(day, -12) if key == "year" else day - timedelta(_SHIFT_DAYS[key])
    end = datetime.combine(earlier, local.time(), zone).replace(fold=local.fold).astimezone(UTC)
    # Within a millisecond after midnight the window is still the day that ended.
    end = min(end, _start(key, at, zone))
    start = _start(key, end, zone)
    return Window(start, max(end, start + _LEAST))


def edges(key: str, at: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the moments that cut the window into the buckets of a sparkline.

    Returns
    -------
    tuple of datetime
        One more than there are buckets, ascending, aware UTC; the first is the window's start,
        the last its end. Hours for ``today`` and ``24h``, days for ``7d``, two days for ``30d``,
        months to the day for ``year``.

    Examples
    --------
    >>> at = datetime(2025, 3, 4, 2, 30, tzinfo=UTC)
    >>> {key: len(edges(key, at, ZoneInfo("Asia/Shanghai"))) - 1 for key in KEYS}
    {'today': 11, '24h': 24, '7d': 7, '30d': 15, 'year': 12}
    """
    span = window(key, at, zone)
    if key == "24h":
        return tuple(span.start + timedelta(hours=hour) for hour in range(25))
    inner = _hours(span) if key == "today" else _midnights(key, span, zone)
    return (span.start, *(edge for edge in inner if span.start < edge < span.end), span.end)


def days(span: Window, zone: ZoneInfo) -> tuple[int, int]:
    """Return the first and the last local day that ``span`` touches, counted from 1970-01-01.

    Examples
    --------
    >>> span = Window(datetime(1970, 1, 2, tzinfo=UTC), datetime(1970, 1, 4, tzinfo=UTC))
    >>> days(span, ZoneInfo("UTC"))
    (1, 2)
    """
    return day_number(span.start, zone), day_number(span.end - _LEAST, zone)


def _check(key: str, at: datetime) -> None:
    if key not in KEYS:
        raise KeyError(key)
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")


def _start(key: str, at: datetime, zone: ZoneInfo) -> datetime:
    """Start of the window that ends at ``at``; always before it."""
    if key == "24h":
        return at.astimezone(UTC) - timedelta(hours=24)
    # At midnight sharp the day that ends is meant: a window is never empty.
    day = (at - _LEAST).astimezone(zone).date()
    if key == "year":
        return midnight(months_on(day, -12) + timedelta(1), zone)
    return midnight(day - timedelta(_DAYS_BACK[key]), zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which a local day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def months_on(day: date, months: int) -> date:
    """Return the same day some months on, or the last of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _hours(span: Window) -> list[datetime]:
    count = int(span.length / timedelta(hours=1))
    return [span.start + timedelta(hours=hour + 1) for hour in range(count)]


def _midnights(key: str, span: Window, zone: ZoneInfo) -> list[datetime]:
    first = span.start.astimezone(zone).date()
    if key == "year":
        return [midnight(months_on(first, month), zone) for month in range(1, 12)]
    step = _DAYS_PER_BUCKET[key]
    count = _SHIFT_DAYS[key] // step
    return [midnight(first + timedelta(step * index), zone) for index in range(1, count)]
