"""Which cases there are in a region, and what is known of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, func, select

from geo_data import rollups
from geo_data.histories import STAGE_INDEX, order_steps
from geo_data.instants import millis
from geo_data.queries.hindsight import (
    Moment,
    Row,
    as_known,
    moment,
    shown_columns,
    was_known,
    was_open,
)
from geo_data.queries.masking import mask
from geo_data.queries.places import codes_at_place, visible_places
from geo_data.records import Incident, Scope, Severity, Stage, StageChange, Window
from geo_data.regions import region_codes, region_tree, sees_region
from geo_data.store import Store
from geo_data.store.code_lists import one_of

Conditions = list[ColumnElement[bool]]

FIRST_SPAN = timedelta(days=1)
WIDEN = 8
LONG_DAYS = 3
"""Windows with more whole days than this are counted with the daily rollups."""


def incident(store: Store, scope: Scope, incident_id: int, at: datetime) -> Incident | None:
    """Return a case as known at ``at``; ``None`` if it was not known or may not be seen."""
    with store.read() as connection:
        found = _by_ids(store, scope, connection, [incident_id], moment(store, connection, at))
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
    return list(order.tolist())


def incidents(
    store: Store,
    scope: Scope,
    region_code: str,
    window: Window,
    at: datetime,
    *,
    limit: int = 50,
    offset: int = 0,
    open_only: bool = False,
    channel: str | None = None,
    category: str | None = None,
    severity: int | None = None,
) -> list[Incident]:
    """Return the cases of a region, newest reported first.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str
        With everything below it. The whole city's root includes cases outside its regions.
    window : Window
        When they were reported.
    at : datetime
        As known at this time.
    limit, offset : int
        Which part of the list.
    open_only : bool
        Cases open at ``at``, however long ago they were reported: only the end of ``window``
        counts then.
    channel, category, severity : optional
        Only such cases; ``category`` may be a major class (two digits).

    Returns
    -------
    list of Incident
        Empty for a region that may not be seen.
    """
    tree = region_tree(store, scope)
    if tree.get(region_code) is None:
        return []
    wanted = _traits(store, channel, category, severity)
    with store.read() as connection:
        now = moment(store, connection, at)
        search = _Search(store, scope, region_code, window, now, open_only)
        ids = search.newest(connection, wanted, limit + offset)[offset:]
        return _by_ids(store, scope, connection, ids, now)


def incident_count(
    store: Store,
    scope: Scope,
    region_code: str,
    window: Window,
    at: datetime,
    open_only: bool = False,
) -> int:
    """Count what :func:`incidents` would list without a limit."""
    tree = region_tree(store, scope)
    if tree.get(region_code) is None:
        return 0
    with store.read() as connection:
        now = moment(store, connection, at)
        return _Search(store, scope, region_code, window, now, open_only).count(connection)


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
        found = _by_ids(store, scope, connection, connection.scalars(newest), now)
    return [one for one in found if sees_region(store, scope, one.region_code)]


class _Search:
    """The cases of a region and window, as known at a moment."""

    def __init__(
        self,
        store: Store,
        scope: Scope,
        region_code: str,
        window: Window,
        now: Moment,
        open_only: bool,
    ) -> None:
        self._store = store
        self._scope = scope
        self._region_code = region_code
        self._table = store.tables.incidents
        self._codes = region_codes(region_tree(store, scope), region_code)
        self._window = window
        self._now = now
        self._open_only = open_only

    def newest(self, connection: Connection, wanted: Conditions, n: int) -> list[int]:
        """Return the ids of the ``n`` newest.

        A region's cases lie in as many runs of the index as it has regions below it: merging
        a year of them to show fifty is waste, so the span grows until enough are found.
        """
        if self._codes is None or self._open_only:
            return self._ids(connection, wanted, n, self._window.start)
        start = min(self._window.end, self._now.at)
        span = FIRST_SPAN
        while True:
            since = max(start - span, self._window.start)
            ids = self._ids(connection, wanted, n, since)
            if len(ids) == n or since == self._window.start:
                return ids
            span *= WIDEN

    def count(self, connection: Connection) -> int:
        start, end = self._window.start, self._window.end
        whole = None if self._open_only or not self._now.is_now else self._whole_days()
        if whole is None:
            return self._counted(connection, start, end)
        first_day, last_day = whole
        zone = self._store.city.zone
        counted = rollups.totals(self._store, self._scope, self._region_code, *whole)["reported"]
        counted += self._counted(connection, start, rollups.day_start(first_day, zone))
        return counted + self._counted(connection, rollups.day_start(last_day + 1, zone), end)

    def _whole_days(self) -> tuple[int, int] | None:
        """First and last of the whole local days in a long window: those are counted already."""
        zone = self._store.city.zone
        first_day = rollups.day_number(self._window.start - timedelta(milliseconds=1), zone) + 1
        last_day = rollups.day_number(self._window.end, zone) - 1
        return (first_day, last_day) if last_day - first_day >= LONG_DAYS else None

    def _counted(self, connection: Connection, start: datetime, end: datetime) -> int:
        conditions = self._conditions(start, end)
        return connection.scalar(select(func.count()).where(*conditions)) or 0

    def _ids(
        self, connection: Connection, wanted: Conditions, n: int, since: datetime
    ) -> list[int]:
        newest: Select[tuple[int]] = (
            select(self._table.c.id)
            .where(*self._conditions(since, self._window.end), *wanted)
            .order_by(self._table.c.reported_at.desc(), self._table.c.id.desc())
            .limit(n)
        )
        return list(connection.scalars(newest))

    def _conditions(self, since: datetime, until: datetime) -> Conditions:
        reported_at = self._table.c.reported_at
        conditions = [reported_at < until]
        if self._open_only:
            conditions.append(was_open(self._store, self._now))
        else:
            conditions += [reported_at >= since, was_known(self._store, self._now)]
        if self._codes is not None:
            conditions.append(one_of(self._table.c.region_code, self._codes))
        return conditions


def _traits(
    store: Store, channel: str | None, category: str | None, severity: int | None
) -> Conditions:
    table = store.tables.incidents
    wanted: Conditions = []
    if channel is not None:
        wanted.append(table.c.channel == channel)
    if category is not None:
        wanted.append(table.c.category.startswith(category, autoescape=True))
    if severity is not None:
        wanted.append(table.c.severity == int(severity))
    return wanted


def _by_ids(
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
