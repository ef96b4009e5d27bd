"""What a rule makes of the readings of a sensor. Nothing here reads a store or a clock.

Where a sensor stands is a function of the readings that are known of it, in the order in which
they were taken, and of the present moment: not of the order in which they came, nor of the batches
they came in. So a late reading can at most tell something about now; what it tells about the past
raises nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo_data.alarms.conditions import MINUTE_MS, Condition
from geo_data.alarms.rules import Rule
from geo_data.ladders import WarningLevel

Millis = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LOOKBACK_MS = 120 * MINUTE_MS
"""So far before the newest reading of a sensor they are judged again when one comes late."""
QUIET_PERIODS = 3
"""A reading stands for so many periods of its sensor; after that nobody knows."""


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one sensor, oldest first, no two of one moment; shape (n,)."""

    at_ms: Millis
    values: Values

    def __len__(self) -> int:
        return len(self.at_ms)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a sensor stands by a rule.

    Parameters
    ----------
    level : WarningLevel
    since_ms : int
        When what is warned of began, by the readings.
    value : float
        The measure by which; NaN where it is not known at present.
    """

    level: WarningLevel
    since_ms: int
    value: float


@dataclass(frozen=True, slots=True)
class Moment:
    """The present: ``now_ms``, and for how long a reading of the sensor stands, ``quiet_ms``."""

    now_ms: int
    quiet_ms: int


def lookback_ms(rule: Rule, period_ms: int) -> int:
    """Return how far before the newest reading a rule judges."""
    holds = (max(one.hold_ms, one.hold_readings * period_ms) for one in rule.any_of)
    return max(LOOKBACK_MS, 2 * max(holds))


def history_ms(rule: Rule, period_ms: int) -> int:
    """Return how far before the newest reading readings are needed for that."""
    return lookback_ms(rule, period_ms) + max(one.window_ms for one in rule.any_of)


def stand(
    rule: Rule, series: Series, moment: Moment, period_ms: int, active: Standing | None
) -> Standing | None:
    """Return where a sensor stands by the conditions of a rule on its readings.

    Parameters
    ----------
    rule : Rule
    series : Series
        At least :func:`history_ms` of it, where there is as much.
    moment : Moment
    period_ms : int
        How often the sensor reports.
    active : Standing, optional
        The alarm that is up. What it knows from before the readings that are judged again goes
        on; and nothing is raised, or made worse, by readings that stand no longer.
    """
    if not len(series):
        return active
    newest_ms = int(series.at_ms[-1])
    from_ms = newest_ms - lookback_ms(rule, period_ms)
    before = active if active is not None and active.since_ms < from_ms else None
    found = [
        standing
        for condition in rule.any_of
        if (standing := _by(condition, series, from_ms, moment, before)) is not None
    ]
    # Of equal levels the one that began first.
    worst = min(found, key=lambda one: (int(one.level), one.since_ms), default=None)
    stands = moment.now_ms - newest_ms <= moment.quiet_ms
    if worst is None or stands:
        return worst
    if active is None:
        return None
    return active if worst.level.is_above(active.level) else worst


def _by(
    condition: Condition, series: Series, from_ms: int, moment: Moment, before: Standing | None
) -> Standing | None:
    judged = series.at_ms >= from_ms
    at_ms, measured = series.at_ms[judged], measure(condition, series)[judged]
    mildest = condition.threshold(next(iter(condition.limits)))
    if before is None and not mildest.beyond(measured).any():
        return None
    ends_ms = np.minimum(
        np.append(at_ms[1:], max(moment.now_ms, int(at_ms[-1]))), at_ms + moment.quiet_ms
    )
    for level in reversed(condition.limits):
        is_up = before is not None and not level.is_above(before.level)
        since_ms = _up_since(condition, level, (at_ms, ends_ms, measured), is_up)
        if since_ms is not None:
            began_ms = before.since_ms if before is not None and since_ms < from_ms else since_ms
            return Standing(level, began_ms, float(measured[-1]))
    return None


_BEFORE = -(1 << 60)


def _up_since(
    condition: Condition, level: WarningLevel, told: tuple[Millis, Millis, Values], is_up: bool
) -> int | None:
    """Return since when a level is up after the last reading, ``None`` if it is not.

    It goes up when its limit has been passed for long enough and by enough readings in a row; it
    stays until a value retreats from the limit by the hysteresis. Unknown measures change nothing.
    """
    at_ms, ends_ms, measured = told
    rows = np.arange(len(at_ms))
    known = np.isfinite(measured)
    beyond = known & condition.threshold(level).beyond(measured)
    left = known & ~condition.release(level).beyond(measured) & ~beyond
    # First row of the run of passed limits that each row is in.
    first = np.minimum(np.maximum.accumulate(np.where(beyond, 0, rows + 1)), rows)
    held = beyond & (ends_ms - at_ms[first] >= condition.hold_ms)
    held &= rows - first + 1 >= condition.hold_readings
    last_left = int(np.max(np.where(left, rows, -1)))
    raised = np.flatnonzero(held[last_left + 1 :])
    if is_up and last_left < 0:
        return _BEFORE
    return int(at_ms[first[last_left + 1 + raised[0]]]) if len(raised) else None


def measure(condition: Condition, series: Series) -> Values:
    """Return the measure at each reading, shape (n,); NaN where too little is known for one."""
    if condition.measure == "value":
        return series.values
    if condition.step_ms:
        return _stepped(condition, series)
    at_ms, values = series.at_ms, series.values
    first = np.searchsorted(at_ms, at_ms - condition.window_ms, side="right")
    of = _OVER[condition.measure]
    found = np.array(
        [
            of(values[start : row + 1], at_ms[start : row + 1], condition.window_ms)
            for row, start in enumerate(first.tolist())
        ],
        dtype=np.float64,
    )
    # A sum of what is known is not too much; all else needs half of the window.
    if condition.measure != "sum" or condition.when.startswith("<"):
        found[at_ms - at_ms[first] < condition.window_ms // 2] = np.nan
    return found


def _rate(values: Values, at_ms: Millis, window_ms: int) -> float:
    span_ms = int(at_ms[-1] - at_ms[0])
    return float(values[-1] - values[0]) / span_ms * window_ms if span_ms else float("nan")


_OVER: Mapping[str, Callable[[Values, Millis, int], float]] = {
    "sum": lambda values, _at, _window: float(values.sum()),
    "mean": lambda values, _at, _window: float(values.mean()),
    "max": lambda values, _at, _window: float(values.max()),
    "min": lambda values, _at, _window: float(values.min()),
    "rate": _rate,
}


def _stepped(condition: Condition, series: Series) -> Values:
    """Sum or mean of one reading a step, counted back from each reading.

    A step without a reading in its later half is unknown: it adds nothing.
    """
    steps = condition.window_ms // condition.step_ms
    wanted = series.at_ms[:, None] - np.arange(steps) * condition.step_ms
    row = np.searchsorted(series.at_ms, wanted, side="right") - 1
    known = (row >= 0) & (wanted - series.at_ms[row] < condition.step_ms // 2)
    taken = np.where(known, series.values[row], 0.0)
    count = known.sum(axis=1)
    found: Values = taken.sum(axis=1)
    if condition.measure == "mean":
        found = found / count
    if condition.measure == "mean" or condition.when.startswith("<"):
        found[count * 2 < steps] = np.nan
    return found


def levels_of(condition: Condition, values: Values) -> npt.NDArray[np.int64]:
    """Return the level number of each value by itself, 0 for none; shape (n,)."""
    found = np.zeros(len(values), dtype=np.int64)
    for level in condition.limits:
        found[condition.threshold(level).beyond(values)] = int(level)
    return found


def is_calm(condition: Condition, values: Values) -> Flags:
    """Which values end every level of a condition, whatever was before; shape (n,)."""
    mildest = next(iter(condition.limits))
    passed = condition.threshold(mildest).beyond(values)
    return ~condition.release(mildest).beyond(values) & ~passed


def by_silence(condition: Condition, silent_ms: int, since_ms: int) -> Standing | None:
    """Return where a sensor stands that has said nothing for so long, since its last reading."""
    minutes = silent_ms / MINUTE_MS
    for level in reversed(condition.limits):
        if minutes >= condition.limits[level]:
            return Standing(level, since_ms, minutes)
    return None


FEWEST_OF_A_LINE = 3
"""Of fewer sensors nobody can say that it is the line."""


def is_line_down(condition: Condition, silent_ms: Millis) -> bool:
    """Whether it is the line, not the sensors, that is silent.

    So it is when one sensor has been silent for too long and more than half of them for half
    of that: what stops together is never noticed at the same moment.

    Parameters
    ----------
    silent_ms : int64, shape (n,)
        Of every sensor of the rule that ever reported.
    """
    limit_ms = next(iter(condition.limits.values())) * MINUTE_MS
    if len(silent_ms) < FEWEST_OF_A_LINE or silent_ms.max() < limit_ms:
        return False
    return bool((silent_ms * 2 >= limit_ms).mean() > 0.5)
