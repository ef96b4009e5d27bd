"""Boards, rankings and choropleths of a city small enough to count by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from math import isclose
from pathlib import Path

import pytest

from geo_data.dictionaries import categories, channels
from geo_data.ingest import Reading, Report, StageReport, apply
from geo_data.records import Scope, Severity, Stage
from geo_data.rollups import RESIDUE
from geo_data.store import Store
from geo_data.words import Label
from indicators import engine, windows
from indicators.catalog import indicators
from indicators.engine import IndicatorValue
from indicators.spec import Grain
from indicators.thresholds import Threshold, Thresholds
from tests.geo_data.lived_city import case, hours, opened, step, write_areas
from tests.geo_data.small_city import GRIDS, make_small_city

EVERYTHING = Scope.everything()
NOON = datetime.fromisoformat("2025-07-01T12:00:00+08:00")
NOW = NOON + timedelta(days=70, hours=2, minutes=20)
"""Twenty past two in the afternoon of Tuesday 2025-09-09, on the city's clock."""
REGIONS = ("c", "t0", "t2", "t0g0", "t1g2", "f")
COUNTED = [key for key, one in indicators().items() if one.additive and one.grain is Grain.FLOW]


def life(number: int, dice: random.Random) -> list[Report]:
    """A case somewhere in the last 70 days with as much of a history as there was time for."""
    begins = dice.uniform(0, 70 * 24)
    reports: list[Report] = [
        case(
            str(number),
            begins,
            region_code=dice.choice([*sorted(GRIDS), "t2"]),
            channel=dice.choice(list(channels())),
            category=dice.choice(list(categories())),
            severity=Severity(dice.choice([2, 3, 4])),
        )
    ]
    line = [Stage.FILED, Stage.DISPATCHED, Stage.HANDLED, Stage.REWORKED, Stage.CLOSED]
    if dice.random() < 0.1:
        line[2:2] = [Stage.EXTENDED]
    if dice.random() < 0.05:
        line = [Stage.VOIDED]
    after = begins
    for stage in line:
        after += dice.expovariate(1 / 6)
        if (stage is not Stage.REWORKED or dice.random() < 0.2) and after < 70 * 24 + 2.3:
            reports.append(step(str(number), stage, after))
    return reports


