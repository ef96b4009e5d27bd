"""The five kinds of report and the spans of time they speak of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from geo_data.faults import Fault, InputError
from indicators.windows import months_on


class Kind(StrEnum):
    """日研判, 周提示, 月通报, 季分析, 年总结."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


EXAMPLES = {
    Kind.DAILY: "2026-11-25",
    Kind.WEEKLY: "2026-W47",
    Kind.MONTHLY: "2026-10",
    Kind.QUARTERLY: "2026-Q3",
    Kind.YEARLY: "2025",
}
"""How a period of each kind is written."""
_FORMS = {
    Kind.DAILY: re.compile(r"(\d{4})-(\d{2})-(\d{2})"),
    Kind.WEEKLY: re.compile(r"(\d{4})-W(\d{1,2})"),
    Kind.MONTHLY: re.compile(r"(\d{4})-(\d{1,2})"),
    Kind.QUARTERLY: re.compile(r"(\d{4})-Q([1-4])"),
    Kind.YEARLY: re.compile(r"(\d{4})"),
}
_RUNNING = {
    Kind.DAILY: "today",
    Kind.WEEKLY: "this-week",
    Kind.MONTHLY: "this-month",
    Kind.QUARTERLY: "this-quarter",
    Kind.YEARLY: "this-year",
}
_MONTHS = {Kind.MONTHLY: 1, Kind.QUARTERLY: 3, Kind.YEARLY: 12}


@dataclass(frozen=True, slots=True)
class Term:
    """A day, week, month, quarter or year of the city's calendar.

    Parameters
    ----------
    kind : Kind
    first, last : date
        Local days, both in it.
    today : date
        The local day of the report.
    """

    kind: Kind
    first: date
    last: date
    today: date

    @property
    def is_running(self) -> bool:
        """Whether it had not ended at the moment of the report."""
        return self.last >= self.today

    @property
    def key(self) -> str:
        """How it is written: ``2026-10``."""
        return key_of(self.kind, self.first)

    @property
    def window(self) -> str:
        """What the engine calls it: a whole period by its days, a running one by its name.

        A running month is compared with the month before as far along as it is itself.
        """
        return _RUNNING[self.kind] if self.is_running else f"{self.first}..{self.last}"

    def months(self) -> tuple[Term, ...]:
        """Return the months of it that had begun at the moment of the report."""
        found, first = [], self.first.replace(day=1)
        while first <= min(self.last, self.today):
            last = months_on(first, 1) - timedelta(1)
            found.append(Term(Kind.MONTHLY, first, last, self.today))
            first = months_on(first, 1)
        return tuple(found)


def key_of(kind: Kind, day: date) -> str:
    """Return how the period of a kind that a day is in is written.

    Examples
    --------
    >>> [key_of(kind, date(2026, 11, 26)) for kind in Kind]
    ['2026-11-26', '2026-W48', '2026-11', '2026-Q4', '2026']
    """
    match kind:
        case Kind.DAILY:
            return f"{day}"
        case Kind.WEEKLY:
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        case Kind.MONTHLY:
            return f"{day:%Y-%m}"
        case Kind.QUARTERLY:
            return f"{day.year}-Q{(day.month + 2) // 3}"
        case _:
            return f"{day.year}"


def term(kind: Kind, asked: str | None, at: datetime, zone: ZoneInfo) -> Term:
    """Return the period that is asked for.

    Parameters
    ----------
    kind : Kind
    asked : str or None
        As in :data:`EXAMPLES`, or any day of it; the last that is over unless said.
    at : datetime
        The moment the report is of, aware.
    zone : ZoneInfo
        Whose days.

    Raises
    ------
    InputError
        It is none of this kind, or has not begun.

    Examples
    --------
    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 26, 2, tzinfo=UTC)
    >>> shanghai = ZoneInfo("Asia/Shanghai")
    >>> [term(kind, None, at, shanghai).key for kind in Kind]
    ['2026-11-25', '2026-W47', '2026-10', '2026-Q3', '2025']
    >>> term(Kind.MONTHLY, "2026-11", at, shanghai).window
    'this-month'
    """
    today = at.astimezone(zone).date()
    if asked is None:
        first = _first(kind, today)
        last = first - timedelta(1)
        return Term(kind, _first(kind, last), last, today)
    try:
        first = _read(kind, asked)
        last = _last(kind, first)
    except (ValueError, OverflowError) as error:
        values: dict[str, object] = {"period": asked, "example": EXAMPLES[kind]}
        raise InputError(Fault("report-period", field="period", values=values)) from error
    if first > today or first.year < 1971:
        values = {"period": asked, "today": f"{today}"}
        raise InputError(Fault("report-not-begun", field="period", values=values))
    return Term(kind, first, last, today)


def _read(kind: Kind, asked: str) -> date:
    found = _FORMS[kind].fullmatch(asked)
    if found is None:
        return _first(kind, date.fromisoformat(asked))
    year, *rest = map(int, found.groups())
    match kind:
        case Kind.DAILY:
            return date(year, *rest)
        case Kind.WEEKLY:
            return date.fromisocalendar(year, rest[0], 1)
        case Kind.MONTHLY:
            return date(year, rest[0], 1)
        case Kind.QUARTERLY:
            return date(year, 3 * rest[0] - 2, 1)
        case _:
            return date(year, 1, 1)


def _first(kind: Kind, day: date) -> date:
    if kind is Kind.DAILY:
        return day
    if kind is Kind.WEEKLY:
        return day - timedelta(day.weekday())
    months = _MONTHS[kind]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _last(kind: Kind, first: date) -> date:
    if kind is Kind.DAILY:
        return first
    if kind is Kind.WEEKLY:
        return first + timedelta(6)
    return months_on(first, _MONTHS[kind]) - timedelta(1)
