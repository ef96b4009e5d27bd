"""`/metrics` as Prometheus reads it: numbers that are true, and nothing that nobody may know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from dashboard.context import Context
from dashboard.live import Live
from dashboard.server import create_server
from geo_data.faults import Fault, InputError
from geo_data.ingest.receiving import receive
from geo_data.ingest.source_states import note_error
from geo_data.intakes import Intake
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.geo_data.small_city import CITY, make_small_city
from tests.stores import Stores

IOT = Intake.model_validate(
    {
        **{"key": "iot", "tells": "observations", "period-s": 60},
        "table": {"url": "postgresql://reader@db.secret.lan/grid", "table": "t", "mark": "id"},
    }
)
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    address = stores.new()
    make_small_city(address).close()
    store = open_store(address, CITY.model_copy(update={"intakes": (IOT,)}), create=True)
    yield store
    store.close()


def client_of(store: Store, folder: Path, at: datetime, scope: str | None = None) -> TestClient:
    settings = Settings(data_dir=folder, scope_region=scope)
    return TestClient(create_server(settings, store, lambda: at))


def samples(client: TestClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of_source(found: Samples, name: str, **more: str) -> float | None:
    labels = tuple(sorted({"source": "iot", **more}.items()))
    return found.get((f"yiping_source_{name}", labels))


def test_sources_the_store_and_the_tiles(store: Store, tmp_path: Path, now: datetime) -> None:
    told = {"sensor_code": "s1", "value": 1, "observed_at": now - timedelta(seconds=20)}
    receive(store, IOT, [told, told, {"phone": "13800000000"}], now)
    client = client_of(store, tmp_path, now + timedelta(seconds=100))
    client.get("/tiles/region-grid/10/856/416.mvt")
    found = samples(client)
    rows = [of_source(found, "rows_last_hour", outcome=o) for o in ("accepted", "repeated")]
    assert rows == [1, 1]
    assert of_source(found, "rows_last_hour", outcome="refused") == 1
    assert (of_source(found, "state"), of_source(found, "data_age_seconds")) == (1, 120)
    assert (of_source(found, "lag_seconds"), of_source(found, "letters")) == (20, 1)
    assert of_source(found, "up") == 1
    assert found["yiping_store_up", ()] == 1
    assert found["yiping_store_bytes", ()] > 10_000
    assert found["yiping_tile_cache_tiles", ()] == 1
    note_error(store, "iot", Fault("database-refused", values={"url": "x", "error": "y"}), now)
    assert of_source(samples(client), "up") == 0
    text = client.get("/metrics").text
    assert [word for word in ("secret", "13800000000", "reader") if word in text] == []


def test_requests_are_counted_by_route_and_no_address_makes_a_series(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    client = client_of(store, tmp_path, now)
    for path in ("/api/v1/regions/t0", "/api/v1/regions/t1", "/api/v1/regions/x", "/a", "/b?c=d"):
        client.get(path)
    client.request("BREW", "/pot")
    found = samples(client)
    counted = {
        (dict(labels)["route"], dict(labels)["status"]): n
        for (name, labels), n in found.items()
        if name == "yiping_requests_total"
    }
    assert counted["/api/v1/regions/{code}", "200"] == 2
    assert counted["/api/v1/regions/{code}", "404"] == 1
    assert sum(n for (route, _), n in counted.items() if route == "other") == 3
    assert not any("BREW" in str(labels) for _, labels in found)


def test_who_sees_a_part_is_told_no_counts(store: Store, tmp_path: Path, now: datetime) -> None:
    receive(store, IOT, ["rubbish"], now)
    found = samples(client_of(store, tmp_path, now, "t0"))
    assert of_source(found, "state") == 2
    assert of_source(found, "rows_last_hour", outcome="refused") is None
    assert of_source(found, "letters") is None
    assert of_source(found, "up") is None


def test_a_store_that_cannot_be_read_is_told(
    store: Store, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> int:
        raise InputError(Fault("store-locked"), exit_code=3)

    client = client_of(store, tmp_path, now)
    monkeypatch.setattr(store, "size_bytes", gone)
    found = samples(client)
    assert found["yiping_store_up", ()] == 0
    assert ("yiping_store_bytes", ()) not in found


def test_open_streams_are_counted(store: Store, clock: Callable[[], datetime]) -> None:
    live = Live(Context(Settings(), store, clock))

    async def two_then_one() -> list[int]:
        first, second = live.stream(None), live.stream(None)
        await anext(first)
        await anext(second)
        both = live.clients
        await first.aclose()  # type: ignore[attr-defined]
        one = live.clients
        await second.aclose()  # type: ignore[attr-defined]
        return [both, one, live.clients]

    assert asyncio.run(two_then_one()) == [2, 1, 0]
