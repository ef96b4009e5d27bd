"""Polygons read as tables: what shapely makes of the same blobs, one by one."""

from __future__ import annotations

import struct

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo_data.queries import place_columns
from geo_data.records import Scope
from geo_data.store.geopackage import to_blobs
from geo_data.tiles.flat_polygons import FlatPolygons
from tests.geo_data.lived_city import make_lived_city
from tests.geo_data.tiles.test_held_layer import SHAPES
from tests.stores import Stores


def same(one: FlatPolygons, other: FlatPolygons) -> None:
    assert one.count == other.count
    for field in ("xy", "size", "outer", "owner"):
        assert getattr(one, field).tolist() == getattr(other, field).tolist(), field


@given(st.lists(SHAPES, max_size=12))
def test_blobs_are_read_as_shapely_reads_them(shapes: list[shapely.Geometry | None]) -> None:
    column = np.empty(len(shapes), dtype=object)
    column[:] = shapes
    same(FlatPolygons.read(to_blobs(column)), FlatPolygons.of(column))


@given(st.lists(SHAPES, min_size=1, max_size=6))
def test_a_servers_text_is_read_too(shapes: list[shapely.Geometry | None]) -> None:
    column = np.empty(len(shapes), dtype=object)
    column[:] = shapes
    told = [None if one is None else shapely.to_wkb(one, hex=True) for one in shapes]
    same(FlatPolygons.read(told), FlatPolygons.of(column))


def test_blobs_of_other_programs() -> None:
    """Big-endian, with a larger envelope, with heights: all of the length of plain ones."""
    box = shapely.box(1, 2, 3, 4)
    (plain,) = to_blobs(np.array([box], dtype=object))
    assert plain is not None
    large = struct.pack("<2sBBi", b"GP", 0, 2 << 1 | 1, 4326) + bytes(48) + shapely.to_wkb(box)
    turned = plain[:40] + shapely.to_wkb(box, byte_order=0)
    tall = shapely.Polygon([(0, 0, 9), (1, 0, 9), (1, 1, 9)])
    high = plain[:40] + shapely.to_wkb(tall, output_dimension=3)
    five = shapely.Polygon([(0, 0), (1, 0), (1, 1), (0.5, 2), (0, 1)])
    (usual,) = to_blobs(np.array([five], dtype=object))
    assert usual is not None
    assert len(turned) == len(plain)
    assert len(high) == len(usual)
    values = [plain, large, turned, high, usual, None, plain]
    wanted = np.array([box, box, box, tall, five, None, box], dtype=object)
    same(FlatPolygons.read(values), FlatPolygons.of(wanted))
    same(FlatPolygons.read(values[::-1]), FlatPolygons.of(wanted[::-1]))


def test_the_footprints_of_a_store(stores: Stores) -> None:
    store = make_lived_city(stores.new())
    found = place_columns(store, Scope(), ["building", "residential"], columns=("code",))
    same(FlatPolygons.read(found.geometries), FlatPolygons.of(found.shapes()))
    assert FlatPolygons.read(found.geometries).has_rings().any()
    store.close()
