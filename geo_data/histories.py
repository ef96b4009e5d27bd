"""What the history of a case amounts to: its stage, when it ended, when it is due.

Everything is a function of the whole history, never of the order in which messages came, and
works on columns: the same code judges one case and a year of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from geo_data.case_clock import CaseClock
from geo_data.case_stages import BESIDE, ENDED, LIFE, NEXT
from geo_data.instants import instant
from geo_data.records import Stage
from geo_data.time_limits import NO_LIMIT
from geo_data.working_time import Millis

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Strings = npt.NDArray[np.object_]

NEVER = np.iinfo(np.int64).min
"""Stands for "no such time" in a column of milliseconds."""


def known_instant(at_ms: int) -> datetime | None:
    """Return the aware UTC time of a value of such a column; ``None`` where there is none."""
    return None if at_ms == NEVER else instant(at_ms)


STAGES: tuple[Stage, ...] = tuple(Stage)
STAGE_INDEX = {stage: index for index, stage in enumerate(STAGES)}

_RANK = np.array([(*LIFE.ties, *LIFE.beside).index(stage) for stage in STAGES])
_IS_BESIDE = np.array([stage in BESIDE for stage in STAGES])
_ENDS = np.array([stage in ENDED for stage in STAGES])
_RESUMES = np.array([stage in LIFE.resumes for stage in STAGES])
_PAUSES = np.array([stage in LIFE.pauses for stage in STAGES])
_MAY_FOLLOW = np.array([[stage in NEXT.get(before, ()) for stage in STAGES] for before in STAGES])


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
class Notes:
    """What was noted of cases without moving them, as columns; ordered as :class:`Steps`."""

    case: Rows
    stage: npt.NDArray[np.uint8]
    at_ms: Millis


def _no_notes() -> Notes:
    none = np.zeros(0, dtype=np.int64)
    return Notes(none, np.zeros(0, dtype=np.uint8), none)


@dataclass(frozen=True, slots=True)
class Steps:
    """Stage changes as columns, ordered by case, time and tie order.

    ``case`` is the row of :class:`Cases`, ``stage`` the index in :data:`STAGES`, ``first`` and
    ``last`` (shape (n,) of the cases) the rows of a case's steps, ``first > last`` without any.
    ``notes`` are the steps that move nothing; they are in none of the columns here.
    """

    case: Rows
    stage: npt.NDArray[np.uint8]
    at_ms: Millis
    first: Rows
    last: Rows
    notes: Notes = field(default_factory=_no_notes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the histories amount to, shape (n,) of the cases; :data:`NEVER` is no such time.

    ``soon_ms`` is when a case begins to be due soon, ``due_ms`` when it is due. ``sent_ms`` is its
    latest dispatch, and until ``sign_ms`` and ``contact_ms`` the unit should have signed for it
    and spoken to the citizen.
    """

    stage: npt.NDArray[np.uint8]
    stage_ms: Millis
    ended_ms: Millis
    due_ms: Millis
    soon_ms: Millis
    sent_ms: Millis
    sign_ms: Millis
    contact_ms: Millis


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of the cases that were dispatched, all of shape (k,).

    Attributes
    ----------
    case : int64
        Row of :class:`Cases`.
    limit : int64
        Row of the table of limits, ``NO_LIMIT`` where none holds.
    started_ms : int64
        The dispatch from which it runs.
    ends : int64
        What it shows when the limit is up, pauses counted in.
    stopped_ms : int64
        Since when it has stood still, :data:`NEVER` where it runs. A limit that was up before is
        not stopped any more.
    """

    case: Rows
    limit: Rows
    started_ms: Millis
    ends: Millis
    stopped_ms: Millis


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
        Which given row each ordered one was: those of the steps, then those of their notes.
    """
    order = np.lexsort((_RANK[stage], at_ms, case))
    is_note = _IS_BESIDE[stage[order]]
    noted, order = order[is_note], order[~is_note]
    ordered = case[order]
    rows = np.arange(n_cases)
    first = np.searchsorted(ordered, rows, side="left")
    last = np.searchsorted(ordered, rows, side="right") - 1
    notes = Notes(case[noted], stage[noted], at_ms[noted])
    steps = Steps(ordered, stage[order], at_ms[order], first, last, notes)
    return steps, np.concatenate([order, noted])


def irregular_steps(steps: Steps) -> Flags:
    """Say which steps cannot follow the one before them, by the declared life of a case.

    Returns
    -------
    bool, shape (m,) of the steps
        A case is found before its first step. What may follow what: ``stages.toml``.
    """
    before = np.empty(len(steps.stage), dtype=np.uint8)
    before[1:] = steps.stage[:-1]
    first = steps.first[steps.last >= steps.first]
    before[first] = STAGE_INDEX[Stage.FOUND]
    may_follow = _MAY_FOLLOW[before, steps.stage]
    may_follow[first] |= steps.stage[first] == STAGE_INDEX[Stage.FOUND]
    return ~may_follow


