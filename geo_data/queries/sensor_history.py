"""What sensors said over any span of time, no finer than a picture can show.

The store adds up: a year of readings comes back as a few hundred buckets, each with its least,
its mean and its greatest value. Buckets begin at round times of the city's clock, so that two
screens that look a minute apart draw the same ones, and none is made where nobody reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, Table, and_, func, select

from geo_data.instants import millis
from geo_data.queries.sensors import visible_codes
from geo_data.records import Scope, Window
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.column_types import epoch_s

Times = npt.NDArray[np.datetime64]
Values = npt.NDArray[np.float64]

MINUTE, HOUR, DAY = 60, 3600, 86_400
WIDTHS_S = (
    *(1, 2, 5, 10, 15, 30),
    *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 4, 6, 12)),
    *(DAY * n for n in (1, 2, 7, 14, 28)),
)
"""Widths of buckets that people read off a clock or a calendar."""


@dataclass(frozen=True, slots=True)
class History:
    """One sensor over a span, oldest first; every column has shape (n,).

    ``starts`` are datetime64[ms] in UTC: when a bucket begins or, where ``bucket_s`` is ``None``,
    when the reading was taken. ``low``, ``mean`` and ``high`` are in the sensor's unit and ``n``
    counts the readings of a bucket; a bucket without any is left out.
    """

    bucket_s: int | None
    starts: Times
    low: Values
    mean: Values
    high: Values
    n: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)


def sensor_history(
    store: Store, scope: Scope, sensor_code: str, window: Window, points: int, at: datetime
) -> History:
    """Return what a sensor said in a span, as known at a time.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    sensor_code : str
        One that may not be seen has no history.
    window : Window
        The span.
    points : int
        So many readings come as they are; more of them come in at most about so many buckets.
    at : datetime
        Readings received later are not known yet.
    """
    if sensor_code not in visible_codes(store, scope, [sensor_code]):
        return _history(None, [])
    table = store.tables.observations
    known = _known(table, [sensor_code], window, at)
    few = select(table.c.observed_at, table.c.value).where(known).order_by(table.c.observed_at)
    with store.read() as connection:
        rows = connection.execute(few.limit(points + 1)).all()
        if len(rows) <= points:
            return _history(None, [(millis(when), v, v, v, 1) for when, v in rows])
        width_s = width_of(window.length, points)
        found = _buckets(store, connection, known, window, width_s)
    return _history(width_s, [row[1:] for row in found])


def sparklines(
    store: Store,
    scope: Scope,
    sensor_codes: Iterable[str],
    window: Window,
    points: int,
    at: datetime,
) -> dict[str, list[float | None]]:
    """Return the course of many sensors over one span: one statement, however many there are.

    Returns
    -------
    dict of str to list of float or None
        Sensor -> mean per bucket, about ``points`` of them from the window's start to its end;
        ``None`` where a sensor said nothing. Those that may not be seen are left out.
    """
    codes = visible_codes(store, scope, sensor_codes)
    if not codes:
        return {}
    width_s = width_of(window.length, points)
    edges = _edges(window, width_s, store)
    lines: dict[str, list[float | None]] = {code: [None] * len(edges) for code in codes}
    place = {at_ms: index for index, at_ms in enumerate(edges)}
    known = _known(store.tables.observations, codes, window, at)
    with store.read() as connection:
        for code, at_ms, _, mean, _, _ in _buckets(store, connection, known, window, width_s):
            if at_ms in place:
                lines[code][place[at_ms]] = mean
    return lines


def width_of(span: timedelta, points: int) -> int:
    """Return the width in seconds of the narrowest round buckets of which ``points`` do.

    Examples
    --------
    >>> width_of(timedelta(hours=24), 300), width_of(timedelta(days=365), 300)
    (300, 172800)
    """
    wanted = span.total_seconds() / points
    return next((width for width in WIDTHS_S if width >= wanted), _weeks(wanted))


def _weeks(seconds: float) -> int:
    return -int(-seconds // (7 * DAY)) * 7 * DAY


def _known(table: Table, codes: Sequence[str], window: Window, at: datetime) -> ColumnElement[bool]:
    return and_(
        one_of(table.c.sensor_code, codes),
        table.c.observed_at >= window.start,
        table.c.observed_at < window.end,
        table.c.received_at <= at,
    )


def _buckets(
    store: Store,
    connection: Connection,
    known: ColumnElement[bool],
    window: Window,
    width_s: int,
) -> list[tuple[str, int, float, float, float, int]]:
    """Return sensor, start in ms, least, mean, greatest and count of every bucket, in order."""
    table = store.tables.observations
    number = (epoch_s(table.c.observed_at) + _shift_s(window, store)) // width_s
    value = table.c.value
    rows = connection.execute(
        select(
            table.c.sensor_code,
            number.label("number"),
            *(of(value) for of in (func.min, func.avg, func.max)),
            func.count(),
        )
        .where(known)
        .group_by(table.c.sensor_code, "number")
        .order_by(table.c.sensor_code, "number")
    ).all()
    return [
        (code, _start_ms(int(number), width_s, window, store), low, mean, high, n)
        for code, number, low, mean, high, n in rows
    ]


def _shift_s(window: Window, store: Store) -> int:
    """Return how far the city's clock is ahead of UTC where the span begins.

    One shift for the whole span keeps buckets alike; where clocks are changed within it, the
    buckets after that begin an hour beside the round time.
    """
    offset = window.start.astimezone(store.city.zone).utcoffset() or timedelta()
    return int(offset.total_seconds())


def _start_ms(number: int, width_s: int, window: Window, store: Store) -> int:
    return (number * width_s - _shift_s(window, store)) * 1000


def _edges(window: Window, width_s: int, store: Store) -> list[int]:
    """Return where the buckets of a span begin, the first of them at or before its start."""
    shift_s = _shift_s(window, store)

    def number(at_ms: int) -> int:
        return (at_ms + shift_s * 1000) // (width_s * 1000)

    first, last = number(millis(window.start)), number(millis(window.end) - 1)
    return [(one * width_s - shift_s) * 1000 for one in range(first, last + 1)]


def _history(width_s: int | None, rows: Sequence[tuple[Any, ...]]) -> History:
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * 5
    starts, low, mean, high, n = columns
    return History(
        bucket_s=width_s,
        starts=np.array(starts, dtype="M8[ms]"),
        low=np.array(low, dtype=np.float64),
        mean=np.array(mean, dtype=np.float64),
        high=np.array(high, dtype=np.float64),
        n=np.array(n, dtype=np.int64),
    )


def utc(starts: Times) -> list[datetime]:
    """Return the starts of a history as aware times."""
    return [moment.replace(tzinfo=UTC) for moment in starts.astype("M8[ms]").tolist()]
