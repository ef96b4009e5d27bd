"""The search box finds by any part of a name, code or address, and by pinyin."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pytest

from geo_data.ingest import apply
from geo_data.queries import search
from geo_data.records import Scope
from geo_data.store import Store, write_layer
from tests.geo_data.lived_city import NOON, case, make_lived_city
from tests.geo_data.small_city import AT, cell
from tests.stores import Stores

ALL = Scope.everything()


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    store = make_lived_city(module_stores.new())
    names = ["九亭地铁站", "小九亭公园", "九亭", "第一百货"]
    frame = gpd.GeoDataFrame(
        {"code": [f"p{n}" for n in range(4)], "name": names, "region_code": "t0g0"},
        geometry=[cell(0, 0)] * 4,
        crs=4326,
    )
    write_layer(store, "places/park", frame, "test", AT)
    many = gpd.GeoDataFrame(
        {
            "code": [f"house-{n}" for n in range(300)],
            "name": [f"九亭花苑{n}号楼" for n in range(300)],
            "region_code": "t1g0",
        },
        geometry=[cell(2, 0)] * 300,
        crs=4326,
    )
    write_layer(store, "places/building", many, "test", AT)
    yield store
    store.close()


def found(store: Store, text: str, scope: Scope = ALL, limit: int = 20) -> list[str]:
    return [hit.code for hit in search(store, scope, text, limit)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("九亭", "p2"),
        ("九亭地铁", "p0"),
        ("jtdtz", "p0"),
        ("jiutingdi", "p0"),
        ("JTDTZ", "p0"),
        ("ＪＴＤＴＺ", "p0"),
        ("  地铁 ", "p0"),
        ("百货", "p3"),
        ("house-7", "house-7"),
        ("松汇路1号", "residential-1"),
        ("grid t1g3", "t1g3"),
        ("T1", "t1"),
        ("开发区", "f"),
        ("kfq", "f"),
        ("s3", "s3"),
        ("传感器4", "s4"),
        ("cgq4", "s4"),
    ],
)
def test_what_comes_first(store: Store, text: str, first: str) -> None:
    assert found(store, text)[0] == first


def test_whole_then_beginning_then_inside_then_the_many(store: Store) -> None:
    codes = found(store, "九亭")
    assert codes[:3] == ["p2", "p0", "house-0"]
    assert "p1" not in codes[:3]
    assert found(store, "小九")[0] == "p1"


def test_regions_before_places_before_sensors(store: Store) -> None:
    kinds = [hit.kind for hit in search(store, ALL, "g", 50)]
    order = ["region", "place", "sensor", "incident"]
    assert kinds == sorted(kinds, key=order.index)
    assert {"region", "place", "sensor"} <= set(kinds)


def test_no_kind_takes_all_of_the_list(store: Store) -> None:
    kinds = [hit.kind for hit in search(store, ALL, "t", 8)]
    assert kinds.count("region") == 4
    assert len(kinds) == 8


def test_what_a_hit_says(store: Store) -> None:
    (region,) = search(store, ALL, "grid t0g1", 1)
    assert (region.kind, region.name, region.detail, region.region_code) == (
        "region",
        "grid t0g1",
        "town t0",
        "t0g1",
    )
    (place,) = search(store, ALL, "松汇路2号", 1)
    assert (place.detail, place.region_code) == ("松汇路2号", "t2g0")
    (sensor,) = search(store, ALL, "s5", 1)
    assert (sensor.kind, sensor.detail) == ("sensor", "grid t2g0")


@pytest.mark.parametrize("text", ["SJ2025-3", "sj2025-3", "暴露垃圾 3", "谷阳路3号"])
def test_incidents_by_number_title_and_address(store: Store, text: str) -> None:
    (hit,) = [hit for hit in search(store, ALL, text) if hit.kind == "incident"]
    assert hit.name == "暴露垃圾 3"
    assert hit.detail == "SJ2025-3 谷阳路3号"
    assert hit.code.isdecimal()


def test_signs_of_the_database_are_plain_text(store: Store) -> None:
    for text in ("%", "_", "100%", "'", '"', "\x1f", "\\"):
        assert found(store, text) == []


@pytest.mark.parametrize("text", ["", "  ", "zzzz", "九亭地铁站九亭地铁站"])
def test_nothing(store: Store, text: str) -> None:
    assert found(store, text) == []
    assert found(store, "九亭", limit=0) == []


def test_no_more_than_asked_for(store: Store) -> None:
    for limit in (1, 2, 5, 400):
        codes = found(store, "九亭", limit=limit)
        assert len(codes) == min(limit, 303)
        assert len(set(codes)) == len(codes)


def test_withheld_fields_are_not_searched(store: Store) -> None:
    nameless = Scope(masked=frozenset({"name"}))
    assert found(store, "九亭地铁", nameless) == []
    assert found(store, "jtdtz", nameless) == []
    (hit,) = search(store, nameless, "p0", 1)
    assert hit.name == "***"
    placeless = Scope(masked=frozenset({"address", "title"}))
    assert found(store, "松汇路", placeless) == []
    assert found(store, "谷阳路", placeless) == []
    assert found(store, "暴露垃圾", placeless) == []
    (case_hit,) = search(store, placeless, "SJ2025-3", 1)
    assert (case_hit.name, case_hit.detail) == ("***", "SJ2025-3")


def test_new_names_are_found_at_once(stores: Stores) -> None:
    store = make_lived_city(stores.new())
    assert found(store, "新来的") == []
    frame = gpd.GeoDataFrame(
        {"code": ["new"], "name": ["新来的\n公园"], "region_code": ["t0g0"]},
        geometry=[cell(0, 0)],
        crs=4326,
    )
    write_layer(store, "places/park", frame, "test", AT)
    apply(store, [case("new", title="新来的案件")], NOON)
    hits = search(store, ALL, "新来的")
    assert [hit.kind for hit in hits] == ["place", "incident"]
    assert found(store, "residential-0") == ["residential-0"]
    store.close()
