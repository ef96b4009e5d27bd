"""Counts in memory: the rollup tables as arrays that answer any window at once.

A cube is loaded once and then follows the tables by the number of the change that wrote each
row, so that a reader pays for what changed, not for what is there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo_data.histories import Rows

Whole = npt.NDArray[np.int16] | npt.NDArray[np.int32]
Days = npt.NDArray[np.int64]
SMALL = np.iinfo(np.int16).max
"""Hardly any city counts more of anything in a day: half the memory serves until one does."""
PART = 64
"""Days that are written at a time: the wide numbers in between take their own room."""


class Points(NamedTuple):
    """Cells of a cube and what they hold now; all of shape (n,)."""

    slot: Rows
    column: Rows
    day: Days
    value: Rows


class Cube:
    """Counts by slot (a region), column (a measure or a key) and day.

    Slots are in drill order, so a region with everything below it is a run of them, and the
    counts are kept as sums along the slots: any run on any days is one subtraction. Days
    without counts take no room.

    Parameters
    ----------
    slots, columns : int
        How many of each to begin with.
    """

    def __init__(self, slots: int, columns: int) -> None:
        self._days: Days = np.empty(0, dtype=np.int64)
        self._sums: Whole = np.zeros((slots + 1, columns, 0), dtype=np.int16)

    def put(self, points: Points) -> None:
        """Replace what the cells given hold."""
        self._make_room(np.setdiff1d(points.day, self._days))
        order = np.argsort(points.day, kind="stable")
        days = points.day[order]
        touched, starts = np.unique(days, return_index=True)
        ends = np.append(starts[1:], len(days))
        for first in range(0, len(touched), PART):
            last = min(first + PART, len(touched))
            rows = order[starts[first] : ends[last - 1]]
            self._put(Points(*(values[rows] for values in points)), touched[first:last])

    def put_rows(self, slot: Rows, day: Days, values: Rows) -> None:
        """Replace what all columns of a slot hold on a day.

        Parameters
        ----------
        slot, day : shape (n,)
            The days ascend.
        values : shape (columns, n)
        """
        touched, starts = np.unique(day, return_index=True)
        if not len(touched):
            return
        self._make_room(np.setdiff1d(touched, self._days))
        at = np.searchsorted(self._days, day)
        held = self._sums[slot + 1, :, at] - self._sums[slot, :, at]
        more = values.T - held
        # Running sums ascend, so the last of them is the greatest.
        days = at[starts]
        self._widen_for(self._sums[-1][:, days].T + np.add.reduceat(more, starts, axis=0))
        ends = np.append(starts[1:], len(day))
        first = 0
        while first < len(touched):
            low = days[first]
            last = int(np.searchsorted(days, low + PART))
            rows = slice(starts[first], ends[last - 1])
            # What is added to running sums are running sums, and fits where both of them fit.
            added = np.zeros((*self._sums.shape[:2], days[last - 1] + 1 - low), self._sums.dtype)
            added[slot[rows] + 1, :, at[rows] - low] = more[rows]
            for number in range(1, len(added)):
                # Whole rows: numpy's own way along the first axis takes ten times as long.
                added[number] += added[number - 1]
            self._sums[:, :, low : days[last - 1] + 1] += added
            first = last

    def _put(self, points: Points, touched: Days) -> None:
        cells = self._cells(touched)
        cells[points.slot, points.column, np.searchsorted(touched, points.day)] = points.value
        self._keep(cells, touched)

    def _cells(self, days: Days) -> npt.NDArray[np.int32]:
        """Return what the cells of some days hold, shape (slots, columns, days)."""
        at = np.searchsorted(self._days, days)
        sums = self._sums[:, :, at].astype(np.int32)
        return sums[1:] - sums[:-1]

    def _keep(self, cells: npt.NDArray[np.int32], days: Days) -> None:
        at = np.searchsorted(self._days, days)
        sums = np.cumsum(cells, axis=0, dtype=np.int32)
        self._widen_for(sums)
        self._sums[1:, :, at] = sums

    def _widen_for(self, sums: npt.NDArray[np.integer]) -> None:
        if sums.max(initial=0) > SMALL and self._sums.dtype == np.int16:
            self._sums = self._sums.astype(np.int32)

    def add_columns(self, n: int) -> None:
        """Append ``n`` empty columns."""
        if not n:
            # Nearly always, and all of it would be copied.
            return
        slots, _, days = self._sums.shape
        empty = np.zeros((slots, n, days), dtype=self._sums.dtype)
        self._sums = np.concatenate([self._sums, empty], axis=1)

    def add_slots(self, n: int) -> None:
        """Append ``n`` empty slots."""
        if not n:
            return
        self._sums = np.concatenate([self._sums, *[self._sums[-1:]] * n])

    def totals(self, start: int, end: int, first_day: int, last_day: int) -> Rows:
        """Sum of slots ``[start, end)`` over days ``[first, last]``, shape (columns,)."""
        since, until = self._span(first_day, last_day)
        run = self._sums[end, :, since:until] - self._sums[start, :, since:until]
        total: Rows = run.sum(axis=1, dtype=np.int64)
        return total

    def by_slot(
        self, column: int, first_day: int, last_day: int, slots: tuple[int, int] | None = None
    ) -> Rows:
        """Running sums along the slots over days ``[first, last]``, shape (slots + 1,).

        The sum of slots ``[start, end)`` is ``result[end] - result[start]``; with ``slots`` given
        as ``(low, high)``, the result begins at ``low`` and ends with ``high``.
        """
        since, until = self._span(first_day, last_day)
        low, high = slots or (0, len(self._sums) - 1)
        sums: Rows = self._sums[low : high + 1, column, since:until].sum(axis=1, dtype=np.int64)
        return sums

    def series(self, start: int, end: int, first_day: int, last_day: int) -> Rows:
        """Sum of slots ``[start, end)`` day by day, shape (columns, days)."""
        since, until = self._span(first_day, last_day)
        result = np.zeros((self._sums.shape[1], max(last_day - first_day + 1, 0)), dtype=np.int64)
        run = self._sums[end, :, since:until] - self._sums[start, :, since:until]
        result[:, self._days[since:until] - first_day] = run
        return result

    def has_any(self, column: int) -> bool:
        """Whether anything was ever counted in a column."""
        return bool(self._sums[-1, column].any())

    def _span(self, first_day: int, last_day: int) -> tuple[int, int]:
        since, until = np.searchsorted(self._days, [first_day, last_day + 1])
        return int(since), max(int(until), int(since))

    def _make_room(self, days: Days) -> None:
        if len(days):
            at = np.searchsorted(self._days, days)
            self._sums = np.insert(self._sums, at, 0, axis=2)
            self._days = np.insert(self._days, at, days)


class HourPoints(NamedTuple):
    """Hours of a metric in a slot and what is known of them now; all of shape (n,)."""

    slot: Rows
    metric: Rows
    hour: Rows
    n: Rows
    total: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


class Hours(NamedTuple):
    """A metric hour by hour; ``low`` and ``high`` are NaN where ``n`` is 0."""

    hours: Rows
    n: Rows
    total: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


def no_hours(first: int, last: int) -> Hours:
    """Hours ``[first, last]`` of a metric nobody measured."""
    listed = np.arange(first, last + 1)
    low, high = np.full((2, len(listed)), np.nan)
    return Hours(listed, np.zeros(len(listed), dtype=np.int64), np.zeros(len(listed)), low, high)


class HourCube:
    """Number, sum, lowest and highest of metrics by slot and UTC hour."""

    def __init__(self, slots: int, metrics: int) -> None:
        self._hours: Rows = np.empty(0, dtype=np.int64)
        self._n: Rows = np.zeros((slots, metrics, 0), dtype=np.int64)
        self._total = np.zeros((slots, metrics, 0))
        self._low = np.full((slots, metrics, 0), np.inf)
        self._high = np.full((slots, metrics, 0), -np.inf)

    def put(self, points: HourPoints) -> None:
        """Replace what the cells given hold."""
        self._make_room(np.setdiff1d(points.hour, self._hours))
        at = points.slot, points.metric, np.searchsorted(self._hours, points.hour)
        some = points.n > 0
        self._n[at] = points.n
        self._total[at] = points.total
        self._low[at] = np.where(some, points.low, np.inf)
        self._high[at] = np.where(some, points.high, -np.inf)

    def hours(self, slots: range, metric: int, first: int, last: int) -> Hours:
        """Return hours ``[first, last]`` of a metric over a run of slots; all hours are listed."""
        since, until = np.searchsorted(self._hours, [first, last + 1])
        # A slice, not a list: years of hours are looked at where they lie.
        at = slice(slots.start, slots.stop), metric, slice(since, until)
        result = no_hours(first, last)
        where = self._hours[since:until] - first
        result.n[where] = self._n[at].sum(axis=0)
        result.total[where] = self._total[at].sum(axis=0)
        result.low[where] = self._low[at].min(axis=0, initial=np.inf)
        result.high[where] = self._high[at].max(axis=0, initial=-np.inf)
        result.low[result.n == 0] = result.high[result.n == 0] = np.nan
        return result

    def grow(self, slots: int, metrics: int) -> None:
        """Make room for so many slots and metrics."""
        held = self._n.shape
        more = [(0, slots - held[0]), (0, metrics - held[1]), (0, 0)]
        self._n = np.pad(self._n, more)
        self._total = np.pad(self._total, more)
        self._low = np.pad(self._low, more, constant_values=np.inf)
        self._high = np.pad(self._high, more, constant_values=-np.inf)

    def _make_room(self, hours: Rows) -> None:
        if not len(hours):
            return
        at = np.searchsorted(self._hours, hours)
        self._hours = np.insert(self._hours, at, hours)
        self._n = np.insert(self._n, at, 0, axis=2)
        self._total = np.insert(self._total, at, 0.0, axis=2)
        self._low = np.insert(self._low, at, np.inf, axis=2)
        self._high = np.insert(self._high, at, -np.inf, axis=2)
