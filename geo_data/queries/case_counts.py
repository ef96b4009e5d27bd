"""How many cases each further choice would leave: the counts beside the choices of a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, case, func, select

from geo_data import rollups
from geo_data.queries.case_filter import (
    EVERY_CASE,
    STANDINGS,
    CaseFilter,
    Conditions,
    Standing,
    standings,
)
from geo_data.queries.case_lists import SHORT, incident_count, is_counted
from geo_data.queries.hindsight import (
    Moment,
    as_known,
    moment,
    shown_columns,
    was_known,
    was_open,
)
from geo_data.records import Scope, Window
from geo_data.regions import region_codes, region_tree
from geo_data.store import Store
from geo_data.store.code_lists import one_of

Counts = Mapping[str, int]


class _Kind(NamedTuple):
    """Cases that no choice tells apart; ``standing`` is the narrowest."""

    channel: str
    category: str
    severity: int
    stage: str
    standing: Standing


_Kinds = Counter[_Kind]


@dataclass(frozen=True, slots=True)
class CaseCounts:
    """How many cases a click on each choice would list, all other choices left as they are.

    ``None`` stands where that cannot be told without looking at every case of a long window;
    a key that is not there has none. ``category`` is by minor class.
    """

    standing: Mapping[Standing, int | None]
    channel: Counts | None
    category: Counts | None
    severity: Counts | None
    stage: Counts | None


def case_counts(
    store: Store,
    scope: Scope,
    region_code: str,
    window: Window,
    at: datetime,
    only: CaseFilter = EVERY_CASE,
) -> CaseCounts:
    """Return the counts beside the choices; parameters as :func:`incidents`."""
    if region_tree(store, scope).get(region_code) is None:
        return CaseCounts(dict.fromkeys(STANDINGS, 0), {}, {}, {}, {})
    with store.read() as connection:
        now = moment(store, connection, at)
        asked = _Asked(store, scope, connection, region_code, window, now)
        still_open = asked.open_kinds()
        recent = asked.recent_kinds() if window.length <= SHORT else None
    over = still_open if only.is_of_open_cases else recent

    def by(name: str, key: Callable[[_Kind], object]) -> Counts | None:
        others = replace(only, **{name: None})
        if over is not None:
            return _tally(over, others, lambda kind: str(key(kind)))
        if name == "stage" or not others.is_empty or not now.is_now:
            return None
        return _by_day(store, scope, region_code, window, name)

    standing = {one: _sum(still_open, replace(only, standing=one)) for one in STANDINGS}
    ended = replace(only, standing="closed")
    closed: int | None = None
    if recent is not None:
        closed = _sum(recent, ended)
    elif is_counted(window, ended):
        closed = incident_count(store, scope, region_code, window, at, ended)
    return CaseCounts(
        standing=standing | {"closed": closed},
        channel=by("channel", lambda kind: kind.channel),
        category=by("category", lambda kind: kind.category),
        severity=by("severity", lambda kind: kind.severity),
        stage=by("stage", lambda kind: kind.stage),
    )


def _sum(kinds: _Kinds, only: CaseFilter) -> int:
    return sum(n for kind, n in kinds.items() if _is_of(kind, only))


def _tally(kinds: _Kinds, only: CaseFilter, key: Callable[[_Kind], str]) -> Counts:
    found: Counter[str] = Counter()
    for kind, n in kinds.items():
        if _is_of(kind, only):
            found[key(kind)] += n
    return found


def _is_of(kind: _Kind, only: CaseFilter) -> bool:
    is_standing = only.standing in (None, kind.standing)
    return (
        (is_standing or (only.standing == "open" and kind.standing != "closed"))
        and only.channel in (None, kind.channel)
        and kind.category.startswith(only.category or "")
        and (only.severity is None or int(only.severity) == kind.severity)
        and only.stage in (None, kind.stage)
    )


def _by_day(
    store: Store, scope: Scope, region_code: str, window: Window, name: str
) -> Counts | None:
    """Count by the rollups a window that begins at a local midnight; ``None`` of any other.

    The last day counts whole: nothing is reported after the present.
    """
    zone = store.city.zone
    first = rollups.day_number(window.start, zone)
    if rollups.day_start(first, zone) != window.start:
        return None
    last = rollups.day_number(window.end, zone)
    return rollups.dimension(store, scope, region_code, name, first, last)


class _Asked:
    """The cases of a region as counts by kind, as known at a moment."""

    def __init__(
        self,
        store: Store,
        scope: Scope,
        connection: Connection,
        region_code: str,
        window: Window,
        now: Moment,
    ) -> None:
        self._store, self._connection, self._now = store, connection, now
        self._table = store.tables.incidents
        self._codes = region_codes(region_tree(store, scope), region_code)
        self._window = window

    def open_kinds(self) -> _Kinds:
        """Count the open cases, however long ago they were reported."""
        return self._kinds([was_open(self._store, self._now)])

    def recent_kinds(self) -> _Kinds:
        """Count the cases reported in the window."""
        since = self._table.c.reported_at >= self._window.start
        return self._kinds([since, was_known(self._store, self._now)])

    def _kinds(self, conditions: Conditions) -> _Kinds:
        wanted = [self._table.c.reported_at < self._window.end, *conditions]
        if self._codes is not None:
            wanted.append(one_of(self._table.c.region_code, self._codes))
        return self._kinds_now(wanted) if self._now.is_now else self._kinds_then(wanted)

    def _kinds_now(self, wanted: Conditions) -> _Kinds:
        table, at = self._table, self._now.at
        standing = case(
            (table.c.ended_at.is_not(None), "closed"),
            (table.c.due_at < at, "overdue"),
            (and_(table.c.due_soon_at <= at, table.c.due_at >= at), "due-soon"),
            else_="open",
        )
        # Within: parameters written again for the grouping would be others to the database.
        told = [table.c.channel, table.c.category, table.c.severity, table.c.stage]
        inner = select(*told, standing.label("standing")).where(*wanted).subquery()
        rows = self._connection.execute(select(*inner.c, func.count()).group_by(*inner.c))
        return _counted((_Kind(*kind), n) for *kind, n in rows)

    def _kinds_then(self, wanted: Conditions) -> _Kinds:
        found = self._connection.execute(
            select(*shown_columns(self._store)).where(*wanted)
        ).mappings()
        known = as_known(self._store, self._connection, [dict(row) for row in found], self._now)
        return _counted(
            (
                _Kind(
                    row["channel"],
                    row["category"],
                    row["severity"],
                    row["stage"],
                    standings(row, self._now.at)[-1],
                ),
                1,
            )
            for row in known
        )


def _counted(pairs: Iterable[tuple[_Kind, int]]) -> _Kinds:
    kinds: _Kinds = Counter()
    for kind, n in pairs:
        kinds[kind] += n
    return kinds
