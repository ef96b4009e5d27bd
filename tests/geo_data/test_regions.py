"""The drill chain in memory: any levels, any codes, and nothing outside the scope."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pytest

from geo_data.city import City
from geo_data.faults import InputError
from geo_data.queries import RegionTree, region_shapes, region_tree
from geo_data.records import Scope
from geo_data.store import Store, open_store, write_layer
from tests.geo_data.lived_city import write_areas
from tests.geo_data.small_city import AT, CITY, GRIDS, cell, make_small_city
from tests.stores import Stores

ALL = Scope.everything()


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    store = make_small_city(module_stores.new())
    write_areas(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def tree(store: Store) -> RegionTree:
    return region_tree(store, ALL)


def codes(regions: list) -> list[str]:
    return [region.code for region in regions]


def test_the_chain_down_and_up(tree: RegionTree) -> None:
    assert (tree.root.code, tree.root.parent_code) == ("c", None)
    assert codes(tree.children("c")) == ["t0", "t1", "t2"]
    assert codes(tree.children("t2")) == ["t2g0", "t2g1"]
    assert tree.children("t2g0") == []
    assert codes(tree.ancestors("t1g3")) == ["c", "t1", "t1g3"]
    assert [tree.level_index(code) for code in ("c", "t1", "t1g3", "f")] == [0, 1, 2, -1]


def test_what_is_below(tree: RegionTree) -> None:
    assert tree.subtree("t2") == ("t2", "t2g0", "t2g1")
    assert tree.finest("t2") == ("t2g0", "t2g1")
    assert tree.finest("t2g1") == ("t2g1",)
    assert sorted(tree.finest("c")) == sorted(GRIDS)
    assert tree.codes_at("town") == ["t0", "t1", "t2"]
    assert tree.codes_at("functional") == ["f"]


def test_every_subtree_is_a_run_of_numbers(tree: RegionTree) -> None:
    for region in tree.regions()[:-1]:
        start, end = tree.span(region.code)
        assert tree.order(tree.subtree(region.code)).tolist() == list(range(start, end))
    assert tree.order(["t0", None, "nowhere", "f"]).tolist()[1:] == [-1, -1, -1]


def test_which_lies_in_which(tree: RegionTree) -> None:
    for outer in tree.regions()[:-1]:
        for inner in tree.regions()[:-1]:
            inside = inner.code in tree.subtree(outer.code)
            assert tree.contains(outer.code, inner.code) == inside
    assert tree.contains("c", "f")
    assert tree.contains("f", "f")
    assert not tree.contains("t0", "f")
    assert not tree.contains("f", "t0g0")
    assert not tree.contains("c", "nowhere")


def test_a_functional_area_is_beside_the_chain(tree: RegionTree) -> None:
    (area,) = tree.functional
    assert (area.code, area.parent_code, area.level) == ("f", "c", "functional")
    assert "f" not in codes(tree.children("c"))
    assert tree.children("f") == []
    assert codes(tree.ancestors("f")) == ["c", "f"]
    # It covers the middles of four grids, none of them whole.
    assert tree.finest("f") == tree.subtree("f") == ("t0g0", "t0g1", "t1g0", "t1g1")


def test_regions_know_their_size(tree: RegionTree) -> None:
    town = tree.get("t0")
    assert town is not None
    west, south, east, north = cell(0, 0, 2, 2).bounds
    assert town.bbox == pytest.approx((west, south, east, north))
    assert (town.lon, town.lat) == pytest.approx(((west + east) / 2, (south + north) / 2))
    assert town.area_km2 == pytest.approx(4 * 0.955 * 1.109, rel=0.01)
    assert town.population is None


def test_a_scope_begins_lower(store: Store) -> None:
    tree = region_tree(store, Scope(region_code="t1"))
    assert tree.root.code == "t1"
    assert codes(tree.ancestors("t1g0")) == ["t1", "t1g0"]
    assert codes(tree.regions()) == ["t1", "t1g0", "t1g1", "t1g2", "t1g3"]
    assert [tree.get(code) for code in ("c", "t0", "t0g0", "f")] == [None] * 4
    assert tree.functional == []
    assert tree.order(["c", "t0g0"]).tolist() == [-1, -1]
    assert not tree.is_whole_city
    for ask in (tree.children, tree.subtree, tree.ancestors, tree.level_index, tree.span):
        with pytest.raises(KeyError):
            ask("t0")


def test_a_scope_that_does_not_exist_sees_nothing(store: Store) -> None:
    with pytest.raises(InputError) as error:
        region_tree(store, Scope(region_code="nowhere"))
    assert error.value.faults[0].key == "scope-region"


def test_a_store_without_regions_says_so(stores: Stores) -> None:
    store = open_store(stores.new(), CITY, create=True)
    with pytest.raises(InputError) as error:
        region_tree(store, ALL)
    assert (error.value.exit_code, error.value.faults[0].key) == (3, "store-empty")
    store.close()


@pytest.mark.parametrize("scope", [ALL, Scope(region_code="t1")])
@pytest.mark.parametrize("level", ["district", "town", "grid", "functional"])
def test_shapes_are_those_of_the_tree(store: Store, level: str, scope: Scope) -> None:
    frame = region_shapes(store, scope, level)
    assert frame["code"].tolist() == region_tree(store, scope).codes_at(level)
    assert list(frame.columns) == ["code", "parent_code", "name", "geometry"]
    assert frame.crs.to_epsg() == 4326
    assert (frame.geometry.geom_type == "MultiPolygon").all()


def test_nobody_can_spoil_the_shapes_of_others(store: Store) -> None:
    frame = region_shapes(store, ALL, "town")
    frame["name"] = "spoilt"
    frame.loc[0, "code"] = "spoilt"
    assert "spoilt" not in region_shapes(store, ALL, "town")[["code", "name"]].to_numpy()


def test_new_regions_are_seen_at_once_and_the_tree_is_not_built_again_before(
    stores: Stores,
) -> None:
    store = make_small_city(stores.new())
    old = region_tree(store, ALL)
    assert region_tree(store, ALL) is old
    frame = gpd.GeoDataFrame(
        {"code": ["t9"], "parent_code": ["c"], "name": ["新镇"]}, geometry=[cell(0, 0)], crs=4326
    )
    write_layer(store, "regions/town", frame, "test", AT)
    assert codes(region_tree(store, ALL).children("c")) == ["t9"]
    assert codes(old.children("c")) == ["t0", "t1", "t2"]
    store.close()


def test_another_city_with_codes_of_no_shape(stores: Stores) -> None:
    """Codes that are no prefixes of each other, four levels, other words: no code needed."""
    keys = ("realm", "city", "ward", "precinct")
    city = City.model_validate(
        {
            "code": "Ω",
            "name": {"zh": "湾", "en": "Bay"},
            "bbox": (121, 31, 122, 32),
            "metric-crs": "EPSG:32651",
            "levels": [{"key": key, "name": {"zh": key, "en": key}} for key in keys],
        }
    )
    store = open_store(stores.new(), city, create=True)
    rows = {
        "realm": {"Ω": None},
        "city": {"7": "Ω"},
        "ward": {"W-2": "7", "ω/1": "7"},
        "precinct": {"a": "ω/1", "W-21": "ω/1", "70": "W-2"},
    }
    for level, parents in rows.items():
        frame = gpd.GeoDataFrame(
            {"code": list(parents), "parent_code": list(parents.values()), "name": level},
            geometry=[cell(0, 0)] * len(parents),
            crs=4326,
        )
        write_layer(store, f"regions/{level}", frame, "test", AT)
    tree = region_tree(store, Scope(region_code="7"))
    assert tree.root.code == "7"
    assert set(tree.finest("ω/1")) == {"a", "W-21"}
    assert tree.finest("W-2") == ("70",)
    assert tree.level_index("70") == 3
    assert not tree.contains("W-2", "W-21")
    store.close()
