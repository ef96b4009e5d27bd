"""What rules make of readings: examples by hand, and the same end in any order and any batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.alarms.conditions import MINUTE_MS, Condition
from geo_data.alarms.judging import (
    LOOKBACK_MS,
    Moment,
    Series,
    Standing,
    by_silence,
    is_calm,
    is_line_down,
    lookback_ms,
    measure,
    stand,
)
from geo_data.alarms.rules import CityAlarms, Rule, rules_in_force
from geo_data.ladders import WarningLevel

RED, ORANGE, YELLOW, BLUE = WarningLevel
MIN = MINUTE_MS
T0 = 1_750_000_000_000
PERIOD = 5 * MIN


def rule(*conditions: dict[str, object]) -> Rule:
    return Rule.model_validate(
        {
            "key": "r",
            "name": {"zh": "规则", "en": "Rule"},
            "metric": "anything",
            "unit": "cm",
            "any-of": list(conditions),
            "source": "test",
            "effective-from": "2020-01-01",
        }
    )


def series(values: Sequence[float], every_min: float = 5) -> Series:
    at = T0 + (np.arange(len(values)) * every_min * MIN).astype(np.int64)
    return Series(at, np.array(values, dtype=np.float64))


def end(told: Series, after_min: float = 0) -> Moment:
    return Moment(int(told.at_ms[-1] + after_min * MIN), 3 * PERIOD)


def level(one: Rule, told: Series, after_min: float = 0, active: Standing | None = None) -> object:
    found = stand(one, told, end(told, after_min), PERIOD, active)
    return found.level if found else None


VALUE = {"measure": "value", "blue": 10, "yellow": 15, "red": 25, "hysteresis": 2}


def test_a_value_is_judged_by_the_gravest_limit_it_has_passed() -> None:
    one = rule(VALUE)
    told = {9.9: None, 10: BLUE, 14.9: BLUE, 15: YELLOW, 24: YELLOW, 25: RED, 99: RED}
    assert {value: level(one, series([0, value])) for value in told} == told


def test_a_level_is_over_only_when_the_value_has_retreated() -> None:
    one = rule(VALUE)
    assert level(one, series([26, 23.5])) is RED
    assert level(one, series([26, 22.9])) is YELLOW
    assert level(one, series([26, 13.5, 8.5])) is BLUE
    assert level(one, series([26, 7.9])) is None
    assert level(one, series([8.5, 9.9])) is None


def test_what_is_low_is_bad_where_the_rule_says_so() -> None:
    one = rule({"measure": "value", "when": "<", "yellow": 0.16, "red": 0.14, "hysteresis": 0.02})
    assert level(one, series([0.3, 0.15])) is YELLOW
    assert level(one, series([0.13, 0.15])) is RED
    assert level(one, series([0.13, 0.165])) is YELLOW
    assert level(one, series([0.13, 0.185])) is None


def test_a_limit_must_be_passed_for_so_long() -> None:
    one = rule({**VALUE, "hold-min": 12})
    assert level(one, series([0, 11, 11, 11])) is None
    assert level(one, series([0, 11, 11, 11, 11])) is BLUE
    assert level(one, series([0, 11, 11, 9, 11])) is None
    # A reading stands until the next one: the clock alone makes it long enough.
    assert level(one, series([0, 11, 11]), after_min=6) is None
    assert level(one, series([0, 11, 11]), after_min=7) is BLUE
    # But not for ever.
    assert level(rule({**VALUE, "hold-min": 60}), series([0, 11, 11]), after_min=59) is None


def test_a_limit_must_be_passed_by_so_many_readings() -> None:
    one = rule({**VALUE, "hold-readings": 3})
    assert level(one, series([0, 26, 26])) is None
    assert level(one, series([0, 11, 16, 26])) is BLUE
    assert level(one, series([0, 26, 9, 26, 26])) is None


def test_since_when_is_the_first_reading_of_what_is_warned_of() -> None:
    one = rule({**VALUE, "hold-min": 10})
    told = series([0, 11, 12, 16, 16, 16])
    found = stand(one, told, end(told), PERIOD, None)
    assert found == Standing(YELLOW, int(told.at_ms[3]), 16.0)


@pytest.mark.parametrize(
    ("kind", "values", "wanted"),
    [
        ("sum", [1, 2, 3, 4], [1, 3, 6, 9]),
        ("mean", [1, 2, 3, 4], [None, None, 2, 3]),
        ("max", [5, 2, 3, 1], [None, None, 5, 3]),
        ("min", [5, 2, 3, 4], [None, None, 2, 2]),
        ("rate", [1, 2, 6, 4], [None, None, 7.5, 3]),
    ],
)
def test_windows(kind: str, values: list[float], wanted: list[float | None]) -> None:
    """Of 15 minutes: three readings of five minutes each; less than half of it says nothing."""
    one = Condition.model_validate({"measure": kind, "minutes": 15, "red": 1})
    found = measure(one, series(values))
    assert [None if np.isnan(value) else value for value in found.tolist()] == wanted


def test_running_totals_add_up_with_one_reading_an_hour() -> None:
    one = Condition.model_validate({"measure": "sum", "minutes": 180, "one-per-min": 60, "red": 9})
    hourly = series([10, 20, 30, 40], every_min=60)
    assert measure(one, hourly).tolist() == [10, 30, 60, 90]
    # Read twelve times an hour, the same rain is not twelve times as much.
    often = series([12.0] * 37)
    assert measure(one, often)[-1] == 36
    # A missing hour is unknown, not dry and not doubled.
    gap = Series(np.delete(hourly.at_ms, 2), np.delete(hourly.values, 2))
    assert measure(one, gap)[-1] == 60


def rain(set_key: str) -> Rule:
    (found,) = (
        one
        for one in rules_in_force(CityAlarms(in_force={"rainstorm": set_key})).values()
        if one.kind == "rain-gauge"
    )
    return found


@pytest.mark.parametrize(
    ("hourly_mm", "shanghai", "national"),
    [
        ([0, 0, 0, 0, 0, 34.9], None, None),
        ([0, 0, 0, 0, 0, 35], BLUE, None),
        ([0, 0, 0, 0, 0, 50], YELLOW, ORANGE),
        ([0, 0, 0, 0, 0, 80], ORANGE, ORANGE),
        ([0, 0, 0, 0, 0, 100], RED, RED),
        ([9, 9, 9, 9, 9, 5], BLUE, YELLOW),
        ([15, 15, 15, 15, 15, 15], YELLOW, YELLOW),
        ([16, 16, 16, 16, 18, 18], ORANGE, ORANGE),
        ([25, 25, 25, 25, 25, 25], RED, ORANGE),
        ([33, 33, 33, 34, 33, 33], RED, RED),
        ([8, 8, 8, 8, 8, 2, 2, 2, 2, 2, 2, 7], None, BLUE),
    ],
)
def test_rainstorms_by_either_set(
    hourly_mm: list[float], shanghai: object, national: object
) -> None:
    told = series([0.0] * 12 + hourly_mm, every_min=60)
    assert (level(rain("shanghai"), told), level(rain("national"), told)) == (shanghai, national)


def test_what_stands_no_longer_raises_nothing_and_clears_nothing() -> None:
    one = rule(VALUE)
    told = series([0, 26])
    assert level(one, told, after_min=15) is RED
    assert level(one, told, after_min=16) is None
    up = Standing(YELLOW, T0, 16.0)
    assert level(one, told, after_min=16, active=up) is YELLOW
    assert level(one, series([26, 0]), after_min=600, active=up) is None


def test_an_alarm_goes_on_from_before_the_readings_at_hand() -> None:
    one = rule(VALUE)
    band = series([24.0] * 40)
    long_ago = Standing(RED, T0 - 9 * LOOKBACK_MS, 30.0)
    assert level(one, band) is YELLOW
    assert level(one, band, active=long_ago) is RED
    found = stand(one, band, end(band), PERIOD, long_ago)
    assert found is not None
    assert found.since_ms == long_ago.since_ms


def test_silence_is_an_alarm_by_its_minutes() -> None:
    one = Condition.model_validate({"measure": "absence", "blue": 30, "orange": 120})
    found = [by_silence(one, minutes * MIN, T0) for minutes in (29, 30, 119, 120)]
    assert [one and one.level for one in found] == [None, BLUE, BLUE, ORANGE]


def test_if_most_are_silent_it_is_the_line() -> None:
    one = Condition.model_validate({"measure": "absence", "blue": 30})

    def down(*minutes: float) -> bool:
        return is_line_down(one, (np.array(minutes) * MIN).astype(np.int64))

    assert not down(31, 1, 1, 1)
    assert not down(31, 31, 1, 1)
    assert down(31, 31, 31, 1)
    assert down(30, 27, 26, 1)
    assert not down(29, 29, 29, 29)
    assert not down(31, 31)


# --- any order, any batches --------------------------------------------------------------------

RULES = (
    rule(VALUE),
    rule({**VALUE, "hold-min": 7}, {**VALUE, "hold-readings": 2, "blue": 8, "yellow": None}),
    rule({"measure": "sum", "minutes": 30, "yellow": 60, "red": 100, "hysteresis": 10}),
    rule({"measure": "mean", "minutes": 20, "yellow": 12, "hysteresis": 3, "hold-min": 5}),
    rule({"measure": "rate", "minutes": 10, "yellow": 10, "red": 20, "hysteresis": 4}, VALUE),
    rule({"measure": "value", "when": "<", "yellow": 12, "red": 6, "hysteresis": 3}),
)
READINGS = st.lists(
    st.tuples(st.integers(0, 100), st.sampled_from([0.0, 7, 8.5, 9, 11, 13.5, 16, 23.5, 26, 40])),
    min_size=1,
    max_size=25,
    unique_by=lambda one: one[0],
)


class Follower:
    """Keeps what was told and what is up, as the store does."""

    def __init__(self, one: Rule) -> None:
        self.rule = one
        self.told: dict[int, float] = {}
        self.up: Standing | None = None

    def take(self, batch: Iterable[tuple[int, float]], now_min: float) -> None:
        for minute, value in batch:
            self.told.setdefault(minute, value)
        at = sorted(self.told)
        told = Series(
            np.array([T0 + minute * MIN for minute in at], dtype=np.int64),
            np.array([self.told[minute] for minute in at]),
        )
        moment = Moment(int(T0 + now_min * MIN), 15 * MIN)
        self.up = stand(self.rule, told, moment, PERIOD, self.up)


NOW = 101.0


@given(
    st.sampled_from(RULES),
    READINGS,
    st.randoms(use_true_random=False),
    st.lists(st.integers(1, 6), min_size=1),
)
def test_the_same_end_in_any_order_and_any_batches(
    one: Rule, readings: list[tuple[int, float]], dice: Random, sizes: list[int]
) -> None:
    whole = Follower(one)
    whole.take(readings, NOW)
    shuffled = list(readings)
    dice.shuffle(shuffled)
    parts = Follower(one)
    while shuffled:
        size = sizes[len(shuffled) % len(sizes)]
        batch, shuffled = shuffled[:size], shuffled[size:]
        # Some come twice, which changes nothing.
        parts.take(batch, NOW)
        parts.take(batch, NOW)
    assert lookback_ms(one, PERIOD) >= 100 * MIN
    assert same(parts.up, whole.up)


@given(st.sampled_from(RULES), READINGS)
def test_told_as_they_come_ends_as_told_at_once(
    one: Rule, readings: list[tuple[int, float]]
) -> None:
    """A feed in order, judged at each reading and by the clock between, against all at the end."""
    steady, whole = Follower(one), Follower(one)
    for minute, value in sorted(readings):
        steady.take([(minute, value)], minute)
        steady.take([], minute + 0.5)
    steady.take([], NOW)
    whole.take(readings, NOW)
    if NOW - max(minute for minute, _ in readings) <= 15:
        assert same(steady.up, whole.up)


@given(st.sampled_from(RULES), READINGS, st.integers(0, 100), st.sampled_from([26.0, 40.0]))
def test_what_comes_late_raises_nothing_from_the_past(
    one: Rule, readings: list[tuple[int, float]], minute: int, value: float
) -> None:
    """With a calm newest reading nothing that comes late can raise an alarm on values."""
    conditions = [each for each in one.any_of if each.measure == "value" and each.when == ">="]
    plain = one.model_copy(update={"any_of": tuple(conditions)})
    if not conditions:
        return
    follower = Follower(plain)
    follower.take([*readings, (101, 0.0)], NOW)
    assert follower.up is None
    follower.take([(minute, value)], NOW)
    assert follower.up is None


@given(st.sampled_from(RULES), READINGS)
def test_a_calm_value_ends_everything(one: Rule, readings: list[tuple[int, float]]) -> None:
    """What ingest relies on when it leaves calm sensors alone."""
    for condition in one.any_of:
        if condition.measure != "value":
            continue
        only = one.model_copy(update={"any_of": (condition,)})
        follower = Follower(only)
        follower.take(readings, NOW)
        newest = np.array([value for _, value in sorted(readings)][-1:])
        if is_calm(condition, newest)[0]:
            assert follower.up is None


def same(one: Standing | None, other: Standing | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.level, one.since_ms) == (other.level, other.since_ms) and (
        one.value == other.value or (np.isnan(one.value) and np.isnan(other.value))
    )
