"""One view's specification: what is drawn, in which order, from where, and what a click reaches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from geo_data.queries import place
from geo_data.records import Scope
from geo_data.store import Store
from layers import catalog
from layers.deck import Selected, Shading, shading_scale, view_spec
from layers.style import legend
from tests.geo_data.small_city import CITY, GRIDS

ALL = Scope.everything()
ON = {
    layer.key: layer.opacity
    for layer in catalog.layers(CITY, ["building", "village", "residential", "shelter"])
    if layer.default_on
}
VALUES = {code: float(n) for n, code in enumerate(GRIDS)}


def spec(store: Store, region_code: str = "c", scope: Scope = ALL, **given: Any) -> dict[str, Any]:
    found = view_spec(store, scope, region_code=region_code, **{"layers_on": ON, **given})
    # What travels is JSON: nothing may be lost on the way.
    assert json.loads(json.dumps(found)) == json.loads(json.dumps(found, allow_nan=False))
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [entry["layer"]["id"] for entry in found["layers"]]


def layer(found: dict[str, Any], key: str) -> dict[str, Any]:
    return next(entry["layer"] for entry in found["layers"] if entry["layer"]["id"] == key)


def test_shades_lie_under_borders_and_the_coarsest_border_is_on_top(lived: Store) -> None:
    drawn = ids(spec(lived, shading=Shading("grid", VALUES, "在办")))
    order = [
        "region-district-fill",
        "region-grid-fill",
        "region-grid-lines",
        "region-town-casing",
        "region-town-lines",
        "region-district-lines",
        "sensors-marks",
        "incidents-marks",
    ]
    assert [key for key in drawn if key in order] == order


def test_ids_are_unique_and_types_are_in_the_runtime(lived: Store) -> None:
    found = spec(lived, "t0", shading=Shading("grid", VALUES, "在办"))
    assert len(ids(found)) == len(set(ids(found)))
    known = {"SolidPolygonLayer", "PathLayer", "LineLayer", "IconLayer", "TileLayer"}
    assert {entry["layer"]["@@type"] for entry in found["layers"]} <= known


def test_strings_stay_strings(lived: Store) -> None:
    """pydeck takes a bare string for the name of a column."""
    assert "@@=" not in json.dumps(spec(lived, "t0"))
    assert layer(spec(lived), "region-town-lines")["widthUnits"] == "pixels"


def test_every_source_that_is_drawn_has_an_address(lived: Store) -> None:
    on = {**ON, "place-shelter": 1.0, "region-functional": 1.0, "place-village": 1.0}
    found = spec(lived, "t0", layers_on=on)
    sources = {
        entry["layer"]["data"].partition("#")[0]
        for entry in found["layers"]
        if entry["layer"]["@@type"] != "TileLayer"
    }
    assert sources <= set(found["sources"])
    assert found["sources"]["place-shelter"]["points"].startswith("/data/places/shelter.bin?v=")
    assert found["sources"]["functional"]["shapes"].startswith("/data/shapes/functional.bin?v=")
    assert set(found["sources"]["chain"]) == {"shapes", "fine", "fineZoom"}


def test_only_what_is_on_is_drawn(lived: Store) -> None:
    found = spec(lived, layers_on={"incidents": 0.5})
    assert ids(found) == ["incidents-marks"]
    assert layer(found, "incidents-marks")["opacity"] == 0.5
    assert found["labels"] is None


def test_drilling_dims_what_is_outside_and_moves_what_a_click_reaches(lived: Store) -> None:
    top, town, grid = spec(lived), spec(lived, "t0"), spec(lived, "t0g0")
    assert "mask" not in ids(top)
    assert layer(town, "mask")["data"] == "chain#mask/t0"
    assert top["pick"]["inside"] == "town"
    assert top["pick"]["outside"] is None
    assert (town["pick"]["inside"], town["pick"]["outside"]) == ("grid", "town")
    assert (grid["pick"]["inside"], grid["pick"]["outside"]) == (None, "grid")
    assert grid["pick"]["objectZoom"] == 0


def test_the_mask_lies_over_the_signs_it_dims(lived: Store) -> None:
    drawn = ids(spec(lived, "t0"))
    assert drawn.index("mask") > drawn.index("incidents-marks")


def test_a_town_viewers_city_begins_at_the_town(lived: Store) -> None:
    found = spec(lived, "t1", Scope(region_code="t1"))
    assert found["region"]["root"] == "t1"
    assert "mask" not in ids(found)
    assert "region-district-lines" not in ids(found)
    with pytest.raises(KeyError):
        spec(lived, "t0", Scope(region_code="t1"))


def test_a_functional_area_is_shown_beside_the_chain(lived: Store) -> None:
    found = spec(lived, "f")
    assert layer(found, "mask")["data"] == "functional#mask/f"
    assert found["pick"]["inside"] is None
    assert "functional" in found["sources"]


def test_classes_are_those_of_the_legend(lived: Store) -> None:
    values: dict[str, float | None] = {**VALUES, "t0g0": None}
    shading = Shading("grid", values, "在办", "件")
    said = spec(lived, shading=shading)["shading"]
    rows = legend(shading_scale(shading, "dark"), values.values())
    counted = {row.color: row.count for row in rows}
    for index, color in enumerate(said["colors"][:-1]):
        assert said["classes"].count(str(index)) == counted[color]
    assert said["classes"].count("-") == counted[said["colors"][-1]] == 1
    assert said["values"][0] is None
    assert len(said["classes"]) == len(said["values"]) == len(GRIDS)


def test_themes_and_walls_differ(lived: Store) -> None:
    dark, light, wall = spec(lived), spec(lived, theme="light"), spec(lived, wall=True)
    assert dark["tokens"]["ground"] != light["tokens"]["ground"]
    assert "/wall.json" in wall["labels"]["url"]
    assert layer(wall, "incidents-marks")["sizeScale"] > layer(dark, "incidents-marks")["sizeScale"]


def test_words_speak_the_viewers_language(lived: Store) -> None:
    chinese, english = (spec(lived, language=said)["words"] for said in ("zh-CN", "en"))
    assert english["severities"][1] == "Extreme"
    assert chinese["states"][2] == "严重超限"
    assert chinese.keys() == english.keys()
    assert len(english["stages"]) == len(english["progress"]) == len(english["stageKeys"])


def test_a_selected_place_is_outlined_and_flown_to(lived: Store) -> None:
    found = place(lived, ALL, "b0")
    assert found is not None
    chosen = Selected("place", "b0", found.lon, found.lat, found.bbox)
    said = spec(lived, "t0g0", selected=chosen)
    assert len(said["selected"]["rings"]) == 1
    assert said["view"]["key"] == "t0g0 place:b0"
    assert said["view"]["point"] == [found.lon, found.lat]
    sensor = spec(lived, "t0g0", selected=Selected("sensor", "s0", 121.2, 31.0))
    assert "rings" not in sensor["selected"]


def test_time_and_window_go_into_the_addresses(lived: Store) -> None:
    said = spec(lived, window="7d", at="2025-07-01T00:00:00Z")["sources"]
    assert said["incidents"]["points"] == (
        "/data/incidents.bin?window=7d&at=2025-07-01T00%3A00%3A00Z"
    )
    assert said["sensors"]["states"].endswith("?at=2025-07-01T00%3A00%3A00Z")
    assert "at=" not in spec(lived)["sources"]["incidents"]["points"]


def test_the_version_changes_with_the_view_only(lived: Store) -> None:
    assert spec(lived)["version"] == spec(lived)["version"]
    assert spec(lived)["version"] != spec(lived, "t0")["version"]


def test_another_city_needs_no_code(clearbay: Store) -> None:
    root = clearbay.city.root_level
    on = {layer.key: 1.0 for layer in catalog.layers(clearbay.city)}
    found = view_spec(clearbay, ALL, region_code=clearbay.city.code, layers_on=on)
    drawn = ids(found)
    assert {f"region-{key}-lines" for key in clearbay.city.level_keys} <= set(drawn)
    assert found["region"]["level"] == root
