"""What a sheet draws and counts is what the screen draws and counts, on both stores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from geo_data import queries
from geo_data.ingest import apply
from geo_data.queries.case_filter import EVERY_CASE, CaseFilter
from geo_data.records import Scope, Severity, Stage
from geo_data.store import Store
from layers import documents, points
from layers.legend import point_legends
from layers.print import Sheet
from layers.print.drawn_points import ENDED
from tests.geo_data.lived_city import make_lived_city
from tests.geo_data.queries.test_case_filters import NOW, reports
from tests.geo_data.small_city import make_small_city
from tests.layers.print.asking import AT, sheet_of
from tests.layers.reading import unpack
from tests.stores import Stores

FILTERS = [
    EVERY_CASE,
    CaseFilter(standing="open"),
    CaseFilter(standing="overdue"),
    CaseFilter(standing="due-soon", channel="hotline"),
    CaseFilter(standing="closed"),
    CaseFilter(channel="patrol"),
    CaseFilter(category="01", severity=Severity.GENERAL),
    CaseFilter(stage=Stage.DISPATCHED),
    CaseFilter(category="9999"),
]


@pytest.fixture(scope="module")
def city(module_stores: Stores) -> Iterator[Store]:
    store = make_lived_city(module_stores.new())
    yield store
    store.close()


@pytest.fixture(scope="module")
def sheet(city: Store) -> Sheet:
    return sheet_of(city)


@pytest.fixture(scope="module")
def busy(module_stores: Stores) -> Iterator[Store]:
    """Four hundred cases of every channel and stage, some without a position or a region."""
    store = make_small_city(module_stores.new())
    apply(store, reports(), NOW)
    yield store
    store.close()


def test_the_legend_counts_what_is_drawn_and_what_the_query_says(city: Store, sheet: Sheet) -> None:
    by_key = {group.key: group for group in sheet.legend}
    drawn = sheet.features()
    cases = queries.open_incident_points(city, Scope(), AT, sheet.contents.window)
    inside = [code is not None for code in cases.region_codes]
    assert sum(row.count or 0 for row in by_key["incidents"].rows) == sum(inside)
    assert len(drawn["incidents"]) == sum(inside)
    states = queries.sensor_state_counts(city, Scope(), "c", AT)
    counted = {row.label: row.count for row in by_key["sensors"].rows}
    assert sum(counted.values()) == states.sum() == len(drawn["sensors"])
    grids = len(queries.region_tree(city, Scope()).codes_at("grid"))
    assert sum(row.count or 0 for row in by_key["shading"].rows) == grids
    for count in sheet.counts:
        assert count.count == len(drawn[count.layer])
    assert {count.layer for count in sheet.counts} >= {"region-district", "region-grid"}


def test_the_legend_counts_as_the_screen_does(city: Store, sheet: Sheet) -> None:
    screen = point_legends(
        city,
        Scope(),
        region_code="c",
        layers_on={"incidents": 1.0, "sensors": 1.0},
        window=sheet.contents.window,
        at=AT,
        theme="light",
        language="zh-CN",
    )
    totals = {group.key: sum(row.count or 0 for row in group.rows) for group in screen}
    for group in sheet.legend:
        if group.key in totals:
            drawn = sum(row.count or 0 for row in group.rows)
            # What lies in no region is counted by the screen and told by the sheet in words.
            beyond = sheet.contents.points[group.key].beyond
            assert drawn + beyond == totals[group.key]
    cases = sheet.contents.points["incidents"]
    assert cases.beyond == 1
    assert any("另有 1 件" in text for text in sheet.texts())
    assert set(cases.counts) <= {ENDED, 1, 2, 3, 4}


def test_a_town_has_only_what_is_its_own(city: Store) -> None:
    found = sheet_of(city, region_code="t0").features()
    tree = queries.region_tree(city, Scope())
    inside = set(tree.subtree("t0"))
    assert set(found["region-grid"]) == {one for one in tree.codes_at("grid") if one in inside}
    sensors = {one.code for one in queries.sensors(city, Scope(), "t0", AT)}
    assert set(found["sensors"]) == sensors


def test_signs_stand_where_the_points_are(sheet: Sheet) -> None:
    plate = next(one for one in sheet.plates if one.key == "sensors")
    sensors = sheet.contents.points["sensors"]
    marks = plate.items[0]
    east, north = sheet.frame.transformer.transform(*sensors.degrees.T)
    x, y = sheet.affine.page(east, north)
    assert np.abs(marks.xy / 100 - np.column_stack([x, y])).max() < 0.01


def test_the_screen_and_the_sheet_show_the_same_things(city: Store, sheet: Sheet) -> None:
    """What travels to the browser, read as it reads it, beside what the sheet draws."""
    scope, drawn = Scope(), sheet.features()
    _, cases = unpack(points.incident_buffer(city, scope, AT, sheet.contents.window))
    in_a_region = cases["area"] != points.NOWHERE
    assert set(cases["id"][in_a_region].tolist()) == set(drawn["incidents"])
    header, _ = unpack(points.sensor_buffer(city, scope, AT))
    assert set(header["codes"]) == set(drawn["sensors"])
    chain, _ = unpack(documents.document(city, scope, documents.CHAIN).body)
    for level in chain["levels"]:
        assert set(level["codes"]) == set(drawn[f"region-{level['key']}"])
    park = sheet_of(city, layers=("place-residential",)).features()["place-residential"]
    kept, _ = unpack(documents.document(city, scope, "place-residential").body)
    assert set(kept["levels"][0]["codes"]) == set(park)


@pytest.mark.parametrize("region", ["c", "t1", "t2g0"])
@pytest.mark.parametrize("only", FILTERS, ids=lambda only: "-".join(only.said().values()) or "all")
def test_a_filter_of_the_screen_is_the_filter_of_the_sheet(
    busy: Store, only: CaseFilter, region: str
) -> None:
    sheet = sheet_of(busy, region_code=region, at=NOW, drawn_at=NOW, window="7d", cases=only)
    contents, tree = sheet.contents, queries.region_tree(busy, Scope())
    _, cases = unpack(points.incident_buffer(busy, Scope(), NOW, contents.window, only))
    sent = queries.open_incident_points(busy, Scope(), NOW, contents.window, only)
    assert set(cases["id"].tolist()) == set(sent.id.tolist())
    inside = set(tree.subtree(region))
    codes = dict(zip(sent.id.tolist(), sent.region_codes, strict=True))
    wanted = {number for number, code in codes.items() if code in inside}
    drawn = sheet.features()["incidents"]
    assert set(drawn) == wanted
    assert len(drawn) == len(wanted)
    legend = next(group for group in sheet.legend if group.key == "incidents")
    assert sum(row.count or 0 for row in legend.rows) == len(drawn)
    # The screen's legend, and with what has no position the screen's list.
    screen = point_legends(
        busy,
        Scope(),
        region_code=region,
        layers_on={"incidents": 1.0},
        window=contents.window,
        at=NOW,
        theme="light",
        language="zh-CN",
        only=only,
    )
    known = contents.points["incidents"]
    told = sum(row.count or 0 for row in screen[0].rows)
    assert len(drawn) + known.beyond + known.unplaced == told
    if not only.is_empty:
        assert told == queries.incident_count(
            busy, Scope(), region, contents.window, NOW, only=only
        )


def test_a_filter_is_told_in_words(busy: Store) -> None:
    only = CaseFilter(standing="overdue", channel="hotline", severity=Severity.MAJOR)
    for language, said in (
        ("zh-CN", "超期 · 12345 市民热线 · 重大"),
        ("en", "Overdue · 12345 hotline · Major"),
    ):
        sheet = sheet_of(busy, at=NOW, drawn_at=NOW, cases=only, language=language)
        texts = sheet.texts()
        assert sum(said in text for text in texts) >= 2, [one for one in texts if "·" in one]
        assert any(said in rule for rule in sheet.rules)
    plain = sheet_of(busy, at=NOW, drawn_at=NOW)
    assert not any(text.startswith("仅") for text in plain.texts())
