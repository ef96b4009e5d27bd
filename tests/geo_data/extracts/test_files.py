"""Files of tables, read back by GDAL and openpyxl: what was put in comes out, nothing else does."""

from __future__ import annotations

import errno
import json
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from geo_data.extracts import (
    FORMATS,
    Column,
    Cover,
    DataFormat,
    Line,
    Table,
    formats,
    framed,
    write_tables,
)
from geo_data.extracts.csv_archive import harmless
from geo_data.extracts.workbook import clean
from geo_data.faults import InputError

AT = datetime(2025, 7, 1, 4, 0, 0, tzinfo=UTC)
COVER = Cover(
    title="小城 数据",
    about="说明",
    lines=(Line("number", "编号", "c-20250701-0001"), Line("secrecy", "密级", "内部")),
    made_at=AT,
    zone=ZoneInfo("Asia/Shanghai"),
    language="zh-CN",
)
COLUMNS = (
    Column("code", "编码"),
    Column("title", "标题"),
    Column("n", "件数", "whole"),
    Column("value", "读数", "number", "MPa"),
    Column("late", "超期", "flag"),
    Column("at", "时间", "time"),
    Column("lon", "经度", "number", "°"),
    Column("lat", "纬度", "number", "°"),
)
ROWS: list[tuple[Any, ...]] = [
    ("a", "=HYPERLINK(1)", 1, 0.25, True, AT, 121.2, 31.0),
    ("b", "暴露垃圾，“路边”\n二", None, None, None, None, None, None),
    ("c", "[1, 2]", 3, -1.5, False, AT, 121.21, 31.01),
]


def table(rows: list[tuple[Any, ...]] = ROWS, key: str = "cases", name: str = "事件") -> Table:
    values = {one.key: [row[i] for row in rows] for i, one in enumerate(COLUMNS)}
    places = [None if row[6] is None else shapely.Point(row[6], row[7]) for row in rows]
    shapes = np.array([*places, None], dtype=object)[:-1]
    return Table(key, name, COLUMNS, framed(COLUMNS, values, shapes), "应用", AT, "全部。")


def written(folder: Path, format_key: str, *tables: Table) -> Path:
    path = folder / f"file{FORMATS[format_key].ending}"
    write_tables(format_key, tables or (table(),), COVER, path)
    assert [one.name for one in folder.iterdir()] == [path.name]
    return path


def read(path: str | Path, layer: str | None = None) -> gpd.GeoDataFrame:
    return pyogrio.read_dataframe(path, layer=layer)


def test_a_geopackage_holds_the_rows_and_says_what_it_is(tmp_path: Path) -> None:
    areas = framed(COLUMNS[:1], {"code": ["x", "y"]}, np.array([shapely.box(0, 0, 1, 1)] * 2))
    other = Table("areas", "区划", COLUMNS[:1], areas, "文件", None, "全部。")
    path = written(tmp_path, "gpkg", table(), other)
    layers = dict(pyogrio.list_layers(path))
    assert layers == {"about": None, "cases": "Point", "areas": "MultiPolygon"}
    found = read(path, "cases")
    assert found.crs.to_epsg() == 4326
    assert found["title"].tolist() == [row[1] for row in ROWS]
    assert found["at"].dt.tz_convert("UTC").tolist()[::2] == [pd.Timestamp(AT)] * 2
    assert found["n"].isna().tolist() == [False, True, False]
    assert found.geometry.isna().tolist() == [False, True, False]
    about = read(path, "about").set_index("key")["value"]
    assert about["number"] == "c-20250701-0001"
    assert pyogrio.read_info(path, layer="cases")["layer_metadata"]["source"] == "应用"
    with closing(sqlite3.connect(path)) as connection:
        heads = dict(
            connection.execute(
                "SELECT column_name, title FROM gpkg_data_columns WHERE table_name = 'cases'"
            ).fetchall()
        )
        assert heads["value"] == "读数 (MPa)"
        assert connection.execute("SELECT count(*) FROM gpkg_metadata").fetchone()[0] >= 2
        times = connection.execute("SELECT DISTINCT last_change FROM gpkg_contents").fetchall()
    assert times == [("2025-07-01T04:00:00.000Z",)]


