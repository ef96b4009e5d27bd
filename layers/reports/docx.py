"""A report as DOCX: named styles of the official layout, real tables, maps as pictures."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import UTC
from io import BytesIO
from typing import Any

import docx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from geo_data.words import DEFAULT_LANGUAGE
from indicators.reports.content import Block, Cell, Heading, MapPlace, Paragraph, Table
from layers.print import render
from layers.reports import docx_styles as styles
from layers.reports.document import Document
from layers.reports.layout import HEAD_RED, TITLE_PT, WIDE_MM, mm
from layers.reports.pieces import MIDDLE, stays_with_next, title_lines, widths_of


def docx_bytes(document: Document) -> bytes:
    """Return a report as a DOCX; the same report is always the same bytes."""
    file: Any = docx.Document()
    styles.add_styles(file)
    styles.set_page(file)
    _front(file, document)
    text, annex = document.parts
    for block in text:
        _block(file, document, block)
    _ending(file, document)
    for place, block in enumerate(annex):
        made = _block(file, document, block)
        if place == 0 and made is not None:
            made.paragraph_format.page_break_before = True
    _feet(file, document)
    _say_what_it_is(file, document)
    return _still(file, document)


def _block(file: Any, document: Document, block: Block) -> Any:
    """Write a block; return the paragraph that it is where it is one."""
    if isinstance(block, Heading):
        return file.add_paragraph(block.text, "一级标题" if block.level == 1 else "二级标题")
    if isinstance(block, Paragraph):
        return file.add_paragraph(block.text, "公文正文")
    if isinstance(block, Table):
        return _table(file, block, document.report.foot)
    return _figure(file, document, block)


def _front(file: Any, document: Document) -> None:
    head = document.head
    if head.secrecy:
        file.add_paragraph(head.secrecy, "密级")
    if head.letterhead:
        _red_head(file, head.letterhead)
    if head.symbol or head.letterhead:
        symbol = file.add_paragraph(head.symbol, "发文字号")
        if head.letterhead:
            styles.rule_below(symbol, HEAD_RED)
    title = file.add_paragraph(style=styles.TITLE)
    # Which font will be there nobody knows: a line is not filled to its end.
    wide = 0.92 * WIDE_MM
    for place, part in enumerate(title_lines(document.report.title, wide, mm(TITLE_PT))):
        if place:
            title.add_run().add_break()
        title.add_run(part)
    if document.report.notice:
        file.add_paragraph(document.report.notice, "口径说明")


def _red_head(file: Any, letterhead: str) -> None:
    line = file.add_paragraph(letterhead, "红头")
    # As large as it fits in one line, 40 points at most.
    fits = WIDE_MM / 25.4 * 72 / max(len(letterhead), 1)
    line.runs[0].font.size = Pt(min(40.0, int(fits)))


def _table(file: Any, block: Table, foot: str) -> None:
    file.add_paragraph(block.title, "表题")
    if block.rows:
        widths = widths_of(block)
        made = file.add_table(rows=0, cols=len(block.columns), style="Table Grid")
        made.alignment = WD_TABLE_ALIGNMENT.CENTER
        made.autofit = False
        _row(made, block, widths, [Cell(one.label) for one in block.columns], is_head=True)
        for place, row in enumerate(block.rows):
            is_sum = place >= len(block.rows) - block.sums
            _row(made, block, widths, row, is_head=False, is_sum=is_sum)
            if stays_with_next(block, place):
                for box in made.rows[-1].cells:
                    box.paragraphs[0].paragraph_format.keep_with_next = True
        for column, wide in zip(made.columns, widths, strict=True):
            column.width = Mm(wide)
    else:
        file.add_paragraph(block.empty, "表格文字")
    more = ""
    if len(block.listed) < block.total:
        more = f"共{block.total}项，列前{len(block.listed)}项。"
    file.add_paragraph(f"{more}口径：{block.rule.rstrip('。')}。{foot}", "口径说明")


def _row(
    made: Any,
    block: Table,
    widths: Sequence[float],
    cells: Sequence[Cell],
    *,
    is_head: bool,
    is_sum: bool = False,
) -> None:
    row = made.add_row()
    styles.keep_row(row)
    if is_head:
        styles.repeat_row(row)
    for box, column, cell, wide in zip(row.cells, block.columns, cells, widths, strict=True):
        box.width = Mm(wide)
        line = box.paragraphs[0]
        line.style = "表头文字" if is_head or is_sum else "表格文字"
        line.add_run(cell.text)
        if not is_head and column.key not in MIDDLE:
            is_right = column.is_number
            line.alignment = WD_ALIGN_PARAGRAPH.RIGHT if is_right else WD_ALIGN_PARAGRAPH.LEFT
        else:
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _figure(file: Any, document: Document, place: MapPlace) -> None:
    sheet = document.maps.get(place)
    if sheet is None:
        file.add_paragraph(f"{place.title}：该区域无法成图。", "口径说明")
        return
    line = file.add_paragraph(style="插图")
    picture = line.add_run().add_picture(BytesIO(render(sheet, "png")), width=Mm(WIDE_MM))
    # What a screen reader says of it.
    picture._inline.docPr.set("descr", f"{place.title}：{sheet.title}")
    file.add_paragraph(place.title, "图题")


def _ending(file: Any, document: Document) -> None:
    for place, text in enumerate(document.signature()):
        line = file.add_paragraph(text, "落款")
        line.paragraph_format.right_indent = Pt(16 * 4)
        line.paragraph_format.keep_together = True
        if place == 0:
            line.paragraph_format.space_before = Pt(2 * styles.LINE_PT)
            line.paragraph_format.keep_with_next = True
            _keep_last(line)


def _keep_last(line: Any) -> None:
    """Keep the paragraph before the end with it: the end never stands on a page alone."""
    before = line._p.getprevious()
    if before is not None and before.tag == qn("w:p"):
        properties = before.get_or_add_pPr()
        if properties.find(qn("w:keepNext")) is None:
            mark = OxmlElement("w:keepNext")
            style = properties.find(qn("w:pStyle"))
            properties.insert(0 if style is None else 1, mark)


def _feet(file: Any, document: Document) -> None:
    """Write page numbers, right on odd pages and left on even ones, and whose paper it is."""
    section = file.sections[0]
    for foot, align, indent in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT, "right_indent"),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT, "left_indent"),
    ):
        foot.is_linked_to_previous = False
        line = foot.paragraphs[0]
        line.style = "页码"
        line.alignment = align
        setattr(line.paragraph_format, indent, Pt(14))
        styles.add_page_field(line)
        foot.add_paragraph(document.mark, "页标")
    for top in (section.header, section.even_page_header):
        top.is_linked_to_previous = False


def _say_what_it_is(file: Any, document: Document) -> None:
    told, report, head = file.core_properties, document.report, document.head
    told.title, told.author = report.title, head.unit or report.region_name
    told.last_modified_by, told.revision = told.author, 1
    told.identifier, told.category = head.number, head.secrecy
    told.subject, told.language = report.region_name, DEFAULT_LANGUAGE
    told.comments = report.foot
    told.created = told.modified = document.made_at.astimezone(UTC).replace(tzinfo=None)


def _still(file: Any, document: Document) -> bytes:
    """Write the zip with the time of making in it, so that equal reports are equal bytes."""
    package = file.part.package
    for key, relation in list(package.rels.items()):
        if relation.reltype == RT.THUMBNAIL:
            # Of the empty document that this one was made from.
            package.rels.pop(key)
    body, found = BytesIO(), BytesIO()
    file.save(body)
    stamp = document.made_at.astimezone(document.zone).timetuple()[:6]
    with zipfile.ZipFile(body) as made, zipfile.ZipFile(found, "w") as archive:
        for entry in made.infolist():
            still = zipfile.ZipInfo(entry.filename, stamp)
            is_picture = entry.filename.endswith(".png")
            still.compress_type = zipfile.ZIP_STORED if is_picture else zipfile.ZIP_DEFLATED
            archive.writestr(still, made.read(entry))
    return found.getvalue()
