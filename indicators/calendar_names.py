"""What people call the weeks, months, quarters and years of the calendar: ``2026-10``."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from indicators.windows import months_on

_NAME = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d{2})|-Q(?P<quarter>[1-4])|-W(?P<week>\d{2}))?"
    r"|assessment-(?P<assessed>\d{4})"
)
WEEK = timedelta(days=7)


def days_named(name: str, first_month: int = 1) -> tuple[date, date]:
    """Return the first and the last day of a period of the calendar.

    Parameters
    ----------
    name : str
        A month ``2026-10``, a quarter ``2026-Q3``, a year ``2026``, a week ``2026-W43`` (ISO 8601),
        or an assessment year ``assessment-2026``: the one that ends in that year.
    first_month : int
        Month with which the assessment year begins.

    Raises
    ------
    KeyError
        It is the name of no such period.

    Examples
    --------
    >>> [day.isoformat() for day in days_named("2026-Q3")]
    ['2026-07-01', '2026-09-30']
    >>> [day.isoformat() for day in days_named("assessment-2026", first_month=11)]
    ['2025-11-01', '2026-10-31']
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise KeyError(name)
    said = {key: int(text) for key, text in found.groupdict().items() if text is not None}
    try:
        return _days(said, first_month)
    except ValueError as error:
        raise KeyError(name) from error


def name_of(first: date, last: date, first_month: int = 1) -> str | None:
    """Return what the calendar calls these days; ``None`` where it has no name for them.

    Examples
    --------
    >>> name_of(date(2026, 10, 1), date(2026, 10, 31))
    '2026-10'
    >>> name_of(date(2026, 10, 1), date(2026, 10, 9)) is None
    True
    """
    names = [f"{first:%Y-%m}", f"{first:%Y}-Q{(first.month + 2) // 3}", f"{first:%Y}"]
    year, week, _ = first.isocalendar()
    names += [f"{year:04}-W{week:02}", f"assessment-{last:%Y}"]
    return next((one for one in names if days_named(one, first_month) == (first, last)), None)


def _days(said: dict[str, int], first_month: int) -> tuple[date, date]:
    if "assessed" in said:
        end = date(said["assessed"] + (first_month == 1), first_month, 1)
        return months_on(end, -12), end - timedelta(1)
    year = said["year"]
    if "week" in said:
        monday = date.fromisocalendar(year, said["week"], 1)
        return monday, monday + WEEK - timedelta(1)
    if "quarter" in said:
        last = said["quarter"] * 3
        return date(year, last - 2, 1), date(year, last, monthrange(year, last)[1])
    if "month" in said:
        first = date(year, said["month"], 1)
        return first, first.replace(day=monthrange(year, first.month)[1])
    return date(year, 1, 1), date(year, 12, 31)
