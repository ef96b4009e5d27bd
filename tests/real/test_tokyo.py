"""A hundred thousand footprints of a real city, hundreds of them not valid."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo_data.importer import prepare_city
from geo_data.importer.report import Outcome

pytestmark = pytest.mark.real

FOOTPRINTS = "b_tokyo_katsushika_buildings_wgs84.parquet"
BOX = (139.80, 35.70, 139.90, 35.81)
CITY = """
code = "13122"
name = {{ zh = "葛饰区", en = "Katsushika" }}
bbox = [139.7, 35.6, 140.0, 35.9]
metric-crs = "EPSG:6677"
timezone = "Asia/Tokyo"

[[levels]]
key = "ward"
name = {{ zh = "区", en = "Ward" }}

[[levels]]
key = "half"
name = {{ zh = "半区", en = "Half" }}

[[sources]]
layer = "regions"
level = "half"
file = "halves.geojson"

[[sources]]
layer = "places"
kind = "building"
file = "{file}"
columns = {{ code = "building_id" }}
attributes = ["height_m"]
"""


def test_every_footprint_is_kept_and_every_repair_is_told(tmp_path: Path, real_data: Path) -> None:
    west, south, east, north = BOX
    middle = (west + east) / 2
    halves = gpd.GeoDataFrame(
        {"code": ["13122-W", "13122-E"], "name": ["west", "east"]},
        geometry=[shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)],
        crs=4326,
    )
    halves.to_file(tmp_path / "halves.geojson")
    city_file = tmp_path / "city.toml"
    city_file.write_text(CITY.format(file=real_data / FOOTPRINTS), encoding="utf-8")
    broken = ~gpd.read_parquet(real_data / FOOTPRINTS).is_valid

    found = prepare_city(city_file)

    buildings, _ = found.layers["places/building"]
    assert len(buildings) == 106_807
    assert buildings.is_valid.all()
    repaired = [each for each in found.report.findings if each.outcome is Outcome.REPAIRED]
    # Rows are counted from 1, as a person counts them in the file.
    assert {each.fault.row for each in repaired} == {
        row + 1 for row in broken.to_numpy().nonzero()[0]
    }
    assert not found.report.refused
