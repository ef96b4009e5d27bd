"""Tiles over HTTP: addressed by TileJSON, sent once, and plain words for what cannot be."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
from fastapi.testclient import TestClient

from dashboard.context import Context
from dashboard.server import create_server
from geo_data import queries, tiles
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.tiles.warming import warm

ALL = Scope.everything()


@pytest.fixture
def building(context: Context) -> str:
    """Address of a tile with a building in it."""
    row = queries.places(context.store, ALL, ["building"]).iloc[0]
    x, y = tiles.to_square(row[["lon", "lat"]].to_numpy(dtype=float)[None])[0] * 2**14
    return f"/tiles/place-building/14/{int(x)}/{int(y)}.mvt"


def test_a_layer_is_opened_by_its_tilejson_alone(client: TestClient, building: str) -> None:
    listed = client.get("/tiles.json").json()
    (url,) = [one["url"] for one in listed if one["layer"] == "place-building"]
    said = client.get(url).json()
    assert said["tilejson"] == "3.0.0"
    (template,) = said["tiles"]
    assert template.startswith("http://testserver/tiles/place-building/{z}")
    z, x, y = building.removesuffix(".mvt").split("/")[3:]
    answer = client.get(template.replace("{z}", z).replace("{x}", x).replace("{y}", y))
    decoded = mapbox_vector_tile.decode(answer.content)
    assert set(decoded) <= {layer["id"] for layer in said["vector_layers"]}
    properties = decoded["place-building"]["features"][0]["properties"]
    assert set(properties) <= set(said["vector_layers"][0]["fields"])
    west, south, east, north = said["bounds"]
    assert west < said["center"][0] < east
    assert south < said["center"][1] < north
    assert said["minzoom"] <= 6 < 18 <= said["maxzoom"]
    assert said["attribution"]


def test_every_listed_layer_has_a_tilejson(client: TestClient) -> None:
    listed = client.get("/tiles.json").json()
    assert {"region-city", "place-building", "sensors"} <= {one["layer"] for one in listed}
    for one in listed:
        assert client.get(one["url"]).json()["name"] == one["layer"]


def test_the_address_is_the_one_it_was_asked_by(client: TestClient) -> None:
    said = client.get("/tiles/place-building.json", headers={"host": "wall.local:81"}).json()
    assert said["tiles"][0].startswith("http://wall.local:81/tiles/")


def test_what_was_sent_is_not_sent_again(client: TestClient, building: str) -> None:
    first = client.get(building)
    etag = first.headers["etag"]
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["cache-control"] == "no-cache"
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(building, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b""), known
        assert again.headers["etag"] == etag
    assert client.get(building, headers={"If-None-Match": '"other"'}).status_code == 200


def test_only_the_present_version_is_kept_for_good(client: TestClient, building: str) -> None:
    version = client.get(building).headers["etag"].strip('"').partition("-")[0]
    kept = client.get(building, params={"v": version}).headers["cache-control"]
    assert "immutable" in kept
    assert client.get(building, params={"v": "old"}).headers["cache-control"] == "no-cache"


def test_who_cannot_read_gzip_gets_it_plain(client: TestClient, building: str) -> None:
    packed = client.get(building)
    plain = client.get(building, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content
    assert "accept-encoding" in plain.headers["vary"].lower()


def test_an_empty_tile_is_204(client: TestClient) -> None:
    answer = client.get("/tiles/place-building/14/0/0.mvt")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["etag"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/tiles/place-palace/3/0/0.mvt", 404, "place-palace"),
        ("/tiles/place-palace.json", 404, "place-palace"),
        ("/tiles/place-building/3/8/0.mvt", 404, "3/8/0"),
        ("/tiles/place-building/3/0/-1.mvt", 404, "3/0/-1"),
        ("/tiles/place-building/23/0/0.mvt", 404, "23/0/0"),
        ("/tiles/place-building/99999999999999999999/0/0.mvt", 404, "99999999999999999999"),
        ("/tiles/place-building/three/0/0.mvt", 422, "three"),
        ("/tiles/place-building/3/1.5/0.mvt", 422, "1.5"),
        ("/tiles/place-building/3//0.mvt", 404, ""),
    ],
)
def test_what_cannot_be_is_said(client: TestClient, path: str, status: int, said: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    if said:
        detail = answer.json()["detail"]
        assert said in detail["error"]
        assert detail["remedy"]


def test_openapi_describes_the_tiles(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    tile = described["paths"]["/tiles/{layer}/{z}/{x}/{y}.mvt"]["get"]["responses"]
    assert {"200", "204", "304", "404", "422"} <= set(tile)
    assert "application/vnd.mapbox-vector-tile" in tile["200"]["content"]
    assert "vector_layers" in described["components"]["schemas"]["TileJson"]["properties"]
    assert "/tiles.json" in described["paths"]


def test_the_server_reads_what_was_made_before(
    context: Context, clock: Callable[[], Any], tmp_path: Path, building: str
) -> None:
    settings = Settings(data_dir=tmp_path)
    store = context.store
    (done,) = warm(store, ALL, ["place-building"], range(14, 15), settings.tile_dir, language="en")
    # Told apart from what would be made now.
    with sqlite3.connect(done.path) as file:
        file.execute("UPDATE tiles SET tile_data = ?", (gzip.compress(b"from the archive"),))
    file.close()
    with TestClient(create_server(settings, store, clock)) as client:
        assert client.get(building).content == b"from the archive"
