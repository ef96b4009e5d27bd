"""The encodings that offices write, whether the file says which one, says nothing, or lies."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo_data.importer import Prepared
from geo_data.importer.encodings import dbf_encoding, encoding_of
from tests.geo_data.workshop import GOOD, Workshop

NAMES = ["东港区", "菁华里", "朱镕小区"]
"""The last two hold characters of GBK that GB2312 lacks."""


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def shapefile(shop: Workshop, encoding: str, cpg: str | None, language: int) -> None:
    shapes = [shapely.Point(121.02 + x / 100, 31.02) for x in range(3)]
    rows = {"CODE": ["A", "B", "C"], "NAME": NAMES}
    frame = gpd.GeoDataFrame(rows, geometry=shapes, crs=4326)
    path = shop.folder / "学校.shp"
    frame.to_file(path, encoding=encoding)
    beside = path.with_suffix(".cpg")
    beside.unlink(missing_ok=True)
    if cpg is not None:
        beside.write_text(cpg, encoding="ascii")
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = language
    # Ten bytes hold five characters of GBK; of UTF-8 three, and the beginning of a fourth.
    table[64:74] = "行政区划名称".encode(encoding)[:10]
    path.with_suffix(".dbf").write_bytes(table)


@pytest.mark.parametrize(
    ("encoding", "cpg", "language", "remarked"),
    [
        ("GB18030", None, 0x00, False),
        ("GB18030", None, 0x4D, False),
        ("GB18030", None, 0x57, False),
        ("GB18030", "GBK", 0x00, False),
        ("GB18030", "GB2312", 0x00, False),
        ("GB18030", "936", 0x57, False),
        ("GB18030", "OEM 936", 0x00, False),
        ("GB18030", "UTF-8", 0x00, True),
        ("GB18030", "no such page", 0x00, False),
    ],
)
def test_a_shapefile_in_gbk(
    shop: Workshop, encoding: str, cpg: str | None, language: int, remarked: bool
) -> None:
    shapefile(shop, encoding, cpg, language)
    prepared = read(shop, "行政区划名")
    assert list(prepared.layers["places/school"][0]["name"]) == NAMES
    told = [each.fault.key for each in prepared.report.noted]
    assert ("encoding-disagrees" in told) == remarked


def read(shop: Workshop, name: str) -> Prepared:
    columns = f'columns = {{ code = "CODE", name = "{name}" }}'
    source = f'[[sources]]\nlayer="places"\nkind="school"\nfile="学校.shp"\n{columns}\n'
    return shop.prepare(GOOD, source)


@pytest.mark.parametrize(("cpg", "language"), [(None, 0), ("UTF-8", 0), ("65001", 0), (None, 0x57)])
def test_a_shapefile_in_utf_8(shop: Workshop, cpg: str | None, language: int) -> None:
    shapefile(shop, "UTF-8", cpg, language)
    prepared = read(shop, "行政区")
    assert list(prepared.layers["places/school"][0]["name"]) == NAMES


def test_a_character_cut_in_half_at_the_end_of_a_cell_does_not_mislead(tmp_path: Path) -> None:
    cell = "松江区石湖荡镇".encode()[:20].ljust(20)
    header = bytearray(32 + 32 + 1)
    header[0] = 3
    header[4:8] = (1).to_bytes(4, "little")
    header[8:10] = (65).to_bytes(2, "little")
    header[10:12] = (21).to_bytes(2, "little")
    header[32:36] = b"NAME"
    header[43:44] = b"C"
    header[48] = 20
    header[64] = 0x0D
    path = tmp_path / "a.dbf"
    path.write_bytes(bytes(header) + b" " + cell)
    assert dbf_encoding(path, None) == ("UTF-8", None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_a_table_is_read_in_its_encoding(shop: Workshop, encoding: str) -> None:
    rows = "".join(
        f"{code},{name},121.02,31.02\r\n" for code, name in zip("ABC", NAMES, strict=True)
    )
    (shop.folder / "a.csv").write_bytes(f"编号,名称,经度,纬度\r\n{rows}".encode(encoding))
    columns = 'columns = { code = "编号", name = "名称", lon = "经度", lat = "纬度" }'
    source = f'[[sources]]\nlayer="places"\nkind="school"\nfile="a.csv"\ncrs="EPSG:4326"\n{columns}'
    prepared = shop.prepare(GOOD, source)
    assert list(prepared.layers["places/school"][0]["name"]) == NAMES


def test_what_is_ascii_is_utf_8() -> None:
    assert encoding_of(b"code,name\n") == "utf-8"
