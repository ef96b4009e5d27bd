"""The file is a GeoPackage: GDAL, which is what QGIS reads with, is the judge."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo_data.store import Store
from geo_data.store.geopackage import blob_bounds, from_blobs, register_functions, to_blobs
from tests.geo_data.lived_city import NOON, make_lived_city
from tests.geo_data.small_city import CELL, SOUTH, WEST, cell

degrees = st.floats(-180, 180, allow_nan=False)
points = st.builds(shapely.Point, degrees, degrees)
boxes = st.builds(
    lambda x, y, w, h: shapely.box(x, y, x + w, y + h),
    degrees,
    degrees,
    st.floats(0.001, 5),
    st.floats(0.001, 5),
)
geometries = st.one_of(
    points,
    boxes,
    st.builds(lambda one: shapely.MultiPolygon([one]), boxes),
    st.just(shapely.Point()),
    st.just(shapely.Polygon()),
    st.none(),
)


@given(st.lists(geometries))
def test_blobs_give_back_what_went_in(given_shapes: list[BaseGeometry | None]) -> None:
    shapes = np.array(given_shapes, dtype=object)
    back = from_blobs(to_blobs(shapes))
    assert [one is None for one in back] == [one is None for one in shapes]
    known = [not missing for missing in shapely.is_missing(shapes)]
    assert shapely.equals_exact(back[known], shapes[known], 0).all()


@given(geometries.filter(lambda one: one is not None))
def test_bounds_are_those_of_the_geometry(shape: BaseGeometry) -> None:
    blob = to_blobs(np.array([shape], dtype=object))[0]
    assert blob is not None
    if shape.is_empty:
        assert blob_bounds(blob) is None
    else:
        west, south, east, north = shape.bounds
        assert blob_bounds(blob) == (west, east, south, north)


def test_blobs_of_other_programs_are_read(tmp_path: Path) -> None:
    """GDAL writes its own envelopes; a big-endian header without one is lawful as well."""
    import geopandas as gpd

    shape = cell(1, 1)
    gpd.GeoDataFrame(geometry=[shape], crs=4326).to_file(tmp_path / "other.gpkg", layer="a")
    with sqlite3.connect(tmp_path / "other.gpkg") as connection:
        (blob,) = connection.execute("SELECT geom FROM a").fetchone()
    connection.close()
    plain = b"GP\x00\x00" + (4326).to_bytes(4, "big") + shapely.to_wkb(shape, byte_order=0)
    assert [one.equals(shape) for one in from_blobs([blob, plain])] == [True, True]
    assert blob_bounds(plain) == blob_bounds(blob)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = make_lived_city(tmp_path_factory.mktemp("gpkg") / "city.gpkg")
    yield store
    store.close()


def test_gdal_lists_the_layers_and_hides_the_bookkeeping(store: Store) -> None:
    kinds = dict(pyogrio.list_layers(store.path).tolist())
    assert kinds == {
        "regions": "MultiPolygon",
        "places": "Unknown",
        "sensors": "Point",
        "incidents": "Point",
        "dead_letters": None,
    }


@pytest.mark.parametrize("layer", ["regions", "places", "sensors", "incidents"])
def test_gdal_reads_every_feature_layer(store: Store, layer: str) -> None:
    frame = pyogrio.read_dataframe(store.path, layer=layer)
    with store.read() as connection:
        rows = connection.exec_driver_sql(f"SELECT count(*) FROM {layer}").scalar()
    assert frame.crs.to_epsg() == 4326
    assert len(frame) == rows > 0
    assert frame.geometry.notna().all()
    assert frame["code"].map(type).eq(str).all()
    west, south, *_ = frame.total_bounds
    assert (west, south) >= (WEST, SOUTH)


def test_gdal_reads_names_numbers_and_times(store: Store) -> None:
    cases = pyogrio.read_dataframe(store.path, layer="incidents").set_index("source_id")
    assert cases.loc["0", "title"] == "暴露垃圾 0"
    assert cases.loc["0", "reported_at"] == NOON
    regions = pyogrio.read_dataframe(store.path, layer="regions").set_index("code")
    assert regions.loc["t0", "area_km2"] == pytest.approx(4 * 1.06, rel=0.01)


def test_gdal_searches_by_our_spatial_index(store: Store) -> None:
    bbox = (WEST, SOUTH, WEST + CELL / 20, SOUTH + CELL / 20)
    frame = pyogrio.read_dataframe(store.path, layer="regions", bbox=bbox)
    assert set(frame["code"]) == {"c", "t0", "t0g0"}
    assert pyogrio.read_info(store.path, layer="regions")["capabilities"]["fast_spatial_filter"]


def _indexed(connection: sqlite3.Connection) -> dict[int, tuple[float, ...]]:
    rows = connection.execute("SELECT id, minx, maxx, miny, maxy FROM rtree_places_geom")
    return {fid: tuple(bounds) for fid, *bounds in rows}


def _truth(connection: sqlite3.Connection) -> dict[int, tuple[float, ...]]:
    rows = connection.execute("SELECT fid, geom FROM places WHERE geom NOTNULL").fetchall()
    found = {fid: blob_bounds(blob) for fid, blob in rows}
    return {fid: bounds for fid, bounds in found.items() if bounds is not None}


def test_triggers_keep_the_spatial_index_true(store: Store, tmp_path: Path) -> None:
    """What an editor does row by row: insert, move, empty, renumber, refill, delete."""
    store.checkpoint()
    copy = tmp_path / "edited.gpkg"
    copy.write_bytes(store.path.read_bytes())
    connection = sqlite3.connect(copy, isolation_level=None)
    register_functions(connection)
    shape, moved, empty = to_blobs(
        np.array([cell(1, 1), cell(3, 0.5), shapely.Polygon()], dtype=object)
    )
    new = (
        "INSERT INTO places (fid, geom, code, kind, name, pinyin, region_code, lon, lat,"
        " attributes) VALUES (?, ?, ?, 'park', 'n', 'n', 't0g0', 121.2, 31, '{}')"
    )
    for statement, values in [
        (new, (900, shape, "new-1")),
        (new, (901, None, "new-2")),
        (new, (902, empty, "new-3")),
        ("UPDATE places SET geom = ? WHERE fid = 900", (moved,)),
        ("UPDATE places SET geom = ? WHERE fid = 901", (shape,)),
        ("UPDATE places SET geom = ? WHERE fid = 900", (empty,)),
        ("UPDATE places SET geom = NULL WHERE fid = 902", ()),
        ("UPDATE places SET fid = 950 WHERE fid = 901", ()),
        ("UPDATE places SET fid = 951, geom = NULL WHERE fid = 950", ()),
        ("UPDATE places SET geom = ? WHERE fid = 951", (moved,)),
        ("DELETE FROM places WHERE fid IN (900, 951)", ()),
    ]:
        connection.execute(statement, values)
        wanted, got = _truth(connection), _indexed(connection)
        assert got.keys() == wanted.keys(), statement
        # The index keeps 32-bit floats, rounded outwards.
        for fid, bounds in wanted.items():
            assert got[fid] == pytest.approx(bounds, abs=1e-4), statement
    connection.close()
