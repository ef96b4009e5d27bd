"""Alarms over HTTP and on the pages: read, acknowledged, and the same numbers everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dashboard.context import Context
from dashboard.live import coalesce
from dashboard.panels import alarm_board, live_lists, wall_boards
from dashboard.server import create_server
from dashboard.widgets.markup import text_of
from geo_data.feed import changes_after
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.geo_data.alarms.noisy_city import NOW, RULES, minutes, read, tell
from tests.geo_data.small_city import CITY, make_small_city
from tests.stores import Stores

NOISY = CITY.model_copy(update={"alarms": RULES})
SEEN = {"who": "张三"}


class Clock:
    def __init__(self) -> None:
        self.at = NOW + minutes(5)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock_here() -> Clock:
    return Clock()


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    address = stores.new()
    make_small_city(address).close()
    store = open_store(address, NOISY, create=True)
    for sensor, value in (("s1", 72), ("s4", 95), ("s5", 85)):
        tell(store, read(sensor, value))
    yield store
    store.close()


@pytest.fixture
def context(store: Store, clock_here: Clock, cache_dir: Path) -> Context:
    return Context(Settings(data_dir=cache_dir), store, clock_here)


@pytest.fixture
def client(context: Context) -> TestClient:
    # Not as a context: the watch of alarms is not started, the clock stands still.
    return TestClient(create_server(context.settings, context.store, context.clock))


def test_alarms_are_listed_highest_first(client: TestClient) -> None:
    said = client.get("/api/v1/alarms").json()
    assert [(one["sensor"], one["level"]) for one in said["alarms"]] == [
        ("s4", 1),
        ("s5", 2),
        ("s1", 3),
    ]
    assert said["counts"] == {"1": 1, "2": 1, "3": 1, "4": 0}
    assert said["alarms"][0]["name"] == {"zh": "noise规则", "en": "Rule noise"}
    town = client.get("/api/v1/alarms", params={"region": "t1"}).json()
    assert [one["sensor"] for one in town["alarms"]] == ["s4"]
    before = (NOW - minutes(1)).isoformat()
    assert client.get("/api/v1/alarms", params={"at": before}).json()["alarms"] == []


def test_who_has_seen_it_is_told_by_everybody_from_then_on(client: TestClient) -> None:
    first = client.post("/api/v1/alarms/2/acknowledge", json=SEEN)
    assert first.status_code == 200
    assert first.json()["acknowledged_by"] == "张三"
    again = client.post("/api/v1/alarms/2/acknowledge", json={"who": "李四"})
    assert (again.status_code, again.json()) == (200, first.json())
    told = client.get("/api/v1/alarms/2").json()
    assert [(step["change"], step["who"]) for step in told["steps"]] == [
        ("raised", None),
        ("acknowledged", "张三"),
    ]


@pytest.mark.parametrize(
    ("address", "asked", "status"),
    [
        ("/api/v1/alarms/99/acknowledge", {"json": SEEN}, 404),
        ("/api/v1/alarms/3/acknowledge", {"json": SEEN}, 409),
        ("/api/v1/alarms/0/acknowledge", {"json": SEEN}, 422),
        ("/api/v1/alarms/2/acknowledge", {"json": {"who": ""}}, 422),
        ("/api/v1/alarms/2/acknowledge", {"json": {"who": "   "}}, 422),
        ("/api/v1/alarms/2/acknowledge", {"json": {"who": "张三", "level": 4}}, 422),
        ("/api/v1/alarms/2/acknowledge", {"content": "who=x"}, 422),
        (
            "/api/v1/alarms/2/acknowledge",
            {"json": SEEN, "headers": {"Origin": "http://elsewhere.test"}},
            403,
        ),
        (
            "/api/v1/alarms/2/acknowledge",
            {"json": SEEN, "headers": {"Sec-Fetch-Site": "cross-site"}},
            403,
        ),
    ],
)
def test_what_cannot_be_acknowledged_is_said_with_a_remedy(
    client: TestClient, store: Store, address: str, asked: dict[str, object], status: int
) -> None:
    tell(store, read("s5", 10, 1))
    answer = client.post(address, **asked)  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"].keys() == {"error", "remedy"}
    assert client.get("/api/v1/alarms/2").json()["acknowledged_by"] is None


def test_a_page_of_this_server_may(client: TestClient) -> None:
    origin = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    answer = client.post("/api/v1/alarms/2/acknowledge", json=SEEN, headers=origin)
    assert answer.status_code == 200


def test_a_town_may_not_acknowledge_for_the_next(store: Store, cache_dir: Path) -> None:
    settings = Settings(data_dir=cache_dir, scope_region="t1")
    client = TestClient(create_server(settings, store, lambda: NOW + minutes(5)))
    assert client.post("/api/v1/alarms/1/acknowledge", json=SEEN).status_code == 404
    assert client.post("/api/v1/alarms/2/acknowledge", json=SEEN).status_code == 200


@pytest.mark.parametrize("path", ["region=nowhere", "at=yesterday", "at=2025-07-01T00:00"])
def test_what_cannot_be_asked(client: TestClient, path: str) -> None:
    answer = client.get(f"/api/v1/alarms?{path}")
    assert answer.status_code in (404, 422)
    assert answer.json()["detail"]["remedy"]


def test_openapi_shows_examples(client: TestClient) -> None:
    told = client.get("/openapi.json").json()
    schemas = told["components"]["schemas"]
    for name in ("AlarmAnswer", "AlarmWithSteps", "AlarmList", "Acknowledgement"):
        assert schemas[name]["example"]
    assert set(told["paths"]["/api/v1/alarms/{alarm_id}/acknowledge"]["post"]["responses"]) == {
        *("200", "403", "404", "409", "422")
    }


def test_the_tab_the_list_the_wall_and_the_api_say_one_number(context: Context) -> None:
    for query, n in (
        ("?tab=alarms", 3),
        ("?tab=alarms&region=t1", 1),
        ("?tab=alarms&region=t2", 1),
    ):
        look = context.look(query)
        tab = re.search(r">(?:预警)<span class=\"count\">(\d+)<", text_of(live_lists.tabs(look)))
        assert tab is not None
        listed = text_of(live_lists.rows(look))
        assert int(tab[1]) == alarm_board.count(look) == n
        assert listed.count('class="entry alarm"') == n
        assert f">{n}<" in text_of(wall_boards.alarms(look))


def test_a_row_says_level_rule_value_place_since_when_and_who(
    context: Context, client: TestClient
) -> None:
    client.post("/api/v1/alarms/2/acknowledge", json=SEEN)
    (row,) = alarm_board.rows(context.look("?region=t1"))
    text = text_of(row)
    for said in (
        "level-1",
        "红色预警",
        "noise规则",
        ">95<",
        "dB(A)",
        "传感器4",
        "5分钟",
        "张三 已确认",
    ):
        assert said in text
    assert "data-acknowledge" not in text
    english = text_of(alarm_board.rows(context.look("?region=t2&lang=en")))
    for said in ("Orange alarm", "Rule noise", "not acknowledged", "data-acknowledge", "since"):
        assert said in english


def test_the_strip_names_what_nobody_has_seen_wherever_one_looks(
    context: Context, client: TestClient, clock_here: Clock, store: Store
) -> None:
    look = context.look("?region=t0")
    text = text_of(alarm_board.desk_strip(look))
    assert re.findall(r"is-level-(\d)", text) == ["1", "2"]
    assert text.count("data-acknowledge") == 2
    assert "data-acknowledge" not in text_of(alarm_board.wall_strip(look))
    client.post("/api/v1/alarms/2/acknowledge", json=SEEN)
    assert re.findall(r"is-level-(\d)", text_of(alarm_board.desk_strip(look))) == ["2"]
    tell(store, read("s5", 10, 6))
    clock_here.at = NOW + timedelta(minutes=7)
    assert alarm_board.desk_strip(context.look("")) == []
    # Four are too many to name: the fourth is counted.
    many = [("s1", 95, 8), ("s4", 10, 8), ("s5", 95, 8), ("s3", 1, 8)]
    tell(store, *(read(*one) for one in many))
    tell(store, read("s4", 95, 9))
    clock_here.at = NOW + timedelta(minutes=10)
    text = text_of(alarm_board.desk_strip(context.look("")))
    assert len(re.findall(r"is-level-\d", text)) == 3
    assert "另有 1 条" in text
    wall = text_of(alarm_board.wall_strip(context.look("")))
    assert len(re.findall(r"is-level-\d", wall)) == 1
    assert "另有 3 条" in wall


def test_the_card_of_a_sensor_shows_its_alarm_and_the_basis(context: Context) -> None:
    look = context.look("?object=sensor:s4")
    assert look.subject is not None
    text = text_of([*alarm_board.on_card(look, look.subject)])  # type: ignore[arg-type]
    assert "升起" in text
    assert "test" in text


def test_the_last_word_on_each_alarm_is_sent(store: Store) -> None:
    tell(store, read("s4", 10, 1))
    changes = changes_after(store, Scope.everything(), 0)
    sent = {one["id"]: one["change"] for one in coalesce(changes)["alarms"]}
    assert sent == {1: "raised", 2: "cleared", 3: "raised"}
    assert replace(changes[0]).topic
