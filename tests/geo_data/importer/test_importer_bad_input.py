"""Every fault that a source can have: told with file, row, field, reason and remedy."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_data.faults import Fault, InputError
from geo_data.importer import prepare_city
from geo_data.importer.report import Finding
from tests.geo_data.workshop import GOOD, NORTH, SOUTH, Feature, Workshop, degrees, ward


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def only(findings: tuple[Finding, ...]) -> Fault:
    (finding,) = findings
    return finding.fault


def faults_of(error: pytest.ExceptionInfo[InputError]) -> list[Fault]:
    for fault in error.value.faults:
        for language in ("zh-CN", "en"):
            assert "{" not in fault.sentence(language)
    assert error.value.exit_code == 2
    return list(error.value.faults)


def test_a_good_city_has_nothing_refused(shop: Workshop) -> None:
    report = shop.prepare(GOOD).report
    assert report.refused == report.repaired == ()
    assert report.exit_code == 0


@pytest.mark.parametrize(
    ("bad", "key", "field"),
    [
        (ward("X9", NORTH), "code-pattern", "code"),
        (ward(None, NORTH), "no-code", "code"),
        (ward("W01", NORTH), "duplicate-code", "code"),
        (ward("W02", NORTH, name=None), "no-name", "name"),
        (ward("W02", NORTH, parent="Z"), "orphan-region", "parent"),
        (ward("W02", [[0, 5], [10, 10], [10, 5], [0, 10], [0, 5]]), "invalid-polygon", "geometry"),
        (ward("W02", [[100, 5], [110, 5], [110, 10], [100, 5]]), "outside-bbox", "geometry"),
        ({**ward("W02", NORTH), "geometry": None}, "no-geometry", "geometry"),
        (
            {**ward("W02", NORTH), "geometry": {"type": "Polygon", "coordinates": []}},
            "empty-geometry",
            "geometry",
        ),
        (
            {**ward("W02", NORTH), "geometry": {"type": "Point", "coordinates": [121, 31]}},
            "wrong-geometry",
            "geometry",
        ),
        (
            {
                **ward("W02", NORTH),
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[y, x] for x, y in degrees(NORTH)]],
                },
            },
            "lon-lat-exchanged",
            "geometry",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_region_is_refused_and_the_rest_is_kept(
    shop: Workshop, bad: Feature, key: str, field: str
) -> None:
    prepared = shop.prepare([ward("W01", SOUTH), bad])
    fault = only(prepared.report.refused)
    assert (fault.key, fault.file, fault.row, fault.field) == (key, "wards.geojson", 2, field)
    assert "{" not in fault.sentence("zh-CN") + fault.sentence("en")
    assert list(prepared.layers["regions/ward"][0]["code"]) == ["W01"]
    assert prepared.report.exit_code == 1


def test_an_orphan_is_told_the_nearest_code(shop: Workshop) -> None:
    precinct = """
        [[levels]]
        key = "precinct"
        name = { zh = "片区", en = "Precinct" }
        [[sources]]
        layer = "regions"
        level = "precinct"
        file = "precincts.geojson"
    """
    table = {
        "type": "FeatureCollection",
        "features": [
            ward("P1", SOUTH, parent="W01"),
            ward("P2", NORTH, parent="W20"),
        ],
    }
    (shop.folder / "precincts.geojson").write_text(json.dumps(table), encoding="utf-8")
    fault = only(shop.prepare(GOOD, precinct).report.refused)
    assert fault.values == {"parent": "W20", "nearest": "W02"}


def test_codes_that_came_as_numbers_are_read_as_digits(shop: Workshop) -> None:
    features = [ward(310117001, SOUTH), ward(310117002.0, NORTH), ward(31011700, NORTH)]
    shop.write(features)
    text = shop.city_file.read_text(encoding="utf-8")
    text = text.replace('code-pattern = "W[0-9]+"', "code-digits = 9")
    shop.city_file.write_text(text, encoding="utf-8")
    prepared = prepare_city(shop.city_file)
    assert list(prepared.layers["regions/ward"][0]["code"]) == ["310117001", "310117002"]
    fault = only(prepared.report.refused)
    assert (fault.key, fault.values) == ("code-digits", {"code": "31011700", "digits": 9})


def test_a_small_self_intersection_is_mended(shop: Workshop) -> None:
    # A hair crosses itself at one corner; the area of the whole hardly changes.
    ring = [[0, 5], [10, 5], [10, 10], [0.01, 10], [0, 10.01], [0, 10], [0.01, 10.01], [0, 5]]
    prepared = shop.prepare([ward("W01", SOUTH), ward("W02", ring)])
    fault = only(prepared.report.repaired)
    assert (fault.key, fault.row) == ("mended-polygon", 2)
    mended = prepared.layers["regions/ward"][0].geometry[1]
    assert mended.is_valid
    assert mended.area == pytest.approx(0.05 * 0.1, rel=0.01)


def test_an_area_in_a_collection_is_taken_out(shop: Workshop) -> None:
    wrapped = ward("W02", NORTH)
    line = {"type": "LineString", "coordinates": [[121, 31], [121.1, 31]]}
    wrapped["geometry"] = {
        "type": "GeometryCollection",
        "geometries": [wrapped["geometry"], line],
    }
    prepared = shop.prepare([ward("W01", SOUTH), wrapped])
    assert only(prepared.report.repaired).key == "unwrapped"
    assert set(prepared.layers["regions/ward"][0].geom_type) == {"Polygon"}


def test_overlaps_and_gaps_between_neighbours_are_noted(shop: Workshop) -> None:
    north = [[0, 4], [10, 4], [10, 10], [0, 10], [0, 4]]
    overlapping = shop.prepare([ward("W01", SOUTH), ward("W02", north)]).report.noted
    assert "regions-overlap" in {finding.fault.key for finding in overlapping}
    whole = {
        "type": "Polygon",
        "coordinates": [degrees([[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]])],
    }
    outline = {"type": "Feature", "properties": {"code": "C", "name": "市"}, "geometry": whole}
    table = {"type": "FeatureCollection", "features": [outline]}
    (shop.folder / "city.geojson").write_text(json.dumps(table), encoding="utf-8")
    source = '[[sources]]\nlayer = "regions"\nlevel = "city"\nfile = "city.geojson"'
    north = [[0, 6], [10, 6], [10, 10], [0, 10], [0, 6]]
    gaping = shop.prepare([ward("W01", SOUTH), ward("W02", north)], source).report.noted
    (gap,) = [each.fault for each in gaping if each.fault.key == "regions-gap"]
    assert gap.values["share"] == "10.0%"


def test_a_neighbouring_citys_ward_is_left_out(shop: Workshop) -> None:
    whole = {
        "type": "Polygon",
        "coordinates": [degrees([[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]])],
    }
    outline = {"type": "Feature", "properties": {"code": "C", "name": "市"}, "geometry": whole}
    table = {"type": "FeatureCollection", "features": [outline]}
    (shop.folder / "city.geojson").write_text(json.dumps(table), encoding="utf-8")
    source = '[[sources]]\nlayer = "regions"\nlevel = "city"\nfile = "city.geojson"'
    beside = ward("W03", [[9.9, 0], [15, 0], [15, 10], [9.9, 10], [9.9, 0]])
    assert only(shop.prepare([*GOOD, beside], source).report.refused).key == "outside-parents"


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ("P,甲,abc,31.02", "bad-coordinates"),
        ("P,甲,,", "no-geometry"),
        ("P,甲,nan,31.02", "bad-coordinates"),
        ("P,甲,-inf,31.02", "bad-coordinates"),
        ("P,甲,1e400,31.02", "bad-coordinates"),
        ("P,甲,1e308,31.02", "outside-bbox"),
        ("P,甲,12102000,31.02", "outside-bbox"),
        ("P,甲,121.15,31.02", "outside-city"),
        ("P,甲,130,31.02", "outside-bbox"),
        ("P,甲,31.02,121.02", "lon-lat-exchanged"),
        ("P,甲,121.02", "ragged-row"),
        ("P0,甲,121.03,31.03", "duplicate-code"),
        (",甲,121.03,31.03", "no-code"),
    ],
)
def test_a_bad_row_of_a_table_is_refused(shop: Workshop, row: str, key: str) -> None:
    prepared = shop.points(f"code,name,lon,lat\nP0,好,121.02,31.02\n{row}\n")
    fault = only(prepared.report.refused)
    assert (fault.key, fault.file, fault.row) == (key, "points.csv", 2)
    assert list(prepared.layers["places/school"][0]["code"]) == ["P0"]
    (_, count) = prepared.report.sources
    assert (count.read, count.kept, count.refused) == (2, 1, 1)


def test_coordinates_that_are_no_numbers_are_refused(shop: Workshop) -> None:
    shapes = [shapely.Point(121.02, 31.02), shapely.Point(np.inf, 31.02)]
    frame = gpd.GeoDataFrame({"code": ["A", "B"], "name": ["a", "b"]}, geometry=shapes, crs=4326)
    frame.to_parquet(shop.folder / "points.parquet")
    source = '[[sources]]\nlayer = "places"\nkind = "school"\nfile = "points.parquet"'
    fault = only(shop.prepare(GOOD, source).report.refused)
    assert (fault.key, fault.row) == ("not-finite", 2)


@pytest.mark.parametrize("ending", ["gpkg", "fgb", "parquet"])
def test_one_corner_that_is_no_number_spoils_its_row_only(shop: Workshop, ending: str) -> None:
    with np.errstate(invalid="ignore"):
        broken = shapely.Polygon([(121.02, 31.02), (np.nan, 31.03), (121.03, 31.03)])
    shapes = [shapely.box(121.02, 31.02, 121.03, 31.03), broken]
    frame = gpd.GeoDataFrame({"code": ["A", "B"], "name": ["a", "b"]}, geometry=shapes, crs=4326)
    path = shop.folder / f"parks.{ending}"
    (frame.to_parquet if ending == "parquet" else frame.to_file)(path)
    source = f'[[sources]]\nlayer = "places"\nkind = "park"\nfile = "{path.name}"'
    prepared = shop.prepare(GOOD, source)
    fault = only(prepared.report.refused)
    assert (fault.key, fault.row) == ("not-finite", 2)
    assert list(prepared.layers["places/park"][0]["code"]) == ["A"]


@pytest.mark.parametrize("corner", ["[NaN, 31.05]", "[null, 31.05]"])
def test_a_region_with_such_a_corner_is_refused_alone(shop: Workshop, corner: str) -> None:
    shop.write([ward("W01", SOUTH), ward("W02", NORTH)])
    path = shop.folder / "wards.geojson"
    before, found, after = path.read_text("utf-8").rpartition("[121.0, 31.05]")
    assert found
    path.write_text(before + corner + after, "utf-8")
    fault = only(prepare_city(shop.city_file).report.refused)
    assert (fault.key, fault.row) in {("not-finite", 2), ("no-geometry", 2)}


def test_a_kind_in_another_language_asks_for_a_dictionary(shop: Workshop) -> None:
    text = "code,name,lon,lat,sort\nP0,好,121.02,31.02,学校\n"
    prepared = shop.points(text, 'crs = "EPSG:4326"\ncolumns = { kind = "sort" }')
    assert only(prepared.report.refused).key == "bad-kind"


def test_a_number_that_is_none_is_left_empty(shop: Workshop) -> None:
    text = "code,name,lon,lat,floors\nP0,好,121.02,31.02,很高\n"
    prepared = shop.points(text)
    assert only(prepared.report.repaired).key == "bad-number"
    assert prepared.layers["places/school"][0]["floors"].isna().all()


def test_a_place_in_a_gap_counts_for_the_city_only(shop: Workshop) -> None:
    (shop.folder / "points.csv").write_text(
        "code,name,lon,lat\nP0,好,121.0505,31.0502\n", encoding="utf-8"
    )
    source = '[[sources]]\nlayer="places"\nkind="school"\nfile="points.csv"\ncrs="EPSG:4326"\n'
    holed = ward("W01", [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]])
    holed["geometry"]["coordinates"].append(degrees([[4.9, 5], [5.1, 5], [5.1, 5.1], [4.9, 5]]))
    prepared = shop.prepare([holed], source)
    assert list(prepared.layers["places/school"][0]["region_code"]) == ["C"]
    keys = {finding.fault.key for finding in prepared.report.noted}
    assert {"in-a-gap", "root-derived"} <= keys


def test_land_decides_when_a_row_names_another_region(shop: Workshop) -> None:
    prepared = shop.points("code,name,lon,lat,parent\nP0,好,121.02,31.02,W02\n")
    assert list(prepared.layers["places/school"][0]["region_code"]) == ["W01"]
    noted = {finding.fault.key for finding in prepared.report.noted}
    assert "region-disagrees" in noted


def test_a_sensor_of_an_unknown_kind_is_told_the_nearest(shop: Workshop) -> None:
    (shop.folder / "sensors.csv").write_text(
        "code,name,kind,lon,lat\nS1,a,smoke,121.02,31.02\nS2,b,smok,121.02,31.02\n",
        encoding="utf-8",
    )
    source = (
        '[[sources]]\nlayer="sensors"\nfile="sensors.csv"\ncrs="EPSG:4326"\n'
        'columns = { kind = "kind" }'
    )
    prepared = shop.prepare(GOOD, source)
    fault = only(prepared.report.refused)
    assert (fault.key, fault.values["nearest"]) == ("unknown-sensor-kind", "smoke")
    assert len(prepared.layers["sensors"][0]) == 1


@pytest.mark.parametrize(
    ("wards", "key", "word"),
    [
        ('crs = "EPSG:99999"', "unknown-crs", "99999"),
        ('crs = "GCJ02X"', "unknown-crs", "GCJ-02"),
        ('columns = { name = "nmae" }', "no-column", "name"),
        ('filter = { kidn = "x" }', "no-column", "kidn"),
    ],
)
def test_a_source_that_cannot_be_used_stops_the_import(
    shop: Workshop, wards: str, key: str, word: str
) -> None:
    with pytest.raises(InputError) as error:
        shop.prepare(GOOD, wards=wards)
    (fault,) = faults_of(error)
    assert (fault.key, fault.file) == (key, "wards.geojson")
    assert word in fault.sentence("zh-CN")


def test_faults_of_all_sources_are_told_at_once(shop: Workshop) -> None:
    sources = """
        [[sources]]
        layer = "places"
        kind = "school"
        file = "nowhere.csv"
        [[sources]]
        layer = "places"
        kind = "school"
        file = "city.toml"
        [[sources]]
        layer = "places"
        kind = "school"
        file = "wards.geojson"
        file-layer = "wadrs"
        [[sources]]
        layer = "places"
        kind = "school"
        file = "torn.geojson"
    """
    (shop.folder / "torn.geojson").write_text('{"type": "FeatureColl', encoding="utf-8")
    with pytest.raises(InputError) as error:
        shop.prepare(GOOD, sources)
    told = [(fault.key, fault.file) for fault in faults_of(error)]
    assert told == [
        ("no-file", "nowhere.csv"),
        ("unknown-format", "city.toml"),
        ("no-layer", "wards.geojson"),
        ("unreadable", "torn.geojson"),
    ]


def test_a_table_must_say_its_crs(shop: Workshop) -> None:
    with pytest.raises(InputError) as error:
        shop.points("code,name,lon,lat\nP0,好,121.02,31.02\n", more="")
    assert [fault.key for fault in faults_of(error)] == ["undeclared-looks"]


def test_metres_that_are_called_degrees_are_told(shop: Workshop) -> None:
    features = [ward("W01", SOUTH), ward("W02", NORTH)]
    frame = gpd.GeoDataFrame.from_features(features, crs=4326).to_crs(3857)
    metres = [
        {**feature, "geometry": shapely.geometry.mapping(shape)}
        for feature, shape in zip(features, frame.geometry, strict=True)
    ]
    with pytest.raises(InputError) as error:
        shop.prepare(metres)
    (fault,) = faults_of(error)
    assert fault.key == "not-degrees"
    assert "EPSG:3857" in fault.remedy("en")
    assert len(shop.prepare(metres, wards='crs = "EPSG:3857"').layers["regions/ward"][0]) == 2


def test_a_level_without_source_breaks_the_chain(shop: Workshop) -> None:
    level = '[[levels]]\nkey = "grid"\nname = { zh = "网格", en = "Grid" }\n'
    with pytest.raises(InputError) as error:
        shop.prepare(GOOD, level)
    (fault,) = faults_of(error)
    assert (fault.key, fault.values) == ("level-no-source", {"level": "grid"})


def test_a_level_of_which_no_row_is_left_says_the_first_reasons(shop: Workshop) -> None:
    with pytest.raises(InputError) as error:
        shop.prepare([ward("1", SOUTH), ward("2", NORTH)])
    assert [fault.key for fault in faults_of(error)] == [
        "level-empty",
        "code-pattern",
        "code-pattern",
    ]
