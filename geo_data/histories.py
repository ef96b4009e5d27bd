"""What the history of a case amounts to: its stage, when it ended, when it is due.

Everything is a function of the whole history, never of the order in which messages came, and
works on columns: the same code judges one case and a year of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_data.dictionaries import time_limit
from geo_data.records import ENDED, MAIN_LINE, Stage
from geo_data.working_time import HOUR_MS, Millis, elapsed_ms, instant_ms

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Strings = npt.NDArray[np.object_]

NEVER = np.iinfo(np.int64).min
"""Stands for "no such time" in a column of milliseconds."""

STAGES: tuple[Stage, ...] = tuple(Stage)
STAGE_INDEX = {stage: index for index, stage in enumerate(STAGES)}

# Of steps in the same millisecond the later in this list is the state: what ends a case wins,
# a failed check (verified, reworked) leaves it reworked, a pause that ends at once is no pause.
_TIE_ORDER = (
    *(Stage.FOUND, Stage.ACCEPTED, Stage.FILED, Stage.RETURNED, Stage.DISPATCHED),
    *(Stage.SUPERVISED, Stage.EXTENDED, Stage.SUSPENDED, Stage.HANDLED, Stage.VERIFIED),
    *(Stage.REWORKED, Stage.CLOSED, Stage.EVALUATED, Stage.VOIDED),
)
_RANK = np.array([_TIE_ORDER.index(stage) for stage in STAGES])
_ENDS = np.array([stage in ENDED for stage in STAGES])
_RESUMES = np.array([stage in MAIN_LINE for stage in STAGES])
_PAUSES = np.array([stage in (Stage.EXTENDED, Stage.SUSPENDED) for stage in STAGES])


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases as columns, one row a case, all of shape (n,).

    ``region_code`` is the finest region known, ``""`` outside every region; the columns of
    strings hold Python ``str``.
    """

    happened_ms: Millis
    reported_ms: Millis
    channel: Strings
    category: Strings
    severity: npt.NDArray[np.int64]
    region_code: Strings

    def __len__(self) -> int:
        return len(self.happened_ms)


