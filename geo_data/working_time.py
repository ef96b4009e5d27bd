"""The clock that time limits run on: all hours, or working hours only.

Working hours are Monday to Friday, 09:00 to 17:00 local time, eight to a day. Statutory
holidays and the working weekends that pay for them (调休) are not known here yet, so a limit
that spans one comes out up to a week too early.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

Millis = npt.NDArray[np.int64]
"""Milliseconds since 1970-01-01 UTC, unless a name says ``local``."""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
OPENS_MS = 9 * HOUR_MS
CLOSES_MS = 17 * HOUR_MS
WORKDAY_MS = CLOSES_MS - OPENS_MS
WORKDAYS = 5
THURSDAY = 3
"""1970-01-01 was one; Monday is 0."""


def to_local(at_ms: Millis, zone: ZoneInfo) -> Millis:
    """Wall-clock milliseconds of UTC instants in ``zone``, same shape."""
    index = pd.DatetimeIndex(at_ms.astype("M8[ms]"), tz="UTC").tz_convert(zone)
    local: Millis = index.tz_localize(None).to_numpy().astype("M8[ms]").astype(np.int64)
    return local


def to_utc(local_ms: Millis, zone: ZoneInfo) -> Millis:
    """UTC instants of wall-clock milliseconds; an hour that occurs twice is its first."""
    index = pd.DatetimeIndex(local_ms.astype("M8[ms]")).tz_localize(
        zone, ambiguous=np.ones(len(local_ms), dtype=bool), nonexistent="shift_forward"
    )
    utc: Millis = index.tz_convert("UTC").tz_localize(None).to_numpy().astype("M8[ms]").astype("i8")
    return utc


def day_numbers(at_ms: Millis, zone: ZoneInfo) -> Millis:
    """Local calendar days since 1970-01-01 of UTC instants, same shape."""
    return to_local(at_ms, zone) // DAY_MS


def elapsed_ms(at_ms: Millis, zone: ZoneInfo, working: npt.NDArray[np.bool_]) -> Millis:
    """What each case's clock shows at ``at_ms``.

    Parameters
    ----------
    at_ms : int64, shape (n,)
        UTC instants.
    zone : ZoneInfo
        Of the working hours.
    working : bool, shape (n,)
        Whether that clock counts working hours only.

    Returns
    -------
    int64, shape (n,)
        Only differences mean something: between two instants, the time that counts.
    """
    elapsed = at_ms.copy()
    if working.any():
        elapsed[working] = _worked(to_local(at_ms[working], zone))
    return elapsed


def instant_ms(elapsed: Millis, zone: ZoneInfo, working: npt.NDArray[np.bool_]) -> Millis:
    """First UTC instant at which each clock shows ``elapsed``: the inverse of elapsed_ms."""
    instant = elapsed.copy()
    if working.any():
        instant[working] = to_utc(_worked_until(elapsed[working]), zone)
    return instant


def _worked(local_ms: Millis) -> Millis:
    day, time_ms = np.divmod(local_ms, DAY_MS)
    week, weekday = np.divmod(day + THURSDAY, 7)
    whole_days = week * WORKDAYS + np.minimum(weekday, WORKDAYS)
    today_ms = np.clip(time_ms, OPENS_MS, CLOSES_MS) - OPENS_MS
    return whole_days * WORKDAY_MS + np.where(weekday < WORKDAYS, today_ms, 0)


def _worked_until(worked_ms: Millis) -> Millis:
    # A limit that ends with the day ends at closing time, not at the next opening.
    whole_days = -(-worked_ms // WORKDAY_MS) - 1
    week, weekday = np.divmod(whole_days, WORKDAYS)
    rest_ms = worked_ms - whole_days * WORKDAY_MS
    local_ms: Millis = (week * 7 + weekday - THURSDAY) * DAY_MS + OPENS_MS + rest_ms
    return local_ms
