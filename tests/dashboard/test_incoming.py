"""Other systems post: who may, how much, in what form, and what they are told."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from dashboard.api import incoming
from dashboard.context import Context
from dashboard.server import create_server
from geo_data.intakes import Intake
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.geo_data.small_city import CITY, make_small_city, middle
from tests.serving import free_port
from tests.stores import Stores

KEY = "a-long-secret"
HEADERS = {"X-API-Key": KEY}
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
INTAKES = (
    Intake(key="grid", tells="incidents", key_sha256=DIGEST, per_minute=120),
    Intake(key="steps", source="grid", tells="stages", key_sha256_env="STEPS_KEY"),
    Intake(key="iot", tells="observations", key_sha256=DIGEST),
)


class Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def ticking(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    address = stores.new()
    make_small_city(address).close()
    city = CITY.model_copy(update={"intakes": INTAKES})
    store = open_store(address, city, create=True)
    yield store
    store.close()


@pytest.fixture
def posting(store: Store, ticking: Clock, tmp_path: Path) -> Iterator[TestClient]:
    app = FastAPI()
    context = Context(Settings(data_dir=tmp_path), store, ticking)
    app.include_router(incoming.router(context, {"STEPS_KEY": DIGEST}))
    with TestClient(app, headers=HEADERS) as client:
        yield client


def case(number: int, **changes: Any) -> dict[str, Any]:
    lon, lat = middle("t0g0")
    return {
        **{"source_id": str(number), "title": "暴露垃圾", "channel": "patrol", "category": "0102"},
        **{"severity": 4, "lon": lon, "lat": lat},
        **{"happened_at": "2026-11-23 08:00", "reported_at": "2026-11-23 08:30"},
    } | changes


def rows(store: Store, table: str) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(getattr(store.tables, table)))


def test_a_batch_is_answered_row_by_row_after_the_commit(posting: TestClient, store: Store) -> None:
    answer = posting.post("/api/v1/incidents", json=[case(1), case(1), case(2, category="9x")])
    assert answer.status_code == 202
    told = answer.json()
    assert [row["status"] for row in told["rows"]] == ["accepted", "repeated", "refused"]
    (fault,) = told["rows"][2]["faults"]
    assert fault["field"] == "category"
    assert "9x" in fault["error"]
    assert fault["remedy"]
    assert (rows(store, "incidents"), rows(store, "dead_letters")) == (1, 1)


def test_steps_and_readings(posting: TestClient, store: Store) -> None:
    at = "2026-11-23T09:00:00+08:00"
    posting.post("/api/v1/incidents", json=case(1))
    step = {"stage": "dispatched", "happened_at": at}
    assert posting.post("/api/v1/incidents/1/stages", json=step).status_code == 202
    assert rows(store, "incident_stages") == 1
    reading = {"sensor_code": "s0", "value": 0.3, "observed_at": at}
    told = posting.post("/api/v1/observations", json=[reading, reading]).json()
    assert (told["accepted"], told["repeated"], told["refused"]) == (1, 1, 0)
    assert [row["status"] for row in told["rows"]] == ["accepted", "repeated"]


def test_lines_packed_by_gzip(posting: TestClient, store: Store) -> None:
    lines = "\n".join(json.dumps(case(number)) for number in range(50)) + "\n"
    more = {"Content-Encoding": "gzip", "Content-Type": "application/x-ndjson"}
    answer = posting.post("/api/v1/incidents", content=gzip.compress(lines.encode()), headers=more)
    assert answer.json()["accepted"] == 50
    assert rows(store, "incidents") == 50


@pytest.mark.parametrize("key", ["", "another", "ключ"])
def test_a_stranger_writes_nothing(posting: TestClient, store: Store, key: str) -> None:
    headers = {"X-API-Key": key.encode()}
    assert posting.post("/api/v1/incidents", json=case(1), headers=headers).status_code == 401
    assert rows(store, "incidents") == 0


def test_who_sends_too_much_is_told_when_again(posting: TestClient, ticking: Clock) -> None:
    many = [case(number) for number in range(150)]
    assert posting.post("/api/v1/incidents", json=many).status_code == 202
    answer = posting.post("/api/v1/incidents", json=case(200))
    assert answer.status_code == 429
    wait_s = int(answer.headers["Retry-After"])
    assert 15 <= wait_s <= 16
    ticking.at += timedelta(seconds=wait_s)
    assert posting.post("/api/v1/incidents", json=case(200)).status_code == 202


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (b"{", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"not packed", {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"{}" * 500, mtime=0)[:-9], {"Content-Encoding": "gzip"}, 400),
        (b"[" * 100_000, {}, 400),
        (gzip.compress(b" " * (incoming.MOST_BYTES + 1)), {"Content-Encoding": "gzip"}, 413),
        (json.dumps([1] * (incoming.MOST_ROWS + 1)).encode(), {}, 413),
        (b"[1, null]", {}, 422),
        (b'{"title": "\\ud800", "reported_at": "\\ud800"}', {}, 422),
    ],
)
def test_what_cannot_be_taken_is_answered_and_changes_nothing(
    posting: TestClient, store: Store, body: bytes, more: dict[str, str], status: int
) -> None:
    assert posting.post("/api/v1/incidents", content=body, headers=more).status_code == status
    assert rows(store, "incidents") == 0


def test_a_key_is_for_what_it_was_given_for(
    store: Store, clock: Callable[[], datetime], tmp_path: Path
) -> None:
    app = FastAPI()
    context = Context(Settings(data_dir=tmp_path), store, clock)
    app.include_router(incoming.router(context, {}))
    with TestClient(app, headers=HEADERS) as client:
        # The key of the steps is in an environment variable that is not set.
        assert client.post("/api/v1/incidents/1/stages", json={}).status_code == 403


def test_the_examples_that_are_shown_can_be_sent(posting: TestClient) -> None:
    paths = posting.get("/openapi.json").json()["paths"]
    shown = paths["/api/v1/incidents"]["post"]["requestBody"]["content"]["application/json"]
    assert posting.post("/api/v1/incidents", json=shown["examples"]["one"]["value"]).is_success
    step = paths["/api/v1/incidents/{source_id}/stages"]["post"]["requestBody"]["content"]
    step_value = step["application/json"]["examples"]["one"]["value"]
    assert posting.post("/api/v1/incidents/7/stages", json=step_value).is_success


def test_the_real_server_takes_them_in(client: TestClient) -> None:
    assert client.post("/api/v1/observations", json={}).status_code == 401


def test_a_broker_that_is_gone_is_told(
    stores: Stores, clock: Callable[[], datetime], cache_dir: Path
) -> None:
    way = {"broker": "127.0.0.1", "port": free_port(), "topics": ["sensors/{sensor-code}"]}
    iot = Intake.model_validate({"key": "iot", "tells": "observations", "mqtt": way})
    address = stores.new()
    make_small_city(address).close()
    store = open_store(address, CITY.model_copy(update={"intakes": (iot,)}), create=True)
    server = create_server(Settings(data_dir=cache_dir), store, clock)
    with TestClient(server) as client:
        deadline = time.monotonic() + 20
        while not (told := client.get("/readyz").json().get("detail")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert any("broker" in one["error"] for one in told)
    store.close()
