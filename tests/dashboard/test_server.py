"""What the server answers: pages, API, health, and what it refuses."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.context import Context
from geo_data import queries
from geo_data.ingest import Reading, apply
from geo_data.records import Scope


def test_health_and_readiness(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["finest_regions"] == 9


@pytest.mark.parametrize("page", ["/", "/wall"])
def test_a_page_names_no_other_host_and_says_so(client: TestClient, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    links = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert links
    assert all(link.startswith(("/", "data:")) for link in links)


@pytest.mark.parametrize("page", ["/", "/wall"])
def test_every_file_a_page_names_is_there_and_kept_for_good(client: TestClient, page: str) -> None:
    text = client.get(page).text
    for link in re.findall(r'(?:src|href)="(/[^"]+)"', text):
        answer = client.get(link)
        assert answer.status_code == 200, link
        assert "immutable" in answer.headers["cache-control"], link


def test_layout_and_callbacks_fit_together(client: TestClient) -> None:
    """Every id a callback speaks of stands in the layout of its page."""
    for prefix in ("/", "/wall/"):
        layout = client.get(f"{prefix}_dash-layout").text
        ids = set(re.findall(r'"id":\s*"([^"]+)"', layout))
        for callback in client.get(f"{prefix}_dash-dependencies").json():
            named = {part["id"] for part in callback["inputs"] + callback["state"]}
            named |= {part.rsplit(".", 1)[0] for part in callback["output"].strip(".").split("...")}
            assert named <= ids, callback["output"]


def test_openapi_describes_the_routes(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/api/v1/layers", "/api/v1/regions/{code}", "/api/v1/map", "/live", "/readyz"):
        assert path in paths
    assert client.get("/docs").status_code == 404, "that page loads from a CDN"


def test_a_region_knows_its_place(client: TestClient) -> None:
    root = client.get("/api/v1/regions/CB").json()
    assert len(root["children"]) == 3
    child = client.get(f"/api/v1/regions/{root['children'][0]}").json()
    assert child["ancestors"][0] == "CB"
    assert child["parent_code"] == "CB"
    assert child["area_km2"] > 0


def test_an_unknown_region_is_a_404_with_a_remedy(client: TestClient) -> None:
    answer = client.get("/api/v1/regions/NOWHERE")
    assert answer.status_code == 404
    assert "NOWHERE" in answer.json()["detail"]["error"]
    assert "CB" in answer.json()["detail"]["remedy"]


def test_the_past_of_a_sensor(client: TestClient, context: Context, now: datetime) -> None:
    sensor = queries.sensors(context.store, context.scope, None, now)[0]
    readings = [Reading(sensor.code, n / 100, now - timedelta(minutes=n)) for n in range(1, 101)]
    apply(context.store, readings, now)
    address = f"/api/v1/sensors/{sensor.code}/history"
    every = client.get(address).json()
    assert (every["bucket_s"], every["unit"], len(every["at"])) == (None, sensor.unit, 100)
    some = client.get(address, params={"points": 20}).json()
    assert some["bucket_s"] == 2 * 3600
    assert sum(some["n"]) == 100
    assert (min(some["low"]), max(some["high"])) == (0.01, 1.0)
    before = client.get(address, params={"at": (now - timedelta(seconds=1)).isoformat()}).json()
    assert before["at"] == []


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("from=2026-11-23T02:00:00Z&to=2026-11-23T01:00:00Z", 422, "is not before"),
        ("from=2026-11-23T02:00:00", 422, "timezone"),
        ("points=1", 422, "points"),
        ("", 404, "nobody"),
    ],
)
def test_a_past_that_cannot_be_told(client: TestClient, query: str, status: int, said: str) -> None:
    answer = client.get(f"/api/v1/sensors/nobody/history?{query}")
    assert answer.status_code == status
    assert said in answer.json()["detail"]["error"]
    assert answer.json()["detail"]["remedy"]


def test_layers_of_another_city_carry_its_own_levels(client: TestClient) -> None:
    keys = [layer["key"] for layer in client.get("/api/v1/layers").json()]
    assert {"region-city", "region-ward", "region-precinct", "incidents", "sensors"} <= set(keys)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/tiles/place-building/3/99/0.mvt", "99"),
        ("/tiles/place-building/40/0/0.mvt", "40"),
        ("/tiles/place-palace/3/0/0.mvt", "place-palace"),
        ("/data/shapes/palace.bin", "palace"),
    ],
)
def test_what_is_not_there_is_said(client: TestClient, path: str, said: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert said in answer.json()["detail"]["error"]
    assert answer.json()["detail"]["remedy"]


def test_an_unknown_address_is_a_404_and_not_the_page(client: TestClient) -> None:
    assert client.get("/api/v1/typo").status_code == 404
    assert client.get("/no/such/page").status_code == 404


def test_a_tile_is_sent_once(client: TestClient, context: Context) -> None:
    building = queries.places(context.store, Scope.everything(), ["building"]).iloc[0]
    x = int((building.lon + 180) / 360 * 2**14)
    from math import asinh, pi, radians, tan

    y = int((1 - asinh(tan(radians(building.lat))) / pi) / 2 * 2**14)
    address = f"/tiles/place-building/14/{x}/{y}.mvt"
    first = client.get(address)
    assert first.status_code == 200
    assert first.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert client.get("/tiles/place-building/14/0/0.mvt").status_code == 204


def test_the_map_names_its_data_and_all_of_it_is_there(client: TestClient) -> None:
    spec = client.get("/api/v1/map?region=CB").json()
    addresses = [
        url
        for source in spec["sources"].values()
        for key, url in source.items()
        if key in ("shapes", "fine", "points", "states")
    ]
    assert addresses
    for address in [*addresses, spec["labels"]["url"]]:
        assert client.get(address).status_code == 200, address


def write(client: TestClient, query: str, page: str = "/", **cursor: Any) -> dict[str, str]:
    """Ask for the sheets of a page as the browser does."""
    body = {
        "output": "sheets.data",
        "outputs": {"id": "sheets", "property": "data"},
        "inputs": [
            {"id": "url", "property": "search", "value": query},
            {"id": "cursor", "property": "data", "value": cursor or None},
        ],
        "changedPropIds": ["cursor.data" if cursor else "url.search"],
    }
    answer = client.post(f"{page}_dash-update-component", json=body)
    assert answer.status_code == 200, answer.text
    sheets: dict[str, str] = json.loads(answer.text)["response"]["sheets"]["data"]
    return sheets


def test_panels_speak_of_the_region_in_the_query(client: TestClient) -> None:
    ward = client.get("/api/v1/regions/CB").json()["children"][0]
    name = client.get(f"/api/v1/regions/{ward}").json()["name"]
    assert name in write(client, f"?region={ward}")["trail"]
    assert name not in write(client, "?")["trail"]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_sheet_of_both_pages_writes_in_both_languages(
    client: TestClient, language: str
) -> None:
    for page in ("/", "/wall/"):
        for key, text in write(client, f"?lang={language}", page).items():
            for wrong in ("undefined", "NaN", "None", "nan"):
                assert wrong not in text, (key, wrong)


def test_only_what_moved_is_written_again(client: TestClient) -> None:
    every = set(write(client, "?"))
    readings = set(write(client, "?", seq=1, moved=["readings"], laid="?"))
    cases = set(write(client, "?", seq=2, moved=["cases"], laid="?"))
    assert {"vital-signs", "data-ages"} <= readings < cases < every
    assert "ranking-rows" in cases - readings
    assert "trail" in every - cases
    assert set(write(client, "?", seq=3, moved=["cases"], laid="?window=7d")) == every, (
        "the page that a drill asked for may never have arrived"
    )


def test_text_from_outside_cannot_become_markup(client: TestClient) -> None:
    said = write(client, "?region=<script>alert(1)</script>")["notices"]
    assert "<script>" not in said
    assert "&lt;script&gt;" in said
