"""Forecasts say what they are worth, and step back where a week ago is as good."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.early_warning.prediction import LEAST, predict

WEEK = np.array([20.0, 18, 17, 17, 18, 12, 9])


def noisy(seed: int, days: int = 182) -> np.ndarray:
    """Days that swing about their weekday: what was a week ago swings twice as much."""
    random = np.random.default_rng(seed)
    return random.poisson(WEEK[np.arange(days) % 7]).astype(float)


@pytest.mark.parametrize("days", [0, 3, LEAST - 1])
def test_a_short_history_has_no_forecast(days: int) -> None:
    assert predict(np.ones(days), 1) is None


def test_what_repeats_itself_is_what_was_a_week_ago() -> None:
    series = np.tile(WEEK, 20)
    day, week = predict(series, 1), predict(series, 7)
    assert day is not None
    assert week is not None
    # Nothing beats a forecast without error.
    assert (day.method, day.value, day.naive_error) == ("naive", 20.0, 0.0)
    assert (day.low, day.high, day.coverage) == (20.0, 20.0, 1.0)
    assert week.value == WEEK.sum()


def test_noise_about_a_week_is_better_averaged() -> None:
    found = [predict(noisy(seed), 1) for seed in range(12)]
    known = [one for one in found if one is not None]
    assert len(known) == 12
    better = [one for one in known if not one.is_naive]
    assert len(better) >= 10
    for one in better:
        assert one.error < one.naive_error
        assert one.skill == pytest.approx(1 - one.error / one.naive_error)
    # Four of five, within what 12 times 28 days let swing.
    assert np.mean([one.coverage for one in known]) == pytest.approx(0.8, abs=0.06)


def test_where_a_week_ago_is_best_it_is_shown_and_said() -> None:
    """Each week a level of its own, drawn anew: only the newest week knows of it."""
    random = np.random.default_rng(4)
    level = np.repeat(np.cumsum(random.choice([-6.0, 6.0], 30)) + 60, 7)
    found = predict(np.maximum(level + np.tile(WEEK, 30), 0.0), 7)
    assert found is not None
    if found.is_naive:
        assert found.value == level[-1] * 7 + WEEK.sum()
    else:
        assert found.error < found.naive_error


def test_a_forecast_knows_nothing_of_what_came_after() -> None:
    """The record of a longer history ends as that of a shorter one would have said."""
    series = noisy(3, 200)
    then = predict(series[:-1], 1)
    assert then is not None
    changed = series.copy()
    changed[-1] += 500
    again = predict(changed[:-1], 1)
    assert again == then


@settings(max_examples=8)
@given(st.integers(0, 1000), st.sampled_from([1, 3, 7]))
def test_the_interval_holds_the_forecast(seed: int, steps: int) -> None:
    found = predict(noisy(seed, LEAST + 20), steps)
    assert found is not None
    assert 0 <= found.low <= found.value <= found.high
    assert 0 <= found.coverage <= 1
    assert found.days >= 25
