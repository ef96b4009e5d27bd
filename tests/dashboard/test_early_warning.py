"""Early warning on its page, on the map and for programs; worked out by a process of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.context import Context
from dashboard.drawing import legend_of, map_spec
from dashboard.early_warning.desk import WarningDesk
from dashboard.server import create_server
from dashboard.view import parse_view
from geo_data import queries
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from geo_data.store.embedded import EmbeddedStore
from indicators import early_warning
from layers import signals
from tests.indicators.early_warning.watched_city import NOW, make_watched_city
from tests.layers.reading import unpack

ON = "layers=region-grid,early-warning"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("watched") / "city.gpkg"
    make_watched_city(path).close()
    return path


@pytest.fixture
def store(address: Path) -> Iterator[Store]:
    """The same file anew: nobody has looked at it yet."""
    store = open_store(address)
    yield store
    store.close()


@pytest.fixture(scope="module")
def found(address: Path) -> early_warning.Assessment:
    """Worked out once, in this process; the store's own memory goes with it."""
    store = open_store(address)
    try:
        return early_warning.assess(store, Scope.everything(), NOW)
    finally:
        store.close()


def context_of(store: Store, cache_dir: Path, **settings: Any) -> Context:
    return Context(Settings(data_dir=cache_dir, **settings), store, lambda: NOW)


def client_of(context: Context) -> TestClient:
    return TestClient(create_server(context.settings, context.store, context.clock))


@pytest.fixture
def context(store: Store, found: early_warning.Assessment, cache_dir: Path) -> Context:
    early_warning.hold(store, Scope.everything(), found)
    return context_of(store, cache_dir)


@pytest.fixture
def client(context: Context) -> TestClient:
    return client_of(context)


# --- before the first look ---------------------------------------------------------------------


def test_nobody_waits_for_the_first_look(store: Store, cache_dir: Path) -> None:
    context = context_of(store, cache_dir)
    client = client_of(context)
    page = client.get("/early-warning").text
    assert "正在研判" in page
    assert 'http-equiv="refresh"' in page
    answer = client.get("/api/v1/early-warning")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "still being worked out" in answer.json()["detail"]["error"]
    look = context.look(f"?{ON}")
    assert not [one for one in map_spec(look)["layers"] if "early" in one["layer"]["id"]]
    (group,) = [one for one in legend_of(look) if one.key == signals.LAYER]
    assert {row.count for row in group.rows} == {None}


def test_a_process_of_its_own_works_it_out(store: Store, found: early_warning.Assessment) -> None:
    desk = WarningDesk(store, Scope.everything(), lambda: NOW)
    assert desk.look()
    held = early_warning.held(store, Scope.everything())
    assert held is not None
    assert held.signals == found.signals
    assert held.version == early_warning.version(store, NOW)
    assert desk.troubles() == []
    # Nothing is new: it does not look again.
    assert desk.look()
    assert early_warning.held(store, Scope.everything()) is held


def test_a_look_that_fails_is_told_and_tried_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    desk = WarningDesk(store, Scope.everything(), lambda: NOW)
    elsewhere = property(lambda _: tmp_path / "nothing.gpkg")
    monkeypatch.setattr(EmbeddedStore, "address", elsewhere)
    assert not desk.look()
    (fault,) = desk.troubles()
    assert fault.key == "early-warning-failed"
    monkeypatch.undo()
    assert desk.look()
    assert desk.troubles() == []


def test_it_can_be_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.early_warning.desk.FIRST_S", 0.0)
    desk = WarningDesk(store, Scope.everything(), lambda: NOW)
    desk.start()
    desk.stop()
    assert desk.troubles() == []
    assert early_warning.held(store, Scope.everything()) is None


# --- for programs ------------------------------------------------------------------------------


def test_signals_for_programs(client: TestClient, found: early_warning.Assessment) -> None:
    told = client.get("/api/v1/early-warning").json()
    assert told["region"] == "c"
    assert [one["key"] for one in told["signals"]] == [one.key for one in found.signals]
    first = next(one for one in told["signals"] if one["kind"] == "cluster")
    assert first["cases"]
    assert first["q"] <= 0.05
    assert first["outline"][0] == first["outline"][-1]
    assert set(first["reason"]) == {"zh", "en"}
    inside = client.get("/api/v1/early-warning", params={"region": "t0", "kind": "hot-spot"}).json()
    assert {one["kind"] for one in inside["signals"]} == {"hot-spot"}
    assert all(one["region"].startswith("t0") for one in inside["signals"])


def test_forecasts_for_programs(client: TestClient) -> None:
    told = client.get("/api/v1/early-warning/forecasts").json()["forecasts"]
    assert [one["region"] for one in told] == ["c", "t0", "t1"]
    for one in told:
        day = one["day"]
        assert day["low"] <= day["value"] <= day["high"]
        assert day["method"] == "naive" or day["error"] < day["naive_error"]
        assert day["method"] in ("naive", day["tried"])
    (own,) = client.get("/api/v1/early-warning/forecasts", params={"region": "t1"}).json()[
        "forecasts"
    ]
    assert own == told[2]


