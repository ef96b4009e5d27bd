"""Writing on a slide: the title, text boxes and tables that stand where the sheet has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Pt

from layers.print.drawing import Box, Text
from layers.print.slides.freeforms import emu
from layers.print.slides.writing import Grid, Paragraphs
from layers.style import rgb

_POINTS = 72 / 25.4
_ASCENT = 0.8
"""Of a line of exact height, above the line it stands on."""
_PLAIN_TABLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
"""PowerPoint's table style "No Style, No Grid"."""
_color: Any = RGBColor
"""The library says no types of it."""
_ALIGN = {"start": PP_ALIGN.LEFT, "middle": PP_ALIGN.CENTER, "end": PP_ALIGN.RIGHT}


def title(slide: Any, texts: Sequence[Text], box: Box, language: str) -> None:
    """Write the title into the slide's own title, by which programs list and read slides."""
    first = texts[0]
    shape = slide.shapes.title
    top = first.y - 1.1 * first.size_mm
    room = box.width * 0.62
    shape.left, shape.top = emu(first.x - room / 2), emu(top)
    shape.width, shape.height = emu(room), emu(texts[-1].y + 0.3 * first.size_mm - top)
    frame = _plain(shape.text_frame)
    frame.word_wrap = True
    _write(frame.paragraphs[0], first, first.paragraph or "", language)


def lines(slide: Any, found: Paragraphs, at: tuple[float, float], name: str, language: str) -> None:
    """Write paragraphs of one look into a text box.

    Parameters
    ----------
    found : Paragraphs
        From the corner of their block.
    at : tuple of float
        That corner on the page, in millimetres.
    """
    first = found.first
    left = {"start": 0.0, "middle": found.width / 2, "end": found.width}[first.anchor]
    x, top = at[0] + first.x - left, at[1] + first.y - _ASCENT * found.leading_mm
    high = found.leading_mm * len(found.lines)
    shape = slide.shapes.add_textbox(emu(x), emu(top), emu(found.width), emu(high))
    shape.name = name
    frame = _plain(shape.text_frame)
    frame.word_wrap = first.paragraph is not None
    for row, line in enumerate(found.lines):
        paragraph = frame.paragraphs[0] if row == 0 else frame.add_paragraph()
        paragraph.line_spacing = Pt(found.leading_mm * _POINTS)
        _write(paragraph, first, line, language)


def table(slide: Any, grid: Grid, at: tuple[float, float], name: str, language: str) -> None:
    """Write a table without lines of its own; what is drawn round it is drawn already."""
    wide = grid.edges[-1] - grid.edges[0]
    frame = slide.shapes.add_table(
        *(len(grid.rows), len(grid.edges) - 1),
        *(emu(at[0] + grid.edges[0]), emu(at[1] + grid.top)),
        *(emu(wide), emu(grid.step * len(grid.rows))),
    )
    frame.name = name
    made = frame.table
    made.first_row = made.horz_banding = False
    made._tbl.tblPr.find(qn("a:tableStyleId")).text = _PLAIN_TABLE
    for place, column in enumerate(made.columns):
        column.width = emu(grid.edges[place + 1] - grid.edges[place])
    for row, texts in enumerate(grid.rows):
        made.rows[row].height = emu(grid.step)
        for place, text in enumerate(texts):
            cell = made.cell(row, place)
            _cell(cell, text, grid, language)
            cell.margin_right = emu(grid.gaps[place])


def _cell(cell: Any, text: Text | None, grid: Grid, language: str) -> None:
    cell.margin_left = cell.margin_right = cell.margin_top = cell.margin_bottom = 0
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    known = text or next(one for row in grid.rows for one in row if one is not None)
    paragraph = cell.text_frame.paragraphs[0]
    cell.text_frame.word_wrap = False
    if text is not None:
        _write(paragraph, text, text.text, language)
    # An empty cell is as high as its type, which is 18 points where nobody says so.
    ending = paragraph._p.get_or_add_endParaRPr()
    ending.set("sz", str(_hundredths(known.size_mm)))


def _hundredths(size_mm: float) -> int:
    """Return a size of type in hundredths of a point, to a tenth of one."""
    return round(size_mm * _POINTS * 10) * 10


def _plain(frame: Any) -> Any:
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.auto_size = MSO_AUTO_SIZE.NONE
    frame.vertical_anchor = MSO_ANCHOR.TOP
    frame.word_wrap = False
    return frame


def _write(paragraph: Any, look: Text, text: str, language: str) -> None:
    """Write a line in a look. Its font is the theme's, so that one change changes all."""
    paragraph.alignment = _ALIGN[look.anchor]
    run = paragraph.add_run()
    run.text = text
    font = run.font
    font.size, font.bold = Pt(_hundredths(look.size_mm) / 100), look.bold
    font.color.rgb = _color(*rgb(look.color))
    properties = font._element
    properties.set("lang", language if language == "zh-CN" else "en-US")
    properties.set("altLang", "en-US" if language == "zh-CN" else "zh-CN")
