"""The sources by the API: for programs, in both languages, and only what one may see."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dashboard.api import incoming
from dashboard.context import Context
from dashboard.panels import source_panel, wall_boards
from dashboard.server import create_server
from dashboard.view import parse_view
from dashboard.widgets.markup import text_of
from geo_data.faults import Fault, InputError
from geo_data.ingest.receiving import receive
from geo_data.intakes import Intake
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.geo_data.small_city import CITY, make_small_city
from tests.stores import Stores

KEY = "a-long-secret"
IOT = Intake.model_validate(
    {
        **{"key": "iot", "tells": "observations", "period-s": 60},
        "key-sha256": hashlib.sha256(KEY.encode()).hexdigest(),
        "name": {"zh": "水务物联", "en": "Water sensors"},
    }
)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    address = stores.new()
    make_small_city(address).close()
    store = open_store(address, CITY.model_copy(update={"intakes": (IOT,)}), create=True)
    yield store
    store.close()


def client_of(
    store: Store, tmp_path: Path, clock: Callable[[], datetime], scope: str | None = None
) -> TestClient:
    settings = Settings(data_dir=tmp_path, scope_region=scope)
    return TestClient(create_server(settings, store, clock), headers={"X-API-Key": KEY})


def test_who_sees_all_is_told_all(
    store: Store, tmp_path: Path, clock: Callable[[], datetime], now: datetime
) -> None:
    client = client_of(store, tmp_path, clock)
    good = {"sensor_code": "s1", "value": 1, "observed_at": now.isoformat()}
    client.post("/api/v1/observations", json=[good, {**good, "value": "wet"}])
    (one,) = client.get("/api/v1/sources").json()
    assert (one["name_zh"], one["name_en"], one["way"]) == ("水务物联", "Water sensors", "http")
    assert one["today"] == one["last_hour"] == {"accepted": 1, "repeated": 0, "refused": 1}
    assert (one["state"], one["letters"], one["lag_s"]) == ("fresh", 1, 0)
    (letter,) = client.get("/api/v1/sources/iot/letters").json()
    assert "wet" in letter["raw"]
    assert letter["faults"] == ["not-number"]
    assert letter["reasons_zh"] != letter["reasons_en"]
    older = client.get("/api/v1/sources/iot/letters", params={"before": letter["id"]})
    assert older.json() == []
    answer = client.get("/api/v1/sources/nobody/letters")
    assert answer.status_code == 404
    assert "iot" in answer.json()["detail"]["remedy"]


def test_who_sees_a_town_is_told_how_old_it_is(
    store: Store, tmp_path: Path, clock: Callable[[], datetime]
) -> None:
    client = client_of(store, tmp_path, clock, "t0")
    client.post("/api/v1/observations", json=[{"phone": "13800000000"}])
    (one,) = client.get("/api/v1/sources").json()
    assert one["state"] == "lost"
    assert one["seen_at"] is not None
    withheld = ("address", "last_hour", "today", "error", "letters")
    assert [one[name] for name in withheld] == [None] * 5
    answer = client.get("/api/v1/sources/iot/letters")
    assert answer.status_code == 403
    assert "13800000000" not in answer.text


def test_a_store_that_cannot_be_written_says_when_to_come_again(
    store: Store,
    tmp_path: Path,
    clock: Callable[[], datetime],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise InputError(Fault("store-full"), exit_code=3)

    monkeypatch.setattr(incoming, "receive", full)
    answer = client_of(store, tmp_path, clock).post("/api/v1/observations", json=[{}])
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["detail"]["remedy"]


def written(store: Store, query: str, at: datetime, scope: str | None = None) -> str:
    """The panel as text."""
    context = Context(Settings(scope_region=scope), store, lambda: at)
    return text_of(source_panel.card(context.look(query)))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-CN", ("水务物联", "延迟", "拒收", "缺少必填字段")),
        ("en", ("Water sensors", "late", "Refused", "is missing")),
    ],
)
def test_the_panel_says_how_a_source_stands_and_what_was_refused(
    store: Store, now: datetime, language: str, words: tuple[str, ...]
) -> None:
    bad = {"sensor_code": "<script>", "value": "湿", "phone": "13800000000"}
    receive(store, IOT, [bad, {"sensor_code": "s1", "value": 1, "observed_at": now}], now)
    later = now + timedelta(seconds=100)
    assert written(store, f"?lang={language}", later) == ""
    every = written(store, f"?sources=all&lang={language}", later)
    assert "13800000000" not in every
    one = written(store, f"?sources=iot&lang={language}", later)
    assert [word for word in words if word not in one] == []
    assert words[1] in every
    assert "湿" in one
    assert "13800000000" in one
    assert "<script>" not in one


def test_the_panel_of_a_part_shows_no_message_and_no_count(store: Store, now: datetime) -> None:
    receive(store, IOT, [{"phone": "13800000000"}], now)
    for query in ("?sources=all", "?sources=iot"):
        shown = written(store, query, now, "t0")
        assert "静默" in shown
        assert "13800000000" not in shown
        assert "拒收</small>" not in shown


def test_the_wall_says_which_source_is_late(store: Store, now: datetime) -> None:
    context = Context(Settings(), store, lambda: now + timedelta(seconds=100))
    receive(store, IOT, [{"sensor_code": "s1", "value": 1, "observed_at": now}], now)
    said = text_of(wall_boards.freshness(context.look("?lang=en")))
    assert "Water sensors" in said
    assert "late" in said
    in_time = Context(Settings(), store, lambda: now + timedelta(seconds=30))
    assert "Water sensors" not in text_of(wall_boards.freshness(in_time.look("?lang=en")))


def test_what_is_open_stands_in_the_address(store: Store, now: datetime) -> None:
    look = Context(Settings(), store, lambda: now).look("?fold=right&object=sensor:s1")
    href = source_panel.opened(look, "iot")
    assert (parse_view(href).sources, parse_view(href).fold) == ("iot", frozenset())
    assert parse_view(href).selected is None
    assert source_panel.opened(look, None) == "?fold=right"
    # A source that nobody knows opens the list.
    assert "水务物联" in written(store, "?sources=nobody", now)
