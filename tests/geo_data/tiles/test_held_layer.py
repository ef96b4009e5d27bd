"""A layer as flat arrays: the same as shapely makes of every shape for itself."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo_data.tiles.density import THINNEST
from geo_data.tiles.held_layer import HeldLayer
from geo_data.tiles.outlines import Outlines
from geo_data.tiles.projection import EXTENT, LAST_ZOOM, PIXEL, to_square

LON, LAT = st.floats(100, 130), st.floats(-60, 60)
SIDES = st.floats(1e-6, 0.5)


@st.composite
def plain(draw: st.DrawFn) -> shapely.Geometry:
    """A turned box, clockwise or not."""
    lon, lat, wide, high = draw(LON), draw(LAT), draw(SIDES), draw(SIDES)
    box = shapely.box(lon, lat, lon + wide, lat + high, ccw=draw(st.booleans()))
    return shapely.affinity.rotate(box, draw(st.integers(0, 89)))


@st.composite
def holed(draw: st.DrawFn) -> shapely.Geometry:
    """A box with one or two holes, which turn as they like."""
    lon, lat, side = draw(LON), draw(LAT), draw(st.floats(1e-3, 0.5))
    spots = [0.1, 0.6][: draw(st.integers(1, 2))]
    holes = [
        shapely.box(
            *(lon + at * side, lat + at * side, lon + (at + 0.3) * side, lat + (at + 0.3) * side),
            ccw=draw(st.booleans()),
        ).exterior
        for at in spots
    ]
    return shapely.Polygon(shapely.box(lon, lat, lon + side, lat + side).exterior, holes)


SHAPES = st.one_of(
    *(plain(), holed(), st.builds(shapely.Point, LON, LAT)),
    st.lists(st.one_of(plain(), holed()), max_size=3).map(shapely.MultiPolygon),
    st.builds(lambda *at: shapely.LineString([at[:2], at[2:]]), LON, LAT, LON, LAT),
    st.builds(lambda *parts: shapely.GeometryCollection(parts), plain(), holed()),
    st.sampled_from([None, shapely.Polygon(), shapely.Point()]),
)


def first_zoom(shape: shapely.Geometry | None) -> int:
    """The zoom a shape of the square is drawn at, by the rule as it is written."""
    if shapely.get_dimensions(shape) != 2:
        return 0
    found = [LAST_ZOOM + 1]
    for part in shapely.get_parts(shape):
        west, south, east, north = shapely.bounds(part)
        area, side = shapely.area(part), max(east - west, north - south)
        if area > 0:
            needed = max(PIXEL / np.sqrt(area), THINNEST * side / area)
            found.append(int(np.clip(np.ceil(np.log2(needed / EXTENT)), 0, LAST_ZOOM + 1)))
    return min(found)


@given(st.lists(SHAPES, max_size=12))
def test_a_layer_is_what_shapely_makes_of_its_shapes(shapes: list[shapely.Geometry | None]) -> None:
    columns = {"fid": range(len(shapes)), "code": [str(n) for n in range(len(shapes))]}
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
    layer = HeldLayer.of("l", frame, ("code",))
    square = shapely.transform(np.array(shapes, dtype=object), to_square)
    np.testing.assert_allclose(layer.bounds, shapely.bounds(square).reshape(-1, 4), rtol=1e-15)
    assert layer.is_area.tolist() == (shapely.get_dimensions(square) == 2).tolist()
    assert layer.first_zoom.tolist() == [first_zoom(shape) for shape in square]
    expected = Outlines.of(square)
    np.testing.assert_allclose(layer.outlines.xy, expected.xy, rtol=1e-15)
    for name in ("vertex_at", "outer", "ring_at"):
        assert getattr(layer.outlines, name).tolist() == getattr(expected, name).tolist()


@given(st.lists(SHAPES, max_size=12))
def test_rings_are_those_that_shapely_has(shapes: list[shapely.Geometry | None]) -> None:
    outlines = Outlines.of(np.array(shapes, dtype=object))
    rings = [
        [ring for part in shapely.get_parts(shape) for ring in shapely.get_rings(part)]
        for shape in shapes
    ]
    assert np.diff(outlines.ring_at).tolist() == [len(each) for each in rings]
    every = [ring for each in rings for ring in each]
    for number, ring in enumerate(every):
        run = slice(outlines.vertex_at[number], outlines.vertex_at[number + 1])
        found = outlines.xy[run].tolist()
        wanted = shapely.get_coordinates(ring)[:-1].tolist()
        assert found in (wanted, wanted[::-1])
        if wanted:
            clockwise = shapely.is_ccw(shapely.LinearRing(found)) == outlines.outer[number]
            assert clockwise
