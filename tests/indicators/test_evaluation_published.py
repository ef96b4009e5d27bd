"""A published evaluation stays whatever changes, and a viewer is shown what may be seen of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from geo_data.faults import InputError
from geo_data.ingest import StageReport, apply
from geo_data.records import Scope, Stage
from geo_data.store import Store, open_store
from indicators import evaluation, freezing
from tests.geo_data.lived_city import opened
from tests.indicators.test_evaluation import (
    ALL,
    AT,
    DECEMBER,
    RATES,
    declared,
    having,
    life,
    settled,
    tianmen,
    unit,
)
from tests.stores import Address, Stores


@pytest.fixture
def store(stores: Stores, lived_city: Address) -> Iterator[Store]:
    with opened(open_store(stores.copy(lived_city))) as store:
        yield having(store)


# --- publishing ------------------------------------------------------------------------------


def test_what_was_published_stays_whatever_changes(store: Store) -> None:
    having(store, RATES)
    apply(store, tianmen(), AT - timedelta(hours=1))
    made = evaluation.publish(store, ALL, "monthly", DECEMBER, who="张三", at=AT)
    assert made.number == "evaluation-2017-0001"
    before = evaluation.shown(store, ALL, "monthly", DECEMBER, AT)
    assert (before.publication, before.differences, before.rules_changed) == (made, (), False)
    # Cases that are told of too late, and other weights.
    reported = datetime(2016, 12, 20, 1, tzinfo=UTC)
    later = AT + timedelta(days=1)
    told = [life(f"x{n}", reported, "t1g0", reported + timedelta(minutes=5)) for n in range(2)]
    apply(store, [each for one in told for each in one], later)
    after = evaluation.shown(store, ALL, "monthly", DECEMBER, later)
    assert after.settled == before.settled
    assert after.is_intact
    assert not after.rules_changed
    assert [
        (one.code, was.place, was.score, now.place, now.score, one.indicators)
        for one in after.differences
        if (was := one.before) and (now := one.now)
    ] == [
        ("t0", 1, 58.97, 2, 58.97, ()),
        ("t1", None, None, 1, 100.0, ("closure-rate", "on-time-rate")),
    ]
    others = declared({"indicator": "closure-rate", "points": 100, "full-at": 100})
    having(store, others)
    again = evaluation.shown(store, ALL, "monthly", "2016-12-01..2016-12-31", later)
    assert again.rules_changed
    assert again.settled == before.settled
    now = evaluation.shown(store, ALL, "monthly", DECEMBER, later, current=True)
    assert unit(now.settled.groups[0], "t0").score == 93.72
    # Declared no longer it can be read all the same.
    having(store)
    assert evaluation.shown(store, ALL, "monthly", DECEMBER, later).settled == before.settled


def test_it_is_opened_again_with_a_reason(store: Store) -> None:
    having(store, RATES)
    apply(store, tianmen(), AT - timedelta(hours=1))
    first = evaluation.publish(store, ALL, "monthly", DECEMBER, who="张三", at=AT)
    with pytest.raises(InputError, match="published already"):
        evaluation.publish(store, ALL, "monthly", DECEMBER, who="张三", at=AT)
    later = AT + timedelta(days=1)
    how: dict[str, Any] = {"who": "李四", "at": later}
    with pytest.raises(InputError, match="why it is opened again"):
        evaluation.reopen(store, ALL, "monthly", DECEMBER, reason=" ", **how)
    evaluation.reopen(store, ALL, "monthly", DECEMBER, reason="漏报", **how)
    assert evaluation.shown(store, ALL, "monthly", DECEMBER, later).publication is None
    second = evaluation.publish(store, ALL, "monthly", DECEMBER, who="张三", at=later)
    assert second.supersedes == first.number
    assert [one.number for one in evaluation.history(store, "monthly")] == [
        second.number,
        first.number,
    ]
    with pytest.raises(InputError, match="not published"):
        evaluation.reopen(store, ALL, "monthly", "2016-11", reason="漏报", **how)


def test_an_evaluation_of_a_frozen_period_is_made_of_its_numbers(store: Store) -> None:
    having(store, RATES)
    apply(store, tianmen(), AT - timedelta(hours=1))
    freezing.freeze(store, ALL, DECEMBER, who="张三", at=AT)
    later = AT + timedelta(days=1)
    closing = [
        StageReport("app", f"tm-{n}", Stage.CLOSED, AT + timedelta(hours=1))
        for n in range(911, 972)
    ]
    apply(store, closing, later)
    assert unit(settled(store, at=later).groups[0]).score == 58.97
    freezing.reopen(store, ALL, DECEMBER, who="李四", at=later, reason="补录")
    assert unit(settled(store, at=later).groups[0]).measures[0].points == 20


@pytest.mark.parametrize(
    ("scope", "period", "key", "fault"),
    [
        (Scope(region_code="t0"), DECEMBER, "monthly", "publish-scope"),
        (ALL, "2017-01", "monthly", "period-not-ended"),
        (ALL, "this-month", "monthly", "unknown-period"),
        (ALL, "2016-12-02..2016-12-05", "monthly", "period-odd"),
        (ALL, DECEMBER, "yearly", "no-evaluation"),
    ],
)
def test_what_cannot_be_published(
    store: Store, scope: Scope, period: str, key: str, fault: str
) -> None:
    having(store, RATES)
    with pytest.raises(InputError) as caught:
        evaluation.publish(store, scope, key, period, who="张三", at=AT)
    assert [one.key for one in caught.value.faults] == [fault]
    assert all(caught.value.sentences("en"))


# --- who sees what ---------------------------------------------------------------------------


@pytest.mark.parametrize("is_published", [False, True])
def test_a_town_sees_its_own_row_with_its_true_place(store: Store, is_published: bool) -> None:
    having(store, RATES)
    reported = datetime(2016, 12, 20, 1, tzinfo=UTC)
    apply(store, tianmen("t1g0"), AT - timedelta(hours=1))
    apply(store, life("one", reported, "t0g0", reported + timedelta(minutes=5)), AT)
    if is_published:
        evaluation.publish(store, ALL, "monthly", DECEMBER, who="张三", at=AT)
    mine = evaluation.shown(store, Scope(region_code="t1"), "monthly", DECEMBER, AT)
    (only,) = mine.settled.groups[0].units
    assert (only.code, only.place, mine.settled.groups[0].ranked) == ("t1", 2, 2)
    assert (mine.publication is not None) == is_published
    every = evaluation.shown(store, ALL, "monthly", DECEMBER, AT)
    assert unit(every.settled.groups[0], "t1") == only


def test_who_may_not_see_every_sensor_is_not_told_their_values(store: Store) -> None:
    read = declared(
        {"indicator": "closure-rate", "points": 50, "full-at": 100},
        {"indicator": "pipe-pressure", "points": 50, "full-at": 1},
    )
    having(store, read)
    few = Scope(kinds=frozenset({"noise"}))
    found = evaluation.shown(store, few, "monthly", DECEMBER, AT).settled.groups[0]
    assert all(one.measures[1].value is None for one in found.units)
