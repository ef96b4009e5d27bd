"""Periods of the calendar over a city counted by hand; 环比 and 同比; answers of citizens."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from geo_data.ingest import Report, apply
from geo_data.own_indicators import OwnIndicator
from geo_data.records import Scope, Stage
from geo_data.rollups import RESIDUE
from geo_data.store import Store, open_store
from geo_data.words import Label
from indicators import engine, parts
from indicators.catalog import of
from indicators.periods import CALENDAR
from tests.geo_data.lived_city import NOON, case, hours, opened, step, write_areas
from tests.geo_data.small_city import CITY, make_small_city

ALL = Scope.everything()
NOW = datetime.fromisoformat("2026-11-26T14:30:00+08:00")


def at_hour(text: str) -> float:
    """Hours from the first noon of the lived city to a local moment."""
    return (datetime.fromisoformat(f"{text}:00+08:00") - NOON) / timedelta(hours=1)


def told(moments: list[str], grid: str = "t0g0", first: int = 0) -> list[Report]:
    return [case(str(first + n), at_hour(text), region_code=grid) for n, text in enumerate(moments)]


DATES = [
    *("2026-11-26T09:00", "2026-11-25T09:00", "2026-11-02T09:00"),  # this month: 3
    *("2026-10-10T09:00", "2026-10-26T14:00", "2026-10-26T15:00"),  # the month before: 2 so far
    *("2025-11-01T00:00", "2025-11-26T14:00", "2025-11-26T15:00", "2025-11-27T09:00"),
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = make_small_city(tmp_path / "city.gpkg")
    write_areas(made)
    made.close()
    store = open_store(
        tmp_path / "city.gpkg", CITY.model_copy(update={"assessment_month": 11}), create=True
    )
    # The store reaches back to October 2025: somewhere else a case a day.
    daily = [datetime(2025, 10, 25) + timedelta(days=day) for day in range(398)]
    apply(store, told([f"{day:%Y-%m-%d}T10:00" for day in daily], "t1g0", 1000), NOW)
    apply(store, told(DATES), NOW)
    return store


def compared(
    store: Store, key: str, code: str = "t0", at: datetime = NOW
) -> tuple[object, object, object]:
    values = engine.board(store, ALL, code, key, at, keys=("reported-incidents",))
    earlier = engine.year_before(store, ALL, code, key, at)
    return values[0].value, values[0].previous, earlier["reported-incidents"]


def test_each_period_by_hand(store: Store) -> None:
    with opened(store):
        # Days long ago are counted to the nearest midnight: the 26th until 14:30 is the whole day.
        assert compared(store, "this-month") == (3, 3, 3)
        assert compared(store, "this-week") == (2, 0, 3)
        assert compared(store, "assessment-year") == (3, 3, 3)
        assert compared(store, "2026-10-01..2026-10-31") == (3, 0, None)
        assert compared(store, "2026-11-01..2026-11-25") == (2, 3, 1)
        assert compared(store, "this-month", "t1") == (26, 26, 26)
        assert compared(store, "this-month", "t2") == (0, 0, 0)


def test_a_base_of_zero_or_none_has_no_change(store: Store) -> None:
    with opened(store):
        (week,) = engine.board(store, ALL, "t0", "this-week", NOW, keys=("reported-incidents",))
        assert (week.value, week.previous, week.change) == (2, 0, None)
        assert engine.year_before(store, ALL, "nowhere", "this-week", NOW) == {}
        # Nobody told of anything before the end of October 2025.
        assert compared(store, "this-quarter")[2] is None


@pytest.mark.parametrize("key", [*CALENDAR, "2026-10-20..2026-11-20"])
def test_children_add_up_over_any_period(store: Store, key: str) -> None:
    with opened(store):
        for code in ("c", "t0"):
            (whole,) = engine.board(store, ALL, code, key, NOW, keys=("reported-incidents",))
            found = engine.children(store, ALL, code, "reported-incidents", key, NOW)
            assert sum(value or 0 for value in found.values()) == whole.value
            assert sum(bucket or 0 for bucket in whole.spark) == whole.value
            assert found.pop(RESIDUE) == 0
        assert RESIDUE not in engine.children(store, ALL, "c", "on-time-rate", key, NOW)


def answered() -> list[Report]:
    """Three citizens were asked: one is satisfied, one neither way, one not."""
    reports: list[Report] = []
    for number, answer in enumerate((Stage.SATISFIED, Stage.NEUTRAL, Stage.UNSATISFIED)):
        name = str(number)
        reports += [case(name, 0, region_code="t0g0"), step(name, Stage.DISPATCHED, 1)]
        reports += [step(name, Stage.CLOSED, 2), step(name, answer, 5)]
        outcome = Stage.EXPLAINED if number == 2 else Stage.RESOLVED
        reports += [step(name, outcome, 5)]
    # From 13 o'clock an hour to sign; a working day to speak to the citizen.
    reports += [step("0", Stage.SIGNED, 1.5), step("1", Stage.SIGNED, 2.5)]
    reports += [step("0", Stage.CONTACTED, 3), step("1", Stage.CONTACTED, 60)]
    return reports


def values(store: Store, code: str = "t0", key: str = "7d", at: float = 72) -> dict[str, object]:
    return {one.key: one.value for one in engine.board(store, ALL, code, key, NOON + hours(at))}


def test_citizens_answers_by_hand(tmp_path: Path) -> None:
    with opened(make_small_city(tmp_path / "city.gpkg")) as store:
        apply(store, answered(), NOON + hours(70))
        found = values(store)
        # The published sample: (1 + 0.6 + 0) / 3.
        assert found["satisfaction-rate"] == pytest.approx(160 / 3)
        assert (found["resolved-rate"], found["explained-rate"]) == pytest.approx(
            (200 / 3, 100 / 3)
        )
        assert found["response-rate"] == pytest.approx(100 / 3)
        assert found["contact-rate"] == pytest.approx(100 / 3)
        assert found["hotline-on-time-rate"] == 100.0
        assert (found["filing-rate"], found["closed-incidents"]) == (0.0, 3)
        by_town = engine.children(store, ALL, "c", "satisfaction-rate", "7d", NOON + hours(72))
        assert by_town == {"t0": found["satisfaction-rate"], "t1": None, "t2": None}


def test_where_nobody_tells_of_signing_nobody_knows(tmp_path: Path) -> None:
    with opened(make_small_city(tmp_path / "city.gpkg")) as store:
        silent = [one for one in answered() if getattr(one, "stage", None) is not Stage.SIGNED]
        apply(store, silent, NOON + hours(70))
        found = values(store)
        assert (found["response-rate"], found["due-incidents"]) == (None, 3)
        assert found["contact-rate"] is not None
        ranked = engine.children(store, ALL, "c", "response-rate", "7d", NOON + hours(72))
        assert set(ranked.values()) == {None}


def test_a_city_weighs_answers_as_it_likes(tmp_path: Path) -> None:
    make_small_city(tmp_path / "city.gpkg").close()
    lenient = CITY.model_copy(update={"satisfaction": (1.0, 1.0, 1.0, 0.4)})
    with opened(open_store(tmp_path / "city.gpkg", lenient, create=True)) as store:
        apply(store, answered(), NOON + hours(70))
        assert values(store)["satisfaction-rate"] == pytest.approx(80.0)


def test_an_indicator_of_the_city_is_on_its_board(tmp_path: Path) -> None:
    make_small_city(tmp_path / "city.gpkg").close()
    declared = OwnIndicator(
        key="backlog-growth",
        name=Label(zh="积案净增", en="Backlog growth"),
        group="management",
        unit="cases",
        better="low",
        formula="reported - closed",
        basis=Label(zh="本市", en="City"),
    )
    own = CITY.model_copy(update={"indicators": (declared,)})
    with opened(open_store(tmp_path / "city.gpkg", own, create=True)) as store:
        apply(store, [*answered(), *told(["2025-07-02T10:00"], "t1g0", 9)], NOON + hours(70))
        assert values(store, "c")["backlog-growth"] == 1
        asked = (store, ALL, "c", "backlog-growth", "7d", NOON + hours(72))
        assert engine.children(*asked) == {"t0": 0, "t1": 1, "t2": 0, RESIDUE: 0}
        made_of = parts.parts(store, ALL, "c", of(own)["backlog-growth"], "7d", NOON + hours(72))
        assert [(part.name("en"), part.value) for part in made_of] == [
            ("reported", 4.0),
            ("closed", 3.0),
        ]
