"""An atlas: an index and a page for each region, in one file whose pages lead to each other."""

from __future__ import annotations

import io
import re
import subprocess
from ctypes import byref, c_int
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest

from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.store import Store
from layers.print import atlas as atlas_module
from layers.print import layout
from layers.print.atlas import NEXT, Atlas, AtlasRequest, index_sheet, write_atlas
from layers.print.sheet import Sheet, situation_map
from tests.layers.print.asking import asked
from tests.layers.print.judging import faults
from tests.layers.print.odd_city import ODD_AT, make_odd_city


def request(level: str = NEXT, same: bool = False, **changes: Any) -> AtlasRequest:
    return AtlasRequest(asked(**changes), level, same)


def written(city: Store, wanted: AtlasRequest, scope: Scope | None = None) -> bytes:
    out = io.BytesIO()
    write_atlas(city, scope or Scope(), wanted, out)
    return out.getvalue()


@pytest.fixture(scope="module")
def body(city: Store) -> bytes:
    return written(city, request())


@pytest.fixture(scope="module")
def path(body: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("atlas") / "atlas.pdf"
    path.write_bytes(body)
    return path


def told(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def text_of(path: Path, page: int) -> str:
    return re.sub(
        r"\s+", "", told("pdftotext", "-f", f"{page}", "-l", f"{page}", "-raw", str(path), "-")
    )


@pytest.mark.poppler
def test_every_page_names_its_town_its_number_and_which_of_how_many_it_is(path: Path) -> None:
    assert re.search(r"^Pages:\s+4$", told("pdfinfo", str(path)), re.MULTILINE)
    for page in range(1, 5):
        found = text_of(path, page)
        assert f"第{page}页，共4页" in found
        assert "YP-20250701-0007" in found
        assert "内部★1年" in found
        assert "内部使用，不得公开" in found
    for number in range(3):
        assert f"townt{number}" in text_of(path, 2 + number)
        assert f"townt{number}城市运行态势图" in text_of(path, 2 + number)


@pytest.mark.poppler
def test_the_index_says_the_page_and_the_numbers_of_every_town(path: Path, city: Store) -> None:
    found = text_of(path, 1)
    assert "态势图集" in found
    assert "图幅目录" in found
    index = Atlas.of(city, Scope(), request()).index
    assert index.columns[0] == "open-incidents"
    counts = [entry.values[0] for entry in index.entries]
    assert sum(one or 0 for one in counts) == 10
    for entry in index.entries:
        assert f"{entry.page}{entry.name.replace(' ', '')}{entry.values[0]:.0f}" in found


@pytest.mark.poppler
def test_all_pages_share_one_font(path: Path) -> None:
    rows = told("pdffonts", str(path)).splitlines()[2:]
    assert len(rows) == 1
    assert re.search(r"NotoSansSC.*\byes yes yes\b", rows[0])
    assert path.read_bytes().count(b"/FontFile3") == 1


@pytest.mark.poppler
@pytest.mark.parametrize("tool", [["pdftoppm", "-r", "20", "-png"], ["pdftotext"]])
def test_other_readers_have_nothing_to_complain_of(
    path: Path, tmp_path: Path, tool: list[str]
) -> None:
    told(*tool, str(path), str(tmp_path / "out"))


def links(page: pypdfium2.PdfPage) -> list[tuple[int, tuple[float, float, float, float]]]:
    """Return where the links of a page lead, from 0, and where they are."""
    raw = pypdfium2.raw
    found, at, link = [], c_int(0), raw.FPDF_LINK()
    while raw.FPDFLink_Enumerate(page, byref(at), byref(link)):
        goal = raw.FPDFDest_GetDestPageIndex(page.pdf, raw.FPDFLink_GetDest(page.pdf, link))
        rect = raw.FS_RECTF()
        raw.FPDFLink_GetAnnotRect(link, byref(rect))
        found.append((goal, (rect.left, rect.bottom, rect.right, rect.top)))
    return found


def test_what_is_said_of_a_page_leads_to_it(body: bytes, city: Store) -> None:
    """What stands under each link of the index is the number or the name of its goal."""
    document = pypdfium2.PdfDocument(body)
    index = Atlas.of(city, Scope(), request()).index
    names = {entry.page: entry.name for entry in index.entries}
    page = document[0]
    text = page.get_textpage()
    goals = []
    for goal, (left, bottom, right, top) in links(page):
        said = text.get_text_bounded(left, bottom, right, top)
        assert str(goal + 1) in said
        if len(said.strip()) > 3:
            assert names[goal + 1] in said
        goals.append(goal)
    # A row of the table and a number on the map for each.
    assert sorted(goals) == [1, 1, 2, 2, 3, 3]
    for number in range(1, 4):
        back = [goal for goal, _ in links(document[number])]
        assert back[-1] == 0
    document.close()


def test_neighbours_are_named_at_the_frame_and_lead_to_their_pages(
    body: bytes, city: Store
) -> None:
    """The towns lie in a row: the middle one goes on to both sides, the first to one."""
    document = pypdfium2.PdfDocument(body)
    for page, wanted in ((1, {2}), (2, {1, 3}), (3, {2})):
        assert {goal for goal, _ in links(document[page])} - {0} == wanted
    document.close()
    atlas = Atlas.of(city, Scope(), request())
    sheet = situation_map(city, Scope(), atlas.page_request(1), atlas.index)
    plate = next(one for one in sheet.plates if one.key == "neighbours")
    said = {text.text: text.x for text in plate.items}  # type: ignore[union-attr]
    assert set(said) == {"town t0 见第 2 页", "town t2 见第 4 页"}
    assert said["town t0 见第 2 页"] < said["town t2 见第 4 页"]


def test_bookmarks_and_labels_are_those_of_the_pages(body: bytes) -> None:
    document = pypdfium2.PdfDocument(body)
    found = [(one.get_title(), one.get_dest().get_index()) for one in document.get_toc()]
    assert found == [("图幅目录", 0), ("town t0", 1), ("town t1", 2), ("town t2", 3)]
    assert [document.get_page_label(page) for page in range(4)] == ["图幅目录", "2", "3", "4"]
    document.close()


def test_a_layer_is_one_for_all_pages(body: bytes) -> None:
    groups = re.findall(rb"/Type /OCG /Name <feff([0-9a-f]+)>", body)
    names = [bytes.fromhex(one.decode()).decode("utf-16-be") for one in groups]
    assert len(names) == len(set(names))
    assert body.count(b"/Properties") == 4
    # Those of the points are of the pages only, that of the page numbers of the index only.
    assert {"图幅页码", "地名注记"} <= set(names) or "图幅页码" in names


def test_every_page_knows_where_its_map_lies(body: bytes, city: Store) -> None:
    said = re.findall(rb"/GPTS \[([^\]]+)\]", body)
    atlas = Atlas.of(city, Scope(), request())
    sheets: list[Sheet] = [index_sheet(city, Scope(), request())]
    sheets += [
        situation_map(city, Scope(), atlas.page_request(place), atlas.index) for place in range(3)
    ]
    assert len(said) == len(sheets)
    for corners, sheet in zip(said, sheets, strict=True):
        lat_lon = np.array([float(one) for one in corners.split()]).reshape(-1, 2)
        page = sheet.frame.page(lat_lon[:, ::-1])
        box = sheet.frame.box
        wanted = [(box.x, box.bottom), (box.x, box.y), (box.right, box.y), (box.right, box.bottom)]
        assert np.abs(page - wanted).max() < 0.5 * 25.4 / sheet.template.dpi
        assert faults(sheet) == []


def test_the_same_call_gives_the_same_bytes(city: Store, body: bytes) -> None:
    assert written(city, request()) == body
    assert written(city, request(number="YP-20250701-0008")) != body


def test_one_scale_for_all_pages_is_the_largest_that_fits_them_all(city: Store) -> None:
    each = Atlas.of(city, Scope(), request(region_code="t2"))
    own = [
        situation_map(city, Scope(), each.page_request(place), each.index).scale
        for place in range(len(each.regions))
    ]
    towns = Atlas.of(city, Scope(), request(same=True)).of_one_scale()
    scales = {
        situation_map(city, Scope(), towns.page_request(place), towns.index).scale
        for place in range(3)
    }
    assert len(scales) == 1
    single = [situation_map(city, Scope(), asked(region_code=f"t{n}")).scale for n in range(3)]
    assert scales == {max(single)}
    assert max(own) < max(single)


def test_an_atlas_of_a_town_has_a_page_for_each_grid(city: Store) -> None:
    document = pypdfium2.PdfDocument(written(city, request(region_code="t0")))
    assert [one.get_title() for one in document.get_toc()][1:] == [f"grid t0g{n}" for n in range(4)]
    document.close()
    whole = Atlas.of(city, Scope(), request("grid"))
    assert [one.code for one in whole.regions] == sorted(one.code for one in whole.regions)
    assert whole.count == 11


def test_an_atlas_of_a_functional_area_has_its_grids(city: Store) -> None:
    found = Atlas.of(city, Scope(), request(region_code="f"))
    assert {one.level for one in found.regions} == {"grid"}
    assert found.regions


def test_a_viewer_of_one_town_gets_that_town_only(city: Store, tmp_path: Path) -> None:
    scope = Scope(region_code="t1")
    body = written(city, request(region_code="t1"), scope)
    document = pypdfium2.PdfDocument(body)
    assert len(document) == 5
    text = "".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    assert "town t1" in text
    assert "t0" not in text
    assert "t2" not in text
    with pytest.raises(InputError, match="may not see it"):
        written(city, request(region_code="c"), scope)


@pytest.mark.parametrize(
    ("changes", "level", "said"),
    [
        ({"region_code": "t0g0"}, NEXT, "finest level"),
        ({}, "gird", "“grid”"),
        ({"region_code": "t0"}, "town", "no level “town”"),
        ({"region_code": "nowhere"}, NEXT, "nowhere"),
        ({"template": "90x60mm"}, NEXT, "90×60 mm"),
        ({"indicator": "happiness"}, NEXT, "happiness"),
        ({"window": "3d"}, NEXT, "3d"),
        ({"scale": 1000}, NEXT, "largest that fits"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(
    city: Store, changes: dict[str, Any], level: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        Atlas.of(city, Scope(), request(level, **changes)).check()


def test_too_many_pages_are_refused_with_a_remedy(
    city: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atlas_module, "MOST_PAGES", 9)
    with pytest.raises(InputError, match=r"10 pages.* 9 are the most.*smaller region"):
        Atlas.of(city, Scope(), request("grid"))


def test_it_can_be_ended_between_pages(city: Store) -> None:
    seen = []

    def tell(page: int, pages: int) -> None:
        seen.append((page, pages))
        if page == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atlas(city, Scope(), request(), io.BytesIO(), tell)
    assert seen == [(1, 4), (2, 4), (3, 4)]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Any:
    store = make_odd_city(tmp_path_factory.mktemp("odd") / "odd.gpkg")
    yield store
    store.close()


@pytest.mark.parametrize("template", ["a4-portrait", "a4-landscape", "a3-landscape", "a0-portrait"])
def test_regions_of_any_shape_have_their_pages(odd: Store, template: str) -> None:
    """Nothing on another and nothing cut: on the index, its tables, and the oddest of the pages."""
    wanted = AtlasRequest(
        asked(region_code="odd", at=ODD_AT, drawn_at=ODD_AT, template=template, language="en")
    )
    atlas = Atlas.of(odd, Scope(), wanted)
    assert faults(index_sheet(odd, Scope(), wanted)) == []
    assert sorted(link.page for link in _table_links(atlas)) == [
        entry.page for entry in atlas.index.entries
    ]
    for place in (0, len(atlas.regions) - 2, len(atlas.regions) - 1):
        sheet = situation_map(odd, Scope(), atlas.page_request(place), atlas.index)
        assert faults(sheet) == []
        assert sheet.frame.box.holds(_bounds(sheet))


def _table_links(atlas: Atlas) -> list[Any]:
    if not atlas.tables:
        return atlas.first.layout.links
    return [link for table in atlas.tables for link in table.links]


def _bounds(sheet: Sheet) -> Any:
    from layers.print.drawing import Box

    low, high = sheet.frame.page(np.array(sheet.contents.outline.bounds).reshape(2, 2))
    return Box(low[0], high[1], high[0] - low[0], low[1] - high[1])


def test_an_index_without_room_beside_the_map_has_pages_of_its_own(
    odd: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With its foot beside the map so small a sheet has just room for it.
    monkeypatch.setattr(layout, "_COLUMNS", ())
    wanted = AtlasRequest(
        asked(region_code="odd", at=ODD_AT, drawn_at=ODD_AT, template="200x125mm")
    )
    atlas = Atlas.of(odd, Scope(), wanted)
    assert len(atlas.tables) >= 1
    assert atlas.index.entries[0].page == 2 + len(atlas.tables)
    document = pypdfium2.PdfDocument(written(odd, wanted))
    assert len(document) == 1 + len(atlas.tables) + len(atlas.regions)
    assert "图幅目录见第 2" in document[0].get_textpage().get_text_bounded()
    table = document[1]
    assert next(goal for goal, _ in links(table)) == 1 + len(atlas.tables)
    assert "第 2 页，共" in table.get_textpage().get_text_bounded()
    document.close()
