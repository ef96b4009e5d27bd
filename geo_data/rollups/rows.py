"""Writing the rollups: additions inside the ingest transaction, and the recount from the rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, func, insert, select, update

from geo_data.distinct import numbered
from geo_data.histories import STAGE_INDEX, STAGES, Cases, Rows, Strings, judge, order_steps
from geo_data.instants import millis
from geo_data.records import FUNCTIONAL, Scope
from geo_data.regions import region_tree
from geo_data.rollups.changed import LONG_AGO, tell_from
from geo_data.rollups.contributions import DIMENSIONS, MEASURES, Counts, count
from geo_data.rollups.verdicts import note_clock, settle
from geo_data.store import Store
from geo_data.store.column_types import HOUR, iso_text
from geo_data.store.inserts import Clash, insert_rows
from geo_data.store.kept import kept_from
from geo_data.store.layer_rows import note_layer
from geo_data.store.tables import Tables
from geo_data.working_time import HOUR_MS, Millis, day_numbers

Branch = Callable[[str], str]
Values = npt.NDArray[np.float64]

CHUNK = 100_000
"""Cases counted at a time by a recount."""
NO_LOW = 1.7e308
"""The low of an hour without values; its high is the opposite."""
NEVER_A_DAY = -(1 << 31)
"""A day before all others."""
_COUNTED = ("incidents", "readings")
"""Layers whose version moves when the rollups do."""
_STAGE_CODES = {str(stage): STAGE_INDEX[stage] for stage in STAGES}


def branches_of(store: Store) -> Mapping[str, str]:
    """Region code -> the region of the level below the root that holds it; the root is its own."""
    return store.cached("branches", store.stamp("regions"), lambda: _branches(store))


def _branches(store: Store) -> Mapping[str, str]:
    tree = region_tree(store, Scope.everything())
    chains = [tree.ancestors(one.code) for one in tree.regions() if one.level != FUNCTIONAL]
    return {chain[-1].code: chain[min(1, len(chain) - 1)].code for chain in chains}


def log_change(
    connection: Connection, tables: Tables, topic: str, body: Mapping[str, object], at: datetime
) -> int:
    """Append to the change log; returns the number of the change."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    row = {"at": at, "topic": topic, "body": text}
    made = connection.execute(insert(tables.changes), row)
    (seq,) = made.inserted_primary_key or (0,)
    return int(seq)


def add_counts(connection: Connection, tables: Tables, counts: Counts, seq: int) -> None:
    """Add to the daily rollups.

    ``seq`` is the change they belong to; :data:`~geo_data.rollups.changed.LONG_AGO` where it is
    told by :func:`~geo_data.rollups.changed.tell_from` that all of them changed.
    """
    # In the order of the table's key: what is next to each other there is written together.
    order = np.lexsort((counts.regions.astype(str), counts.days))
    measures = dict(zip(MEASURES, counts.measures[order].T.tolist(), strict=True))
    days = {
        "day": counts.days[order].tolist(),
        "region_code": counts.regions[order].tolist(),
        **measures,
        "changed_seq": [seq] * len(counts.days),
    }
    insert_rows(connection, tables.rollup_region_day, days, ADD_MEASURES)
    found = counts.dimensions
    cells = {
        "day": found.days.tolist(),
        "region_code": found.regions.tolist(),
        "dimension": [DIMENSIONS[number] for number in found.dimension.tolist()],
        "key": found.keys.tolist(),
        "n": found.n.tolist(),
        "changed_seq": [seq] * len(found.days),
    }
    insert_rows(connection, tables.rollup_dimension_day, cells, ADD_NUMBER)


def add_hours(connection: Connection, tables: Tables, hours: HourSums, seq: int) -> None:
    """Add to the hourly rollup; ``seq`` is the change they belong to."""
    columns = {name: values.tolist() for name, values in hours._asdict().items()}
    columns["changed_seq"] = [seq] * len(hours.hour)
    insert_rows(connection, tables.rollup_metric_hour, columns, ADD_HOURS)


