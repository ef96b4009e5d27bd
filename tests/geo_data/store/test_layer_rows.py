"""Whole layers: replaced in one transaction, completed, told in the change log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import select

from geo_data.store import Store, note_layer, open_store, write_layer
from tests.geo_data.small_city import AT, cell, make_small_city
from tests.stores import Address, Stores


@pytest.fixture(scope="module")
def made(module_stores: Stores) -> Address:
    address = module_stores.new()
    make_small_city(address).close()
    return address


@pytest.fixture
def store(made: Address, stores: Stores) -> Iterator[Store]:
    store = open_store(stores.copy(made))
    yield store
    store.close()


def parks(*codes: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"code": list(codes), "name": list(codes), "region_code": "t0g0"},
        geometry=[cell(n, 0) for n in range(len(codes))],
        crs=4326,
    )


def count(store: Store, table: str) -> int:
    with store.read() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def _found(store: Store) -> int:
    """How many places the spatial index of the store knows."""
    if store.dialect.name == "sqlite":
        return count(store, "rtree_places_geom")
    everywhere = "ST_MakeEnvelope(-180, -90, 180, 90, 4326)"
    with store.read() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        asked = f"SELECT count(*) FROM places WHERE geom && {everywhere}"
        assert "places_geom" in str(connection.exec_driver_sql(f"EXPLAIN {asked}").all())
        return int(connection.exec_driver_sql(asked).scalar_one())


def test_a_layer_is_replaced_and_no_other(store: Store) -> None:
    places = count(store, "places")
    assert write_layer(store, "places/park", parks("p1", "p2"), "test", AT) == 1
    assert count(store, "places") == places + 2
    assert write_layer(store, "places/park", parks("p3"), "test", AT + timedelta(1)) == 2
    assert count(store, "places") == _found(store) == places + 1
    known = store.layers()["places/park"]
    assert (known.version, known.rows, known.updated_at) == (2, 1, AT + timedelta(1))


def test_it_is_told_in_the_change_log(store: Store) -> None:
    with store.read() as connection:
        before = connection.execute(select(store.tables.changes)).all()
    write_layer(store, "places/park", parks("p1"), "test", AT)
    with store.read() as connection:
        (*old, new) = connection.execute(select(store.tables.changes)).all()
    assert old == before
    assert (new.topic, new.at) == ("layers", AT)
    assert new.body == '{"layer": "places/park", "version": 1}'


def test_row_numbers_are_not_used_again_at_once(store: Store) -> None:
    """A browser may still hold the old numbers when the new rows come."""
    fids = select(store.tables.places.c.fid).where(store.tables.places.c.kind == "park")
    seen: list[set[int]] = []
    for _ in range(2):
        write_layer(store, "places/park", parks("p1", "p2"), "test", AT)
        with store.read() as connection:
            seen.append(set(connection.scalars(fids)))
    assert not seen[0] & seen[1]


@pytest.mark.parametrize(
    ("layer", "frame", "reason"),
    [
        ("places/park", parks("p1", "p1"), "(?i)unique"),
        ("places/park", parks("p1").drop(columns="region_code"), "region_code"),
        ("places/park", parks("p1").to_crs(3857), "EPSG:4326"),
        ("places", parks("p1"), "no layer"),
        ("sensors/noise", parks("p1"), "no layer"),
        ("incidents", parks("p1"), "no layer"),
    ],
)
def test_a_bad_frame_leaves_the_store_as_it_was(
    store: Store, layer: str, frame: gpd.GeoDataFrame, reason: str
) -> None:
    write_layer(store, "places/park", parks("old"), "test", AT)
    before = (store.versions(), count(store, "places"), _found(store))
    with pytest.raises(Exception, match=reason):
        write_layer(store, layer, frame, "test", AT)
    after = (store.versions(), count(store, "places"), _found(store))
    assert after == before
    assert write_layer(store, "places/park", parks("new"), "test", AT) == 2


def test_what_the_frame_does_not_say_is_filled_in(store: Store) -> None:
    ring = cell(0, 0, 3, 3).difference(cell(1, 1))
    frame = parks("九亭公园").set_geometry([ring], crs=4326)
    frame["attributes"] = [{"等级": "A"}]
    frame["floors"] = np.array([np.nan])
    write_layer(store, "places/park", frame, "test", AT)
    with store.read() as connection:
        table = store.tables.places
        row = connection.execute(select(table).where(table.c.kind == "park")).one()
    assert (row.pinyin, row.floors, row.site_code) == ("jtgy jiutinggongyuan", None, None)
    assert row.attributes == '{"等级": "A"}'
    # The centroid of a ring lies in its hole: the label stands beside it.
    assert ring.covers(shapely.Point(row.lon, row.lat))


def test_an_empty_layer_is_a_layer(store: Store) -> None:
    write_layer(store, "places/park", parks("p"), "test", AT)
    empty = parks("p").iloc[:0]
    assert write_layer(store, "places/park", empty, "test", AT) == 2
    assert store.layers()["places/park"].rows == 0


def test_times_of_a_layer_never_move_back(store: Store) -> None:
    with store.write() as connection:
        for at in (AT, AT - timedelta(hours=1)):
            note_layer(connection, store.tables, "readings", at=at, data_at=at, rows=3)
        note_layer(connection, store.tables, "readings", at=AT)
    known = store.layers()["readings"]
    assert (known.version, known.updated_at, known.data_at, known.rows) == (3, AT, AT, 3)
