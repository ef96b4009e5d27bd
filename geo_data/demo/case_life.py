"""What happens to one case of the simulator: its steps to come, on the clock of its limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from geo_data.case_clock import CaseClock
from geo_data.case_stages import MAIN_LINE
from geo_data.demo.handling import ANSWERS, CONTACTED, MOODS, RESOLVED
from geo_data.ingest import StageReport
from geo_data.instants import instant, millis
from geo_data.records import Stage

CENTRE = "区城运中心"
WARDEN = "网格员"
_MERGED = 0.008
_VOIDED, _RETURNED, _EXTENDED, _SUSPENDED, _REWORKED = 0.045, 0.028, 0.022, 0.005, 0.011
_LATE, _EVALUATED = 0.02, 0.72
_MIDDLE_OF_LIMIT = 0.46
"""Median share of its limit that a case takes from dispatch to closing."""

MinutesOf = dict[Stage, float]
_MINUTES: MinutesOf = {
    Stage.ACCEPTED: 6,
    Stage.FILED: 16,
    Stage.DISPATCHED: 11,
    Stage.VERIFIED: 25,
    Stage.CLOSED: 9,
}
"""Median minutes from the step before."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the simulator knows of a case whose steps it makes up."""

    source: str
    source_id: str
    category: str
    channel: str
    town: str