ADD_MEASURES = Clash(add=MEASURES, replace=("changed_seq",))
ADD_NUMBER = Clash(add=("n",), replace=("changed_seq",))
ADD_HOURS = Clash(add=("n", "total"), lowest=("low",), highest=("high",), replace=("changed_seq",))


class HourSums(NamedTuple):
    """Additions to the hourly rollup as columns; each hour, region and metric once."""

    hour: Millis
    region_code: Strings
    metric: Strings
    n: Rows
    total: Values
    low: Values
    high: Values


def sum_hours(observed_ms: Millis, branches: Strings, metrics: Strings, values: Values) -> HourSums:
    """Sum observations by UTC hour, branch region and metric; all arguments of shape (n,)."""
    one = np.ones(len(values), dtype=np.int64)
    return _merge(HourSums(observed_ms // HOUR_MS, branches, metrics, one, values, values, values))


def _merge(parts: HourSums) -> HourSums:
    region, regions = numbered(parts.region_code)
    metric, metrics = numbered(parts.metric)
    wide = max(len(metrics), 1)
    key = (parts.hour * max(len(regions), 1) + region) * wide + metric
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=np.iinfo(np.int64).min))
    if not len(order):
        return parts
    rows = order[starts]
    return HourSums(
        parts.hour[rows],
        parts.region_code[rows],
        parts.metric[rows],
        np.add.reduceat(parts.n[order], starts),
        np.add.reduceat(parts.total[order], starts),
        np.minimum.reduceat(parts.low[order], starts),
        np.maximum.reduceat(parts.high[order], starts),
    )


def recount(store: Store, at: datetime) -> int:
    """Judge every case anew and build every rollup out of the rows, in one transaction.

    Needed when the regions, the calendar or the time limits were replaced; otherwise ingest keeps
    them right. Rows whose count falls to nothing stay as zeros, so that whoever has them in memory
    sees it.
    Days and hours of which rows were dropped stay as they were counted: see
    :mod:`geo_data.retention`.

    Parameters
    ----------
    store : Store
    at : datetime
        Now, aware.

    Returns
    -------
    int
        Of how many cases the stage, the end or a due time became another.
    """
    tables, branches = store.tables, branches_of(store)

    def branch(code: str) -> str:
        return branches.get(code, "")

    with store.write() as connection:
        versions = [note_layer(connection, tables, each, at=at) for each in _COUNTED]
        # Whoever follows the cases one by one reads them all again.
        body = {"layer": _COUNTED[0], "version": versions[0]}
        seq = log_change(connection, tables, "layers", body, at)
        first_day = _first_day(connection, store)
        tell_from(connection, tables, seq)
        _empty_days(connection, tables, first_day)
        changed = 0
        for counts, settled in _counts_of_rows(connection, store, branch):
            add_counts(connection, tables, counts.since(first_day), LONG_AGO)
            changed += settled
        note_clock(connection, tables, store.city.case_clock)
        kept = kept_from(connection, tables, "observations")
        _empty_hours(connection, tables, kept)
        hours = _hours_of_rows(connection, tables, branch, kept)
        add_hours(connection, tables, hours, LONG_AGO)
    return changed


def _first_day(connection: Connection, store: Store) -> int:
    """Return the first local day of which no case was dropped."""
    kept = kept_from(connection, store.tables, "incidents")
    if kept is None:
        return NEVER_A_DAY
    last_ms = np.array([millis(kept) - 1])
    return int(day_numbers(last_ms, store.city.zone)[0]) + 1


def _empty_days(connection: Connection, tables: Tables, first_day: int) -> None:
    days, dimensions = tables.rollup_region_day, tables.rollup_dimension_day
    zeros = dict.fromkeys(MEASURES, 0)
    wanted = update(days).where(days.c.day >= first_day)
    connection.execute(wanted.values(**zeros, changed_seq=LONG_AGO))
    wanted = update(dimensions).where(dimensions.c.day >= first_day)
    connection.execute(wanted.values(n=0, changed_seq=LONG_AGO))


