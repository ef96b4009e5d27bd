"""How far the cases of a period came, and how long each step of the closed loop took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import select

from geo_data.histories import NEVER
from geo_data.instants import instant, millis
from geo_data.queries.stage_times import (
    CLOSED,
    GONE,
    LINE,
    OPEN,
    PAIRS,
    SENT,
    StageTimes,
    is_kept,
    kept_times,
    read_times,
)
from geo_data.records import Scope, Stage, Window
from geo_data.regions import RegionTree, region_codes, region_tree
from geo_data.rollups.known_then import is_past
from geo_data.store import Store
from geo_data.store.code_lists import one_of

MOST_READ = 10_000
"""Cases that are read where none are kept: for a look back, or just after the start."""


@dataclass(frozen=True, slots=True)
class StageCount:
    """Cases that came to a stage or further, and those of them that are open and came no further.

    A step that a source leaves out was passed by whoever came to a later one.
    """

    stage: Stage
    reached: int
    open: int


@dataclass(frozen=True, slots=True)
class StageSpan:
    """How long cases took from their first ``start`` until their first ``end``.

    Parameters
    ----------
    start, end : Stage
        For ``closed`` it is the closing that holds, after any rework.
    n : int
        Cases of which both are told, in this order: what the times rest on.
    median, p90 : timedelta or None
        Nine in ten took no longer than ``p90``. ``None`` without any case.
    n_on_hours : int
        Of how many the time is working time: those whose limit is, from the dispatch on.
    """

    start: Stage
    end: Stage
    n: int
    median: timedelta | None
    p90: timedelta | None
    n_on_hours: int


@dataclass(frozen=True, slots=True)
class StageFunnel:
    """The cases reported in a period.

    Parameters
    ----------
    n : int
        How many.
    stages : tuple of StageCount
        Found to closed; ``n`` is those open at any of them, the closed ones and ``dropped``.
    dropped : int
        Voided or merged.
    spans : tuple of StageSpan
        Each stage to the next, then the handling from dispatch to closing, then the whole case.
    since : datetime or None
        Cases reported before are not in it, where not all of the period could be looked at.
    """

    n: int
    stages: tuple[StageCount, ...]
    dropped: int
    spans: tuple[StageSpan, ...]
    since: datetime | None

    @property
    def closed(self) -> int:
        """How many are closed."""
        return self.stages[-1].reached


def stage_funnel(
    store: Store, scope: Scope, region_code: str, window: Window, at: datetime
) -> StageFunnel:
    """Return how far the cases reported in a window came, and how long each step took.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str
        With everything below it; the city's root has cases outside its regions, too.
    window : Window
        When they were reported.
    at : datetime
        As known at this time.

    Returns
    -------
    StageFunnel
        Of no cases for a region that may not be seen.
    """
    times, since = times_of(store, scope, region_code, window, at)
    stages = tuple(
        StageCount(
            stage,
            int((times.furthest >= number).sum()),
            int(((times.furthest == number) & (times.stands == OPEN)).sum()),
        )
        for number, stage in enumerate(LINE[:-1])
    )
    closed = StageCount(LINE[-1], int((times.stands == CLOSED).sum()), 0)
    dropped = int((times.stands == GONE).sum())
    spans = tuple(_span(times, number) for number in range(len(PAIRS)))
    return StageFunnel(len(times.case), (*stages, closed), dropped, spans, since)


def times_of(
    store: Store,
    scope: Scope,
    region_code: str,
    window: Window,
    at: datetime,
    *,
    timed: bool = True,
) -> tuple[StageTimes, datetime | None]:
    """Return the cases reported in a window, and since when, where that is not all of them.

    Without ``timed`` nobody asks for their steps: they are read only where they are kept.
    """
    tree = region_tree(store, scope)
    if is_past(store, at) or not is_kept(store):
        return _read(store, tree, region_code, window, at, timed)
    kept = kept_times(store)
    times, start_ms = kept.times, millis(window.start)
    within = (times.reported_ms >= start_ms) & (times.reported_ms < millis(window.end))
    since = instant(kept.since_ms) if kept.since_ms > start_ms else None
    return times.chosen(within & _inside(tree, times, region_code)), since


def _read(
    store: Store, tree: RegionTree, region_code: str, window: Window, at: datetime, timed: bool
) -> tuple[StageTimes, datetime | None]:
    table = store.tables.incidents
    wanted = [table.c.reported_at >= window.start, table.c.reported_at < window.end]
    wanted.append(table.c.recorded_at <= at)
    codes = region_codes(tree, region_code) if tree.get(region_code) else ()
    if codes is not None:
        wanted.append(one_of(table.c.region_code, codes))
    newest = select(table.c.id, table.c.reported_at).where(*wanted)
    with store.read() as connection:
        rows = connection.execute(
            newest.order_by(table.c.reported_at.desc()).limit(MOST_READ + 1)
        ).all()
        mine = one_of(table.c.id, [row.id for row in rows[:MOST_READ]])
        times = read_times(store, connection, mine, at, timed=timed)
    return times, rows[-2].reported_at if len(rows) > MOST_READ else None


def _inside(
    tree: RegionTree, times: StageTimes, region_code: str
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if tree.get(region_code) is None:
        return np.zeros(len(times.case), dtype=bool)
    if tree.is_whole_city and region_code == tree.root.code:
        return np.ones(len(times.case), dtype=bool)
    return tree.within(times.slot, region_code)


def _span(times: StageTimes, number: int) -> StageSpan:
    first, last = PAIRS[number]
    took_ms = times.took_ms[:, number]
    told = took_ms != NEVER
    n, took_ms = int(told.sum()), took_ms[told]
    on_hours = int(times.on_hours[told].sum()) if first >= SENT else 0
    if not n:
        return StageSpan(LINE[first], LINE[last], 0, None, None, 0)
    median, p90 = (timedelta(milliseconds=float(q)) for q in np.quantile(took_ms, [0.5, 0.9]))
    return StageSpan(LINE[first], LINE[last], n, median, p90, on_hours)
