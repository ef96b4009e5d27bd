"""The cases that are listed behind a number are those that the number counted."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from geo_data import queries, rollups
from geo_data.ingest import Report, apply
from geo_data.records import Scope, Stage, Window
from geo_data.rollups import MEASURES, day_number, day_start
from geo_data.store import Store
from tests.geo_data.lived_city import NOON, case, hours, opened, step, write_areas
from tests.geo_data.small_city import CITY, GRIDS, make_small_city
from tests.stores import Stores

ALL = Scope.everything()
LAST = NOON + hours(24 * 40)
REGIONS = ("c", "t0", "t1g0", "f")


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    dice = random.Random(11)
    with opened(make_small_city(module_stores.new())) as store:
        write_areas(store)
        for number in range(120):
            begins = dice.uniform(0, 38 * 24)
            place = dice.choice([*sorted(GRIDS), "t2"])
            channel = dice.choice(["hotline", "patrol", "police"])
            category = dice.choice(["0102", "0402", "0101"])
            told: list[Report] = [
                case(str(number), begins, region_code=place, channel=channel, category=category)
            ]
            at = begins
            for stage in dice.choices(list(Stage), k=dice.randint(0, 9)):
                at += dice.expovariate(1 / 12)
                told.append(step(str(number), stage, min(at, 40 * 24)))
            apply(store, told, LAST)
        yield store


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("region", REGIONS)
def test_as_many_are_listed_as_were_counted(store: Store, region: str, measure: str) -> None:
    first = day_number(NOON, CITY.zone)
    for days in ((first, first), (first + 3, first + 20), (first, first + 45)):
        span = Window(day_start(days[0], CITY.zone), day_start(days[1] + 1, CITY.zone))
        counted = rollups.totals(store, ALL, region, *days)[measure]
        listed = queries.counted_cases(store, ALL, region, measure, span, LAST, limit=999)
        assert (listed.n, listed.is_all) == (counted, True)
        assert len({one.id for one in listed.cases}) == len(listed.cases) <= counted


def test_traits_choose_among_the_reported(store: Store) -> None:
    first, last = day_number(NOON, CITY.zone), day_number(LAST, CITY.zone)
    span = Window(day_start(first, CITY.zone), day_start(last + 1, CITY.zone))
    where = (store, ALL, "t0", "reported", span, LAST)
    police = queries.counted_cases(*where, trait="channel", keys=("police",), limit=999)
    assert {one.channel for one in police.cases} == {"police"}
    assert police.n == rollups.dimension(store, ALL, "t0", "channel", first, last)["police"]


def test_the_newest_come_first_and_a_few_are_enough(store: Store) -> None:
    span = Window(NOON, LAST + timedelta(days=1))
    found = queries.counted_cases(store, ALL, "c", "reported", span, LAST, limit=5)
    times = [one.reported_at for one in found.cases]
    assert (len(times), found.n) == (5, 120)
    assert times == sorted(times, reverse=True)


def test_a_viewer_sees_the_own_town_only(store: Store) -> None:
    span, mine = Window(NOON, LAST), Scope(region_code="t1")
    found = queries.counted_cases(store, mine, "c", "reported", span, LAST)
    assert (found.n, found.cases) == (0, [])
    with pytest.raises(KeyError, match="magic"):
        queries.counted_cases(store, ALL, "c", "magic", span, LAST)
