"""How long rows are kept, and the months to come: what a store needs done once a day.

Whole UTC months are dropped. A server's observations go with their part of the table; cases go
with their steps, which are not cut by month, in portions, so that no writer waits for long. The
rollups stay: what was counted was published. A case goes only when everything that it counted
lies before the mark, so the days after it can still be counted anew from the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, or_, select

from geo_data.rollups.changed import let_rest
from geo_data.rollups.rows import log_change
from geo_data.store import Store, note_layer
from geo_data.store.code_lists import one_of
from geo_data.store.kept import Dropped, keep_from
from geo_data.store.months import drop_months, month_of, settle_months

CASES = 5_000
"""Cases dropped by one transaction, with some seven steps each."""
FOLLOWED = timedelta(days=1)
"""A process in which nobody asked for so long reads the counts anew."""
OBSERVATIONS = 50_000
"""Observations dropped by one transaction, or all the old ones of one sensor if it has more."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was done.

    Attributes
    ----------
    made, dropped : list of str
        Months of a server's tables.
    cases, observations, alarms : int
        Rows dropped one by one, those of dropped months not among them.
    """

    made: list[str]
    dropped: list[str]
    cases: int = 0
    observations: int = 0
    alarms: int = 0


def keep_up(
    store: Store,
    at: datetime,
    observations_days: int | None = None,
    incidents_days: int | None = None,
) -> Upkeep:
    """Make the months to come, and drop what need not be kept any longer.

    Parameters
    ----------
    store : Store
    at : datetime
        Now, aware.
    observations_days, incidents_days : int, optional
        How long observations are kept, and cases after they were reported; everything where
        absent. A month goes when all of it is older. A case stays until the month in which it
        ended, fell due and last moved is older too; an open one stays. Alarms go with the cases,
        by the month in which they were cleared.

    Raises
    ------
    InputError
        Exit code 3: the store is locked or out of reach. What is done stays done, the rest is
        done the next time.
    """
    tables = store.tables
    with store.write() as connection:
        made = [
            part
            for table in (tables.observations, tables.incidents)
            for part in settle_months(connection, table, at)
        ]
    let_rest(store, at - FOLLOWED)
    done = Upkeep(made, [])
    if observations_days is not None:
        done = _drop_observations(store, done, month_of(at - timedelta(observations_days)), at)
    if incidents_days is not None:
        done = _drop_cases(store, done, month_of(at - timedelta(incidents_days)), at)
    return done


def _drop_observations(store: Store, done: Upkeep, before: datetime, at: datetime) -> Upkeep:
    table = store.tables.observations
    with store.write() as connection:
        before = keep_from(connection, store.tables, "observations", before)
        parts = drop_months(connection, table, before)
    dropped = 0
    for codes in _portions(_old_sensors(store, before)):
        with store.write() as connection:
            old = one_of(table.c.sensor_code, codes) & (table.c.observed_at < before)
            dropped += connection.execute(delete(table).where(old)).rowcount
    if parts or dropped:
        _tell(store, "observations", at)
    return Upkeep(done.made, [*done.dropped, *parts], observations=dropped)


def _old_sensors(store: Store, before: datetime) -> list[tuple[str, int]]:
    """Return the sensors that have observations from before a time, and how many."""
    table, readings = store.tables.observations, store.tables.readings
    # By sensor: that is how they lie on disk, and every one that was ever read is at hand.
    mine = (table.c.sensor_code == readings.c.sensor_code) & (table.c.observed_at < before)
    old = select(func.count()).select_from(table).where(mine).correlate(readings).scalar_subquery()
    with store.read() as connection:
        rows = connection.execute(select(readings.c.sensor_code, old)).all()
    return [(code, n) for code, n in rows if n]


def _portions(sensors: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    codes: list[str] = []
    total = 0
    for code, n in sensors:
        if codes and total + n > OBSERVATIONS:
            yield codes
            codes, total = [], 0
        codes.append(code)
        total += n
    if codes:
        yield codes


def _drop_cases(store: Store, done: Upkeep, before: datetime, at: datetime) -> Upkeep:
    with store.write() as connection:
        before = keep_from(connection, store.tables, "incidents", before)
    dropped = 0
    while n := _drop_some_cases(store, before):
        dropped += n
    with store.write() as connection:
        pending = store.tables.pending_stages
        # Steps of cases that were dropped, told again; the others had time enough.
        old = (pending.c.happened_at < before) & (pending.c.recorded_at < before)
        connection.execute(delete(pending).where(old))
        parts = drop_months(connection, store.tables.incidents, before, only_empty=True)
    if dropped:
        _tell(store, "incidents", at)
    alarms = 0
    while n := _drop_some_alarms(store, before, at):
        alarms += n
    return Upkeep(done.made, [*done.dropped, *parts], dropped, done.observations, alarms)


def _drop_some_alarms(store: Store, before: datetime, at: datetime) -> int:
    alarms, steps = store.tables.alarms, store.tables.alarm_steps
    # The newest number stays, or it would be given once more.
    newest = select(func.max(alarms.c.id)).scalar_subquery()
    old = select(alarms.c.id).where(alarms.c.cleared_at < before, alarms.c.id < newest)
    with store.write() as connection:
        ids = connection.scalars(old.limit(CASES)).all()
        if ids:
            connection.execute(delete(steps).where(one_of(steps.c.alarm_id, ids)))
            connection.execute(delete(alarms).where(one_of(alarms.c.id, ids)))
            note_layer(connection, store.tables, "alarms", at=at)
    return len(ids)


def _drop_some_cases(store: Store, before: datetime) -> int:
    cases, steps = store.tables.incidents, store.tables.incident_stages
    # The newest number stays, or it would be given once more.
    newest = select(func.max(cases.c.id)).scalar_subquery()
    old = select(cases.c.id).where(_is_past(store, before), cases.c.id < newest).limit(CASES)
    with store.write() as connection:
        ids = connection.scalars(old).all()
        if ids:
            connection.execute(delete(steps).where(one_of(steps.c.incident_id, ids)))
            connection.execute(delete(cases).where(one_of(cases.c.id, ids)))
    return len(ids)


def _is_past(store: Store, before: datetime) -> ColumnElement[bool]:
    """Cases of which nothing counts on ``before`` or later; ``stage_at`` is their last step's."""
    case = store.tables.incidents.c
    return and_(
        case.reported_at < before,
        case.ended_at.is_not(None),
        case.stage_at < before,
        or_(case.due_at.is_(None), case.due_at < before),
    )


def _tell(store: Store, table: Dropped, at: datetime) -> None:
    """Have whoever keeps rows in memory read them again."""
    layer = "readings" if table == "observations" else table
    with store.write() as connection:
        version = note_layer(connection, store.tables, layer, at=at)
        log_change(connection, store.tables, "layers", {"layer": layer, "version": version}, at)
