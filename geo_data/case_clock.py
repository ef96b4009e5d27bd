"""The clock of a case: a city's calendar and its table of limits, put together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from geo_data.faults import Fault
from geo_data.time_limits import NO_LIMIT, LimitTable, TimeLimit
from geo_data.working_calendar import WorkingCalendar
from geo_data.working_time import HOUR_MS, Millis, WorkingTime, day_numbers

AHEAD = timedelta(days=30)
"""So long before the known holidays end it is said: limits run into what is not known."""
_SCHEME = "2"
"""Another number means that judging changed, so that what is stored must be built anew."""


@dataclass(frozen=True, slots=True, eq=False)
class CaseClock:
    """What limits and hours hold in a city.

    Parameters
    ----------
    working_time : WorkingTime
    limits : LimitTable
    known_until : date or None
        Last day of which the holidays are known; ``None`` where there are none to know.
    stamp : str
        Another one after every change of calendar or limits: due times made by another clock
        are out of date.
    """

    working_time: WorkingTime
    limits: LimitTable
    known_until: date | None
    stamp: str
    _columns: npt.NDArray[np.int64] = field(repr=False)
    _promises: npt.NDArray[np.int64] = field(repr=False)

    def rows_held(
        self, category: npt.NDArray[np.object_], dispatched_ms: Millis
    ) -> npt.NDArray[np.int64]:
        """Return which row of the limits holds for each case dispatched at these times."""
        days = day_numbers(dispatched_ms, self.working_time.zone)
        return self.limits.rows_held(category, days)

    def limit_ms(self, rows: npt.NDArray[np.int64]) -> Millis:
        """Return how long each row's limit is, on its own clock; 0 without one."""
        limits: Millis = self._columns[0][rows]
        return limits

    def margin_ms(self, rows: npt.NDArray[np.int64]) -> Millis:
        """Return how much is left of each row's limit from when on a case is due soon."""
        margins: Millis = self._columns[1][rows]
        return margins

    def is_working(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether each row's limit counts working hours only."""
        working: npt.NDArray[np.bool_] = self._columns[2][rows] > 0
        return working

    def promised_ms(self, sent_ms: Millis) -> tuple[Millis, Millis]:
        """Return until when cases sent at these times are to be signed for, and contacted."""
        limits, working = self._promises
        n = len(sent_ms)
        is_working = np.repeat(working > 0, n)
        began = self.working_time.elapsed_ms(np.tile(sent_ms, 2), is_working)
        both = self.working_time.instant_ms(began + np.repeat(limits, n), is_working)
        return both[:n], both[n:]

    def promised_since(self, at_ms: int) -> int:
        """Return since when cases must be sent for a promise to end at ``at_ms`` or later."""
        limits, working = self._promises
        both = np.full(2, at_ms, dtype=np.int64)
        is_working = working > 0
        began = self.working_time.elapsed_ms(both, is_working) - limits
        return int(self.working_time.instant_ms(began, is_working).min())

    def row(self, number: int) -> TimeLimit | None:
        """Return the limit behind a number of :meth:`rows_held`."""
        return None if number == NO_LIMIT else self.limits.rows[number]

    def knows(self, at: datetime) -> bool:
        """Whether the holidays of the day of ``at`` are known."""
        local = at.astimezone(self.working_time.zone).date()
        return self.known_until is None or local <= self.known_until

    def notices(self, at: datetime) -> list[Fault]:
        """Return what of the calendar is not known for what is dispatched about now."""
        if self.knows(at + AHEAD):
            return []
        return [Fault("holidays-unknown", values={"day": self.known_until})]


def case_clock(calendar: WorkingCalendar, limits: LimitTable, timezone: str) -> CaseClock:
    """Return the clock of a calendar and a table of limits, in a time zone."""
    hours = calendar.working_time(timezone)
    unit_ms = {"hours": HOUR_MS, "working_hours": HOUR_MS, "working_days": hours.day_ms}
    said = [limits.sign.said, limits.contact.said]
    promises = [(round(amount * unit_ms[unit]), unit != "hours") for amount, unit in said]
    # The last column is what NO_LIMIT finds.
    rows = [(round(row.amount * unit_ms[row.unit]), row.is_working) for row in limits.rows]
    limit_ms, working = np.array([*rows, (0, False)], dtype=np.int64).T
    soon = limits.due_soon
    margin = np.maximum(soon.share_left * limit_ms, soon.hours_left * HOUR_MS)
    columns = np.stack([limit_ms, np.minimum(margin.astype(np.int64), limit_ms), working])
    digest = hashlib.sha256()
    for part in (_SCHEME, timezone, limits.model_dump_json(), calendar.model_dump_json()):
        digest.update(part.encode())
    # A newer list of holidays is another calendar, though nobody wrote anything.
    for table in (hours.opens_ms, hours.closes_ms, hours.before):
        digest.update(table.tobytes())
    known_until = calendar.last_known_day(timezone)
    stamp = digest.hexdigest()[:16]
    promised = np.array(promises, dtype=np.int64).T
    return CaseClock(hours, limits, known_until, stamp, columns, promised)
