"""The clock of one case as people read it: its limit, what of it is used, what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from geo_data.case_clock import CaseClock
from geo_data.case_stages import BESIDE
from geo_data.histories import (
    NEVER,
    STAGE_INDEX,
    Steps,
    irregular_steps,
    known_instant,
    order_steps,
    run_clocks,
)
from geo_data.instants import instant, millis
from geo_data.records import Incident, StageChange
from geo_data.time_limits import TimeLimit


@dataclass(frozen=True, slots=True)
class StageClock:
    """A clock at some moment.

    Parameters
    ----------
    limit : TimeLimit or None
        Which limit holds; ``None`` where none does.
    started_at : datetime
        The dispatch from which it runs.
    used, left : timedelta
        On the limit's own clock: working hours of a limit in working hours; ``left`` is negative
        once it is past.
    stopped_at : datetime or None
        Since when it stands still.
    """

    limit: TimeLimit | None
    started_at: datetime
    used: timedelta = timedelta()
    left: timedelta = timedelta()
    stopped_at: datetime | None = None


def steps_of(changes: Sequence[StageChange]) -> Steps:
    """Return the steps of one case as columns."""
    stage = np.array([STAGE_INDEX[change.stage] for change in changes], dtype=np.uint8)
    at_ms = np.array([millis(change.happened_at) for change in changes], dtype=np.int64)
    return order_steps(1, np.zeros(len(changes), dtype=np.int64), stage, at_ms)[0]


def out_of_order(changes: Sequence[StageChange]) -> list[bool]:
    """Say of each step of one case, as they happened, whether it cannot follow the one before."""
    astray = iter(irregular_steps(steps_of(changes)).tolist())
    happened = sorted(changes, key=lambda change: change.happened_at)
    # What is noted beside the steps is never out of order.
    return [change.stage not in BESIDE and next(astray) for change in happened]


def stage_clock(
    clock: CaseClock, incident: Incident, changes: Sequence[StageChange], at: datetime
) -> StageClock | None:
    """Read the clock of a case.

    Parameters
    ----------
    clock : CaseClock
        Of the city.
    incident : Incident
    changes : sequence of StageChange
        Its steps, those known at ``at``.
    at : datetime
        The moment; a case that ended before is read at its end.

    Returns
    -------
    StageClock or None
        ``None`` before it was dispatched.
    """
    found = run_clocks(np.array([incident.category], dtype=object), steps_of(changes), clock)
    if not len(found.case):
        return None
    limit, started_at = clock.row(int(found.limit[0])), instant(int(found.started_ms[0]))
    if limit is None:
        return StageClock(None, started_at)
    stopped_ms = int(found.stopped_ms[0])
    now_ms = millis(at if incident.ended_at is None else min(at, incident.ended_at))
    shown_ms = now_ms if stopped_ms == NEVER else min(now_ms, stopped_ms)
    working = clock.is_working(found.limit)
    shown = clock.working_time.elapsed_ms(np.array([shown_ms], dtype=np.int64), working)
    left_ms = int(found.ends[0] - shown[0])
    used_ms = int(clock.limit_ms(found.limit)[0]) - left_ms
    return StageClock(
        limit,
        started_at,
        timedelta(milliseconds=used_ms),
        timedelta(milliseconds=left_ms),
        known_instant(stopped_ms),
    )
