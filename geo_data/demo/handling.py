"""How the cases of the demo city are handled: their stages, on the clock of their time limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_data.case_clock import CaseClock
from geo_data.demo.columns import text
from geo_data.demo.district import District
from geo_data.instants import millis
from geo_data.records import Stage
from geo_data.working_time import DAY_MS

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

_MINUTE_MS = 60_000
_MERGED = 0.008
_VOIDED, _RETURNED, _EXTENDED, _SUSPENDED, _REWORKED = 0.045, 0.028, 0.022, 0.005, 0.011
CONTACTED, RESOLVED = 0.985, 0.86
ANSWERS = (Stage.UNSATISFIED, Stage.NEUTRAL, Stage.FAIRLY_SATISFIED, Stage.SATISFIED)
MOODS = (0.035, 0.075, 0.24)
"""Up to where a citizen's mood, between 0 and 1, leads to each answer but the last."""
_STUCK = 0.006
_STUCK_DAYS = 45
_CENTRE = "区城运中心"


Texts = NDArray[np.object_]


@dataclass(slots=True)
class _Log:
    """Steps as they are written down: columns of cases, stages, times, actors, notes."""

    now_ms: int
    parts: list[tuple[Ints, Texts, Ints, Texts, Texts]] = field(default_factory=list)

    def note(
        self, stage: Stage, case: Ints, at_ms: Ints, actor: Texts | str, note: str | None = None
    ) -> None:
        """Write down one stage of many cases; what lies after now has not happened."""
        past = np.flatnonzero(at_ms <= self.now_ms)
        who = _alike(actor, len(past)) if isinstance(actor, str) else actor[past]
        stages = _alike(str(stage), len(past))
        self.parts.append((case[past], stages, at_ms[past], who, _alike(note, len(past))))

    def frame(self) -> pd.DataFrame:
        """Return all of it."""
        case, stage, at_ms, actor, note = map(np.concatenate, zip(*self.parts, strict=True))
        return pd.DataFrame(
            {
                "incident": case,
                "stage": text(stage),
                "happened_at": pd.to_datetime(at_ms, unit="ms", utc=True),
                "actor": text(actor),
                "note": text(note),
            }
        )


def _alike(value: str | None, count: int) -> Texts:
    return np.full(count, value, dtype=object)


def make_stages(
    incidents: pd.DataFrame,
    district: District,
    now: datetime,
    clock: CaseClock,
    random: np.random.Generator,
) -> pd.DataFrame:
    """Draw the stage history of every case.

    Found, accepted, filed, dispatched, handled, verified, closed, and for hotline cases mostly
    evaluated; some are voided, returned and sent again, extended, suspended, supervised or
    reworked; a few lie for weeks. How long each step takes is a share of the category's limit.

    Returns
    -------
    DataFrame
        ``incident`` (row of ``incidents``), ``stage``, ``happened_at``, ``actor``, ``note``.
    """
    count = len(incidents)
    log = _Log(millis(now))
    everyone = np.arange(count)
    happened = incidents["happened_at"].to_numpy("M8[ms]").astype(np.int64)
    reported = incidents["reported_at"].to_numpy("M8[ms]").astype(np.int64)
    town, warden = _actors(incidents, district)
    log.note(Stage.FOUND, everyone, happened, warden)
    accepted = reported + _minutes(6.0, 0.7, count, random)
    log.note(Stage.ACCEPTED, everyone, accepted, _CENTRE)
    fate = random.uniform(size=count)
    void, merged = fate < _VOIDED, fate > 1.0 - _MERGED
    own = everyone[void]
    refused = accepted[void] + _minutes(55.0, 0.8, len(own), random)
    log.note(Stage.VOIDED, own, refused, _CENTRE, "不属于受理范围")
    told_before = accepted[merged] + _minutes(20.0, 0.8, int(merged.sum()), random)
    log.note(Stage.MERGED, everyone[merged], told_before, _CENTRE, "与在办件重复，并案处理")
    case = everyone[~void & ~merged]
    filed = accepted[case] + _minutes(16.0, 0.8, len(case), random)
    log.note(Stage.FILED, case, filed, _CENTRE)
    sent = filed + _minutes(11.0, 0.7, len(case), random)
    log.note(Stage.DISPATCHED, case, sent, _CENTRE)
    back = np.flatnonzero(random.uniform(size=len(case)) < _RETURNED)
    returned = sent[back] + _minutes(75.0, 0.7, len(back), random)
    log.note(Stage.RETURNED, case[back], returned, town[case[back]], "不属于本单位职责")
    sent[back] = returned + _minutes(45.0, 0.7, len(back), random)
    log.note(Stage.DISPATCHED, case[back], sent[back], _CENTRE)
    _answer_for(incidents, case, sent, town, log, random.spawn(1)[0])
    _handle(incidents, case, sent, town, warden, clock, log, random)
    return log.frame()


