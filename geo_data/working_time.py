"""The clock that time limits run on: all hours, or the hours worked on the days worked.

Which days and hours those are is a city's calendar: :mod:`geo_data.working_calendar`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from geo_data.wall_time import to_local, to_utc

Millis = npt.NDArray[np.int64]
"""Milliseconds since 1970-01-01 UTC, unless a name says ``local``."""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK = 7
THURSDAY = 3
"""1970-01-01 was one; Monday is 0."""
USUAL = (7_305, 29_219)
"""Days of 1990 and 2049 between which every table reaches at least: it is faster inside."""


def day_numbers(at_ms: Millis, zone: ZoneInfo) -> Millis:
    """Local calendar days since 1970-01-01 of UTC instants, same shape."""
    return to_local(at_ms, zone) // DAY_MS


@dataclass(frozen=True, slots=True, eq=False)
class WorkingTime:
    """The working hours of a city, as tables: :meth:`elapsed_ms` and its inverse are look-ups.

    Made by :func:`working_time`.

    Parameters
    ----------
    zone : ZoneInfo
        Of the hours.
    opens_ms, closes_ms : int64, shape (k,)
        The spans of a working day, from midnight, in order and apart.
    first_day : int
        Local day, since 1970-01-01, of the first row of ``before``.
    before : int64, shape (m + 1,)
        How many days are worked from the first row's day to just before each row's. Its first
        and its last week hold no exception: beyond them every week is like them.
    """

    zone: ZoneInfo
    opens_ms: Millis
    closes_ms: Millis
    first_day: int
    before: Millis

    @property
    def day_ms(self) -> int:
        """How long a working day is."""
        return int((self.closes_ms - self.opens_ms).sum())

    def elapsed_ms(self, at_ms: Millis, working: npt.NDArray[np.bool_]) -> Millis:
        """What each case's clock shows at ``at_ms``.

        Parameters
        ----------
        at_ms : int64, shape (n,)
            UTC instants.
        working : bool, shape (n,)
            Whether that clock counts working hours only.

        Returns
        -------
        int64, shape (n,)
            Only differences mean something: between two instants, the time that counts.
        """
        elapsed = at_ms.copy()
        if working.any():
            day, time_ms = np.divmod(to_local(at_ms[working], self.zone), DAY_MS)
            days, is_worked = self._days_before(day)
            elapsed[working] = days * self.day_ms + is_worked * self._worked_by(time_ms)
        return elapsed

    def instant_ms(self, elapsed: Millis, working: npt.NDArray[np.bool_]) -> Millis:
        """First UTC instant at which each clock shows ``elapsed``: the inverse of elapsed_ms."""
        instant = elapsed.copy()
        if working.any():
            worked_ms = elapsed[working]
            # A limit that ends with the day ends at closing time, not at the next opening.
            whole_days = -(-worked_ms // self.day_ms) - 1
            time_ms = self._time_when(worked_ms - whole_days * self.day_ms)
            local_ms = self._worked_day(whole_days) * DAY_MS + time_ms
            instant[working] = to_utc(local_ms, self.zone)
        return instant

    def _days_before(self, day: Millis) -> tuple[Millis, Millis]:
        """Days worked before each day, and 1 where that day itself is worked, else 0."""
        row, last = day - self.first_day, len(self.before) - 2
        if row.min() >= 0 and row.max() <= last:
            counted = self.before[row]
            return counted, self.before[row + 1] - counted
        weeks = np.minimum(row // WEEK, 0) + np.maximum(-((last - row) // WEEK), 0)
        row = row - weeks * WEEK
        counted = self.before[row]
        return counted + weeks * self._per_week, self.before[row + 1] - counted

    def _worked_day(self, n: Millis) -> Millis:
        """Return the local day that is worked and has ``n`` worked days before it."""
        per_week = self._per_week
        if n.min() >= 0 and n.max() < self.before[-1]:
            found: Millis = self.first_day + np.searchsorted(self.before, n, side="right") - 1
            return found
        weeks = np.minimum(n // per_week, 0) + np.maximum((n - self.before[-1]) // per_week + 1, 0)
        row = np.searchsorted(self.before, n - weeks * per_week, side="right") - 1
        day: Millis = self.first_day + row + weeks * WEEK
        return day

    @property
    def _per_week(self) -> int:
        return int(self.before[WEEK])

    def _worked_by(self, time_ms: Millis) -> Millis:
        spans = zip(self.opens_ms.tolist(), self.closes_ms.tolist(), strict=True)
        worked = np.zeros_like(time_ms)
        for opens, closes in spans:
            worked += np.clip(time_ms, opens, closes) - opens
        return worked

    def _time_when(self, worked_ms: Millis) -> Millis:
        """Time of the day when so much of it was worked; more than none, at most all of it."""
        ends: Millis = np.cumsum(self.closes_ms - self.opens_ms)
        span = np.searchsorted(ends, worked_ms, side="left")
        time_ms: Millis = self.closes_ms[span] - (ends[span] - worked_ms)
        return time_ms


def working_time(
    zone: ZoneInfo,
    spans_ms: Collection[tuple[int, int]],
    weekend: Collection[int],
    holidays: Collection[int],
    workdays: Collection[int],
) -> WorkingTime:
    """Return the working hours of a calendar.

    Parameters
    ----------
    zone : ZoneInfo
        Of the hours.
    spans_ms : collection of (int, int)
        When a working day opens and closes, from midnight, in order and apart.
    weekend : collection of int
        Days of the week that are not worked, Monday is 0; at least one day of the week is.
    holidays, workdays : collection of int
        Days since 1970-01-01 that are not worked whatever day of the week they are, and days
        that are; one that is both is worked.
    """
    listed = [*holidays, *workdays, *USUAL]
    first_day = min(listed) - WEEK
    days = np.arange(first_day, max(listed) + WEEK + 1)
    worked = ~np.isin((days + THURSDAY) % WEEK, list(weekend))
    worked[np.isin(days, list(holidays))] = False
    worked[np.isin(days, list(workdays))] = True
    opens, closes = np.array(list(spans_ms), dtype=np.int64).T
    before = np.concatenate([[0], np.cumsum(worked)]).astype(np.int64)
    return WorkingTime(zone, opens, closes, first_day, before)
