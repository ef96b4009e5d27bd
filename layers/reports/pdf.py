"""A report as PDF: the official layout, real text, maps as vectors, the same bytes twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

from geo_data.words import DEFAULT_LANGUAGE
from layers.print.drawing import Item, Path, Plate, Rings, Stroke, Text
from layers.print.pdf import PdfFile, PdfPage
from layers.print.typeface import line_width
from layers.reports import layout
from layers.reports.document import Document
from layers.reports.layout import GREY, HEAD_RED, INK, LEFT_MM, LINE_MM, TOP_MM, WIDE_MM, mm
from layers.reports.pages import Placed, paged
from layers.reports.pieces import Piece, placed, small, title_lines, whole
from layers.style import WORDS

_HEAD_PT, _HEAD_LEAST_PT = 40.0, 22.0
_RED_RULE = Stroke(HEAD_RED, 0.7)


@dataclass(frozen=True, slots=True)
class _Info:
    """What the file says of itself, as a sheet does, but for the place of a map."""

    title: str
    author: str
    producer: str
    drawn_at: datetime
    width: float = layout.PAGE_MM[0]
    height: float = layout.PAGE_MM[1]
    language: str = DEFAULT_LANGUAGE

    def viewport(self, _height_pt: float) -> str:
        """Return nothing: no position can be read off a page of text."""
        return ""


def pdf_bytes(document: Document) -> bytes:
    """Return a report as a PDF."""
    pages = paged([*_front(document), *whole(document)])
    out = BytesIO()
    file = PdfFile(out, len(pages))
    info = _Info(
        document.report.title,
        document.head.unit or document.report.region_name,
        WORDS("print-producer", DEFAULT_LANGUAGE),
        document.made_at.astimezone(UTC),
    )
    for number, page in enumerate(pages, 1):
        plates = (Plate("page", "", tuple(_page(document, page, number))),)
        file.page(PdfPage(plates, info, has_map=False))
    file.close(info)
    return out.getvalue()


def _page(document: Document, page: Sequence[Placed], number: int) -> Iterator[Item]:
    for y, piece in page:
        yield from placed(piece, LEFT_MM, TOP_MM + y)
    yield _page_number(number)
    # Below the page number, where nothing of the text stands.
    yield Text(document.mark, layout.PAGE_MM[0] / 2, 288.0, mm(7.5), GREY, "middle")


def _page_number(number: int) -> Text:
    """Return ``— 1 —``: right on odd pages, left on even ones, a letter from the edge."""
    size = mm(layout.PAGE_NUMBER_PT)
    y = TOP_MM + layout.HIGH_MM + layout.NUMBER_BELOW_MM + 0.38 * size
    text = f"— {number} —"
    if number % 2:
        return Text(text, LEFT_MM + WIDE_MM - size, y, size, INK, "end", serif=True)
    return Text(text, LEFT_MM + size, y, size, INK, serif=True)


def _front(document: Document) -> Iterator[Piece]:
    """Yield what stands above the text: secrecy, red head, symbol, title."""
    head = document.head
    if head.secrecy:
        size = mm(layout.BODY_PT)
        yield Piece(LINE_MM, (Text(head.secrecy, 0, 7.0, size, INK),), keeps=True)
    if head.letterhead:
        yield from _red_head(head.letterhead, head.symbol)
    elif head.symbol:
        yield _middle(head.symbol)
    yield Piece(LINE_MM * (1 if head.letterhead else 0.5), (), keeps=True)
    yield from _title(document.report.title)
    if document.report.notice:
        yield from small(document.report.notice, keeps_all=True)
    yield Piece(LINE_MM * 0.5, (), keeps=True)


def _red_head(letterhead: str, symbol: str) -> Iterator[Piece]:
    points = _HEAD_PT
    while line_width(letterhead, mm(points)) > WIDE_MM and points > _HEAD_LEAST_PT:
        points -= 1
    size = mm(points)
    high = size * 1.6
    text = Text(
        letterhead, WIDE_MM / 2, high / 2 + 0.38 * size, size, HEAD_RED, "middle", serif=True
    )
    yield Piece(high, (text,), keeps=True)
    yield Piece(LINE_MM, (), keeps=True)
    if symbol:
        yield _middle(symbol)
    rule = Path(Rings.of([[(0, 4.0), (WIDE_MM, 4.0)]], closed=False), stroke=_RED_RULE)
    yield Piece(5.0, (rule,), keeps=True)


def _middle(text: str) -> Piece:
    size = mm(layout.BODY_PT)
    return Piece(LINE_MM, (Text(text, WIDE_MM / 2, 7.0, size, INK, "middle", serif=True),), True)


def _title(title: str) -> Iterator[Piece]:
    """Yield the title, its lines of one length as far as that goes."""
    size = mm(layout.TITLE_PT)
    high = size * 1.5
    for line in title_lines(title, WIDE_MM, size):
        text = Text(line, WIDE_MM / 2, high / 2 + 0.38 * size, size, INK, "middle", serif=True)
        yield Piece(high, (text,), keeps=True)
