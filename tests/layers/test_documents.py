"""Documents: every region comes back, borders stay shared, and nothing hidden is in them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_data.faults import InputError
from geo_data.queries import region_shapes
from geo_data.records import FUNCTIONAL, Scope
from geo_data.store import Store, write_layer
from layers import documents
from layers.documents import CHAIN, CHAIN_FINE, COARSE, FINE, document, encode, simplified
from tests.geo_data.small_city import AT, CELL, GRIDS, cell, make_small_city
from tests.layers.reading import read_shapes, read_varints, unpack

ALL = Scope.everything()


def frame(rows: dict[str, tuple[str | None, shapely.Geometry]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "code": list(rows),
            "parent_code": [parent for parent, _ in rows.values()],
            "name": [f"名{code}" for code in rows],
        },
        geometry=[shape for _, shape in rows.values()],
        crs=4326,
    )


def wavy(count: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Two regions of many grids each with uneven borders, and the grids."""
    points = np.random.default_rng(7).uniform((121.0, 31.0), (121.2, 31.2), (count, 2))
    box = shapely.box(121.0, 31.0, 121.2, 31.2)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=box))
    cells = shapely.intersection(cells, box)
    dense = shapely.segmentize(cells, 0.001)
    bent = shapely.transform(dense, lambda xy: xy + 0.0002 * np.sin(xy[:, ::-1] * 4000))
    bent = shapely.transform(bent, lambda xy: np.round(xy, 8))
    side = ["a" if shape.centroid.x < 121.1 else "b" for shape in bent]
    grids = frame({f"g{n}": (side[n], shape) for n, shape in enumerate(bent)})
    parents = grids.dissolve("parent_code", method="coverage").geometry
    return frame({code: (None, parents[code]) for code in "ab"}), grids


def test_every_region_of_the_chain_comes_back(lived: Store) -> None:
    shapes = read_shapes(document(lived, ALL, CHAIN_FINE).body)
    assert list(shapes) == ["district", "town", "grid"]
    assert set(shapes["grid"]) == set(GRIDS)
    for level in shapes:
        truth = region_shapes(lived, ALL, level)
        for code, shape in zip(truth["code"], truth.geometry, strict=True):
            assert shapes[level][code].symmetric_difference(shape).area < 1e-3 * CELL**2


def test_header_names_the_chain(lived: Store) -> None:
    header, _ = unpack(document(lived, ALL, CHAIN).body)
    district, town, grid = header["levels"]
    assert district["codes"] == ["c"]
    assert town["parents"] == [0, 0, 0]
    assert [grid["codes"][0], grid["names"][0]] == ["t0g0", "grid t0g0"]
    assert grid["parents"] == [0] * 4 + [1] * 4 + [2] * 2


def test_a_town_is_made_of_its_grids_borders() -> None:
    towns, grids = wavy(40)
    shapes = simplified({"town": towns, "grid": grids}, COARSE)
    assert shapely.coverage_is_valid(np.array(shapes["grid"], dtype=object))
    for code, shape in zip(towns["code"], shapes["town"], strict=True):
        own = [
            child
            for child, parent in zip(shapes["grid"], grids["parent_code"], strict=True)
            if parent == code
        ]
        assert shape.symmetric_difference(shapely.union_all(own)).area < 1e-9


def test_a_town_whose_grids_do_not_fill_it_keeps_its_own_outline(lived: Store) -> None:
    shapes = read_shapes(document(lived, ALL, CHAIN).body)
    assert shapes["town"]["t2"].area == pytest.approx(cell(4, 0, 2, 2).area, rel=1e-3)


def test_no_border_is_written_twice() -> None:
    towns, grids = wavy(40)
    header, columns = unpack(encode({"town": towns, "grid": grids}, COARSE))
    alone = unpack(encode({"grid": grids}, COARSE))[1]
    assert len(read_varints(columns["x"])) == len(read_varints(alone["x"]))
    assert set(read_varints(columns["ranks"])) == {0, 1}
    assert [level["key"] for level in header["levels"]] == ["town", "grid"]


def test_coarse_is_smaller_and_close() -> None:
    _, grids = wavy(40)
    coarse, fine = (encode({"grid": grids}, grain) for grain in (COARSE, FINE))
    assert len(coarse) < 0.6 * len(fine)
    shapes = read_shapes(coarse)["grid"]
    for code, shape in zip(grids["code"], grids.geometry, strict=True):
        assert shapes[code].symmetric_difference(shape).area < 0.05 * shape.area


def test_parts_and_holes() -> None:
    holed = cell(0, 0, 3, 3).difference(cell(1, 1))
    islands = shapely.MultiPolygon([cell(5, 0), cell(7, 0)])
    rows = frame({"holed": (None, holed), "fill": (None, cell(1, 1)), "islands": (None, islands)})
    shapes = read_shapes(encode({"region": rows}, FINE))["region"]
    for code, shape in (("holed", holed), ("fill", cell(1, 1)), ("islands", islands)):
        assert shapes[code].symmetric_difference(shape).area < 1e-9


def test_nothing_at_all() -> None:
    assert read_shapes(encode({"region": frame({})}, COARSE)) == {"region": {}}


def test_places_and_functional_areas_have_documents(lived: Store) -> None:
    areas = read_shapes(document(lived, ALL, FUNCTIONAL).body)
    assert list(areas[FUNCTIONAL]) == ["f"]
    body = document(lived, ALL, "place-village").body
    assert read_shapes(body)["village"]["v0"].area == pytest.approx(2 * CELL**2, rel=1e-3)
    assert unpack(body)[0]["levels"][0]["parents"] == ["t0g0"]


def test_a_viewer_gets_what_the_scope_shows(lived: Store) -> None:
    town = Scope(region_code="t1")
    shapes = read_shapes(document(lived, town, CHAIN).body)
    assert {level: set(codes) for level, codes in shapes.items()} == {
        "town": {"t1"},
        "grid": {"t1g0", "t1g1", "t1g2", "t1g3"},
    }
    assert read_shapes(document(lived, town, "place-village").body) == {"village": {}}
    assert documents.version(lived, town, CHAIN) != documents.version(lived, ALL, CHAIN)
    with pytest.raises(InputError, match="no layer"):
        document(lived, Scope(kinds=frozenset({"building"})), "place-village")


def test_an_unknown_document_is_named_with_the_nearest(lived: Store) -> None:
    with pytest.raises(InputError, match="place-village"):
        document(lived, ALL, "place-vilage")


def test_the_address_changes_with_the_data_only(tmp_path: Path) -> None:
    store = make_small_city(tmp_path / "city.gpkg")
    before = documents.path(store, ALL, "place-village")
    assert before == documents.path(store, ALL, "place-village")
    assert before.startswith("/data/shapes/place-village.bin?v=")
    other = documents.path(store, ALL, CHAIN)
    again = frame({"v0": (None, cell(0, 0, 2, 1))}).drop(columns="parent_code")
    write_layer(store, "places/village", again.assign(region_code="t0g0"), "test", AT)
    assert documents.path(store, ALL, "place-village") != before
    assert documents.path(store, ALL, CHAIN) == other
    store.close()