@dataclass(frozen=True, slots=True)
class Steps:
    """Stage changes as columns, ordered by case, time and tie order.

    ``case`` is the row of :class:`Cases`, ``stage`` the index in :data:`STAGES`, ``first`` and
    ``last`` (shape (n,) of the cases) the rows of a case's steps, ``first > last`` without any.
    """

    case: Rows
    stage: npt.NDArray[np.uint8]
    at_ms: Millis
    first: Rows
    last: Rows


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the histories amount to, shape (n,) of the cases; :data:`NEVER` is no such time."""

    stage: npt.NDArray[np.uint8]
    stage_ms: Millis
    ended_ms: Millis
    due_ms: Millis


def limits(category: Strings) -> tuple[Millis, Flags]:
    """Time limits in ms and whether they count working hours, one per category code."""
    codes, known = pd.factorize(category)
    rows = [time_limit(code) for code in known]
    limit_ms = np.array([row.hours * HOUR_MS for row in rows], dtype=np.int64)
    return limit_ms[codes], np.array([row.working for row in rows], dtype=bool)[codes]


def order_steps(
    n_cases: int, case: Rows, stage: npt.NDArray[np.uint8], at_ms: Millis
) -> tuple[Steps, Rows]:
    """Put stage changes in order.

    Parameters
    ----------
    n_cases : int
        How many cases there are; some may have no step.
    case, stage, at_ms : shape (m,)
        In any order; the same step twice counts once only if the caller dropped repeats.

    Returns
    -------
    steps : Steps
    order : int64, shape (m,)
        Which given row each ordered one was.
    """
    order = np.lexsort((_RANK[stage], at_ms, case))
    ordered = case[order]
    rows = np.arange(n_cases)
    first = np.searchsorted(ordered, rows, side="left")
    last = np.searchsorted(ordered, rows, side="right") - 1
    return Steps(ordered, stage[order], at_ms[order], first, last), order


def judge(cases: Cases, steps: Steps, zone: ZoneInfo) -> Verdict:
    """Say what each history amounts to.

    The stage is that of the latest step (a case without steps is found, when it happened). A
    case has ended if its latest step ends cases; ``ended_ms`` is the first of the closing steps
    at its tail, so that an evaluation does not move the closing.

    ``due_ms``: the clock starts at the latest dispatch (a case returned and dispatched anew gets
    its whole time again) and runs the category's limit, in working hours where the limit says
    so. An extension or suspension stops the clock until the next step of the main line; while
    it is stopped there is no due time, unless that had passed before.
    """
    some = steps.last >= steps.first
    stage = np.full(len(cases), STAGE_INDEX[Stage.FOUND], dtype=np.uint8)
    stage_ms = cases.happened_ms.copy()
    stage[some] = steps.stage[steps.last[some]]
    stage_ms[some] = steps.at_ms[steps.last[some]]
    ended_ms = np.full(len(cases), NEVER)
    ended = some & _ENDS[stage]
    closing = _latest(steps, ~_ENDS[steps.stage])[ended]
    closing = np.where(closing < 0, steps.first[ended], closing + 1)
    ended_ms[ended] = steps.at_ms[closing]
    return Verdict(stage, stage_ms, ended_ms, _due(cases, steps, zone))


def _latest(steps: Steps, wanted: Flags) -> Rows:
    """Row of the latest wanted step of each case, -1 where there is none."""
    latest = np.full(len(steps.first), -1, dtype=np.int64)
    rows = np.flatnonzero(wanted)
    # Rows ascend and numpy keeps the last of repeated indices.
    latest[steps.case[rows]] = rows
    return latest


def _due(cases: Cases, steps: Steps, zone: ZoneInfo) -> Millis:
    dispatched = _latest(steps, steps.stage == STAGE_INDEX[Stage.DISPATCHED])
    due_ms = np.full(len(cases), NEVER)
    on = np.flatnonzero(dispatched >= 0)
    if not len(on):
        return due_ms
    limit_ms, working = limits(cases.category[on])
    end = elapsed_ms(steps.at_ms[dispatched[on]], zone, working) + limit_ms
    slot = np.full(len(cases), -1, dtype=np.int64)
    slot[on] = np.arange(len(on))
    stopped = np.zeros(len(on), dtype=bool)
    for paused, resumed in _pauses(steps, dispatched):
        at = slot[steps.case[paused]]
        begins = elapsed_ms(steps.at_ms[paused], zone, working[at])
        counts = ~stopped[at] & (begins < end[at])
        forever = resumed < 0
        stopped[at[counts & forever]] = True
        moved = np.flatnonzero(counts & ~forever)
        goes_on = elapsed_ms(steps.at_ms[resumed[moved]], zone, working[at[moved]])
        end[at[moved]] += goes_on - begins[moved]
    due_ms[on] = np.where(stopped, NEVER, instant_ms(end, zone, working))
    return due_ms


def _pauses(steps: Steps, dispatched: Rows) -> Iterable[tuple[Rows, Rows]]:
    """Yield every case's first pause, then every second one ... as (stop, go on) rows.

    Stops before the dispatch do not count; of stops before the same resumption the first does.
    """
    rows = np.flatnonzero(_PAUSES[steps.stage])
    rows = rows[(dispatched[steps.case[rows]] >= 0) & (rows > dispatched[steps.case[rows]])]
    if not len(rows):
        return
    going = np.flatnonzero(_RESUMES[steps.stage])
    after = np.searchsorted(going, rows)
    resumed = np.where(after < len(going), going[np.minimum(after, len(going) - 1)], -1)
    # The next step of the main line may be another case's.
    resumed[resumed > steps.last[steps.case[rows]]] = -1
    case = steps.case[rows]
    again = np.zeros(len(rows), dtype=bool)
    again[1:] = (case[1:] == case[:-1]) & (resumed[1:] == resumed[:-1])
    rows, resumed, case = rows[~again], resumed[~again], case[~again]
    turn = np.arange(len(rows)) - np.searchsorted(case, case)
    for number in range(int(turn.max()) + 1):
        chosen = turn == number
        yield rows[chosen], resumed[chosen]
