"""Writing the rollups: additions inside the ingest transaction, and the recount from the rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Table, Text, func, insert, select, type_coerce, update
from sqlalchemy.dialects import postgresql, sqlite

from geo_data.contributions import MEASURES, Counts, count
from geo_data.histories import STAGE_INDEX, STAGES, Cases, judge, order_steps
from geo_data.layer_rows import note_layer
from geo_data.records import FUNCTIONAL, Scope
from geo_data.regions import region_tree
from geo_data.store import Store
from geo_data.tables import Tables
from geo_data.working_time import Millis

Branch = Callable[[str], str]

CHUNK = 100_000
"""Cases counted at a time by a recount."""
NO_LOW = 1.7e308
"""The low of an hour without values; its high is the opposite."""
_STAGE_CODES = {str(stage): STAGE_INDEX[stage] for stage in STAGES}


def branches_of(store: Store) -> Mapping[str, str]:
    """Region code -> the region of the level below the root that holds it; the root is its own."""
    return store.cached("branches", store.stamp("regions"), lambda: _branches(store))


def _branches(store: Store) -> Mapping[str, str]:
    tree = region_tree(store, Scope.everything())
    chains = [tree.ancestors(one.code) for one in tree.regions() if one.level != FUNCTIONAL]
    return {chain[-1].code: chain[min(1, len(chain) - 1)].code for chain in chains}


def upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, for whichever store this is."""
    return (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(table)


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
    """Add to the daily rollups; ``seq`` is the change they belong to."""
    table = tables.rollup_region_day
    if len(counts):
        columns = dict(zip(MEASURES, counts.measures.T.tolist(), strict=True))
        _upsert_sums(
            connection,
            table,
            {"day": counts.days.tolist(), "region_code": counts.regions.tolist(), **columns},
            sums=MEASURES,
            seq=seq,
        )
    dimensions = counts.dimensions
    if len(dimensions):
        columns = {str(name): dimensions[name].tolist() for name in dimensions}
        _upsert_sums(connection, tables.rollup_dimension_day, columns, sums=("n",), seq=seq)


def add_hours(connection: Connection, tables: Tables, hours: pd.DataFrame, seq: int) -> None:
    """Add to the hourly rollup.

    Parameters
    ----------
    hours : DataFrame
        ``hour, region_code, metric, n, total, low, high``; each key once.
    seq : int
        The change they belong to.
    """
    if len(hours):
        columns = {str(name): hours[name].tolist() for name in hours}
        table = tables.rollup_metric_hour
        _upsert_sums(connection, table, columns, sums=("n", "total"), ends=True, seq=seq)


def _upsert_sums(
    connection: Connection,
    table: Table,
    columns: Mapping[str, list[Any]],
    *,
    sums: tuple[str, ...],
    seq: int,
    ends: bool = False,
) -> None:
    statement = upsert(connection, table)
    new = statement.excluded
    changed: dict[str, Any] = {name: table.c[name] + new[name] for name in sums}
    changed["changed_seq"] = new.changed_seq
    if ends:
        # SQLite's two-argument min and max are PostgreSQL's least and greatest.
        names = ("min", "max") if connection.dialect.name == "sqlite" else ("least", "greatest")
        for column, name in zip(("low", "high"), names, strict=True):
            changed[column] = getattr(func, name)(table.c[column], new[column])
    keys = list(table.primary_key.columns)
    given = {**columns, "changed_seq": [seq] * len(columns["region_code"])}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
    execute_rows(connection, statement, given)


def execute_rows(
    connection: Connection, statement: Any, columns: Mapping[str, Sequence[Any]]
) -> None:
    """Run an INSERT for many rows given as columns of what the driver itself understands.

    Leaves out the work per value that column types do: several times faster for plain numbers
    and text, wrong for anything else.
    """
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(columns))
    rows = list(zip(*(columns[name] for name in compiled.positiontup), strict=True))
    if rows:
        connection.exec_driver_sql(str(compiled), rows)


def group_hours(observed_ms: Millis, branches: Any, metrics: Any, values: Any) -> pd.DataFrame:
    """Group observations by UTC hour, branch region and metric.

    Parameters
    ----------
    observed_ms : int64, shape (n,)
    branches, metrics : array of str, shape (n,)
    values : float64, shape (n,)

    Returns
    -------
    DataFrame
        ``hour, region_code, metric, n, total, low, high``.
    """
    frame = pd.DataFrame(
        {
            "hour": observed_ms // 3_600_000,
            "region_code": branches,
            "metric": metrics,
            "value": values,
        }
    )
    grouped = frame.groupby(["hour", "region_code", "metric"], sort=False)["value"]
    return grouped.agg(n="count", total="sum", low="min", high="max").reset_index()


