"""The server's tiles hold what the embedded store's hold: same features, words and counts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import text

from geo_data import tiles
from geo_data.records import Scope
from geo_data.rollups.rows import log_change
from geo_data.store import Store, write_layer
from geo_data.tiles.projection import spots_over
from geo_data.tiles.serving import maker
from geo_data.tiles.sources import source_of, version_of
from geo_data.tiles.warming import warm
from tests.geo_data.lived_city import write_areas, write_homes
from tests.geo_data.small_city import AT, CELL, GRIDS, SOUTH, WEST, make_small_city
from tests.geo_data.tiles.reading import decode, in_degrees, tile_at
from tests.geo_data.tiles.test_density import some_footprints

ALL = Scope.everything()
REACH = (WEST, SOUTH, WEST + 6.2 * CELL, SOUTH + 6.2 * CELL)
SCOPES = {
    "everything": ALL,
    "a town": Scope(region_code="t1"),
    "masked": Scope(masked=frozenset({"name"}), kinds=frozenset({"mixed", "noise"})),
}


def fill(store: Store) -> Store:
    """The small city with areas, homes, and a layer of everything tiles may meet."""
    write_areas(store)
    write_homes(store)
    rng = np.random.default_rng(3)
    points = shapely.points(np.array([WEST, SOUTH]) + rng.random((1500, 2)) * CELL * 6)
    bays = [shapely.Point(WEST + n * CELL, SOUTH + CELL).buffer(CELL / 3, 64) for n in range(6)]
    pierced = [bay.difference(shapely.affinity.scale(bay, 0.3, 0.3)) for bay in bays]
    shapes = [*some_footprints(rng), *points, *pierced, shapely.MultiPolygon(bays[:2])]
    rows = len(shapes)
    frame = gpd.GeoDataFrame(
        {
            "code": [f"m{n}" for n in range(rows)],
            "name": [f"物{n % 700}" for n in range(rows)],
            "region_code": rng.choice(sorted(GRIDS), rows),
            "floors": pd.array([n % 30 or None for n in range(rows)], dtype="Int64"),
            "use": rng.choice(["住宅", "商业"], rows),
        },
        geometry=shapes,
        crs=4326,
    )
    write_layer(store, "places/mixed", frame, "test", AT)
    return store


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = fill(make_small_city(tmp_path_factory.mktemp("both") / "c.gpkg"))
    yield store
    store.close()


@pytest.fixture(scope="module")
def server(postgis_module_url: str) -> Iterator[Store]:
    store = fill(make_small_city(postgis_module_url))
    yield store
    store.close()


def said(store: Store, scope: Scope, layer: str, spot: tuple[int, int, int]) -> dict[str, Any]:
    """Layer of the tile -> feature id -> its properties; shapes are looked at apart."""
    body = tiles.tile(store, scope, layer, *spot).body
    if body is None:
        return {}
    return {
        name: {one["id"]: one["properties"] for one in found["features"]}
        for name, found in decode(body).items()
    }


@pytest.mark.parametrize("name", SCOPES)
def test_every_tile_says_the_same(embedded: Store, server: Store, name: str) -> None:
    scope = SCOPES[name]
    layers = tiles.layer_names(embedded, scope)
    assert tiles.layer_names(server, scope) == layers
    compared = 0
    for layer in layers:
        for z in (4, 8, 11, 12, 13, 14, 15):
            columns, rows = spots_over(REACH, z)
            for spot in [(z, x, y) for x in columns for y in rows][:10]:
                expected = said(embedded, scope, layer, spot)
                assert said(server, scope, layer, spot) == expected, (layer, spot)
                compared += bool(expected)
    assert compared > 60


@pytest.mark.parametrize("z", [9, 12, 14, 16])
def test_shapes_lie_where_those_of_the_embedded_store_lie(
    embedded: Store, server: Store, z: int
) -> None:
    spot = tile_at(WEST + CELL, SOUTH + CELL, z)
    both = [
        {
            one["id"]: in_degrees(one, *spot).buffer(0)
            for one in decode(tiles.tile(store, ALL, "place-mixed", *spot).body)
            .get("place-mixed", {})
            .get("features", [])
        }
        for store in (embedded, server)
    ]
    assert set(both[0]) == set(both[1])
    # A unit to either side: they round, clip and simplify each in its own way.
    unit = 360 / 2**z / 4096
    for number, shape in both[0].items():
        assert shape.symmetric_difference(both[1][number]).area <= 3 * unit * shape.length


def test_drawn_and_counted_are_all_there_is(server: Store) -> None:
    there = server.layers()["places/mixed"].rows
    for z in (6, 10, 13, 15):
        drawn: set[int] = set()
        counted = 0
        columns, rows = spots_over(REACH, z)
        for spot in [(z, x, y) for x in columns for y in rows]:
            found = said(server, ALL, "place-mixed", spot)
            drawn |= set(found.get("place-mixed", {}))
            counted += sum(one["count"] for one in found.get("place-mixed-density", {}).values())
        assert len(drawn) + counted == there


def test_a_replaced_layer_is_another_version_and_the_old_tables_go(server: Store) -> None:
    spot = tile_at(WEST + CELL, SOUTH + 0.5 * CELL, 13)
    seen = []
    for number in range(3):
        frame = gpd.GeoDataFrame(
            {"code": [f"k{number}"], "name": ["亭"], "region_code": ["t0g0"]},
            geometry=[shapely.box(WEST, SOUTH, WEST + CELL, SOUTH + CELL)],
            crs=4326,
        )
        write_layer(server, "places/kiosk", frame, "test", AT)
        tile = tiles.tile(server, ALL, "place-kiosk", *spot)
        (one,) = decode(tile.body)["place-kiosk"]["features"]
        seen.append((tile.etag, one["properties"]["code"]))
    assert [code for _, code in seen] == ["k0", "k1", "k2"]
    assert len({etag for etag, _ in seen}) == 3
    query = text("SELECT count(*) FROM tile_tables WHERE layer = 'places/kiosk'")
    with server.read() as connection:
        assert connection.scalar(query) == 2, "the newest, and the one others may still read"


def test_writers_do_not_wait_for_a_table_in_the_making(server: Store) -> None:
    frame = gpd.GeoDataFrame(
        {"code": ["k"], "name": ["亭"], "region_code": ["t0g0"]},
        geometry=[shapely.box(WEST, SOUTH, WEST + CELL, SOUTH + CELL)],
        crs=4326,
    )
    write_layer(server, "places/stall", frame, "test", AT)
    spot = tile_at(WEST + CELL, SOUTH + 0.5 * CELL, 13)
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as pool:
        # Who makes the table reads the places: held up here, it is surely in the making.
        with server.beside(1) as gate:  # type: ignore[attr-defined]
            gate.execute(text("LOCK TABLE places IN ACCESS EXCLUSIVE MODE"))
            made = pool.submit(tiles.tile, server, ALL, "place-stall", *spot)
            with server.beside(2) as watch:  # type: ignore[attr-defined]
                while not watch.scalar(waiting):
                    assert not made.done()
            with server.write() as connection:
                log_change(connection, server.tables, "test", {}, AT)
            assert not made.done()
        (one,) = decode(made.result(30).body)["place-stall"]["features"]
    assert one["properties"]["code"] == "k"


def test_a_tile_of_a_zoom_does_not_look_at_what_is_too_small(server: Store) -> None:
    source = source_of(server, ALL, "place-mixed")
    made: Any = maker(server, ALL, source, version_of(server, ALL, source))
    with server.read() as connection:
        small = connection.scalar(
            text(f"SELECT count(*) FROM {made.table} WHERE first_zoom > 11 AND from_zoom <= 11")
        )
        banded = connection.scalar(
            text(f"SELECT count(*) FROM {made.table} WHERE to_zoom < 23 AND is_area")
        )
    assert small == 0
    assert banded


def test_tiles_of_the_server_are_made_before_anybody_asks(server: Store, tmp_path: Path) -> None:
    (done,) = warm(server, ALL, ["region-grid"], range(11, 14), tmp_path, language="en")
    assert done.tiles > 3
    spot = tile_at(WEST, SOUTH, 13)
    fresh = tiles.tile(server, ALL, "region-grid", *spot)
    assert tiles.tile(server, ALL, "region-grid", *spot, tmp_path) == fresh
