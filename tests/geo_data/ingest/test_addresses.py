"""Addresses as people write them, and the places they mean."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import geopandas as gpd
import pytest
from sqlalchemy import select

from geo_data.ingest import IncidentReport, apply
from geo_data.ingest.addresses import AddressBook
from geo_data.records import Severity
from geo_data.store import Store, write_layer
from tests.geo_data.small_city import AT, cell, make_small_city
from tests.stores import Stores

ROWS = [
    ("p1", "望江小区", "人民路100弄", "g1", 1.0, 2.0),
    ("p2", "5号楼", "人民路100弄5号", "g1", 1.1, 2.1),
    ("p3", "市民中心", "中山中路38号", "g2", 1.2, 2.2),
    ("p4", "便利店", "文诚路9号", "g1", 1.3, 2.3),
    ("p5", "药店", "文诚路9号", "g1", 1.4, 2.4),
    ("p6", "便利店", "文诚路11号", "g2", 1.5, 2.5),
    ("p7", "5号楼", None, "g2", 1.6, 2.6),
]
BOOK = AddressBook(ROWS, ["松江区", "岳阳街道"])


@pytest.mark.parametrize(
    ("text", "code", "by"),
    [
        ("人民路100弄5号", "p2", "address"),
        ("上海市松江区岳阳街道人民路 100 弄 5 号 302 室", "p2", "address"),
        ("人民路１００弄，西门口", "p1", "address"),
        ("松江区中山中路38号3楼", "p3", "address"),
        ("市民中心", "p3", "name"),
        ("岳阳街道·望江小区", "p1", "name"),
    ],
)
def test_an_address_is_found_however_it_is_written(text: str, code: str, by: str) -> None:
    found = BOOK.find(text)
    assert found is not None
    assert (found.code, found.by) == (code, by)


@pytest.mark.parametrize("text", ["人民路", "便利店", "5号楼", "松江区", "", "中山中路380号"])
def test_what_means_nothing_or_too_much_is_not_guessed(text: str) -> None:
    assert BOOK.find(text) is None


def test_places_of_one_region_at_one_address_tell_the_region() -> None:
    found = BOOK.find("文诚路9号")
    assert found is not None
    assert (found.region_code, found.code, found.lon) == ("g1", None, None)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    store = make_small_city(stores.new())
    frame = gpd.GeoDataFrame(
        {
            **{"code": ["b0"], "name": ["大厦"], "region_code": ["t0g0"]},
            "address": ["人民路1号"],
        },
        geometry=[cell(0.4, 0.4, 0.2, 0.2)],
        crs=4326,
    )
    write_layer(store, "places/building", frame, "test", AT)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("address", "named", "expected"),
    [
        ("小城人民路1号2楼", None, ("t0g0", "b0", "address")),
        ("大厦", "t0", ("t0g0", "b0", "name")),
        ("大厦", "t1", ("t1", None, "region")),
        ("没有的路", None, ("c", None, "region")),
    ],
)
def test_a_case_without_a_position_goes_where_its_address_is(
    store: Store, address: str, named: str | None, expected: tuple[str | None, ...]
) -> None:
    now = datetime(2025, 7, 1, 4, tzinfo=UTC)
    said = {"channel": "hotline", "category": "0102", "severity": Severity.GENERAL}
    times = {"happened_at": now, "reported_at": now, "address": address, "region_code": named}
    apply(store, [IncidentReport("app", "1", "C1", "暴露垃圾", **said, **times)], now)  # type: ignore[arg-type]
    table = store.tables.incidents.c
    with store.read() as connection:
        row = connection.execute(
            select(table.region_code, table.place_code, table.located_by, table.lon)
        ).one()
    assert tuple(row[:3]) == expected
    assert (row.lon is not None) == (expected[1] is not None)