def recount(store: Store, at: datetime) -> None:
    """Build every rollup anew out of the rows, in one transaction.

    Needed when the regions were replaced; otherwise ingest keeps the rollups right. Rows whose
    count falls to nothing stay as zeros, so that whoever remembers the last change sees it.

    Parameters
    ----------
    store : Store
    at : datetime
        Now, aware.
    """
    tables, branches = store.tables, branches_of(store)

    def branch(code: str) -> str:
        return branches.get(code, "")

    with store.write() as connection:
        seq = log_change(connection, tables, "layers", {"layer": "rollups"}, at)
        _empty(connection, tables, seq)
        for counts in _counts_of_rows(connection, store, branch):
            add_counts(connection, tables, counts, seq)
        add_hours(connection, tables, _hours_of_rows(connection, tables, branch), seq)
        for layer in ("incidents", "readings"):
            note_layer(connection, tables, layer, at=at)


def _empty(connection: Connection, tables: Tables, seq: int) -> None:
    days, dimensions, hours = (
        tables.rollup_region_day,
        tables.rollup_dimension_day,
        tables.rollup_metric_hour,
    )
    zeros = dict.fromkeys(MEASURES, 0)
    connection.execute(update(days).values(**zeros, changed_seq=seq))
    connection.execute(update(dimensions).values(n=0, changed_seq=seq))
    # The first value to come is below this low and above this high.
    none = {"n": 0, "total": 0.0, "low": NO_LOW, "high": -NO_LOW}
    connection.execute(update(hours).values(**none, changed_seq=seq))


def _counts_of_rows(connection: Connection, store: Store, branch: Branch) -> Iterator[Counts]:
    incidents = store.tables.incidents
    last = connection.execute(select(func.max(incidents.c.id))).scalar() or 0
    for start in range(0, last + 1, CHUNK):
        ids, cases = _cases(connection, store.tables, start)
        if len(cases):
            steps, _ = order_steps(len(cases), *_steps(connection, store.tables, start, ids))
            zone = store.city.zone
            yield count(cases, steps, judge(cases, steps, zone), zone, branch)


def _cases(connection: Connection, tables: Tables, start: int) -> tuple[Millis, Cases]:
    table = tables.incidents
    columns = (
        table.c.id,
        _millis_text(table.c.happened_at),
        _millis_text(table.c.reported_at),
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
    columns = (table.c.incident_id, table.c.stage, _millis_text(table.c.happened_at))
    within = (table.c.incident_id >= start, table.c.incident_id < start + CHUNK)
    rows = connection.execute(select(*columns).where(*within)).all()
    owners, stages, happened = zip(*rows, strict=True) if rows else ((), (), ())
    case = np.searchsorted(ids, np.array(owners, dtype=np.int64))
    return case, np.array([_STAGE_CODES[key] for key in stages], np.uint8), to_millis(happened)


def _hours_of_rows(connection: Connection, tables: Tables, branch: Branch) -> pd.DataFrame:
    sensors, observations = tables.sensors, tables.observations
    hour = func.substr(type_coerce(observations.c.observed_at, Text), 1, 13).label("hour")
    value = observations.c.value
    per_sensor = (
        select(
            hour,
            sensors.c.region_code,
            sensors.c.metric,
            func.count().label("n"),
            func.sum(value).label("total"),
            func.min(value).label("low"),
            func.max(value).label("high"),
        )
        .join(sensors, sensors.c.code == observations.c.sensor_code)
        .group_by(hour, sensors.c.region_code, sensors.c.metric)
    )
    frame = pd.DataFrame(connection.execute(per_sensor).mappings().all())
    if frame.empty:
        return frame
    hours = np.array(frame["hour"].to_list(), dtype="M8[h]").astype(np.int64)
    frame = frame.assign(hour=hours, region_code=[branch(code) for code in frame["region_code"]])
    grouped = frame.groupby(["hour", "region_code", "metric"], sort=False, as_index=False)
    return grouped.agg({"n": "sum", "total": "sum", "low": "min", "high": "max"})


def _millis_text(column: Any) -> Any:
    # Text without the Z, which numpy reads a million times faster than datetime objects.
    return func.substr(type_coerce(column, Text), 1, 23)


def to_millis(texts: Any) -> Millis:
    """Return milliseconds since 1970-01-01 UTC of ISO texts without an offset."""
    return np.array(texts, dtype="M8[ms]").astype(np.int64)
