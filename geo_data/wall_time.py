"""Wall-clock time of a zone, for columns of instants: when its clocks were put, in tables.

A zone answers for one instant at a time; a million cases ask for the same few changes of the clock
again and again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Millis = npt.NDArray[np.int64]

NO_TIME = np.iinfo(np.int64).min
_FIRST, _LAST = 1900, 2200
"""Years whose changes are looked up; before and after a zone is as at their ends."""
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def to_local(at_ms: Millis, zone: ZoneInfo) -> Millis:
    """Wall-clock milliseconds of UTC instants in ``zone``, same shape; no time stays none."""
    known = at_ms != NO_TIME
    since_ms, offset_ms = _changes(zone, at_ms[known])
    row = np.maximum(np.searchsorted(since_ms, at_ms, side="right") - 1, 0)
    local: Millis = at_ms + np.where(known, offset_ms[row], 0)
    return local


def to_utc(local_ms: Millis, zone: ZoneInfo) -> Millis:
    """UTC instants of wall-clock milliseconds, same shape.

    An hour that occurs twice is its first; one that is left out is the moment the clock was put.
    """
    since_ms, offset_ms = _changes(zone, local_ms)
    # The clock shows less than this until it is put again.
    until_ms = since_ms[1:] + offset_ms[:-1]
    row = np.searchsorted(until_ms, local_ms, side="right")
    utc: Millis = np.maximum(local_ms - offset_ms[row], since_ms[row])
    return utc


def _changes(zone: ZoneInfo, at_ms: Millis) -> tuple[Millis, Millis]:
    """Return since when which offset holds, for all of some instants and a year around them."""
    if not at_ms.size:
        return np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    ends = np.array([at_ms.min(), at_ms.max()]).astype("M8[ms]").astype("M8[Y]").astype(np.int64)
    low, high = np.clip(ends + 1970, _FIRST, _LAST).tolist()
    first, last = low - 1, high + 1
    since, offset = [NO_TIME // 2], [_offset_ms(zone, datetime(first, 1, 1))]
    for year in range(first, last + 1):
        for at, after in _of_year(zone, year):
            since.append(at)
            offset.append(after)
    return np.array(since, dtype=np.int64), np.array(offset, dtype=np.int64)


@lru_cache(maxsize=1024)
def _of_year(zone: ZoneInfo, year: int) -> tuple[tuple[int, int], ...]:
    """Return the instants of a year, UTC, at which the clock is put, and what holds from then."""
    found = []
    day, end = datetime(year, 1, 1), datetime(year + 1, 1, 1)
    before = _offset_ms(zone, day)
    while day < end:
        after = _offset_ms(zone, day + _DAY)
        if after != before:
            found.append((_put_at_ms(zone, day, before), after))
        day, before = day + _DAY, after
    return tuple(found)


def _put_at_ms(zone: ZoneInfo, day: datetime, before: int) -> int:
    """Return the second of a day from which the offset is another."""
    low, high = 0, 86_400
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_ms(zone, day + middle * _SECOND) == before:
            low = middle
        else:
            high = middle
    return round((day + high * _SECOND).replace(tzinfo=UTC).timestamp()) * 1000


def _offset_ms(zone: ZoneInfo, utc: datetime) -> int:
    offset = utc.replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta(0)
    return round(offset / timedelta(milliseconds=1))
