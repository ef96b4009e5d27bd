"""Reports as DOCX, PDF and XLSX, opened again and read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import docx
import openpyxl
import pypdfium2
import pytest
from docx.oxml.ns import qn

from geo_data import queries
from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.store import Store
from indicators.reports import Kind, Report, make_report
from layers.reports import Document, Head, write_report
from layers.reports.docx import docx_bytes
from layers.reports.layout import HIGH_MM
from layers.reports.making import document_of
from layers.reports.pages import paged
from layers.reports.pdf import pdf_bytes
from layers.reports.pieces import Piece, paragraph, table, title_lines, whole
from tests.geo_data.lived_city import opened
from tests.indicators.reports.counted_city import NOW, make_counted_city

ALL = Scope.everything()
HEAD = Head(
    unit="小城城运中心",
    letterhead="小城城市运行管理中心文件",
    symbol="城运〔2026〕12号",
    secrecy="内部",
    user="张三",
    number="c-20261126-0001",
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened(make_counted_city(tmp_path_factory.mktemp("city") / "c.gpkg")) as store:
        yield store


@pytest.fixture(scope="module")
def month(store: Store) -> Report:
    return make_report(store, ALL, "monthly", NOW, period="2026-10")


@pytest.fixture(scope="module")
def document(store: Store, month: Report) -> Document:
    return document_of(store, ALL, month, HEAD, NOW)


@pytest.fixture(scope="module")
def opened_docx(document: Document) -> docx.document.Document:
    return docx.Document(BytesIO(docx_bytes(document)))


def pdf_text(body: bytes) -> list[str]:
    file = pypdfium2.PdfDocument(body)
    try:
        return [page.get_textpage().get_text_bounded() for page in file]
    finally:
        file.close()


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_the_styles_are_there_by_name_with_their_chinese_fonts(
    opened_docx: docx.document.Document,
) -> None:
    fonts = {
        style.name: style.element.rPr.rFonts.get(qn("w:eastAsia"))
        for style in opened_docx.styles
        if style.element.rPr is not None and style.element.rPr.rFonts is not None
    }
    assert fonts["Normal"] == fonts["公文正文"] == "仿宋"
    assert fonts["公文标题"] == "方正小标宋简体"
    assert (fonts["一级标题"], fonts["二级标题"]) == ("黑体", "楷体")
    body = opened_docx.styles["公文正文"]
    assert body.font.size.pt == 16
    assert 28 <= body.paragraph_format.line_spacing.pt <= 29
    assert opened_docx.styles["公文标题"].font.size.pt == 22


def test_the_page_is_that_of_the_standard(opened_docx: docx.document.Document) -> None:
    section = opened_docx.sections[0]
    sides = [section.page_width, section.page_height, section.top_margin, section.left_margin]
    assert [round(side.mm, 1) for side in sides] == [210, 297, 37, 28]
    width = section.page_width.mm - section.left_margin.mm - section.right_margin.mm
    height = section.page_height.mm - section.top_margin.mm - section.bottom_margin.mm
    assert (round(width, 1), round(height, 1)) == (156, 225)
    for foot in (section.footer, section.even_page_footer):
        assert " PAGE " in foot._element.xml
        assert HEAD.number in foot.paragraphs[1].text


def test_paragraphs_and_headings_are_those_of_the_report(
    opened_docx: docx.document.Document, month: Report
) -> None:
    texts = [one.text for one in opened_docx.paragraphs]
    assert texts[:3] == [HEAD.secrecy, HEAD.letterhead, HEAD.symbol]
    assert month.title in texts
    styles = {one.text: one.style.name for one in opened_docx.paragraphs}
    assert styles["一、总体情况"] == "一级标题"
    assert texts[-2:] == ["小城城运中心", "2026年11月26日"]
    told = opened_docx.core_properties
    assert (told.title, told.author, told.identifier) == (month.title, HEAD.unit, HEAD.number)


def test_tables_are_tables_whose_head_stands_on_every_page(
    opened_docx: docx.document.Document, month: Report
) -> None:
    tables = list(month.tables())
    assert len(opened_docx.tables) == len(tables)
    for made, found in zip(opened_docx.tables, tables, strict=True):
        assert [cell.text for cell in made.rows[0].cells] == [one.label for one in found.columns]
        assert made.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
        assert made.rows[1]._tr.trPr.find(qn("w:tblHeader")) is None
        cells = [[cell.text for cell in row.cells] for row in made.rows[1:]]
        assert cells == [[cell.text for cell in row] for row in found.rows]


def test_the_map_is_a_picture_of_300_dpi(opened_docx: docx.document.Document) -> None:
    (shape,) = opened_docx.inline_shapes
    assert round(shape.width.mm) == 156
    assert "受理分布图" in shape._inline.docPr.get("descr")
    (part,) = [one for one in opened_docx.part.package.iter_parts() if "image" in one.content_type]
    width = int.from_bytes(part.blob[16:20], "big")
    assert width == pytest.approx(156 / 25.4 * 300, abs=2)


def test_the_pdf_says_what_the_report_says(document: Document, month: Report) -> None:
    pages = pdf_text(pdf_bytes(document))
    text = squeezed("".join(pages))
    for block in month.blocks:
        said = getattr(block, "text", None)
        if said is not None and "\n" not in said:
            # A paragraph may run on to the next page, beyond its number.
            assert squeezed(said)[:24] in text
    for number, page in enumerate(pages, 1):
        assert f"—{number}—" in squeezed(page)
        assert HEAD.number in page
    for part in (HEAD.secrecy, HEAD.letterhead, "口径：", "数据截止时间", "2026年11月26日"):
        assert squeezed(part) in text


def test_the_same_report_is_the_same_bytes(store: Store, document: Document) -> None:
    again = document_of(store, ALL, make_report(store, ALL, "monthly", NOW), HEAD, NOW)
    for write in (pdf_bytes, docx_bytes):
        first, second = (hashlib.sha256(write(one)).hexdigest() for one in (document, again))
        assert first == second


def test_a_workbook_holds_numbers_and_the_sentences(
    store: Store, month: Report, tmp_path: Path
) -> None:
    path = tmp_path / "month.xlsx"
    write_report(store, ALL, month, HEAD, NOW, "xlsx", path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[:2] == ["说明", "正文"]
    rows = list(book["各渠道受理情况"].values)
    assert rows[1][:3] == ("12345 市民热线", 3, 50)
    assert rows[1][4] == "+200.0%"
    assert any("口径" in str(row) or "按上报时间" in str(row) for row in book["说明"].values)


def test_every_kind_of_every_region_can_be_written(store: Store, tmp_path: Path) -> None:
    for kind in Kind:
        for region in ("c", "t2"):
            report = make_report(store, ALL, kind, NOW, region_code=region)
            for ending in ("pdf", "docx", "xlsx"):
                path = tmp_path / f"{kind}-{region}.{ending}"
                write_report(store, ALL, report, Head(), NOW, ending, path)
                assert path.stat().st_size > 4000


def test_headings_stand_with_what_follows_and_the_end_is_never_alone(document: Document) -> None:
    pages = paged(whole(document))
    for page in pages:
        _, last = page[-1]
        assert not last.keeps
        assert all(y + piece.height <= HIGH_MM + 0.02 for y, piece in page)
    assert any(not piece.keeps and piece.items for _, piece in pages[-1])


def test_maps_at_the_end_are_an_annex_behind_the_signature(store: Store) -> None:
    report = make_report(store, ALL, "yearly", NOW, period="2026")
    made = document_of(store, ALL, report, HEAD, NOW)
    text, annex = made.parts
    assert annex[0].text == "附件：图集"  # type: ignore[union-attr]
    assert not any(block in text for block in annex)
    pages = [squeezed(page) for page in pdf_text(pdf_bytes(made))]
    (signed,) = [n for n, page in enumerate(pages) if "小城城运中心2026年11月26日" in page]
    (begins,) = [n for n, page in enumerate(pages) if "附件：图集" in page]
    assert begins == signed + 1
    file = docx.Document(BytesIO(docx_bytes(made)))
    texts = [one.text for one in file.paragraphs]
    assert texts.index("小城城运中心") < texts.index("附件：图集")
    heading = next(one for one in file.paragraphs if one.text == "附件：图集")
    assert heading.paragraph_format.page_break_before


def rows_of(n: int) -> list[Piece]:
    head = Piece(8.0, ("head",), keeps=True)  # type: ignore[arg-type]
    return [head, *(Piece(8.0, (f"row {n}",), head=head) for n in range(n))]  # type: ignore[arg-type]


def test_the_head_of_a_table_stands_on_each_of_its_pages() -> None:
    pages = paged(rows_of(60))
    assert len(pages) == 3
    assert [page[0][1].items for page in pages] == [("head",)] * 3
    assert sum(piece.items[0] != "head" for page in pages for _, piece in page) == 60


def test_a_short_table_is_not_parted(month: Report, opened_docx: docx.document.Document) -> None:
    tables = list(zip(month.tables(), opened_docx.tables, strict=True))
    short = [(block, made) for block, made in tables if 2 < len(block.rows) < 6]
    assert short
    for block, made in short:
        for room in (20.0, 30.0, 40.0):
            above = Piece(HIGH_MM - room, ("above",))  # type: ignore[arg-type]
            _, page = paged([above, *table(block, "")])
            rows = [piece for _, piece in page if piece.head is not None]
            assert len(rows) == len(block.rows)
        for row in made.rows[1:]:
            kept = {cell.paragraphs[0].paragraph_format.keep_with_next for cell in row.cells}
            assert kept == {True}


def test_a_figure_without_room_waits_and_the_text_goes_on() -> None:
    figure = Piece(130.0, ("figure",), floats=True)  # type: ignore[arg-type]
    lines = [Piece(10.0, (f"line {n}",)) for n in range(16)]  # type: ignore[arg-type]
    pages = paged([*lines[:12], figure, *lines[12:]])
    assert [piece.items[0] for _, piece in pages[0]] == [f"line {n}" for n in range(16)]
    assert [piece.items[0] for _, piece in pages[1]] == ["figure"]


def test_lines_do_not_begin_with_what_no_line_may_begin_with() -> None:
    text = "受理" * 12 + "，" + "（按期结案率）" * 9 + "。"
    lines = [piece.items[0].text for piece in paragraph(text)]  # type: ignore[union-attr]
    assert "".join(lines) == f"　　{text}"
    assert all(line[0] not in "，。）" and line[-1] != "（" for line in lines)


def test_a_long_title_is_broken_before_its_brackets() -> None:
    assert title_lines("松江区泗泾镇城市运行周提示（2026年第47周）", 156.0, 7.76) == [
        "松江区泗泾镇城市运行周提示",
        "（2026年第47周）",
    ]


def test_a_clock_that_is_put_back_is_the_citys_own(tmp_path: Path) -> None:
    made = make_counted_city(tmp_path / "c.gpkg", timezone="America/New_York")
    with opened(made) as store:
        report = make_report(store, ALL, "weekly", NOW, period="2026-W44")
        assert store.city.zone == ZoneInfo("America/New_York")
        assert "01:30" in report.foot
        assert pdf_bytes(document_of(store, ALL, report, HEAD, NOW))[:5] == b"%PDF-"


def test_a_city_of_other_levels_and_no_cases(clearbay: Store, tmp_path: Path) -> None:
    for kind in Kind:
        report = make_report(clearbay, ALL, kind, NOW)
        assert report.title.startswith("澄湾市城市运行")
        assert report.data_at is None
        texts = [block.text for block in report.blocks if hasattr(block, "text")]
        assert "系统内尚无事件数据" in texts[0]
        assert not any("0件" in text for text in texts)
        write_report(clearbay, ALL, report, HEAD, NOW, "pdf", tmp_path / f"{kind}.pdf")
        write_report(clearbay, ALL, report, HEAD, NOW, "docx", tmp_path / f"{kind}.docx")
    with pytest.raises(InputError, match="nearest is CB"):
        make_report(clearbay, ALL, "monthly", NOW, region_code="CB.XX")
    code = queries.region_tree(clearbay, ALL).children("CB")[0].code
    ward = make_report(clearbay, ALL, "monthly", NOW, region_code=code)
    assert any("全区共受理" in getattr(block, "text", "") for block in ward.blocks)