def _handle(
    incidents: pd.DataFrame,
    case: Ints,
    sent: Ints,
    town: Texts,
    warden: Texts,
    clock: CaseClock,
    log: _Log,
    random: np.random.Generator,
) -> None:
    """Write down what comes after dispatch, on the clock that the limit of each case runs on."""
    count = len(case)
    rows = clock.rows_held(incidents["category"].to_numpy(dtype=object)[case], sent)
    limit_ms, working, hours = clock.limit_ms(rows), clock.is_working(rows), clock.working_time
    began = hours.elapsed_ms(sent, working)

    def when(share: Floats) -> Ints:
        return hours.instant_ms(began + (share * limit_ms).astype(np.int64), working)

    pace = _pace(incidents, case, sent, log.now_ms, random)
    paused = random.uniform(size=count)
    extended = (paused < _EXTENDED) & (pace < 3.0)
    suspended = (paused > 1.0 - _SUSPENDED) & (pace < 3.0)
    stopped = when(np.full(count, 0.6))
    for stage, some, note in (
        (Stage.EXTENDED, extended, "需跨部门协调，申请延期"),
        (Stage.SUSPENDED, suspended, "条件暂不具备，挂账"),
    ):
        log.note(stage, case[some], stopped[some], town[case[some]], note)
    pace = np.where(extended, random.uniform(0.9, 1.9, count), pace)
    handled = np.maximum(when(0.74 * pace), sent + 4 * _MINUTE_MS)
    waits_ms = (random.uniform(8.0, 40.0, count) * DAY_MS).astype(np.int64)
    handled = np.where(suspended, stopped + waits_ms, handled)
    handled = np.where(extended, np.maximum(handled, stopped + 30 * _MINUTE_MS), handled)
    _supervise(case, when(random.uniform(0.92, 1.05, count)), handled, pace, log, random)
    log.note(Stage.HANDLED, case, handled, town[case])
    verified = np.maximum(when(0.9 * pace), handled + _minutes(25.0, 0.6, count, random))
    log.note(Stage.VERIFIED, case, verified, warden[case])
    again = np.flatnonzero(random.uniform(size=count) < _REWORKED)
    failed = verified[again] + _minutes(12.0, 0.5, len(again), random)
    log.note(Stage.REWORKED, case[again], failed, _CENTRE, "现场核查未通过")
    redone = failed + (0.3 * limit_ms[again]).astype(np.int64)
    log.note(Stage.HANDLED, case[again], redone, town[case[again]])
    verified[again] = redone + _minutes(40.0, 0.5, len(again), random)
    log.note(Stage.VERIFIED, case[again], verified[again], warden[case[again]])
    closed = np.maximum(when(pace), verified + _minutes(9.0, 0.6, count, random))
    log.note(Stage.CLOSED, case, closed, _CENTRE)
    asked = incidents["channel"].to_numpy(dtype=object)[case] == "hotline"
    asked &= random.uniform(size=count) < 0.72
    after_ms = (random.uniform(0.3, 4.5, int(asked.sum())) * DAY_MS).astype(np.int64)
    log.note(Stage.EVALUATED, case[asked], closed[asked] + after_ms, _CENTRE, "电话回访")
    _ask(case[asked], closed[asked] + after_ms, log, random.spawn(1)[0])


