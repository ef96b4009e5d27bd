"""The same table of places in two encodings, latitude first, under Chinese heads."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest

from geo_data.importer import Prepared, prepare_city
from tests.real.declaring import HEAD

pytestmark = pytest.mark.real

TABLE = """
[[sources]]
layer = "places"
kind = "medical"
file = "{data}/messy/{file}"
crs = "EPSG:4326"
columns = {{ name = "名称", address = "地址", lon = "经度", lat = "纬度" }}
attributes = ["类别"]
"""
GBK, BOM = (
    "e8_songjiang_medical_GBK_latfirst_derived.csv",
    "e8b_songjiang_medical_utf8bom_derived.csv",
)


def prepared(folder: Path, data: Path, file: str) -> Prepared:
    path = folder / "city.toml"
    path.write_text((HEAD + TABLE).format(data=data, file=file), encoding="utf-8")
    return prepare_city(path)


@pytest.mark.parametrize("file", [GBK, BOM])
def test_every_point_is_read_whatever_the_encoding(
    tmp_path: Path, real_data: Path, file: str
) -> None:
    found = prepared(tmp_path, real_data, file)
    frame, _ = found.layers["places/medical"]
    assert len(frame) + len(found.report.refused) == 301
    assert len(frame) >= 299
    row = frame[frame["name"] == "松江区妇幼保健院"].iloc[0]
    assert row["address"] == "西林北路1010号"
    assert (round(row.geometry.x, 4), round(row.geometry.y, 4)) == (121.2155, 31.0265)


def test_both_encodings_give_the_same_places(tmp_path: Path, real_data: Path) -> None:
    first, second = (
        prepared(tmp_path, real_data, file).layers["places/medical"][0] for file in (GBK, BOM)
    )
    assert isinstance(first, gpd.GeoDataFrame)
    assert first.drop(columns="geometry").equals(second.drop(columns="geometry"))
    assert first.geometry.geom_equals_exact(second.geometry, 1e-9).all()
