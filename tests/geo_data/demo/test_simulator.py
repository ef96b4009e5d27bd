"""The simulator is believable, repeatable and ill-mannered, and only tells what may be told."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_data.case_stages import BESIDE, ENDED, STATES
from geo_data.demo import simulator
from geo_data.demo.case_life import Life, Told
from geo_data.demo.simulator import Simulator
from geo_data.dictionaries import categories, sensor_kinds
from geo_data.faults import Fault, InputError
from geo_data.ingest import IncidentReport, Outcome, Reading, Report, StageReport, apply
from geo_data.records import Severity, Stage
from geo_data.store import Store, open_store
from tests.geo_data.small_city import CITY, make_small_city, middle

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2025, 6, 30, tzinfo=SHANGHAI).astimezone(UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "city.gpkg"
    make_small_city(path).close()
    return path


@pytest.fixture
def store(empty: Path, tmp_path: Path) -> Iterator[Store]:
    store = open_store(Path(shutil.copy(empty, tmp_path / "city.gpkg")))
    yield store
    store.close()


def told(
    store: Store, hours: int, rate_per_h: float = 20.0, seed: int = 1, sparse_min: int = 0
) -> list[list[Report]]:
    """What is sent hour by hour."""
    one = Simulator(store, rate_per_h, seed, lambda: MONDAY)
    ends = [MONDAY + HOUR * n for n in range(hours + 1)]
    return [one.messages(a, b, sparse_ms=sparse_min * 60_000) for a, b in pairwise(ends)]


def first_tellings(hours: list[list[Report]]) -> dict[str, IncidentReport]:
    found: dict[str, IncidentReport] = {}
    for report in (report for batch in hours for report in batch):
        if isinstance(report, IncidentReport):
            found.setdefault(report.source_id, report)
    return found


def test_equal_seeds_tell_equal_stories(store: Store) -> None:
    assert told(store, 3) == told(store, 3)
    assert told(store, 3) != told(store, 3, seed=2)


def test_a_week_has_its_rate_and_its_rhythm(store: Store) -> None:
    cases = first_tellings(told(store, 7 * 24, rate_per_h=8, sparse_min=600))
    # Messages still under way at the end are few; Poisson is within 4 sigma of 1344.
    assert 1344 - 150 < len(cases) < 1344 + 150
    at = [case.reported_at.astimezone(SHANGHAI) for case in cases.values()]
    hours = Counter(time.hour for time in at)
    days = Counter(time.weekday() for time in at)
    assert hours[9] > 4 * hours[3]
    assert days[0] > days[6]
    assert len({case.category for case in cases.values()}) > 12
    assert len({case.channel for case in cases.values()}) > 5
    assert len(cases) == len({case.code for case in cases.values()})


def test_the_store_takes_everything_and_has_seen_some_of_it(store: Store) -> None:
    total, late = Outcome(), 0
    for number, batch in enumerate(told(store, 30, rate_per_h=15, sparse_min=15)):
        end = MONDAY + HOUR * (number + 1)
        outcome = apply(store, batch, end)
        assert outcome.refused == []
        total.accepted += outcome.accepted
        total.repeated += outcome.repeated
        readings = [one for one in batch if isinstance(one, Reading)]
        late += sum(one.observed_at < end - HOUR for one in readings)
    assert 0.005 < total.repeated / total.accepted < 0.05
    assert late > 0
    with store.read() as connection:
        stages = dict(
            connection.exec_driver_sql("SELECT stage, count(*) FROM incidents GROUP BY 1").all()
        )
        placed = connection.exec_driver_sql(
            "SELECT count(*) FROM incidents WHERE located_by != 'point'"
        ).scalar()
    assert stages["closed"] > 50
    assert stages["dispatched"] > 0
    assert placed == 0


def test_cases_of_the_demo_go_on_and_others_are_left_alone(store: Store) -> None:
    lon, lat = middle("t0g0")

    def case(source: str) -> IncidentReport:
        steps = (StageReport(source, "1", Stage.HANDLED, MONDAY - HOUR),)
        return IncidentReport(
            *(source, "1", source, "暴露垃圾", "patrol", "0102", Severity.GENERAL),
            *(MONDAY - HOUR, MONDAY - HOUR, lon, lat),
            stages=steps,
        )

    apply(store, [case("demo"), case("app")], MONDAY)
    sent = [
        report
        for batch in told(store, 24, rate_per_h=0.1, sparse_min=600)
        for report in batch
        if isinstance(report, StageReport) and report.source_id == "1"
    ]
    assert {report.source for report in sent} == {"demo"}
    assert Stage.CLOSED in {report.stage for report in sent}


# --- the life of a case ----------------------------------------------------------------------


@settings(max_examples=200)
@given(
    st.sampled_from([stage for stage in STATES if stage not in ENDED]),
    st.sampled_from(sorted(categories())),
    st.integers(0, 10**6),
)
def test_from_wherever_it_stands_a_case_comes_to_its_end(
    stage: Stage, category: str, seed: int
) -> None:
    told = Told("demo", "1", category, "hotline", "甲镇")
    steps = list(Life(told, MONDAY, CITY.case_clock, np.random.default_rng(seed)).after(stage))
    times = [step.happened_at for step in steps]
    assert times == sorted(times)
    assert times[0] > MONDAY
    moving = [step for step in steps if step.stage not in BESIDE]
    assert moving[-1].stage in ENDED
    assert len({(step.stage, step.happened_at) for step in steps}) == len(steps)


# --- sensors ---------------------------------------------------------------------------------


def test_sensors_keep_their_period_and_mostly_mind_their_thresholds(store: Store) -> None:
    readings: dict[str, dict[datetime, float]] = {}
    for batch in told(store, 24, rate_per_h=0.1):
        for report in batch:
            if isinstance(report, Reading):
                readings.setdefault(report.sensor_code, {})[report.observed_at] = report.value
    assert set(readings) == {f"s{number}" for number in range(6)}
    noise = readings["s1"]
    times = sorted(noise)
    apart = Counter(b - a for a, b in pairwise(times))
    assert apart.most_common(1)[0][0] == timedelta(seconds=60)
    kinds = {"s0": "pipe-pressure", "s1": "noise", "s2": "pm25", "s3": "smoke"}
    for code, kind in kinds.items():
        values = np.array(list(readings[code].values()))
        assert sensor_kinds()[kind].is_plausible(values).all()
        assert (sensor_kinds()[kind].judge(values) > 0).mean() < 0.25
    # A believable series moves a little, not at random.
    series = np.array([noise[time] for time in times])
    assert 0 < np.abs(np.diff(series)).mean() < series.std()


def test_a_sensor_goes_on_from_where_it_was(store: Store) -> None:
    apply(store, [Reading("s2", 60.0, MONDAY)], MONDAY)
    first = next(
        report
        for batch in told(store, 2, rate_per_h=0.1)
        for report in batch
        if isinstance(report, Reading) and report.sensor_code == "s2"
    )
    assert abs(first.value - 60.0) < 15.0


# --- running ---------------------------------------------------------------------------------


class Clock:
    """Moves on by ``step`` whenever it is read."""

    def __init__(self, start: datetime, step: timedelta) -> None:
        self.now = start
        self.step = step
        self.reads = 0

    def __call__(self) -> datetime:
        self.reads += 1
        self.now += self.step
        return self.now


def run_for(store: Store, clock: Clock, reads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator, "TICK_S", 0.001)
    stop = Event()
    thread = Thread(target=Simulator(store, 60.0, 1, clock).run, args=(stop,))
    thread.start()
    while thread.is_alive() and clock.reads < reads:
        thread.join(0.005)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def counted(store: Store, table: str) -> int:
    with store.read() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() or 0)


def test_running_feeds_the_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_for(store, Clock(MONDAY + 9 * HOUR, timedelta(minutes=2)), 20, monkeypatch)
    assert counted(store, "incidents") > 3
    assert counted(store, "observations") > 20


def test_an_absence_is_caught_up_with(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    start = MONDAY + 9 * HOUR
    apply(store, [Reading("s1", 50.0, start)], start)
    run_for(store, Clock(start + 3 * HOUR, timedelta(seconds=1)), 8, monkeypatch)
    with store.read() as connection:
        first, n = connection.exec_driver_sql(
            "SELECT min(reported_at), count(*) FROM incidents"
        ).one()
    assert first < "2025-06-30T01:40"
    assert n > 90


def test_rate_0_is_off(store: Store) -> None:
    clock = Clock(MONDAY, HOUR)
    Simulator(store, 0.0, 1, clock).run(Event())
    assert clock.reads == 0


def test_what_a_locked_store_refused_is_told_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Report] = []
    calls = 0

    def refuse_twice(store: Store, reports: list[Report], at: datetime, **more: Any) -> Outcome:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise InputError(Fault("store-locked", file="city.gpkg"))
        sent.extend(reports)
        return apply(store, reports, at, **more)

    monkeypatch.setattr(simulator, "apply", refuse_twice)
    run_for(store, Clock(MONDAY + 9 * HOUR, timedelta(minutes=5)), 12, monkeypatch)
    assert calls > 3
    readings = [one for one in sent if isinstance(one, Reading)]
    first = min(one.observed_at for one in readings)
    assert first < MONDAY + 9 * HOUR + timedelta(minutes=15)