def _answer_for(
    incidents: pd.DataFrame,
    case: Ints,
    sent: Ints,
    town: Texts,
    log: _Log,
    random: np.random.Generator,
) -> None:
    """Write down who signed for a case, and that the citizen who called was spoken to."""
    log.note(Stage.SIGNED, case, sent + _minutes(14.0, 0.55, len(case), random), town[case])
    called = np.flatnonzero(incidents["channel"].to_numpy(dtype=object)[case] == "hotline")
    spoken = sent[called] + _minutes(95.0, 0.7, len(called), random)
    told = random.uniform(size=len(called)) < CONTACTED
    log.note(Stage.CONTACTED, case[called][told], spoken[told], town[case[called][told]])


def _ask(case: Ints, at_ms: Ints, log: _Log, random: np.random.Generator) -> None:
    """Write down what citizens said when they were asked: what came of it, and how content."""
    solved = random.uniform(size=len(case)) < RESOLVED
    log.note(Stage.RESOLVED, case[solved], at_ms[solved], _CENTRE)
    log.note(Stage.EXPLAINED, case[~solved], at_ms[~solved], _CENTRE)
    # Whoever was only given reasons is harder to please.
    mood = random.uniform(size=len(case)) * np.where(solved, 1.0, 0.86)
    said = np.searchsorted(MOODS, mood)
    for number, stage in enumerate(ANSWERS):
        log.note(stage, case[said == number], at_ms[said == number], _CENTRE)


def _pace(
    incidents: pd.DataFrame, case: Ints, sent: Ints, now_ms: int, random: np.random.Generator
) -> Floats:
    """Return which share of its limit each case takes from dispatch to closing; over 1 is late."""
    count = len(case)
    grids = incidents["grid"].to_numpy()[case]
    # Neighbouring grids have one town's habits; a few are slower than the rest.
    habit = 1.0 + 0.13 * np.sin(grids / 61.0 + 0.7) + 0.05 * np.sin(grids / 7.0)
    pace: Floats = random.lognormal(np.log(0.46), 0.36, count) * habit
    late = random.uniform(size=count) < 0.018
    pace = np.where(late, random.uniform(1.05, 2.4, count), pace)
    recent = sent > now_ms - _STUCK_DAYS * DAY_MS
    stuck = recent & (random.uniform(size=count) < _STUCK)
    return np.where(stuck, random.uniform(20.0, 80.0, count), pace)


def _supervise(
    case: Ints, at_ms: Ints, handled: Ints, pace: Floats, log: _Log, random: np.random.Generator
) -> None:
    """Urge cases that are about to be late, or are, as long as nobody has handled them."""
    urged = (pace > 1.15) & (at_ms < handled) & (random.uniform(size=len(case)) < 0.6)
    log.note(Stage.SUPERVISED, case[urged], at_ms[urged], _CENTRE, "临近时限，督办")


def _actors(incidents: pd.DataFrame, district: District) -> tuple[Texts, Texts]:
    """Return who handles and who checks each case: the town's centre, the village's warden."""
    grid = incidents["grid"].to_numpy()
    village = district.village_of[grid]
    towns = [f"{seat.name}城运中心" for seat in district.plan.seats]
    wardens = [f"{name}网格员" for name in district.village_names]
    town = np.array(towns, dtype=object)[district.town_of[village]]
    return town, np.array(wardens, dtype=object)[village]


def _minutes(median: float, spread: float, count: int, random: np.random.Generator) -> Ints:
    drawn = median * random.lognormal(0.0, spread, count) * _MINUTE_MS
    return (drawn.astype(np.int64) // 1000 + 1) * 1000
