"""Codes, units and borders of a level: what a city file asks of them, and what is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from geo_data.importer import Prepared, prepare_city
from geo_data.importer.report import Finding
from tests.geo_data.workshop import GOOD, NORTH, SOUTH, Feature, Workshop, ward

GRID = """
    [[levels]]
    key = "grid"
    name = {{ zh = "网格", en = "Grid" }}
    {rules}
    [[sources]]
    layer = "regions"
    level = "grid"
    file = "grids.geojson"
"""
VILLAGES = """
    [[sources]]
    layer = "places"
    kind = "village"
    file = "villages.csv"
    without-location = "parent"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    (tmp_path / "villages.csv").write_text("code,name,parent\nW01007,某村,W01\n", "utf-8")
    return Workshop(tmp_path)


def with_grids(shop: Workshop, rules: str, *grids: Feature, more: str = "") -> Prepared:
    table = {"type": "FeatureCollection", "features": list(grids)}
    (shop.folder / "grids.geojson").write_text(json.dumps(table), "utf-8")
    return shop.prepare(GOOD, GRID.format(rules=rules) + more)


def told(findings: tuple[Finding, ...], *keys: str) -> list[tuple[str, int | None]]:
    found = [(each.fault.key, each.fault.row) for each in findings if each.fault.key in keys]
    for each in findings:
        for language in ("zh-CN", "en"):
            assert "{" not in each.fault.sentence(language)
    return found


WEST = [[0, 0], [5, 0], [5, 5], [0, 5], [0, 0]]
EAST = [[5, 0], [10, 0], [10, 5], [5, 5], [5, 0]]


def test_a_code_begins_with_its_parents_where_the_level_says_so(shop: Workshop) -> None:
    grids = (ward("W01007001", WEST, parent="W01"), ward("W02007002", EAST, parent="W01"))
    prepared = with_grids(shop, "code-has-parent = true", *grids)
    assert told(prepared.report.refused, "code-parent") == [("code-parent", 2)]
    assert len(with_grids(shop, "", *grids).layers["regions/grid"][0]) == 2


def test_a_grid_belongs_to_a_unit_never_to_the_level_above(shop: Workshop) -> None:
    grids = (ward("W01007001", WEST), ward("W01000002", EAST))
    prepared = with_grids(shop, "unit = { digits = 6 }", *grids)
    assert told(prepared.report.refused, "no-unit") == [("no-unit", 2)]


def test_a_unit_that_is_a_place_must_be_known(shop: Workshop) -> None:
    grids = (ward("W01007001", WEST), ward("W01009002", EAST))
    rules = 'unit = { digits = 6, kind = "village" }'
    prepared = with_grids(shop, rules, *grids, more=VILLAGES)
    assert told(prepared.report.refused, "unknown-unit") == [("unknown-unit", 2)]
    (finding,) = prepared.report.refused
    assert finding.fault.values["nearest"] == "W01007"


def test_numbers_left_out_are_noted(shop: Workshop) -> None:
    grids = (ward("W01007001", WEST), ward("W01007004", EAST))
    (noted,) = [
        each.fault
        for each in with_grids(shop, "code-sequence = 3", *grids).report.noted
        if each.fault.key == "sequence-gap"
    ]
    assert (noted.values["head"], noted.values["n"]) == ("W01007", "002, 003")
    whole = (ward("W01007001", WEST), ward("W01007002", EAST))
    noted_keys = {
        each.fault.key for each in with_grids(shop, "code-sequence = 3", *whole).report.noted
    }
    assert "sequence-gap" not in noted_keys


def test_two_regions_cannot_have_the_same_ground(shop: Workshop) -> None:
    turned = NORTH[2:-1] + NORTH[:3]
    prepared = shop.prepare([*GOOD, ward("W03", turned)])
    assert told(prepared.report.refused, "duplicate-geometry") == [("duplicate-geometry", 3)]
    assert prepared.report.refused[0].fault.values["first"] == "wards.geojson · 2"


def test_overlap_gap_and_overhang_are_told_with_area_and_place(shop: Workshop) -> None:
    # The grid reaches a twentieth of a degree into the other ward and leaves as much of its own.
    grids = (
        ward("G1", [[0, 0], [6, 0], [6, 5], [0, 5], [0, 0]], parent="W01"),
        ward("G2", [[5, 0], [9, 0], [9, 5.5], [5, 5.5], [5, 0]], parent="W01"),
        ward("G3", NORTH, parent="W02"),
    )
    noted = {each.fault.key: each for each in with_grids(shop, "", *grids).report.noted}
    degree_m2 = 1113.2 * 953.5 * 1.0  # a hundredth of a degree squared, near 31 N
    for key, size, lon, lat in (
        ("regions-gap", 5.0, 121.095, 31.025),
        ("region-sticks-out", 2.0, 121.07, 31.0525),
    ):
        finding = noted[key]
        area = float(str(finding.fault.values["area"]).replace(",", ""))
        assert area == pytest.approx(size * degree_m2, rel=0.02)
        assert finding.at is not None
        assert finding.at == pytest.approx((lon, lat), abs=0.006)
        assert f"{finding.at[0]:.5f}" in finding.fault.reason("zh-CN")
    pairs = [
        each.fault.values
        for each in with_grids(shop, "", *grids).report.noted
        if each.fault.key == "regions-overlap"
    ]
    assert {(pair["first"], pair["second"]) for pair in pairs} == {("G1", "G2"), ("G2", "G3")}


def test_a_refused_row_says_where_it_is(shop: Workshop) -> None:
    report = shop.prepare([ward("W01", SOUTH), ward("X", NORTH)]).report
    (finding,) = report.refused
    assert finding.at == pytest.approx((121.05, 31.075))
    body = json.loads(report.as_json())
    assert body["findings"][0]["at"] is None or len(body["findings"][0]["at"]) == 2
    assert [each["at"] for each in body["findings"] if each["row"] == 2] == [[121.05, 31.075]]


def test_polygons_and_multipolygons_may_be_mixed(shop: Workshop) -> None:
    many = ward("W02", NORTH)
    many["geometry"] = {
        "type": "MultiPolygon",
        "coordinates": [many["geometry"]["coordinates"]],
    }
    shop.write([ward("W01", SOUTH), many])
    prepared = prepare_city(shop.city_file)
    assert prepared.report.refused == ()
    assert len(prepared.layers["regions/ward"][0]) == 2
