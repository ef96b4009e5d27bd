"""What is under a pixel is counted: over the tiles of a zoom nothing is lost or told twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_data import tiles
from geo_data.records import Scope
from geo_data.store import Store
from geo_data.tiles.commands import ring_commands
from geo_data.tiles.density import SUFFIX, first_zooms
from geo_data.tiles.held_layer import HeldLayer
from geo_data.tiles.outlines import Outlines
from geo_data.tiles.projection import EXTENT, LAST_ZOOM, PIXEL, Spot, spots_over
from tests.geo_data.small_city import CELL, SOUTH, WEST, make_small_city
from tests.geo_data.tiles.reading import decode

SHAPES, POINTS = 3000, 2500


def some_footprints(rng: np.random.Generator) -> list[shapely.Geometry]:
    """From sheds to halls, turned and thin, a quarter of them in one block."""
    spread = np.where(rng.random((SHAPES, 1)) < 0.25, 0.1, 6.0)
    at = np.array([WEST, SOUTH]) + rng.random((SHAPES, 2)) * CELL * spread
    long, wide = rng.lognormal(-9.0, 0.9, SHAPES), rng.lognormal(-9.6, 0.9, SHAPES)
    return [
        shapely.affinity.rotate(shapely.box(x, y, x + a, y + b), turn)
        for (x, y), a, b, turn in zip(at, long, wide, rng.uniform(0, 180, SHAPES), strict=True)
    ]


@pytest.fixture(scope="module")
def mixed() -> HeldLayer:
    rng = np.random.default_rng(5)
    places = np.array([WEST, SOUTH]) + rng.random((POINTS, 2)) * CELL * 6
    shapes = [*some_footprints(rng), *shapely.points(places)]
    frame = gpd.GeoDataFrame(
        {"fid": range(1, len(shapes) + 1), "code": [f"c{n}" for n in range(len(shapes))]},
        geometry=shapes,
        crs=4326,
    )
    return HeldLayer.of("place-mixed", frame, ("code",))


@pytest.mark.parametrize("z", [0, 6, 8, 10, 11, 12, 13, 14, 15, 16])
def test_drawn_and_counted_are_all_there_is(mixed: HeldLayer, z: int) -> None:
    reach = mixed.reach()
    assert reach is not None
    drawn: set[int] = set()
    counted = tiles = 0
    for x in spots_over(reach, z)[0]:
        for y in spots_over(reach, z)[1]:
            body = mixed.body(Spot(z, x, y))
            if not body:
                continue
            tiles += 1
            said = decode(body)
            drawn |= {one["id"] for one in said.get("place-mixed", {}).get("features", [])}
            cells = said.get("place-mixed" + SUFFIX, {}).get("features", [])
            assert len({one["id"] for one in cells}) == len(cells) <= 128 * 128
            counted += sum(one["properties"]["count"] for one in cells)
    assert tiles
    assert len(drawn) + counted == SHAPES + POINTS
    # Both ways are taken: either alone would add up as well.
    assert counted or z >= 16
    assert drawn or z < 10


def test_a_count_stands_where_its_things_are(mixed: HeldLayer) -> None:
    reach = mixed.reach()
    assert reach is not None
    columns, rows = spots_over(reach, 10)
    spot = Spot(10, columns[0], rows[-1])
    expected: dict[tuple[int, int], int] = {}
    for row in np.flatnonzero(mixed.is_area & (mixed.first_zoom > 10)):
        units = (mixed.middles(np.array([row]))[0] - spot.corner) * spot.scale
        cell = tuple((units // 32).astype(int).tolist())
        if min(cell) >= 0 and max(cell) < 128:
            expected[cell] = expected.get(cell, 0) + 1
    found = decode(HeldLayer.body(mixed, spot))["place-mixed" + SUFFIX]["features"]
    at = {tuple(c // 32 for c in f["geometry"]["coordinates"]): f["properties"] for f in found}
    assert expected
    assert all(at[cell]["count"] >= count for cell, count in expected.items())


def test_a_shape_is_drawn_from_where_it_covers_a_pixel() -> None:
    pixel = PIXEL / (EXTENT << 14)
    square = shapely.box(0.5, 0.5, 0.5 + pixel * 1.01, 0.5 + pixel * 1.01)
    thin = shapely.box(0.5, 0.5, 0.5 + pixel * 40, 0.5 + pixel / 30)
    dust = shapely.multipolygons([square, shapely.box(0.6, 0.6, 0.6 + pixel / 9, 0.6 + pixel / 9)])
    shapes = np.array([square, thin, dust, shapely.Point(0.5, 0.5), shapely.Polygon()])
    is_area = shapely.get_dimensions(shapes) == 2
    found = first_zooms(Outlines.of(shapes), is_area).tolist()
    assert found == [14, 17, 14, 0, LAST_ZOOM + 1]


def test_what_is_drawn_never_rounds_to_nothing() -> None:
    """Otherwise it would be neither drawn nor counted."""
    rng = np.random.default_rng(8)
    shapes = np.array(some_footprints(rng), dtype=object)
    frame = gpd.GeoDataFrame(
        {"fid": range(1, SHAPES + 1), "code": [str(n) for n in range(SHAPES)]},
        geometry=shapes,
        crs=4326,
    )
    layer = HeldLayer.of("l", frame, ("code",))
    zooms = range(10, 18)
    assert np.isin(layer.first_zoom, zooms).mean() > 0.9
    for z in zooms:
        chosen = np.flatnonzero(layer.first_zoom == z)
        xy, size, outer, owner = layer.outlines.take(chosen)
        grid = np.rint(xy * (EXTENT << z)).astype(np.int64)
        _, counts = ring_commands(grid, size, outer, owner, chosen.size)
        assert (counts > 0).all()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = make_small_city(tmp_path / "city.gpkg")
    yield store
    store.close()


def test_regions_are_never_lost_either(store: Store) -> None:
    body = tiles.tile(store, Scope.everything(), "region-grid", 3, 6, 3).body
    said = decode(body)
    assert [one["properties"]["count"] for one in said["region-grid-density"]["features"]] == [10]


def test_outlines_come_back_as_the_shapes_they_were() -> None:
    hole = shapely.box(0, 0, 9, 9).difference(shapely.box(2, 2, 3, 3))
    two = shapely.union_all([hole, shapely.box(20, 20, 21, 21).difference(shapely.Point(0, 0))])
    shapes = np.array([hole, shapely.Point(1, 1), two, shapely.Polygon()], dtype=object)
    outlines = Outlines.of(shapes)
    back = outlines.shapes(np.array([2, 0]))
    assert [one.equals(shape) for one, shape in zip(back, (two, hole), strict=True)] == [True, True]
    assert np.diff(outlines.ring_at).tolist() == [2, 0, 3, 0]
