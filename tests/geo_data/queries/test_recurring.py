"""Cases that repeat another and hot spots, against plain loops, however the store is told."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from geo_data.ingest import Report, apply
from geo_data.queries.incidents import incidents_of_place
from geo_data.queries.recurring import Recurring, recurring
from geo_data.records import Incident, Scope, Stage, Window
from geo_data.store import Store
from tests.geo_data.lived_city import NOON, case, hours, opened, step, write_homes
from tests.geo_data.small_city import make_small_city
from tests.stores import Stores

ALL = Scope.everything()
MONTH = timedelta(days=30)
PLACES = {f"residential-{n}": f"t{n}" for n in range(3)}


def told(number: int, dice: random.Random) -> list[Report]:
    at, place = dice.uniform(0, 60 * 24), dice.choice(list(PLACES))
    name = str(number)
    category = dice.choice(["0102", "0402"])
    reports: list[Report] = [case(name, at, place_code=place, category=category)]
    if dice.random() < 0.8:
        stage = dice.choice([Stage.CLOSED, Stage.CLOSED, Stage.MERGED, Stage.VOIDED])
        reports.append(step(name, stage, min(at + dice.expovariate(1 / 30), 60 * 24)))
    return reports


def cases_of(store: Store, at: datetime) -> list[Incident]:
    listed = [incidents_of_place(store, ALL, place, at, limit=999) for place in PLACES]
    return [one for each in listed for one in each if one.stage is not Stage.VOIDED]


def by_hand(cases: list[Incident], span: Window, at: datetime) -> tuple[Counter[str], Counter[str]]:
    """Repeats closed in the span, and hot spots at a moment, by town and in all."""
    repeats: Counter[str] = Counter()
    near: Counter[tuple[str, str]] = Counter()
    for one in cases:
        assert one.place_code
        town = PLACES[one.place_code]
        before = [
            other
            for other in cases
            if (other.place_code, other.category) == (one.place_code, one.category)
            and (other.reported_at, other.id) < (one.reported_at, one.id)
            and one.reported_at - other.reported_at <= MONTH
        ]
        closed = one.ended_at if one.stage is not Stage.MERGED else None
        if before and closed and span.start <= closed < span.end:
            repeats.update([town, "c"])
        if at - MONTH < one.reported_at <= at:
            near[one.place_code, one.category] += 1
    hot: Counter[str] = Counter()
    for (place, _), n in near.items():
        if n >= 3:
            hot.update([PLACES[place], "c"])
    return repeats, hot


def same(found: Recurring, cases: list[Incident], span: Window, at: datetime) -> None:
    repeats, hot = by_hand(cases, span, at)
    codes = ["c", "t0", "t1", "t2"]
    for code in codes:
        assert found.repeats(code, [span]).tolist() == [repeats[code]], code
        assert found.hot(code, [at]).tolist() == [hot[code]], code
    assert found.repeats_each(codes, span).tolist() == [repeats[code] for code in codes]
    assert found.hot_each(codes, at).tolist() == [hot[code] for code in codes]


@pytest.mark.parametrize("seed", range(3))
def test_recurrence_follows_what_is_told(stores: Stores, seed: int) -> None:
    dice = random.Random(seed)
    with opened(make_small_city(stores.new())) as store:
        write_homes(store)
        now = NOON + hours(60 * 24)
        reports = [one for number in range(40) for one in told(number, dice)]
        dice.shuffle(reports)
        for first in range(0, len(reports), 9):
            apply(store, reports[first : first + 9], now)
            found = recurring(store, ALL)
            span = Window(now - timedelta(days=dice.uniform(3, 55)), now)
            at = now - timedelta(days=dice.uniform(0, 25))
            same(found, cases_of(store, now), span, at)
        # What is corrected, moves to another place and is voided is followed too.
        for number in range(0, 40, 7):
            again = case(str(number), 60 * 24, place_code=dice.choice(list(PLACES)))
            apply(store, [again, step(str(number + 1), Stage.VOIDED, 60 * 24)], now)
        same(recurring(store, ALL), cases_of(store, now), Window(NOON, now), now)
        mine = recurring(store, Scope(region_code="t1"))
        assert mine.hot("c", [now]).tolist() == mine.hot("t0", [now]).tolist() == [0]
