"""Cases as they were known at some moment, without what was learned later.

The tables hold what is known now; the append-only stage history holds when each step was
learned. Mostly the moment asked about is the present and nothing needs undoing: that way costs
one comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from geo_data.case_stages import LIFE
from geo_data.histories import (
    STAGE_INDEX,
    STAGES,
    Cases,
    Steps,
    judge,
    known_instant,
    order_steps,
)
from geo_data.instants import millis
from geo_data.records import Stage
from geo_data.rollups.known_then import changed_since, is_past
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.tables import ENDED_KEYS

_NO_TIME = np.zeros(len(STAGES), dtype=np.int64)
_RANK = {
    STAGES[index]: rank
    for rank, index in enumerate(
        order_steps(1, _NO_TIME, np.arange(len(STAGES), dtype=np.uint8), _NO_TIME)[1].tolist()
    )
}
"""Which of two steps in the same millisecond is the later one."""

Row = dict[str, Any]
"""Columns of one incident."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time to look from.

    Parameters
    ----------
    at : datetime
        Aware.
    is_now : bool
        Whether everything in the store was known then.
    changed : dict or None
        Cases of which something was learned since, by id, as they were known then (``None``
        for those not known at all); ``None`` where they are too many to tell.
    """

    at: datetime
    is_now: bool
    changed: Mapping[int, Row | None] | None


def moment(store: Store, connection: Connection, at: datetime) -> Moment:
    """Find out what was learned after ``at``.

    The time of the newest change is the ``updated_at`` of the layer ``incidents``, which the
    ingest transaction writes; what changed since is read off the end of the change log.
    """
    if not is_past(store, at):
        return Moment(at, True, {})
    ids = changed_since(store, connection, at)
    if ids is None:
        return Moment(at, False, None)
    incidents = store.tables.incidents
    rows = connection.execute(
        select(*shown_columns(store)).where(one_of(incidents.c.id, ids))
    ).mappings()
    found = [dict(row) for row in rows]
    known = {row["id"]: row for row in _undo(store, connection, found, at)}
    return Moment(at, False, {one: known.get(one) for one in ids})


def shown_columns(store: Store) -> list[Any]:
    """Return the columns of an incident without its geometry."""
    return [column for column in store.tables.incidents.c if column.name != "geom"]


def was_known(store: Store, moment: Moment) -> ColumnElement[bool]:
    """Return the condition that a case was known at the moment."""
    if moment.is_now:
        return true()
    return store.tables.incidents.c.recorded_at <= moment.at


def was_open(store: Store, moment: Moment) -> ColumnElement[bool]:
    """Return the condition that a case was known and open at the moment."""
    incidents = store.tables.incidents
    open_now = incidents.c.ended_at.is_(None)
    if moment.is_now:
        return open_now
    if moment.changed is None:
        stages = store.tables.incident_stages
        ended_since = select(stages.c.incident_id).where(
            stages.c.stage.in_([literal_column(f"'{key}'") for key in ENDED_KEYS]),
            stages.c.recorded_at > moment.at,
        )
        # Whoever is closed now and was open then was closed since: look at no others.
        # As one list: within an "or" a server would ask for it once for each month of its table.
        stood = union_all(select(incidents.c.id).where(open_now), ended_since)
        return and_(
            incidents.c.id.in_(stood),
            was_known(store, moment),
            last_stage(store, moment.at).not_in(ENDED_KEYS),
        )
    then_open = [
        one for one, row in moment.changed.items() if row is not None and row["ended_at"] is None
    ]
    unchanged = and_(open_now, ~one_of(incidents.c.id, moment.changed))
    return or_(unchanged, one_of(incidents.c.id, then_open))


def as_known(
    store: Store, connection: Connection, rows: Sequence[Row], moment: Moment
) -> list[Row]:
    """Return incidents as they were known; those not known then are left out."""
    if moment.is_now:
        return list(rows)
    if moment.changed is None:
        return _undo(store, connection, rows, moment.at)
    seen = (moment.changed.get(row["id"], row) for row in rows)
    return [row for row in seen if row is not None]


def last_stage(store: Store, at: datetime) -> ColumnElement[str]:
    """Return the stage of a case by the steps known at ``at``."""
    incidents, stages = store.tables.incidents, store.tables.incident_stages
    rank = case({str(stage): rank for stage, rank in _RANK.items()}, value=stages.c.stage)
    last = (
        select(stages.c.stage)
        .where(
            stages.c.incident_id == incidents.c.id,
            stages.c.recorded_at <= at,
            stages.c.stage.not_in(LIFE.beside),
        )
        .order_by(stages.c.happened_at.desc(), rank.desc())
        .limit(1)
        .scalar_subquery()
    )
    # Known without a step: found.
    return case((last.is_(None), str(Stage.FOUND)), else_=last)


def _undo(store: Store, connection: Connection, rows: Iterable[Row], at: datetime) -> list[Row]:
    known = [row for row in rows if row["recorded_at"] <= at]
    if not known:
        return []
    steps = _steps(store, connection, [row["id"] for row in known], at)
    verdict = judge(_cases(known), steps, store.city.case_clock)
    return [
        row
        | {
            "stage": str(STAGES[verdict.stage[index]]),
            "stage_at": known_instant(verdict.stage_ms[index]),
            "ended_at": known_instant(verdict.ended_ms[index]),
            "due_at": known_instant(verdict.due_ms[index]),
            "due_soon_at": known_instant(verdict.soon_ms[index]),
        }
        for index, row in enumerate(known)
    ]


def _steps(store: Store, connection: Connection, ids: Sequence[int], at: datetime) -> Steps:
    stages = store.tables.incident_stages
    found = connection.execute(
        select(stages.c.incident_id, stages.c.stage, stages.c.happened_at).where(
            one_of(stages.c.incident_id, ids), stages.c.recorded_at <= at
        )
    ).all()
    place = {one: index for index, one in enumerate(ids)}
    case_of = np.array([place[one] for one, _, _ in found], dtype=np.int64)
    stage = np.array([STAGE_INDEX[Stage(key)] for _, key, _ in found], dtype=np.uint8)
    at_ms = np.array([millis(when) for _, _, when in found], dtype=np.int64)
    return order_steps(len(ids), case_of, stage, at_ms)[0]


def _cases(rows: Sequence[Row]) -> Cases:
    def strings(name: str) -> npt.NDArray[np.object_]:
        return np.array([row[name] or "" for row in rows], dtype=object)

    def times(name: str) -> npt.NDArray[np.int64]:
        return np.array([millis(row[name]) for row in rows], dtype=np.int64)

    return Cases(
        happened_ms=times("happened_at"),
        reported_ms=times("reported_at"),
        channel=strings("channel"),
        category=strings("category"),
        severity=np.array([row["severity"] for row in rows], dtype=np.int64),
        region_code=strings("region_code"),
    )
