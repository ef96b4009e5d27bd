"""A published period: late data does not change it, an open one goes on, another opens it again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.faults import InputError
from geo_data.ingest import IncidentReport, apply
from geo_data.publications import content, verify
from geo_data.records import FUNCTIONAL, Scope, Stage
from geo_data.store import Store, open_store
from indicators import catalog, engine, freezing, parts, threshold_book
from indicators.calendar_names import days_named, name_of
from indicators.engine import IndicatorValue
from indicators.periods import period
from indicators.spec import Grain
from tests.geo_data.lived_city import case, opened, step
from tests.stores import Address, Stores, address_of

ALL = Scope.everything()
NOW = datetime(2025, 8, 4, 1, tzinfo=UTC)
"""The fourth of August in the city: July has ended, its cases came on the first and second."""
JULY, BY = "2025-07", {"who": "张三"}
HOUR = timedelta(hours=1)


@pytest.fixture
def store(stores: Stores, lived_city: Address) -> Iterator[Store]:
    with opened(open_store(stores.copy(lived_city))) as store:
        steps = [step(str(n), Stage.DISPATCHED, n + 1) for n in range(6)]
        ends = [step(str(n), Stage.CLOSED, n + 2) for n in range(4)]
        apply(store, [*steps, *ends], NOW - 2 * HOUR)
        yield store


def late(n: int = 3, region: str = "t0g1", day: int = 20) -> list[IncidentReport]:
    """Cases of July that we hear of in August."""
    reported = datetime(2025, 7, day, 4, tzinfo=UTC)
    return [
        case(f"late-{n}", region_code=region, happened_at=reported, reported_at=reported)
        for n in range(n)
    ]


def board(
    store: Store, key: str = JULY, at: datetime = NOW + HOUR, region: str = "c", **how: Any
) -> dict[str, IndicatorValue]:
    found = engine.board(store, how.get("scope", ALL), region, key, at)
    return {one.key: one for one in found}


def everything(store: Store, at: datetime, key: str = JULY) -> dict[str, Any]:
    """What every board, map and ranking of July says, what they are compared with, and parts."""
    tree_levels = [*store.city.level_keys, FUNCTIONAL]
    told = [one for one in catalog.of(store.city).values() if one.grain is not Grain.STATE]
    keys = [one.key for one in told]
    found: dict[str, Any] = {}
    for code in ("c", "t0", "t1", "t2", "f"):
        values = board(store, key, at, code)
        earlier = engine.year_before(store, ALL, code, key, at)
        found[code] = {
            one: (values[one].value, values[one].previous, values[one].spark, earlier[one])
            for one in keys
        }
        found[code, "parts"] = [parts.parts(store, ALL, code, one, key, at) for one in told]
    flows = [one.key for one in told if one.grain is not Grain.STOCK]
    for one in flows:
        for level in tree_levels:
            found[level, one] = engine.by_level(store, ALL, level, one, key, at)
        found["children", one] = engine.children(store, ALL, "c", one, key, at)
    return found


def test_late_data_does_not_change_a_published_period(store: Store) -> None:
    before = everything(store, NOW)
    made = freezing.freeze(store, ALL, JULY, at=NOW, **BY)
    assert everything(store, NOW) == before
    apply(store, late(), NOW + HOUR)
    assert everything(store, NOW + 2 * HOUR) == before
    reported = board(store)["reported-incidents"]
    assert (reported.frozen_at, reported.data_at, reported.late) == (NOW, NOW, False)
    # What is open follows the data, and a wall of another process sees the same.
    assert engine.by_level(store, ALL, "town", "reported-incidents", "2025-Q3", NOW + 2 * HOUR) == {
        "t0": 7.0,
        "t1": 4.0,
        "t2": 2.0,
    }
    with opened(open_store(address_of(store))) as other:
        assert everything(other, NOW + 2 * HOUR) == before
    assert verify(store, ALL, made.number)


def test_what_only_speaks_of_now_is_not_frozen(store: Store) -> None:
    freezing.freeze(store, ALL, JULY, at=NOW, **BY)
    described = catalog.of(store.city)
    marks = {key: one.frozen_at for key, one in board(store).items()}
    assert {key for key, mark in marks.items() if mark is None} == {
        key for key, one in described.items() if one.grain is Grain.STATE
    }


def test_opened_again_it_follows_the_data_until_it_is_published_anew(store: Store) -> None:
    first = freezing.freeze(store, ALL, JULY, at=NOW, **BY)
    apply(store, late(), NOW + HOUR)
    with pytest.raises(InputError, match="published already"):
        freezing.freeze(store, ALL, "2025-07-01..2025-07-31", at=NOW + HOUR, **BY)
    freezing.reopen(store, ALL, JULY, who="李四", at=NOW + 2 * HOUR, reason="漏报 3 件")
    assert board(store, at=NOW + 3 * HOUR)["reported-incidents"].value == 14
    # Who looks back sees what stood published then.
    assert board(store, at=NOW + 2 * HOUR - timedelta(1 / 86_400_000))[
        "reported-incidents"
    ].value == pytest.approx(11)
    second = freezing.freeze(store, ALL, JULY, at=NOW + 4 * HOUR, **BY)
    assert second.supersedes == first.number
    assert board(store, at=NOW + 5 * HOUR)["reported-incidents"].value == 14
    assert freezing.frozen_periods(store)[1].reason == "漏报 3 件"


def test_a_later_period_is_compared_with_what_was_published(store: Store) -> None:
    freezing.freeze(store, ALL, JULY, at=NOW, **BY)
    apply(store, late(), NOW + HOUR)
    later = datetime(2025, 9, 3, tzinfo=UTC)
    apply(store, [case("august", 24 * 40, region_code="t0g0")], later)
    for region, base, live in (("c", 11.0, 14.0), ("t0", 4.0, 7.0), ("t0g1", 1.0, 4.0)):
        august = board(store, "2025-08", later, region)["reported-incidents"]
        assert august.previous == base
        assert august.change == round((august.value or 0) / base - 1, 9)
        assert august.frozen_at is None
        # Not the base period but two days more of it: what is known now.
        july = engine.board(store, ALL, region, "2025-07-01..2025-07-30", later)
        assert {one.key: one.value for one in july}["reported-incidents"] == live
    a_year_on = datetime(2026, 8, 9, tzinfo=UTC)
    assert engine.year_before(store, ALL, "c", JULY.replace("25", "26"), a_year_on)[
        "reported-incidents"
    ] == pytest.approx(11)


def test_thresholds_stay_those_of_the_day(store: Store) -> None:
    row = {"rule": ">", "yellow": 5, "basis": {"zh": "a", "en": "a"}, "verified": True}
    row["source"] = "test"
    day, key = date(2025, 1, 1), "reported-incidents"
    threshold_book.put(store, key, day, row, at=NOW - HOUR, **BY)
    assert board(store, at=NOW)[key].status == "yellow"
    freezing.freeze(store, ALL, JULY, at=NOW, **BY)
    threshold_book.put(store, key, day, {**row, "yellow": 100}, at=NOW + HOUR, **BY)
    after = board(store, at=NOW + 2 * HOUR)[key]
    assert (after.status, after.threshold and dict(after.threshold.steps)) == (
        "yellow",
        {"yellow": 5},
    )
    assert board(store, "2025-Q3", NOW + 2 * HOUR)[key].status == "normal"


def test_a_viewer_is_given_what_may_be_seen(store: Store) -> None:
    freezing.freeze(store, ALL, JULY, at=NOW, **BY)
    apply(store, late(), NOW + HOUR)
    mine = Scope(region_code="t0")
    asked = ("reported-incidents", JULY, NOW + 2 * HOUR)
    assert engine.by_level(store, mine, "town", *asked) == {"t0": 4.0}
    assert board(store, region="t0", scope=mine)["reported-incidents"].value == 4
    assert board(store, region="t1", scope=mine) == {}
    # Who sees fewer kinds of sensors is not told what was read by the others.
    noise = Scope(kinds=frozenset({"noise"}))
    read = board(store, scope=noise, at=NOW + 2 * HOUR)
    assert read["pipe-pressure"].frozen_at is None
    assert read["pipe-pressure"].value is None
    assert read["reported-incidents"].frozen_at == NOW


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("2025-08", "period-not-ended"),
        ("2025-W32", "period-not-ended"),
        ("2025-07-01..2025-07-30", "period-odd"),
        ("this-month", "unknown-period"),
        ("2025-13", "unknown-period"),
        ("2025-W54", "unknown-period"),
        ("1960", "unknown-period"),
    ],
)
def test_only_whole_periods_that_have_ended(store: Store, key: str, fault: str) -> None:
    with pytest.raises(InputError) as caught:
        freezing.freeze(store, ALL, key, at=NOW, **BY)
    assert caught.value.faults[0].key == fault
    assert all(caught.value.sentences("en"))
    assert freezing.frozen_periods(store) == []


def test_a_part_of_a_city_publishes_nothing(store: Store) -> None:
    for scope in (Scope(region_code="t0"), Scope(kinds=frozenset())):
        with pytest.raises(InputError, match="only a part"):
            freezing.freeze(store, scope, JULY, at=NOW, **BY)
    with pytest.raises(InputError, match="not frozen"):
        freezing.reopen(store, ALL, JULY, at=NOW, reason="x", **BY)


def test_the_last_day_is_over_at_midnight_of_the_city(store: Store) -> None:
    midnight = datetime(2025, 7, 31, 16, tzinfo=UTC)
    with pytest.raises(InputError, match="has not ended"):
        freezing.freeze(store, ALL, JULY, at=midnight - timedelta(seconds=1), **BY)
    made = freezing.freeze(store, ALL, JULY, at=midnight, **BY)
    kept = content(store, ALL, made.number)
    assert (kept["first_day"], kept["last_day"]) == ("2025-07-01", "2025-07-31")
    assert set(kept["levels"]) == {"grid"}
    assert set(kept["boards"]) == {"c", "t0", "t1", "t2", "f"}


DAYS = st.dates(date(1972, 1, 1), date(2060, 1, 1))


@given(DAYS, st.integers(1, 12))
def test_every_day_lies_in_one_period_of_each_kind(day: date, first_month: int) -> None:
    year, week, _ = day.isocalendar()
    assessed = day.year + (day.month >= first_month > 1)
    names = [f"{day:%Y-%m}", f"{day:%Y}-Q{(day.month + 2) // 3}", f"{day:%Y}"]
    for name in [*names, f"{year}-W{week:02}", f"assessment-{assessed}"]:
        first, last = days_named(name, first_month)
        assert first <= day <= last
        called = name_of(first, last, first_month)
        assert days_named(str(called), first_month) == (first, last)


@given(DAYS, st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Berlin"]))
def test_a_month_begins_and_ends_at_midnight_of_the_city(day: date, zone: str) -> None:
    local = ZoneInfo(zone)
    at = datetime(2061, 1, 1, tzinfo=UTC)
    named = period(f"{day:%Y-%m}", at, local)
    first, last = days_named(f"{day:%Y-%m}")
    assert named.window == period(f"{first}..{last}", at, local).window
    assert named.window.start.astimezone(local).replace(tzinfo=None) == datetime(
        first.year, first.month, 1
    )
    assert named.window.end.astimezone(local).day == 1
