"""What is on a sheet: everything that must be, the same as on the screen, nothing on another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.store import Store
from layers.deck import shading_scale
from layers.print import Sheet, render, situation_map, templates
from layers.print.templates import template
from tests.layers.print.asking import AT, asked, sheet_of
from tests.layers.print.judging import faults

REQUIRED = [
    "小城",
    "城市运行态势图",
    "着色：在办",
    "2025年7月2日 00:15",
    "比例尺 1:",
    "坐标系/投影：",
    "EPSG:4549",
    "高程基准：1985国家高程基准",
    "数据截止时间",
    "制图时间：2025-07-02 00:20",
    "编制单位：松江区城市运行管理中心",
    "审核人：李审核",
    "内部★1年",
    "内部使用，不得公开",
    "编号：YP-20250701-0007",
    "底图来源",
    "口径说明",
    "位置示意",
    "北",
    "张三",
]


@pytest.mark.parametrize("wanted", REQUIRED)
def test_what_must_be_on_a_sheet_is(sheet: Sheet, wanted: str) -> None:
    assert any(wanted in text for text in sheet.texts())


def test_an_approved_sheet_bears_its_number_and_no_waiver(city: Store) -> None:
    texts = sheet_of(city, approval="沪S(2026)123号").texts()
    assert "审图号：沪S(2026)123号" in texts
    assert not any("不得公开" in text for text in texts)


def test_the_colours_are_those_of_the_screen(sheet: Sheet) -> None:
    shading = sheet.contents.shading
    assert shading is not None
    by = shading_scale(shading, "light")
    plate = next(one for one in sheet.plates if one.key == "region-grid-shades")
    fills = {item.fill for item in plate.items if getattr(item, "fill", None)}
    assert fills <= {*by.colors, by.missing}
    assert fills


@pytest.mark.parametrize("key", sorted(templates()))
@pytest.mark.parametrize("region", ["c", "t1", "t0g0", "f"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_nothing_lies_on_another_and_nothing_is_cut(
    city: Store, key: str, region: str, language: str
) -> None:
    sheet = sheet_of(city, template=key, region_code=region, language=language)
    assert faults(sheet) == []
    assert {"table", "chart", "locator", "scale", "cut-offs", "rules", "maker"} <= set(sheet.boxes)


def test_the_same_sheet_is_the_same_bytes(city: Store, sheet: Sheet) -> None:
    again = sheet_of(city)
    for format in ("pdf", "svg"):
        assert render(sheet, format) == render(again, format)
    later = render(sheet_of(city, drawn_at=AT + timedelta(minutes=9)), "pdf")
    assert later != render(sheet, "pdf")


def test_names_do_not_lie_on_each_other(sheet: Sheet) -> None:
    boxes = [one.box for one in sheet.names]
    assert len(boxes) >= 3
    meeting = [(a, b) for n, a in enumerate(boxes) for b in boxes[n + 1 :] if a.meets(b)]
    assert meeting == []


def test_what_may_not_be_seen_is_refused(city: Store) -> None:
    own = Scope(region_code="t0", kinds=frozenset({"building"}))
    with pytest.raises(InputError, match="t1"):
        situation_map(city, own, asked(region_code="t1"))
    with pytest.raises(InputError, match="place-residential"):
        situation_map(city, own, asked(region_code="t0", layers=("place-residential",)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"region_code": "t9"}, "t9"),
        ({"template": "a3-landscap"}, "a3-landscape"),
        ({"template": "60x40mm"}, "60×40"),
        ({"layers": ("region-gird",)}, "region-grid"),
        ({"indicator": "open-incident"}, "open-incidents"),
        ({"window": "24"}, "24h"),
        ({"scale": 500}, "largest that fits"),
    ],
)
def test_what_cannot_be_made_is_told_with_its_remedy(
    city: Store, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        sheet_of(city, **changes)


def test_the_future_is_not_mapped() -> None:
    with pytest.raises(InputError, match="future"):
        asked(at=AT + timedelta(hours=1))


def test_a_template_of_ones_own(city: Store) -> None:
    own = template("a3-landscape").model_copy(update={"page": (500.0, 300.0)})
    assert sheet_of(city, template=own).template.width == 500
    assert replace(asked(), template="500x300mm").sheet_template.page == (500, 300)
