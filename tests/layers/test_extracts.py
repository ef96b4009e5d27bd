"""Tables of what is seen: the same rows as the screen, as known then, and nothing withheld."""

from __future__ import annotations

import dataclasses
import html
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyogrio
import pytest

from geo_data import queries
from geo_data.exports import ExportRequest
from geo_data.extracts import FORMATS, Table, write_tables
from geo_data.faults import InputError
from geo_data.ingest import Reading, apply
from geo_data.queries.case_filter import CaseFilter
from geo_data.records import Scope, SensorState, Stage
from geo_data.store import Store
from indicators import engine, windows
from layers.extracts import checked_request, cover_of, tables_of
from tests.geo_data.lived_city import NOON, case, hours, make_lived_city, step
from tests.stores import Stores

NOW = NOON + hours(13)
ALL = Scope.everything()
TOWN = Scope(region_code="t1")
MASKED = Scope(masked=frozenset({"phone", "address", "title"}))


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    store = make_lived_city(module_stores.new())
    # Closed and read after the moment that is looked back to.
    later = [step("3", Stage.CLOSED, 12.5), case("late", 12.2, lon=121.205, lat=31.005)]
    apply(store, [*later, Reading("s0", 0.9, NOON + hours(12.5))], NOW)
    yield store
    store.close()


def request(store: Store, scope: Scope = ALL, **asked: Any) -> ExportRequest:
    return checked_request(store, scope, ExportRequest(**{"format": "gpkg"} | asked), NOW)


def tables(store: Store, scope: Scope = ALL, **asked: Any) -> dict[str, Table]:
    found = tables_of(store, scope, request(store, scope, **asked))
    return {table.key: table for table in found}


def test_the_layers_of_a_view_are_the_tables_of_its_file(store: Store) -> None:
    found = tables(store)
    assert list(found) == [
        *("region-district", "region-town", "region-grid", "place-residential"),
        *("place-building", "sensors", "incidents"),
    ]
    assert len(found["region-grid"]) == 10
    assert len(found["place-building"]) == 1
    assert len(found["sensors"]) == 6
    asked = tables(store, layers=["incidents", "place-shelter"])
    assert list(asked) == ["place-shelter", "incidents"]


@pytest.mark.parametrize("at", [NOW, NOON + hours(12.1), NOON + hours(4.5)])
@pytest.mark.parametrize("region", ["c", "t1", "t0g0", "f"])
def test_cases_are_those_of_the_map_as_known_then(store: Store, region: str, at: Any) -> None:
    found = tables(store, region=region, at=at, layers=["incidents"])["incidents"].frame
    window = windows.window("24h", at, store.city.zone)
    drawn = queries.open_incident_points(store, ALL, at, window)
    inside = set(queries.region_tree(store, ALL).subtree(region))
    on_map = [
        number
        for number, code in zip(drawn.id.tolist(), drawn.region_codes, strict=True)
        if code in inside or (region == "c" and code is None)
    ]
    codes = {queries.incident(store, ALL, one, at).code for one in on_map}  # type: ignore[union-attr]
    assert set(found["code"]) == codes
    assert len(found) == len(on_map)
    # All of them were heard of at the twelfth hour.
    assert bool(codes) == (at > NOON + hours(12))
    stages = dict(zip(found["code"], found["stage"], strict=True))
    if "SJ2025-3" in stages:
        assert stages["SJ2025-3"] == ("closed" if at == NOW else "found")


def test_filters_choose_the_cases_that_the_list_shows(store: Store) -> None:
    window = windows.window("24h", NOW, store.city.zone)
    for asked in (
        {"standing": "closed"},
        {"standing": "open", "channel": "hotline"},
        {"stage": "closed"},
        {"category": "01", "severity": 4},
        {"channel": "nobody"},
    ):
        said = {key: str(value) for key, value in asked.items() if key != "standing"}
        only = CaseFilter.read({**said, "cases": asked.get("standing", "")})
        listed = queries.incidents(store, ALL, "c", window, NOW, limit=99, only=only)
        found = tables(store, layers=["incidents"], filters=asked)["incidents"].frame
        assert set(found["code"]) == {one.code for one in listed}, asked
        assert bool(len(found)) == ("nobody" not in asked.values())


def test_sensors_say_what_they_said_then(store: Store) -> None:
    for at in (NOW, NOON + hours(12.1)):
        found = tables(store, at=at, layers=["sensors"])["sensors"]
        known = {one.code: one for one in queries.sensors(store, ALL, None, at)}
        assert found.frame["code"].tolist() == sorted(known)
        for row in found.frame.itertuples():
            assert row.value == known[row.code].value
            assert SensorState[row.state.upper()] == known[row.code].state
    quiet = tables(store, layers=["sensors"], filters={"sensor_kind": "noise"})["sensors"]
    assert set(quiet.frame["code"]) == {"s1", "s4", "s5"}
    kept = tables(store, layers=["sensors"], filters={"sensor_state": "normal"})["sensors"]
    counts = queries.sensor_state_counts(store, ALL, "c", NOW)
    assert len(kept) == counts[SensorState.NORMAL]


def test_regions_carry_the_indicator_that_shades_them(store: Store) -> None:
    found = tables(store, layers=["region-town"], indicator="open-incidents")["region-town"]
    values = engine.by_level(store, ALL, "town", "open-incidents", "24h", NOW)
    column = dict(zip(found.frame["code"], found.frame["open_incidents"], strict=True))
    assert column == values
    assert sum(column.values()) > 0


