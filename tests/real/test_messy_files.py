"""Files as they are found: encodings, datums, broken geometry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo_data.faults import InputError
from geo_data.importer import Prepared, prepare_city

pytestmark = pytest.mark.real

CITY = """
code = "310117"
name = {{ zh = "松江区", en = "Songjiang" }}
bbox = [121.0, 30.85, 121.5, 31.3]
metric-crs = "EPSG:4549"

[[levels]]
key = "district"
name = {{ zh = "区", en = "District" }}

[[levels]]
key = "town"
name = {{ zh = "街镇", en = "Town" }}

[[sources]]
layer = "regions"
level = "town"
file = "{file}"
columns = {{ code = "{code}", name = "{name}" }}
{more}
"""


Prepare = Callable[..., Prepared]
SHANGHAI = "[120.8, 30.6, 122.3, 31.9]"
CUT_NAMES = ("行政区划代", "乡镇街道名")
"""A shapefile cuts field names to ten bytes."""


@pytest.fixture
def prepare(tmp_path: Path, real_data: Path) -> Prepare:
    def prepared(file: str, code: str, name: str, more: str = "", bbox: str = "") -> Prepared:
        path = tmp_path / "city.toml"
        text = CITY.format(file=real_data / "messy" / file, code=code, name=name, more=more)
        if bbox:
            text = text.replace("[121.0, 30.85, 121.5, 31.3]", bbox)
        path.write_text(text, encoding="utf-8")
        return prepare_city(path)

    return prepared


def names(prepared: Prepared) -> set[str]:
    return set(prepared.layers["regions/town"][0]["name"])


def farthest_m(prepared: Prepared, real_data: Path) -> float:
    """How far the borders of the towns are from the true ones, at most."""
    true = gpd.read_parquet(real_data / "a_songjiang_towns_wgs84.parquet").set_index("town")
    towns = prepared.layers["regions/town"][0].set_index("name").to_crs(4549).geometry
    assert set(towns.index) == set(true.index)
    other = true.loc[towns.index].to_crs(4549).geometry
    return float(shapely.hausdorff_distance(towns.to_numpy(), other.to_numpy()).max())


@pytest.mark.parametrize(
    ("file", "more"),
    [
        ("e5_cgcs2000_4490_gbk_derived/松江区街镇.shp", ""),
        ("e5_cgcs2000_4549_gbk_derived/松江区街镇.shp", ""),
        ("e5c_cgcs2000_4528_zoneprefixed_noprj_derived/sj_towns.shp", 'crs = "EPSG:4528"'),
    ],
    ids=["degrees", "plane", "zone-prefixed"],
)
def test_cgcs2000_shapefiles_in_gbk(
    prepare: Prepare, real_data: Path, file: str, more: str
) -> None:
    assert farthest_m(prepare(file, *CUT_NAMES, more), real_data) < 0.5


@pytest.mark.parametrize(
    ("file", "more"),
    [
        ("e1_gbk_shp_real/区县界_area.shp", ""),
        ("e1b_gbk_shp_noldid_noprj/qxj.shp", 'crs = "EPSG:4326"'),
    ],
    ids=["declared", "undeclared"],
)
def test_a_gbk_shapefile_is_read_whether_it_says_so_or_not(
    prepare: Prepare, file: str, more: str
) -> None:
    prepared = prepare(file, "ADMINCODE", "NAME", more, SHANGHAI)
    assert {"松江区", "闸北区", "崇明县"} <= names(prepared)


def test_a_shapefile_without_prj_must_say_its_crs(prepare: Prepare) -> None:
    file = "e5c_cgcs2000_4528_zoneprefixed_noprj_derived/sj_towns.shp"
    with pytest.raises(InputError) as error:
        prepare(file, *CUT_NAMES)
    (fault,) = error.value.faults
    assert (fault.key, fault.values["looks"]) == ("undeclared-looks", "EPSG:4528")


def test_lines_are_no_regions(prepare: Prepare) -> None:
    with pytest.raises(InputError) as error:
        prepare(
            "e3_metroline2_noprj_real/metroline2.shp",
            "linename",
            "linename",
            'crs = "EPSG:4326"',
            SHANGHAI,
        )
    assert [fault.key for fault in error.value.faults] == [
        "level-empty",
        "wrong-geometry",
        "wrong-geometry",
    ]


def test_compressed_coordinates_are_refused_row_by_row(prepare: Prepare) -> None:
    with pytest.raises(InputError) as error:
        prepare("e4_echarts_encoded_shanghai_real.geojson", "id", "name", "", SHANGHAI)
    # Sixteen rows: one lacks its code, and no geometry can be read.
    assert [fault.key for fault in error.value.faults] == [
        "level-empty",
        "no-code",
        "no-geometry",
        "no-geometry",
    ]


def test_exchanged_coordinates_are_recognised(prepare: Prepare) -> None:
    with pytest.raises(InputError) as error:
        prepare("e6_lonlat_swapped_derived.geojson", "town_code9", "town")
    (fault,) = error.value.faults
    assert (fault.key, fault.values["looks"]) == ("looks-otherwise", "lat, lon → EPSG:4326")


def test_metres_in_a_geojson_are_recognised(prepare: Prepare, real_data: Path) -> None:
    file = "e9_webmercator_coords_in_geojson_nocrs_derived.geojson"
    with pytest.raises(InputError) as error:
        prepare(file, "id", "town")
    assert [fault.key for fault in error.value.faults] == ["not-degrees"]
    prepared = prepare(file, "id", "town", 'crs = "EPSG:3857"')
    assert len(names(prepared)) == 17


def test_broken_rows_are_told_one_by_one(prepare: Prepare) -> None:
    prepared = prepare("e7_null_empty_bowtie_dup_derived.geojson", "town_code9", "town")
    refused = [(each.fault.key, each.fault.row) for each in prepared.report.refused]
    # The bow-tie would lose its area; what is wrapped in a collection is taken out of it.
    assert refused == [
        ("no-code", 7),
        ("no-geometry", 1),
        ("empty-geometry", 2),
        ("invalid-polygon", 3),
        ("duplicate-code", 13),
        ("duplicate-code", 18),
        ("duplicate-code", 19),
    ]
    repaired = [(each.fault.key, each.fault.row) for each in prepared.report.repaired]
    assert repaired == [("unwrapped", 4)]
    assert len(names(prepared)) == 12
    # A code that came as a float is a code again.
    assert "310117103" not in set(prepared.layers["regions/town"][0]["code"])
    assert "310117102" in set(prepared.layers["regions/town"][0]["code"])


def test_a_hand_drawn_file_is_kept_and_its_overlaps_are_told(prepare: Prepare) -> None:
    prepared = prepare("e2_songjiang_handedited_real.json", "name", "name")
    assert prepared.report.refused == ()
    assert [each.fault.key for each in prepared.report.repaired] == ["mended-polygon"]
    overlaps = [each for each in prepared.report.noted if each.fault.key == "regions-overlap"]
    assert len(overlaps) == 38
    # 荣东 is a project, 大学城 a campus: nobody's town, and only a person can say so.
    assert {"荣东", "大学城", "城中"} <= names(prepared)


def test_one_invalid_polygon_in_a_real_file(prepare: Prepare) -> None:
    prepared = prepare("e2b_jiading_towns_one_invalid_real.json", "name", "name", "", SHANGHAI)
    repaired = [(each.fault.key, each.fault.row) for each in prepared.report.repaired]
    assert repaired == [("mended-polygon", 6)]
    assert len(names(prepared)) == 10
