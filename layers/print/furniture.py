"""What stands around and over the map: heading, neatlines, north arrow, watermark."""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, radians, sin

import numpy as np
import shapely

from geo_data.records import FUNCTIONAL
from indicators import catalog
from layers.case_wording import filter_words
from layers.print import imprint
from layers.print.blocks import INK, texts_of
from layers.print.contents import Contents, window_words
from layers.print.drawing import Box, Item, Path, Plate, Rings, Stroke, Text
from layers.print.graticule import graticule
from layers.print.layout import Layout
from layers.print.locator import north_arrow
from layers.print.plates import Drawing
from layers.print.templates import Template
from layers.print.typeface import SPREAD, line_width, typeface
from layers.print.typesetting import lines_of
from layers.style import WORDS

__all__ = [
    "arrow_box",
    "frame_plate",
    "margin_plate",
    "moment",
    "page_words",
    "paper",
    "texts_of",
    "title",
    "watermark",
]

_TITLE, _LEAST_TITLE, _SUBTITLE = 3.1, 1.9, 1.2
_ARROW = (3.4, 7.2)
_SLANT_DEG = 28.0
_WATERMARK, _WATERMARK_OPACITY = 1.7, 0.08


def title(contents: Contents) -> str:
    """Return place and subject: the name of the map 图名."""
    request, language = contents.request, contents.language
    subject = request.subject or WORDS("print-subject", language)
    key = "print-atlas-title" if request.leaf and request.leaf.is_index else "print-title"
    return WORDS(key, language, place=place(contents), subject=subject)


def place(contents: Contents) -> str:
    """Return the region's name, under that of the region it lies in where it says little alone."""
    region, tree = contents.region, contents.tree
    if region.level == FUNCTIONAL:
        return region.name
    chain = tree.ancestors(region.code)
    named = chain[1:] if len(chain) > 2 else chain[-1:]
    joint = "" if contents.language == "zh-CN" else " "
    return joint.join(one.name for one in named)


def moment(contents: Contents) -> str:
    """Return the time the map speaks of, as it is written under the title."""
    request, language = contents.request, contents.language
    at = request.at.astimezone(contents.store.city.zone)
    return WORDS(
        "print-moment",
        language,
        year=at.year,
        month=f"{at:%m}" if language == "en" else at.month,
        day=f"{at:%d}" if language == "en" else at.day,
        clock=f"{at:%H:%M}",
    )


def secrecy(contents: Contents) -> str:
    """Return 密级 and its term, as the one who asked decided."""
    request = contents.request
    mark = request.secrecy or WORDS("print-secrecy", contents.language)
    return f"{mark}★{request.secrecy_term}" if request.secrecy_term else mark


def paper(template: Template) -> Plate:
    """Return the sheet itself."""
    page = Rings.around(Box(0, 0, template.width, template.height))
    return Plate("paper", "paper", (Path(page, fill="#ffffff"),))


def margin_plate(contents: Contents, layout: Layout, template: Template) -> Plate:
    """Return heading, margin and foot."""
    items: list[Item] = list(heading(contents, layout.heading, template.type))
    for one in layout.blocks:
        items += one.block.at(one.box.x, one.box.y)
    return Plate("margin", "margin", tuple(items))


def heading(contents: Contents, box: Box, type_mm: float) -> Iterator[Text]:
    """Yield secrecy, number, approval, title and what it is a map of."""
    top = box.y + 1.55 * type_mm
    yield Text(secrecy(contents), box.x, top, 1.5 * type_mm, INK["ink"], bold=True)
    sides = [line_width(secrecy(contents), 1.5 * type_mm, bold=True)]
    for row, (text, size) in enumerate(_corner(contents)):
        line = box.y + (1.2 + 1.6 * row) * type_mm
        yield Text(text, box.right, line, size * type_mm, INK["ink-2"], "end")
        sides.append(typeface().width(text, size * type_mm))
    middle = box.middle[0]
    room = box.width - 2 * (max(sides) + 2 * type_mm)
    yield from _title(title(contents), middle, box.y, room, type_mm)
    window = window_words(contents)
    theme = catalog.of(contents.store.city)[contents.request.indicator].name(contents.language)
    said = {"at": moment(contents), "window": window, "theme": theme}
    key = "print-subtitle" if contents.shading is not None else "print-subtitle-plain"
    below = WORDS(key, contents.language, **said)
    line = box.y + 5.6 * type_mm
    size = _SUBTITLE * type_mm
    if only := filter_words(contents.request.cases, contents.language):
        longer = WORDS("print-subtitle-only", contents.language, line=below, filter=only)
        # A narrow sheet says it in the legend and among the rules alone.
        below = longer if line_width(longer, size) <= box.width else below
    yield Text(below, middle, line, size, INK["ink-2"], "middle")


