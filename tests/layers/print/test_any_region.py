"""Twenty regions of any shape on every sheet: nothing on another, nothing cut, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import shapely

from geo_data.records import Scope
from geo_data.store import Store
from layers.print import Sheet, SheetRequest, situation_map, templates
from tests.layers.print.judging import faults
from tests.layers.print.odd_city import ODD_AT, REGIONS, make_odd_city


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = make_odd_city(tmp_path_factory.mktemp("odd") / "odd.gpkg")
    yield store
    store.close()


def drawn(odd: Store, region: str, template: str, language: str = "zh-CN") -> Sheet:
    request = SheetRequest(
        region_code=region,
        at=ODD_AT,
        drawn_at=ODD_AT + timedelta(hours=1),
        template=template,
        language=language,
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
