"""How long cases took from one stage to the next, as columns in memory: read once, then followed.

A funnel over any region and period asks for the steps of every case of it: nine rows a case, a
million for a district's year. What a case amounts to for such questions is ten numbers, so those
of the newest cases are kept, and follow the change log as the counts do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, and_, func, select

from geo_data.case_clock import CaseClock
from geo_data.case_stages import DROPPED, ENDED, LIFE, MAIN_LINE
from geo_data.histories import (
    NEVER,
    STAGE_INDEX,
    STAGES,
    Cases,
    Flags,
    Rows,
    Steps,
    judge,
    order_steps,
    run_clocks,
)
from geo_data.instants import instant
from geo_data.records import Scope, Stage
from geo_data.regions import region_tree
from geo_data.rollups.case_log import changed_cases
from geo_data.rollups.case_reading import read_cases, read_steps
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.column_types import iso_text
from geo_data.working_time import Millis

LINE: tuple[Stage, ...] = MAIN_LINE[: next(n for n, s in enumerate(MAIN_LINE) if s in ENDED) + 1]
"""The main line up to the step that ends a case."""
CLOSING = len(LINE) - 1
SENT = LINE.index(LIFE.starts_clock)
PAIRS: tuple[tuple[int, int], ...] = (
    *pairwise(range(len(LINE))),
    (SENT, CLOSING),
    (0, CLOSING),
)
"""From which stage to which is measured: each to the next, the whole handling, the whole case."""
MOST_KEPT = 150_000
"""Cases that are kept: a year of a district, some weeks of a city of millions."""
OPEN, CLOSED, GONE = range(3)
"""How a case stands: open, closed, or voided or merged."""
_DROPPED = np.array([stage in DROPPED for stage in STAGES])


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Cases as columns of shape (n,), in any order.

    Attributes
    ----------
    case : int64
        Id of the incident.
    slot : int32
        Its region in drill order, -1 outside every region.
    reported_ms : int64
    furthest : int8
        Index in :data:`LINE` of the furthest stage that it ever came to.
    stands : int8
        :data:`OPEN`, :data:`CLOSED` or :data:`GONE`.
    on_hours : bool
        Whether its limit counts working hours only.
    took_ms : int64, shape (n, pairs)
        How long it took between the stages of each of :data:`PAIRS`; ``NEVER`` where either was
        not told, or they came the wrong way round. From the dispatch on by the case's own clock.
    """

    case: Rows
    slot: npt.NDArray[np.int32]
    reported_ms: Millis
    furthest: npt.NDArray[np.int8]
    stands: npt.NDArray[np.int8]
    on_hours: Flags
    took_ms: Millis

    def chosen(self, wanted: Flags | Rows) -> StageTimes:
        """Return the cases for which ``wanted`` is true, or the rows that it lists."""
        return StageTimes(*(getattr(self, one.name)[wanted] for one in fields(self)))

    def replaced(self, changed: Sequence[int], new: StageTimes) -> StageTimes:
        """Return the cases with ``new`` in the place of the changed ones."""
        kept = self.chosen(~np.isin(self.case, changed))
        columns = (one.name for one in fields(self))
        return StageTimes(*(np.concatenate([getattr(kept, c), getattr(new, c)]) for c in columns))


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept as of the change ``seq``; from ``since_ms`` on every case is there."""

    stamp: object
    seq: int
    since_ms: int
    times: StageTimes


def is_kept(store: Store) -> bool:
    """Whether cases are kept already; a server does that once it has started."""
    return store.held("stage-times") is not None


def kept_times(store: Store) -> Kept:
    """Return the newest cases of the whole city, as of the newest commit."""
    stamp = store.stamp("regions")
    version = (stamp, store.version("incidents"))
    return store.cached("stage-times", version, lambda: _newer(store, stamp))


def read_times(
    store: Store,
    connection: Connection,
    chosen: ColumnElement[bool],
    at: datetime,
    *,
    timed: bool = True,
) -> StageTimes:
    """Read cases as they were known at a moment; without ``timed`` without their steps."""
    known = and_(chosen, store.tables.incidents.c.recorded_at <= at)
    ids, cases = read_cases(store, connection, known)
    if timed:
        return _measured(store, ids, cases, steps_known(store, connection, ids, at))
    none: Rows = np.zeros(0, dtype=np.int64)
    no_steps = order_steps(len(ids), none, none.astype(np.uint8), none)[0]
    return _measured(store, ids, cases, no_steps)


def steps_known(store: Store, connection: Connection, ids: Rows, at: datetime) -> Steps:
    """Return the steps of the cases that were known at ``at``, in order; ``ids`` ascend."""
    table = store.tables.incident_stages
    columns = (table.c.incident_id, table.c.stage, iso_text(table.c.happened_at))
    mine = and_(one_of(table.c.incident_id, ids.tolist()), table.c.recorded_at <= at)
    rows = connection.execute(select(*columns).where(mine)).all()
    owners, stages, happened = zip(*rows, strict=True) if rows else [()] * 3
    return order_steps(
        len(ids),
        np.searchsorted(ids, np.array(owners, dtype=np.int64)),
        np.array([STAGE_INDEX[Stage(key)] for key in stages], dtype=np.uint8),
        np.array(happened, dtype="M8[ms]").astype(np.int64),
    )[0]


def _newer(store: Store, stamp: object) -> Kept:
    held = store.held("stage-times")
    with store.read() as connection:
        seq = connection.scalar(select(func.max(store.tables.changes.c.seq))) or 0
        changed = None
        if isinstance(held, Kept) and held.stamp == stamp:
            changed = changed_cases(store, connection, held.seq)
        if not isinstance(held, Kept) or changed is None:
            since_ms, newest = _newest(store, connection)
            return Kept(stamp, seq, since_ms, _read(store, connection, newest))
        new = _read(store, connection, one_of(store.tables.incidents.c.id, changed))
        new = new.chosen(new.reported_ms >= held.since_ms)
        return _cut(replace(held, seq=seq, times=held.times.replaced(changed, new)))


def _newest(store: Store, connection: Connection) -> tuple[int, ColumnElement[bool]]:
    """Return since when cases are kept, and the condition of those."""
    reported_at = store.tables.incidents.c.reported_at
    last = select(iso_text(reported_at)).order_by(reported_at.desc()).offset(MOST_KEPT).limit(1)
    found = connection.scalar(last)
    # The one after the last that there is room for, and whoever came in its millisecond.
    since_ms = NEVER if found is None else int(np.datetime64(found, "ms").astype(np.int64)) + 1
    return since_ms, reported_at >= instant(max(since_ms, 0))


def _cut(kept: Kept) -> Kept:
    """Let the oldest go when there are a tenth more than there is room for."""
    times = kept.times
    if len(times.case) <= MOST_KEPT * 1.1:
        return kept
    since_ms = int(np.partition(times.reported_ms, -MOST_KEPT)[-MOST_KEPT])
    newest = times.chosen(times.reported_ms >= since_ms)
    return replace(kept, since_ms=since_ms, times=newest)


def _read(store: Store, connection: Connection, chosen: ColumnElement[bool]) -> StageTimes:
    ids, cases = read_cases(store, connection, chosen)
    return _measured(store, ids, cases, read_steps(store, connection, ids))


def _measured(store: Store, ids: Rows, cases: Cases, steps: Steps) -> StageTimes:
    clock = store.city.case_clock
    verdict = judge(cases, steps, clock)
    ended, gone = verdict.ended_ms != NEVER, _DROPPED[verdict.stage]
    stands = np.where(ended, np.where(gone, GONE, CLOSED), OPEN).astype(np.int8)
    came_ms = _first_times(cases, steps)
    came_ms[:, CLOSING] = np.where(stands == CLOSED, verdict.ended_ms, NEVER)
    there = came_ms != NEVER
    clocks = run_clocks(cases.category, steps, clock)
    on_hours = np.zeros(len(cases), dtype=bool)
    on_hours[clocks.case] = clock.is_working(clocks.limit)
    tree = region_tree(store, Scope.everything())
    return StageTimes(
        case=ids,
        slot=tree.order(code or None for code in cases.region_code.tolist()),
        reported_ms=cases.reported_ms,
        furthest=(CLOSING - np.argmax(there[:, ::-1], axis=1)).astype(np.int8),
        stands=stands,
        on_hours=on_hours,
        took_ms=_took(came_ms, cases.happened_ms, on_hours, clock),
    )


def _first_times(cases: Cases, steps: Steps) -> Millis:
    """When each case first came to each stage of the line, shape (n, line)."""
    came_ms = np.full((len(cases), len(LINE)), NEVER)
    for column, stage in enumerate(LINE):
        rows = np.flatnonzero(steps.stage == STAGE_INDEX[stage])[::-1]
        # Written latest first: what stays is the earliest.
        came_ms[steps.case[rows], column] = steps.at_ms[rows]
    untold = came_ms[:, 0] == NEVER
    came_ms[untold, 0] = cases.happened_ms[untold]
    return came_ms


def _took(came_ms: Millis, happened_ms: Millis, on_hours: Flags, clock: CaseClock) -> Millis:
    known = came_ms != NEVER
    # Any time will do where there is none: what is measured from it is struck out.
    at_ms = np.where(known, came_ms, happened_ms[:, None])
    took_ms = np.full((len(at_ms), len(PAIRS)), NEVER)
    worked = (
        np.stack(
            [
                clock.working_time.elapsed_ms(at_ms[:, column], on_hours)
                for column in range(len(LINE))
            ],
            axis=1,
        )
        if len(at_ms)
        else at_ms
    )
    for number, (first, last) in enumerate(PAIRS):
        by = worked if first >= SENT else at_ms
        right = known[:, first] & known[:, last] & (at_ms[:, last] >= at_ms[:, first])
        took_ms[right, number] = (by[:, last] - by[:, first])[right]
    return took_ms
