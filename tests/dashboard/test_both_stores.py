"""The same city in a file and on a server: every page, panel and answer is the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dashboard.server import create_server
from geo_data.importer import import_city
from geo_data.ingest import IncidentReport, Reading, Report, StageReport, apply
from geo_data.records import Severity, Stage
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.dashboard.test_server import write

QUERIES = [
    "?",
    "?lang=en&window=7d",
    "?region=CB.N",
    "?window=30d&theme=light&tab=sensors",
    "?shade=cases-reported&window=today",
]


def reports(store: Store, now: datetime) -> list[Report]:
    """Two months of cases and an evening of readings, the same whichever store is asked."""
    chance = random.Random(5)
    told: list[Report] = []
    west, south, east, north = store.city.bbox
    for n in range(240):
        at = now - timedelta(hours=chance.uniform(0, 24 * 60))
        told.append(
            IncidentReport(
                source="app",
                source_id=str(n),
                code=f"CB-{n}",
                title=f"井盖缺失 {n}",
                channel=chance.choice(["hotline", "patrol", "iot"]),
                category=chance.choice(["0102", "0402", "0504"]),
                severity=chance.choice(list(Severity)[2:]),
                happened_at=at,
                reported_at=at,
                lon=chance.uniform(west, east),
                lat=chance.uniform(south, north),
            )
        )
        told.append(StageReport("app", str(n), Stage.DISPATCHED, at + timedelta(minutes=20)))
        if chance.random() < 0.6:
            hours = timedelta(hours=chance.uniform(1, 40))
            told.append(StageReport("app", str(n), Stage.CLOSED, min(at + hours, now)))
    with store.read() as connection:
        table = store.tables.sensors
        codes = connection.scalars(select(table.c.code).order_by(table.c.code)).all()
    for n in range(20):
        at = now - timedelta(minutes=7 * n)
        told += [Reading(code, round(chance.uniform(0, 1), 3), at) for code in codes]
    return told


@pytest.fixture(scope="module")
def both(
    example_city: Path,
    tmp_path_factory: pytest.TempPathFactory,
    postgis_module_url: str,
    now: datetime,
    clock: Callable[[], datetime],
) -> Iterator[tuple[TestClient, TestClient]]:
    folder = tmp_path_factory.mktemp("both")
    clients = []
    with ExitStack() as stack:
        for address in (folder / "city.gpkg", postgis_module_url):
            import_city(example_city, address, now)
            store = open_store(address)
            stack.callback(store.close)
            apply(store, reports(store, now), now)
            settings = Settings(data_dir=folder, simulator_rate=0)
            clients.append(stack.enter_context(TestClient(create_server(settings, store, clock))))
        yield clients[0], clients[1]


Both = tuple[TestClient, TestClient]


def answers(both: Both, address: str) -> list[Any]:
    found = []
    for client in both:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.text)
        is_json = "json" in answer.headers["content-type"]
        found.append(answer.json() if is_json else answer.content)
    return found


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("page", ["/", "/wall/"])
def test_every_panel_says_the_same(both: Both, query: str, page: str) -> None:
    in_file, on_server = (write(client, query, page) for client in both)
    assert in_file == on_server
    assert in_file["ranking-rows"] if page == "/" else in_file


@pytest.mark.parametrize("query", QUERIES)
def test_the_map_is_drawn_of_the_same(both: Both, query: str) -> None:
    in_file, on_server = answers(both, f"/api/v1/map{query}")
    assert in_file == on_server
    urls = [
        url
        for source in in_file["sources"].values()
        for key, url in source.items()
        if key in ("shapes", "fine", "points", "states")
    ]
    assert urls
    for url in [*urls, in_file["labels"]["url"]]:
        one, other = answers(both, url)
        assert one == other, url


@pytest.mark.parametrize(
    "address",
    [
        "/readyz",
        "/api/v1/layers",
        "/api/v1/regions/CB",
        "/data/incidents.bin?window=30d",
        "/data/sensors.bin",
        "/data/sensor-states.bin",
    ],
)
def test_every_answer_is_the_same(both: Both, address: str) -> None:
    in_file, on_server = answers(both, address)
    assert in_file == on_server
    assert in_file
