"""Which days and hours a city works: weekends, statutory holidays and 调休, and its own days.

The days of China are those of the State Council as the package ``chinesecalendar`` has them; a
year it does not know yet is made of plain weekdays, and :attr:`WorkingCalendar.known_until` says
so.
"""

from __future__ import annotations

import csv
import re
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import field_validator

from geo_data.faults import Fault, InputError
from geo_data.sources import Entry, wrong
from geo_data.working_time import DAY_MS, HOUR_MS, WorkingTime, working_time

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)
IN_CHINA = frozenset({"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Harbin", "PRC"})
"""Time zones whose cities keep China's holidays unless their file says otherwise."""
KINDS = {"holiday": "holiday", "休": "holiday", "workday": "workday", "班": "workday"}
"""What a file of days may call a day."""

_SPAN = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
_MINUTE_MS = HOUR_MS // 60
_EPOCH = date(1970, 1, 1)


class WorkingCalendar(Entry):
    """When a city works, as ``[calendar]`` of its file declares it.

    Parameters
    ----------
    hours : tuple of str
        Spans of a working day on the city's clock, ``"09:00-12:00"``, in order.
    weekend : tuple of str
        Days of the week that are not worked.
    holidays : {"china", "none"}, optional
        Whose statutory holidays; China's in its time zones, unless said.
    extra_holidays, extra_workdays : tuple of date
        Days of the city's own; they win over everything above, a workday over a holiday.
    known_until : date, optional
        Last day of which every holiday is declared; that of the statutory ones unless said.
    days : Path, optional
        A CSV of ``date`` and ``kind`` (``holiday`` or ``workday``, 休 or 班), read into the two
        lists above by :func:`with_days`.
    """

    hours: tuple[str, ...] = ("09:00-17:00",)
    weekend: tuple[Weekday, ...] = ("saturday", "sunday")
    holidays: Literal["china", "none"] | None = None
    extra_holidays: tuple[date, ...] = ()
    extra_workdays: tuple[date, ...] = ()
    known_until: date | None = None
    days: Path | None = None

    @field_validator("hours")
    @classmethod
    def _hours_in_order(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        edges = [edge for text in hours for edge in _span_ms(text)]
        if not edges or any(later <= earlier for earlier, later in pairwise(edges)):
            raise wrong("hours-order", hours=", ".join(hours))
        return hours

    @field_validator("weekend")
    @classmethod
    def _some_day_is_worked(cls, weekend: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if set(weekend) == set(WEEKDAYS):
            raise wrong("no-workday")
        return weekend

    def keeps_china(self, timezone: str) -> bool:
        """Whether China's statutory holidays hold."""
        return self.holidays == "china" or (self.holidays is None and timezone in IN_CHINA)

    def last_known_day(self, timezone: str) -> date | None:
        """Last day of which the holidays are known; ``None`` where there are none to know."""
        if self.known_until or not self.keeps_china(timezone):
            return self.known_until
        holidays, _ = china_days()
        return date(max(holidays).year, 12, 31)

    def working_time(self, timezone: str) -> WorkingTime:
        """Return the working hours as tables, in a time zone."""
        holidays, workdays = self.special_days(timezone)
        return working_time(
            ZoneInfo(timezone),
            [_span_ms(text) for text in self.hours],
            [WEEKDAYS.index(day) for day in self.weekend],
            _numbers(holidays),
            _numbers(workdays),
        )

    def special_days(self, timezone: str) -> tuple[frozenset[date], frozenset[date]]:
        """Return the days off (休) and the days that are worked (班), whatever weekday they are.

        A day that is in both is worked.
        """
        holidays, workdays = china_days() if self.keeps_china(timezone) else ((), ())
        own_rest, own_work = frozenset(self.extra_holidays), frozenset(self.extra_workdays)
        return own_rest.union(holidays), own_work.union(frozenset(workdays) - own_rest)


def _numbers(days: frozenset[date]) -> list[int]:
    return [(day - _EPOCH).days for day in days]


def _span_ms(text: str) -> tuple[int, int]:
    """Return when a span opens and closes, in ms from midnight."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise wrong("bad-hours", hours=text)
    parts = [int(part) for part in match.groups()]
    opens, closes = ((60 * hour + minute) * _MINUTE_MS for hour, minute in (parts[:2], parts[2:]))
    if not opens < closes <= DAY_MS or max(parts[1], parts[3]) > 59:
        raise wrong("bad-hours", hours=text)
    return opens, closes


@cache
def china_days() -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Return China's statutory holidays, and the weekend days worked in their place (调休)."""
    from chinese_calendar import constants

    return tuple(constants.holidays), tuple(constants.workdays)


def with_days(calendar: WorkingCalendar, folder: Path) -> WorkingCalendar:
    """Return a calendar with its file of days read in.

    Parameters
    ----------
    calendar : WorkingCalendar
    folder : Path
        What ``days`` is relative to.

    Raises
    ------
    InputError
        The file cannot be read, or a row is no day: all such rows at once.
    """
    if calendar.days is None:
        return calendar
    path = folder / calendar.days
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(Fault("no-file", file=str(path))) from error
    except UnicodeDecodeError as error:
        raise InputError(Fault("not-utf8", file=str(path))) from error
    found: dict[str, list[date]] = {"holiday": [], "workday": []}
    faults = []
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=1):
        kind = KINDS.get((row.get("kind") or "").strip())
        day = _day(row.get("date") or "")
        if kind is None or day is None:
            said = ", ".join(str(value) for value in row.values())
            faults.append(Fault("bad-day", file=str(path), row=number, values={"said": said}))
        else:
            found[kind].append(day)
    if faults:
        raise InputError(*faults)
    update = {
        "days": None,
        "extra_holidays": (*calendar.extra_holidays, *found["holiday"]),
        "extra_workdays": (*calendar.extra_workdays, *found["workday"]),
    }
    return calendar.model_copy(update=update)


def _day(text: str) -> date | None:
    match = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", text.strip())
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None
