"""The very cases behind a count: which were reported, due, closed in time … within a span.

The counts themselves come from the rollups. Here the rows are judged again by the same code, so
that what is listed is what was counted, or the list says that it is not all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, select

from geo_data.histories import Rows
from geo_data.instants import millis
from geo_data.queries.hindsight import moment
from geo_data.queries.incidents import by_ids
from geo_data.records import Incident, Scope, Window
from geo_data.regions import region_codes, region_tree
from geo_data.rollups.case_log import UNCLOSED, Trait, instants
from geo_data.rollups.case_reading import read_cases, read_steps
from geo_data.rollups.known_then import can_tell, is_past
from geo_data.store import Store
from geo_data.store.code_lists import one_of

SEARCHED = timedelta(days=120)
"""A case reported longer before the span is not looked for."""
MOST = 30_000
"""Cases that are judged for one list."""
_BY_REPORT = frozenset({"reported", "hotline", "filed_of_reported"})
"""Measures that count a case when it was reported."""
_BY_COLUMN = {
    **dict.fromkeys(("due", "closed_on_time", "hotline_due", "hotline_on_time"), "due_at"),
    **{UNCLOSED: "due_at", "closed": "ended_at"},
}
"""Measures that count a case at a time which its row has."""


@dataclass(frozen=True, slots=True)
class CountedCases:
    """Cases that were counted.

    Parameters
    ----------
    n : int
        How many were found.
    cases : list of Incident
        The newest of them.
    is_all : bool
        Whether every case that could count was looked at.
    """

    n: int
    cases: list[Incident]
    is_all: bool


def counted_cases(
    store: Store,
    scope: Scope,
    region_code: str,
    measure: str,
    span: Window,
    at: datetime,
    *,
    trait: Trait | None = None,
    keys: Iterable[str] = (),
    limit: int = 50,
) -> CountedCases:
    """Return the cases that a measure counts within a span, those that counted last first.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str
        With everything below it.
    measure : str
        One of :data:`geo_data.rollups.MEASURES`, or ``unclosed``.
    span : Window
        When it counted them.
    at : datetime
        The cases are shown as known then.
    trait, keys : optional
        Only cases whose category, channel or severity is one of these.
    limit : int
        How many are listed.

    Returns
    -------
    CountedCases
        Empty for a region that may not be seen.
    """
    return judged_cases(
        *(store, scope, region_code, (measure,), (), span, at),
        trait=trait,
        keys=keys,
        limit=limit,
    )


def judged_cases(
    store: Store,
    scope: Scope,
    region_code: str,
    counted: Sequence[str],
    without: Sequence[str],
    span: Window,
    at: datetime,
    *,
    trait: Trait | None = None,
    keys: Iterable[str] = (),
    limit: int = 50,
) -> CountedCases:
    """Return the cases that some measures count within a span and others do not.

    Parameters
    ----------
    counted, without : sequence of str
        Measures: at least one of the first counts a case within the span, none of the second.
        All of the first count at the same time of a case's life.

    Returns
    -------
    CountedCases
        As :func:`counted_cases`, which says the rest.
    """
    if region_tree(store, scope).get(region_code) is None:
        return CountedCases(0, [], True)
    known_at = at if is_past(store, at) and can_tell(store, at) else None
    # When a case was due or closed as known then is not in its row.
    column = None if known_at else _BY_COLUMN.get(counted[0])
    wanted = _candidates(store, scope, region_code, counted[0], span, column)
    if trait is not None:
        values: list[Any] = [int(key) if trait == "severity" else key for key in keys]
        wanted.append(one_of(store.tables.incidents.c[trait], values))
    with store.read() as connection:
        chosen, is_all = _chosen(connection, store, wanted)
        if chosen is None:
            return CountedCases(0, [], is_all)
        found = _judged(store, connection, chosen, [*counted, *without], known_at)
        pairs = [_within(*found[one], span) for one in counted]
        ids, counted_ms = (np.concatenate(each) for each in zip(*pairs, strict=True))
        if without:
            left_out = np.concatenate([_within(*found[one], span)[0] for one in without])
            kept = ~np.isin(ids, left_out)
            ids, counted_ms = ids[kept], counted_ms[kept]
        order = np.lexsort((-ids, -counted_ms))
        listed = list(dict.fromkeys(ids[order].tolist()))[:limit]
        cases = by_ids(store, scope, connection, listed, moment(store, connection, at))
    return CountedCases(len(order), cases, is_all)


def _within(ids: Rows, at_ms: Rows, span: Window) -> tuple[Rows, Rows]:
    mine = (at_ms >= millis(span.start)) & (at_ms < millis(span.end))
    return ids[mine], at_ms[mine]


def _candidates(
    store: Store,
    scope: Scope,
    region_code: str,
    measure: str,
    span: Window,
    column: str | None,
) -> list[ColumnElement[bool]]:
    table = store.tables.incidents
    since = span.start if measure in _BY_REPORT else span.start - SEARCHED
    wanted: list[ColumnElement[bool]] = [table.c.reported_at >= since]
    # What falls due later than it was reported may have been reported later than it counts, too.
    until = span.end if measure in _BY_REPORT else span.end + timedelta(days=1)
    wanted.append(table.c.reported_at < until)
    if column is not None:
        wanted += [table.c[column] >= span.start, table.c[column] < span.end]
    codes = region_codes(region_tree(store, scope), region_code)
    if codes is not None:
        wanted.append(one_of(table.c.region_code, codes))
    return wanted


def _chosen(
    connection: Connection, store: Store, wanted: list[ColumnElement[bool]]
) -> tuple[ColumnElement[bool] | None, bool]:
    """Return the condition of the newest candidates, and whether those are all."""
    table = store.tables.incidents
    newest = select(table.c.id).where(and_(*wanted)).order_by(table.c.reported_at.desc())
    ids = list(connection.scalars(newest.limit(MOST + 1)))
    if not ids:
        return None, True
    return one_of(table.c.id, ids[:MOST]), len(ids) <= MOST


def _judged(
    store: Store,
    connection: Connection,
    chosen: ColumnElement[bool],
    measures: Sequence[str],
    known_at: datetime | None,
) -> dict[str, tuple[Rows, Rows]]:
    """Return, for each measure, the id of every case that it counts, and when."""
    ids, cases = read_cases(store, connection, chosen, known_at)
    steps = read_steps(store, connection, ids, known_at)
    found = {
        name: (ids[rows], at_ms)
        for name, rows, at_ms in instants(store, cases, steps)
        if name in measures
    }
    if missing := set(measures) - set(found):
        raise KeyError(min(missing))
    return found
