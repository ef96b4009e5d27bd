"""Vector tiles against another reader, on the edges, and within the scope."""

from __future__ import annotations

import gzip
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.store import Store, write_layer
from geo_data.tiles import mvt
from geo_data.tiles import serving as tiles
from geo_data.tiles.mvt import (
    EXTENT,
    POINT,
    POLYGON,
    Features,
    leb128,
    polygon_commands,
    value_bytes,
)
from tests.geo_data.lived_city import make_lived_city
from tests.geo_data.small_city import AT, CELL, SOUTH, WEST, cell

ALL = Scope.everything()
ZOOM = 14


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = make_lived_city(tmp_path_factory.mktemp("tiles") / "city.gpkg")
    yield store
    store.close()


def tile_at(lon: float, lat: float, z: int = ZOOM) -> tuple[int, int, int]:
    x, y = tiles.to_square(np.array([[lon, lat]]))[0]
    return z, math.floor(x * 2**z), math.floor(y * 2**z)


def decode(body: bytes | None) -> dict[str, Any]:
    assert body is not None
    options = {"y_coord_down": True}
    return mapbox_vector_tile.decode(gzip.decompress(body), default_options=options)


def in_degrees(feature: dict[str, Any], z: int, x: int, y: int) -> shapely.Geometry:
    shape = shapely.geometry.shape(feature["geometry"])

    def back(units: np.ndarray) -> np.ndarray:
        square = (units / EXTENT + (x, y)) / 2**z
        lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * square[:, 1]))))
        return np.column_stack([square[:, 0] * 360 - 180, lat])

    return shapely.transform(shape, back)


def test_another_reader_finds_the_building_where_it_stands(store: Store) -> None:
    at = tile_at(WEST + 0.5 * CELL, SOUTH + 0.5 * CELL)
    said = decode(tiles.tile(store, ALL, "place-building", *at).body)["place-building"]
    assert said["extent"] == EXTENT
    (feature,) = said["features"]
    assert feature["properties"] == {"code": "b0", "name": "building b0"}
    assert feature["id"] > 0
    truth = cell(0.4, 0.4, 0.2, 0.2)
    assert in_degrees(feature, *at).symmetric_difference(truth).area < 0.01 * truth.area


def test_regions_are_layers_too_and_are_clipped_to_the_tile(store: Store) -> None:
    z, x, y = tile_at(WEST + CELL, SOUTH + CELL, 15)
    features = decode(tiles.tile(store, ALL, "region-grid", z, x, y).body)["region-grid"][
        "features"
    ]
    codes = {feature["properties"]["code"] for feature in features}
    assert "t0g0" in codes
    low, high = -tiles.BUFFER - 1, EXTENT + tiles.BUFFER + 1
    for feature in features:
        bounds = shapely.geometry.shape(feature["geometry"]).bounds
        assert min(bounds) >= low
        assert max(bounds) <= high


def test_tiles_of_one_zoom_hold_the_whole_layer(store: Store) -> None:
    found: dict[str, list[shapely.Geometry]] = {}
    _, west, south = tile_at(WEST, SOUTH)
    _, east, north = tile_at(WEST + 6 * CELL, SOUTH + 2 * CELL)
    for x in range(west, east + 1):
        for y in range(north, south + 1):
            body = tiles.tile(store, ALL, "region-town", ZOOM, x, y).body
            if body:
                for feature in decode(body)["region-town"]["features"]:
                    shape = in_degrees(feature, ZOOM, x, y)
                    found.setdefault(feature["properties"]["code"], []).append(shape)
    assert set(found) == {"t0", "t1", "t2"}
    for code, pieces in found.items():
        truth = cell(2 * int(code[1]), 0, 2, 2)
        union = shapely.union_all(pieces)
        assert union.symmetric_difference(truth).area < 0.01 * truth.area


def test_a_building_on_an_edge_is_whole_in_both_tiles(store: Store) -> None:
    z, x, y = tile_at(WEST + 3 * CELL, SOUTH + CELL, 16)
    edge = (x / 2**z) * 360 - 180
    house = shapely.box(edge - 2e-4, SOUTH + CELL, edge + 2e-4, SOUTH + CELL + 1e-4)
    frame = gpd.GeoDataFrame(
        {"code": ["h"], "name": ["h"], "region_code": ["t1g0"], "floors": [7], "use": ["家"]},
        geometry=[house],
        crs=4326,
    )
    write_layer(store, "places/hut", frame, "test", AT)
    sides = [
        decode(tiles.tile(store, ALL, "place-hut", z, column, y).body)["place-hut"]["features"][0]
        for column in (x - 1, x)
    ]
    assert [side["properties"]["floors"] for side in sides] == [7, 7]
    assert sides[0]["properties"]["use"] == "家"
    for side, column in zip(sides, (x - 1, x), strict=True):
        shape = in_degrees(side, z, column, y)
        assert shape.symmetric_difference(house).area < 0.02 * house.area


def test_points_are_points(store: Store) -> None:
    frame = gpd.GeoDataFrame(
        {"code": ["p"], "name": ["p"], "region_code": ["t0g0"]},
        geometry=[shapely.Point(WEST + CELL, SOUTH + CELL)],
        crs=4326,
    )
    write_layer(store, "places/well", frame, "test", AT)
    at = tile_at(WEST + CELL, SOUTH + CELL)
    (feature,) = decode(tiles.tile(store, ALL, "place-well", *at).body)["place-well"]["features"]
    truth = shapely.Point(WEST + CELL, SOUTH + CELL)
    assert in_degrees(feature, *at).distance(truth) < 1e-5