def speech(dice: random.Random) -> list[Reading]:
    """What the sensors said in the last three days; s4 fell silent, s5 never spoke."""
    levels = {"s0": 0.2, "s1": 60.0, "s2": 50.0, "s3": 0.0, "s4": 85.0}
    return [
        Reading(code, level * dice.uniform(0.9, 1.1), NOW - hours(back))
        for code, level in levels.items()
        for back in range(72)
        if code != "s4" or back > 5
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    dice = random.Random(7)
    with opened(make_small_city(tmp_path_factory.mktemp("engine") / "city.gpkg")) as store:
        write_areas(store)
        for number in range(260):
            apply(store, life(number, dice), NOW)
        outside = case("outside", 70 * 24, lon=122.0, lat=32.0)
        said, morning = speech(dice), NOW - hours(6)
        # What was said in the morning was heard in the morning: one looks from there, too.
        apply(store, [one for one in said if one.observed_at <= morning], morning)
        apply(store, [outside, *(one for one in said if one.observed_at > morning)], NOW)
        yield store


PAST = ("2025-06", "2025-07-25..2025-07-29")
"""Periods that are over: what stood then, and not what stands now."""


def board(
    store: Store,
    code: str = "c",
    window: str = "24h",
    at: datetime = NOW,
    scope: Scope = EVERYTHING,
) -> dict[str, IndicatorValue]:
    return {value.key: value for value in engine.board(store, scope, code, window, at)}


def same(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else isclose(one, other, rel_tol=1e-9)


def test_every_indicator_is_on_the_board_in_order(store: Store) -> None:
    values = engine.board(store, EVERYTHING, "t0", "7d", NOW)
    assert [value.key for value in values] == list(indicators())
    assert [value.unit for value in values] == [one.unit for one in indicators().values()]


@pytest.mark.parametrize("window", windows.KEYS)
@pytest.mark.parametrize("region", ["c", "t0", "t2"])
def test_children_and_residue_add_up_to_the_region(store: Store, window: str, region: str) -> None:
    values = board(store, region, window)
    for key, one in indicators().items():
        found = engine.children(store, EVERYTHING, region, key, window, NOW)
        if one.additive:
            assert sum(value or 0 for value in found.values()) == (values[key].value or 0), key
            assert (found[RESIDUE] or 0) >= 0
        else:
            assert RESIDUE not in found


@pytest.mark.parametrize("window", [*windows.KEYS, *PAST])
def test_a_ranking_says_what_the_board_of_each_child_says(store: Store, window: str) -> None:
    for region in ("c", "t1"):
        rankings = {
            key: engine.children(store, EVERYTHING, region, key, window, NOW)
            for key in indicators()
        }
        for child in [code for code in rankings["pm25"] if code != RESIDUE]:
            for key, value in board(store, child, window).items():
                assert same(rankings[key][child], value.value), (child, key)


@pytest.mark.parametrize("window", windows.KEYS)
@pytest.mark.parametrize("level", ["district", "town", "grid", "functional"])
def test_a_choropleth_says_what_the_boards_say(store: Store, window: str, level: str) -> None:
    codes = {"district": "c", "town": "t1", "grid": "t0g1", "functional": "f"}
    values = board(store, codes[level], window)
    for key, one in indicators().items():
        found = engine.by_level(store, EVERYTHING, level, key, window, NOW)
        expected = values[key].value if one.mappable or level != "grid" else None
        assert same(found[codes[level]], expected), key
    assert len(found) == {"district": 1, "town": 3, "grid": 10, "functional": 1}[level]


@pytest.mark.parametrize("window", windows.KEYS)
@pytest.mark.parametrize("region", REGIONS)
def test_the_line_adds_up_to_the_number(store: Store, window: str, region: str) -> None:
    values = board(store, region, window)
    buckets = len(windows.edges(window, NOW, store.city.zone)) - 1
    for key in COUNTED:
        assert len(values[key].spark) == buckets
        assert sum(bucket or 0 for bucket in values[key].spark) == values[key].value, key


@pytest.mark.parametrize("window", windows.KEYS)
@pytest.mark.parametrize("region", REGIONS)
def test_a_part_is_never_more_than_the_whole(store: Store, window: str, region: str) -> None:
    values = board(store, region, window)
    parts = ("on-time-rate", "closure-rate", "proactive-rate", "police-share", "sensors-online")
    for key in parts:
        found = [values[key].value, values[key].previous, *values[key].spark]
        assert all(0 <= value <= 100 for value in found if value is not None), key
    if values["closure-rate"].value is not None:
        assert values["closure-rate"].value >= (values["on-time-rate"].value or 0)


def test_the_last_day_by_hand(tmp_path: Path) -> None:
    """Six cases: two closed in time, one late, one open and late, one open, one of yesterday."""
    reports: list[Report] = [case(str(n), n - 3, region_code="t0g0") for n in range(5)]
    reports += [step(str(n), Stage.DISPATCHED, n - 3) for n in range(4)]
    reports += [step(str(n), Stage.FILED, n - 3) for n in range(4)]
    # From 09, 10, 11 and 12 o'clock four working hours: due at 13, 14, 15 and 16 o'clock.
    reports += [
        step("0", Stage.CLOSED, 0.5),
        step("1", Stage.CLOSED, 2),
        step("2", Stage.CLOSED, 4),
    ]
    reports += [case("5", -30, region_code="t0g1", channel="patrol"), step("5", Stage.CLOSED, -29)]
    reports += [step("2", Stage.REWORKED, 3)]
    at = NOON + hours(5)
    with opened(make_small_city(tmp_path / "hand.gpkg")) as store:
        apply(store, reports, at)
        values = {key: value.value for key, value in board(store, "t0", "today", at).items()}
        before = {key: value.previous for key, value in board(store, "t0", "today", at).items()}
    assert {key: values[key] for key in ("reported-incidents", "filed-incidents")} == {
        "reported-incidents": 5,
        "filed-incidents": 4,
    }
    assert (values["open-incidents"], values["overdue-incidents"]) == (2, 1)
    assert (values["on-time-rate"], values["closure-rate"]) == (50.0, 75.0)
    assert values["extension-rate"] == 0.0
    assert values["rework-rate"] == pytest.approx(100 / 3)
    assert values["hotline-incidents"] == 5
    assert values["proactive-rate"] == 0.0
    assert before["open-incidents"] == 0


def test_what_is_not_due_yet_is_not_late(tmp_path: Path) -> None:
    """In the morning what falls due in the afternoon does not spoil the rate of the day."""
    reports: list[Report] = [case("0", -3, region_code="t0g0"), case("1", 0, region_code="t0g0")]
    reports += [step("0", Stage.DISPATCHED, -3), step("0", Stage.CLOSED, 0)]
    reports += [step("1", Stage.DISPATCHED, 0)]
    with opened(make_small_city(tmp_path / "due.gpkg")) as store:
        apply(store, reports, NOON + hours(2))
        for window in windows.KEYS:
            assert board(store, "c", window, NOON + hours(2))["on-time-rate"].value == 100.0


def test_previous_period_is_as_far_along(tmp_path: Path) -> None:
    """Two cases this morning, one yesterday morning and three yesterday night: twice as many."""
    at_hours = [-1, -2, -25, -15, -16, -17]
    reports: list[Report] = [
        case(str(n), hour, region_code="t1g0") for n, hour in enumerate(at_hours)
    ]
    with opened(make_small_city(tmp_path / "previous.gpkg")) as store:
        apply(store, reports, NOON)
        today = board(store, "c", "today", NOON)["reported-incidents"]
        day = board(store, "c", "24h", NOON)["reported-incidents"]
        elsewhere = board(store, "t0", "today", NOON)["reported-incidents"]
    assert (today.value, today.previous, today.change) == (2, 1, 1.0)
    assert (day.value, day.previous) == (5, 1)
    assert (elsewhere.value, elsewhere.previous, elsewhere.change) == (0, 0, None)


def test_a_period_before_the_first_case_is_no_base(store: Store) -> None:
    values = {window: board(store, "c", window)["reported-incidents"] for window in windows.KEYS}
    assert values["year"].previous is None
    assert values["year"].change is None
    assert values["30d"].previous is not None
    assert values["30d"].change is not None


def test_missing_is_not_zero(store: Store) -> None:
    values = board(store, "t2g1", "24h")
    missing = {key for key, value in values.items() if value.value is None}
    assert {"pm25", "gas-leaks", "sensors-online", "hotline-per-10k", "noise-alarms"} <= missing
    assert values["open-incidents"].value is not None
    for key in missing:
        assert (values[key].status, values[key].change) == ("none", None)
    assert board(store, "c", "24h")["gas-leaks"].value is None


def test_sensors_of_the_present(store: Store) -> None:
    values = board(store, "c", "24h")
    assert values["noise-alarms"].value == 0
    assert values["sensors-online"].value == pytest.approx(100 * 4 / 6)
    assert values["sensors-online"].status == "red"
    assert values["sensors-online"].previous is None
    assert values["sensors-online"].spark == ()
    silent = board(store, "t1g3", "24h")
    assert silent["sensors-online"].value == 0.0
    earlier = board(store, "t1g3", "24h", NOW - hours(6))
    assert earlier["noise-alarms"].value in (0, 1)
    assert earlier["sensors-online"].value == 100.0


def test_readings_by_hand(tmp_path: Path) -> None:
    with opened(make_small_city(tmp_path / "readings.gpkg")) as store:
        values = {-30: 10.0, -26: 30.0, -20: 40.0, -2: 60.0, -1: 80.0}
        apply(store, [Reading("s2", value, NOON + hours(at)) for at, value in values.items()], NOON)
        for code in ("c", "t0", "t0g1"):
            pm25 = board(store, code, "24h", NOON)["pm25"]
            assert (pm25.value, pm25.previous, pm25.change) == (60.0, 20.0, 2.0)
            assert [one for one in pm25.spark if one is not None] == [40.0, 60.0, 80.0]
            assert pm25.data_at == NOON - hours(1)
            assert pm25.late
        assert board(store, "t0g0", "24h", NOON)["pm25"].value is None
        assert board(store, "c", "today", NOON)["pm25"].value == 70.0


def test_late_follows_the_period_of_the_kind(store: Store) -> None:
    assert not board(store, "t0", "24h")["pm25"].late
    assert board(store, "t0", "24h", NOW + timedelta(minutes=23))["pm25"].late
    assert not board(store, "t0", "24h", NOW + timedelta(minutes=22))["pm25"].late
    heard = board(store, "t0", "24h")["open-incidents"]
    assert heard.data_at is not None
    assert heard.data_at <= NOW
    assert board(store, "t0", "24h", NOW + hours(2))["open-incidents"].late


def test_status_is_that_of_the_row_in_effect(store: Store) -> None:
    row = {
        "indicator": "open-incidents",
        "rule": ">",
        "basis": Label(zh="测试", en="test"),
        "verified": True,
        "source": "test",
    }
    limits = Thresholds(
        [
            Threshold(**row, yellow=0, effective_from=date(2025, 1, 1)),
            Threshold(**row, red=0, effective_from=date(2025, 9, 9)),
            Threshold(**row, yellow=10_000, effective_from=date(2025, 9, 10)),
        ]
    )
    found = engine.board(store, EVERYTHING, "c", "24h", NOW, limits)
    by_key = {value.key: value for value in found}
    assert by_key["open-incidents"].status == "red"
    assert by_key["open-incidents"].threshold is not None
    assert by_key["on-time-rate"].status == "none"
    later = engine.board(store, EVERYTHING, "c", "24h", NOW + hours(12), limits)
    assert {value.key: value.status for value in later}["open-incidents"] == "normal"


def test_what_stands_now_was_less_or_more_before(store: Store) -> None:
    standing = board(store, "c", "24h")["open-incidents"]
    assert standing.previous is not None
    assert standing.spark[-1] == standing.value
    # A month ago nobody kept how many stood open.
    assert board(store, "c", "30d")["open-incidents"].previous is None


def test_a_viewer_sees_the_own_town_only(store: Store) -> None:
    scope = Scope(region_code="t1")
    assert engine.board(store, scope, "c", "24h", NOW) == []
    assert engine.children(store, scope, "c", "pm25", "24h", NOW) == {}
    assert set(engine.by_level(store, scope, "town", "open-incidents", "24h", NOW)) == {"t1"}
    mine, theirs = board(store, "t1", scope=scope), board(store, "t1")
    assert {key: value.value for key, value in mine.items()} == {
        key: value.value for key, value in theirs.items()
    }


def test_hours_of_long_ago_are_not_known(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the change log does not reach back: what was known then cannot be told."""
    monkeypatch.setattr("geo_data.rollups.known_then.FEW", 0)
    long_ago = NOW - timedelta(days=40)
    values = board(store, "c", "24h", long_ago)
    assert values["reported-incidents"].value is None
    assert values["open-incidents"].previous is None
    by_day = board(store, "c", "7d", long_ago)["reported-incidents"]
    assert by_day.value is not None
    assert by_day.value > 0
    found = engine.by_level(store, EVERYTHING, "town", "reported-incidents", "7d", long_ago)
    assert sum(value or 0 for value in found.values()) == by_day.value


def test_states_of_sensors_are_of_the_present_only(store: Store) -> None:
    assert board(store, "c", "today")["sensors-online"].value is not None
    for window in PAST:
        assert board(store, "c", window)["sensors-online"].value is None
        found = engine.by_level(store, EVERYTHING, "town", "sensors-online", window, NOW)
        assert set(found.values()) == {None}


def test_no_such_window_or_indicator(store: Store) -> None:
    with pytest.raises(KeyError, match="48h"):
        engine.board(store, EVERYTHING, "c", "48h", NOW)
    with pytest.raises(KeyError, match="pm26"):
        engine.children(store, EVERYTHING, "c", "pm26", "24h", NOW)
    with pytest.raises(KeyError, match="pm26"):
        engine.by_level(store, EVERYTHING, "town", "pm26", "24h", NOW)


def test_nothing_below_the_finest_and_functional(store: Store) -> None:
    for code in ("t0g0", "f", "nowhere"):
        assert engine.children(store, EVERYTHING, code, "open-incidents", "24h", NOW) == {}


def test_an_empty_city_is_composed(tmp_path: Path) -> None:
    with opened(make_small_city(tmp_path / "empty.gpkg")) as store:
        for window in windows.KEYS:
            values = board(store, "c", window)
            assert values["reported-incidents"].value is None  # nobody told of any case
            assert values["on-time-rate"].value is None
            assert values["open-incidents"].data_at is None
            assert {value.status for value in values.values()} <= {"none", "normal", "red"}
            assert not any(value.change for value in values.values())


def test_new_cases_show_at_once(tmp_path: Path) -> None:
    with opened(make_small_city(tmp_path / "live.gpkg")) as store:
        for number in range(3):
            at = NOON + hours(number)
            apply(store, [case(str(number), number, region_code="t0g0")], at)
            values = board(store, "t0", "24h", at + timedelta(seconds=1))
            assert values["reported-incidents"].value == number + 1
            assert values["open-incidents"].value == number + 1
        closing = StageReport("app", "0", Stage.CLOSED, NOON + hours(2.5))
        apply(store, [closing], NOON + hours(3))
        after = engine.children(store, EVERYTHING, "t0", "open-incidents", "24h", NOON + hours(3))
        assert after["t0g0"] == 2
