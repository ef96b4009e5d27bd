"""Cases and their steps out of the store, as columns."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, func, select

from geo_data.histories import STAGE_INDEX, Cases, Rows, Steps, order_steps
from geo_data.rollups.rows import to_millis
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.column_types import iso_text

_STAGE_NUMBERS = {str(stage): number for stage, number in STAGE_INDEX.items()}


def read_cases(
    store: Store,
    connection: Connection,
    chosen: ColumnElement[bool],
    known_at: datetime | None = None,
) -> tuple[Rows, Cases]:
    """Return the ids, ascending, and the cases of a condition that were known at a moment."""
    table = store.tables.incidents
    if known_at is not None:
        chosen = and_(chosen, table.c.recorded_at <= known_at)
    columns = (
        *(table.c.id, iso_text(table.c.happened_at), iso_text(table.c.reported_at)),
        *(table.c.channel, table.c.category, table.c.severity),
        func.coalesce(table.c.region_code, ""),
    )
    rows = connection.execute(select(*columns).where(chosen).order_by(table.c.id)).all()
    ids, happened, reported, *traits, region = zip(*rows, strict=True) if rows else [()] * 7
    channel, category, severity = traits
    return np.array(ids, dtype=np.int64), Cases(
        to_millis(happened),
        to_millis(reported),
        np.array(channel, dtype=object),
        np.array(category, dtype=object),
        np.array(severity, dtype=np.int64),
        np.array(region, dtype=object),
    )


def read_steps(
    store: Store, connection: Connection, ids: Rows, known_at: datetime | None = None
) -> Steps:
    """Return the steps of the cases known at a moment, in order; ``ids`` ascend."""
    table = store.tables.incident_stages
    columns = (table.c.incident_id, table.c.stage, iso_text(table.c.happened_at))
    mine = one_of(table.c.incident_id, ids.tolist())
    if known_at is not None:
        mine = and_(mine, table.c.recorded_at <= known_at)
    rows = connection.execute(select(*columns).where(mine)).all()
    owners, stages, happened = zip(*rows, strict=True) if rows else [()] * 3
    case = np.searchsorted(ids, np.array(owners, dtype=np.int64))
    stage = np.array([_STAGE_NUMBERS[key] for key in stages], dtype=np.uint8)
    return order_steps(len(ids), case, stage, to_millis(happened))[0]


def _columns(cases: Cases) -> list[np.ndarray[Any, Any]]:
    return [getattr(cases, each.name) for each in fields(cases)]


def merged(*parts: tuple[Rows, Cases]) -> tuple[Rows, Cases]:
    """Return cases of several readings, none of which is in two, by their ids."""
    ids = np.concatenate([part for part, _ in parts])
    order = np.argsort(ids)
    columns = zip(*(_columns(cases) for _, cases in parts), strict=True)
    return ids[order], Cases(*(np.concatenate(column)[order] for column in columns))
