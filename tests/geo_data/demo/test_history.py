import itertools
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from geo_data.case_stages import MAIN_LINE
from geo_data.demo.handling import make_stages
from geo_data.demo.history import habits, make_incidents
from geo_data.demo.making import DemoCity
from geo_data.demo.observing import make_observations
from geo_data.dictionaries import categories, channels, sensor_kinds, stages
from geo_data.records import SensorState
from tests.geo_data.small_city import CITY


@pytest.fixture(scope="module")
def year(songjiang: DemoCity, now: datetime, zone: ZoneInfo) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(11)
    houses = songjiang.layers["places/building"]
    incidents = make_incidents(
        songjiang.district,
        songjiang.buildings,
        houses,
        songjiang.streets,
        now,
        zone,
        60_000,
        random,
    )
    return incidents, make_stages(incidents, songjiang.district, now, CITY.case_clock, random)


def test_a_year_of_cases_up_to_now(year: tuple[pd.DataFrame, pd.DataFrame], now: datetime) -> None:
    incidents, _ = year
    assert len(incidents) == pytest.approx(60_000, rel=0.03)
    assert incidents["reported_at"].max() <= pd.Timestamp(now)
    assert incidents["reported_at"].min() >= pd.Timestamp(now) - timedelta(days=366)
    assert (incidents["happened_at"] < incidents["reported_at"]).all()
    assert incidents["reported_at"].is_monotonic_increasing
    assert incidents["code"].is_unique


