"""The named styles of a report in DOCX, after GB/T 9704, and fields and borders in XML.

Word chooses a font by script: Chinese letters take ``w:eastAsia``, figures and Latin ``w:ascii``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from layers.reports import layout

LATIN = "Times New Roman"
SONG, FANG_SONG, HEI, KAI = "方正小标宋简体", "仿宋", "黑体", "楷体"
"""Title, text, headings of the first and of the second level, as the standard wants them."""
BODY, TITLE = "正文", "公文标题"
LINE_PT = layout.LINE_MM / layout.POINT_MM


@dataclass(frozen=True, slots=True)
class _Look:
    name: str
    font: str
    points: float
    align: str = "left"
    line_pt: float = LINE_PT
    indent: float = 0.0
    color: str = ""
    outline: int | None = None
    keeps: bool = False
    before_pt: float = 0.0
    after_pt: float = 0.0


LOOKS = (
    _Look("密级", HEI, layout.BODY_PT),
    _Look("红头", SONG, 40.0, "center", 56.0, color=layout.HEAD_RED, keeps=True),
    _Look("发文字号", FANG_SONG, layout.BODY_PT, "center", keeps=True),
    _Look(TITLE, SONG, layout.TITLE_PT, "center", 33.0, keeps=True, before_pt=14.0, after_pt=14.0),
    _Look("公文正文", FANG_SONG, layout.BODY_PT, "both", indent=2.0),
    _Look("一级标题", HEI, layout.BODY_PT, indent=2.0, outline=0, keeps=True),
    _Look("二级标题", KAI, layout.BODY_PT, indent=2.0, outline=1, keeps=True),
    _Look("表题", HEI, 12.0, "center", 20.0, keeps=True, before_pt=6.0, after_pt=2.0),
    _Look(
        "表头文字", HEI, layout.TABLE_PT, "center", 14.0, keeps=True, before_pt=2.0, after_pt=2.0
    ),
    _Look("表格文字", FANG_SONG, layout.TABLE_PT, line_pt=14.0, before_pt=2.0, after_pt=2.0),
    _Look("口径说明", FANG_SONG, layout.SMALL_PT, line_pt=12.6, color=layout.GREY, after_pt=8.0),
    _Look("插图", FANG_SONG, layout.BODY_PT, "center", line_pt=0.0, keeps=True),
    _Look("图题", HEI, 12.0, "center", 20.0, after_pt=8.0),
    _Look("落款", FANG_SONG, layout.BODY_PT, "right"),
    _Look("页码", "宋体", layout.PAGE_NUMBER_PT, line_pt=16.0),
    _Look("页标", FANG_SONG, 7.5, "center", 10.0, color=layout.GREY),
)
"""Every style but the text's own, which is what Word shows as 正文."""
_ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "both": WD_ALIGN_PARAGRAPH.JUSTIFY,
}


def add_styles(file: Any) -> None:
    """Give a new document its styles."""
    normal = file.styles["Normal"]
    _dress(normal, _Look(BODY, FANG_SONG, layout.BODY_PT))
    for name in ("w:autoSpaceDE", "w:autoSpaceDN"):
        # Word would put room between Chinese letters and figures: a line has 28 letters.
        _put(normal.element.get_or_add_pPr(), name, "0")
    for look in LOOKS:
        style = file.styles.add_style(look.name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        style.quick_style = True
        _dress(style, look)


def _dress(style: Any, look: _Look) -> None:
    style.font.name = LATIN
    style.font.size = Pt(look.points)
    style.font.bold = False
    if look.color:
        style.font.color.rgb = RGBColor.from_string(look.color.lstrip("#").upper())
    set_fonts(style.element.get_or_add_rPr(), look.font)
    form = style.paragraph_format
    form.alignment = _ALIGN[look.align]
    form.space_before, form.space_after = Pt(look.before_pt), Pt(look.after_pt)
    form.keep_with_next = look.keeps
    form.widow_control = True
    form.first_line_indent = Pt(look.indent * look.points)
    if look.line_pt:
        form.line_spacing_rule = WD_LINE_SPACING.EXACTLY
        form.line_spacing = Pt(look.line_pt)
    else:
        form.line_spacing_rule = WD_LINE_SPACING.SINGLE
    if look.line_pt != LINE_PT:
        # The grid of 22 lines is of the text: small type would stand as far apart.
        _put(style.element.get_or_add_pPr(), "w:snapToGrid", "0")
    if look.outline is not None:
        level = OxmlElement("w:outlineLvl")
        level.set(qn("w:val"), str(look.outline))
        style.element.get_or_add_pPr().append(level)


def _put(properties: Any, name: str, value: str) -> None:
    """Put a property of paragraphs in its place: the schema has an order."""
    made = OxmlElement(name)
    made.set(qn("w:val"), value)
    properties.insert_element_before(
        made, "w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:outlineLvl"
    )


def set_fonts(properties: Any, font: str) -> None:
    """Set the font of Chinese letters, and that of the others."""
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = OxmlElement("w:rFonts")
        properties.insert(0, fonts)
    for key in list(fonts.attrib):
        del fonts.attrib[key]
    for key, value in (("ascii", LATIN), ("hAnsi", LATIN), ("eastAsia", font), ("cs", LATIN)):
        fonts.set(qn(f"w:{key}"), value)


def set_page(file: Any) -> None:
    """Give a document its paper, margins and the grid of 22 lines."""
    section = file.sections[0]
    section.page_width, section.page_height = (Mm(side) for side in layout.PAGE_MM)
    section.top_margin, section.bottom_margin = Mm(layout.TOP_MM), Mm(layout.BOTTOM_MM)
    section.left_margin, section.right_margin = Mm(layout.LEFT_MM), Mm(layout.RIGHT_MM)
    section.header_distance = Mm(15)
    # So that the dash of the number lies 7 mm below the print area.
    section.footer_distance = Mm(layout.BOTTOM_MM - layout.NUMBER_BELOW_MM - 9.0)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(round(20 * LINE_PT)))
    file.settings.odd_and_even_pages_header_footer = True


def add_page_field(paragraph: Any) -> None:
    """Write ``— 1 —`` with the page's own number."""
    paragraph.add_run("— ")
    for kind, text in (("begin", ""), ("", " PAGE "), ("end", "")):
        run = paragraph.add_run()
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.set(qn("xml:space"), "preserve")
            mark.text = text
        run._r.append(mark)
    paragraph.add_run(" —")


def repeat_row(row: Any) -> None:
    """Let a row stand again at the top of each page."""
    mark = OxmlElement("w:tblHeader")
    row._tr.get_or_add_trPr().append(mark)


def keep_row(row: Any) -> None:
    """Let a row not be divided between pages."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def rule_below(paragraph: Any, color: str) -> None:
    """Draw a line under a paragraph."""
    borders = OxmlElement("w:pBdr")
    line = OxmlElement("w:bottom")
    told = {"val": "single", "sz": "16", "space": "4", "color": color.lstrip("#")}
    for key, value in told.items():
        line.set(qn(f"w:{key}"), value)
    borders.append(line)
    properties = paragraph._p.get_or_add_pPr()
    # The schema wants it before spacing and indents.
    properties.insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc"
    )
