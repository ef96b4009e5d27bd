"""Counts below the level that is rolled up: many regions out of their rows, in one query.

Dimensions and readings are kept by the regions under the root. A ranking of what lies below one
of those is asked of the rows, once for all of them instead of once for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import func, select

from geo_data.histories import Rows
from geo_data.records import Scope, Window
from geo_data.regions import region_tree
from geo_data.rollups.case_log import Trait
from geo_data.rollups.cubes import Hours
from geo_data.store import Store
from geo_data.store.code_lists import one_of


def cases_each(
    store: Store,
    scope: Scope,
    codes: Sequence[str],
    trait: Trait,
    keys: Iterable[str],
    span: Window,
    known_at: datetime | None = None,
) -> Rows:
    """Count the cases reported in a span whose trait is one of ``keys``, in each region.

    Parameters
    ----------
    store, scope : Store, Scope
        Where from, and for whom; a region that may not be seen counts nothing.
    codes : sequence of str
        Regions of one level, so that none holds another.
    trait : str
        ``category``, ``channel`` or ``severity``.
    keys : iterable of str
        As rows store them.
    span : Window
        Of the report.
    known_at : datetime, optional
        Only those known then.

    Returns
    -------
    int64, shape (codes,)
    """
    owner, table = _owners(store, scope, codes), store.tables.incidents
    wanted = [int(key) for key in keys] if trait == "severity" else list(keys)
    counted = (
        select(table.c.region_code, func.count())
        .where(
            one_of(table.c.region_code, owner),
            one_of(table.c[trait], wanted),
            table.c.reported_at >= span.start,
            table.c.reported_at < span.end,
        )
        .group_by(table.c.region_code)
    )
    if known_at is not None:
        counted = counted.where(table.c.recorded_at <= known_at)
    counts = np.zeros(len(codes), dtype=np.int64)
    with store.read() as connection:
        for code, n in connection.execute(counted):
            counts[owner[code]] += n
    return counts


def readings_each(
    store: Store,
    scope: Scope,
    codes: Sequence[str],
    metric: str,
    start: datetime,
    end: datetime,
) -> Hours:
    """Sum up the readings of a metric from ``start`` until before ``end`` in each region.

    Parameters
    ----------
    metric : str
        As sensors name it. The rest as :func:`cases_each`.

    Returns
    -------
    Hours
        Each column of shape (codes,); ``hours`` is the place of the code.
    """
    owner = _owners(store, scope, codes)
    sensors, observations = store.tables.sensors, store.tables.observations
    value = observations.c.value
    summed = (
        select(
            sensors.c.region_code, func.count(), func.sum(value), func.min(value), func.max(value)
        )
        .join(observations, sensors.c.code == observations.c.sensor_code)
        .where(
            one_of(sensors.c.region_code, owner),
            sensors.c.metric == metric,
            observations.c.observed_at >= start,
            observations.c.observed_at < end,
        )
        .group_by(sensors.c.region_code)
    )
    n = np.zeros(len(codes), dtype=np.int64)
    total, low, high = np.zeros(len(codes)), *np.full((2, len(codes)), np.nan)
    with store.read() as connection:
        for code, count, sum_, least, most in connection.execute(summed):
            at = owner[code]
            n[at] += count
            total[at] += sum_
            low[at], high[at] = np.fmin(low[at], least), np.fmax(high[at], most)
    return Hours(np.arange(len(codes)), n, total, low, high)


def _owners(store: Store, scope: Scope, codes: Sequence[str]) -> Mapping[str, int]:
    """Every region that rows may name -> the place of the code that holds it."""
    tree = region_tree(store, scope)
    return {
        below: place
        for place, code in enumerate(codes)
        if tree.get(code) is not None
        for below in tree.subtree(code)
    }