def judge(cases: Cases, steps: Steps, clock: CaseClock) -> Verdict:
    """Say what each history amounts to.

    The stage is that of the latest step (a case without steps is found, when it happened). A
    case has ended if its latest step ends cases; ``ended_ms`` is the first of the closing steps
    at its tail, so that an evaluation does not move the closing.

    When it is due is said by :func:`run_clocks`; a clock that stands still has no due time.
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
    return Verdict(stage, stage_ms, ended_ms, *_due(cases, steps, clock))


def _due(cases: Cases, steps: Steps, clock: CaseClock) -> tuple[Millis, ...]:
    """When each case is due, begins to be due soon, was sent, and is to be answered for."""
    due_ms, soon_ms = np.full(len(cases), NEVER), np.full(len(cases), NEVER)
    clocks = run_clocks(cases.category, steps, clock)
    promised = _promised(len(cases), clocks, clock)
    runs = (clocks.limit != NO_LIMIT) & (clocks.stopped_ms == NEVER)
    on, limit, ends = clocks.case[runs], clocks.limit[runs], clocks.ends[runs]
    working = clock.is_working(limit)
    # Both in one call: for a single case the calls are what costs.
    both = np.concatenate([ends, ends - clock.margin_ms(limit)])
    due, soon = np.split(clock.working_time.instant_ms(both, np.tile(working, 2)), 2)
    due_ms[on], soon_ms[on] = due, soon
    return due_ms, soon_ms, *promised


def _promised(n_cases: int, clocks: Clocks, clock: CaseClock) -> tuple[Millis, Millis, Millis]:
    """When each case was last sent out, and when signing and contacting are due from there."""
    columns = np.full((3, n_cases), NEVER)
    if len(clocks.case):
        sent = clocks.started_ms
        columns[:, clocks.case] = sent, *clock.promised_ms(sent)
    sent_ms, sign_ms, contact_ms = columns
    return sent_ms, sign_ms, contact_ms


def _latest(steps: Steps, wanted: Flags) -> Rows:
    """Row of the latest wanted step of each case, -1 where there is none."""
    latest = np.full(len(steps.first), -1, dtype=np.int64)
    rows = np.flatnonzero(wanted)
    # Rows ascend and numpy keeps the last of repeated indices.
    latest[steps.case[rows]] = rows
    return latest


def run_clocks(category: Strings, steps: Steps, clock: CaseClock) -> Clocks:
    """Run the clocks of the cases that were dispatched.

    A clock starts at the latest dispatch (a case returned and dispatched anew gets its whole time
    again) and runs the limit that held on that day, in working hours where the limit says so. An
    extension or suspension stops it until a step that lets it go on.

    Parameters
    ----------
    category : str, shape (n,) of the cases
    steps : Steps
        Of the same cases.
    """
    hours = clock.working_time
    dispatched = _latest(steps, steps.stage == STAGE_INDEX[LIFE.starts_clock])
    on = np.flatnonzero(dispatched >= 0)
    started_ms = steps.at_ms[dispatched[on]]
    limit = clock.rows_held(category[on], started_ms) if len(on) else on
    working = clock.is_working(limit)
    ends = hours.elapsed_ms(started_ms, working) + clock.limit_ms(limit)
    slot = np.full(len(steps.first), -1, dtype=np.int64)
    slot[on] = np.arange(len(on))
    stopped_ms = np.full(len(on), NEVER)
    for paused, resumed in _pauses(steps, dispatched):
        at = slot[steps.case[paused]]
        begins = hours.elapsed_ms(steps.at_ms[paused], working[at])
        # A stop after the limit saves nobody.
        counts = (begins < ends[at]) & (limit[at] != NO_LIMIT)
        forever = counts & (resumed < 0)
        stopped_ms[at[forever]] = steps.at_ms[paused[forever]]
        moved = np.flatnonzero(counts & (resumed >= 0))
        goes_on = hours.elapsed_ms(steps.at_ms[resumed[moved]], working[at[moved]])
        ends[at[moved]] += goes_on - begins[moved]
    return Clocks(on, limit, started_ms, ends, stopped_ms)


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
    # The next step that lets the clock go on may be another case's.
    resumed[resumed > steps.last[steps.case[rows]]] = -1
    case = steps.case[rows]
    again = np.zeros(len(rows), dtype=bool)
    again[1:] = (case[1:] == case[:-1]) & (resumed[1:] == resumed[:-1])
    rows, resumed, case = rows[~again], resumed[~again], case[~again]
    turn = np.arange(len(rows)) - np.searchsorted(case, case)
    for number in range(int(turn.max()) + 1):
        chosen = turn == number
        yield rows[chosen], resumed[chosen]
