"""When incidents were reported: counts per channel in buckets of a window.

A day or two is counted from the rows by the hour; anything longer comes from the rollups by the
local day, a year by the week.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select

from geo_data import rollups
from geo_data.records import Scope, Window
from geo_data.regions import region_tree
from geo_data.store import Store, column_types
from geo_data.store.column_types import iso_text

Counts = dict[str, npt.NDArray[np.int64]]
HOURLY = timedelta(hours=49)
"""Windows up to this length are counted by the hour."""
WEEKLY = timedelta(days=100)
"""Windows from this length on are counted by the week."""
HOUR = timedelta(hours=1)
_ENOUGH_CODES = 400
"""Beyond so many regions a list of codes in SQL costs more than filtering what comes back."""


def reported_by_channel(
    store: Store, scope: Scope, region_code: str, window: Window
) -> tuple[list[datetime], Counts]:
    """Count reported incidents per channel and bucket.

    Parameters
    ----------
    store, scope : Store, Scope
        Where from, and for whom.
    region_code : str
        Region with everything below it.
    window : Window
        Up to 49 h by the hour, up to 100 days by the local day, longer by seven local days.

    Returns
    -------
    starts : list of datetime, shape (n,)
        Aware UTC starts of the buckets.
    counts : dict of str to ndarray of int, shape (n,)
        Channel -> count; a channel without incidents is absent.
    """
    if window.length <= HOURLY:
        return _by_hour(store, scope, region_code, window)
    return _by_day(store, scope, region_code, window)


def _by_hour(
    store: Store, scope: Scope, region_code: str, window: Window
) -> tuple[list[datetime], Counts]:
    first = window.start.replace(minute=0, second=0, microsecond=0)
    hours = int(np.ceil((window.end - first) / HOUR))
    starts = [first + HOUR * hour for hour in range(hours)]
    tree = region_tree(store, scope)
    codes = set(tree.finest(region_code)) | {region_code}
    table = store.tables.incidents
    hour = iso_text(table.c.reported_at, column_types.HOUR)
    rows = (
        select(hour, table.c.channel, table.c.region_code, func.count())
        .where(table.c.reported_at >= window.start, table.c.reported_at < window.end)
        .group_by(hour, table.c.channel, table.c.region_code)
    )
    if len(codes) <= _ENOUGH_CODES:
        rows = rows.where(table.c.region_code.in_(codes))
    counts: Counts = {}
    everywhere = region_code == tree.root.code and scope.region_code is None
    with store.read() as connection:
        for text, channel, code, n in connection.execute(rows):
            if code in codes or (everywhere and code is None):
                at = datetime.fromisoformat(f"{text}:00:00").replace(tzinfo=UTC)
                counts.setdefault(channel, np.zeros(hours, np.int64))[(at - first) // HOUR] += n
    return starts, counts


def _by_day(
    store: Store, scope: Scope, region_code: str, window: Window
) -> tuple[list[datetime], Counts]:
    zone = store.city.zone
    first = rollups.day_number(window.start, zone)
    last = rollups.day_number(window.end - timedelta(milliseconds=1), zone)
    found = rollups.dimension_series(store, scope, region_code, "channel", first, last)
    every = 7 if window.length >= WEEKLY else 1
    days = np.arange(first, last + 1)[::every]
    edges = np.arange(0, last + 1 - first, every)
    starts = [_local_midnight(int(day), zone) for day in days]
    return starts, {key: np.add.reduceat(series, edges) for key, series in found.items()}


def _local_midnight(day: int, zone: ZoneInfo) -> datetime:
    date = datetime(1970, 1, 1, tzinfo=zone) + timedelta(days=day)
    return date.astimezone(UTC)
