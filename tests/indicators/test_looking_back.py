"""Vital signs of a moment that is past: what was known then, as the lists of then."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from geo_data import queries, rollups
from geo_data.ingest import IncidentReport, Report, apply
from geo_data.ingest.bulk import bulk_load
from geo_data.records import Stage
from geo_data.store import Store
from indicators import catalog, engine, windows
from tests.geo_data.lived_city import opened, write_areas
from tests.geo_data.small_city import SOUTH, WEST, make_small_city
from tests.indicators.test_engine import EVERYTHING, NOON, NOW, board, life, same

OF_NEIGHBOURS = {"repeat-rate", "hot-spots"}
"""Signs of a case and its neighbours: of today's records."""
STANDING = {"open-incidents", "overdue-incidents", "due-soon-incidents"}


def news() -> dict[datetime, list[Report]]:
    """Return what a city is told at the end of each day: what happened in it, or the day before."""
    dice = random.Random(9)
    told: dict[datetime, list[Report]] = {}
    for number in range(120):
        for report in life(number, dice):
            at = report.reported_at if isinstance(report, IncidentReport) else report.happened_at
            day = (at - NOON).days + dice.choice([1, 1, 2])
            told.setdefault(NOON + timedelta(days=day), []).append(report)
    return dict(sorted(told.items()))


@contextmanager
def heard_until(folder: Path, then: datetime) -> Iterator[Store]:
    """Yield a store that was told of everything until a moment, day by day."""
    with opened(make_small_city(folder / "city.gpkg")) as store:
        write_areas(store)
        for at, reports in news().items():
            if at <= then:
                apply(store, reports, at)
        yield store


@pytest.fixture(scope="module")
def heard_daily(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with heard_until(tmp_path_factory.mktemp("daily"), datetime.max.replace(tzinfo=UTC)) as store:
        yield store


@pytest.mark.parametrize("days", [0.5, 3, 40])
def test_counts_are_those_of_a_city_that_was_told_no_more(
    heard_daily: Store, tmp_path: Path, days: float
) -> None:
    """Whoever looks back reads what was read then, at every level and over every window."""
    then = NOW - timedelta(days=days)
    assert rollups.can_tell(heard_daily, then)
    counted = [one for one in catalog.indicators() if one not in OF_NEIGHBOURS]
    with heard_until(tmp_path, then) as told_no_more:
        for key in ("today", "24h", "7d", "this-month", "year"):
            for region in ("c", "t0", "t0g0", "f"):
                now, old = (board(one, region, key, then) for one in (heard_daily, told_no_more))
                for one in counted:
                    found, expected = now[one], old[one]
                    assert same(found.value, expected.value), (key, region, one)
                    # How many stood open before is known of the last weeks of a store only.
                    if found.previous is not None or one not in STANDING:
                        assert same(found.previous, expected.previous), (key, region, one)
            for one in counted:
                where = EVERYTHING, "grid", one, key, then
                assert engine.by_level(heard_daily, *where) == engine.by_level(told_no_more, *where)
                where = EVERYTHING, "c", one, key, then
                assert engine.children(heard_daily, *where) == engine.children(told_no_more, *where)


@pytest.mark.parametrize("measure", ["reported", "closed", "due", "closed_on_time", "unclosed"])
def test_the_rows_behind_a_number_of_then_are_those_of_then(
    heard_daily: Store, tmp_path: Path, measure: str
) -> None:
    then = NOW - timedelta(days=3)
    month = windows.window("30d", then, heard_daily.city.zone)
    where = EVERYTHING, "c", measure, month, then
    with heard_until(tmp_path, then) as told_no_more:
        listed, expected = (
            queries.counted_cases(one, *where) for one in (heard_daily, told_no_more)
        )
    assert listed.n == expected.n
    assert listed.n or measure == "unclosed"
    assert {one.code for one in listed.cases} == {one.code for one in expected.cases}


def test_what_was_loaded_whole_is_told_by_the_records_of_today(tmp_path: Path) -> None:
    """Where the log does not say which cases changed, today's counts are given, and it is said."""
    with heard_until(tmp_path, NOW) as store:
        now = board(store, "c", "7d", NOW)["reported-incidents"].value
        incidents = pd.DataFrame(
            {
                **{"source": ["old"], "source_id": ["1"], "code": ["1"], "title": ["旧"]},
                **{"channel": ["hotline"], "category": ["0102"], "severity": [4]},
                **{"happened_at": [NOW], "reported_at": [pd.Timestamp(NOW) - timedelta(days=2)]},
                **{"lon": [WEST + 0.001], "lat": [SOUTH + 0.001]},
            }
        )
        incidents["happened_at"] = pd.to_datetime(incidents["happened_at"], utc=True)
        steps = pd.DataFrame(
            {
                "incident": [0],
                "stage": [str(Stage.FILED)],
                "happened_at": pd.to_datetime([NOW - timedelta(days=2)], utc=True),
            }
        )
        bulk_load(store, incidents, steps, NOW + timedelta(hours=1))
        assert not rollups.can_tell(store, NOW)
        assert board(store, "c", "7d", NOW)["reported-incidents"].value == now + 1


@pytest.mark.parametrize("days", [0.5, 3, 40])
def test_what_stood_is_what_the_list_of_then_holds(heard_daily: Store, days: float) -> None:
    """A vital sign looked back at leads to a list of as many."""
    store, then = heard_daily, NOW - timedelta(days=days)
    assert board(store, "c", "24h", then)["open-incidents"].value
    for region in ("c", "t0", "t0g0", "f"):
        values = board(store, region, "24h", then)
        window = windows.window("24h", then, store.city.zone)
        for standing in ("open", "overdue", "due-soon"):
            only = queries.CaseFilter(standing=standing)
            where = store, EVERYTHING, region, window, then
            counted = queries.incident_count(*where, only)
            assert values[f"{standing}-incidents"].value == counted
            assert values[f"{standing}-incidents"].spark[-1] == counted
    for level in ("town", "grid"):
        found = engine.by_level(store, EVERYTHING, level, "open-incidents", "24h", then)
        for code, value in found.items():
            only = queries.CaseFilter(standing="open")
            assert value == queries.incident_count(store, EVERYTHING, code, window, then, only)
