"""The slide: the map is a picture, title, legend, table, bars and small print are native.

It is laid out as any sheet is, on a page of 16:9, and every block is then written with what
PowerPoint and WPS have for it; numbers and words are those of the sheet because they are its own.
"""

from __future__ import annotations

from io import BytesIO
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from pptx import Presentation

from geo_data.faults import Fault, InputError
from layers.print import furniture
from layers.print.blocks import Standing, texts_of
from layers.print.drawing import Box
from layers.print.figure_blocks import ROW as FIGURE_ROW
from layers.print.legend_blocks import ROW as LEGEND_ROW
from layers.print.pdf import pdf_bytes
from layers.print.pixels import drawn
from layers.print.png import packed
from layers.print.slides import package, text_boxes
from layers.print.slides.freeforms import emu, freeforms
from layers.print.slides.writing import paragraphs, tabled

if TYPE_CHECKING:
    from layers.print.sheet import Sheet

_LEAST_MM, _MOST_MM = 25.4, 56 * 25.4
"""What PowerPoint opens."""
_TITLE_ONLY = 5
"""Of the layouts that python-pptx ships."""


def pptx_bytes(sheet: Sheet) -> bytes:
    """Return a sheet as a presentation of one slide of its size.

    Raises
    ------
    InputError
        PowerPoint has no slides of this size.
    """
    page = sheet.template
    if min(page.page) < _LEAST_MM or max(page.page) > _MOST_MM:
        values: dict[str, object] = {
            "width": f"{page.width:g}",
            "height": f"{page.height:g}",
            "most": f"{_MOST_MM:.0f}",
        }
        raise InputError(Fault("sheet-slide-size", values=values))
    file = Presentation()
    package.resize(file, emu(page.width), emu(page.height))
    slide = file.slides.add_slide(file.slide_layouts[_TITLE_ONLY])
    _map(slide, sheet)
    _heading(slide, sheet)
    for standing in sheet.layout.blocks:
        _block(slide, standing, sheet)
    return package.bytes_of(file, sheet)


def _map(slide: Any, sheet: Sheet) -> None:
    """Put the map with its degrees and watermark on the slide, as a picture of its own size."""
    plates = [plate for plate in sheet.plates if plate.key != "margin"]
    info, page, outer = sheet.info, sheet.template, sheet.layout.outer
    with drawn(pdf_bytes(plates, info), info.dpi) as pixels:
        rows, columns, _ = pixels.shape
        across, down = columns / page.width, rows / page.height
        left, right = floor(outer.x * across), ceil(outer.right * across)
        top, bottom = floor(outer.y * down), ceil(outer.bottom * down)
        body = packed(pixels[top:bottom, left:right], info.dpi)
    box = Box(left / across, top / down, (right - left) / across, (bottom - top) / down)
    picture = slide.shapes.add_picture(BytesIO(body), *_place(box))
    picture.name = "map"
    # What a reader who sees nothing is told.
    picture._element.nvPicPr.cNvPr.set("descr", sheet.title)


def _place(box: Box) -> tuple[Any, Any, Any, Any]:
    return emu(box.x), emu(box.y), emu(box.width), emu(box.height)


def _heading(slide: Any, sheet: Sheet) -> None:
    box, size = sheet.layout.heading, sheet.template.type
    texts = list(furniture.heading(sheet.contents, box, size))
    titles = [text for text in texts if text.paragraph]
    text_boxes.title(slide, titles, box, sheet.request.language)
    rest = [text for text in texts if not text.paragraph]
    for found in paragraphs(rest, box.width):
        text_boxes.lines(slide, found, (0.0, 0.0), "heading", sheet.request.language)


def _block(slide: Any, standing: Standing, sheet: Sheet) -> None:
    block, at = standing.block, (standing.box.x, standing.box.y)
    shapes = list(freeforms(block.key, block.at(*at)))
    if shapes:
        group = slide.shapes.add_group_shape()
        group.name = block.key
        for shape in shapes:
            group._element.append(shape)
        group._element.recalculate_extents()
    is_figures = block.key in ("table", "chart")
    row = (FIGURE_ROW if is_figures else LEGEND_ROW) * sheet.template.type
    texts, grid = texts_of(block.items), None
    if is_figures or block.key.startswith("legend"):
        texts, grid = tabled(texts, row)
    for found in paragraphs(texts, block.width):
        text_boxes.lines(slide, found, at, block.key, sheet.request.language)
    if grid is not None:
        text_boxes.table(slide, grid, at, block.key, sheet.request.language)
