"""Many regions out of their rows in one query: the same as one by one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from geo_data import rollups
from geo_data.ingest import Reading, apply
from geo_data.queries.rows_below import cases_each, readings_each
from geo_data.records import Scope, Window
from geo_data.store import Store
from tests.geo_data.lived_city import NOON, case, hours, make_lived_city, opened
from tests.geo_data.small_city import CITY
from tests.stores import Stores

EVERYTHING = Scope.everything()
GRIDS = ["t0g0", "t0g1", "t1g2", "t1g3", "nowhere"]
SPAN = Window(NOON - hours(12), NOON + hours(12))
"""The local day of the first cases."""


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    with opened(make_lived_city(module_stores.new())) as store:
        more = [
            case("a", 1, region_code="t0g0", channel="police", category="0401"),
            case("b", 2, region_code="t0g0", channel="police"),
            case("c", 3, region_code="t1g2", channel="police"),
            case("d", 30, region_code="t1g2", channel="police"),
        ]
        values = [Reading("s0", 0.1 * n, NOON + hours(n)) for n in range(1, 5)]
        apply(store, [*more, *values, Reading("s2", 50.0, NOON)], NOON + hours(31))
        yield store


def test_cases_are_those_of_the_dimension_of_each(store: Store) -> None:
    day = rollups.day_number(NOON, CITY.zone)
    for trait, key in (("channel", "police"), ("category", "0102"), ("severity", "4")):
        expected = [
            rollups.dimension(store, EVERYTHING, code, trait, day, day).get(key, 0)
            for code in GRIDS
        ]
        found = cases_each(store, EVERYTHING, GRIDS, trait, [key], SPAN)  # type: ignore[arg-type]
        assert found.tolist() == expected
    assert cases_each(store, EVERYTHING, ["t0", "t1"], "channel", ["police"], SPAN).tolist() == [
        2,
        1,
    ]


def test_readings_are_those_of_the_hours_of_each(store: Store) -> None:
    found = readings_each(store, EVERYTHING, GRIDS, "pipe-pressure", NOON, NOON + hours(11))
    assert found.n.tolist() == [4, 0, 0, 0, 0]
    assert found.total[0] == pytest.approx(1.0)
    assert (found.low[0], found.high[0]) == pytest.approx((0.1, 0.4))
    assert np.isnan(found.low[1:]).all()
    assert np.isnan(found.high[1:]).all()


def test_what_may_not_be_seen_counts_nothing(store: Store) -> None:
    scope = Scope(region_code="t1")
    assert cases_each(store, scope, GRIDS, "channel", ["police"], SPAN).tolist() == [0, 0, 1, 0, 0]
    assert readings_each(store, scope, GRIDS, "pipe-pressure", NOON, NOON + hours(9)).n.sum() == 0