def test_what_is_below_a_pixel_and_what_is_elsewhere_is_not_there(store: Store) -> None:
    assert tiles.tile(store, ALL, "place-building", *tile_at(WEST, SOUTH, 5)).body is None
    nowhere = tiles.tile(store, ALL, "place-building", 14, 0, 0)
    assert nowhere.body is None
    assert nowhere.etag.startswith('"')


def test_the_etag_changes_with_the_layer(store: Store) -> None:
    at = tile_at(WEST + 0.5 * CELL, SOUTH + 0.5 * CELL)
    first = tiles.tile(store, ALL, "region-town", *at)
    assert tiles.tile(store, ALL, "region-town", *at) == first
    assert tiles.tile(store, Scope(region_code="t0"), "region-town", *at).etag != first.etag
    assert tiles.tile(store, ALL, "region-grid", *at).etag != first.etag


def test_a_viewer_gets_only_what_the_scope_shows(store: Store) -> None:
    at = tile_at(WEST + 2 * CELL, SOUTH + CELL, 11)
    town = Scope(region_code="t1")
    said = decode(tiles.tile(store, town, "region-grid", *at).body)["region-grid"]["features"]
    assert {feature["properties"]["code"][:2] for feature in said} == {"t1"}
    near = tile_at(WEST + 0.5 * CELL, SOUTH + 0.5 * CELL)
    assert tiles.tile(store, town, "place-building", *near).body is None
    with pytest.raises(InputError, match="no layer"):
        tiles.tile(store, Scope(kinds=frozenset({"park"})), "place-building", *near)


@pytest.mark.parametrize("at", [(-1, 0, 0), (23, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)])
def test_a_tile_out_of_range_is_said_to_be(store: Store, at: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match="out of range"):
        tiles.tile(store, ALL, "region-town", *at)


def test_an_unknown_layer_is_answered_with_the_nearest(store: Store) -> None:
    with pytest.raises(InputError, match="region-town"):
        tiles.tile(store, ALL, "region-twon", 1, 0, 0)


def test_many_who_ask_at_once_wait_for_one_maker() -> None:
    cache = tiles._Cache()
    made: list[int] = []
    together = threading.Barrier(6)
    release = threading.Event()

    def make() -> bytes:
        made.append(1)
        release.wait(5)
        return b"tile"

    got: list[bytes | None] = []

    def ask() -> None:
        together.wait(5)
        got.append(cache.get("key", make))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    together.wait(5)
    release.set()
    for thread in threads:
        thread.join(5)
    assert (got, made) == ([b"tile"] * 5, [1])


def test_a_maker_that_fails_leaves_the_way_free() -> None:
    cache = tiles._Cache()

    def fail() -> bytes:
        raise OSError("locked")

    with pytest.raises(OSError, match="locked"):
        cache.get("key", fail)
    assert cache.get("key", lambda: b"later") == b"later"


def test_the_cache_lets_go_of_what_was_asked_for_longest_ago() -> None:
    cache = tiles._Cache(most_bytes=3 * 1200)
    for key in range(4):
        cache.get(key, lambda: b"x" * 1000)
    calls: list[int] = []
    cache.get(3, lambda: calls.append(3) or b"")
    cache.get(0, lambda: calls.append(0) or b"")
    assert calls == [0]


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_varints_are_those_of_protobuf(numbers: list[int]) -> None:
    stream, lengths = leb128(np.array(numbers, dtype=np.uint64))
    assert stream.tobytes() == b"".join(mvt._varint(number) for number in numbers)
    assert lengths.sum() == stream.size


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_any_polygon_is_read_as_it_was_meant(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, EXTENT, (8, 2))
    outer = shapely.MultiPoint(points).convex_hull.buffer(rng.uniform(20, 300), quad_segs=3)
    shape = outer.difference(outer.centroid.buffer(min(60, math.sqrt(outer.area) / 4)))
    if rng.random() < 0.5:
        shape = shape.union(shapely.box(-400, -400, -300, -300))
    (command,) = polygon_commands([shape])
    group = Features(POLYGON, [7], [command], {"name": [value_bytes("x")]})
    (feature,) = mapbox_vector_tile.decode(
        mvt.layer_bytes("l", [group]), default_options={"y_coord_down": True}
    )["l"]["features"]
    read = shapely.geometry.shape(feature["geometry"])
    assert read.is_valid
    assert read.symmetric_difference(shape).area < 0.03 * shape.area


def test_specks_and_empty_shapes_have_no_geometry() -> None:
    speck = shapely.box(10, 10, 10.2, 10.2)
    commands = polygon_commands([speck, shapely.Polygon(), shapely.box(0, 0, 9, 9)])
    assert [bool(command) for command in commands] == [False, False, True]
    assert polygon_commands([]) == []
    assert mvt.layer_bytes("l", [Features(POLYGON, [1], [b""], {})]) == b""


def test_values_of_every_type_come_back() -> None:
    values = ["松江", 0, -5, 3.5, True]
    keys = [f"k{n}" for n in range(len(values))]
    command = mvt.point_commands(np.array([[1, 2]]))
    columns = {key: [value_bytes(value)] for key, value in zip(keys, values, strict=True)}
    body = mvt.layer_bytes("l", [Features(POINT, [300], command, {**columns, "no": [None]})])
    (feature,) = mapbox_vector_tile.decode(body)["l"]["features"]
    assert feature["properties"] == dict(zip(keys, values, strict=True))
    assert feature["id"] == 300


def test_a_layer_can_be_made_ready(tmp_path: Path) -> None:
    store = make_lived_city(tmp_path / "city.gpkg")
    tiles.prepare(store, ALL, "place-building")
    tiles.prepare(store, ALL, "place-nothing")
    version = tiles._version(store, ALL, "place-building")
    kept = store.cached(("tile-layer", "place-building", None), version, lambda: None)
    assert kept is not None
    store.close()
