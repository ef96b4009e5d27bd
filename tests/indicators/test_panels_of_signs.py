"""What the panels of the vital signs show: order, shares, days and two sides, counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.dictionaries import channels
from geo_data.ingest import Reading, apply
from geo_data.records import Scope, Stage
from geo_data.store import Store
from geo_data.words import Label
from indicators import engine
from indicators.channel_share import channel_shares
from indicators.day_values import DayValues, day_values, twelve_months
from indicators.ranking import ranked
from indicators.side_by_side import compared
from indicators.thresholds import Threshold
from tests.geo_data.lived_city import NOON, case, hours, opened, step, write_areas
from tests.geo_data.small_city import make_small_city
from tests.stores import Stores

ALL = Scope.everything()
DAYS = 10
NOW = NOON + hours(24 * DAYS)
TODAY = date(2025, 7, 11)
COMING = {"hotline": 4, "police": 3, "video": 2, "iot": 1}


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    """Cases of the first and of the last day; one outside the city; a sensor of one day."""
    with opened(make_small_city(module_stores.new())) as store:
        write_areas(store)
        told = [
            case(f"{key}-{n}", 24 * DAYS - 1 - n, channel=key, region_code=f"t{n % 2}g0")
            for key, count in COMING.items()
            for n in range(count)
        ]
        told += [case(f"old-{n}", n, channel="hotline", region_code="t2g0") for n in range(2)]
        told += [case("out", 24 * 3, lon=122.0, lat=32.0)]
        closed = [step("old-0", stage, 5) for stage in (Stage.DISPATCHED, Stage.CLOSED)]
        apply(store, [*told, *closed], NOW)
        apply(store, [Reading("s2", 40.0, NOON), Reading("s2", 60.0, NOON + hours(1))], NOW)
        yield store


# --- order -----------------------------------------------------------------------------------


BAND = Threshold.model_validate(
    {
        **{"indicator": "pipe-pressure", "rule": "outside", "yellow": (0.2, 0.4)},
        **{"red": (0.1, 0.5), "verified": False, "effective-from": date(2020, 1, 1)},
        **{"source": "test", "basis": Label(zh="测试", en="test")},
    }
)


def order(values: dict[str, float | None], *how: object) -> list[tuple[int | None, str]]:
    return [(one.place, one.code) for one in ranked(values, *how)]  # type: ignore[arg-type]


def test_the_worst_comes_first_whichever_way_is_good() -> None:
    values = {"a": 1.0, "b": 9.0, "c": None, "d": 5.0, "e": 9.0}
    assert order(values, "low") == [(1, "b"), (1, "e"), (3, "d"), (4, "a"), (None, "c")]
    assert order(values, "high") == [(1, "a"), (2, "d"), (3, "b"), (3, "e"), (None, "c")]


def test_outside_a_band_the_furthest_comes_first() -> None:
    values = {"low": 0.05, "good": 0.3, "high": 0.45, "edge": 0.4}
    assert [code for _, code in order(values, "band", BAND)] == ["low", "high", "edge", "good"]
    assert [code for _, code in order(values, "band", None)] == ["high", "edge", "good", "low"]


@given(st.dictionaries(st.text(min_size=1), st.none() | st.integers(-5, 5).map(float)))
def test_every_region_has_one_row(values: dict[str, float | None]) -> None:
    found = ranked(values, "low")
    assert sorted(one.code for one in found) == sorted(values)
    for one in found:
        worse = sum(value is not None and value > (one.value or 0.0) for value in values.values())
        assert one.place == (None if one.value is None else worse + 1)
    missing = [one.value is None for one in found]
    assert missing == sorted(missing)


# --- shares ----------------------------------------------------------------------------------


def test_shares_are_the_whole_and_agree_with_the_board(store: Store) -> None:
    for region in ("c", "t0", "t1g0", "t2", "f"):
        for period in ("24h", "7d", "this-month"):
            found = channel_shares(store, ALL, region, period, NOW)
            (board,) = engine.board(store, ALL, region, period, NOW, keys=("reported-incidents",))
            assert sum(one.n for one in found) == board.value
            assert abs(sum(one.share for one in found) - bool(board.value)) < 1e-9
            (opinion,) = engine.board(store, ALL, region, period, NOW, keys=("opinion-incidents",))
            assert next(one.n for one in found if one.channel == "opinion") == opinion.value
            assert [one.channel for one in found if one.channel not in channels()] == []


def test_channels_stand_by_their_groups(store: Store) -> None:
    found = channel_shares(store, ALL, "c", "24h", NOW)
    assert {one.channel: one.n for one in found if one.n} == COMING
    assert [one.share for one in found if one.channel == "hotline"] == [0.4]
    groups = [one.group for one in found]
    assert list(dict.fromkeys(groups)) == [
        *("citizen", "network", "sensing", "origin", "grid", "police"),
    ]
    assert groups == sorted(groups, key=groups.index)
    # Nobody was there the week before.
    assert {one.previous for one in channel_shares(store, ALL, "c", "30d", NOW)} == {None}
    later = channel_shares(store, ALL, "c", "24h", NOW + hours(24))
    assert {one.channel: one.previous for one in later if one.previous} == COMING
    assert {one.change for one in later} == {None, -1.0}


def test_nobody_learns_of_what_lies_elsewhere(store: Store) -> None:
    mine = Scope(region_code="t1")
    assert channel_shares(store, mine, "t0", "24h", NOW) == []
    assert (
        day_values(store, mine, "c", "reported-incidents", twelve_months(TODAY), NOW).values == ()
    )


# --- days ------------------------------------------------------------------------------------


def values_of(store: Store, region: str, key: str, first: date, last: date) -> dict[date, object]:
    return dict(day_values(store, ALL, region, key, (first, last), NOW))


def test_days_before_the_city_began_are_not_zero(store: Store) -> None:
    found = values_of(store, "c", "reported-incidents", date(2025, 6, 29), date(2025, 7, 31))
    assert list(found) == [date(2025, 6, 29) + timedelta(n) for n in range(13)]
    assert [found[date(2025, 6, day)] for day in (29, 30)] == [None, None]
    by_day = {day.day: value for day, value in found.items() if day.month == 7}
    assert by_day == {1: 2, 2: 0, 3: 0, 4: 1, **dict.fromkeys(range(5, 11), 0), 11: 10}
    town = values_of(store, "t2", "reported-incidents", date(2025, 7, 1), TODAY)
    assert [value for value in town.values() if value] == [2]


def test_days_add_up_to_the_period(store: Store) -> None:
    for key in ("reported-incidents", "closed-incidents", "due-incidents", "hotline-incidents"):
        for region in ("c", "t0", "f"):
            found = values_of(store, region, key, date(2025, 7, 1), TODAY)
            period = "2025-07-01..2025-07-11"
            (board,) = engine.board(store, ALL, region, period, NOW, keys=(key,))
            assert sum(value for value in found.values() if isinstance(value, float)) == board.value


def test_a_day_without_readings_is_not_known(store: Store) -> None:
    found = values_of(store, "c", "pm25", date(2025, 6, 30), date(2025, 7, 2))
    assert list(found.values()) == [None, 50.0, None]
    # One case was ever due, on the second: of other days there is no rate.
    rate = values_of(store, "c", "closure-rate", date(2025, 7, 1), date(2025, 7, 3))
    assert list(rate.values()) == [None, 100.0, None]


def test_at_midnight_today_is_empty_and_there(store: Store) -> None:
    midnight = datetime(2025, 7, 10, 16, tzinfo=NOW.tzinfo)
    found = day_values(store, ALL, "c", "reported-incidents", (TODAY, TODAY), midnight)
    assert list(found) == [(TODAY, 0.0)]
    assert day_values(store, ALL, "c", "reported-incidents", (TODAY, TODAY), NOW).values == (10,)
    none = day_values(store, ALL, "c", "reported-incidents", (TODAY, TODAY), NOON)
    assert none == DayValues(TODAY, ())


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York"])
def test_a_day_is_counted_once_where_clocks_are_put(stores: Stores, zone: str) -> None:
    with opened(make_small_city(stores.new())) as store:
        store.city = store.city.model_copy(update={"timezone": zone})
        local = ZoneInfo(zone)
        first = datetime(2025, 10, 25, tzinfo=local)
        # An hour from one to the next, over the night in which an hour occurs twice.
        begins = (first - NOON) / hours(1)
        apply(store, [case(str(n), begins + n) for n in range(24 * 12)], NOON + hours(24 * 150))
        found = day_values(
            *(store, ALL, "c", "reported-incidents"),
            (date(2025, 10, 25), date(2025, 11, 4)),
            NOON + hours(24 * 150),
        )
        long_day = date(2025, 10, 26) if zone == "Europe/London" else date(2025, 11, 2)
        assert {day: value for day, value in found if value != 24} == {long_day: 25}


# --- two sides -------------------------------------------------------------------------------


def test_two_sides_with_their_difference(store: Store) -> None:
    left = engine.board(store, ALL, "t0", "24h", NOW)
    right = engine.board(store, ALL, "t1", "24h", NOW)
    found = {one.key: one for one in compared(left, right)}
    assert list(found) == [value.key for value in left]
    reported = found["reported-incidents"]
    # Of four, three, two and one every second lies in the one town.
    assert (reported.left.value, reported.right.value, reported.difference) == (6, 4, 2)
    assert reported.better_side("low") == "right"
    assert reported.better_side("high") == "left"
    assert reported.better_side("band") is None
    assert found["pm25"].difference is None
    assert found["pm25"].better_side("low") is None
