"""The road of a city file into the store."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from rich.console import Console

from geo_data.crs import wgs84_to_bd09, wgs84_to_gcj02
from geo_data.dictionaries import sensor_kind
from geo_data.faults import InputError
from geo_data.importer import fingerprint, import_city, is_current, prepare_city
from geo_data.importer.report import ImportReport
from geo_data.store import Store, open_store

Rows = list[tuple[object, ...]]


def rows(path: Path, question: str) -> Rows:
    with sqlite3.connect(path) as connection:
        found = connection.execute(question).fetchall()
    connection.close()
    return found


@pytest.fixture
def folder(tmp_path: Path, example_city: Path) -> Path:
    """A copy of the invented city that a test may spoil."""
    return Path(shutil.copytree(example_city.parent, tmp_path / "city"))


@pytest.fixture
def city_file(folder: Path) -> Path:
    return folder / "clearbay.toml"


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def change_features(path: Path, change: Callable[[list[dict[str, object]]], None]) -> None:
    table = json.loads(path.read_text(encoding="utf-8"))
    change(table["features"])
    path.write_text(json.dumps(table), encoding="utf-8")


def test_three_levels_of_another_city_need_no_code(clearbay_path: Path) -> None:
    assert rows(clearbay_path, "SELECT level, count(*) FROM regions GROUP BY level ORDER BY 1") == [
        ("city", 1),
        ("functional", 1),
        ("precinct", 9),
        ("ward", 3),
    ]
    parents = dict(rows(clearbay_path, "SELECT code, parent_code FROM regions"))
    assert parents["CB"] is None
    assert parents["CB.E"] == "CB"
    assert parents["CB.N-1"] == "CB.N"
    assert parents["CB-FP"] == "CB"


def test_a_region_without_a_parent_column_goes_where_most_of_it_lies(clearbay_path: Path) -> None:
    # CB.S-3 is the one row of the file that names no ward.
    assert rows(clearbay_path, "SELECT parent_code FROM regions WHERE code = 'CB.S-3'") == [
        ("CB.S",)
    ]


def test_kinds_and_population_come_through_the_mapping(clearbay_path: Path) -> None:
    ward = "SELECT name, kind, population FROM regions WHERE code = 'CB.E'"
    assert rows(clearbay_path, ward) == [("东港区", "ward", 16850)]
    precinct = "SELECT kind FROM regions WHERE code = 'CB.E-1'"
    assert rows(clearbay_path, precinct) == [("harbour",)]
    kinds = rows(clearbay_path, "SELECT DISTINCT kind FROM places ORDER BY 1")
    assert [kind for (kind,) in kinds] == [
        *("building", "bus-stop", "ferry", "food", "market", "medical"),
        *("park", "residential", "school"),
    ]


def test_a_building_knows_its_site_and_a_sensor_its_building(clearbay_path: Path) -> None:
    sites = dict(rows(clearbay_path, "SELECT code, site_code FROM places"))
    assert sites["B-01"] == "PK-1"
    assert sites["B-05"] == "RS-1"
    assert sites["B-11"] is None
    assert sites["PK-1"] is None
    held = dict(rows(clearbay_path, "SELECT code, place_code FROM sensors"))
    assert held == {
        "S-01": None,
        "S-02": "B-05",
        "S-03": "B-02",
        "S-04": None,
        "S-05": None,
        "S-06": None,
    }


def test_every_object_lies_in_its_finest_region(clearbay_path: Path) -> None:
    regions = gpd.read_file(clearbay_path, layer="regions")
    finest = regions[regions["level"] == "precinct"][["code", "geometry"]]
    for layer in ("places", "sensors"):
        objects = gpd.read_file(clearbay_path, layer=layer)
        objects["geometry"] = shapely.point_on_surface(objects.geometry.to_numpy())
        joined = objects.sjoin(finest, predicate="within")
        assert len(joined) == len(objects)
        assert (joined["region_code"] == joined["code_right"]).all()


def test_metric_unit_and_period_come_from_the_dictionary(clearbay_path: Path) -> None:
    asked = "SELECT metric, unit, period_s FROM sensors WHERE code = 'S-06'"
    level = sensor_kind("river-level")
    assert rows(clearbay_path, asked) == [(level.metric, level.unit, level.period_s)]


def test_the_report_counts_what_the_store_holds(
    city_file: Path, tmp_path: Path, now: datetime
) -> None:
    path = tmp_path / "out.gpkg"
    report = import_city(city_file, path, now)
    for layer, count in report.layers.items():
        table, _, part = layer.partition("/")
        column = {"regions": "level", "places": "kind"}.get(table)
        where = f" WHERE {column} = '{part}'" if column else ""
        assert rows(path, f"SELECT count(*) FROM {table}{where}") == [(count,)]
    assert report.exit_code == 0
    assert all(count.read == count.kept for count in report.sources)


def test_checking_writes_nothing(city_file: Path, tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "out.gpkg"
    report = import_city(city_file, path, now, check=True)
    assert report.checked_only
    assert not list(tmp_path.glob("out*"))


def test_the_store_remembers_its_city(city_file: Path, tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "out.gpkg"
    import_city(city_file, path, now)
    store = open_store(path)
    assert store.city.level_keys == ("city", "ward", "precinct")
    assert store.city.sources[0].columns["code"] == "ward_id"
    store.close()


def test_importing_again_replaces_layers_and_takes_out_what_is_gone(
    city_file: Path, folder: Path, tmp_path: Path, now: datetime
) -> None:
    path = tmp_path / "out.gpkg"
    import_city(city_file, path, now)
    before = versions(path)
    edit(folder / "points.csv", ("P-03,轮渡码头,码头", "P-03,轮渡码头,学校"))
    edit(
        city_file, ('file = "free-port.geojson"', 'file = "free-port.geojson"\nfilter.id = "none"')
    )
    later = now + timedelta(hours=1)
    report = import_city(city_file, path, later)
    assert report.layers["places/school"] == 2
    assert "places/ferry" not in report.layers
    assert rows(path, "SELECT kind FROM places WHERE code = 'P-03'") == [("school",)]
    assert rows(path, "SELECT count(*) FROM regions WHERE level = 'functional'") == [(0,)]
    after = versions(path)
    assert after["places/school"] > before["places/school"]
    assert after["places/ferry"] > before["places/ferry"]


def versions(path: Path) -> dict[str, int]:
    store = open_store(path)
    known = store.versions()
    store.close()
    return known


def test_a_code_may_move_from_one_kind_or_level_to_another(
    city_file: Path, folder: Path, tmp_path: Path, now: datetime
) -> None:
    path = tmp_path / "out.gpkg"
    import_city(city_file, path, now)
    # The kinds change places: each of the two layers wants a code that the other still holds.
    edit(folder / "areas.geojson", ("园区", "?"), ("小区", "园区"), ("?", "小区"))
    import_city(city_file, path, now)
    kinds = dict(rows(path, "SELECT code, kind FROM places WHERE code LIKE '%-1' OR code = 'RS-2'"))
    assert kinds["PK-1"] == "residential"
    assert kinds["RS-2"] == "park"


def test_incidents_stay_when_a_city_is_imported_again(
    clearbay: Store, clearbay_path: Path, city_file: Path, now: datetime
) -> None:
    with clearbay.write() as connection:
        letters = clearbay.tables.dead_letters
        connection.execute(
            letters.insert(), {"source": "s", "received_at": now, "raw": "{}", "reason": "r"}
        )
    import_city(city_file, clearbay_path, now)
    assert rows(clearbay_path, "SELECT raw FROM dead_letters") == [("{}",)]


def test_progress_moves_forward_to_the_end(city_file: Path, tmp_path: Path, now: datetime) -> None:
    seen: list[tuple[str, float]] = []
    import_city(city_file, tmp_path / "o.gpkg", now, progress=lambda *step: seen.append(step))
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert seen[-1] == ("done", 1.0)


def test_the_fingerprint_moves_with_the_city_file_and_with_each_source(
    city_file: Path, folder: Path, tmp_path: Path, now: datetime
) -> None:
    path = tmp_path / "out.gpkg"
    assert not is_current(city_file, path)
    import_city(city_file, path, now)
    assert is_current(city_file, path)
    first = fingerprint(city_file)
    edit(folder / "points.csv", ("北岸小学", "北岸中学"))
    assert fingerprint(city_file) != first
    assert not is_current(city_file, path)


@pytest.mark.parametrize(
    ("name", "shift"), [("GCJ-02", wgs84_to_gcj02), ("BD-09", wgs84_to_bd09)], ids=["gcj", "bd"]
)
def test_a_declared_chinese_datum_is_undone(
    city_file: Path, folder: Path, name: str, shift: Callable[..., tuple[object, object]]
) -> None:
    true = prepare_city(city_file).layers["regions/ward"][0].geometry
    wards = gpd.read_file(folder / "wards.geojson")
    moved = wards.geometry.map(lambda shape: shapely.transform(shape, shift, interleaved=False))
    wards.set_geometry(moved).to_file(folder / "wards.geojson", driver="GeoJSON")
    edit(city_file, ('file = "wards.geojson"', f'file = "wards.geojson"\ncrs = "{name}"'))
    back = prepare_city(city_file).layers["regions/ward"][0].geometry
    # GDAL writes GeoJSON with 7 decimals: 1 cm.
    assert (shapely.hausdorff_distance(true.to_numpy(), back.to_numpy()) < 2e-7).all()


def test_an_undeclared_chinese_datum_is_noticed(city_file: Path, folder: Path) -> None:
    wards = gpd.read_file(folder / "wards.geojson")
    whole = gpd.GeoDataFrame(
        {"code": ["CB"], "name": ["澄湾"]}, geometry=[wards.union_all()], crs=wards.crs
    )
    whole.to_file(folder / "outline.geojson", driver="GeoJSON")
    moved = wards.geometry.map(
        lambda shape: shapely.transform(shape, wgs84_to_gcj02, interleaved=False)
    )
    wards.set_geometry(moved).to_file(folder / "wards.geojson", driver="GeoJSON")
    source = '[[sources]]\nlayer = "regions"\nlevel = "city"\nfile = "outline.geojson"\n\n'
    first = '[[sources]]\nlayer = "regions"\nlevel = "ward"'
    edit(city_file, (first, source + first))
    noted = prepare_city(city_file).report.noted
    (found,) = [each.fault for each in noted if each.fault.key == "looks-shifted"]
    assert found.values["datum"] == "GCJ-02"
    assert 400 < float(str(found.values["m"])) < 700


@pytest.mark.parametrize("ending", ["gpkg", "shp", "fgb", "parquet", "csv"])
def test_the_same_rows_come_out_of_every_kind_of_file(
    city_file: Path, folder: Path, ending: str
) -> None:
    expected = prepare_city(city_file).layers["regions/ward"][0]
    wards = gpd.read_file(folder / "wards.geojson")
    target = folder / f"wards.{ending}"
    declared = ""
    if ending == "parquet":
        wards.to_parquet(target)
    elif ending == "csv":
        wards.to_wkt().rename(columns={"geometry": "wkt"}).to_csv(target, index=False)
        declared = '\ncrs = "EPSG:4326"'
    else:
        wards.to_file(target)
    edit(city_file, ('file = "wards.geojson"', f'file = "wards.{ending}"{declared}'))
    found = prepare_city(city_file).layers["regions/ward"][0].set_index("code")
    assert set(found.index) == set(expected["code"])
    again = found.loc[expected["code"]]
    assert list(again["name"]) == list(expected["name"])
    assert list(again["population"]) == list(expected["population"])
    assert shapely.equals_exact(
        shapely.normalize(again.geometry.to_numpy()),
        shapely.normalize(expected.geometry.to_numpy()),
        tolerance=1e-6,
    ).all()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_tables_are_read_in_the_encodings_that_offices_write(
    city_file: Path, folder: Path, encoding: str
) -> None:
    table = folder / "points.csv"
    table.write_text(table.read_text(encoding="utf-8"), encoding=encoding)
    names = prepare_city(city_file).layers["places/school"][0]["name"]
    assert list(names) == ["北岸小学"]


def test_a_shapefile_that_hides_its_encoding_is_not_read_as_latin(
    city_file: Path, folder: Path
) -> None:
    wards = gpd.read_file(folder / "wards.geojson")
    wards.to_file(folder / "wards.shp", encoding="GB18030")
    (folder / "wards.cpg").unlink()
    dbf = bytearray((folder / "wards.dbf").read_bytes())
    dbf[29] = 0
    (folder / "wards.dbf").write_bytes(dbf)
    edit(city_file, ('file = "wards.geojson"', 'file = "wards.shp"'))
    assert "东港区" in set(prepare_city(city_file).layers["regions/ward"][0]["name"])


def test_a_place_gets_the_same_made_code_at_every_import(city_file: Path, folder: Path) -> None:
    edit(city_file, ('code = "编号", ', ""))
    first = prepare_city(city_file).layers["places/school"][0]["code"]
    again = prepare_city(city_file).layers["places/school"][0]["code"]
    assert list(first) == list(again)
    assert first[0].startswith("school-")


def test_the_same_row_twice_is_one_place(city_file: Path, folder: Path) -> None:
    edit(city_file, ('code = "编号", ', ""))
    table = folder / "points.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text + text.splitlines()[1] + "\n", encoding="utf-8")
    prepared = prepare_city(city_file)
    assert len(prepared.layers["places/school"][0]) == 1
    (finding,) = prepared.report.refused
    assert finding.fault.key == "duplicate-row"
    assert finding.fault.row == 7


def test_a_place_without_coordinates_is_refused_or_on_request_put_at_its_region(
    city_file: Path, folder: Path
) -> None:
    (folder / "offices.csv").write_text(
        "code,name,parent\nO-1,北岸办事处,CB.N\nO-2,无主办事处,\n", encoding="utf-8"
    )
    source = '\n[[sources]]\nlayer = "places"\nkind = "government"\nfile = "offices.csv"\n'
    city_file.write_text(city_file.read_text(encoding="utf-8") + source, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        prepare_city(city_file)
    assert refused.value.faults[0].key == "no-coordinates"

    edit(city_file, (source, source + 'without-location = "parent"\n'))
    prepared = prepare_city(city_file)
    (office,) = prepared.layers["places/government"][0].itertuples()
    assert (office.code, office.region_code) == ("O-1", "CB.N")
    assert office.attributes == {"located": "parent"}
    wards = prepared.layers["regions/ward"][0].set_index("code").geometry
    assert wards["CB.N"].contains(office.geometry)
    assert [each.fault.key for each in prepared.report.refused] == ["no-geometry"]


def test_chosen_columns_are_kept_as_attributes(city_file: Path, folder: Path) -> None:
    edit(city_file, ('file = "points.csv"', 'file = "points.csv"\nattributes = ["类别"]'))
    school = prepare_city(city_file).layers["places/school"][0]
    assert list(school["attributes"]) == [{"类别": "学校"}]


def test_the_report_prints_in_both_languages_and_as_json(city_file: Path) -> None:
    report = prepare_city(city_file).report
    assert "澄湾市" in printed(report, "zh-CN")
    assert "Clearbay" in printed(report, "en")
    body = json.loads(report.as_json("en"))
    assert body["layers"]["regions/precinct"] == 9
    assert {source["layer"] for source in body["sources"]} >= {"regions/ward", "sensors"}
    keys = [finding["key"] for finding in body["findings"]]
    assert "root-derived" in keys


def printed(report: ImportReport, language: str) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(report.as_table(language))
    text = console.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


def test_many_findings_are_grouped_with_three_examples(city_file: Path) -> None:
    report = prepare_city(city_file).report
    named = [each for each in report.noted if each.fault.key == "named-by-code"]
    assert len(named) == 11
    text = printed(report, "en")
    assert text.count("There is no name") == 3
    assert "and 8 more" in text
