"""What reports ask of the store, in each store: busy places, who handled, since when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from geo_data.ingest import apply
from geo_data.queries import busy_places
from geo_data.queries.first_case import first_reported
from geo_data.queries.handled_by import HandledBy, handled_by
from geo_data.records import Scope, Stage, Window
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import case, opened, step
from tests.indicators.reports.counted_city import NOW, at_hour, make_counted_city
from tests.stores import Address, Stores

ALL = Scope.everything()
OCTOBER = Window(
    datetime.fromisoformat("2026-10-01T00:00:00+08:00"),
    datetime.fromisoformat("2026-11-01T00:00:00+08:00"),
)


@pytest.fixture(scope="module")
def counted(module_stores: Stores) -> Address:
    address = module_stores.new()
    make_counted_city(address).close()
    return address


@pytest.fixture
def store(counted: Address, stores: Stores) -> Iterator[Store]:
    with opened(open_store(stores.copy(counted))) as store:
        yield store


def test_the_busiest_place_and_its_cases(store: Store) -> None:
    (found,) = busy_places(store, ALL, "c", OCTOBER, NOW)
    assert (found.code, found.name, found.region_code, found.n) == (
        "b0",
        "building b0",
        "t0g0",
        3,
    )
    assert found.category is None
    assert busy_places(store, ALL, "t1", OCTOBER, NOW) == []
    assert busy_places(store, ALL, "c", OCTOBER, NOW, least=4) == []
    assert busy_places(store, ALL, "nowhere", OCTOBER, NOW) == []


def test_categories_apart_and_the_most_first(store: Store) -> None:
    more = [
        case(
            f"x{n}",
            at_hour(f"2026-10-2{n}T09:00"),
            region_code="t0g0",
            place_code=place,
            category=category,
        )
        for n, (place, category) in enumerate(
            [("b0", "0104"), ("v0", "0104"), ("v0", "0104"), ("v0", "0102"), ("v0", "0102")]
        )
    ]
    apply(store, more, NOW)
    found = busy_places(store, ALL, "c", OCTOBER, NOW, by_category=True)
    assert [(one.code, one.category, one.n) for one in found] == [
        ("b0", "0102", 3),
        ("v0", "0102", 2),
        ("v0", "0104", 2),
        ("b0", "0104", 1),
    ]
    whole = busy_places(store, ALL, "c", OCTOBER, NOW, limit=1)
    assert [(one.code, one.n) for one in whole] == [("b0", 4)]


def test_a_viewer_sees_no_more_than_may_be_seen(store: Store) -> None:
    (hidden,) = busy_places(store, Scope(kinds=frozenset({"village"})), "c", OCTOBER, NOW)
    assert (hidden.name, hidden.n) == (None, 3)
    assert busy_places(store, Scope(region_code="t1"), "c", OCTOBER, NOW) == []
    masked = Scope(masked=frozenset({"name"}))
    assert busy_places(store, masked, "c", OCTOBER, NOW)[0].name is None


def test_what_was_told_later_is_not_known(store: Store) -> None:
    assert busy_places(store, ALL, "c", OCTOBER, NOW - timedelta(days=1)) == []
    assert handled_by(store, ALL, "c", OCTOBER, NOW - timedelta(days=1)) is None
    assert first_reported(store, ALL, NOW - timedelta(days=1)) is None


def test_who_handled_the_cases(store: Store) -> None:
    assert handled_by(store, ALL, "c", OCTOBER, NOW) == HandledBy(told=5, shared=0, returned=0)
    later = [
        step("o1", Stage.SIGNED, at_hour("2026-10-12T09:40"), actor="二队"),
        step("o2", Stage.RETURNED, at_hour("2026-10-13T09:40"), actor="三队"),
    ]
    apply(store, later, NOW)
    assert handled_by(store, ALL, "c", OCTOBER, NOW) == HandledBy(told=5, shared=1, returned=1)
    assert handled_by(store, ALL, "t1", OCTOBER, NOW) == HandledBy(told=1, shared=0, returned=0)


def test_nobody_knows_who_handled_where_nobody_told_or_it_is_withheld(store: Store) -> None:
    assert handled_by(store, Scope(masked=frozenset({"actor"})), "c", OCTOBER, NOW) is None
    assert handled_by(store, ALL, "t2", OCTOBER, NOW) is None
    assert handled_by(store, ALL, "nowhere", OCTOBER, NOW) is None


def test_since_when_cases_are_known(store: Store) -> None:
    first = datetime.fromisoformat("2025-10-01T09:00:00+08:00")
    assert first_reported(store, ALL, NOW) == first
    there = first_reported(store, Scope(region_code="t1"), NOW)
    assert there == datetime.fromisoformat("2026-09-09T09:00:00+08:00")
    assert first_reported(store, Scope(region_code="t2"), NOW) is None
