import re
from collections import Counter

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_data.demo.district import District, make_district
from geo_data.demo.making import DemoCity
from geo_data.demo.outline import read_outline
from geo_data.demo.planning import make_plan

TOWNS = {
    "310117001": "岳阳街道",
    "310117002": "永丰街道",
    "310117003": "方松街道",
    "310117004": "中山街道",
    "310117005": "广富林街道",
    "310117006": "九里亭街道",
    "310117102": "泗泾镇",
    "310117103": "佘山镇",
    "310117104": "车墩镇",
    "310117105": "新桥镇",
    "310117106": "洞泾镇",
    "310117107": "九亭镇",
    "310117109": "泖港镇",
    "310117116": "石湖荡镇",
    "310117117": "新浜镇",
    "310117120": "叶榭镇",
    "310117121": "小昆山镇",
}


@pytest.fixture(params=["songjiang", "small"])
def city(request: pytest.FixtureRequest) -> DemoCity:
    found: DemoCity = request.getfixturevalue(request.param)
    return found


def frames(city: DemoCity) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    return tuple(city.layers[f"regions/{level}"] for level in ("district", "town", "grid"))


def test_regions_are_topology_clean(city: DemoCity) -> None:
    for frame in (*frames(city), city.regions.villages):
        shapes = frame.geometry.to_numpy()
        assert shapely.is_valid(shapes).all()
        assert shapely.coverage_is_valid(shapes)


def test_children_tile_their_parent(city: DemoCity) -> None:
    district, towns, grids = frames(city)
    metric = city.plan.outline.metric_crs
    area = {
        level: frame.to_crs(metric).area.to_numpy()
        for level, frame in (("district", district), ("town", towns), ("grid", grids))
    }
    of_town = np.array(
        [area["grid"][(grids["parent_code"] == code).to_numpy()].sum() for code in towns["code"]]
    )
    assert np.allclose(of_town, area["town"], rtol=1e-9, atol=0)
    assert area["town"].sum() == pytest.approx(area["district"][0], rel=1e-9)
    assert area["district"][0] == pytest.approx(city.plan.outline.area_m2, rel=1e-6)
    villages = city.regions.villages.to_crs(metric).area.to_numpy()
    codes = city.regions.grids["village_code"].to_numpy()
    of_village = [area["grid"][codes == code].sum() for code in city.regions.villages["code"]]
    assert np.allclose(of_village, villages, rtol=1e-9, atol=0)


def test_children_share_vertices_with_their_parent(city: DemoCity) -> None:
    _, towns, grids = frames(city)
    points = {tuple(at) for at in shapely.get_coordinates(grids.geometry.to_numpy()).tolist()}
    border = shapely.get_coordinates(towns.geometry.to_numpy()).tolist()
    assert all(tuple(at) in points for at in border)


def test_codes_follow_the_rules(city: DemoCity) -> None:
    _, towns, grids = frames(city)
    villages = city.regions.villages
    assert all(re.fullmatch(r"\d{9}", code) for code in towns["code"])
    assert all(re.fullmatch(r"\d{12}", code) for code in villages["code"])
    assert all(re.fullmatch(r"\d{15}", code) for code in grids["code"])
    assert grids["code"].is_unique
    assert villages["code"].is_unique
    assert (grids["code"].str[:12] == city.regions.grids["village_code"]).all()
    assert (grids["code"].str[:9] == grids["parent_code"]).all()
    assert (villages["code"].str[:9] == villages["region_code"]).all()
    assert set(towns["parent_code"]) == {city.plan.outline.adcode}
    urban = villages["code"].str[-3:].astype(int) < 200
    assert (villages["name"].str.endswith("社区") == urban).all()
    assert (villages["code"].str[-3:] != "000").all()


def test_grids_are_numbered_from_one_in_every_village(city: DemoCity) -> None:
    grids = city.layers["regions/grid"]
    by_village: dict[str, list[int]] = {}
    for code in grids["code"]:
        by_village.setdefault(code[:12], []).append(int(code[12:]))
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in by_village.values())


def test_songjiang_has_its_seventeen_towns_about_where_they_are(songjiang: DemoCity) -> None:
    towns = songjiang.layers["regions/town"]
    assert dict(zip(towns["code"], towns["name"], strict=True)) == TOWNS
    assert (towns.geometry.geom_type == "Polygon").all()
    seats = {seat.code: seat for seat in songjiang.plan.seats}
    metric = towns.to_crs(songjiang.plan.outline.metric_crs)
    for code, shape in zip(metric["code"], metric.geometry, strict=True):
        seat = seats[code]
        assert shape.distance(shapely.Point(seat.x, seat.y)) < 600.0
        assert 0.45 < shape.area / 1e6 / seat.area_km2 < 1.8


def test_songjiang_is_as_rich_as_promised(songjiang: DemoCity) -> None:
    rows = {layer: len(frame) for layer, frame in songjiang.layers.items()}
    assert rows["regions/grid"] >= 1_500
    assert rows["places/village"] >= 380
    assert rows["places/park"] >= 60
    assert rows["places/residential"] >= 500
    assert rows["places/building"] >= 100_000
    assert rows["sensors"] >= 5_000
    assert rows["regions/functional"] == 1


def test_population_adds_up(songjiang: DemoCity, small: DemoCity) -> None:
    for city in (songjiang, small):
        district, towns, grids = frames(city)
        assert district["population"].sum() == towns["population"].sum()
        assert towns["population"].sum() == grids["population"].sum()
        assert (towns["population"] > 0).all()
    assert songjiang.layers["regions/district"]["population"][0] == pytest.approx(1.9e6, rel=1e-3)


def test_functional_area_lies_across_towns(songjiang: DemoCity) -> None:
    (zone,) = songjiang.layers["regions/functional"].geometry
    towns = songjiang.layers["regions/town"]
    crossed = [
        name
        for name, shape in zip(towns["name"], towns.geometry, strict=True)
        if shape.intersection(zone).area > 0.02 * zone.area
    ]
    assert len(crossed) >= 3
    assert songjiang.layers["regions/functional"]["parent_code"][0] == "310117"


def test_towns_elsewhere_have_made_up_codes_and_names(small: DemoCity) -> None:
    towns = small.layers["regions/town"]
    assert towns["code"].tolist() == [f"310109{n:03d}" for n in range(1, len(towns) + 1)]
    assert towns["name"].is_unique


@pytest.fixture(scope="module", params=["320302", "330902", "659004"])
def odd_district(request: pytest.FixtureRequest) -> District:
    """Districts with holes, with islands, with parts far apart."""
    return make_district(make_plan(read_outline(request.param), 3), 3)


def test_odd_outlines_are_tiled_too(odd_district: District) -> None:
    assert shapely.is_valid(odd_district.grids).all()
    assert shapely.coverage_is_valid(odd_district.grids)
    whole = odd_district.plan.outline.area_m2
    assert shapely.area(odd_district.grids).sum() == pytest.approx(whole, rel=1e-9)
    assert shapely.area(odd_district.towns).sum() == pytest.approx(whole, rel=1e-9)
    assert len(odd_district.towns) == len(odd_district.plan.seats)
    assert max(Counter(odd_district.grid_codes).values()) == 1


def test_equal_seeds_make_equal_districts_and_others_do_not(small: DemoCity) -> None:
    plan = make_plan(read_outline("310109"), 20240601)
    again = make_district(plan, 20240601)
    other = make_district(make_plan(read_outline("310109"), 8), 8)
    assert shapely.equals_exact(again.grids, small.district.grids, tolerance=0.0).all()
    assert again.grid_names == small.district.grid_names
    assert other.grid_names != again.grid_names
