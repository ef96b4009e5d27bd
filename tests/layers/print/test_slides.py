"""A sheet as a slide: a true picture, and everything beside it can be edited and is the same."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from pptx import Presentation
from pptx.util import Mm

from geo_data import queries
from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.store import Store
from indicators import catalog
from indicators.writing import write_number
from layers.deck import shading_scale
from layers.print import Sheet, render
from tests.layers.print.asking import AT, sheet_of
from tests.layers.print.test_files import decoded
from tests.layers.print.test_sheet import REQUIRED

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


@pytest.fixture(scope="module")
def sheet(city: Store) -> Sheet:
    return sheet_of(city, template="slide-16x9")


@pytest.fixture(scope="module")
def body(sheet: Sheet) -> bytes:
    return render(sheet, "pptx")


@pytest.fixture(scope="module")
def slide(body: bytes) -> Any:
    file = Presentation(io.BytesIO(body))
    assert len(file.slides) == 1
    return file.slides[0]


def texts(slide: Any) -> list[str]:
    found = []
    for shape in slide.shapes:
        if shape.has_text_frame:
            found += [paragraph.text for paragraph in shape.text_frame.paragraphs]
        elif shape.has_table:
            found += [cell.text for row in shape.table.rows for cell in row.cells]
    return [text for text in found if text]


def rows(slide: Any, name: str) -> list[list[str]]:
    table = next(one.table for one in slide.shapes if one.name == name and one.has_table)
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_it_is_a_slide_of_16_to_9_with_a_title_of_its_own(body: bytes, sheet: Sheet) -> None:
    file = Presentation(io.BytesIO(body))
    assert (file.slide_width, file.slide_height) == pytest.approx((12_192_000, 6_858_000), abs=1)
    assert file.slides[0].shapes.title.text == "district c城市运行态势图"
    told = file.core_properties
    assert (told.title, told.author) == (sheet.title, "松江区城市运行管理中心")
    assert told.identifier == "YP-20250701-0007"
    assert told.category == "内部★1年"
    assert told.created == sheet.request.drawn_at.replace(tzinfo=None)


@pytest.mark.parametrize("wanted", [one for one in REQUIRED if one not in ("北", "张三")])
def test_what_must_be_on_a_sheet_is_writing_on_the_slide(slide: Any, wanted: str) -> None:
    assert any(wanted in text for text in texts(slide))


def test_secrecy_is_the_first_thing_at_the_top_left(slide: Any, sheet: Sheet) -> None:
    first = next(
        one for one in slide.shapes if one.has_text_frame and "内部★" in one.text_frame.text
    )
    assert first.left == Mm(sheet.template.margin)
    assert not [one for one in slide.shapes if one is not first and one.top < first.top]


def test_every_count_of_the_legend_is_that_of_the_query(
    city: Store, slide: Any, sheet: Sheet
) -> None:
    states = queries.sensor_state_counts(city, Scope(), "c", AT)
    cells = [cell for row in rows(slide, "legend-sensors") for cell in row]
    assert sum(int(cell) for cell in cells[1::2]) == states.sum()
    cases = queries.open_incident_points(city, Scope(), AT, sheet.contents.window)
    inside = sum(code is not None for code in cases.region_codes)
    assert sum(int(row[-1] or 0) for row in rows(slide, "legend-incidents")) == inside
    by_key = {group.key: group for group in sheet.legend}
    for key in ("shading", "incidents"):
        wanted = [[row.label, write_number(float(row.count or 0))] for row in by_key[key].rows]
        # What only explains a sign has no count.
        assert [row for row in rows(slide, f"legend-{key}") if row[-1]] == wanted
    layers = [[one.what, write_number(float(one.count or 0))] for one in sheet.counts]
    assert rows(slide, "legend-layers") == layers


def test_the_table_has_the_values_of_the_sheet(slide: Any, sheet: Sheet) -> None:
    described = catalog.indicators()
    known = {described[one.key].name("zh-CN"): write_number(one.value) for one in sheet.table}
    shown = rows(slide, "table")
    assert len(shown) >= 4
    whole = [row for row in shown if not row[0].startswith("另有")]
    for name, value, *_ in whole:
        # A long name is cut to its column, as on the sheet.
        said = next(one for one in known if one.startswith(name.removesuffix("…")))
        assert known[said] == value
    assert shown[0][0] == described["open-incidents"].name("zh-CN")
    tree = sheet.contents.tree
    assert {row[0] for row in rows(slide, "chart")} == {one.name for one in tree.children("c")}


def test_swatches_are_native_and_have_the_colours_of_the_map(slide: Any, sheet: Sheet) -> None:
    group = next(
        one for one in slide.shapes if one.name == "legend-shading" and one.shape_type == 6
    )
    fills = {found.get("val").lower() for found in group._element.iter(f"{A}srgbClr")}
    by = shading_scale(sheet.contents.shading, "light")
    assert {color[1:] for color in by.colors} <= fills


def test_the_picture_is_the_map_at_300_to_the_inch(slide: Any, sheet: Sheet) -> None:
    picture = next(one for one in slide.shapes if one.name == "map")
    body = picture.image.blob
    found = decoded(body)
    assert found.shape[1] / (picture.width / 914_400) == pytest.approx(300, abs=0.2)
    outer = sheet.layout.outer
    assert picture.left == pytest.approx(Mm(outer.x), abs=Mm(0.1))
    assert picture.width == pytest.approx(Mm(outer.width), abs=Mm(0.2))
    assert picture._element.nvPicPr.cNvPr.get("descr") == sheet.title
    whole = decoded(render(sheet, "png"))
    x, y = (round(side * 300 / 25.4) for side in (picture.left / 36_000, picture.top / 36_000))
    # The pixels of the edge may have been shared with the margin.
    part = whole[y : y + found.shape[0], x : x + found.shape[1]]
    assert (np.abs(part.astype(int) - found).max(axis=2) > 8).mean() < 0.001


def test_fonts_are_named_for_both_scripts(body: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        themes = [name for name in archive.namelist() if name.startswith("ppt/theme/")]
        theme = archive.read(themes[0]).decode()
        slide = archive.read("ppt/slides/slide1.xml").decode()
    assert theme.count('<a:ea typeface="微软雅黑"/>') == 2
    assert theme.count('<a:latin typeface="Microsoft YaHei"/>') == 2
    assert 'lang="zh-CN"' in slide
    assert "typeface" not in slide


def test_english_is_marked_as_such(city: Store) -> None:
    body = render(sheet_of(city, template="slide-16x9", language="en"), "pptx")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        said = archive.read("ppt/slides/slide1.xml").decode()
    assert 'lang="en-US"' in said
    assert 'lang="zh-CN"' not in said
    assert "For internal use" in said or "Internal use" in said


def test_the_same_slide_is_the_same_bytes(city: Store, body: bytes) -> None:
    again = render(sheet_of(city, template="slide-16x9"), "pptx")
    assert again == body
    later = render(
        sheet_of(city, template="slide-16x9", drawn_at=AT + timedelta(minutes=9)), "pptx"
    )
    assert later != body
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert {one.date_time for one in archive.infolist()} == {(2025, 7, 2, 0, 20, 0)}
        names = archive.namelist()
    assert not any("thumbnail" in name or "printer" in name for name in names)


def test_objects_have_numbers_of_their_own_and_stay_on_the_slide(
    slide: Any, sheet: Sheet, body: bytes
) -> None:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        said = archive.read("ppt/slides/slide1.xml").decode()
    numbers = Counter(re.findall(r'<p:cNvPr id="(\d+)"', said))
    assert numbers.most_common(1)[0][1] == 1
    width, height = Mm(sheet.template.width), Mm(sheet.template.height)
    for shape in slide.shapes:
        assert shape.left >= -1, shape.name
        assert shape.top >= -1, shape.name
        assert shape.left + shape.width <= width + 1, (shape.name, shape.left, shape.width)
        assert shape.top + shape.height <= height + Mm(1), shape.name


def test_any_sheet_may_be_a_slide_but_for_those_powerpoint_cannot_hold(city: Store) -> None:
    a3 = Presentation(io.BytesIO(render(sheet_of(city), "pptx")))
    assert (a3.slide_width, a3.slide_height) == (Mm(420), Mm(297))
    huge = sheet_of(city, template="1500x900mm")
    with pytest.raises(InputError, match="slide-16x9"):
        render(huge, "pptx")
