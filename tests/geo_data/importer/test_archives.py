"""Archives and files that are broken, hostile or too large: refused, and nothing is touched."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo_data.faults import Fault, InputError
from geo_data.importer import prepare_city
from tests.geo_data.workshop import GOOD, NORTH, SOUTH, Workshop, ward

SOURCE = '[[sources]]\nlayer = "places"\nkind = "school"\ncrs = "EPSG:4326"\nfile = "{}"\n'
TABLE = "code,name,lon,lat\nP1,一小,121.02,31.02\n"


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def refused(shop: Workshop, file: str, more: str = "") -> Fault:
    with pytest.raises(InputError) as error:
        shop.prepare(GOOD, SOURCE.format(file) + more)
    (fault,) = error.value.faults
    for language in ("zh-CN", "en"):
        assert "{" not in fault.sentence(language)
    assert fault.file is not None
    return fault


def limit(shop: Workshop, line: str) -> None:
    text = shop.city_file.read_text("utf-8")
    text = text.replace("[[levels]]", f"[limits]\n{line}\n[[levels]]", 1)
    shop.city_file.write_text(text, "utf-8")


def pack(shop: Workshop, **members: str) -> Path:
    path = shop.folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_a_table_in_an_archive_is_read(shop: Workshop) -> None:
    pack(shop, **{"数据/学校.csv": TABLE, "读我.md": "", "__MACOSX/._学校.csv": "x"})
    prepared = shop.prepare(GOOD, SOURCE.format("a.zip"))
    assert list(prepared.layers["places/school"][0]["code"]) == ["P1"]


def test_one_of_several_is_named(shop: Workshop) -> None:
    pack(shop, **{"a/学校.csv": TABLE, "b/医院.csv": TABLE.replace("一小", "医院")})
    assert refused(shop, "a.zip").key == "archive-several"
    prepared = shop.prepare(GOOD, SOURCE.format("a.zip") + 'file-layer = "医院"')
    assert list(prepared.layers["places/school"][0]["name"]) == ["医院"]


def test_names_in_gbk_are_read(shop: Workshop) -> None:
    path = pack(shop, **{"AAAA.csv": TABLE, "x.csv": TABLE})
    # What packers on a Chinese Windows write: bytes of GBK, and no word about it.
    path.write_bytes(path.read_bytes().replace(b"AAAA.csv", "学校".encode("gbk") + b".csv"))
    shop.prepare(GOOD, SOURCE.format("a.zip") + 'file-layer = "学校"')


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil.csv", "a/../../e.csv", "C:\\e.csv"])
def test_a_member_that_leads_outside_spoils_the_whole(shop: Workshop, name: str) -> None:
    pack(shop, **{"good.csv": TABLE, name: TABLE})
    before = sorted(shop.folder.parent.rglob("*"))
    assert refused(shop, "a.zip").key == "archive-path"
    assert not [path for path in shop.folder.parent.rglob("evil.csv") if path not in before]


def test_a_bomb_is_refused_before_it_is_unpacked(shop: Workshop) -> None:
    pack(shop, **{"a.csv": "0" * (80 << 20)})
    fault = refused(shop, "a.zip")
    assert (fault.key, fault.values["whole"]) == ("archive-bomb", "80")


def test_a_workbook_may_be_a_bomb_too(shop: Workshop) -> None:
    pack(shop, **{"xl/worksheets/sheet1.xml": "0" * (80 << 20)}).rename(shop.folder / "a.xlsx")
    assert refused(shop, "a.xlsx").key == "archive-bomb"


def test_an_archive_of_too_many_files_is_refused(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geo_data.importer import archives

    monkeypatch.setattr(archives, "_MOST_MEMBERS", 3)
    pack(shop, **{f"{n}.csv": TABLE for n in range(4)})
    fault = refused(shop, "a.zip")
    assert (fault.key, fault.values) == ("archive-members", {"n": "4", "most": "3"})


def test_a_locked_archive_is_told(shop: Workshop) -> None:
    path = pack(shop, **{"a.csv": TABLE})
    data = bytearray(path.read_bytes())
    # The bit that says "encrypted", in the member's own header and in the directory.
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + place] |= 1
    path.write_bytes(bytes(data))
    assert refused(shop, "a.zip").key == "archive-locked"


def test_a_link_in_an_archive_is_not_followed(shop: Workshop) -> None:
    (shop.folder / "secret.csv").write_text(TABLE, "utf-8")
    link = zipfile.ZipInfo("a.csv")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(shop.folder / "a.zip", "w") as archive:
        archive.writestr(link, str(shop.folder / "secret.csv"))
    prepared = shop.prepare(GOOD, SOURCE.format("a.zip"))
    assert not [layer for layer in prepared.layers if layer.startswith("places/")]


def test_a_bomb_that_lies_about_its_size_is_stopped(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geo_data.importer import archives

    pack(shop, **{"a.csv": "0" * (3 << 20)})
    monkeypatch.setattr(archives, "check_archive", lambda *_: None)
    shop.write(GOOD, SOURCE.format("a.zip"))
    limit(shop, "unpacked-mb = 1")
    with pytest.raises(InputError) as error:
        prepare_city(shop.city_file)
    assert error.value.faults[0].key == "archive-bomb"


def spoil_end(data: bytes) -> bytes:
    return data[: len(data) // 2]


def spoil_middle(data: bytes) -> bytes:
    return data[:40] + bytes(20) + data[60:]


@pytest.mark.parametrize("spoil", [spoil_end, spoil_middle, lambda data: b"PK\x03\x04"])
def test_a_damaged_archive_is_told(shop: Workshop, spoil: Callable[[bytes], bytes]) -> None:
    path = pack(shop, **{"a.csv": TABLE * 50})
    path.write_bytes(spoil(path.read_bytes()))
    assert refused(shop, "a.zip").key == "archive-broken"


def test_an_archive_without_data_is_told(shop: Workshop) -> None:
    pack(shop, **{"readme.md": "x"})
    assert refused(shop, "a.zip").key == "archive-empty"


@pytest.mark.parametrize(
    "ending", ["csv", "xlsx", "zip", "gpkg", "parquet", "shp", "geojson", "fgb"]
)
def test_an_empty_file_is_told(shop: Workshop, ending: str) -> None:
    (shop.folder / f"empty.{ending}").touch()
    assert refused(shop, f"empty.{ending}").key == "empty-file"


@pytest.fixture
def schools(shop: Workshop) -> gpd.GeoDataFrame:
    shapes = [shapely.Point(121 + x / 1000, 31.02) for x in range(50)]
    names = [f"第{x}小学" for x in range(50)]
    return gpd.GeoDataFrame({"code": names, "name": names}, geometry=shapes, crs=4326)


@pytest.mark.parametrize(
    ("ending", "keys"),
    [
        ("gpkg", {"unreadable"}),
        ("parquet", {"unreadable"}),
        ("fgb", {"unreadable"}),
        ("geojson", {"unreadable"}),
        ("xlsx", {"archive-broken"}),
        ("shp", {"cut-short"}),
    ],
)
def test_a_file_that_is_cut_short_is_told(
    shop: Workshop, schools: gpd.GeoDataFrame, ending: str, keys: set[str]
) -> None:
    path = shop.folder / f"a.{ending}"
    if ending == "parquet":
        schools.to_parquet(path)
    elif ending == "xlsx":
        schools.drop(columns="geometry").to_excel(path)
    else:
        schools.to_file(path)
    path.write_bytes(spoil_end(path.read_bytes()))
    assert refused(shop, path.name).key in keys


@pytest.mark.parametrize("ending", [".dbf", ".shx"])
def test_a_shapefile_without_a_part_is_told(
    shop: Workshop, schools: gpd.GeoDataFrame, ending: str
) -> None:
    schools.to_file(shop.folder / "a.shp", encoding="GB18030")
    (shop.folder / f"a{ending}").unlink()
    fault = refused(shop, "a.shp")
    assert (fault.key, fault.values["ending"]) == ("no-part", ending)


def test_a_file_beyond_the_limit_is_not_read(shop: Workshop) -> None:
    (shop.folder / "big.csv").write_text(TABLE + "x" * (1 << 20), "utf-8")
    shop.write(GOOD, SOURCE.format("big.csv"))
    limit(shop, "file-mb = 1")
    with pytest.raises(InputError) as error:
        prepare_city(shop.city_file)
    assert error.value.faults[0].key == "file-too-large"


def test_a_single_geometry_beyond_the_limit_is_refused(shop: Workshop) -> None:
    ring = [[x / 100, 10] for x in range(1000, 0, -1)] + [[0, 5], [10, 5], [10, 10]]
    shop.write([ward("W01", SOUTH), ward("W02", ring), ward("W03", NORTH)])
    limit(shop, "vertices = 1000")
    prepared = prepare_city(shop.city_file)
    (finding,) = prepared.report.refused
    assert (finding.fault.key, finding.fault.row) == ("geometry-too-large", 2)
    assert list(prepared.layers["regions/ward"][0]["code"]) == ["W01", "W03"]


def test_a_text_beyond_the_limit_is_not_even_parsed(shop: Workshop) -> None:
    small = shapely.box(121.02, 31.02, 121.03, 31.03).wkt
    huge = f"POLYGON (({', '.join(['121.0212345678901 31.0212345678901'] * 1000)}))"
    table = f'code,name,wkt\nA,甲,"{small}"\nB,乙,"{huge}"\n'
    (shop.folder / "parks.csv").write_text(table, "utf-8")
    shop.write(GOOD, SOURCE.format("parks.csv"))
    limit(shop, "vertices = 500")
    prepared = prepare_city(shop.city_file)
    (finding,) = prepared.report.refused
    fault = finding.fault
    assert (fault.key, fault.row, fault.values["n"]) == ("geometry-too-large", 2, 1000)
    assert list(prepared.layers["places/school"][0]["code"]) == ["A"]
