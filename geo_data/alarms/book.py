"""Alarms as they stand in the store, and what is written when something becomes of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, func, insert, select, update

from geo_data.alarms.judging import Standing
from geo_data.instants import instant, millis
from geo_data.ladders import WarningLevel
from geo_data.records import AlarmChange
from geo_data.rollups.rows import log_change
from geo_data.store import Store
from geo_data.store.layer_rows import note_layer
from geo_data.store.tables import Tables

LINE = ""
"""Sensor code of an alarm about all the sensors of a rule."""
Subject = tuple[str, str]
"""Key of the rule, and code of the sensor."""


@dataclass(frozen=True, slots=True)
class Place:
    """What an alarm is about, and where: kept with it, because sensors may go."""

    kind: str
    unit: str
    region_code: str | None = None
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class Up:
    """An alarm that is up; ``steps`` is the number of its last step."""

    id: int
    subject: Subject
    place: Place
    level: WarningLevel
    since_at: datetime
    raised_at: datetime
    called_at: datetime
    escalated: int
    acknowledged_at: datetime | None
    steps: int

    @property
    def standing(self) -> Standing:
        """Where its sensor stood when it was last judged."""
        return Standing(self.level, millis(self.since_at), float("nan"))


@dataclass(frozen=True, slots=True)
class Step:
    """Something that became of an alarm, to be written.

    Parameters
    ----------
    change : AlarmChange
    up : Up or None
        The alarm before; ``None`` where it is raised.
    subject, place
        Of it.
    standing : Standing or None
        Where its sensor stands now; ``None`` where that is not what has changed.
    who, note : str, optional
        As in :class:`geo_data.records.AlarmStep`.
    """

    change: AlarmChange
    up: Up | None
    subject: Subject
    place: Place
    standing: Standing | None = None
    who: str | None = None
    note: str | None = None


def alarms_up(connection: Connection, tables: Tables) -> dict[Subject, Up]:
    """Return the alarms that are up: a handful, whatever the size of the city."""
    table = tables.alarms
    rows = connection.execute(select(table).where(table.c.cleared_at.is_(None))).all()
    return {(row.rule, row.sensor_code): _up(row) for row in rows}


def _up(row: Any) -> Up:
    return Up(
        id=row.id,
        subject=(row.rule, row.sensor_code),
        place=Place(row.kind, row.unit, row.region_code, row.lon, row.lat),
        level=WarningLevel(row.level),
        since_at=row.since_at,
        raised_at=row.raised_at,
        called_at=row.called_at,
        escalated=row.escalated,
        acknowledged_at=row.acknowledged_at,
        steps=row.steps,
    )


def alarm_up(connection: Connection, tables: Tables, alarm_id: int) -> Up | None:
    """Return one alarm if it is up."""
    table = tables.alarms
    wanted = select(table).where(table.c.id == alarm_id, table.c.cleared_at.is_(None))
    row = connection.execute(wanted).one_or_none()
    return _up(row) if row else None


def difference(
    subject: Subject, place: Place, up: Up | None, standing: Standing | None
) -> Step | None:
    """Return what has become of an alarm, ``None`` for nothing."""
    if standing is None:
        return Step(AlarmChange.CLEARED, up, subject, place) if up else None
    if up is None:
        return Step(AlarmChange.RAISED, None, subject, place, standing)
    if standing.level is up.level:
        return None
    is_worse = standing.level.is_above(up.level)
    change = AlarmChange.WORSENED if is_worse else AlarmChange.EASED
    return Step(change, up, subject, place, standing)


def write_alarms(
    connection: Connection, store: Store, steps: Sequence[Step], at: datetime
) -> list[int]:
    """Write steps into the open transaction, one at most of each alarm.

    Returns
    -------
    list of int
        The alarm of each step.
    """
    if not steps:
        return []
    tables = store.tables
    last_id = int(connection.scalar(select(func.max(tables.alarms.c.id))) or 0)
    after: list[dict[str, Any]] = []
    for step in steps:
        if step.up is None:
            last_id += 1
        after.append(_after(step, step.up.id if step.up else last_id, at))
    _put(connection, tables, steps, after)
    rows = [_step_row(step, row, at) for step, row in zip(steps, after, strict=True)]
    connection.execute(insert(tables.alarm_steps), rows)
    told = [_told(step, row) for step, row in zip(steps, after, strict=True)]
    log_change(connection, tables, "alarms", {"rows": told}, at)
    note_layer(connection, tables, "alarms", at=at, data_at=at, rows=last_id)
    return [int(row["id"]) for row in after]


def _after(step: Step, alarm_id: int, at: datetime) -> dict[str, Any]:
    """Return the row of an alarm after a step."""
    row = _row(step.up) if step.up else _new(step, at)
    row |= {"id": alarm_id, "steps": row["steps"] + 1}
    if step.standing is not None:
        row |= {
            "level": int(step.standing.level),
            "since_at": instant(step.standing.since_ms),
        }
    if step.change is AlarmChange.WORSENED:
        # It calls again: what somebody has seen was not as bad.
        row |= {"called_at": at, "acknowledged_at": None, "escalated": 0}
    elif step.change is AlarmChange.ACKNOWLEDGED:
        row["acknowledged_at"] = at
    elif step.change is AlarmChange.ESCALATED:
        row["escalated"] += 1
    elif step.change is AlarmChange.CLEARED:
        row["cleared_at"] = at
    return row


def _row(up: Up) -> dict[str, Any]:
    return {
        "level": int(up.level),
        "since_at": up.since_at,
        "called_at": up.called_at,
        "escalated": up.escalated,
        "acknowledged_at": up.acknowledged_at,
        "cleared_at": None,
        "steps": up.steps,
    }


def _new(step: Step, at: datetime) -> dict[str, Any]:
    rule, sensor_code = step.subject
    place = step.place
    return {
        "rule": rule,
        "sensor_code": sensor_code,
        "kind": place.kind,
        "unit": place.unit,
        "region_code": place.region_code,
        "lon": place.lon,
        "lat": place.lat,
        "raised_at": at,
        "called_at": at,
        "escalated": 0,
        "acknowledged_at": None,
        "cleared_at": None,
        "steps": 0,
    }


def _put(
    connection: Connection,
    tables: Tables,
    steps: Sequence[Step],
    after: Sequence[dict[str, Any]],
) -> None:
    table = tables.alarms
    new = [row for step, row in zip(steps, after, strict=True) if step.up is None]
    changed = [row for step, row in zip(steps, after, strict=True) if step.up is not None]
    if changed:
        names = [name for name in changed[0] if name != "id"]
        statement = update(table).where(table.c.id == bindparam("row_id"))
        statement = statement.values({name: bindparam(f"new_{name}") for name in names})
        connection.execute(
            statement,
            [{"row_id": row["id"], **{f"new_{one}": row[one] for one in names}} for row in changed],
        )
    if new:
        connection.execute(insert(table), new)


def _step_row(step: Step, row: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    value = step.standing.value if step.standing else float("nan")
    return {
        "alarm_id": row["id"],
        "number": row["steps"],
        "step": str(step.change),
        "at": at,
        "level": row["level"],
        "value": value if np.isfinite(value) else None,
        "since_at": row["since_at"],
        "who": step.who,
        "note": step.note,
    }


def _told(step: Step, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the change log says of it."""
    rule, sensor_code = step.subject
    place = step.place
    return {
        "id": row["id"],
        "rule": rule,
        "sensor": sensor_code or None,
        "kind": place.kind,
        "region": place.region_code,
        "lon": place.lon,
        "lat": place.lat,
        "level": row["level"],
        "change": str(step.change),
        "acknowledged": row["acknowledged_at"] is not None,
    }