class Life:
    """The steps of one case, drawn one after the other.

    Parameters
    ----------
    told : Told
        The case.
    at : datetime
        Of the step before the first one drawn, aware.
    clock : CaseClock
        Of the city.
    random : Generator
        The simulator's own.
    """

    def __init__(
        self, told: Told, at: datetime, clock: CaseClock, random: np.random.Generator
    ) -> None:
        self._told = told
        self._at = at
        self._clock = clock
        self._random = random

    def from_found(self, happened_at: datetime) -> Iterator[StageReport]:
        """Yield every step of a case just reported."""
        yield self._step(Stage.FOUND, WARDEN, at=happened_at)
        yield from self.after(Stage.FOUND)

    def after(self, stage: Stage) -> Iterator[StageReport]:
        """Yield the steps that follow ``stage``, whatever branch it is on."""
        if stage is Stage.FOUND:
            yield self._next(Stage.ACCEPTED)
            fate = self._random.uniform()
            if fate < _VOIDED:
                self._wait(55)
                yield self._step(Stage.VOIDED, note="不属于受理范围")
                return
            if fate > 1.0 - _MERGED:
                self._wait(20)
                yield self._step(Stage.MERGED, note="与在办件重复，并案处理")
                return
        rank = MAIN_LINE.index(stage) if stage in MAIN_LINE else _RESUME_AFTER[stage]
        if rank < MAIN_LINE.index(Stage.FILED):
            yield self._next(Stage.FILED)
        if rank < MAIN_LINE.index(Stage.DISPATCHED):
            yield from self._dispatch()
        if rank < MAIN_LINE.index(Stage.HANDLED):
            yield from self._handle(stage)
        if rank < MAIN_LINE.index(Stage.VERIFIED):
            yield from self._verify()
        if rank < MAIN_LINE.index(Stage.CLOSED):
            yield self._next(Stage.CLOSED)
            yield from self._evaluate()

    def _dispatch(self) -> Iterator[StageReport]:
        yield self._next(Stage.DISPATCHED)
        yield from self._answer_for()
        if self._lucky(_RETURNED):
            self._wait(75)
            yield self._step(Stage.RETURNED, self._unit, "不属于本单位职责")
            self._wait(45)
            yield self._step(Stage.DISPATCHED)
            yield from self._answer_for()

    def _answer_for(self) -> Iterator[StageReport]:
        """Yield that the unit signed for the case, and spoke to the citizen who called."""
        self._wait(6)
        yield self._step(Stage.SIGNED, self._unit)
        if self._told.channel == "hotline" and self._lucky(CONTACTED):
            self._wait(15)
            yield self._step(Stage.CONTACTED, self._unit)

    def _handle(self, before: Stage) -> Iterator[StageReport]:
        pace = _MIDDLE_OF_LIMIT * self._spread(0.36)
        if self._lucky(_LATE):
            pace = self._random.uniform(1.05, 2.4)
        if before not in (Stage.EXTENDED, Stage.SUSPENDED) and self._lucky(_EXTENDED + _SUSPENDED):
            self._work(0.6)
            is_short = self._lucky(_EXTENDED / (_EXTENDED + _SUSPENDED))
            note = "需跨部门协调，申请延期" if is_short else "条件暂不具备，挂账"
            yield self._step(Stage.EXTENDED if is_short else Stage.SUSPENDED, self._unit, note)
            self._at += timedelta(days=self._random.uniform(0.2, 2) if is_short else 12)
        elif pace > 1.0 and before is not Stage.SUPERVISED:
            self._work(0.97)
            yield self._step(Stage.SUPERVISED, note="临近时限，督办")
            pace -= 0.97
        self._work(0.74 * pace)
        yield self._step(Stage.HANDLED, self._unit)

    def _verify(self) -> Iterator[StageReport]:
        yield self._next(Stage.VERIFIED, WARDEN)
        if self._lucky(_REWORKED):
            self._wait(12)
            yield self._step(Stage.REWORKED, note="现场核查未通过")
            self._work(0.3)
            yield self._step(Stage.HANDLED, self._unit)
            yield self._next(Stage.VERIFIED, WARDEN)

    def _evaluate(self) -> Iterator[StageReport]:
        if self._told.channel == "hotline" and self._lucky(_EVALUATED):
            self._at += timedelta(days=self._random.uniform(0.3, 4.5))
            yield self._step(Stage.EVALUATED, note="电话回访")
            solved = self._lucky(RESOLVED)
            yield self._step(Stage.RESOLVED if solved else Stage.EXPLAINED)
            mood = self._random.uniform() * (1.0 if solved else 0.86)
            yield self._step(ANSWERS[int(np.searchsorted(MOODS, mood))])

    @property
    def _unit(self) -> str:
        return f"{self._told.town}城运中心"

    def _next(self, stage: Stage, actor: str = CENTRE) -> StageReport:
        self._wait(_MINUTES[stage])
        return self._step(stage, actor)

    def _wait(self, median_min: float) -> None:
        self._at += timedelta(seconds=max(round(median_min * 60 * self._spread(0.7)), 1))

    def _work(self, share: float) -> None:
        """Let ``share`` of the limit go by, on the clock that the limit runs on."""
        clock, now_ms = self._clock, np.array([millis(self._at)])
        rows = clock.rows_held(np.array([self._told.category], dtype=object), now_ms)
        working = clock.is_working(rows)
        shown = clock.working_time.elapsed_ms(now_ms, working)
        shown += (share * clock.limit_ms(rows)).astype(np.int64)
        done = instant(clock.working_time.instant_ms(shown, working)[0])
        # A job done after hours is done that night, not at the opening.
        self._at = max(done, self._at + timedelta(minutes=1)).replace(microsecond=0)

    def _spread(self, sigma: float) -> float:
        return float(self._random.lognormal(0.0, sigma))

    def _lucky(self, chance: float) -> bool:
        return bool(self._random.uniform() < chance)

    def _step(
        self,
        stage: Stage,
        actor: str = CENTRE,
        note: str | None = None,
        at: datetime | None = None,
    ) -> StageReport:
        told = self._told
        return StageReport(told.source, told.source_id, stage, at or self._at, actor, note)


_RESUME_AFTER = {
    Stage.SUPERVISED: MAIN_LINE.index(Stage.DISPATCHED),
    Stage.EXTENDED: MAIN_LINE.index(Stage.DISPATCHED),
    Stage.SUSPENDED: MAIN_LINE.index(Stage.DISPATCHED),
    Stage.RETURNED: MAIN_LINE.index(Stage.FILED),
    Stage.REWORKED: MAIN_LINE.index(Stage.DISPATCHED),
    Stage.VOIDED: len(MAIN_LINE),
    Stage.MERGED: len(MAIN_LINE),
}
"""Up to where of the main line a case on a side branch has come."""
