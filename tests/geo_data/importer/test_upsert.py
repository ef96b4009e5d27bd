"""Rows added and changed by code, the rest kept; and the store held against the same rules."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from geo_data.importer import check_store, import_city, prepare_city
from geo_data.store import Store, open_store, shown_address
from tests.geo_data.workshop import NORTH, SOUTH, Workshop, ward
from tests.stores import Address, Stores


@pytest.fixture
def city_file(tmp_path: Path, example_city: Path) -> Path:
    """A copy of the invented city whose points a test may change."""
    return Path(shutil.copytree(example_city.parent, tmp_path / "city")) / "clearbay.toml"


@pytest.fixture(scope="module")
def imported(module_stores: Stores, example_city: Path, now: datetime) -> Address:
    address = module_stores.new()
    import_city(example_city, address, now)
    return address


@pytest.fixture
def city(imported: Address, stores: Stores) -> Address:
    """A store of the invented city."""
    return stores.copy(imported)


def only_points(city_file: Path, rows: str) -> None:
    """Leave nothing in the city file but a table of points."""
    text = city_file.read_text("utf-8")
    head = text[: text.index("[[sources]]")]
    tail = text[text.index('[[sources]]\nlayer = "places"\nfile = "points.csv"') :]
    city_file.write_text(head + tail[: tail.index('[[sources]]\nlayer = "sensors"')], "utf-8")
    table = city_file.with_name("points.csv")
    header = table.read_text("utf-8").splitlines()[0]
    table.write_text(f"{header}\n{rows}", "utf-8")


def places(store: Store) -> dict[str, tuple[str, str, str | None]]:
    table = store.tables.places
    asked = select(table.c.code, table.c.name, table.c.kind, table.c.site_code)
    with store.read() as connection:
        return {code: (name, kind, site) for code, name, kind, site in connection.execute(asked)}


def test_an_upsert_adds_and_changes_by_code_and_keeps_the_rest(
    city: Address, city_file: Path, now: datetime
) -> None:
    with closing(open_store(city)) as store:
        before, versions = places(store), store.versions()
        regions = store.layers()["regions/precinct"]
    assert before["P-01"][0] == "北岸小学"
    only_points(city_file, "P-01,北岸中学,学校,,28.02,123.53\nP-77,新学校,学校,,28.021,123.531\n")
    report = import_city(city_file, city, now + timedelta(hours=1), upsert=True)
    assert report.refused == ()
    with closing(open_store(city)) as store:
        after = places(store)
        assert after.pop("P-77")[:2] == ("新学校", "school")
        assert after.pop("P-01")[:2] == ("北岸中学", "school")
        before.pop("P-01")
        assert after == before
        now_versions = store.versions()
        assert store.layers()["regions/precinct"] == regions
    # What did not change was not written: no screen reloads it.
    moved = {layer for layer in versions if now_versions[layer] != versions[layer]}
    assert moved == {"places/school"}


def test_a_refused_row_of_an_upsert_leaves_the_old_one(
    city: Address, city_file: Path, now: datetime
) -> None:
    only_points(city_file, "P-01,远方,学校,,27.9901,123.5\n")
    report = import_city(city_file, city, now, upsert=True)
    assert [each.fault.key for each in report.refused] == ["outside-city"]
    with closing(open_store(city)) as store:
        assert places(store)["P-01"][0] == "北岸小学"


def test_a_place_may_change_its_kind_in_an_upsert(
    city: Address, city_file: Path, now: datetime
) -> None:
    only_points(city_file, "P-01,北岸医院,医院,,28.02,123.53\n")
    import_city(city_file, city, now, upsert=True)
    with closing(open_store(city)) as store:
        assert places(store)["P-01"][:2] == ("北岸医院", "medical")


def test_places_known_by_their_region_only_stay_so(tmp_path: Path, now: datetime) -> None:
    shop = Workshop(tmp_path)
    (tmp_path / "v.csv").write_text("code,name,parent\nV1,甲村,W01\n", "utf-8")
    source = (
        '[[sources]]\nlayer="places"\nkind="village"\nfile="v.csv"\nwithout-location="parent"\n'
    )
    shop.write([ward("W01", SOUTH), ward("W02", NORTH)], source)
    path = tmp_path / "s.gpkg"
    import_city(shop.city_file, path, now)
    (tmp_path / "v.csv").write_text("code,name,parent\nV2,乙村,W02\n", "utf-8")
    prepared = prepare_city(shop.city_file, path, upsert=True)
    villages = prepared.layers["places/village"][0].set_index("code")
    assert dict(villages["region_code"]) == {"V1": "W01", "V2": "W02"}
    assert [row["located"] for row in villages["attributes"]] == ["parent", "parent"]


def test_a_region_added_by_an_upsert_takes_its_places(tmp_path: Path, now: datetime) -> None:
    shop = Workshop(tmp_path)
    (tmp_path / "points.csv").write_text("code,name,lon,lat\nP1,甲,121.05,31.02\n", "utf-8")
    source = '[[sources]]\nlayer="places"\nkind="school"\nfile="points.csv"\ncrs="EPSG:4326"\n'
    whole = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
    shop.write([ward("W01", whole)], source)
    path = tmp_path / "s.gpkg"
    import_city(shop.city_file, path, now)
    shop.write([ward("W01", NORTH), ward("W02", SOUTH)])
    prepared = prepare_city(shop.city_file, path, upsert=True)
    assert list(prepared.layers["places/school"][0]["region_code"]) == ["W02"]
    assert "places/school" not in prepared.unchanged


def test_an_upsert_into_nothing_is_an_import(
    city_file: Path, stores: Stores, now: datetime
) -> None:
    path = stores.new()
    report = import_city(city_file, path, now, upsert=True)
    assert report.layers["regions/precinct"] == 9


def test_a_sound_store_passes_its_check(city: Address) -> None:
    prepared = check_store(city)
    assert prepared.report.refused == prepared.report.repaired == ()
    # It is the very same rows: nothing would be written.
    assert prepared.unchanged == set(prepared.layers)


def test_what_went_wrong_in_the_store_is_found(city: Address) -> None:
    with closing(open_store(city)) as store, store.write() as connection:
        for change in (
            "UPDATE regions SET code = 'CB-E-1' WHERE code = 'CB.E-1'",
            "UPDATE regions SET parent_code = 'CB.Q' WHERE code = 'CB.N-1'",
            "UPDATE places SET geom = NULL WHERE code = 'P-02'",
        ):
            connection.execute(text(change))
    found = check_store(city).report
    keys = {each.fault.key for each in found.refused}
    assert {"code-pattern", "orphan-region", "no-geometry"} <= keys
    assert found.exit_code == 1
    assert {each.fault.file for each in found.refused} == {shown_address(city)}
