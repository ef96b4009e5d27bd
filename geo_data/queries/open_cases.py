"""Where the open cases stand: as columns for the map, as counts for the indicators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Select, Subquery, and_, case, func, select, union

from geo_data.histories import STAGE_INDEX
from geo_data.instants import millis
from geo_data.queries.case_filter import EVERY_CASE, CaseFilter, Conditions, asked_for, standings
from geo_data.queries.hindsight import (
    Moment,
    Row,
    as_known,
    moment,
    shown_columns,
    was_known,
    was_open,
)
from geo_data.records import Scope, Severity, Stage, Window
from geo_data.regions import region_codes, region_tree
from geo_data.store import Store
from geo_data.store.code_lists import one_of

MOST = 5_000
"""More points than this say nothing on a map that the choropleth does not say better."""

_PLAIN = ("id", "lon", "lat", "severity", "stage", "reported_at", "region_code")


STANDING_COUNTS = ("open", "overdue", "due-soon")
"""In the order of :class:`OpenCount`."""


@dataclass(frozen=True, slots=True)
class IncidentPoints:
    """Cases as columns of shape (n,), for binary buffers.

    ``stage_index`` is the index in ``tuple(Stage)``; ``region_codes`` holds ``None`` for cases
    outside the city; ``reported_at`` is datetime64[ms] in UTC.
    """

    id: npt.NDArray[np.int64]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    severity: npt.NDArray[np.uint8]
    stage_index: npt.NDArray[np.uint8]
    overdue: npt.NDArray[np.bool_]
    reported_at: npt.NDArray[np.datetime64]
    region_codes: list[str | None]

    def __len__(self) -> int:
        return len(self.id)


class OpenCount(NamedTuple):
    """How many cases are open, how many of them past their time limit, and how many soon."""

    open: int
    overdue: int
    due_soon: int


class ChosenCounts(NamedTuple):
    """How many of the cases asked for the map draws in a region.

    ``by_severity`` counts those with a position; ``unplaced`` those without, which a list has
    and a map cannot have; ``is_whole`` is false where only the newest :data:`MOST` are drawn.
    """

    by_severity: Mapping[Severity, int]
    unplaced: int
    is_whole: bool


def open_incident_points(
    store: Store, scope: Scope, at: datetime, window: Window, only: CaseFilter = EVERY_CASE
) -> IncidentPoints:
    """Return the cases to draw: all that are open, and those reported in a window.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    at : datetime
        As known at this time.
    window : Window
        Cases reported in it are there even if they have ended: the newest :data:`MOST` of the
        city, since a year of them is a million.
    only : CaseFilter
        Only the cases that :func:`geo_data.queries.incidents` lists for it.

    Returns
    -------
    IncidentPoints
        By id; cases without a position are left out.
    """
    table = store.tables.incidents
    with store.read() as connection:
        now = moment(store, connection, at)
        drawn = _drawn(store, scope, _asked(store, connection, now, window, only))
        if now.is_now:
            # Thousands of rows at every look: only what is drawn, judged by the database.
            overdue = and_(table.c.ended_at.is_(None), func.coalesce(table.c.due_at < at, False))
            columns = [table.c[name] for name in _PLAIN]
            rows = connection.execute(drawn.with_only_columns(*columns, overdue)).all()
            return _points(list(zip(*rows, strict=True)) or [()] * (len(_PLAIN) + 1))
        found = connection.execute(drawn.with_only_columns(*shown_columns(store))).mappings()
        known = as_known(store, connection, [dict(row) for row in found], now)
    late = ["overdue" in standings(row, at) for row in known]
    return _points([*([row[name] for row in known] for name in _PLAIN), late])


def chosen_counts(
    store: Store, scope: Scope, region_code: str, window: Window, at: datetime, only: CaseFilter
) -> ChosenCounts:
    """Count what :func:`open_incident_points` draws for a filter in a region, by severity.

    Together with the unplaced ones they are the cases that
    :func:`geo_data.queries.incidents` lists.
    """
    tree, table = region_tree(store, scope), store.tables.incidents
    if tree.get(region_code) is None:
        return ChosenCounts(dict.fromkeys(Severity, 0), 0, True)
    with store.read() as connection:
        asked = _asked(store, connection, moment(store, connection, at), window, only)
        placed = table.c.lon.is_not(None)
        counted = select(table.c.severity, placed, func.count()).where(table.c.id.in_(asked))
        codes = region_codes(tree, region_code)
        if codes is not None:
            counted = counted.where(one_of(table.c.region_code, codes))
        rows = connection.execute(counted.group_by(table.c.severity, placed)).all()
        most = connection.scalar(select(func.count()).select_from(asked.subquery())) or 0
    by_severity = dict.fromkeys(Severity, 0)
    by_severity |= {Severity(severity): n for severity, is_placed, n in rows if is_placed}
    unplaced = sum(n for _, is_placed, n in rows if not is_placed)
    return ChosenCounts(by_severity, unplaced, only.is_of_open_cases or most < MOST)


def _asked(
    store: Store, connection: Connection, now: Moment, window: Window, only: CaseFilter
) -> Select[Any]:
    """Choose the ids: one branch per index, SQLite would read the whole table for an "or"."""
    table = store.tables.incidents
    wanted = asked_for(store, connection, only, now)
    if only.is_of_open_cases:
        return select(table.c.id).where(*wanted, table.c.reported_at < window.end)
    newest = newest_reported(store, now, window, wanted)
    if not only.is_empty:
        return select(newest.c.id)
    both = union(select(table.c.id).where(was_open(store, now)), select(newest.c.id)).subquery()
    return select(both.c.id)


def _drawn(store: Store, scope: Scope, asked: Select[Any]) -> Select[Any]:
    tree = region_tree(store, scope)
    table = store.tables.incidents
    drawn = select(table).where(table.c.id.in_(asked), table.c.lon.is_not(None))
    codes = region_codes(tree, tree.root.code)
    if codes is not None:
        drawn = drawn.where(one_of(table.c.region_code, codes))
    return drawn.order_by(table.c.id)


def newest_reported(
    store: Store, now: Moment, window: Window, wanted: Conditions | None = None
) -> Subquery:
    """Return the ids of the newest :data:`MOST` cases of the city that a window holds."""
    table = store.tables.incidents
    return (
        select(table.c.id)
        .where(
            table.c.reported_at >= window.start,
            table.c.reported_at < window.end,
            *([was_known(store, now)] if wanted is None else wanted),
        )
        .order_by(table.c.reported_at.desc(), table.c.id.desc())
        .limit(MOST)
        .subquery()
    )


def _points(columns: Sequence[Sequence[Any]]) -> IncidentPoints:
    ids, lon, lat, severity, stage, reported_at, region_codes, overdue = columns
    return IncidentPoints(
        id=np.array(ids, dtype=np.int64),
        lon=np.array(lon, dtype=np.float64),
        lat=np.array(lat, dtype=np.float64),
        severity=np.array(severity, dtype=np.uint8),
        stage_index=np.array([STAGE_INDEX[Stage(key)] for key in stage], dtype=np.uint8),
        overdue=np.array(overdue, dtype=bool),
        reported_at=np.array([millis(one) for one in reported_at], dtype="M8[ms]"),
        region_codes=list(region_codes),
    )


def open_by_region(store: Store, scope: Scope, at: datetime) -> Mapping[str, OpenCount]:
    """Count the cases that are open at ``at``, per region they were assigned to.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    at : datetime
        As known at this time.

    Returns
    -------
    dict
        Code of the finest region known of a case -> counts; ``""`` holds cases outside the
        city, for those who see all of it. Regions without open cases are left out.
    """
    tree = region_tree(store, scope)
    with store.read() as connection:
        now = moment(store, connection, at)
        if now.is_now:
            counts = _count_now(store, connection, now)
        else:
            found = connection.execute(
                select(*shown_columns(store)).where(was_open(store, now))
            ).mappings()
            counts = _count(as_known(store, connection, [dict(row) for row in found], now), at)
    return {
        code or "": count
        for code, count in counts.items()
        if (tree.is_whole_city if code is None else tree.get(code) is not None)
    }


def standing_then(
    store: Store, scope: Scope, standing: str, codes: Sequence[str], at: datetime
) -> npt.NDArray[np.int64]:
    """Count the cases that were known to stand open, overdue or due soon in each region.

    Parameters
    ----------
    standing : str
        ``open``, ``overdue`` or ``due-soon``.
    codes : sequence of str
        Visible regions; each with everything below it. The rest as :func:`open_by_region`.

    Returns
    -------
    int64, shape (codes,)
    """
    tree = region_tree(store, scope)
    # The past stands still until somebody loads more of it.
    version = (store.stamp("incidents", "regions"), at)
    found = store.cached(
        ("standing-then", scope), version, lambda: open_by_region(store, scope, at)
    )
    index = STANDING_COUNTS.index(standing)
    counts = np.array([count[index] for count in found.values()], dtype=np.int64)
    slots = tree.order(code or None for code in found)
    per_slot = np.zeros(tree.span(tree.root.code)[1], dtype=np.int64)
    np.add.at(per_slot, slots[slots >= 0], counts[slots >= 0])
    sums = tree.sums_below(per_slot, codes)
    if tree.is_whole_city and tree.root.code in codes:
        # Cases outside every region count for the whole city.
        sums[list(codes).index(tree.root.code)] = counts.sum()
    return sums


def _count_now(store: Store, connection: Connection, now: Moment) -> dict[str | None, OpenCount]:
    table = store.tables.incidents
    overdue = func.sum(case((table.c.due_at < now.at, 1), else_=0))
    is_soon = and_(table.c.due_soon_at <= now.at, table.c.due_at >= now.at)
    due_soon = func.sum(case((is_soon, 1), else_=0))
    rows = connection.execute(
        select(table.c.region_code, func.count(), overdue, due_soon)
        .where(was_open(store, now))
        .group_by(table.c.region_code)
    )
    return {code: OpenCount(*counts) for code, *counts in rows}


def _count(rows: Sequence[Row], at: datetime) -> dict[str | None, OpenCount]:
    counts: dict[str | None, OpenCount] = {}
    for row in rows:
        before = counts.get(row["region_code"], OpenCount(0, 0, 0))
        stands = standings(row, at)
        counts[row["region_code"]] = OpenCount(
            before.open + 1,
            before.overdue + ("overdue" in stands),
            before.due_soon + ("due-soon" in stands),
        )
    return counts
