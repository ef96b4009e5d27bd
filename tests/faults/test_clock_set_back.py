"""The clock is set back while everything runs: nothing falls over, no age is negative."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dashboard.api.incoming import Allowance
from dashboard.context import Context
from dashboard.panels import time_bar
from dashboard.widgets.markup import text_of
from geo_data import feed, queries
from geo_data.ingest.receiving import receive
from geo_data.intakes import Intake
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store
from tests.bench.drill import drill
from tests.geo_data.small_city import make_small_city, middle
from tests.stores import Stores

EVERYONE = Scope.everything()
IOT = Intake(key="iot", tells="observations", key_sha256="0" * 64)
GRID = Intake(key="grid", tells="incidents", key_sha256="0" * 64)
SET_BACK = timedelta(hours=3)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    store = make_small_city(stores.new())
    yield store
    store.close()


def hear(store: Store, at: datetime, number: int) -> list[str]:
    lon, lat = middle("t0g0")
    case: dict[str, object] = {
        **{"source_id": str(number), "title": "积水", "channel": "hotline", "category": "0102"},
        **{"severity": 4, "lon": lon, "lat": lat, "happened_at": at, "reported_at": at},
        **{"stages": [{"stage": "found", "happened_at": at}]},
    }
    reading = {"sensor_code": "s1", "value": 50.0 + number, "observed_at": at}
    found = [*receive(store, GRID, [case], at), *receive(store, IOT, [reading], at)]
    return [one.status for one in found]


def test_nothing_falls_over_and_no_age_is_negative(
    store: Store, now: datetime, tmp_path: Path
) -> None:
    before = now - SET_BACK
    moment = [now]
    context = Context(Settings(data_dir=tmp_path), store, lambda: moment[0])
    assert hear(store, now, 1) == ["accepted", "accepted"]
    drill(context, "?")
    cursor = feed.cursor(store)
    moment[0] = before
    for query in ("?", "?region=t0", "?object=sensor:s1", "?window=24h"):
        drill(context, query)
    assert not re.search(r"[-−]\s*\d", text_of(time_bar.ages(context.look("?"))))
    for number in (2, 3):
        moment[0] = at = before + timedelta(minutes=number)
        assert hear(store, at, number) == ["accepted", "accepted"]
        known = queries.ages(store, EVERYONE, at)
        assert all(data_at is None or data_at <= at for data_at, _ in known.values())
        drill(context, "?")
    # Whoever follows the log misses nothing of it, and what is old by the clock is not cut.
    news = feed.changes_after(store, EVERYONE, cursor)
    assert [one.topic for one in news] == ["incidents", "readings"] * 2
    assert [one.seq for one in news] == sorted(one.seq for one in news)
    feed.prune(store, before - timedelta(days=2))
    assert feed.changes_after(store, EVERYONE, cursor) == news
    # The clock is right again: the newest reading is the one of the later moment.
    moment[0] = now
    assert queries.sensors(store, EVERYONE, None, now)[1].value == 51.0


def test_an_allowance_neither_fills_nor_empties_by_it(now: datetime) -> None:
    allowance = Allowance(60, now)
    allowance.spend(60)
    assert allowance.wait_s(now) > 0
    assert allowance.wait_s(now - SET_BACK) > 0
    assert allowance.wait_s(now - SET_BACK + timedelta(seconds=30)) == 0
