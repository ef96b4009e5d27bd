"""Coordinates that say nothing, or the wrong thing: found out, told, put right when asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_data.crs import wgs84_to_bd09, wgs84_to_gcj02
from geo_data.faults import Fault, InputError
from geo_data.importer import Prepared, import_city, prepare_city
from tests.geo_data.workshop import NORTH, SOUTH, Workshop, degrees

Change = Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]
PLANE = 'PROJCS["上海2000",GEOGCS["CGCS2000",DATUM["China_2000",SPHEROID["CGCS2000",6378137,298.257222101]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",31],PARAMETER["central_meridian",121.0833],PARAMETER["scale_factor",1],PARAMETER["false_easting",1500],PARAMETER["false_northing",-800],UNIT["metre",1]]'  # noqa: E501
"""A plane system like a city's own; the real one's parameters are not public."""


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def true_wards() -> gpd.GeoDataFrame:
    shapes = [shapely.segmentize(shapely.Polygon(degrees(ring)), 0.01) for ring in (SOUTH, NORTH)]
    return gpd.GeoDataFrame(
        {"code": ["W01", "W02"], "name": ["甲", "乙"]}, geometry=shapes, crs=4326
    )


def shifted(how: Callable[..., object]) -> Change:
    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        moved = shapely.transform(frame.geometry.to_numpy(), how, interleaved=False)
        return frame.set_geometry(gpd.GeoSeries(moved, crs=frame.crs))

    return change


def turned(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    moved = shapely.transform(frame.geometry.to_numpy(), lambda points: points[:, ::-1])
    return frame.set_geometry(gpd.GeoSeries(moved, crs=frame.crs))


def to(crs: object) -> Change:
    return lambda frame: frame.to_crs(crs)


def declare(shop: Workshop, wards: gpd.GeoDataFrame, lines: str, outline: bool) -> Workshop:
    """Declare a city whose wards come without a word about their coordinates."""
    wards.set_crs(None, allow_override=True).to_parquet(shop.folder / "wards.parquet")
    source = ""
    if outline:
        whole = shapely.union_all(true_wards().geometry.to_numpy())
        frame = gpd.GeoDataFrame({"code": ["C"], "name": ["市"]}, geometry=[whole], crs=4326)
        frame.to_file(shop.folder / "city.geojson")
        source = '[[sources]]\nlayer = "regions"\nlevel = "city"\nfile = "city.geojson"'
    shop.write([], source, lines)
    text = shop.city_file.read_text("utf-8").replace("wards.geojson", "wards.parquet")
    shop.city_file.write_text(text, "utf-8")
    return shop


def noted(prepared: Prepared) -> dict[str, Fault]:
    return {each.fault.key: each.fault for each in prepared.report.noted}


def farthest_m(prepared: Prepared) -> float:
    found = prepared.layers["regions/ward"][0].to_crs(4549).geometry.to_numpy()
    true = true_wards().to_crs(4549).geometry.to_numpy()
    return float(shapely.hausdorff_distance(found, true).max())


CASES = [
    ("EPSG:4326", lambda frame: frame, True),
    ("EPSG:4549", to(4549), False),
    ("EPSG:4528", to(4528), False),
    ("EPSG:3857", to(3857), False),
    ("lat, lon → EPSG:4326", turned, False),
    ("GCJ-02", shifted(wgs84_to_gcj02), True),
    ("BD-09", shifted(wgs84_to_bd09), True),
]


KNOWN_BY = [
    pytest.param(looks, change, outline, id=f"{looks} by {'outline' if outline else 'bbox'}")
    for looks, change, needs_outline in CASES
    for outline in (True, False)
    # A box cannot tell half a kilometre.
    if outline or not needs_outline
]


@pytest.mark.parametrize(("looks", "change", "outline"), KNOWN_BY)
def test_what_nobody_declared_is_found_out_and_told(
    shop: Workshop, looks: str, change: Change, outline: bool
) -> None:
    declare(shop, change(true_wards()), "", outline)
    with pytest.raises(InputError) as error:
        prepare_city(shop.city_file)
    (fault,) = error.value.faults
    assert (fault.key, fault.file, fault.values["looks"]) == (
        "undeclared-looks",
        "wards.parquet",
        looks,
    )
    assert "--apply-detected" in fault.remedy("zh-CN")


@pytest.mark.parametrize(("looks", "change", "_"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("by", ["city file", "flag"])
def test_it_is_put_right_when_the_city_file_or_the_flag_says_so(
    shop: Workshop, looks: str, change: Change, _: bool, by: str
) -> None:
    declare(shop, change(true_wards()), 'crs = "detect"' if by == "city file" else "", True)
    prepared = prepare_city(shop.city_file, apply_detected=by == "flag")
    assert farthest_m(prepared) < 0.01
    fault = noted(prepared)["detected"]
    assert fault.values["looks"] == looks
    assert float(str(fault.values["after"]).rstrip("%")) > 99
    far = float(str(fault.values["m"]))
    low, high = {"GCJ-02": (450, 520), "BD-09": (900, 1300)}.get(looks, (0, 0))
    assert low <= far <= high


def test_by_the_bbox_alone_a_datum_is_not_claimed(shop: Workshop) -> None:
    declare(shop, shifted(wgs84_to_gcj02)(true_wards()), 'crs = "detect"', False)
    assert noted(prepare_city(shop.city_file))["detected-by-bbox"].values["looks"] == "EPSG:4326"


def test_coordinates_from_elsewhere_are_not_taken_for_anything(shop: Workshop) -> None:
    def away(points: np.ndarray) -> np.ndarray:
        return points + np.array([-5.0, 3.0])

    far = true_wards()
    far = far.set_geometry(gpd.GeoSeries(shapely.transform(far.geometry.to_numpy(), away)))
    declare(shop, far, 'crs = "detect"', True)
    with pytest.raises(InputError) as error:
        prepare_city(shop.city_file)
    (fault,) = error.value.faults
    assert fault.key == "not-detected"
    assert "wgs-84 0.0%" in fault.reason("en")


def test_the_outline_in_the_store_is_held_against_an_update(shop: Workshop, now: datetime) -> None:
    declare(shop, true_wards(), 'crs = "EPSG:4490"', False)
    path = shop.folder / "s.gpkg"
    import_city(shop.city_file, path, now)
    declare(shop, shifted(wgs84_to_gcj02)(true_wards()), 'crs = "EPSG:4490"', False)
    report = import_city(shop.city_file, path, now, check=True)
    (fault,) = [each.fault for each in report.noted if each.fault.key == "looks-shifted"]
    assert fault.values["datum"] == "GCJ-02"
    # What the city file declares is followed, whatever the flag says.
    again = import_city(shop.city_file, path, now, check=True, apply_detected=True)
    assert "looks-shifted" in {each.fault.key for each in again.noted}


def test_a_file_whose_own_word_is_wrong_is_put_right_by_the_flag(shop: Workshop) -> None:
    # GeoJSON always says that it is WGS-84.
    for change, key in ((turned, "looks-otherwise"), (to(3857), "not-degrees")):
        declare(shop, true_wards(), "", True)
        change(true_wards()).set_crs(4326, allow_override=True).to_parquet(
            shop.folder / "wards.parquet"
        )
        with pytest.raises(InputError) as error:
            prepare_city(shop.city_file)
        assert [fault.key for fault in error.value.faults] == [key]
        assert farthest_m(prepare_city(shop.city_file, apply_detected=True)) < 0.01


def test_swapped_axes_may_be_declared(shop: Workshop) -> None:
    declare(shop, turned(true_wards()), 'crs = "EPSG:4326"\nswapped = true', False)
    assert farthest_m(prepare_city(shop.city_file)) < 0.01


@pytest.mark.parametrize("way", ["text", "file"])
def test_a_plane_system_of_ones_own_is_declared_by_its_wkt(shop: Workshop, way: str) -> None:
    lines = f"crs = '{PLANE}'" if way == "text" else 'crs = "上海2000.prj"'
    (shop.folder / "上海2000.prj").write_text(PLANE, "utf-8")
    declare(shop, true_wards().to_crs(PLANE), lines, False)
    assert farthest_m(prepare_city(shop.city_file)) < 0.01


def test_a_definition_that_is_not_there_is_told(shop: Workshop) -> None:
    declare(shop, true_wards(), 'crs = "none.prj"', False)
    with pytest.raises(InputError) as error:
        prepare_city(shop.city_file)
    assert [(fault.key, fault.file) for fault in error.value.faults] == [("no-file", "none.prj")]


def test_a_few_points_prove_no_datum(shop: Workshop) -> None:
    # One of three lies a step outside: read as GCJ-02 all three would lie within.
    text = "code,name,lon,lat\nP1,甲,121.05,31.05\nP2,乙,121.06,31.06\nP3,丙,121.1002,31.05\n"
    prepared = shop.points(text, 'crs = "EPSG:4326"')
    assert "looks-shifted" not in noted(prepared)
    assert [each.fault.key for each in prepared.report.refused] == ["outside-city"]
