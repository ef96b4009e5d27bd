"""Sensors: what they said by a time, whether they speak at all, and the day behind them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pytest

from geo_data.ingest import Reading, apply
from geo_data.queries import (
    ages,
    observations,
    sensor,
    sensor_points,
    sensor_state_counts,
    sensors,
    sensors_of_place,
)
from geo_data.queries.sensor_book import sensor_book
from geo_data.records import Scope, SensorState, Window
from geo_data.store import Store, open_store, write_layer
from tests.geo_data.lived_city import NOON, hours, make_lived_city, write_homes
from tests.geo_data.small_city import AT, make_small_city, sensor_frame
from tests.stores import Stores, address_of

ALL = Scope.everything()
NORMAL, WARNING, ALARM, OFFLINE = SensorState
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    store = make_small_city(stores.new())
    write_homes(store)
    yield store
    store.close()


def hear(
    store: Store, code: str, value: float, at: datetime, late: timedelta = timedelta(0)
) -> None:
    assert apply(store, [Reading(code, value, at)], at + late).accepted == 1


def test_one_that_never_spoke(store: Store) -> None:
    found = sensor(store, ALL, "s0", NOON)
    assert found is not None
    assert (found.value, found.observed_at, found.state) == (None, None, OFFLINE)
    assert sensor(store, ALL, "nothing", NOON) is None
    assert np.isnat(sensor_points(store, ALL, NOON).observed_at).all()


@pytest.mark.parametrize(
    ("silent_s", "state"), [(0, ALARM), (899, ALARM), (900, ALARM), (900.001, OFFLINE)]
)
def test_offline_after_three_periods(store: Store, silent_s: float, state: SensorState) -> None:
    """``s0`` measures water pressure every 300 s; 0.1 MPa is an alarm."""
    hear(store, "s0", 0.1, NOON)
    found = sensor(store, ALL, "s0", NOON + timedelta(seconds=silent_s))
    assert found is not None
    assert (found.value, found.observed_at, found.state) == (0.1, NOON, state)


def test_new_readings_are_seen_and_only_they_are_read(store: Store) -> None:
    for code in ("s0", "s1"):
        hear(store, code, 0.2, NOON)
    before = sensor_book(store)
    hear(store, "s0", 0.15, NOON + MINUTE)
    after = sensor_book(store)
    assert (before.records[0].value, after.records[0].value) == (0.2, 0.15)
    assert after.records[0].state == WARNING
    assert after.records[1] is before.records[1]


def test_following_the_log_ends_where_reading_everything_does(store: Store) -> None:
    for n in range(30):
        hear(store, f"s{n % 5}", 0.1 + n / 100, NOON + n * MINUTE)
        followed = sensors(store, ALL, None, NOON + n * MINUTE)
        fresh = open_store(address_of(store))
        assert followed == sensors(fresh, ALL, None, NOON + n * MINUTE)
        fresh.close()


def test_a_log_that_was_cut_is_no_loss(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    hear(store, "s0", 0.2, NOON)
    sensor_book(store)
    with store.write() as connection:
        connection.execute(store.tables.changes.delete())
    hear(store, "s0", 0.3, NOON + MINUTE)
    found = sensor(store, ALL, "s0", NOON + MINUTE)
    assert found is not None
    assert found.value == 0.3


def test_sensors_replaced(store: Store) -> None:
    hear(store, "s0", 0.2, NOON)
    assert len(sensors(store, ALL, None, NOON)) == 6
    kept = sensor_frame(store).iloc[:2]
    write_layer(store, "sensors", kept, "test", AT)
    assert [(one.code, one.value) for one in sensors(store, ALL, None, NOON)] == [
        ("s0", 0.2),
        ("s1", None),
    ]


def test_what_was_known_then(store: Store) -> None:
    """A later reading hides an earlier one only from those who look later."""
    for n, value in enumerate((0.20, 0.13, 0.15)):
        hear(store, "s0", value, NOON + n * timedelta(minutes=5))
    seen = [
        (one.value, one.state)
        for minute in (-1, 0, 4, 5, 9, 10, 25, 26)
        if (one := sensor(store, ALL, "s0", NOON + minute * MINUTE))
    ]
    assert seen == [
        (None, OFFLINE),
        *[(0.20, NORMAL)] * 2,
        *[(0.13, ALARM)] * 2,
        *[(0.15, WARNING)] * 2,
        (0.15, OFFLINE),
    ]
    points = sensor_points(store, ALL, NOON + 5 * MINUTE)
    assert (points.value[0], points.state[0]) == (0.13, ALARM)


def test_what_was_heard_late_was_not_known_before(store: Store) -> None:
    """Taken at noon, received half an hour later; a younger one came in between."""
    hear(store, "s0", 0.20, NOON - 5 * MINUTE)
    hear(store, "s0", 0.13, NOON, late=30 * MINUTE)
    seen = [
        (one.value, one.observed_at)
        for minute in (4, 29, 30)
        if (one := sensor(store, ALL, "s0", NOON + minute * MINUTE))
    ]
    assert seen == [*[(0.20, NOON - 5 * MINUTE)] * 2, (0.13, NOON)]


@pytest.mark.parametrize(
    ("region", "codes"),
    [
        (None, "s0 s1 s2 s3 s4 s5"),
        ("c", "s0 s1 s2 s3 s4 s5"),
        ("t1", "s3 s4"),
        ("t0g1", "s2"),
        ("t2g1", ""),
        ("nowhere", ""),
    ],
)
def test_sensors_of_a_region(store: Store, region: str | None, codes: str) -> None:
    assert " ".join(one.code for one in sensors(store, ALL, region, NOON)) == codes


def test_sensors_of_a_functional_area(stores: Stores) -> None:
    store = make_lived_city(stores.new())
    assert [one.code for one in sensors(store, ALL, "f", NOON)] == ["s0", "s1", "s2"]
    store.close()


@pytest.mark.parametrize("region", ["c", "t0", "t0g0", "f", "elsewhere"])
def test_counts_by_state_are_those_of_the_sensors(store: Store, region: str) -> None:
    hear(store, "s3", 1.0, NOON)
    counted = [0] * len(SensorState)
    for one in sensors(store, ALL, region, NOON):
        counted[one.state] += 1
    assert sensor_state_counts(store, ALL, region, NOON).tolist() == counted


def test_points_are_the_sensors(store: Store) -> None:
    hear(store, "s3", 1.0, NOON)
    points, records = sensor_points(store, ALL, NOON), sensors(store, ALL, None, NOON)
    assert list(points.codes) == [one.code for one in records]
    assert list(points.region_codes) == [one.region_code for one in records]
    assert [points.kinds[index] for index in points.kind_index] == [one.kind for one in records]
    assert points.state.tolist() == [int(one.state) for one in records]
    assert points.lon.tolist() == [one.lon for one in records]
    assert points.observed_at[3] == np.datetime64(NOON.replace(tzinfo=None), "ms")
    assert (points.fid.dtype, points.state.dtype, points.kind_index.dtype) == ("i4", "u1", "u1")
    assert len(points) == 6


def test_the_last_day_of_a_sensor(store: Store) -> None:
    for n in (2, 0, 1, 3):
        hear(store, "s0", 0.2 + n / 100, NOON + hours(n), late=hours(24))
    times, values = observations(store, ALL, "s0", Window(NOON, NOON + hours(3)))
    assert times.dtype == "M8[ms]"
    assert times.tolist() == [(NOON + hours(n)).replace(tzinfo=None) for n in range(3)]
    assert values.tolist() == pytest.approx([0.2, 0.21, 0.22])
    empty, none = observations(store, ALL, "nothing", Window(NOON, NOON + hours(3)))
    assert (len(empty), len(none)) == (0, 0)


def test_sensors_of_a_place_and_of_what_stands_in_it(store: Store) -> None:
    frame = sensor_frame(store)
    frame["place_code"] = ["residential-0", "shelter-0", None, None, "b0", None]
    write_layer(store, "sensors", frame, "test", AT)
    assert [one.code for one in sensors_of_place(store, ALL, "residential-0", NOON)] == [
        "s0",
        "s1",
    ]
    assert [one.code for one in sensors_of_place(store, ALL, "shelter-0", NOON)] == ["s1"]
    assert sensors_of_place(store, ALL, "nothing", NOON) == []
    narrow = Scope(kinds=frozenset({"residential", "pipe-pressure", "noise"}))
    shown = sensors_of_place(store, narrow, "residential-0", NOON)
    assert [(one.code, one.place_code) for one in shown] == [("s0", "residential-0")]
    hidden = sensor(store, narrow, "s1", NOON)
    assert hidden is not None
    assert hidden.place_code is None


def test_ages(stores: Stores) -> None:
    bare = make_small_city(stores.new())
    assert ages(bare, ALL, NOON)["incidents"][0] is None
    assert ages(bare, ALL, NOON)["readings"] == (None, 60.0)
    bare.close()
    store = make_lived_city(stores.new())
    now = NOON + hours(12)
    known = ages(store, ALL, now)
    assert known["incidents"][0] == NOON + hours(len("0123456789"))
    assert known["readings"] == (NOON + hours(11.5), 60.0)
    assert ages(store, ALL, NOON)["incidents"][0] == NOON
    assert ages(store, Scope(kinds=frozenset({"smoke"})), now)["readings"][1] == 900.0
    assert "readings" not in ages(store, Scope(kinds=frozenset({"shelter"})), now)
    store.close()
