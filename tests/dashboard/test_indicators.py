"""Indicators over HTTP and on their pages: values, what they are made of, thresholds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.server import create_server
from geo_data.ingest import apply
from geo_data.records import Stage
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from indicators.catalog import GROUPS, groups, indicators
from tests.geo_data.lived_city import NOON, hours, step
from tests.stores import Address, Stores

NOW = NOON + hours(13)
KEY = "open sesame"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
ROW = {
    "rule": ">",
    "yellow": 1,
    "basis": {"zh": "测试", "en": "test"},
    "verified": True,
    "source": "test",
}
PATH = "/api/v1/indicators/open-incidents/thresholds/2025-01-01"


@pytest.fixture
def store(stores: Stores, lived_city: Address) -> Iterator[Store]:
    store = open_store(stores.copy(lived_city))
    apply(store, [step("0", Stage.DISPATCHED, 1), step("0", Stage.CLOSED, 2)], NOW)
    yield store
    store.close()


def client_of(store: Store, cache_dir: Path, **settings: Any) -> TestClient:
    made = Settings(data_dir=cache_dir, **settings)
    return TestClient(create_server(made, store, lambda: NOW))


@pytest.fixture
def client(store: Store, cache_dir: Path) -> TestClient:
    return client_of(store, cache_dir, admin_key_sha256=DIGEST)


def put(client: TestClient, key: str = KEY, path: str = PATH, **body: Any) -> Any:
    told = {"who": "张三", "note": "试用", "row": ROW, **body}
    return client.put(path, json=told, headers={"X-API-Key": key})


# --- reading ---------------------------------------------------------------------------------


def test_the_catalogue_says_what_each_is(client: TestClient) -> None:
    listed = client.get("/api/v1/indicators").json()
    assert [one["key"] for one in listed] == list(indicators())
    rate = next(one for one in listed if one["key"] == "on-time-rate")
    assert (rate["grain"], rate["better"], rate["adds_up"]) == ("flow", "high", False)
    assert "应结案" in rate["formula"]["zh"]
    assert rate["roles"] == ["leader", "evaluator"]


def test_a_value_with_what_it_is_made_of(client: TestClient) -> None:
    said = client.get("/api/v1/indicators/reported-incidents", params={"period": "24h"}).json()
    assert (said["region"], said["value"], said["year_change"]) == ("c", 11, None)
    assert said["made_of"] == [{"name": {"zh": "上报", "en": "reported"}, "value": 11.0}]
    assert sum(said["children"].values()) == 11
    assert sum(one["value"] for one in said["history"]) == 11
    town = client.get(
        "/api/v1/indicators/on-time-rate", params={"region": "t0", "period": "this-week"}
    ).json()
    assert (town["value"], town["children"]["t0g0"]) == (100.0, 100.0)
    assert town["children"]["t0g1"] is None


@pytest.mark.parametrize(
    ("path", "params", "status", "word"),
    [
        ("magic", {}, 404, "indicator"),
        ("pm25", {"region": "nowhere"}, 404, "region"),
        ("pm25", {"period": "48h"}, 422, "period"),
        ("pm25", {"period": "2030-01-01..2030-01-31"}, 422, "begun"),
        ("pm25", {"at": "0001-01-01T00:00:00Z"}, 422, "before"),
        ("pm25", {"at": "9999-12-31T23:59:59Z"}, 422, "future"),
    ],
)
def test_what_there_is_not_is_said(
    client: TestClient, path: str, params: dict[str, str], status: int, word: str
) -> None:
    answer = client.get(f"/api/v1/indicators/{path}", params=params)
    assert answer.status_code == status
    assert word in answer.json()["detail"]["error"]
    assert answer.json()["detail"]["remedy"]


# --- changing thresholds ---------------------------------------------------------------------


def test_a_threshold_is_changed_while_it_runs(client: TestClient) -> None:
    params = {"region": "c", "period": "24h"}
    before = client.get("/api/v1/indicators/open-incidents", params=params).json()
    assert (before["value"], before["status"]) == (10, "none")
    said = put(client)
    assert said.status_code == 200
    assert said.json()["rows"][0]["limits"] == {"yellow": 1.0}
    (change,) = said.json()["changes"]
    assert (change["who"], change["note"], change["before"]) == ("张三", "试用", None)
    assert change["after"]["limits"] == {"yellow": 1.0}
    assert datetime.fromisoformat(change["at"]) == NOW
    after = client.get("/api/v1/indicators/open-incidents", params=params).json()
    assert after["status"] == "yellow"
    gone = client.request("DELETE", PATH, json={"who": "李四"}, headers={"X-API-Key": KEY})
    assert gone.json()["rows"] == []
    assert [one["who"] for one in gone.json()["changes"]] == ["李四", "张三"]
    again = client.request("DELETE", PATH, json={"who": "李四"}, headers={"X-API-Key": KEY})
    assert again.status_code == 404


def test_only_who_has_the_key_may(client: TestClient, store: Store, cache_dir: Path) -> None:
    assert put(client, key="guess").status_code == 401
    assert put(client, key="").status_code == 401
    foreign = {"X-API-Key": KEY, "Origin": "https://elsewhere.example"}
    told = {"who": "张三", "row": ROW}
    assert client.put(PATH, json=told, headers=foreign).status_code == 403
    shut = client_of(store, cache_dir)
    assert put(shut).status_code == 403
    assert "YIPING_ADMIN_KEY_SHA256" in put(shut).json()["detail"]["remedy"]
    rows = client.get("/api/v1/indicators/open-incidents/thresholds").json()
    assert (rows["rows"], rows["changes"]) == ([], [])


@pytest.mark.parametrize(
    ("body", "path", "status"),
    [
        ({"row": {**ROW, "rule": "=>"}}, PATH, 422),
        ({"row": {**ROW, "purple": 3}}, PATH, 422),
        ({"row": {}}, PATH, 422),
        ({"who": "   "}, PATH, 422),
        ({}, PATH.replace("2025-01-01", "2025-02-30"), 422),
        ({}, PATH.replace("open-incidents", "magic"), 404),
    ],
)
def test_a_wrong_row_is_refused(
    client: TestClient, body: dict[str, Any], path: str, status: int
) -> None:
    answer = put(client, path=path, **body)
    assert answer.status_code == status
    assert answer.json()["detail"]["remedy"]


# --- pages -----------------------------------------------------------------------------------


def links(page: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', page)]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_page_lists_every_indicator_with_its_value(client: TestClient, language: str) -> None:
    page = client.get("/indicators", params={"lang": language, "period": "this-week"}).text
    for group in GROUPS:
        assert groups()[group](language) in page
    for one in indicators().values():
        assert one.name(language) in page
    rows = page.count('class="sign"') + page.count('class="sign late"')
    untold = page.count('class="sign-untold"')
    assert rows + untold == len(indicators())
    # What nobody tells of is said once a group, and traffic has no sign at all.
    said = page.count('class="said"')
    assert 2 < said <= len(GROUPS) < untold
    assert {"zh-CN": "未接入", "en": "Not connected"}[language] in page
    assert ">11<" in page


def test_every_link_of_the_pages_leads_somewhere(client: TestClient) -> None:
    page = client.get("/indicators", params={"region": "t0"}).text
    cards = list(dict.fromkeys(link for link in links(page) if link.startswith("/indicators/")))
    assert len(cards) == len(indicators())
    further: set[str] = set()
    for link in cards:
        card = client.get(link)
        assert card.status_code == 200, link
        further |= {one for one in links(card.text) if one.startswith("/?")}
    assert len(further) > 20
    assert "/?region=t0&cases=overdue" in further
    for link in sorted(further)[::6]:
        assert client.get(link).status_code == 200, link


def test_the_card_lists_the_rows_behind_the_number(client: TestClient) -> None:
    page = client.get("/indicators/on-time-rate", params={"region": "t0", "period": "7d"}).text
    listing = [link for link in links(page) if "rows=" in link]
    assert len(listing) == 2
    rows = client.get(listing[1].partition("#")[0]).text
    assert "共 1 件" in rows
    assert "暴露垃圾 0" in rows
    (case,) = [link for link in links(rows) if link.startswith("/?region=t0&object=incident:")]
    assert client.get(case).status_code == 200


def test_the_card_says_what_changed_in_its_thresholds(client: TestClient) -> None:
    put(client)
    page = client.get("/indicators/open-incidents").text
    assert "张三" in page
    assert "试用" in page
    assert "阈值修改记录" in page


def test_two_days_and_wrong_periods(client: TestClient) -> None:
    page = client.get("/indicators", params={"from": "2025-07-01", "to": "2025-07-01"}).text
    # Shown again unchanged it is the same day.
    assert page.count('value="2025-07-01"') == 2
    wrong = client.get("/indicators", params={"period": "2031-01-01..2031-01-02"})
    assert wrong.status_code == 200
    assert "2031-01-01..2031-01-02" in wrong.text
    assert client.get("/indicators/magic").status_code == 404
