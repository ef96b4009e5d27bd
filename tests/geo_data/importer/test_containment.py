"""What lies in what, against shapely's slow and simple answers."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo_data.importer import containment


def squares(*corners: tuple[float, float, float], codes: str = "abcdef") -> gpd.GeoDataFrame:
    """Squares by south-west corner and side, in hundredths of a degree from 121 E 31 N."""
    shapes = [
        shapely.box(121 + x / 100, 31 + y / 100, 121 + (x + side) / 100, 31 + (y + side) / 100)
        for x, y, side in corners
    ]
    return gpd.GeoDataFrame({"code": list(codes[: len(shapes)])}, geometry=shapes, crs=4326)


def points(*at: tuple[float, float]) -> np.ndarray:
    return shapely.points([(121 + x / 100, 31 + y / 100) for x, y in at])


corner = st.integers(0, 8)
grid = st.lists(st.tuples(corner, corner, st.integers(1, 4)), min_size=1, max_size=6)
inside = st.floats(0.01, 11.99).filter(lambda value: abs(value - round(value)) > 1e-3)


@given(grid, st.lists(st.tuples(inside, inside), min_size=1, max_size=20))
def test_a_point_belongs_to_the_smallest_area_around_it(
    corners: list[tuple[float, float, float]], at: list[tuple[float, float]]
) -> None:
    areas = squares(*corners)
    found = containment.holders(points(*at), areas)
    for point, code in zip(points(*at), found, strict=True):
        around = areas[areas.contains(point)]
        if around.empty:
            assert code == containment.NOWHERE
        else:
            smallest = min(zip(shapely.area(around.geometry), around["code"], strict=True))
            assert around.set_index("code").geometry[code].area == pytest.approx(smallest[0])


def test_a_point_on_a_common_border_goes_to_the_first_code() -> None:
    for codes in ("ab", "ba"):
        areas = squares((0, 0, 2), (2, 0, 2), codes=codes)
        assert list(containment.holders(points((2, 1)), areas)) == ["a"]


def test_the_finest_region_that_holds_a_point_wins() -> None:
    town = squares((0, 0, 4), codes="t")
    cell = squares((0, 0, 2), codes="g")
    found = containment.finest_holders(points((1, 1), (3, 3), (9, 9)), [town, cell])
    assert list(found) == ["g", "t", containment.NOWHERE]


def test_no_points_and_no_areas_are_no_trouble() -> None:
    empty = squares((0, 0, 1)).iloc[:0]
    assert list(containment.holders(points((1, 1)), empty)) == [containment.NOWHERE]
    assert len(containment.holders(np.array([], dtype=object), squares((0, 0, 1)))) == 0


def test_a_child_goes_where_most_of_it_lies() -> None:
    parents = squares((0, 0, 4), (4, 0, 4))
    children = squares((1, 1, 2), (3, 0, 3), (7, 0, 2), (20, 20, 1), codes="wxyz")
    found = containment.parents_by_overlap(children, parents, "EPSG:4549")
    assert list(found["parent"]) == ["a", "b", "b", containment.NOWHERE]
    assert found["share"].to_list() == pytest.approx([1, 2 / 3, 0.5, 0], abs=1e-3)
    assert found["inside"].to_list() == pytest.approx([1, 1, 0.5, 0], abs=1e-3)


def test_overlaps_are_measured_in_square_metres() -> None:
    areas = squares((0, 0, 2), (1, 0, 2), (3, 0, 1))
    (pair,) = containment.overlaps(areas, "EPSG:4549", least_m2=1.0).itertuples()
    assert (pair.first, pair.second) == (0, 1)
    # 0.01° by 0.02° at 31° N: 955 m by 2,217 m.
    assert pair.shared_m2 == pytest.approx(955 * 2217, rel=0.01)


def test_gaps_are_what_children_leave_of_their_parent() -> None:
    parents = squares((0, 0, 2), (2, 0, 2))
    children = squares((0, 0, 1), (1, 0, 1), (0, 1, 1), codes="xyz").assign(parent_code="a")
    gaps = containment.gaps(children, parents, "EPSG:4549")
    assert list(gaps.index) == ["a"]
    assert gaps["share"].to_list() == pytest.approx([0.25], rel=1e-3)


def test_an_outline_closes_specks_and_keeps_lakes() -> None:
    lake, speck = shapely.box(1, 1, 2, 2), shapely.box(5, 5, 5.01, 5.01)
    whole = shapely.box(0, 0, 10, 10)
    left = whole.difference(lake).difference(speck).intersection(shapely.box(0, 0, 5, 10))
    right = whole.difference(speck).intersection(shapely.box(5, 0, 10, 10))
    shape, closed = containment.outline([left, right])
    assert closed == 1
    assert shape.equals(whole.difference(lake))
