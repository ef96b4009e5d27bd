"""Counts of a region below the level that is rolled up, out of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, func, select

from geo_data.distinct import numbered
from geo_data.histories import Rows
from geo_data.local_days import day_start
from geo_data.regions import RegionTree
from geo_data.rollups.contributions import DIMENSIONS
from geo_data.rollups.cubes import Hours, no_hours
from geo_data.rollups.rows import to_millis
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.column_types import HOUR, iso_text
from geo_data.working_time import day_numbers

Run = tuple[int, int]


def dimension_of_rows(
    store: Store,
    tree: RegionTree,
    region_code: str,
    name: str,
    days: Run,
    known_at: datetime | None,
) -> dict[str, Rows]:
    """Return the cases reported by key of a dimension day by day, each shape (days,)."""
    if tree.get(region_code) is None:
        return {}
    # A board asks for one dimension after the other of the same region and days.
    asked = (tree.root.code, region_code, days, known_at)
    stamp = (asked, store.version("incidents"), store.stamp("regions"))
    found = store.cached(
        "dimensions-of-rows", stamp, lambda: _dimensions_of_rows(store, tree, *asked[1:])
    )
    return found[name]


def _dimensions_of_rows(
    store: Store, tree: RegionTree, region_code: str, asked: Run, known_at: datetime | None
) -> dict[str, dict[str, Rows]]:
    zone, table = store.city.zone, store.tables.incidents
    first_day, last_day = asked
    reported = iso_text(table.c.reported_at)
    wanted = select(*(table.c[name] for name in DIMENSIONS), reported).where(
        one_of(table.c.region_code, tree.subtree(region_code)),
        table.c.reported_at >= day_start(first_day, zone),
        table.c.reported_at < day_start(last_day + 1, zone),
    )
    if known_at is not None:
        wanted = wanted.where(table.c.recorded_at <= known_at)
    with store.read() as connection:
        rows = connection.execute(wanted).all()
    if not rows:
        return {name: {} for name in DIMENSIONS}
    *columns, texts = zip(*rows, strict=True)
    days = day_numbers(to_millis(texts), zone) - first_day
    n_days = last_day - first_day + 1
    return {
        name: _by_key_and_day(keys, days, n_days)
        for name, keys in zip(DIMENSIONS, columns, strict=True)
    }


def _by_key_and_day(keys: Sequence[object], days: Rows, n_days: int) -> dict[str, Rows]:
    codes, known = numbered(np.array([str(key) for key in keys], dtype=object))
    counts = np.bincount(codes * n_days + days, minlength=len(known) * n_days)
    return dict(zip(known.tolist(), counts.reshape(-1, n_days), strict=True))


def hours_of_rows(
    store: Store, tree: RegionTree, region_code: str, metric: str, first: int, last: int
) -> Hours:
    """Return a metric hour by hour, as :func:`geo_data.rollups.metric_hours`."""
    result = no_hours(first, last)
    if tree.get(region_code) is None:
        return result
    with store.read() as connection:
        rows = connection.execute(
            _hourly(store, one_of(store.tables.sensors.c.region_code, tree.subtree(region_code)))
            .where(store.tables.sensors.c.metric == metric)
            .where(store.tables.observations.c.observed_at >= _hour_start(first))
            .where(store.tables.observations.c.observed_at < _hour_start(last + 1))
        ).all()
    for text, *stats in rows:
        at = int(np.datetime64(text, "h").astype(np.int64)) - first
        for column, value in zip(result[1:], stats, strict=True):
            column[at] = value
    return result


def _hourly(store: Store, mine: ColumnElement[bool]) -> Any:
    sensors, observations = store.tables.sensors, store.tables.observations
    value = observations.c.value
    hour = iso_text(observations.c.observed_at, HOUR)
    return (
        select(hour, func.count(), func.sum(value), func.min(value), func.max(value))
        .join(sensors, sensors.c.code == observations.c.sensor_code)
        .where(mine)
        .group_by(hour)
    )


def _hour_start(hour: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