def test_what_lies_in_view_is_there_and_nothing_beside_it(store: Store) -> None:
    found = tables(store, region="t1")
    assert found["region-town"].frame["code"].tolist() == ["t1"]
    assert found["region-district"].frame["code"].tolist() == ["c"]
    assert set(found["region-grid"].frame["code"]) == {f"t1g{n}" for n in range(4)}
    assert set(found["sensors"].frame["region_code"]) <= {f"t1g{n}" for n in range(4)}


def test_a_scope_is_kept(store: Store) -> None:
    found = tables(
        store,
        TOWN,
        layers=[
            "region-district",
            "region-town",
            "region-grid",
            "region-functional",
            "place-residential",
            "sensors",
            "incidents",
        ],
    )
    assert found["region-district"].frame.empty
    assert found["region-town"].frame["code"].tolist() == ["t1"]
    for key in ("place-residential", "sensors", "incidents"):
        assert found[key].frame["region_code"].str.startswith("t1").all()
        assert len(found[key])
    with pytest.raises(InputError) as caught:
        request(store, TOWN, region="t0")
    assert caught.value.faults[0].key == "no-region"


@pytest.mark.parametrize("format_key", FORMATS)
def test_what_is_masked_is_in_no_file(store: Store, tmp_path: Path, format_key: str) -> None:
    asked = request(store, MASKED, format=format_key)
    path = tmp_path / f"file{FORMATS[format_key].ending}"
    found = tables_of(store, MASKED, asked)
    write_tables(format_key, found, cover_of(store, MASKED, asked, found, "c-1", NOW), path)
    inside = path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            inside = b"".join(archive.read(name) for name in archive.namelist())
        # A workbook may have its letters as numbers.
        inside = html.unescape(inside.decode(errors="replace")).encode()
    assert b"***" in inside
    for secret in ("谷阳路", "松汇路", "1380000", "暴露垃圾 1"):
        assert secret.encode() not in inside, secret
    assert "新桥residential".encode() in inside


def test_a_layer_that_may_not_be_seen_is_refused_as_if_there_were_none(store: Store) -> None:
    scope = Scope(kinds=frozenset({"residential", "noise"}))
    with pytest.raises(InputError) as caught:
        request(store, scope, layers=["place-building"])
    assert caught.value.faults[0].key == "no-map-layer"
    found = tables(store, scope)
    assert "place-building" not in found
    assert set(found["sensors"].frame["kind"]) == {"noise"}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"at": NOW + timedelta(seconds=1)}, "export-future"),
    ({"region": "nowhere"}, "no-region"),
    ({"layers": ["incident"]}, "no-map-layer"),
    ({"indicator": "happiness"}, "export-indicator"),
    ({"purpose": "publication", "secrecy": "公开"}, "export-approval"),
    ({"purpose": "publication", "approval": "GS(2025)1号"}, "export-not-public"),
    ({"secrecy": "秘密"}, "export-secrecy-term"),
]


@pytest.mark.parametrize(("asked", "key"), REFUSED)
def test_what_cannot_be_made_is_refused_with_a_remedy(
    store: Store, asked: dict[str, Any], key: str
) -> None:
    with pytest.raises(InputError) as caught:
        request(store, **asked)
    (fault,) = caught.value.faults
    assert fault.key == key
    assert fault.field in asked or fault.field in ("approval", "secrecy", "secrecy_term")
    assert fault.remedy("zh-CN") != fault.remedy("en")


def test_no_layer_with_data_is_said(store: Store) -> None:
    with pytest.raises(InputError) as caught:
        tables(store, layers=["labels", "mask"])
    assert caught.value.faults[0].key == "export-no-data"


def test_the_cover_says_number_time_rule_and_that_it_is_not_to_be_published(store: Store) -> None:
    asked = request(store, region="t1", layers=["incidents"], language="zh-CN", unit="城运中心")
    found = tables_of(store, ALL, asked)
    cover = cover_of(store, ALL, asked, found, "c-20250702-0001", NOW)
    said = cover.values()
    assert said["number"] == "c-20250702-0001"
    assert said["secrecy"] == "内部"
    assert said["approval"] == "内部使用，不得公开"
    assert said["known-at"] == "2025-07-02T01:00:00+08:00"
    assert "town t1" in said["title"]
    assert said["layer-incidents"].startswith(f"{len(found[0])} 行")
    waived = request(
        store, purpose="publication", secrecy="公开", waiver="示意图，无国界", language="en"
    )
    english = cover_of(store, ALL, waived, found, "c-1", NOW)
    assert "示意图，无国界" in english.values()["approval"]


def test_a_file_read_back_counts_as_the_query(store: Store, tmp_path: Path) -> None:
    asked = request(store)
    found = tables_of(store, ALL, asked)
    path = tmp_path / "file.gpkg"
    write_tables("gpkg", found, cover_of(store, ALL, asked, found, "c-1", NOW), path)
    for table in found:
        read = pyogrio.read_dataframe(path, layer=table.key)
        assert len(read) == len(table.frame)
        assert set(read["code"]) == set(table.frame["code"])
    layers = {table.key: table for table in found}
    assert len(pyogrio.read_dataframe(path, layer="place-building")) == sum(
        queries.place_counts(store, ALL, "c").get(kind, 0) for kind in ("building",)
    )
    n = queries.incident_count(store, ALL, "c", windows.window("24h", NOW, store.city.zone), NOW)
    assert len(layers["incidents"]) == n


def test_tables_do_not_change_what_the_store_keeps_in_memory(store: Store) -> None:
    before = queries.region_shapes(store, ALL, "grid")
    tables(store, layers=["region-grid"])
    assert queries.region_shapes(store, ALL, "grid").equals(before)
    assert dataclasses.is_dataclass(tables(store, layers=["sensors"])["sensors"])
