"""QGIS's engine (GDAL/OGR) opens what we write: the store's own file, tiles, and archives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from geo_data import tiles
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store
from geo_data.tiles.description import vector_layers
from geo_data.tiles.projection import spots_over
from geo_data.tiles.sources import source_of
from geo_data.tiles.warming import warm
from tests.geo_data.lived_city import make_lived_city
from tests.geo_data.small_city import CELL, GRIDS, SOUTH, WEST, cell
from tests.geo_data.tiles.reading import tile_at
from tests.serving import Served

ALL = Scope.everything()
REACH = (WEST, SOUTH, WEST + 6 * CELL, SOUTH + 2 * CELL)
MVT_DRIVER = "MVT" in pyogrio.list_drivers()
needs_mvt = pytest.mark.skipif(not MVT_DRIVER, reason="this GDAL is built without its MVT driver")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = make_lived_city(tmp_path_factory.mktemp("gdal") / "city.gpkg")
    yield store
    store.close()


def lonlat(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    back = Transformer.from_crs(3857, 4326, always_xy=True)
    shapes = shapely.transform(frame.geometry.to_numpy(), back.transform, interleaved=False)
    return gpd.GeoSeries(shapes, crs=4326)


def test_the_file_of_the_store_is_opened_with_all_its_layers(store: Store) -> None:
    layers = {name for name, _ in pyogrio.list_layers(store.path)}
    assert {"regions", "places", "sensors", "incidents"} <= layers
    grids = pyogrio.read_dataframe(store.path, layer="regions", where="level = 'grid'")
    assert set(grids["code"]) == set(GRIDS)
    assert grids.crs == "EPSG:4326"
    box = (WEST, SOUTH, WEST + 0.5 * CELL, SOUTH + 0.5 * CELL)
    near = pyogrio.read_dataframe(store.path, layer="places", bbox=box)
    assert "b0" in set(near["code"])
    assert len(near) < len(pyogrio.read_dataframe(store.path, layer="places"))


@needs_mvt
def test_a_tile_is_opened_where_it_lies(store: Store, tmp_path: Path) -> None:
    z, x, y = tile_at(WEST + 0.5 * CELL, SOUTH + 0.5 * CELL)
    body = tiles.tile(store, ALL, "place-building", z, x, y).body
    assert body is not None
    path = tmp_path / "tile.mvt"
    path.write_bytes(body)
    # Where the tile lies, GDAL cannot know from the file alone.
    said = {"X": x, "Y": y, "Z": z, "CLIP": "NO"}
    frame = pyogrio.read_dataframe(path, layer="place-building", **said)
    assert frame["code"].tolist() == ["b0"]
    (seen,) = lonlat(frame)
    truth = cell(0.4, 0.4, 0.2, 0.2)
    assert seen.symmetric_difference(truth).area < 0.01 * truth.area


@needs_mvt
def test_a_folder_of_tiles_is_opened_as_one_layer(store: Store, tmp_path: Path) -> None:
    z = 13
    for x in spots_over(REACH, z)[0]:
        for y in spots_over(REACH, z)[1]:
            body = tiles.tile(store, ALL, "region-grid", z, x, y).body
            if body:
                path = tmp_path / str(z) / str(x) / f"{y}.pbf"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
    described = {"vector_layers": vector_layers(source_of(store, ALL, "region-grid"))}
    said = tmp_path / "metadata.json"
    said.write_text(json.dumps({"json": json.dumps(described), "maxzoom": z, "minzoom": z}))
    folder = tmp_path / str(z)
    frame = pyogrio.read_dataframe(folder, layer="region-grid", METADATA_FILE=str(said))
    assert set(frame["code"]) == set(GRIDS)
    union = lonlat(frame).union_all()
    truth = shapely.union_all([cell(*at) for at in GRIDS.values()])
    assert union.symmetric_difference(truth).area < 0.02 * truth.area


@needs_mvt
def test_the_tile_endpoint_is_opened_by_its_address(store: Store, tmp_path: Path) -> None:
    server = Served(store, Settings(data_dir=tmp_path)).start()
    try:
        z, x, y = tile_at(WEST + 2.5 * CELL, SOUTH + 0.5 * CELL)
        url = f"{server.url}/tiles/region-town/{z}/{x}/{y}.mvt"
        frame = pyogrio.read_dataframe(f"MVT:{url}", layer="region-town", X=x, Y=y, Z=z)
    finally:
        server.stop()
    assert "t1" in set(frame["code"])
    seen = lonlat(frame[frame["code"] == "t1"]).union_all()
    assert seen.contains(shapely.Point(WEST + 2.5 * CELL, SOUTH + 0.5 * CELL))


def test_an_archive_is_opened_by_gdal(store: Store, tmp_path: Path) -> None:
    (done,) = warm(store, ALL, ["region-grid"], range(12, 14), tmp_path, language="en")
    frame = pyogrio.read_dataframe(done.path, layer="region-grid")
    assert set(frame["code"]) == set(GRIDS)
    union = lonlat(frame).union_all()
    truth = shapely.union_all([cell(*at) for at in GRIDS.values()])
    assert union.symmetric_difference(truth).area < 0.02 * truth.area