def test_words_are_the_dictionaries(year: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    incidents, steps = year
    assert set(habits().categories) == set(categories())
    assert set(habits().channels) == set(channels())
    assert set(incidents["channel"]) == set(channels())
    assert len(set(incidents["category"])) > 30
    assert set(steps["stage"]) == {str(stage) for stage in stages()}


def test_weeks_and_seasons_have_a_rhythm(
    year: tuple[pd.DataFrame, pd.DataFrame], zone: ZoneInfo
) -> None:
    incidents, _ = year
    local = incidents["reported_at"].dt.tz_convert(zone)
    weekday = local.dt.day_of_week.value_counts()
    assert weekday[[0, 1, 2, 3, 4]].min() > 1.08 * weekday[[5, 6]].max()
    hour = local.dt.hour.value_counts()
    assert hour[10] > 8 * hour[3]
    barbecue = local[incidents["category"] == "0510"].dt.month
    assert barbecue.isin([6, 7, 8]).mean() > 2 * barbecue.isin([12, 1, 2]).mean()
    frost = local[incidents["category"] == "0407"].dt.month
    assert frost.isin([12, 1, 2, 3, 11]).all()


def test_patrols_keep_office_hours(year: tuple[pd.DataFrame, pd.DataFrame], zone: ZoneInfo) -> None:
    incidents, _ = year
    hour = incidents["reported_at"].dt.tz_convert(zone).dt.hour
    by_day = hour.between(7, 18).groupby(incidents["channel"]).mean()
    assert by_day["patrol"] > 0.9 > by_day["police"]


def test_worse_is_rarer(year: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    count = year[0]["severity"].value_counts()
    assert count[4] > 20 * count[3]
    assert count[3] > 3 * count[2]
    assert count[2] > count.get(1, 0)


def test_some_places_are_hot(year: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    incidents, _ = year
    month = incidents[incidents["reported_at"] > incidents["reported_at"].max() - timedelta(30)]
    cell = (month["lon"] * 1000).round().astype(int) * 100_000 + (month["lat"] * 1000).round()
    per_cell = pd.Series(cell).value_counts()
    assert (per_cell >= 8).sum() >= 10
    assert per_cell.median() <= 2


def test_some_places_become_hot_and_others_calm(year: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """A building site comes and goes: something new can be seen at the end, as at any time."""
    incidents, _ = year
    lon, lat = (incidents[name] * 500 for name in ("lon", "lat"))
    cell = lon.round().astype(int) * 100_000 + lat.round().astype(int)
    ago = (incidents["reported_at"].max() - incidents["reported_at"]).dt.days
    late, half_a_year_ago = (
        (cell[chosen].value_counts(), cell[~chosen].value_counts())
        for chosen in ((ago < 28), (ago >= 182) & (ago < 210))
    )
    for month, rest in (late, half_a_year_ago):
        usual = rest.reindex(month.index, fill_value=0) * 28 / 337
        assert ((month >= 12) & (month > 4 * usual)).any()


def test_histories_keep_the_order_of_the_loop(
    year: tuple[pd.DataFrame, pd.DataFrame], now: datetime
) -> None:
    incidents, steps = year
    assert steps["happened_at"].max() <= pd.Timestamp(now)
    first = steps.pivot_table(
        index="incident", columns="stage", values="happened_at", aggfunc="min"
    )
    line = [str(stage) for stage in MAIN_LINE]
    for one, two in itertools.pairwise(line):
        both = first[[one, two]].dropna()
        assert (both[one] <= both[two]).all(), (one, two)
    assert first["found"].notna().all()
    assert len(first) == len(incidents)
    gone = first["voided"].notna()
    assert first.loc[gone, ["filed", "dispatched", "closed"]].isna().all(axis=None)
    again = first["reworked"].dropna().index
    twice = steps[(steps["stage"] == "handled") & steps["incident"].isin(again)]
    assert (twice.groupby("incident").size() <= 2).all()
    returned = first["returned"].dropna().index
    sent = steps[(steps["stage"] == "dispatched") & steps["incident"].isin(returned)]
    assert sent.groupby("incident").size().eq(2).mean() > 0.97


def test_side_branches_are_rare_but_there(year: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    incidents, steps = year
    share = steps.drop_duplicates(["incident", "stage"])["stage"].value_counts() / len(incidents)
    for stage, low, high in (
        ("voided", 0.03, 0.06),
        ("returned", 0.015, 0.05),
        ("extended", 0.01, 0.04),
        ("suspended", 0.002, 0.01),
        ("supervised", 0.005, 0.04),
        ("reworked", 0.005, 0.02),
        ("closed", 0.9, 0.96),
    ):
        assert low < share[stage] < high, stage


def test_most_are_closed_in_time_and_some_lie(
    year: tuple[pd.DataFrame, pd.DataFrame], now: datetime
) -> None:
    incidents, steps = year
    clock = CITY.case_clock
    reported = incidents["reported_at"].to_numpy("M8[ms]").astype(np.int64)
    rows = clock.rows_held(incidents["category"].to_numpy(dtype=object), reported)
    limit_ms, working = clock.limit_ms(rows), clock.is_working(rows)
    sent = steps[steps["stage"] == "dispatched"].groupby("incident")["happened_at"].max()
    closed = steps[steps["stage"] == "closed"].groupby("incident")["happened_at"].max()
    took_ms = (closed - sent).dropna().dt.total_seconds() * 1000
    round_the_clock = took_ms[~working[took_ms.index]]
    in_time = round_the_clock <= limit_ms[round_the_clock.index]
    assert 0.88 < in_time.mean() < 0.99
    voided = steps.loc[steps["stage"] == "voided", "incident"]
    open_cases = set(range(len(incidents))) - set(closed.index) - set(voided)
    old = [
        case
        for case in open_cases
        if incidents["reported_at"].iloc[case] < pd.Timestamp(now) - timedelta(days=14)
    ]
    assert 0.002 * len(incidents) < len(open_cases) < 0.03 * len(incidents)
    assert len(old) > 5


def test_equal_randoms_tell_equal_histories(small: DemoCity, now: datetime, zone: ZoneInfo) -> None:
    told = []
    for _ in range(2):
        random = np.random.default_rng(4)
        incidents = make_incidents(
            small.district,
            small.buildings,
            small.layers["places/building"],
            small.streets,
            now,
            zone,
            2_000,
            random,
        )
        told.append(
            (incidents, make_stages(incidents, small.district, now, CITY.case_clock, random))
        )
    pd.testing.assert_frame_equal(told[0][0], told[1][0])
    pd.testing.assert_frame_equal(told[0][1], told[1][1])


@pytest.fixture(scope="module")
def observed(songjiang: DemoCity, now: datetime, zone: ZoneInfo) -> pd.DataFrame:
    return make_observations(songjiang.layers["sensors"], now, zone, np.random.default_rng(5))


def test_a_day_of_observations_of_every_sensor(
    songjiang: DemoCity, observed: pd.DataFrame, now: datetime
) -> None:
    assert 100_000 < len(observed) <= 300_000
    assert set(observed["sensor_code"]) == set(songjiang.layers["sensors"]["code"])
    assert observed["observed_at"].max() <= pd.Timestamp(now)
    assert observed["observed_at"].min() >= pd.Timestamp(now) - timedelta(hours=48)
    assert not observed.duplicated(["sensor_code", "observed_at"]).any()


def test_readings_are_mostly_normal(
    songjiang: DemoCity, observed: pd.DataFrame, now: datetime
) -> None:
    sensors = songjiang.layers["sensors"].set_index("code")
    latest = observed.sort_values("observed_at").groupby("sensor_code").last()
    latest = latest.join(sensors[["kind", "period_s"]])
    states = pd.Series(SensorState.NORMAL, index=latest.index, dtype=int)
    for kind, own in latest.groupby("kind"):
        known = sensor_kinds()[str(kind)]
        values = own["value"].to_numpy(np.float64)
        assert known.is_plausible(values).all()
        states[own.index] = known.judge(values)
    late = (pd.Timestamp(now) - latest["observed_at"]).dt.total_seconds() > 3 * latest["period_s"]
    states[late] = SensorState.OFFLINE
    share = states.value_counts(normalize=True)
    assert share[SensorState.NORMAL] > 0.95
    assert 0.003 < share[SensorState.WARNING] < 0.02
    assert 0.0005 < share[SensorState.ALARM] < 0.008
    assert 0.005 < share[SensorState.OFFLINE] < 0.03
    odd = states[states.isin([SensorState.WARNING, SensorState.ALARM])].index
    assert latest.loc[odd, "kind"].nunique() >= 6
