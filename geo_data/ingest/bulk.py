"""History in bulk: whole years of cases and observations as columns, in one transaction.

The same judging and counting as :func:`geo_data.ingest.apply.apply`, so that loading a history
and receiving it message by message leave the same store. A case is placed by its position, else by
the region named; addresses and names of places are looked up only for what is received.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy import Connection, Table, func, select

from geo_data.dictionaries import categories, channels
from geo_data.histories import (
    STAGES,
    Cases,
    Flags,
    Rows,
    Steps,
    Strings,
    Verdict,
    judge,
    order_steps,
)
from geo_data.ingest.case_rows import KEYS, Judged, strings, write_incidents, write_steps
from geo_data.ingest.place import Ground, ground_of
from geo_data.ingest.readings import Batch, catalog_of, implausible, plausible, take
from geo_data.ingest.times import frame_ms, to_grain
from geo_data.instants import instant
from geo_data.rollups.changed import LONG_AGO, tell_from
from geo_data.rollups.contributions import count
from geo_data.rollups.rows import add_counts, log_change
from geo_data.rollups.verdicts import note_clock
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.inserts import without_indexes
from geo_data.store.layer_rows import note_layer
from geo_data.store.tables import Tables
from geo_data.working_time import Millis

Part = tuple[pd.DataFrame, pd.DataFrame]
"""Cases and their steps."""


def bulk_load(
    store: Store, incidents: pd.DataFrame, stages: pd.DataFrame, received_at: datetime
) -> int:
    """Load cases that the store does not hold yet, with their histories.

    Parameters
    ----------
    store : Store
    incidents : DataFrame
        ``source, source_id, code, title, channel, category, severity, happened_at, reported_at,
        lon, lat``; optionally ``region_code`` (used where there is no position), ``place_code``
        (wins over the place found), ``address`` and ``recorded_at`` (when it was learned;
        ``reported_at`` unless said). Times are aware.
    stages : DataFrame
        ``incident`` (row of the other frame, from 0), ``stage``, ``happened_at``; optionally
        ``actor``, ``note`` and ``recorded_at`` (``happened_at`` unless said).
    received_at : datetime
        Now, aware.

    Returns
    -------
    int
        How many cases were loaded.

    Raises
    ------
    ValueError
        A column holds what no dictionary knows, or naive times; a case is there twice, or the
        store holds it already; nothing was written.
    """
    return bulk_load_parts(store, [(incidents, stages)], received_at)


def bulk_load_parts(store: Store, parts: Iterable[Part], received_at: datetime) -> int:
    """Load more cases than memory holds at once, in one transaction: all of them or none.

    Parameters
    ----------
    store : Store
    parts : iterable of (incidents, stages)
        Each as :func:`bulk_load` takes them; asked for one after the other.
    received_at : datetime
        Now, aware.

    Returns
    -------
    int
        How many cases were loaded.

    Raises
    ------
    ValueError
        As :func:`bulk_load`, of any part; nothing was written.
    """
    received_at = to_grain(received_at)
    ground = ground_of(store)
    judged = (_judged(store, ground, *part) for part in parts)
    # The first is judged before other writers are made to wait.
    first = next(judged, None)
    if first is None:
        return 0
    tables, loaded = store.tables, 0
    with store.write() as connection:
        store.expect_load(connection)
        is_empty = connection.scalar(select(tables.incidents.c.id).limit(1)) is None
        filled = _filled(tables) if is_empty else ()
        with without_indexes(connection, *filled):
            for part in chain([first], judged):
                seq = _write(connection, store, part, received_at)
                # Of a store that is filled, nobody has to be told row by row.
                add_counts(connection, tables, part.counts, LONG_AGO if is_empty else seq)
                if is_empty:
                    tell_from(connection, tables, seq)
                loaded += len(part.cases)
    store.checkpoint()
    return loaded


def _filled(tables: Tables) -> tuple[Table, ...]:
    counted = tables.rollup_region_day, tables.rollup_dimension_day
    return tables.incidents, tables.incident_stages, *counted


def _judged(store: Store, ground: Ground, incidents: pd.DataFrame, stages: pd.DataFrame) -> Judged:
    _check(incidents["channel"], channels())
    _check(incidents["category"], categories())
    _refuse_twice(incidents[["source", "source_id"]])
    _check(stages["stage"], {str(stage) for stage in STAGES})
    zone = store.city.zone
    spots = _spots(incidents, ground)
    spots["shapes"] = store.encoded(spots.pop("points"))
    cases = _cases(incidents, spots)
    steps, kept = _steps(stages, len(incidents))
    verdict = judge(cases, steps, store.city.case_clock)
    counts = count(cases, steps, verdict, zone, ground.branch)
    return Judged(incidents, stages.iloc[kept], spots, cases, steps, verdict, counts)


def _write(connection: Connection, store: Store, part: Judged, received_at: datetime) -> int:
    """Write cases and steps; return the number of the change."""
    tables = store.tables
    last_id = int(connection.execute(select(func.max(tables.incidents.c.id))).scalar() or 0)
    if last_id:
        _refuse_known(connection, tables, part.incidents)
    else:
        note_clock(connection, tables, store.city.case_clock)
    store.make_room(connection, tables.incidents, _ends(part.cases.reported_ms))
    write_incidents(connection, tables, part, last_id)
    write_steps(connection, tables, part, last_id)
    rows = last_id + len(part.cases)
    return _note(connection, tables, part.cases, part.verdict, rows, received_at)


def _note(
    connection: Connection,
    tables: Tables,
    cases: Cases,
    verdict: Verdict,
    rows: int,
    received_at: datetime,
) -> int:
    """Raise the version of the cases and tell the change log; returns the change's number."""
    latest = max(int(cases.reported_ms.max(initial=0)), int(verdict.stage_ms.max(initial=0)))
    data_at = min(instant(latest), received_at)
    version = note_layer(
        connection, tables, "incidents", at=received_at, data_at=data_at, rows=rows
    )
    body = {"layer": "incidents", "version": version}
    return log_change(connection, tables, "layers", body, received_at)


