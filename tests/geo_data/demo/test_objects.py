import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_data.demo.columns import running
from geo_data.demo.footprints import SHAPES, heading, outlines
from geo_data.demo.making import DemoCity
from geo_data.dictionaries import place_kinds, sensor_kinds


@pytest.fixture(params=["songjiang", "small"])
def city(request: pytest.FixtureRequest) -> DemoCity:
    found: DemoCity = request.getfixturevalue(request.param)
    return found


def within(frame: gpd.GeoDataFrame, column: str, areas: gpd.GeoDataFrame) -> np.ndarray:
    """Whether each row lies in the area that its column names."""
    shape = areas.set_index("code").geometry
    outer = shape.reindex(frame[column]).to_numpy()
    shapely.prepare(outer)
    return shapely.covers(outer, frame.geometry.to_numpy())


def places(city: DemoCity) -> dict[str, gpd.GeoDataFrame]:
    return {
        layer.removeprefix("places/"): frame
        for layer, frame in city.layers.items()
        if layer.startswith("places/")
    }


def test_codes_are_unique_over_all_places(city: DemoCity) -> None:
    codes = [code for frame in places(city).values() for code in frame["code"]]
    assert len(set(codes)) == len(codes)


def test_every_kind_is_in_the_dictionary(city: DemoCity) -> None:
    assert set(places(city)) <= set(place_kinds())
    assert set(city.layers["sensors"]["kind"]) == set(sensor_kinds())


def test_objects_lie_in_the_region_they_name(city: DemoCity) -> None:
    grids, towns = city.layers["regions/grid"], city.layers["regions/town"]
    for kind, frame in places(city).items():
        if kind == "village":
            assert within(frame, "region_code", towns).all()
        elif kind != "water":
            assert within(frame, "region_code", grids).all(), kind
    assert within(city.layers["sensors"], "region_code", grids).all()


def test_buildings_stand_on_their_site(city: DemoCity) -> None:
    buildings = city.layers["places/building"]
    found = places(city)
    for kind in ("residential", "park"):
        own = buildings[buildings["site_code"].isin(set(found[kind]["code"]))]
        assert len(own) > 3 * len(found[kind])
        assert within(own, "site_code", found[kind]).all()
        counted = own.groupby("site_code").size()
        said = {
            code: attributes["buildings"]
            for code, attributes in zip(found[kind]["code"], found[kind]["attributes"], strict=True)
        }
        assert counted.to_dict() == said


def test_buildings_do_not_overlap(small: DemoCity) -> None:
    shapes = small.layers["places/building"].geometry.to_numpy()
    one, two = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    assert len(one) == 0
    one, two = shapely.STRtree(shapes).query(shapes, predicate="contains")
    assert (one == two).all()


def test_buildings_have_floors_and_use(songjiang: DemoCity) -> None:
    buildings = songjiang.layers["places/building"]
    assert buildings["floors"].between(1, 40).all()
    share = buildings["use"].value_counts(normalize=True)
    assert set(share.index) == {
        *("residential", "industrial", "commercial", "office", "school", "hospital")
    }
    assert share.index[0] == "residential"
    assert shapely.is_valid(buildings.geometry.to_numpy()).all()
    metric = buildings.to_crs(songjiang.plan.outline.metric_crs)
    assert metric.area.between(25.0, 6_000.0).all()
    assert buildings["name"].str.len().min() > 2
    assert buildings["address"].notna().all()


def test_town_is_denser_than_country(songjiang: DemoCity) -> None:
    grids = songjiang.layers["regions/grid"]
    area_km2 = grids.to_crs(songjiang.plan.outline.metric_crs).area.to_numpy() / 1e6
    number = np.bincount(songjiang.buildings.grid, minlength=len(grids)) / area_km2
    urban = songjiang.district.urban
    assert number[urban > 0.6].mean() > 2.5 * number[urban < 0.1].mean()


def test_rivers_are_dry_of_buildings(songjiang: DemoCity) -> None:
    water = songjiang.layers["places/water"].geometry.to_numpy()
    buildings = songjiang.layers["places/building"].geometry.to_numpy()
    assert len(shapely.STRtree(buildings).query(water, predicate="intersects")[0]) == 0


def test_sensors_belong_to_the_place_they_name(songjiang: DemoCity) -> None:
    sensors = songjiang.layers["sensors"]
    codes = {code for frame in places(songjiang).values() for code in frame["code"]}
    named = sensors[sensors["place_code"].notna()]
    assert len(named) > 2_000
    assert set(named["place_code"]) <= codes
    in_building = named[named["kind"] == "elevator"]
    floors = songjiang.layers["places/building"].set_index("code")["floors"]
    assert (floors.reindex(in_building["place_code"]) >= 8).all()
    assert sensors["code"].is_unique
    assert sensors["name"].is_unique
    assert sensors["kind"].nunique() >= 8


def test_metro_stations_have_their_names(songjiang: DemoCity) -> None:
    assert {"九亭站", "泗泾站", "松江大学城站"} <= set(songjiang.layers["places/metro"]["name"])


@pytest.mark.parametrize("shape", list(SHAPES))
def test_shapes_are_sound_and_of_their_size(shape: str) -> None:
    number = np.array([list(SHAPES).index(shape)])
    (drawn,) = outlines(number, *(np.array([value]) for value in (500.0, 800.0, 40.0, 20.0, 0.3)))
    assert drawn.is_valid
    turned = shapely.affinity.rotate(drawn, -0.3, origin=(500.0, 800.0), use_radians=True)
    assert np.allclose(turned.bounds, (480.0, 790.0, 520.0, 810.0))


@pytest.mark.parametrize("angle", [-0.7, -0.3, 0.0, 0.4, 0.75])
def test_rows_run_along_the_side_nearest_to_east(angle: float) -> None:
    block = shapely.affinity.rotate(shapely.box(0, 0, 100, 300), angle, use_radians=True)
    (found,) = heading(np.array([block], dtype=object))
    assert found == pytest.approx(angle, abs=1e-9)


def test_running_numbers_each_group_in_order() -> None:
    assert running(np.array([5, 2, 5, 5, 2, 9])).tolist() == [1, 1, 2, 3, 2, 1]
