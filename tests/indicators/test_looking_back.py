"""Vital signs of a moment that is past: what was known then, as the lists of then."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from geo_data import queries
from geo_data.ingest import IncidentReport, Report, apply
from geo_data.store import Store
from indicators import engine, windows
from tests.geo_data.lived_city import opened, write_areas
from tests.geo_data.small_city import make_small_city
from tests.indicators.test_engine import EVERYTHING, NOON, NOW, board, life


@pytest.fixture(scope="module")
def heard_daily(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that was told at the end of each day what happened in it, or the day before."""
    dice = random.Random(9)
    told: dict[int, list[Report]] = {}
    for number in range(120):
        for report in life(number, dice):
            at = report.reported_at if isinstance(report, IncidentReport) else report.happened_at
            told.setdefault((at - NOON).days + dice.choice([1, 1, 2]), []).append(report)
    with opened(make_small_city(tmp_path_factory.mktemp("daily") / "city.gpkg")) as store:
        write_areas(store)
        for day in sorted(told):
            apply(store, told[day], NOON + timedelta(days=day))
        yield store


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
