"""Alarms are raised with the readings and by the clock, and end alike in any order."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_data import queries
from geo_data.alarms.keeping import keep_watch
from geo_data.feed import cursor
from geo_data.ingest import Reading, apply
from geo_data.queries import alarms
from geo_data.records import Scope
from geo_data.store import Store
from tests.geo_data.alarms.noisy_city import (
    ALL,
    BLUE,
    NOW,
    ORANGE,
    RED,
    YELLOW,
    count,
    history,
    minutes,
    read,
    tell,
    up,
)


def test_an_alarm_is_raised_worse_better_and_over_with_the_readings(store: Store) -> None:
    tell(store, read("s1", 60))
    assert up(store) == []
    for after, value in enumerate((71, 72, 91, 85, 79, 68, 66.9), 1):
        tell(store, read("s1", value, after))
    assert history(store) == [
        ("raised", YELLOW),
        ("worsened", RED),
        ("eased", ORANGE),
        ("eased", YELLOW),
        ("cleared", YELLOW),
    ]
    assert up(store) == []
    tell(store, read("s1", 70, 9))
    assert [one.id for one in alarms(store, ALL, None, NOW + minutes(9))] == [2]


def test_an_alarm_knows_its_place_its_value_and_since_when(store: Store) -> None:
    tell(store, read("s4", 82, 1), at_min=3)
    (one,) = alarms(store, ALL, None, NOW + minutes(3))
    assert (one.rule, one.sensor_code, one.kind, one.region_code) == (
        "noise",
        "s4",
        "noise",
        "t1g3",
    )
    assert (one.level, one.value, one.unit) == (ORANGE, 82.0, "dB(A)")
    assert (one.since_at, one.raised_at) == (NOW + minutes(1), NOW + minutes(3))
    assert one.is_urgent
    sensor = queries.sensor(store, ALL, "s4", NOW + minutes(3))
    assert sensor is not None
    assert (one.lon, one.lat) == (sensor.lon, sensor.lat)


def test_the_same_again_changes_nothing(store: Store) -> None:
    for _ in range(3):
        tell(store, read("s1", 75, 1), read("s4", 95, 1))
    before, log = count(store, "alarm_steps"), cursor(store)
    assert before == 2
    tell(store, read("s1", 75, 1), read("s4", 95, 1))
    assert keep_watch(store, NOW + minutes(1), NOW) == 0 + 1  # the case that s4 opens
    assert keep_watch(store, NOW + minutes(1), NOW) == 0
    assert count(store, "alarm_steps") == before + 1
    assert cursor(store) == log + 2


def test_what_comes_late_raises_nothing_and_clears_what_it_must(store: Store) -> None:
    tell(store, read("s1", 60, 20))
    tell(store, read("s1", 95, 10), at_min=21)
    assert (up(store), count(store, "alarms")) == ([], 0)
    tell(store, read("s1", 72, 30))
    tell(store, read("s1", 68, 31))
    assert up(store) == [("noise", "s1", YELLOW)]
    # It had been quiet in between: then 68 is no more than a noise.
    tell(store, read("s1", 50, 30.5), at_min=32)
    assert up(store) == []


def test_readings_of_yesterday_raise_nothing_today(store: Store) -> None:
    tell(store, read("s1", 95, -1440), at_min=0)
    assert up(store) == []


def test_the_clock_alone_makes_it_long_enough(store: Store) -> None:
    tell(store, read("s0", 0.3), read("s0", 0.14, 1))
    keep_watch(store, NOW + minutes(8.9), NOW)
    assert up(store) == []
    keep_watch(store, NOW + minutes(9), NOW)
    assert up(store) == [("pressure", "s0", ORANGE)]
    keep_watch(store, NOW + minutes(600), NOW)
    assert up(store) == [("pressure", "s0", ORANGE)]


def test_windows_are_judged_by_the_readings_in_them(store: Store) -> None:
    for after in range(0, 61, 15):
        tell(store, read("s2", 99 + after / 15, after))
    # Known from half an hour on: 99, 100 and 101 by then.
    assert up(store) == [("air", "s2", YELLOW)]
    (one,) = alarms(store, ALL, None, NOW + minutes(61))
    assert (one.value, one.raised_at) == (100, NOW + minutes(30))
    tell(store, read("s2", 20, 75))
    assert up(store) == []


def test_silence_is_each_sensors_or_the_lines(store: Store) -> None:
    noises = ("s1", "s4", "s5")
    for one in noises:
        tell(store, read(one, 50))
    tell(store, read("s4", 50, 29), read("s5", 50, 29))
    keep_watch(store, NOW + minutes(30), NOW)
    assert up(store) == [("quiet", "s1", BLUE)]
    tell(store, read("s1", 50, 31))
    assert up(store) == []
    keep_watch(store, NOW + minutes(61), NOW)
    assert up(store) == [("quiet", None, BLUE)]
    keep_watch(store, NOW + minutes(200), NOW)
    assert up(store) == [("quiet", None, YELLOW)]
    (line,) = alarms(store, ALL, None, NOW + minutes(200))
    assert (line.region_code, line.unit, line.value) == (None, "min", 171)
    # Who sees a part of the city is not told of the whole of it.
    assert up(store, scope=Scope(region_code="t1")) == []
    for one in noises[:2]:
        tell(store, read(one, 50, 201))
    keep_watch(store, NOW + minutes(202), NOW)
    assert up(store) == [("quiet", "s5", YELLOW)]


def test_a_silence_of_our_own_raises_nothing_but_clears_nothing_either(store: Store) -> None:
    for one in ("s1", "s4", "s5"):
        tell(store, read(one, 50))
    tell(store, read("s4", 50, 100), read("s5", 50, 100))
    started = NOW + minutes(80)
    keep_watch(store, NOW + minutes(101), started)
    assert up(store) == []
    keep_watch(store, NOW + minutes(111), started)
    assert up(store) == [("quiet", "s1", BLUE)]
    keep_watch(store, NOW + minutes(112), NOW + minutes(112))
    assert [one[:2] for one in up(store)] == [("quiet", "s1")]


# --- any order, any batches --------------------------------------------------------------------

SENSORS = ("s0", "s1", "s2", "s4")
VALUES = {
    "s0": st.sampled_from([0.05, 0.14, 0.16, 0.19, 0.21, 0.3]),
    "s1": st.sampled_from([50.0, 68, 71, 78, 85, 95]),
    "s2": st.sampled_from([10.0, 90, 110, 300]),
    "s4": st.sampled_from([50.0, 68, 71, 78, 85, 95]),
}
TOLD = st.lists(
    st.sampled_from(SENSORS).flatmap(
        lambda one: st.tuples(st.just(one), VALUES[one], st.integers(0, 90))
    ),
    min_size=1,
    max_size=16,
    unique_by=lambda one: (one[0], one[2]),
)


def end_of(store: Store, batches: Sequence[Sequence[Reading]]) -> list[tuple[object, ...]]:
    """What is up after batches that all come at one moment, and a watch after them."""
    tables = store.tables
    with store.write() as connection:
        for table in (tables.observations, tables.readings, tables.alarms, tables.alarm_steps):
            connection.execute(table.delete())
    at = NOW + minutes(91)
    for batch in batches:
        apply(store, list(batch), at)
    keep_watch(store, at, at)
    found = [
        (one.rule, one.sensor_code, one.level)
        for one in alarms(store, ALL, None, at)
        if one.rule != "quiet"
    ]
    return sorted(found, key=str)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TOLD, st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_order_and_any_batches_end_alike(
    store: Store, told: list[tuple[str, float, int]], dice: Random, size: int
) -> None:
    readings = [read(*one) for one in told]
    shuffled = list(readings)
    dice.shuffle(shuffled)
    parts = [shuffled[start : start + size] for start in range(0, len(shuffled), size)]
    twice = [batch for batch in parts for _ in range(2)]
    assert end_of(store, twice) == end_of(store, [readings])
