"""Overdue cases by how long past their limit, each by the clock it runs on."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from geo_data import queries
from geo_data.ingest import Report, apply
from geo_data.queries import CaseFilter
from geo_data.records import Scope, Stage, Window
from geo_data.rollups import RESIDUE
from geo_data.store import Store
from tests.geo_data.lived_city import NOON, case, hours, opened, step, write_areas
from tests.geo_data.small_city import GRIDS, make_small_city
from tests.stores import Stores

ALL = Scope.everything()
NOW = NOON + hours(24 * 50)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    with opened(make_small_city(stores.new())) as store:
        write_areas(store)
        yield store


def sent(number: int, category: str, at_hour: float, place: str = "t0g0") -> list[Report]:
    return [
        case(str(number), at_hour, category=category, region_code=place),
        step(str(number), Stage.DISPATCHED, at_hour),
    ]


def due(store: Store, number: int) -> float:
    """Hours after noon at which a case is due."""
    span = Window(NOON - hours(1), NOW)
    listed = queries.incidents(store, ALL, "c", span, NOW, limit=999)
    (found,) = (one for one in listed if one.code == f"SJ2025-{number}")
    assert found.due_at is not None
    return (found.due_at - NOON) / hours(1)


def test_a_day_is_a_day_of_work_where_the_limit_is(store: Store) -> None:
    # Sent on Tuesday noon: four hours of work, until four; six hours by the clock, until six.
    apply(store, [*sent(0, "0102", 0), *sent(1, "0402", 0)], NOON + hours(1))
    assert (due(store, 0), due(store, 1)) == (4, 6)

    def at(day: int, hour: float) -> tuple[int, ...]:
        return queries.overdue_ageing(store, ALL, "c", NOON + hours(24 * day + hour - 12)).total

    # On Wednesday at four the one is a day of work late to the minute: no more than a day.
    assert at(1, 16) == (2, 0, 0, 0, 0)
    assert at(1, 16.5) == (1, 1, 0, 0, 0)
    # On Saturday noon: 1 + 8 + 8 + 8 hours of work; 90 hours by the clock.
    assert at(4, 12) == (0, 0, 2, 0, 0)
    # On Wednesday of the week after: 6.1 days of work, 7.75 days.
    assert at(8, 12) == (0, 0, 1, 1, 0)
    found = queries.overdue_ageing(store, ALL, "c", NOON + hours(24 * 8))
    assert (found.n, found.n_on_hours) == (2, 1)


def test_a_weekend_is_no_day_of_work(store: Store) -> None:
    # Sent on Friday 2025-07-04 at nine: due within the day's work.
    apply(store, sent(0, "0102", 24 * 3 - 3), NOON + hours(24 * 3))
    due_at = NOON + hours(due(store, 0))
    assert due_at.astimezone(store.city.zone).weekday() == 4
    monday = NOON + hours(24 * 6 - 3)
    assert monday.astimezone(store.city.zone).weekday() == 0
    # Three days by the calendar, none by the clock that its limit runs on.
    assert queries.overdue_ageing(store, ALL, "c", monday).total == (1, 0, 0, 0, 0)
    week_later = queries.overdue_ageing(store, ALL, "c", monday + hours(24 * 7))
    assert week_later.total == (0, 0, 1, 0, 0)
    assert week_later.n_on_hours == 1


def test_children_and_residue_are_the_whole_and_the_list(store: Store) -> None:
    dice = random.Random(3)
    told: list[Report] = []
    for number in range(80):
        place = dice.choice([*sorted(GRIDS), "t2"])
        category = dice.choice(["0102", "0402", "0101"])
        told += sent(number, category, dice.uniform(0, 24 * 49), place)
        if dice.random() < 0.3:
            told.append(step(str(number), Stage.CLOSED, 24 * 49.5))
    told += [case("out", 5, lon=122.0, lat=32.0), step("out", Stage.DISPATCHED, 6)]
    apply(store, told, NOW)
    for at in (NOW, NOW + hours(200)):
        for code in ("c", "t0", "t2", "t1g0", "f"):
            found = queries.overdue_ageing(store, ALL, code, at)
            span = Window(NOON, at)
            only = CaseFilter(standing="overdue")
            assert found.n == queries.incident_count(store, ALL, code, span, at, only)
            if found.children:
                sums = [sum(column) for column in zip(*found.children.values(), strict=True)]
                assert sums == list(found.total)
    assert sum(queries.overdue_ageing(store, ALL, "c", NOW).children[RESIDUE]) >= 1


def test_then_is_as_it_was_known(store: Store) -> None:
    apply(store, sent(0, "0102", 0), NOON + hours(1))
    later = NOON + hours(24 * 8)
    apply(store, [step("0", Stage.CLOSED, 24 * 7)], later)
    assert queries.overdue_ageing(store, ALL, "c", later).n == 0
    assert queries.overdue_ageing(store, ALL, "c", NOON + hours(24 * 5)).n == 1
    assert queries.overdue_ageing(store, Scope(region_code="t1"), "c", NOON + hours(120)).n == 0