def bulk_observations(store: Store, frame: pd.DataFrame, received_at: datetime) -> int:
    """Load observations; those the store holds already are passed over.

    Parameters
    ----------
    store : Store
    frame : DataFrame
        ``sensor_code, observed_at`` (aware), ``value``; optionally ``received_at``
        (``observed_at`` unless said).
    received_at : datetime
        Now, aware.

    Returns
    -------
    int
        How many were new.

    Raises
    ------
    ValueError
        A sensor is not registered, or a value is not plausible; nothing was written.
    """
    catalog = catalog_of(store)
    _check(frame["sensor_code"], catalog.rows)
    codes, known = pd.factorize(frame["sensor_code"].to_numpy(dtype=object))
    rows = np.array([catalog.rows[code] for code in known], dtype=np.int64)
    batch = Batch(rows[codes], frame["value"].to_numpy(np.float64), frame_ms(frame["observed_at"]))
    bad = np.flatnonzero(~plausible(catalog, batch))
    if len(bad):
        raise ValueError(implausible(catalog, batch, int(bad[0])).sentence("en"))
    came_ms = frame_ms(frame["received_at"]) if "received_at" in frame else batch.observed_ms
    # One sensor's history lies together on disk: written in that order it is written once.
    order = np.lexsort((batch.observed_ms, catalog.codes[batch.sensor].astype(str)))
    with store.write() as connection:
        at = to_grain(received_at)
        store.make_room(connection, store.tables.observations, _ends(batch.observed_ms))
        stored = take(connection, store, catalog, batch.only(order), at, came_ms[order])
    store.checkpoint()
    return int(stored.new.sum())


def _ends(at_ms: Millis) -> list[datetime]:
    """Return the first and the last of some times, nothing of none."""
    return [instant(int(at_ms.min())), instant(int(at_ms.max()))] if len(at_ms) else []


def _check(values: pd.Series, known: Collection[str]) -> None:
    strange = sorted(set(values.unique()) - set(known))
    if strange:
        raise ValueError(f"column {values.name!r} holds {strange[0]!r}, which is not known")


def _refuse_twice(keys: pd.DataFrame) -> None:
    again = keys[keys.duplicated()]
    if len(again):
        source, source_id = again.iloc[0]
        raise ValueError(f"case {source_id!r} of {source!r} is there twice")


def _refuse_known(connection: Connection, tables: Tables, incidents: pd.DataFrame) -> None:
    """Refuse cases the store holds; a table cut by month has no key that could."""
    table = tables.incidents
    for source, mine in incidents.groupby("source"):
        same = (table.c.source == source, one_of(table.c.source_id, mine["source_id"]))
        known = connection.scalar(select(table.c.source_id).where(*same).limit(1))
        if known is not None:
            raise ValueError(f"case {known!r} of {source!r} would be there twice")


def _spots(incidents: pd.DataFrame, ground: Ground) -> dict[str, Any]:
    """Columns ``lon, lat, region_code, place_code, located_by`` and the points."""
    lon, lat = (incidents[name].to_numpy(np.float64) for name in ("lon", "lat"))
    known = np.isfinite(lon) & np.isfinite(lat)
    points = np.full(len(lon), None, dtype=object)
    points[known] = shapely.points(lon[known], lat[known])
    region, place = strings(incidents, "region_code"), strings(incidents, "place_code")
    region[known] = ground.regions_at(points[known])
    unnamed = known & pd.isna(place)
    place[unnamed] = ground.sites.find(points[unnamed])
    region[~known & pd.isna(region)] = ground.root_code
    located_by = np.where(known, "point", "region").astype(object)
    located_by[known & pd.isna(region)] = "outside"
    return {
        "lon": _or_none(lon, known),
        "lat": _or_none(lat, known),
        "region_code": region,
        "place_code": place,
        "located_by": located_by,
        "points": points,
    }


def _or_none(values: npt.NDArray[np.float64], known: Flags) -> Strings:
    objects: Strings = values.astype(object)
    objects[~known] = None
    return objects


def _cases(incidents: pd.DataFrame, spots: Mapping[str, Any]) -> Cases:
    region: Strings = spots["region_code"].copy()
    region[pd.isna(region)] = ""
    return Cases(
        frame_ms(incidents["happened_at"]),
        frame_ms(incidents["reported_at"]),
        incidents["channel"].to_numpy(dtype=object),
        incidents["category"].to_numpy(dtype=object),
        incidents["severity"].to_numpy(dtype=np.int64),
        region,
    )


def _steps(stages: pd.DataFrame, n_cases: int) -> tuple[Steps, Rows]:
    """Return the steps in order, repeats dropped, and which row of the frame each was."""
    case = stages["incident"].to_numpy(np.int64)
    codes, known = pd.factorize(stages["stage"].to_numpy(dtype=object))
    stage = np.array([KEYS.index(key) for key in known], dtype=np.uint8)[codes]
    at_ms = frame_ms(stages["happened_at"])
    steps, order = order_steps(n_cases, case, stage, at_ms)
    again: Flags = np.zeros(len(order), dtype=bool)
    again[1:] = (
        (np.diff(case[order]) == 0)
        & (np.diff(at_ms[order]) == 0)
        & (stage[order][1:] == stage[order][:-1])
    )
    if again.any():
        kept = order[~again]
        steps, inner = order_steps(n_cases, case[kept], stage[kept], at_ms[kept])
        order = kept[inner]
    return steps, order