def _corner(contents: Contents) -> Iterator[tuple[str, float]]:
    request, language = contents.request, contents.language
    if request.number:
        yield WORDS("print-number", language, number=request.number), 1.0
    yield imprint.approval(contents), 1.0
    if request.leaf is not None:
        yield page_words(contents), 1.0


def page_words(contents: Contents) -> str:
    """Return which page of how many a sheet is; nothing of a sheet that stands alone."""
    leaf = contents.request.leaf
    if leaf is None:
        return ""
    return WORDS("print-page", contents.language, page=leaf.number, pages=leaf.count)


def _title(text: str, middle: float, top: float, room: float, type_mm: float) -> Iterator[Text]:
    """Write the title as large as it goes; a very long one takes two lines."""
    size = _TITLE * type_mm
    wide = line_width(text, size, bold=True)
    size = max(size * min(1.0, room / wide), _LEAST_TITLE * type_mm)
    if line_width(text, size, bold=True) <= room * 1.001:
        y = top + 3.55 * type_mm
        yield Text(text, middle, y, size, INK["ink"], "middle", True, paragraph=text)
        return
    size = _LEAST_TITLE * type_mm
    # Broken narrower, for the room between the letters.
    lines = lines_of(text, room / (1 + SPREAD), size)
    while len(lines) > 2 and size > 0.8 * type_mm:
        size *= 0.92
        lines = lines_of(text, room / (1 + SPREAD), size)
    for row, line in enumerate(lines):
        y = top + 1.95 * type_mm + row * 1.15 * size
        yield Text(line, middle, y, size, INK["ink"], "middle", True, paragraph=text)


def frame_plate(drawing: Drawing, outer: Box, arrow: Box, type_mm: float) -> Plate:
    """Return neatlines, degrees and the north arrow."""
    inner, size = drawing.frame.box, drawing.size
    language = drawing.contents.language
    items = [
        *graticule(drawing.frame, outer, type_mm, INK["ink"], INK["border"]),
        Path(Rings.around(inner), stroke=Stroke(INK["ink"], 0.15 * size)),
        Path(Rings.around(outer.inset(0.25 * size)), stroke=Stroke(INK["ink"], 0.5 * size)),
        *north_arrow(drawing.frame, arrow, type_mm, language),
    ]
    return Plate("frame", WORDS("print-frame", language), tuple(items))


def arrow_box(drawing: Drawing, type_mm: float) -> Box:
    """Return the corner of the map with the least of the region in it: the arrow stands there."""
    inner = drawing.frame.box.inset(1.2 * type_mm)
    wide, high = (side * type_mm for side in _ARROW)
    corners = [
        Box(inner.right - wide, inner.y, wide, high),
        Box(inner.x, inner.y, wide, high),
        Box(inner.right - wide, inner.bottom - high, wide, high),
        Box(inner.x, inner.bottom - high, wide, high),
    ]
    region = shapely.transform(drawing.contents.outline, drawing.frame.page)
    region = region if region.is_valid else region.buffer(0)

    def covered(box: Box) -> float:
        return float(region.intersection(shapely.box(box.x, box.y, box.right, box.bottom)).area)

    return min(corners, key=covered)


def watermark(contents: Contents, template: Template) -> Plate:
    """Return unit, user and time across the whole sheet: a copy says whose it was."""
    request, language = contents.request, contents.language
    said = [
        request.unit or contents.store.city.name(language),
        *([request.user] if request.user else []),
        imprint.local(contents, request.drawn_at),
    ]
    text, size = " · ".join(said), _WATERMARK * template.type
    turn = radians(_SLANT_DEG)
    along, across = typeface().width(text, size) + 7 * size, 9 * size
    half = np.hypot(template.width, template.height) / 2
    middle = (template.width / 2, template.height / 2)
    page = Box(0, 0, template.width, template.height)
    items = []
    for row in range(-int(half // across), int(half // across) + 1):
        for column in range(-int(half // along) - 1, int(half // along) + 2):
            u, v = (column + 0.5 * (row % 2)) * along, row * across
            x = middle[0] + u * cos(turn) + v * sin(turn)
            y = middle[1] - u * sin(turn) + v * cos(turn)
            if page.holds(Box(x, y, 0, 0)):
                items.append(
                    Text(
                        text,
                        x,
                        y,
                        size,
                        INK["ink"],
                        "middle",
                        False,
                        _SLANT_DEG,
                        None,
                        _WATERMARK_OPACITY,
                    )
                )
    return Plate("watermark", WORDS("print-watermark", language), tuple(items))
