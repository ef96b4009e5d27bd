"""Vector tiles against another reader, on the edges, and within the scope."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from geo_data import tiles
from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.store import Store, write_layer
from geo_data.tiles.cache import shelf
from geo_data.tiles.held_layer import HeldLayer
from geo_data.tiles.projection import BUFFER, EXTENT, Spot
from tests.geo_data.lived_city import make_lived_city
from tests.geo_data.small_city import AT, CELL, SOUTH, WEST, cell
from tests.geo_data.tiles.reading import ZOOM, decode, features, in_degrees, tile_at
from tests.stores import Stores

ALL = Scope.everything()


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    store = make_lived_city(module_stores.new())
    yield store
    store.close()


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
    low, high = -BUFFER - 1, EXTENT + BUFFER + 1
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


def test_what_is_below_a_pixel_is_counted_and_what_is_elsewhere_is_not_there(store: Store) -> None:
    body = tiles.tile(store, ALL, "place-building", *tile_at(WEST, SOUTH, 5)).body
    assert set(decode(body)) == {"place-building-density"}
    nowhere = tiles.tile(store, ALL, "place-building", 14, 0, 0)
    assert nowhere.body is None
    assert nowhere.etag.startswith('"')


def test_the_etag_changes_with_the_layer(store: Store) -> None:
    at = tile_at(WEST + 0.5 * CELL, SOUTH + 0.5 * CELL)
    first = tiles.tile(store, ALL, "region-town", *at)
    assert tiles.tile(store, ALL, "region-town", *at) == first
    assert tiles.tile(store, Scope(region_code="t0"), "region-town", *at).etag != first.etag
    assert tiles.tile(store, ALL, "region-grid", *at).etag != first.etag


def test_what_is_in_memory_is_given_without_making_and_never_of_an_older_version(
    store: Store,
) -> None:
    at = tile_at(WEST + 0.5 * CELL, SOUTH + 0.5 * CELL)
    frame = gpd.GeoDataFrame(
        {"code": ["k0"], "name": ["kiosk"], "region_code": ["t0g0"]},
        geometry=[cell(0.45, 0.45, 0.1, 0.1)],
        crs=4326,
    )
    write_layer(store, "places/kiosk", frame, "test", AT)
    store.layers()
    assert tiles.held_tile(store, ALL, "place-kiosk", *at) is None
    made = tiles.tile(store, ALL, "place-kiosk", *at)
    assert tiles.held_tile(store, ALL, "place-kiosk", *at) == made
    write_layer(store, "places/kiosk", frame, "test", AT)
    assert tiles.held_tile(store, ALL, "place-kiosk", *at) is None
    again = tiles.tile(store, ALL, "place-kiosk", *at)
    assert again.etag != made.etag


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


def test_a_layer_can_be_made_ready(tmp_path: Path) -> None:
    store = make_lived_city(tmp_path / "city.gpkg")
    tiles.prepare(store, ALL, "place-building")
    tiles.prepare(store, ALL, "place-nothing")
    version = tiles.version(store, ALL, "place-building")
    kept = shelf(store).layers.get(("place-building", ALL), version, lambda: None)
    assert kept is not None
    store.close()


def test_sensors_are_a_layer_of_points_within_the_scope(store: Store) -> None:
    at = tile_at(WEST + CELL, SOUTH + CELL)
    said = features(tiles.tile(store, ALL, "sensors", *at).body, "sensors")
    assert {"code": "s0", "name": "传感器0", "kind": "pipe-pressure"} in [
        one["properties"] for one in said
    ]
    assert len({one["id"] for one in said}) == len(said)
    wide = tile_at(WEST + 4.5 * CELL, SOUTH + 0.5 * CELL, 12)
    some = Scope(region_code="t2", kinds=frozenset({"noise"}), masked=frozenset({"name"}))
    (one,) = features(tiles.tile(store, some, "sensors", *wide).body, "sensors")
    assert one["properties"] == {"code": "s5", "name": "***", "kind": "noise"}


def test_the_etag_of_sensors_knows_which_kinds_may_be_seen(store: Store) -> None:
    etags = {
        tiles.etag(store, Scope(kinds=kinds), "sensors", 14, 0, 0)
        for kinds in (None, frozenset({"noise"}), frozenset({"smoke"}))
    }
    assert len(etags) == 3


@pytest.mark.parametrize("z", [8, 11, 14])
def test_simplified_neighbours_stay_together(tmp_path: Path, z: int) -> None:
    """Two regions share a bent border: at every zoom they touch within a pixel."""
    bend = [(0.5 + 0.04 * math.sin(step / 3), step / 300) for step in range(301)]
    lonlat = [(WEST + x * 6 * CELL, SOUTH + y * 2 * CELL) for x, y in bend]
    corners = [(WEST + x * CELL, SOUTH + y * CELL) for x, y in ((0, 2), (0, 0), (6, 0), (6, 2))]
    shapes = [
        shapely.Polygon([*lonlat, *corners[:2]]),
        shapely.Polygon([*lonlat, corners[3], corners[2]]),
    ]
    frame = gpd.GeoDataFrame({"fid": [1, 2], "code": ["l", "r"]}, geometry=shapes, crs=4326)
    layer = HeldLayer.of("region-x", frame, ("code",))
    spot = Spot(*tile_at(WEST + 3 * CELL, SOUTH + CELL, z))
    left, right = (in_units(one) for one in decode(layer.body(spot))["region-x"]["features"])
    vertices = shapely.get_num_coordinates(left)
    assert vertices < 303 or z == 14
    assert left.intersection(right).area + gap(left, right) < 8 * left.length


def in_units(feature: dict[str, Any]) -> shapely.Geometry:
    return shapely.geometry.shape(feature["geometry"]).buffer(0)


def gap(left: shapely.Geometry, right: shapely.Geometry) -> float:
    both = left.union(right)
    return float(both.envelope.intersection(shapely.box(0, 0, EXTENT, EXTENT)).area) - float(
        both.intersection(shapely.box(0, 0, EXTENT, EXTENT)).area
    )