def _empty_hours(connection: Connection, tables: Tables, kept: datetime | None) -> None:
    hours = tables.rollup_metric_hour
    # The first value to come is below this low and above this high.
    none = {"n": 0, "total": 0.0, "low": NO_LOW, "high": -NO_LOW}
    wanted = update(hours).values(**none, changed_seq=LONG_AGO)
    if kept is not None:
        wanted = wanted.where(hours.c.hour >= millis(kept) // HOUR_MS)
    connection.execute(wanted)


def _counts_of_rows(
    connection: Connection, store: Store, branch: Branch
) -> Iterator[tuple[Counts, int]]:
    """Yield what a chunk of cases counts, and how many of their rows had to be changed."""
    incidents = store.tables.incidents
    last = connection.execute(select(func.max(incidents.c.id))).scalar() or 0
    for start in range(0, last + 1, CHUNK):
        ids, cases = _cases(connection, store.tables, start)
        if len(cases):
            steps, _ = order_steps(len(cases), *_steps(connection, store.tables, start, ids))
            zone = store.city.zone
            verdict = judge(cases, steps, store.city.case_clock)
            settled = settle(connection, store.tables, ids, verdict)
            yield count(cases, steps, verdict, zone, branch), settled


def _cases(connection: Connection, tables: Tables, start: int) -> tuple[Millis, Cases]:
    table = tables.incidents
    columns = (
        table.c.id,
        iso_text(table.c.happened_at),
        iso_text(table.c.reported_at),
        table.c.channel,
        table.c.category,
        table.c.severity,
        func.coalesce(table.c.region_code, ""),
    )
    wanted = select(*columns).where(table.c.id >= start, table.c.id < start + CHUNK)
    rows = connection.execute(wanted.order_by(table.c.id)).all()
    ids, happened, reported, channel, category, severity, region = (
        zip(*rows, strict=True) if rows else [()] * 7
    )
    return np.array(ids, dtype=np.int64), Cases(
        to_millis(happened),
        to_millis(reported),
        np.array(channel, dtype=object),
        np.array(category, dtype=object),
        np.array(severity, dtype=np.int64),
        np.array(region, dtype=object),
    )


def _steps(
    connection: Connection, tables: Tables, start: int, ids: Millis
) -> tuple[Millis, Any, Millis]:
    table = tables.incident_stages
    columns = (table.c.incident_id, table.c.stage, iso_text(table.c.happened_at))
    within = (table.c.incident_id >= start, table.c.incident_id < start + CHUNK)
    rows = connection.execute(select(*columns).where(*within)).all()
    owners, stages, happened = zip(*rows, strict=True) if rows else ((), (), ())
    case = np.searchsorted(ids, np.array(owners, dtype=np.int64))
    return case, np.array([_STAGE_CODES[key] for key in stages], np.uint8), to_millis(happened)


def _hours_of_rows(
    connection: Connection, tables: Tables, branch: Branch, kept: datetime | None
) -> HourSums:
    sensors, observations = tables.sensors, tables.observations
    hour = iso_text(observations.c.observed_at, HOUR)
    value = observations.c.value
    per_region = (
        select(
            hour,
            sensors.c.region_code,
            sensors.c.metric,
            func.count(),
            func.sum(value),
            func.min(value),
            func.max(value),
        )
        .join(sensors, sensors.c.code == observations.c.sensor_code)
        .group_by(hour, sensors.c.region_code, sensors.c.metric)
    )
    if kept is not None:
        per_region = per_region.where(observations.c.observed_at >= kept)
    rows = connection.execute(per_region).all()
    hours, regions, metrics, *stats = zip(*rows, strict=True) if rows else [()] * 7
    return _merge(
        HourSums(
            np.array(hours, dtype="M8[h]").astype(np.int64),
            np.array([branch(code) for code in regions], dtype=object),
            np.array(metrics, dtype=object),
            np.array(stats[0], dtype=np.int64),
            *(np.array(column, dtype=np.float64) for column in stats[1:]),
        )
    )


def to_millis(texts: Any) -> Millis:
    """Return milliseconds since 1970-01-01 UTC of ISO texts without an offset."""
    return np.array(texts, dtype="M8[ms]").astype(np.int64)