def test_gdal_of_the_system_reads_every_file_without_a_warning(tmp_path: Path) -> None:
    for key in ("gpkg", "geojson", "csv"):
        folder = tmp_path / key
        folder.mkdir()
        path = written(folder, key)
        name = str(path) if key == "gpkg" else f"/vsizip/{path}/cases.{key}"
        done = subprocess.run(
            ["ogrinfo", "-ro", "-so", name, "cases"], capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        assert "Feature Count: 3" in done.stdout
        assert "Geometry: Point" in done.stdout


def test_geojson_is_standard_and_says_what_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, "geojson")
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["说明.txt", "cases.geojson"]
        whole = json.loads(archive.read("cases.geojson"))
        assert "c-20250701-0001" in archive.read("说明.txt").decode("utf-8-sig")
    assert whole["about"]["secrecy"] == "内部"
    assert whole["about"]["rule"] == "全部。"
    first, second, _ = whole["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [121.2, 31.0]}
    assert first["properties"]["at"] == "2025-07-01T12:00:00+08:00"
    assert (second["geometry"], second["properties"]["n"]) == (None, None)
    found = read(f"/vsizip/{path}/cases.geojson")
    assert found["title"].tolist()[:2] == [row[1] for row in ROWS][:2]


def test_rings_of_geojson_turn_left(tmp_path: Path) -> None:
    hole = shapely.Polygon([(0, 0), (0, 3), (3, 3), (3, 0)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    frame = framed(COLUMNS[:1], {"code": ["x"]}, np.array([hole], dtype=object))
    path = written(tmp_path, "geojson", Table("t", "t", COLUMNS[:1], frame, "", None, ""))
    with zipfile.ZipFile(path) as archive:
        (feature,) = json.loads(archive.read("t.geojson"))["features"]
    outer, inner = feature["geometry"]["coordinates"]
    assert shapely.LinearRing(outer).is_ccw
    assert not shapely.LinearRing(inner).is_ccw


def test_csv_opens_in_excel_and_in_gdal(tmp_path: Path) -> None:
    path = written(tmp_path, "csv")
    with zipfile.ZipFile(path) as archive:
        text = archive.read("cases.csv")
        assert text.startswith("\ufeffcode,title".encode())
        assert b"'=HYPERLINK(1)" in text
    found = read(f"/vsizip/{path}/cases.csv")
    assert found.crs.to_epsg() == 4326
    assert found["code"].tolist() == ["a", "b", "c"]
    assert found["value"].tolist()[::2] == [0.25, -1.5]
    assert found.geometry.iloc[0].equals(shapely.Point(121.2, 31.0))
    assert found["at"].iloc[0] == pd.Timestamp(AT)


def test_a_workbook_has_words_for_heads_local_times_and_no_formula(tmp_path: Path) -> None:
    book = load_workbook(written(tmp_path, "xlsx"))
    assert book.sheetnames == ["说明", "事件"]
    about = {row[0]: row[1] for row in book["说明"].iter_rows(values_only=True, max_col=2)}
    assert about["编号"] == "c-20250701-0001"
    sheet = book["事件"]
    head, first, second, _ = sheet.iter_rows()
    assert [cell.value for cell in head][2:4] == ["件数", "读数 (MPa)"]
    assert (first[1].value, first[1].data_type) == ("=HYPERLINK(1)", "s")
    assert first[5].value == datetime(2025, 7, 1, 12)
    assert first[4].value is True
    assert [cell.value for cell in second][2:] == [None] * 6
    assert sheet.freeze_panes == "A2"


def test_sheets_of_layers_that_are_called_alike_are_told_apart(tmp_path: Path) -> None:
    path = written(
        tmp_path, "xlsx", *(table(name=name) for name in ("说明", "a/b", "A:B", "x" * 50))
    )
    assert load_workbook(path).sheetnames == ["说明", "说明 2", "a b", "A B 2", "x" * 31]


@pytest.mark.parametrize("format_key", FORMATS)
def test_a_layer_without_rows_is_a_layer_all_the_same(tmp_path: Path, format_key: str) -> None:
    path = written(tmp_path, format_key, table([]))
    if format_key == "xlsx":
        assert [len(list(sheet.iter_rows())) for sheet in load_workbook(path)] == [3, 1]
        return
    name = path if format_key == "gpkg" else f"/vsizip/{path}/cases.{format_key}"
    found = read(name, "cases")
    assert len(found) == 0
    assert {"code", "title", "at"} <= set(found.columns) or format_key == "geojson"


@pytest.mark.parametrize("format_key", ["gpkg", "geojson", "csv"])
def test_the_same_rows_give_the_same_bytes(tmp_path: Path, format_key: str) -> None:
    found = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        found.append(written(folder, format_key).read_bytes())
    assert found[0] == found[1]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(titles=st.lists(TEXTS, min_size=1, max_size=6))
def test_any_text_comes_back_as_it_was(tmp_path_factory: Any, titles: list[str]) -> None:
    folder = tmp_path_factory.mktemp("texts")
    rows = [(str(n), title, 1, 1.0, True, AT, 1.0, 1.0) for n, title in enumerate(titles)]
    told = table(rows)
    path = folder / "file.gpkg"
    write_tables("gpkg", [told], COVER, path)
    assert read(path, "cases")["title"].tolist() == titles
    path = folder / "file.geojson.zip"
    write_tables("geojson", [told], COVER, path)
    with zipfile.ZipFile(path) as archive:
        features = json.loads(archive.read("cases.geojson"))["features"]
    assert [one["properties"]["title"] for one in features] == titles
    path = folder / "file.csv.zip"
    write_tables("csv", [told], COVER, path)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("cases.csv").decode("utf-8-sig")
    assert all(not cell.startswith(("=", "+", "-", "@")) for cell in map(harmless, titles))
    assert text.count("\r\n") >= len(titles) + 1
    path = folder / "file.xlsx"
    write_tables("xlsx", [told], COVER, path)
    cells = [row[1] for row in load_workbook(path)["事件"].iter_rows(min_row=2, values_only=True)]
    # A workbook has no empty text; which ends of lines come back is the XML library's choice.
    assert [lines(cell or "") for cell in cells] == [lines(clean(title)) for title in titles]


def lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_what_was_there_stays_when_the_new_file_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "csv")
    before = path.read_bytes()

    def broken(_tables: object, _cover: object, part: Path) -> None:
        part.write_bytes(b"half")
        raise OSError(errno.EACCES, "Permission denied")

    spoilt = {"csv": DataFormat(".csv.zip", "application/zip", broken)}
    monkeypatch.setattr(formats, "FORMATS", spoilt)
    with pytest.raises(InputError) as caught:
        write_tables("csv", [table()], COVER, path)
    assert caught.value.faults[0].key == "export-not-written"
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
