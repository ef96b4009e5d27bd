"""Alarms as they were known at any time, out of their append-only steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, and_, or_, select

from geo_data.ladders import WarningLevel
from geo_data.queries.masking import mask
from geo_data.records import Alarm, AlarmChange, AlarmStep, Scope
from geo_data.regions import RegionTree, region_tree
from geo_data.store import Store

Counts = npt.NDArray[np.int64]

_CALLS = (AlarmChange.RAISED, AlarmChange.WORSENED)
_NEVER_ABOVE = max(int(level) for level in WarningLevel)


def alarms(store: Store, scope: Scope, region_code: str | None, at: datetime) -> list[Alarm]:
    """Return the alarms that were up at a time as far as was known then, highest first.

    Unacknowledged ones come before acknowledged ones of their level, and of those the newest.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str or None
        With everything below it; the viewer's root unless said. An alarm of a whole line belongs
        to the city's root.
    at : datetime
        What was learned later is not known.
    """
    table = store.tables.alarms
    up = and_(table.c.raised_at <= at, or_(table.c.cleared_at.is_(None), table.c.cleared_at > at))
    tree = region_tree(store, scope)
    region = region_code or tree.root.code
    found = [one for one in _read(store, up, at) if _is_seen(scope, tree, region, one)]
    return [_masked(one, scope) for one in sorted(found, key=_urgency)]


def alarm(store: Store, scope: Scope, alarm_id: int, at: datetime) -> Alarm | None:
    """Return one alarm as known at a time, over or not; ``None`` where it may not be seen."""
    table = store.tables.alarms
    tree = region_tree(store, scope)
    mine = and_(table.c.id == alarm_id, table.c.raised_at <= at)
    found = [one for one in _read(store, mine, at) if _is_seen(scope, tree, tree.root.code, one)]
    return _masked(found[0], scope) if found else None


def alarms_of_sensor(store: Store, scope: Scope, sensor_code: str, at: datetime) -> list[Alarm]:
    """Return the alarms of a sensor that were up at a time, highest first."""
    found = alarms(store, scope, None, at)
    return [one for one in found if one.sensor_code == sensor_code]


def alarm_counts(store: Store, scope: Scope, region_code: str | None, at: datetime) -> Counts:
    """Count the alarms of a region that were up at a time.

    Returns
    -------
    int64, shape (5,)
        By level; the first, which is no level, is 0.
    """
    levels = [int(one.level) for one in alarms(store, scope, region_code, at)]
    counts: Counts = np.bincount(levels, minlength=_NEVER_ABOVE + 1)
    return counts


def _masked(one: Alarm, scope: Scope) -> Alarm:
    """Withhold who did something, where a scope withholds actors."""
    if "actor" not in scope.masked:
        return one
    hidden = Scope(masked=frozenset({"who", "acknowledged_by"}))
    steps = tuple(mask(step, hidden) for step in one.steps)
    return replace(mask(one, hidden), steps=steps)


def _urgency(one: Alarm) -> tuple[int, bool, float, int]:
    return (
        int(one.level),
        one.acknowledged_at is not None,
        -one.called_at.timestamp(),
        -one.id,
    )


def _is_seen(scope: Scope, tree: RegionTree, region_code: str, one: Alarm) -> bool:
    if not scope.sees_kind(one.kind):
        return False
    if one.region_code is None:
        return tree.is_whole_city and region_code == tree.root.code
    if tree.get(one.region_code) is None or tree.get(region_code) is None:
        return False
    return bool(tree.within(tree.order([one.region_code]), region_code)[0])


def _read(store: Store, wanted: ColumnElement[bool], at: datetime) -> Iterator[Alarm]:
    """Read alarms and their steps by one statement."""
    table, steps = store.tables.alarms, store.tables.alarm_steps
    names = ("rule", "sensor_code", "kind", "unit", "region_code", "lon", "lat")
    statement = (
        select(
            table.c.id,
            *(table.c[name] for name in names),
            table.c.raised_at,
            steps.c.step,
            steps.c.at,
            steps.c.level,
            steps.c.value,
            steps.c.since_at,
            steps.c.who,
            steps.c.note,
        )
        .join(steps, steps.c.alarm_id == table.c.id)
        .where(wanted, steps.c.at <= at)
        .order_by(table.c.id, steps.c.number)
    )
    with store.read() as connection:
        rows = connection.execute(statement).all()
    for _, told in groupby(rows, key=lambda row: row.id):
        yield _alarm(list(told))


def _alarm(rows: Sequence[Any]) -> Alarm:
    """Put together what the steps say."""
    first = rows[0]
    steps = tuple(
        AlarmStep(
            AlarmChange(row.step), row.at, WarningLevel(row.level), row.value, row.who, row.note
        )
        for row in rows
    )
    called = max(row for row, step in enumerate(steps) if step.change in _CALLS)
    since = steps[called:]
    seen = next((one for one in since if one.change is AlarmChange.ACKNOWLEDGED), None)
    values = [one.value for one in steps if one.value is not None]
    opened = next((one.note for one in steps if one.change is AlarmChange.OPENED), None)
    over = next((one.at for one in steps if one.change is AlarmChange.CLEARED), None)
    return Alarm(
        id=first.id,
        rule=first.rule,
        sensor_code=first.sensor_code or None,
        kind=first.kind,
        unit=first.unit,
        region_code=first.region_code,
        lon=first.lon,
        lat=first.lat,
        level=steps[-1].level,
        value=values[-1] if values else None,
        since_at=rows[-1].since_at,
        raised_at=first.raised_at,
        called_at=steps[called].at,
        escalated=sum(one.change is AlarmChange.ESCALATED for one in since),
        acknowledged_at=seen.at if seen else None,
        acknowledged_by=seen.who if seen else None,
        case_code=opened,
        cleared_at=over,
        steps=steps,
    )
