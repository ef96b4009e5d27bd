"""Evaluations over HTTP: results, the cases behind them, publishing and opening again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.server import create_server
from geo_data.ingest import apply
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.indicators.test_evaluation import RATES, having, life
from tests.stores import Address, Stores

NOW = datetime(2025, 8, 4, 1, tzinfo=UTC)
KEY = "open sesame"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
ONE = "/api/v1/evaluations/monthly"
PATH = f"{ONE}/periods/2025-07"
JULY = {"period": "2025-07"}
MONDAY = datetime(2025, 7, 7, 1, tzinfo=UTC)
WHO, WHY = {"who": "张三"}, {"who": "李四", "reason": "漏报 1 件"}


def closed(n: int, region: str, after: timedelta | None) -> Any:
    return life(f"{region}-{n}", MONDAY, region, None if after is None else MONDAY + after)


@pytest.fixture
def store(stores: Stores, lived_city: Address) -> Iterator[Store]:
    store = having(open_store(stores.copy(lived_city)), RATES)
    soon, late = timedelta(minutes=20), timedelta(days=9)
    for n, (region, after) in enumerate(
        [("t0g0", soon), ("t0g0", soon), ("t0g1", late), ("t0g1", None), ("t1g0", soon)]
    ):
        apply(store, closed(n, region, after), NOW - timedelta(hours=1))
    yield store
    store.close()


def client_of(store: Store, cache_dir: Path, **settings: Any) -> TestClient:
    made = Settings(data_dir=cache_dir, **settings)
    return TestClient(create_server(made, store, lambda: NOW))


@pytest.fixture
def client(store: Store, cache_dir: Path) -> TestClient:
    return client_of(store, cache_dir, admin_key_sha256=DIGEST)


def send(client: TestClient, method: str, path: str = PATH, key: str = KEY, **body: Any) -> Any:
    return client.request(method, path, json=body, headers={"X-API-Key": key})


def towns(said: Any) -> list[tuple[str, int | None, float | None, str | None]]:
    units = said["groups"][0]["units"]
    return [(one["code"], one["place"], one["score"], one["why_not"]) for one in units]


def test_a_result_with_the_cases_that_cost_points(client: TestClient) -> None:
    (listed,) = client.get("/api/v1/evaluations").json()
    assert (listed["key"], listed["publications"]) == ("monthly", [])
    assert listed["rules"]["groups"][0]["measures"][1]["floor"] == 60
    said = client.get(ONE, params=JULY).json()
    assert (said["is_published"], said["publication"], said["would_differ"]) == (False, None, False)
    # Of four that fell due in t0 three were closed, two in time; nobody was asked.
    assert towns(said) == [("t1", 1, 100, None), ("t0", 2, 30, None), ("t2", None, None, "few")]
    closure, on_time, content = said["groups"][0]["units"][1]["measures"]
    assert (closure["value"], closure["points"], closure["lost"]) == (75, 15, 5)
    assert (on_time["value"], on_time["points"]) == (50, 0)
    assert (content["value"], content["points"], content["lost"]) == (None, None, 0)
    lost = client.get(
        f"{ONE}/cases", params={**JULY, "unit": "t0", "indicator": "on-time-rate"}
    ).json()
    assert (lost["n"], lost["is_all"], lost["made_of"]) == (2, True, [2, 4])
    assert (lost["counted"], lost["without"]) == (["due"], ["closed_on_time"])
    assert {one["region"] for one in lost["cases"]} == {"t0g1"}
    assert sum(one["ended_at"] is None for one in lost["cases"]) == 1


def test_it_is_published_and_opened_again(client: TestClient, store: Store) -> None:
    made = send(client, "PUT", **WHO)
    assert made.status_code == 200
    before = made.json()
    assert (before["is_published"], before["publication"]["is_intact"]) == (True, True)
    assert before["publication"]["number"] == "evaluation-2025-0001"
    apply(store, closed(9, "t2g0", timedelta(minutes=5)), NOW)
    after = client.get(ONE, params=JULY).json()
    assert after["groups"] == before["groups"]
    moved = [
        (one["code"], one["score"], one["place"], one["score_now"], one["place_now"])
        for one in after["differences"]
    ]
    assert moved == [("t0", 30, 2, 30, 3), ("t2", None, None, 100, 1)]
    now = client.get(ONE, params={**JULY, "current": "true"}).json()
    assert (now["is_published"], towns(now)[1]) == (False, ("t2", 1, 100, None))
    assert send(client, "PUT", **WHO).status_code == 409
    opened = send(client, "DELETE", **WHY)
    assert (opened.status_code, opened.json()["reason"]) == (200, "漏报 1 件")
    assert send(client, "DELETE", **WHY).status_code == 404
    again = send(client, "PUT", **WHO).json()["publication"]
    assert again["supersedes"] == "evaluation-2025-0001"
    (listed,) = client.get("/api/v1/evaluations").json()
    assert len(listed["publications"]) == 2


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/api/v1/evaluations/magic", JULY, 404),
        (ONE, {"period": "2025-13"}, 404),
        (ONE, {}, 422),
        (f"{ONE}/cases", {**JULY, "unit": "t9", "indicator": "on-time-rate"}, 404),
        (f"{ONE}/cases", {**JULY, "unit": "t0", "indicator": "pm25"}, 404),
        (f"{ONE}/cases", {**JULY, "unit": "t0"}, 422),
    ],
)
def test_what_there_is_not_is_said(
    client: TestClient, path: str, params: dict[str, str], status: int
) -> None:
    answer = client.get(path, params=params)
    assert answer.status_code == status
    assert answer.json()["detail"]["remedy"]


def test_who_may_publish(client: TestClient, store: Store, cache_dir: Path) -> None:
    assert send(client, "PUT", key="guess", **WHO).status_code == 401
    assert send(client_of(store, cache_dir), "PUT", **WHO).status_code == 403
    town = client_of(store, cache_dir, admin_key_sha256=DIGEST, scope_region="t1")
    assert send(town, "PUT", **WHO).status_code == 403
    assert send(client, "PUT", path=f"{ONE}/periods/2025-08", **WHO).status_code == 409
    assert send(client, "DELETE", who="李四", reason="").status_code == 422
    # A town is shown its own row, with its true place.
    said = town.get(ONE, params=JULY).json()
    assert (towns(said), said["groups"][0]["ranked"]) == ([("t1", 1, 100, None)], 2)
    hidden = {**JULY, "unit": "t0", "indicator": "on-time-rate"}
    assert town.get(f"{ONE}/cases", params=hidden).status_code == 404


def test_anybody_can_hash_what_was_published(
    client: TestClient, store: Store, cache_dir: Path
) -> None:
    told = send(client, "PUT", **WHO).json()["publication"]
    register = "/api/v1/publications"
    assert client.get(register).json() == [told]
    assert client.get(register, params={"kind": "report"}).json() == []
    assert client.get(register, params={"kind": "gossip"}).status_code == 422
    one = f"{register}/{told['number']}"
    assert client.get(one).json() == told
    text = client.get(f"{one}/content")
    assert hashlib.sha256(text.content).hexdigest() == told["sha256"]
    assert text.json()["groups"][0]["units"][0]["code"] == "t1"
    # It speaks of the whole city: a town is not given it, nor told that it is there.
    town = client_of(store, cache_dir, scope_region="t1")
    assert town.get(register).json() == []
    for path in (one, f"{one}/content", f"{register}/evaluation-2025-0099"):
        assert town.get(path).status_code == 404
