"""A sensor's past, added up by the store: against the readings themselves, on both stores."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from geo_data.ingest import Reading, apply
from geo_data.queries import sensor_history, sparklines
from geo_data.queries.sensor_history import utc
from geo_data.records import Scope, Window
from geo_data.store import Store
from tests.geo_data.lived_city import NOON, hours
from tests.geo_data.small_city import make_small_city
from tests.stores import Stores

ALL = Scope.everything()
CITY = ZoneInfo("Asia/Shanghai")
WEEK = Window(NOON - timedelta(days=7), NOON)
LATER = NOON + hours(1)


def told() -> list[Reading]:
    """A week of ``s1`` with a silent day, unevenly; a day of ``s3``."""
    chance = random.Random(3)
    minutes = sorted(chance.sample(range(7 * 24 * 60), 900))
    spoken = [minute for minute in minutes if not 2 * 1440 <= minute < 3 * 1440]
    found = [
        Reading("s1", chance.uniform(40, 70), WEEK.start + timedelta(minutes=minute))
        for minute in spoken
    ]
    return found + [Reading("s3", float(n % 2), NOON - hours(n + 0.25)) for n in range(24)]


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    store = make_small_city(module_stores.new())
    assert apply(store, told(), NOON).refused == []
    yield store
    store.close()


def test_few_readings_come_as_they_are(store: Store) -> None:
    day = Window(NOON - hours(24), NOON)
    found = sensor_history(store, ALL, "s3", day, 24, LATER)
    mine = sorted(
        (one for one in told() if one.sensor_code == "s3"), key=lambda one: one.observed_at
    )
    assert found.bucket_s is None
    assert utc(found.starts) == [one.observed_at for one in mine]
    assert found.low.tolist() == found.high.tolist() == [one.value for one in mine]
    assert found.n.tolist() == [1] * 24


def test_many_are_added_up_in_buckets_of_the_city_s_clock(store: Store) -> None:
    found = sensor_history(store, ALL, "s1", WEEK, 30, LATER)
    assert found.bucket_s == 6 * 3600
    by_start: dict[datetime, list[float]] = {}
    for one in told():
        if one.sensor_code == "s1":
            local = one.observed_at.astimezone(CITY)
            start = local.replace(hour=local.hour // 6 * 6, minute=0, second=0, microsecond=0)
            by_start.setdefault(start, []).append(one.value)
    assert utc(found.starts) == sorted(by_start)
    values = [by_start[start] for start in sorted(by_start)]
    assert found.n.tolist() == [len(each) for each in values]
    assert found.low.tolist() == [min(each) for each in values]
    assert found.high.tolist() == [max(each) for each in values]
    assert found.mean.tolist() == pytest.approx([float(np.mean(each)) for each in values])


def test_what_came_later_is_not_known_yet(store: Store) -> None:
    assert len(sensor_history(store, ALL, "s1", WEEK, 30, NOON - timedelta(milliseconds=1))) == 0


def test_courses_of_many_sensors_with_their_gaps(store: Store) -> None:
    lines = sparklines(store, ALL, ["s1", "s3", "s5", "nobody"], WEEK, 7, LATER)
    assert list(lines) == ["s1", "s3", "s5"]
    # Noon to noon touches eight local days; of the second and third one half was silent each.
    assert [len(line) for line in lines.values()] == [8, 8, 8]
    assert [value is None for value in lines["s3"]] == [True] * 6 + [False] * 2
    assert lines["s5"] == [None] * 8
    hourly = sparklines(store, ALL, ["s1"], WEEK, 7 * 24, LATER)["s1"]
    assert all(value is None for value in hourly[2 * 24 + 1 : 3 * 24])


@pytest.mark.parametrize("scope", [Scope(region_code="t1"), Scope(kinds=frozenset({"smoke"}))])
def test_only_for_those_who_may_see_it(store: Store, scope: Scope) -> None:
    assert len(sensor_history(store, scope, "s1", WEEK, 30, LATER)) == 0
    assert list(sparklines(store, scope, ["s1", "s3"], WEEK, 7, LATER)) == ["s3"]
