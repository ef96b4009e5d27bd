"""The file round a slide: its size, its fonts, what it says of itself, the same bytes twice."""

from __future__ import annotations

import zipfile
from datetime import UTC
from io import BytesIO
from typing import TYPE_CHECKING, Any

from lxml import etree
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn

from layers.print.facts import cover

if TYPE_CHECKING:
    from layers.print.sheet import Sheet

LATIN, EAST_ASIAN = "Microsoft YaHei", "微软雅黑"
"""Every office in China has it; WPS and LibreOffice on Linux put their own in its place. It is
named for both scripts: Latin letters beside Chinese ones are of one weight then."""
_NOT_OURS = (RT.THUMBNAIL, RT.PRINTER_SETTINGS)
"""Of the empty presentation: a picture of it, and somebody's printer."""


def resize(file: Any, width: int, height: int) -> None:
    """Give a new presentation its size and fonts; the places of later slides follow it."""
    across, down = width / file.slide_width, height / file.slide_height
    file.slide_width, file.slide_height = width, height
    master = file.slide_master
    for holder in (master, *master.slide_layouts):
        for shape in holder.placeholders:
            if shape._element.spPr.xfrm is None:
                continue
            shape.left, shape.width = round(shape.left * across), round(shape.width * across)
            shape.top, shape.height = round(shape.top * down), round(shape.height * down)
    _fonts(master)


def _fonts(master: Any) -> None:
    part = master.part.part_related_by(RT.THEME)
    theme = parse_xml(part.blob)
    for kind in ("majorFont", "minorFont"):
        fonts = theme.find(f".//{qn(f'a:{kind}')}")
        fonts.find(qn("a:latin")).set("typeface", LATIN)
        fonts.find(qn("a:ea")).set("typeface", EAST_ASIAN)
        for font in fonts.findall(qn("a:font")):
            if font.get("script") == "Hans":
                font.set("typeface", EAST_ASIAN)
    part._blob = etree.tostring(theme, xml_declaration=True, encoding="UTF-8", standalone=True)


def bytes_of(file: Any, sheet: Sheet) -> bytes:
    """Return the file; the same sheet is always the same bytes."""
    _say_what_it_is(file, sheet)
    for part in (file.part.package, file.part):
        for key, relation in list(part._rels.items()):
            if relation.reltype in _NOT_OURS:
                part._rels.pop(key)
    for slide in file.slides:
        # Every object has a number of its own; PowerPoint repairs a file where two share one.
        for number, named in enumerate(slide._element.iter(qn("p:cNvPr")), 1):
            named.set("id", str(number))
    body = BytesIO()
    file.save(body)
    return _still(body, sheet)


def _say_what_it_is(file: Any, sheet: Sheet) -> None:
    told, request = file.core_properties, sheet.request
    said = cover(sheet.contents, sheet.frame)
    told.title, told.author = sheet.title, sheet.info.author
    told.last_modified_by, told.revision = sheet.info.author, 1
    told.language, told.identifier = request.language, request.number
    told.category = said.values()["secrecy"]
    told.subject = sheet.contents.region.name
    # A property holds 255 letters; the rest stands on the slide.
    told.comments = said.text()[:255]
    told.created = told.modified = request.drawn_at.astimezone(UTC).replace(tzinfo=None)


def _still(body: BytesIO, sheet: Sheet) -> bytes:
    """Write the zip again with the time of drawing in it, not that of writing."""
    local = sheet.request.drawn_at.astimezone(sheet.contents.store.city.zone)
    stamp = local.timetuple()[:6]
    found = BytesIO()
    with zipfile.ZipFile(body) as made, zipfile.ZipFile(found, "w") as archive:
        for entry in made.infolist():
            still = zipfile.ZipInfo(entry.filename, stamp)
            is_picture = entry.filename.endswith(".png")
            still.compress_type = zipfile.ZIP_STORED if is_picture else zipfile.ZIP_DEFLATED
            archive.writestr(still, made.read(entry))
    return found.getvalue()
