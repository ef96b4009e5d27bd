"""Every kind of source a city file may name: files, workbooks, archives, databases."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import psycopg
import pytest
import shapely

from geo_data.city import read_city
from geo_data.faults import Fault, InputError
from geo_data.importer import import_city, prepare_city
from tests.geo_data.workshop import GOOD, NORTH, SOUTH, Workshop, degrees
from tests.postgis_server import PASSWORD, PostgisServer

SCHOOLS = '[[sources]]\nlayer = "places"\nkind = "school"\ncrs = "EPSG:4326"\n'
ROWS = [("P1", "一小", 121.02, 31.02, "甲"), ("P2", "二小", 121.03, 31.07, "乙")]
HEADER = ("编号", "名称", "经度", "纬度", "类")
COLUMNS = 'columns = { code = "编号", name = "名称", lon = "经度", lat = "纬度" }\n'


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def workbook(path: Path, rows: list[tuple[object, ...]], sheet: str = "学校") -> Path:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "说明"
    page.append(["只是说明"])
    page = book.create_sheet(sheet)
    for row in [HEADER, *rows]:
        page.append(row)
    book.save(path)
    return path


def refused(shop: Workshop, source: str) -> Fault:
    with pytest.raises(InputError) as error:
        shop.prepare(GOOD, source)
    (fault,) = error.value.faults
    for language in ("zh-CN", "en"):
        assert "{" not in fault.sentence(language)
    return fault


def test_a_sheet_of_a_workbook_is_a_table(shop: Workshop) -> None:
    workbook(shop.folder / "学校.xlsx", [*ROWS, (None,) * 5, ("P3", "三小", None, None, "甲")])
    source = f'{SCHOOLS}file = "学校.xlsx"\nfile-layer = "学校"\n{COLUMNS}'
    prepared = shop.prepare(GOOD, source + 'filter = { "类" = ["甲", "乙"] }\n')
    schools = prepared.layers["places/school"][0]
    assert list(schools["code"]) == ["P1", "P2"]
    assert list(schools["region_code"]) == ["W01", "W02"]
    # The empty row keeps its number.
    assert [(each.fault.key, each.fault.row) for each in prepared.report.refused] == [
        ("no-geometry", 4)
    ]


def test_a_sheet_that_is_not_there_is_told_the_nearest(shop: Workshop) -> None:
    workbook(shop.folder / "a.xlsx", ROWS)
    fault = refused(shop, f'{SCHOOLS}file = "a.xlsx"\nfile-layer = "学样"\n{COLUMNS}')
    assert (fault.key, fault.values["nearest"]) == ("no-layer", "学校")


def test_a_code_that_a_spreadsheet_has_rounded_is_refused(shop: Workshop) -> None:
    rows = [(3101170010010010, "一", 121.02, 31.02, ""), ("3101170010010011", "二", 121.03, 31.02)]
    workbook(shop.folder / "a.xlsx", rows)
    prepared = shop.prepare(GOOD, f'{SCHOOLS}file = "a.xlsx"\nfile-layer = "学校"\n{COLUMNS}')
    (finding,) = prepared.report.refused
    assert (finding.fault.key, finding.fault.row) == ("rounded-number", 1)
    assert list(prepared.layers["places/school"][0]["code"]) == ["3101170010010011"]


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_geometry_may_come_as_wkt_in_a_table(shop: Workshop, ending: str) -> None:
    wards = pd.DataFrame(
        {
            "code": ["W01", "W02"],
            "name": ["甲", "乙"],
            "范围": [shapely.Polygon(degrees(ring)).wkt for ring in (SOUTH, NORTH)],
        }
    )
    path = shop.folder / f"wards.{ending}"
    wards.to_csv(path, index=False) if ending == "csv" else wards.to_excel(path, index=False)
    shop.write(GOOD, wards='crs = "EPSG:4490"\ncolumns = { wkt = "范围" }')
    text = shop.city_file.read_text("utf-8").replace("wards.geojson", path.name)
    shop.city_file.write_text(text, "utf-8")
    found = prepare_city(shop.city_file).layers["regions/ward"][0]
    assert found.geometry[0].equals(shapely.Polygon(degrees(SOUTH)))


@pytest.mark.parametrize("inside", ["schools.shp", "数据/schools.gpkg", "schools.fgb"])
def test_a_zip_is_read_like_what_it_holds(shop: Workshop, inside: str) -> None:
    frame = gpd.GeoDataFrame(
        {"code": ["P1"], "name": ["一小"]}, geometry=[shapely.Point(121.02, 31.02)], crs=4326
    )
    folder = shop.folder / "packed"
    (folder / inside).parent.mkdir(parents=True)
    frame.to_file(folder / inside, encoding="GB18030" if inside.endswith("shp") else None)
    shutil.make_archive(str(shop.folder / "packed"), "zip", folder)
    prepared = shop.prepare(GOOD, f'{SCHOOLS}file = "packed.zip"')
    assert list(prepared.layers["places/school"][0]["name"]) == ["一小"]


def test_both_ways_of_naming_an_origin_are_checked(shop: Workshop) -> None:
    for lines, key in (
        ("", "one-origin"),
        ('file = "a.csv"\nurl = "sqlite://"\ntable = "t"', "one-origin"),
        ('url = "sqlite://"', "table-or-query"),
        ('url = "sqlite://"\ntable = "t"\nquery = "SELECT 1"', "table-or-query"),
        ('url = "geheim:s3cret"\ntable = "t"', "bad-url"),
    ):
        fault = refused(shop, SCHOOLS + lines)
        assert fault.key == key
        assert "s3cret" not in fault.sentence("en")


def database(shop: Workshop) -> str:
    path = shop.folder / "office.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE schools ({', '.join(HEADER)})")
        connection.executemany("INSERT INTO schools VALUES (?, ?, ?, ?, ?)", ROWS)
        connection.execute("CREATE VIEW \"一类\" AS SELECT * FROM schools WHERE 类 = '甲'")
    connection.close()
    return f'{SCHOOLS}url = "sqlite:///{path}"\n{COLUMNS}'


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ('table = "schools"', ["P1", "P2"]),
        ('table = "一类"', ["P1"]),
        ("query = \"SELECT * FROM schools WHERE 名称 = '二小';\"", ["P2"]),
        ('table = "schools"\nfilter = { "类" = "乙" }', ["P2"]),
        ('table = "schools"\nvalues.name = { "一小" = "第一小学" }', ["P1", "P2"]),
    ],
)
def test_any_database_is_a_source(shop: Workshop, asked: str, codes: list[str]) -> None:
    schools = shop.prepare(GOOD, f"{database(shop)}{asked}").layers["places/school"][0]
    assert list(schools["code"]) == codes
    if "values" in asked:
        assert list(schools["name"]) == ["第一小学", "二小"]


@pytest.mark.parametrize(
    ("asked", "key", "word"),
    [
        ('table = "shcools"', "no-table", "schools"),
        ('query = "SELEKT 1"', "bad-query", "SELEKT"),
        ('table = "schools"\ngeometry-column = "geom"', "no-column", "geom"),
        ('table = "schools"\npassword-env = "NOT_SET_AT_ALL"', "no-password", "NOT_SET_AT_ALL"),
    ],
)
def test_a_database_that_cannot_be_read_is_told(
    shop: Workshop, asked: str, key: str, word: str
) -> None:
    fault = refused(shop, f"{database(shop)}{asked}")
    assert fault.key == key
    assert word in fault.sentence("zh-CN")


def test_a_driver_that_is_missing_is_told(shop: Workshop) -> None:
    fault = refused(shop, f'{SCHOOLS}url = "oracle+cx_oracle://u@h/d"\ntable = "t"')
    assert (fault.key, fault.values["driver"]) == ("no-driver", "oracle+cx_oracle")


@pytest.fixture
def postgis(postgis_url: str) -> str:
    """A database of an office: a table in CGCS2000, a view, a local plane system."""
    plane = "+proj=tmerc +lat_0=31 +lon_0=121.5 +k=1 +x_0=0 +y_0=0 +ellps=GRS80 +units=m"
    frame = gpd.GeoDataFrame(geometry=[shapely.Polygon(degrees(SOUTH))], crs=4326).to_crs(plane)
    with psycopg.connect(postgis_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE SCHEMA gis")
        connection.execute('CREATE TABLE gis."区划" (id bigint, "名称" text, geom geometry)')
        for number, ring in ((1, SOUTH), (2, NORTH)):
            connection.execute(
                'INSERT INTO gis."区划" VALUES (%s, %s, ST_GeomFromText(%s, 4490))',
                (number, f"区{number}", shapely.Polygon(degrees(ring)).wkt),
            )
        connection.execute(
            "CREATE VIEW gis.wards AS SELECT 'W0' || id AS code, \"名称\" AS name, "
            'ST_Transform(geom, 4549) AS shape FROM gis."区划"'
        )
        connection.execute("CREATE TABLE local (code text, name text, geom geometry)")
        connection.execute(
            "INSERT INTO local VALUES ('W01', '甲', ST_GeomFromText(%s))",
            (frame.geometry[0].wkt,),
        )
    return postgis_url


def from_postgis(shop: Workshop, url: str, lines: str) -> Workshop:
    shop.write(GOOD)
    text = shop.city_file.read_text("utf-8")
    text = text.replace('file = "wards.geojson"', f'url = "{url}"\n{lines}')
    shop.city_file.write_text(text, "utf-8")
    return shop


@pytest.mark.postgis
@pytest.mark.parametrize(
    "lines",
    [
        'table = "gis.wards"',
        'table = "gis.区划"\ncolumns = { code = "id", name = "名称" }\n'
        'values.code = { "1" = "W01", "2" = "W02" }',
        "query = \"SELECT 'W0' || id::text AS code, 名称 AS name, geom FROM gis.区划\"",
    ],
    ids=["view", "table", "query"],
)
def test_a_postgis_table_view_or_query_is_a_source(
    shop: Workshop, postgis: str, lines: str
) -> None:
    wards = prepare_city(from_postgis(shop, postgis, lines).city_file).layers["regions/ward"][0]
    assert list(wards["code"]) == ["W01", "W02"]
    true = [shapely.Polygon(degrees(ring)) for ring in (SOUTH, NORTH)]
    assert (shapely.hausdorff_distance(wards.geometry.to_numpy(), true) < 1e-8).all()


@pytest.mark.postgis
def test_a_local_plane_system_is_declared_for_a_table(shop: Workshop, postgis: str) -> None:
    plane = "+proj=tmerc +lat_0=31 +lon_0=121.5 +k=1 +x_0=0 +y_0=0 +ellps=GRS80 +units=m"
    shop = from_postgis(shop, postgis, f'table = "local"\ncrs = "{plane}"')
    ward = prepare_city(shop.city_file).layers["regions/ward"][0].geometry[0]
    assert ward.hausdorff_distance(shapely.Polygon(degrees(SOUTH))) < 1e-8


@pytest.mark.postgis
def test_a_query_that_would_change_something_is_refused(shop: Workshop, postgis: str) -> None:
    shop = from_postgis(shop, postgis, 'query = "DELETE FROM local RETURNING *"')
    with pytest.raises(InputError) as error:
        prepare_city(shop.city_file)
    assert error.value.faults[0].key == "bad-query"
    with psycopg.connect(postgis.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM local").fetchone() == (1,)


@pytest.mark.postgis
def test_a_password_comes_from_the_environment_and_is_never_told(
    shop: Workshop, postgis: str, monkeypatch: pytest.MonkeyPatch, now: object
) -> None:
    bare = postgis.replace(f":{PASSWORD}@", "@")
    assert bare != postgis
    from_postgis(shop, bare, 'table = "gis.wards"\npassword-env = "OFFICE_PASSWORD"')
    monkeypatch.setenv("OFFICE_PASSWORD", "wrong-one")
    with pytest.raises(InputError) as error:
        prepare_city(shop.city_file)
    (fault,) = error.value.faults
    assert fault.key == "database-refused"
    assert "wrong-one" not in fault.sentence("zh-CN")
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    report = import_city(shop.city_file, shop.folder / "s.gpkg", now)  # type: ignore[arg-type]
    assert PASSWORD not in report.as_json()


@pytest.mark.postgis
def test_a_password_in_the_address_is_not_kept_in_the_store(
    shop: Workshop, postgis: str, now: object
) -> None:
    from_postgis(shop, postgis, 'table = "gis.wards"')
    assert PASSWORD in str(read_city(shop.city_file).sources[0].url)
    path = shop.folder / "s.gpkg"
    report = import_city(shop.city_file, path, now)  # type: ignore[arg-type]
    assert PASSWORD not in report.as_json()
    assert PASSWORD.encode() not in path.read_bytes()


@pytest.mark.postgis
def test_a_server_that_is_not_there_is_told(shop: Workshop, postgis_server: PostgisServer) -> None:
    url = postgis_server.url("postgres").replace(str(postgis_server.port), "1")
    from_postgis(shop, url, 'table = "t"')
    with pytest.raises(InputError) as error:
        prepare_city(shop.city_file)
    (fault,) = error.value.faults
    assert fault.key == "database-refused"
    assert PASSWORD not in fault.sentence("en")