def test_what_there_is_not_is_said(client: TestClient) -> None:
    for path in ("", "/forecasts"):
        answer = client.get(f"/api/v1/early-warning{path}", params={"region": "nowhere"})
        assert answer.status_code == 404
    assert client.get("/api/v1/early-warning", params={"kind": "magic"}).status_code == 422
    described = client.get("/openapi.json").json()["paths"]
    assert {"/api/v1/early-warning", "/api/v1/early-warning/forecasts"} <= set(described)


def test_who_sees_one_town_is_not_told_of_the_other(
    store: Store, found: early_warning.Assessment, cache_dir: Path
) -> None:
    # What was found for everybody is not theirs.
    early_warning.hold(store, Scope.everything(), found)
    client = client_of(context_of(store, cache_dir, scope_region="t1"))
    assert client.get("/api/v1/early-warning").status_code == 503
    own = early_warning.assess(store, Scope("t1"), NOW)
    told = client.get("/api/v1/early-warning").json()
    assert len(told["signals"]) == len(own.signals)
    assert {one["region"][:2] for one in told["signals"]} == {"t1"}
    assert client.get("/api/v1/early-warning", params={"region": "t0"}).status_code == 404
    assert "town t0" not in client.get("/early-warning").text


# --- the page ----------------------------------------------------------------------------------


def test_the_page_says_why_and_leads_on(
    client: TestClient, found: early_warning.Assessment
) -> None:
    page = unescape(client.get("/early-warning").text)
    for one in found.signals:
        assert one.reason.zh in page
    for one in found.forecasts:
        assert one.reason.zh in page
    assert 'http-equiv="refresh"' not in page
    english = unescape(client.get("/early-warning?lang=en").text)
    assert all(one.reason.en in english for one in found.signals)


def test_its_links_lead_to_the_map_and_to_the_cases(
    client: TestClient, context: Context, found: early_warning.Assessment
) -> None:
    rises = [one for one in found.signals if one.kind == "anomaly" and one.category == "0406"]
    rise = next(one for one in rises if one.region_code == "t1")
    links = [
        unescape(one) for one in re.findall(r'href="([^"]+)"', client.get("/early-warning").text)
    ]
    on_map = [one for one in links if "early-warning" in one and one.startswith("/?")]
    # A heap that lies across grids is seen from the town.
    assert any("region=t1&" in one for one in on_map)
    assert all(parse_view(one[1:]).layers for one in on_map)
    listed = next(
        one
        for one in links
        if {"category=0406", f"region={rise.region_code}"} <= set(one[2:].split("&"))
    )
    look = context.look(listed[1:])
    assert look.notices == ()
    where = look.store, look.scope, look.region.code, look.window, look.at
    assert queries.incident_count(*where, look.view.cases) == rise.count
    known = {f"/?object=incident:{number}" for number in rise.cases}
    assert len(known & set(links)) == rise.count


def test_looking_back_there_is_none(client: TestClient) -> None:
    page = client.get("/early-warning?at=2026-08-20T04:00:00Z").text
    assert "预警只对现在研判" in page
    assert "依据" not in page


def test_the_desk_leads_to_it(client: TestClient, context: Context) -> None:
    from dashboard.panels.vital_signs import every_sign

    said = str(every_sign(context.look("?region=t1")))
    assert 'href="/early-warning?region=t1"' in said
    assert "项新信号" in said


# --- on the map --------------------------------------------------------------------------------


def test_it_is_off_until_it_is_switched_on(context: Context) -> None:
    for page in ("desk", "wall"):
        drawn = map_spec(context.look(""), page)["layers"]
        assert not [one for one in drawn if "early" in one["layer"]["id"]]
    assert signals.LAYER not in {one.key for one in legend_of(context.look(""))}


def test_what_is_drawn_is_what_was_found(
    client: TestClient, context: Context, found: early_warning.Assessment
) -> None:
    look = context.look(f"?{ON}")
    spec = map_spec(look)
    drawn = [one["layer"] for one in spec["layers"] if one["layer"]["id"].startswith("early")]
    assert {one["data"].partition("#")[0] for one in drawn} == {signals.LAYER}
    # Two violets over each other could not be read.
    assert spec["shading"] is None
    address = spec["sources"][signals.LAYER]["shapes"]
    body = client.get(address)
    assert body.status_code == 200
    header, _ = unpack(body.content)
    codes = {one["key"]: set(one["codes"]) for one in header["levels"]}
    hot = {code for code, spot in found.spots.items() if spot.is_hot}
    assert codes.get("hot", set()) | codes.get("emerging", set()) == hot
    assert codes["cluster"] == {one.key for one in found.signals if one.kind == "cluster"}
    # What was drawn does not push out what was found.
    assert early_warning.held(context.store, context.scope) is found
    assert map_spec(context.look(f"?{ON}"))["sources"][signals.LAYER]["shapes"] == address


def test_the_legend_counts_what_is_in_view(
    context: Context, found: early_warning.Assessment
) -> None:
    def counts(query: str) -> list[int | None]:
        groups = legend_of(context.look(query))
        (group,) = [one for one in groups if one.key == signals.LAYER]
        return [row.count for row in group.rows]

    whole, first, second = (counts(f"?{ON}{more}") for more in ("", "&region=t0", "&region=t1"))
    assert sum(n or 0 for n in whole[:3]) == len(found.spots)
    assert whole[3] == sum(one.kind == "cluster" for one in found.signals)
    assert whole == [(a or 0) + (b or 0) for a, b in zip(first, second, strict=True)]
