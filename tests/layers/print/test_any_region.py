"""Twenty regions of any shape on every sheet: nothing on another, nothing cut, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import shapely

from geo_data.records import Scope
from geo_data.store import Store
from layers.print import Sheet, SheetRequest, layout, situation_map, templates
from tests.layers.print.judging import faults
from tests.layers.print.odd_city import ODD_AT, REGIONS, make_odd_city


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = make_odd_city(tmp_path_factory.mktemp("odd") / "odd.gpkg")
    yield store
    store.close()


def drawn(
    odd: Store, region: str, template: str, language: str = "zh-CN", scale: Any = "round"
) -> Sheet:
    request = SheetRequest(
        region_code=region,
        at=ODD_AT,
        drawn_at=ODD_AT + timedelta(hours=1),
        template=template,
        language=language,
        scale=scale,
        unit="松江区城市运行管理中心（城市数字化转型办公室）",
        reviewer="欧阳审核",
        user="operator.zhang",
        number="YP-20250601-000123",
        secrecy="秘密",
        secrecy_term="10年",
    )
    return situation_map(odd, Scope(), request)


@pytest.mark.parametrize("template", sorted(templates()))
@pytest.mark.parametrize("region", [f"t{n}" for n in range(REGIONS)])
def test_every_region_on_every_sheet(odd: Store, region: str, template: str) -> None:
    sheet = drawn(odd, region, template, "en" if int(region[1:]) % 4 == 0 else "zh-CN")
    assert faults(sheet) == []
    bounds = shapely.transform(sheet.contents.outline, sheet.frame.page).bounds
    box = sheet.frame.box
    assert box.x <= bounds[0]
    assert box.y <= bounds[1]
    assert bounds[2] <= box.right
    assert bounds[3] <= box.bottom
    assert f"1:{sheet.scale:,.0f}" in " ".join(sheet.texts())


def test_the_foot_stands_where_the_map_is_larger(odd: Store) -> None:
    """A square region needs the height of the sheet, a flat one its width."""
    square, flat = drawn(odd, "odd", "a3-landscape"), drawn(odd, "t18", "a3-landscape")
    assert square.boxes["scale"].x > square.boxes["map"].right
    assert square.boxes["map"].bottom == pytest.approx(297 - square.template.margin)
    assert flat.boxes["scale"].y > flat.boxes["map"].bottom


@pytest.mark.parametrize("template", ["a3-landscape", "a4-landscape", "screen-16x9"])
@pytest.mark.parametrize("region", ["odd", "t3", "t18"])
def test_no_way_to_divide_the_sheet_makes_the_map_smaller(
    odd: Store, region: str, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = drawn(odd, region, template).scale
    monkeypatch.setattr(layout, "_COLUMNS", ())
    under = drawn(odd, region, template).scale
    assert chosen < under if (region, template) == ("odd", "a3-landscape") else chosen <= under


def test_a_scale_is_true_whatever_the_margin_made_of_it(odd: Store) -> None:
    for scale in ("free", "round", 200_000):
        sheet = drawn(odd, "odd", "a3-landscape", scale=scale)
        west, _, east, _ = sheet.frame.ground
        assert (east - west) / sheet.frame.box.width * 1000 == pytest.approx(sheet.scale)
        assert f"比例尺 1:{sheet.scale:,.0f}" in sheet.texts()


def test_a_layer_without_anything_is_no_line_of_the_legend(odd: Store) -> None:
    sheet = drawn(odd, "odd", "a3-landscape")
    assert sheet.features()["incidents"] == ()
    by_key = {group.key: group for group in sheet.legend}
    assert sum(row.count or 0 for row in by_key["incidents"].rows) == 0
    assert {count.layer for count in sheet.counts} == {
        "region-district",
        "region-town",
        "region-grid",
    }


def test_a_title_that_is_too_long_is_broken_not_cut(odd: Store) -> None:
    sheet = drawn(odd, "t1", "a4-portrait")
    said = "".join(sheet.texts())
    assert "很长很长的名字之第1街道（经济技术开发区）城市运行态势图" in said
