"""Sheets as PDF, written straight from their outlines, a page at a time.

Nothing has to be installed for it. The letters carry the characters as they were typed, so that a
search finds every name. Pages share the letters, the signs and the layers a reader may switch: a
layer that is switched off is off on all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from layers.print.drawing import PER_MM, Link, Plate
from layers.print.pdf_content import PageContent, States
from layers.print.pdf_font import Fonts
from layers.print.pdf_objects import PdfObjects
from layers.print.sheet_info import PageInfo, SheetInfo

_POINTS_PER_MM = 72 / 25.4
_POINTS_PER_UNIT = _POINTS_PER_MM / PER_MM


@dataclass(frozen=True, slots=True)
class PdfPage:
    """A page of a file.

    Parameters
    ----------
    plates : sequence of Plate
        From the ground up; optional ones become layers the reader can switch.
    info : PageInfo
        Size of the page, title, time, and where the map lies.
    links : sequence of Link
        Where it leads to.
    name : str
        Its bookmark; none unless given.
    label : str
        What readers call it instead of its number.
    has_map : bool
        Whether positions can be read off it.
    """

    plates: Sequence[Plate]
    info: PageInfo
    links: Sequence[Link] = ()
    name: str = ""
    label: str = ""
    has_map: bool = True


def pdf_bytes(plates: Sequence[Plate], info: SheetInfo) -> bytes:
    """Return plates as a PDF of one page; see :class:`PdfPage`."""
    out = BytesIO()
    file = PdfFile(out, 1)
    file.page(PdfPage(plates, info))
    file.close(info)
    return out.getvalue()


class PdfFile:
    """A PDF that is written page by page, in their order.

    Parameters
    ----------
    out : binary file
        Where.
    pages : int
        How many there will be: any page may lead to any other.
    """

    def __init__(self, out: BinaryIO, pages: int) -> None:
        objects = self._objects = PdfObjects(out)
        self._root, self._tree = objects.reserve(), objects.reserve()
        self._fonts = Fonts(objects)
        self._leaves = [objects.reserve() for _ in range(pages)]
        self._layers: dict[str, int] = {}
        self._signs: dict[str, int] = {}
        self._names: list[tuple[str, str]] = []

    def page(self, page: PdfPage) -> None:
        """Write the next page."""
        objects, info = self._objects, page.info
        content = PageContent(self._fonts)
        for plate in page.plates:
            content.plate(plate)
        width, height = info.width * _POINTS_PER_MM, info.height * _POINTS_PER_MM
        scale = _POINTS_PER_UNIT
        head = f"{scale:.10g} 0 0 {-scale:.10g} 0 {height:.6f} cm\n".encode()
        drawn = objects.stream(head + b"".join(content.out))
        resources = self._resources(content)
        seen = info.viewport(height) if page.has_map else ""
        links = " ".join(self._link(link, height) for link in page.links)
        objects.put(
            self._leaves[len(self._names)],
            f"<< /Type /Page /Parent {self._tree} 0 R /MediaBox [0 0 {width:.4f} {height:.4f}] "
            f"/Contents {drawn} 0 R /Resources {resources} 0 R {seen} "
            f"{f'/Annots [{links}]' if links else ''} >>",
        )
        self._names.append((page.name, page.label))

    def close(self, info: PageInfo) -> None:
        """Write what is only known at the end: the letters, and what the file says of itself."""
        objects = self._objects
        self._fonts.put()
        kids = " ".join(f"{leaf} 0 R" for leaf in self._leaves)
        objects.put(
            self._tree, f"<< /Type /Pages /Kids [{kids}] /Count {len(self._leaves)} >>".encode()
        )
        objects.put(
            self._root,
            f"<< /Type /Catalog /Pages {self._tree} 0 R /Lang ({info.language}) "
            f"/ViewerPreferences << /DisplayDocTitle true >> "
            f"{self._switches()} {self._bookmarks()} {self._labels()} >>",
        )
        stamp = f"{info.drawn_at:%Y%m%d%H%M%S}Z"
        told = objects.add(
            f"<< /Title {_text_string(info.title)} /Author {_text_string(info.author)} "
            f"/Producer {_text_string(info.producer)} /CreationDate (D:{stamp}) >>"
        )
        objects.finish(self._root, told)

    def _resources(self, content: PageContent) -> int:
        signs = " ".join(f"/{name} {self._sign(name, content)} 0 R" for name in content.signs)
        layers = " ".join(f"/{key} {self._layer(name)} 0 R" for key, name in content.layers.items())
        return self._objects.add(
            f"<< /ExtGState << {_written(content.states)} >> /Font << {self._fonts.listed()} >> "
            f"/XObject << {signs} >> /Properties << {layers} >> >>"
        )

    def _sign(self, name: str, content: PageContent) -> int:
        if name not in self._signs:
            sign = content.signs[name]
            inner = f"<< /ExtGState << {_written(sign.states)} >> >>"
            extent = "/BBox [-2000 -2000 2000 2000]"
            entries = f"/Type /XObject /Subtype /Form {extent} /Resources {inner}"
            self._signs[name] = self._objects.stream(sign.body, entries)
        return self._signs[name]

    def _layer(self, name: str) -> int:
        if name not in self._layers:
            group = f"<< /Type /OCG /Name {_text_string(name)} >>"
            self._layers[name] = self._objects.add(group)
        return self._layers[name]

    def _link(self, link: Link, height: float) -> str:
        box, per = link.box, _POINTS_PER_MM
        sides = (box.x * per, height - box.bottom * per, box.right * per, height - box.y * per)
        where = " ".join(f"{side:.2f}" for side in sides)
        return (
            f"<< /Type /Annot /Subtype /Link /Rect [{where}] /Border [0 0 0] "
            f"/Dest [{self._leaves[link.page - 1]} 0 R /Fit] >>"
        )

    def _switches(self) -> str:
        if not self._layers:
            return ""
        listed = " ".join(f"{group} 0 R" for group in self._layers.values())
        return f"/OCProperties << /OCGs [{listed}] /D << /Order [{listed}] /ON [{listed}] >> >>"

    def _bookmarks(self) -> str:
        named = [
            (name, leaf) for (name, _), leaf in zip(self._names, self._leaves, strict=True) if name
        ]
        if not named:
            return ""
        objects = self._objects
        root, marks = objects.reserve(), [objects.reserve() for _ in named]
        for place, (name, leaf) in enumerate(named):
            before = f"/Prev {marks[place - 1]} 0 R" if place else ""
            after = f"/Next {marks[place + 1]} 0 R" if place + 1 < len(marks) else ""
            objects.put(
                marks[place],
                f"<< /Title {_text_string(name)} /Parent {root} 0 R {before} {after} "
                f"/Dest [{leaf} 0 R /Fit] >>",
            )
        objects.put(
            root,
            f"<< /Type /Outlines /First {marks[0]} 0 R /Last {marks[-1]} 0 R "
            f"/Count {len(marks)} >>",
        )
        return f"/Outlines {root} 0 R /PageMode /UseOutlines"

    def _labels(self) -> str:
        if not any(label for _, label in self._names):
            return ""
        rows, numbered = [], False
        for place, (_, label) in enumerate(self._names):
            if label:
                rows.append(f"{place} << /P {_text_string(label)} >>")
            elif not numbered:
                rows.append(f"{place} << /S /D /St {place + 1} >>")
            numbered = not label
        return f"/PageLabels << /Nums [{' '.join(rows)}] >>"


def _written(states: States) -> str:
    return " ".join(
        f"/{name} << /ca {opacity:.4g} /CA {opacity:.4g} >>" for name, opacity in states.items()
    )


def _text_string(text: str) -> str:
    return f"<feff{text.encode('utf-16-be').hex()}>"
