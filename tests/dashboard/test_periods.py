"""Periods are frozen and opened again over HTTP, and the pages of indicators say so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.server import create_server
from geo_data.ingest import apply
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import case
from tests.stores import Address, Stores

NOW = datetime(2025, 8, 4, 1, tzinfo=UTC)
KEY = "open sesame"
PATH = "/api/v1/periods/2025-07"
WHO, WHY = {"who": "张三"}, {"who": "李四", "reason": "漏报 2 件"}
CARD = "/api/v1/indicators/reported-incidents"


@pytest.fixture
def store(stores: Stores, lived_city: Address) -> Iterator[Store]:
    store = open_store(stores.copy(lived_city))
    yield store
    store.close()


def client_of(store: Store, cache_dir: Path, **settings: Any) -> TestClient:
    made = Settings(data_dir=cache_dir, **settings)
    return TestClient(create_server(made, store, lambda: NOW))


@pytest.fixture
def client(store: Store, cache_dir: Path) -> TestClient:
    return client_of(store, cache_dir, admin_key_sha256=hashlib.sha256(KEY.encode()).hexdigest())


def send(client: TestClient, method: str, path: str = PATH, key: str = KEY, **body: Any) -> Any:
    return client.request(method, path, json=body, headers={"X-API-Key": key})


def late(store: Store) -> None:
    reported = datetime(2025, 7, 20, 4, tzinfo=UTC)
    times = {"happened_at": reported, "reported_at": reported}
    apply(store, [case(f"late-{n}", region_code="t0g1", **times) for n in range(2)], NOW)


def value(client: TestClient, period: str) -> tuple[float, bool]:
    said = client.get(CARD, params={"period": period}).json()
    return said["value"], said["frozen_at"] is not None


def test_a_month_is_frozen_and_opened_again(client: TestClient, store: Store) -> None:
    assert client.get("/api/v1/periods").json() == []
    assert client.get(PATH).json() == {
        **{"period": "2025-07", "is_frozen": False, "publications": []}
    }
    said = send(client, "PUT", **WHO)
    assert said.status_code == 200
    assert said.json()["is_frozen"]
    (made,) = said.json()["publications"]
    assert (made["number"], made["published_by"]) == ("period-2025-0001", "张三")
    assert (made["is_intact"], made["first_day"], made["last_day"]) == (
        *(True, "2025-07-01"),
        "2025-07-31",
    )
    late(store)
    assert value(client, "2025-07") == (11, True)
    # The same days under another name, and a period that is open.
    assert value(client, "2025-07-01..2025-07-31") == (11, True)
    assert value(client, "2025-Q3") == (13, False)
    assert send(client, "PUT", **WHO).status_code == 409
    opened = send(client, "DELETE", **WHY).json()
    assert not opened["is_frozen"]
    assert opened["publications"][0]["reason"] == "漏报 2 件"
    assert value(client, "2025-07") == (13, False)
    assert send(client, "DELETE", **WHY).status_code == 404
    again = send(client, "PUT", path="/api/v1/periods/2025-07-01..2025-07-31", **WHO).json()
    assert again["publications"][0]["supersedes"] == "period-2025-0001"
    (listed,) = client.get("/api/v1/periods").json()
    assert [one["number"] for one in listed["publications"]] == [
        "period-2025-0002",
        "period-2025-0001",
    ]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("2025-08", WHO, 409),
        ("2025-07-03..2025-07-09", WHO, 422),
        ("yesterday", WHO, 404),
        ("2025-07", {"who": " "}, 422),
        ("2025-07", {"who": ""}, 422),
        ("2025-07", {"who": "张三", "note": "x"}, 422),
    ],
)
def test_what_cannot_be_frozen_says_why(
    client: TestClient, path: str, body: dict[str, str], status: int
) -> None:
    said = send(client, "PUT", path=f"/api/v1/periods/{path}", **body)
    assert said.status_code == status
    assert said.json()["detail"]["remedy"]
    assert client.get("/api/v1/periods").json() == []


def test_only_with_the_key(client: TestClient, store: Store, cache_dir: Path) -> None:
    assert send(client, "PUT", key="guess", **WHO).status_code == 401
    assert send(client, "DELETE", key="", **WHY).status_code == 401
    assert send(client_of(store, cache_dir), "PUT", **WHO).status_code == 403
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    town = client_of(store, cache_dir, admin_key_sha256=digest, scope_region="t0")
    assert send(town, "PUT", **WHO).status_code == 403


def test_without_a_reason_nothing_is_opened(client: TestClient) -> None:
    send(client, "PUT", **WHO)
    for body in ({"who": "李四"}, {"who": "李四", "reason": "  "}):
        assert send(client, "DELETE", **body).status_code == 422
    assert client.get(PATH).json()["is_frozen"]


@pytest.mark.parametrize(("language", "word"), [("zh-CN", "已冻结"), ("en", "Frozen")])
def test_the_pages_say_that_a_period_is_frozen(
    client: TestClient, language: str, word: str
) -> None:
    asked = {"lang": language, "period": "2025-07"}
    for path in ("/indicators", "/indicators/reported-incidents"):
        assert word not in client.get(path, params=asked).text
    send(client, "PUT", **WHO)
    for path in ("/indicators", "/indicators/reported-incidents"):
        page = client.get(path, params=asked).text
        assert word in page
        assert "period-2025-0001" in page
        assert word not in client.get(path, params={**asked, "period": "2025-Q3"}).text
