"""Which cases of a region are asked for, in the order they are looked at, and how many."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, func, select

from geo_data import rollups
from geo_data.queries.case_filter import EVERY_CASE, CaseFilter, Conditions, asked_for
from geo_data.queries.hindsight import Moment, moment, was_open
from geo_data.queries.incidents import by_ids
from geo_data.records import Incident, Scope, Window
from geo_data.regions import region_codes, region_tree
from geo_data.store import Store
from geo_data.store.code_lists import one_of

FIRST_SPAN = timedelta(days=1)
WIDEN = 8
LONG_DAYS = 3
"""Windows with more whole days than this are counted with the daily rollups."""
SHORT = timedelta(hours=49)
"""Windows up to this length are counted row by row, whatever is asked for."""


def incidents(
    store: Store,
    scope: Scope,
    region_code: str,
    window: Window,
    at: datetime,
    *,
    limit: int = 50,
    offset: int = 0,
    only: CaseFilter = EVERY_CASE,
) -> list[Incident]:
    """Return the cases of a region, newest reported first; the most urgent by their limit.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str
        With everything below it. The whole city's root includes cases outside its regions.
    window : Window
        When they were reported. Of open cases only its end counts.
    at : datetime
        As known at this time.
    limit, offset : int
        Which part of the list.
    only : CaseFilter
        Which cases; overdue and due-soon ones come by their limit, the earliest first.

    Returns
    -------
    list of Incident
        Empty for a region that may not be seen.
    """
    if region_tree(store, scope).get(region_code) is None:
        return []
    with store.read() as connection:
        now = moment(store, connection, at)
        search = _Search(store, scope, connection, region_code, window, now, only)
        if only.is_by_limit and not now.is_now:
            # The limits of then are worked out case by case: nothing to sort by in the store.
            found = by_ids(store, scope, connection, search.ids(None), now)
            return sorted(found, key=lambda one: (one.due_at or at, one.id))[offset:][:limit]
        ids = search.first(limit + offset)[offset:]
        return by_ids(store, scope, connection, ids, now)


def incident_count(
    store: Store,
    scope: Scope,
    region_code: str,
    window: Window,
    at: datetime,
    only: CaseFilter = EVERY_CASE,
) -> int:
    """Count what :func:`incidents` would list without a limit.

    Cheap where :func:`is_counted` says so; else every row of the window is looked at.
    """
    if region_tree(store, scope).get(region_code) is None:
        return 0
    with store.read() as connection:
        where = store, scope, connection, region_code, window, moment(store, connection, at)
        if only.standing == "closed" and window.length > SHORT and is_counted(window, only):
            # Open cases are few: all others of the window have ended.
            search = _Search(*where, replace(only, standing=None))
            return search.count() - search.count_open()
        return _Search(*where, only).count()


def is_counted(window: Window, only: CaseFilter) -> bool:
    """Whether cases are counted without looking at every row of a long window.

    Open cases are one in a hundred; one trait alone is in the daily rollups.
    """
    traits = sum(trait is not None for trait in (only.channel, only.category, only.severity))
    by_day = traits <= 1 and only.stage is None
    return only.is_of_open_cases or by_day or window.length <= SHORT


class _Search:
    """The cases of a region and window, as known at a moment."""

    def __init__(
        self,
        store: Store,
        scope: Scope,
        connection: Connection,
        region_code: str,
        window: Window,
        now: Moment,
        only: CaseFilter,
    ) -> None:
        self._store, self._scope, self._connection = store, scope, connection
        self._region_code = region_code
        self._table = store.tables.incidents
        self._codes = region_codes(region_tree(store, scope), region_code)
        self._window = window
        self._now = now
        self._only = only
        self._wanted = asked_for(store, connection, only, now)

    def first(self, n: int) -> list[int]:
        """Return the ids of the ``n`` newest or most urgent.

        A region's cases lie in as many runs of the index as it has regions below it: merging
        a year of them to show fifty is waste, so the span grows until enough are found.
        """
        if self._codes is None or self._only.is_of_open_cases:
            return self.ids(n)
        start = min(self._window.end, self._now.at)
        span = FIRST_SPAN
        while True:
            since = max(start - span, self._window.start)
            ids = self.ids(n, since)
            if len(ids) == n or since == self._window.start:
                return ids
            span *= WIDEN

    def count(self) -> int:
        start, end = self._window.start, self._window.end
        whole = self._whole_days()
        if whole is None:
            return self._counted(start, end)
        zone = self._store.city.zone
        counted = self._counted_by_day(*whole)
        counted += self._counted(start, rollups.day_start(whole[0], zone))
        return counted + self._counted(rollups.day_start(whole[1] + 1, zone), end)

    def count_open(self) -> int:
        """Count those of the window that are open."""
        is_open = was_open(self._store, self._now)
        conditions = [*self._conditions(self._window.start, self._window.end), is_open]
        return self._connection.scalar(select(func.count()).where(*conditions)) or 0

    def _whole_days(self) -> tuple[int, int] | None:
        """First and last of the whole local days that the rollups have counted already."""
        by_day = self._now.is_now and self._only.standing is None
        if not by_day or self._window.length <= SHORT or not is_counted(self._window, self._only):
            return None
        zone = self._store.city.zone
        first_day = rollups.day_number(self._window.start - timedelta(milliseconds=1), zone) + 1
        last_day = rollups.day_number(self._window.end, zone) - 1
        return (first_day, last_day) if last_day - first_day >= LONG_DAYS else None

    def _counted_by_day(self, first_day: int, last_day: int) -> int:
        where = self._store, self._scope, self._region_code
        only = self._only
        if only.is_empty:
            return rollups.totals(*where, first_day, last_day)["reported"]
        severity = None if only.severity is None else str(int(only.severity))
        asked = {"channel": only.channel, "category": only.category, "severity": severity}
        name, wanted = next((name, key) for name, key in asked.items() if key is not None)
        counts = rollups.dimension(*where, name, first_day, last_day)
        if name != "category":
            return counts.get(wanted, 0)
        # Of a major class the keys are those of its minors.
        return sum(n for key, n in counts.items() if key.startswith(wanted))

    def _counted(self, start: datetime, end: datetime) -> int:
        conditions = self._conditions(start, end)
        return self._connection.scalar(select(func.count()).where(*conditions)) or 0

    def ids(self, n: int | None, since: datetime | None = None) -> list[int]:
        """Return the ids of the first ``n``, or of all, reported since then."""
        reported_at, due_at, number = (
            self._table.c[name] for name in ("reported_at", "due_at", "id")
        )
        by_limit = (due_at, number)
        newest = (reported_at.desc(), number.desc())
        found: Select[tuple[int]] = (
            select(number)
            .where(*self._conditions(since or self._window.start, self._window.end))
            .order_by(*(by_limit if self._only.is_by_limit else newest))
            .limit(n)
        )
        return list(self._connection.scalars(found))

    def _conditions(self, since: datetime, until: datetime) -> Conditions:
        reported_at = self._table.c.reported_at
        conditions = [reported_at < until, *self._wanted]
        if not self._only.is_of_open_cases:
            conditions.append(reported_at >= since)
        if self._codes is not None:
            conditions.append(one_of(self._table.c.region_code, self._codes))
        return conditions
