"""The encoder against another reader, with any numbers, shapes and values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_data.tiles import mvt
from geo_data.tiles.commands import point_commands, ring_commands
from geo_data.tiles.mvt import POINT, POLYGON, Column, Features, leb128, varint_lengths
from geo_data.tiles.outlines import Outlines
from geo_data.tiles.projection import EXTENT


def polygons(shapes: Sequence[shapely.Geometry], **columns: list[Any]) -> Features:
    """Shapes in tile units, y downwards."""
    outlines = Outlines.of(np.array(shapes, dtype=object))
    xy, size, outer, owner = outlines.take(np.arange(len(shapes)))
    grid = np.rint(xy).astype(np.int64)
    commands, counts = ring_commands(grid, size, outer, owner, len(shapes))
    said = [Column.of(key, values) for key, values in columns.items()]
    return Features(POLYGON, np.arange(1, len(shapes) + 1), commands, counts, said)


def read(*groups: Features) -> list[dict[str, Any]]:
    body = mvt.layer_bytes("l", groups)
    decoded = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
    found: list[dict[str, Any]] = decoded["l"]["features"]
    return found


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_varints_are_those_of_protobuf(numbers: list[int]) -> None:
    whole = np.array(numbers, dtype=np.uint64)
    lengths = varint_lengths(whole)
    expected = [mvt._varint(number) for number in numbers]
    assert leb128(whole, lengths).tobytes() == b"".join(expected)
    assert lengths.tolist() == [len(one) for one in expected]


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_any_polygons_are_read_as_they_were_meant(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = []
    for _ in range(3):
        points = rng.uniform(0, EXTENT, (8, 2))
        outer = shapely.MultiPoint(points).convex_hull.buffer(rng.uniform(20, 300), quad_segs=3)
        shape = outer.difference(outer.centroid.buffer(min(60, math.sqrt(outer.area) / 4)))
        if rng.random() < 0.5:
            shape = shape.union(shapely.box(-400, -400, -300, -300))
        shapes.append(shape.reverse() if rng.random() < 0.5 else shape)
    names = ["x", None, "x"]
    found = read(polygons(shapes, name=names, height=rng.integers(0, 900, 3).tolist()))
    assert [one["id"] for one in found] == [1, 2, 3]
    assert [one["properties"].get("name") for one in found] == names
    for one, shape in zip(found, shapes, strict=True):
        seen = shapely.geometry.shape(one["geometry"])
        assert seen.is_valid
        assert seen.symmetric_difference(shape).area < 0.03 * shape.area


def test_specks_and_empty_shapes_have_no_geometry() -> None:
    speck = shapely.box(10, 10, 10.2, 10.2)
    group = polygons([speck, shapely.Polygon(), shapely.box(0, 0, 9, 9)], code=["a", "b", "c"])
    assert (group.counts > 0).tolist() == [False, False, True]
    (feature,) = read(group)
    assert (feature["id"], feature["properties"]) == (3, {"code": "c"})
    assert mvt.layer_bytes("l", [polygons([speck]), polygons([])]) == b""


def test_a_hole_that_closes_is_gone_and_one_whose_outer_ring_closes_too() -> None:
    pierced = shapely.box(0, 0, 100, 100).difference(shapely.box(50, 50, 50.3, 50.3))
    (feature,) = read(polygons([pierced]))
    assert len(feature["geometry"]["coordinates"]) == 1
    ring = shapely.box(0, 0, 0.4, 0.4).difference(shapely.box(0.1, 0.1, 0.3, 0.3))
    assert mvt.layer_bytes("l", [polygons([ring])]) == b""


def test_values_of_every_type_come_back() -> None:
    values = ["松江", 0, -5, 3.5, True, 1]
    columns = [Column.of(f"k{n}", [value]) for n, value in enumerate(values)]
    columns.append(Column.of("no", [None]))
    commands, counts = point_commands(np.array([[1, 2]]))
    (feature,) = read(Features(POINT, np.array([300]), commands, counts, columns))
    assert feature["properties"] == {f"k{n}": value for n, value in enumerate(values)}
    assert feature["id"] == 300


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 128, 16_383, 16_384])
def test_texts_of_any_length_come_back(length: int) -> None:
    commands, counts = point_commands(np.array([[1, 2]]))
    text = np.empty(1, dtype=object)
    text[0] = mvt.value_bytes("x" * length)
    column = Column("k", text, np.zeros(1, dtype=np.int64), is_unique=True)
    (feature,) = read(Features(POINT, np.array([1]), commands, counts, [column]))
    assert feature["properties"] == {"k": "x" * length}


def test_values_that_are_equal_but_of_different_types_are_kept_apart() -> None:
    commands, counts = point_commands(np.array([[1, 2], [3, 4], [5, 6]]))
    column = Column.of("k", [True, 1, float("nan")])
    found = read(Features(POINT, np.array([1, 2, 3]), commands, counts, [column]))
    assert [one["properties"] for one in found] == [{"k": True}, {"k": 1}, {}]
    assert found[0]["properties"]["k"] is True


@given(
    st.one_of(
        st.lists(st.none() | kind, max_size=30)
        for kind in (
            *(st.text(max_size=2), st.integers(-3, 3), st.floats(width=16), st.booleans()),
            st.sampled_from(["", "1", 1, 1.0, True, 0, -0.0, float("nan")]),
        )
    )
)
def test_a_column_says_of_each_row_what_was_given(values: list[Any]) -> None:
    column = Column.of("k", values)
    rows = zip(column.codes.tolist(), values, strict=True)
    said = [None if code < 0 else column.values[code] for code, _ in rows]
    assert said == [
        None
        if value is None or value == "" or value != value
        else mvt.value_bytes(
            int(value) if isinstance(value, float) and value.is_integer() else value
        )
        for value in values
    ]
    told = [code for code in column.codes.tolist() if code >= 0]
    assert column.is_unique == (len(told) == len(column.values))
