"""Real Songjiang through a city file: towns, village codes, points of interest."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo_data import queries
from geo_data.importer import Prepared, prepare_city
from geo_data.records import Scope
from geo_data.store import Store
from tests.real.declaring import HEAD, OUTLINE, POINTS_2016, POIS, VILLAGES

pytestmark = pytest.mark.real


@pytest.fixture
def city_file(tmp_path: Path) -> Path:
    return tmp_path / "songjiang.toml"


def prepare(city_file: Path, data: Path, *parts: str) -> Prepared:
    city_file.write_text("".join((HEAD, *parts)).format(data=data), encoding="utf-8")
    return prepare_city(city_file)


def keys(prepared: Prepared) -> dict[str, int]:
    findings = pd.Series([finding.fault.key for finding in prepared.report.findings], dtype=object)
    return {str(key): int(count) for key, count in findings.value_counts().items()}


def test_seventeen_towns_make_the_district(city_file: Path, real_data: Path) -> None:
    prepared = prepare(city_file, real_data)
    towns = prepared.layers["regions/town"][0]
    district = prepared.layers["regions/district"][0]
    assert len(towns) == 17
    assert set(towns["parent_code"]) == {"310117"}
    assert towns.set_index("code")["name"]["310117102"] == "泗泾镇"
    # The published 605.64 km² is of another survey; the towns cover 604.7.
    metric = district.to_crs(4549).area.sum() / 1e6
    assert metric == pytest.approx(towns.to_crs(4549).area.sum() / 1e6, rel=1e-6)
    assert metric == pytest.approx(605.64, rel=0.005)
    # The towns leave slits of no area between them; the outline has none of them.
    assert shapely.get_num_interior_rings(shapely.get_parts(district.geometry[0])).sum() == 0
    assert keys(prepared) == {"root-derived": 1}


def test_every_poi_gets_its_right_town(city_file: Path, real_data: Path) -> None:
    prepared = prepare(city_file, real_data, POIS)
    places = [frame for layer, (frame, _) in prepared.layers.items() if layer[:6] == "places"]
    kept = gpd.GeoDataFrame(pd.concat(places, ignore_index=True), crs=4326)
    towns = gpd.read_parquet(real_data / "a_songjiang_towns_wgs84.parquet")
    pois = gpd.read_parquet(real_data / "b_songjiang_poi_wgs84.parquet")
    oracle = pois.sjoin(towns[["town_code9", "geometry"]], how="left", predicate="within")
    outside = oracle.index[oracle["town_code9"].isna()]
    refused = [(each.fault.key, each.fault.row) for each in prepared.report.refused]
    # 七宝农贸市场(公交站) says 松江区 of itself and lies 122 m inside the neighbour.
    assert refused == [("outside-city", row + 1) for row in outside] == [("outside-city", 747)]
    expected = oracle.dropna(subset="town_code9")
    assert len(kept) == len(expected) == 2552
    ours = kept.assign(lon=kept.geometry.x, lat=kept.geometry.y)
    joined = ours.merge(
        expected[["name", "lon", "lat", "town_code9"]].drop_duplicates(), on=["name", "lon", "lat"]
    )
    assert len(joined) == len(kept)
    assert (joined["region_code"] == joined["town_code9"]).all()
    assert not (kept["address"] == "[]").any()


def test_village_codes_without_polygons_are_known_by_their_town(
    city_file: Path, real_data: Path
) -> None:
    prepared = prepare(city_file, real_data, VILLAGES)
    villages = prepared.layers["places/village"][0]
    assert len(villages) == 383
    assert (villages["region_code"] == villages["code"].str[:9]).all()
    assert all(row["located"] == "parent" for row in villages["attributes"])
    towns = prepared.layers["regions/town"][0].set_index("code").geometry
    assert villages.geometry.within(towns[villages["region_code"]], align=False).all()
    # Three belong to units that only statistics know: they have no polygon.
    orphans = [each.fault.values["parent"] for each in prepared.report.refused]
    assert orphans == ["310117501", "310117504", "310117507"]


def test_an_amap_outline_fits_once_its_datum_is_declared(city_file: Path, real_data: Path) -> None:
    prepared = prepare(city_file, real_data, OUTLINE + 'crs = "GCJ-02"\n')
    outline = prepared.layers["regions/district"][0].to_crs(4549).geometry[0]
    towns = prepared.layers["regions/town"][0].to_crs(4549).union_all()
    fit = outline.intersection(towns).area / outline.union(towns).area
    assert fit > 0.99
    assert keys(prepared) == {"regions-gap": 1, "region-sticks-out": 10}


def test_an_amap_outline_that_does_not_say_its_datum_is_noticed(
    city_file: Path, real_data: Path
) -> None:
    prepared = prepare(city_file, real_data, OUTLINE)
    (fault,) = [each.fault for each in prepared.report.noted if each.fault.key == "looks-shifted"]
    assert (fault.values["level"], fault.values["datum"]) == ("district", "GCJ-02")
    assert 440 < float(str(fault.values["m"])) < 520


def test_points_of_a_web_map_come_home(city_file: Path, real_data: Path) -> None:
    prepared = prepare(city_file, real_data, POINTS_2016)
    table = pd.read_csv(real_data / "a_songjiang_village_points_2016.csv", dtype=str)
    known = table[table["lon_gcj02"].notna()].set_index("village_code")
    villages = prepared.layers["places/village"][0].set_index("code")
    assert len(villages) == len(known) == 106
    assert {each.fault.key for each in prepared.report.refused} == {"no-geometry"}
    assert len(prepared.report.refused) == len(table) - len(known)
    estimates = gpd.points_from_xy(
        known["lon_wgs84_est"].astype(float), known["lat_wgs84_est"].astype(float), crs=4326
    ).to_crs(4549)
    ours = villages.loc[known.index].to_crs(4549).geometry
    assert (ours.distance(gpd.GeoSeries(estimates, index=ours.index)) < 1.0).all()
    towns = prepared.layers["regions/town"][0].set_index("code")["name"]
    right = villages["region_code"].map(towns) == known["town"].reindex(villages.index)
    # Four were geocoded into a neighbouring town.
    assert right.sum() == 102


def test_a_city_of_two_levels_is_drilled(songjiang: Store) -> None:
    tree = queries.region_tree(songjiang, Scope.everything())
    assert tree.root.code == "310117"
    assert len(tree.children("310117")) == 17
    assert tree.children("310117102") == []
    assert [region.code for region in tree.ancestors("310117102")] == ["310117", "310117102"]
    counts = queries.place_counts(songjiang, Scope.everything(), "310117")
    by_town = [
        queries.place_counts(songjiang, Scope.everything(), town.code)
        for town in tree.children("310117")
    ]
    for kind, count in counts.items():
        assert sum(town.get(kind, 0) for town in by_town) == count
    assert counts["school"] == 443


def test_a_village_and_a_station_are_found(songjiang: Store) -> None:
    scope = Scope.everything()
    names = [hit.name for hit in queries.search(songjiang, scope, "泗泾")]
    assert names[0] == "泗泾镇"
    codes = [hit.code for hit in queries.search(songjiang, scope, "310117001001")]
    assert codes[0] == "310117001001"
