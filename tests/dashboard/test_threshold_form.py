"""A threshold changed on the page of its indicator, as a browser without scripts does it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.pages.threshold_changes import limit_of
from dashboard.server import create_server
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from indicators import threshold_book
from tests.geo_data.lived_city import NOON, hours
from tests.stores import Address, Stores

NOW = NOON + hours(13)
KEY = "open sesame"
CARD = "/indicators/open-incidents"
SAID = {
    **{"day": "2025-06-01", "rule": ">", "blue": "", "yellow": "5", "orange": "", "red": "50"},
    **{"basis-zh": "区办定", "basis-en": "As decided", "source": "〔2025〕3号", "verified": "yes"},
    **{"who": "张三", "note": "试行", "key": KEY, "do": "put"},
}


@pytest.fixture
def store(stores: Stores, lived_city: Address) -> Iterator[Store]:
    store = open_store(stores.copy(lived_city))
    yield store
    store.close()


def client_of(store: Store, cache_dir: Path, key: str | None = KEY) -> TestClient:
    digest = None if key is None else hashlib.sha256(key.encode()).hexdigest()
    made = Settings(data_dir=cache_dir, admin_key_sha256=digest)
    return TestClient(create_server(made, store, lambda: NOW), follow_redirects=False)


@pytest.fixture
def client(store: Store, cache_dir: Path) -> TestClient:
    return client_of(store, cache_dir)


def send(client: TestClient, query: str = "", **changes: str) -> Any:
    return client.post(f"{CARD}/thresholds{query}", data={**SAID, **changes})


def faults(page: str) -> dict[str, str]:
    """What is said at which field."""
    found = {}
    for label in re.findall(r'<label class="field wrong">(.*?)</label>', page):
        name = re.search(r'name="([^"]+)"', label)
        told = re.search(r'class="field-fault">([^<]+)<', label)
        assert name is not None
        assert told is not None
        found[name[1]] = unescape(told[1])
    return found


def test_what_is_put_holds_at_once_and_is_recorded(client: TestClient) -> None:
    answer = send(client, "?region=t0&period=7d")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{CARD}?region=t0&period=7d#limits"
    value = client.get("/api/v1/indicators/open-incidents", params={"period": "7d"}).json()
    assert (value["value"], value["status"]) == (11, "yellow")
    card = client.get(CARD).text
    for said in ("张三", "试行", "〔2025〕3号", "已核实", "自 2025-06-01 起", "&gt; 5", "&gt; 50"):
        assert said in card, said
    (row,) = client.get("/api/v1/indicators/open-incidents/thresholds").json()["rows"]
    assert row["limits"] == {"yellow": 5.0, "red": 50.0}
    assert row["basis"] == {"zh": "区办定", "en": "As decided"}
    # The row fills the form that mends it.
    edit = client.get(CARD, params={"edit": "2025-06-01"}).text
    assert "<details open" in edit.replace('class="threshold-change" ', "")
    for field, text in SAID.items():
        if field not in ("who", "note", "key", "do", "rule", "verified", "blue", "orange"):
            assert re.search(f'name="{field}" value="{text}"', edit), field
    assert KEY not in edit


def test_what_is_retired_holds_no_longer(client: TestClient, store: Store) -> None:
    send(client)
    answer = send(client, do="remove", who="李四", **{"basis-zh": "", "source": "", "yellow": "x"})
    assert answer.status_code == 303
    assert threshold_book.in_force(store, NOW).rows().get("open-incidents", []) == []
    assert [one.who for one in threshold_book.changes(store, "open-incidents")] == ["李四", "张三"]
    again = send(client, do="remove")
    assert again.status_code == 404
    assert "没有自 2025-06-01 起生效的阈值" in again.text


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"day": "2025-02-30"}, {"day"}),
        ({"rule": "=>"}, {"rule"}),
        ({"yellow": "viel"}, {"yellow"}),
        ({"yellow": "nan"}, {"yellow"}),
        ({"who": "  "}, {"who"}),
        ({"who": "x" * 41}, {"who"}),
        ({"note": "x" * 401}, {"note"}),
        ({"basis-en": "", "source": " "}, {"basis-en", "source"}),
        ({"day": "", "yellow": "viel", "who": ""}, {"day", "yellow", "who"}),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    client: TestClient, store: Store, changes: dict[str, str], fields: set[str]
) -> None:
    answer = send(client, **changes)
    assert answer.status_code == 422
    assert faults(answer.text).keys() == fields
    assert threshold_book.changes(store, "open-incidents") == []
    # What was said is still there, but for the key.
    assert 'value="〔2025〕3号"' in answer.text or "source" in changes
    assert KEY not in answer.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"yellow": "", "red": ""}, "没有填写任何一级的限值"),
        ({"yellow": "60"}, "没有从蓝、黄、橙到红逐级加重"),
        ({"yellow": "5..6", "red": ""}, "限值的写法与规则不符"),
        ({"rule": "outside", "yellow": "8.5..6.5", "red": ""}, "区间的下限不小于上限"),
    ],
)
def test_limits_that_do_not_fit_each_other_are_said(
    client: TestClient, changes: dict[str, str], said: str
) -> None:
    answer = send(client, **changes)
    assert answer.status_code == 422
    assert said in answer.text
    english = send(client, "?lang=en", **changes)
    assert said not in english.text
    assert english.text.count("field-fault") == 1


def test_only_who_has_the_key_may(client: TestClient, store: Store, cache_dir: Path) -> None:
    for key in ("", "guess"):
        answer = send(client, key=key)
        assert answer.status_code == 401
        assert faults(answer.text).keys() == {"key"}
    foreign = client.post(
        f"{CARD}/thresholds", data=SAID, headers={"Origin": "https://elsewhere.example"}
    )
    assert foreign.status_code == 403
    shut = client_of(store, cache_dir, key=None)
    assert "threshold-form" not in shut.get(CARD).text
    assert "YIPING_ADMIN_KEY_SHA256" in shut.get(CARD).text
    assert send(shut).status_code == 403
    assert threshold_book.changes(store, "open-incidents") == []
    assert client.post("/indicators/magic/thresholds", data=SAID).status_code == 404


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        *[("95", 95.0), ("0.5", 0.5), ("-3", -3.0), ("6.5..8.5", (6.5, 8.5))],
        *[("6.5 – 8.5", (6.5, 8.5)), ("-3..-1", (-3.0, -1.0)), ("6.5，8.5", (6.5, 8.5))],
        *[("a", None), ("1..b", None), ("1..2..3", None), ("", None)],
    ],
)
def test_a_limit_is_a_number_or_two(text: str, limit: object) -> None:
    assert limit_of(text) == limit
