"""What is known of a case, or of the cases at a place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import Connection, select

from geo_data.histories import STAGE_INDEX, order_steps
from geo_data.instants import millis
from geo_data.queries.hindsight import (
    Moment,
    Row,
    as_known,
    moment,
    shown_columns,
    was_known,
)
from geo_data.queries.masking import mask
from geo_data.queries.places import codes_at_place, visible_places
from geo_data.records import Incident, Scope, Severity, Stage, StageChange
from geo_data.regions import sees_region
from geo_data.store import Store
from geo_data.store.code_lists import one_of


def incident(store: Store, scope: Scope, incident_id: int, at: datetime) -> Incident | None:
    """Return a case as known at ``at``; ``None`` if it was not known or may not be seen."""
    with store.read() as connection:
        found = by_ids(store, scope, connection, [incident_id], moment(store, connection, at))
    return found[0] if found and sees_region(store, scope, found[0].region_code) else None


def stages(store: Store, scope: Scope, incident_id: int, at: datetime) -> list[StageChange]:
    """Return the steps of a case in order, those learned by ``at`` only."""
    if incident(store, scope, incident_id, at) is None:
        return []
    table = store.tables.incident_stages
    with store.read() as connection:
        rows = connection.execute(
            select(table).where(table.c.incident_id == incident_id, table.c.recorded_at <= at)
        ).all()
    found = [
        StageChange(Stage(row.stage), row.happened_at, row.recorded_at, row.actor, row.note)
        for row in rows
    ]
    return [mask(found[index], scope) for index in _order(found)]


def _order(found: Sequence[StageChange]) -> list[int]:
    keys = np.array([STAGE_INDEX[change.stage] for change in found], dtype=np.uint8)
    at_ms = np.array([millis(change.happened_at) for change in found], dtype=np.int64)
    order = order_steps(1, np.zeros(len(found), dtype=np.int64), keys, at_ms)[1]
    # What was noted stands among the steps where it happened.
    return list(order[np.argsort(at_ms[order], kind="stable")].tolist())


def incidents_of_place(
    store: Store, scope: Scope, place_code: str, at: datetime, limit: int = 20
) -> list[Incident]:
    """Return the cases at a place or at what stands in it, newest reported first."""
    codes = codes_at_place(store, scope, place_code)
    if not codes:
        return []
    table = store.tables.incidents
    with store.read() as connection:
        now = moment(store, connection, at)
        newest = (
            select(table.c.id)
            .where(one_of(table.c.place_code, codes), was_known(store, now))
            .order_by(table.c.reported_at.desc(), table.c.id.desc())
            .limit(limit)
        )
        found = by_ids(store, scope, connection, connection.scalars(newest), now)
    return [one for one in found if sees_region(store, scope, one.region_code)]


def incidents_by_ids(
    store: Store, scope: Scope, ids: Iterable[int], at: datetime
) -> list[Incident]:
    """Return those of some cases that were known at ``at`` and may be seen, in their order."""
    with store.read() as connection:
        found = by_ids(store, scope, connection, ids, moment(store, connection, at))
    return [one for one in found if sees_region(store, scope, one.region_code)]


def by_ids(
    store: Store, scope: Scope, connection: Connection, ids: Iterable[int], now: Moment
) -> list[Incident]:
    """Return cases in the order of ``ids``, as known then; a hidden place is left unnamed."""
    ids = list(ids)
    found = connection.execute(
        select(*shown_columns(store)).where(one_of(store.tables.incidents.c.id, ids))
    ).mappings()
    rows = as_known(store, connection, [dict(row) for row in found], now)
    known = {row["id"]: row for row in rows}
    shown = visible_places(store, scope, connection, [row["place_code"] for row in rows])
    return [mask(_record(known[one], shown), scope) for one in ids if one in known]


def _record(row: Row, shown: frozenset[str] | None) -> Incident:
    if shown is not None and row["place_code"] not in shown:
        row = row | {"place_code": None}
    return Incident(**row | {"severity": Severity(row["severity"]), "stage": Stage(row["stage"])})
