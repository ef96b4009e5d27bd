"""Forecasts keep what they promise, on four years of readings of three stations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from indicators.early_warning.prediction import NOMINAL, Prediction, predict

pytestmark = pytest.mark.real

FILE = "d_beijing_multisite_2013_2017.parquet"
METRICS = ("PM2.5", "NO2", "O3")
HISTORY = 182
EVERY = 150
Made = list[tuple[Prediction, float, float]]


@pytest.fixture(scope="module")
def daily() -> list[np.ndarray]:
    """Daily means of every fourth station; short gaps are bridged, as counts have none."""
    folder = Path(__file__).parents[3] / "shared" / "data"
    frame = pd.read_parquet(folder / FILE, columns=["station", "time_local", *METRICS])
    by_day = frame.groupby(["station", frame["time_local"].dt.floor("D")], observed=True)
    means = by_day[list(METRICS)].mean()
    stations = means.index.get_level_values(0).unique()[::4]
    return [
        means.loc[station][metric].interpolate(limit_direction="both").to_numpy(dtype=np.float64)
        for station in stations
        for metric in METRICS
    ]


@pytest.fixture(scope="module", params=[1, 7])
def made(daily: list[np.ndarray], request: pytest.FixtureRequest) -> Made:
    """Forecasts made now and then over four years, with what came and what came a week ago."""
    steps, made = int(request.param), []
    for number, series in enumerate(daily):
        for at in range(HISTORY + 11 * number, len(series) - 7, EVERY):
            found = predict(series[at - HISTORY : at], steps)
            assert found is not None
            came = float(series[at : at + steps].sum())
            made.append((found, came, float(series[at - 7 : at - 7 + steps].sum())))
    return made


def test_what_is_claimed_holds_on_days_nobody_had_seen(made: Made) -> None:
    claimed = [one for one in made if not one[0].is_naive]
    assert len(claimed) >= 20
    own = np.mean([abs(told.value - came) for told, came, _ in claimed])
    naive = np.mean([abs(ago - came) for _, came, ago in claimed])
    # Where it says that it is better than a week ago, it is.
    assert own < naive


def test_where_nothing_is_claimed_a_week_ago_is_shown(made: Made) -> None:
    kept = [(told.value, ago) for told, _, ago in made if told.is_naive]
    assert kept
    assert all(value == pytest.approx(ago) for value, ago in kept)


def test_four_of_five_lie_within_the_interval(made: Made) -> None:
    inside = np.mean([told.low <= came <= told.high for told, came, _ in made])
    assert inside == pytest.approx(NOMINAL, abs=0.12)
    # What is said of the past is about what came of the future.
    assert np.mean([told.coverage for told, _, _ in made]) == pytest.approx(inside, abs=0.12)
