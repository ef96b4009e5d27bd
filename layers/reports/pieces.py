"""What stands on the pages of a report, as pieces that fill them one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from indicators.reports.content import Block, Cell, Heading, MapPlace, Paragraph, Table
from layers.print.drawing import Box, Item, Path, Plate, Rings, Stroke, Text, moved
from layers.print.sheet import Sheet
from layers.print.typeface import NAME, SERIF, typeface
from layers.print.typesetting import lines_of
from layers.reports import layout
from layers.reports.document import Document
from layers.reports.layout import BODY_PT, GREY, INK, LINE_MM, SMALL_PT, TABLE_PT, WIDE_MM, mm

_LOOSEST = 0.15
"""Letters are never farther apart than so much of their height to fill a line."""
_PAD_MM, _ROW_LEAD, _SMALL_LEAD = 1.1, 1.35, 1.4
_NARROWEST_MM = 9.0
_WHOLE_ROWS = 6
"""A table of so many rows stands on one page."""
MIDDLE = frozenset({"rank", "level", "severity", "stage", "seen"})
"""Columns of short words, which stand in the middle."""
_PEN = Stroke(INK, layout.RULE_MM)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a page that is not divided.

    Parameters
    ----------
    height : float
        Millimetres.
    items : tuple of Item
        From the left upper corner of the piece.
    keeps : bool
        Whether what comes next must begin on the same page: headings, heads of tables.
    head : Piece or None
        The head of the table that this is a row of: it stands again where a page begins with it.
    """

    height: float
    items: tuple[Item, ...]
    keeps: bool = False
    head: Piece | None = None
    turns: bool = False
    """Whether it begins a page."""
    floats: bool = False
    """Whether what comes next may stand before it where a page has no room for it: figures."""


def pieces_of(document: Document, blocks: Sequence[Block]) -> Iterator[Piece]:
    """Yield what blocks of a report are made of."""
    for block in blocks:
        if isinstance(block, Heading):
            yield heading(block)
        elif isinstance(block, Paragraph):
            yield from paragraph(block.text)
        elif isinstance(block, Table):
            yield from table(block, document.report.foot)
        else:
            yield from figure(block, document.maps.get(block))


def whole(document: Document) -> list[Piece]:
    """Return everything below the title.

    The end never stands on a page alone; an annex begins a page of its own behind it.
    """
    text, annex = document.parts
    body, end = list(pieces_of(document, text)), list(ending(document))
    if end and body:
        body[-1] = replace(body[-1], keeps=True)
    behind = list(pieces_of(document, annex))
    if behind:
        behind[0] = replace(behind[0], turns=True)
    return [*body, *end, *behind]


def heading(block: Heading) -> Piece:
    """Return a heading: 黑体 of the first level, of the second as the text."""
    serif = block.level > 1
    text = f"　　{block.text}"
    return Piece(LINE_MM, (_line(text, 0.0, LINE_MM, BODY_PT, serif=serif),), keeps=True)


def paragraph(text: str) -> Iterator[Piece]:
    """Yield the lines of a paragraph; the first two and the last two stay together."""
    size = mm(BODY_PT)
    lines = lines_of(f"　　{text}", WIDE_MM, size, SERIF)
    for place, line in enumerate(lines):
        is_last = place == len(lines) - 1
        item = _line(line, 0.0, LINE_MM, BODY_PT, apart=0.0 if is_last else _filling(line, size))
        together = len(lines) > 1 and place in (0, len(lines) - 2)
        yield Piece(LINE_MM, (item,), keeps=together)


def small(text: str, *, keeps_all: bool = False) -> Iterator[Piece]:
    """Yield the lines of a note in small type."""
    size = mm(SMALL_PT)
    high = size * _SMALL_LEAD
    for line in lines_of(text, WIDE_MM, size, SERIF):
        yield Piece(high, (_line(line, 0.0, high, SMALL_PT, color=GREY),), keeps=keeps_all)


def table(block: Table, foot: str) -> Iterator[Piece]:
    """Yield a table: its title, head and rows, then how it is counted and until when."""
    size = mm(TABLE_PT)
    title = Text(block.title, WIDE_MM / 2, 7.2, mm(12.0), INK, "middle")
    yield Piece(9.5, (title,), keeps=True)
    if block.rows:
        widths = widths_of(block)
        head = _row(block, widths, tuple(Cell(one.label) for one in block.columns), is_head=True)
        yield head
        for place, row in enumerate(block.rows):
            is_sum = place >= len(block.rows) - block.sums
            made = _row(block, widths, row, is_head=False, is_sum=is_sum)
            yield Piece(made.height, made.items, stays_with_next(block, place), head)
    else:
        yield Piece(size * 2, (_line(block.empty, 0.0, size * 2, TABLE_PT),), keeps=True)
    yield Piece(1.2, (), keeps=True)
    if len(block.listed) < block.total:
        yield from small(f"共{block.total}项，列前{len(block.listed)}项。", keeps_all=True)
    yield from small(f"口径：{block.rule.rstrip('。')}。{foot}")
    yield Piece(3.0, ())


def stays_with_next(block: Table, place: int) -> bool:
    """Return whether a row of a table stands on the page of what follows it.

    A short table is never parted; of a long one neither the last row nor what is said of the
    table is alone at the top of a page.
    """
    return len(block.rows) <= _WHOLE_ROWS or place >= len(block.rows) - 2


def widths_of(block: Table) -> list[float]:
    """Return how wide the columns are: as the texts need, as far as there is room.

    A column that can be broken gives way to one that cannot: numbers stay on one line.
    """
    face, size = typeface(SERIF), mm(TABLE_PT)
    needs, least = [], []
    for place, column in enumerate(block.columns):
        texts = [row[place].text for row in block.rows]
        wide = max([face.width(text, size) for text in texts], default=0.0)
        of_head = typeface(NAME).width(column.label, size)
        needs.append(max(wide, of_head) + 2 * _PAD_MM + 0.4)
        firm = wide if column.is_number else min(wide, 5 * size)
        least.append(max(firm, min(of_head, 3.2 * size), _NARROWEST_MM) + 2 * _PAD_MM + 0.4)
    total = sum(needs)
    if total <= WIDE_MM:
        return [one + (WIDE_MM - total) * one / total for one in needs]
    room = max(WIDE_MM - sum(least), 0.0)
    wanted = [max(need - low, 0.0) for need, low in zip(needs, least, strict=True)]
    share = room / sum(wanted) if sum(wanted) else 0.0
    found = [low + share * want for low, want in zip(least, wanted, strict=True)]
    return [one * WIDE_MM / sum(found) for one in found]


def figure(place: MapPlace, sheet: Sheet | None) -> Iterator[Piece]:
    """Yield a map with its title, or that it could not be drawn."""
    title = Text(place.title, WIDE_MM / 2, 6.0, mm(12.0), INK, "middle")
    if sheet is None:
        yield from small(f"{place.title}：该区域无法成图。")
        return
    frame = Path(Rings.around(Box(0, 0, sheet.template.width, sheet.template.height)), stroke=_PEN)
    yield Piece(sheet.template.height + 1.0, (*_items(sheet), frame), keeps=True, floats=True)
    yield Piece(9.0, (title,))


def ending(document: Document) -> Iterator[Piece]:
    """Yield who issues it and the day, four letters from the right edge, as one."""
    size = mm(BODY_PT)
    lines = document.signature()
    if not lines:
        return
    face = typeface(SERIF)
    middle = WIDE_MM - 4 * size - face.width(lines[-1], size) / 2
    widest = max(face.width(line, size) for line in lines)
    middle = min(middle, WIDE_MM - widest / 2)
    yield Piece(2 * LINE_MM, (), keeps=True)
    for place, line in enumerate(lines):
        text = Text(line, middle, _base(LINE_MM, size), size, INK, "middle", serif=True)
        yield Piece(LINE_MM, (text,), keeps=place < len(lines) - 1)


def _items(sheet: Sheet) -> tuple[Item, ...]:
    # The page has its own mark; that of the sheet would run over the edge of the figure.
    kept = (plate for plate in sheet.plates if plate.key != "watermark")
    return tuple(item for plate in kept for item in _clipped(plate))


def _clipped(plate: Plate) -> Iterator[Item]:
    """Yield the items of a plate, those of a clipped one cut where it ends."""
    if plate.clip is None:
        yield from plate.items
        return
    around = Rings.around(plate.clip)
    for item in plate.items:
        if isinstance(item, Path) and item.clip is None:
            yield Path(item.rings, item.fill, item.opacity, item.stroke, around, item.even_odd)
        else:
            yield item


def _row(
    block: Table,
    widths: Sequence[float],
    cells: Sequence[Cell],
    *,
    is_head: bool,
    is_sum: bool = False,
) -> Piece:
    size = mm(TABLE_PT)
    lead = size * _ROW_LEAD
    name = NAME if is_head or is_sum else SERIF
    broken = [
        lines_of(cell.text, wide - 2 * _PAD_MM, size, name)
        for cell, wide in zip(cells, widths, strict=True)
    ]
    high = max(map(len, broken)) * lead + 2 * _PAD_MM
    items: list[Item] = []
    x = 0.0
    for column, wide, lines in zip(block.columns, widths, broken, strict=True):
        items.append(Path(Rings.around(Box(x, 0, wide, high)), stroke=_PEN))
        top = (high - len(lines) * lead) / 2
        for row, line in enumerate(lines):
            anchor, at = "start", x + _PAD_MM
            if is_head or column.key in MIDDLE:
                anchor, at = "middle", x + wide / 2
            elif column.is_number:
                anchor, at = "end", x + wide - _PAD_MM
            y = top + row * lead + _base(lead, size)
            items.append(Text(line, at, y, size, INK, anchor, serif=name == SERIF))
        x += wide
    return Piece(high, tuple(items), keeps=is_head)


def _line(
    text: str,
    x: float,
    high: float,
    points: float,
    *,
    serif: bool = True,
    apart: float = 0.0,
    color: str = INK,
) -> Text:
    size = mm(points)
    return Text(text, x, _base(high, size), size, color, serif=serif, apart_mm=apart)


def _base(high: float, size: float) -> float:
    """Return where the foot of letters stands in a line so high."""
    return high / 2 + 0.38 * size


def _filling(line: str, size: float) -> float:
    """Return how much farther apart letters stand so that a line fills the print area."""
    free = WIDE_MM - typeface(SERIF).width(line, size)
    apart = free / max(len(line) - 1, 1)
    return apart if 0 < apart <= _LOOSEST * size else 0.0


def placed(piece: Piece, x: float, y: float) -> tuple[Item, ...]:
    """Return the items of a piece on its page."""
    return moved(piece.items, x, y)


def title_lines(title: str, wide_mm: float, size_mm: float) -> list[str]:
    """Return the lines of a title: the part in brackets on a line of its own where it must.

    A little room is left: the font of who opens a DOCX may be wider.
    """
    if typeface(SERIF).width(title, size_mm) <= 0.97 * wide_mm:
        return [title]
    before, bracket, after = title.partition("（")
    parts = [before, f"{bracket}{after}"] if bracket else [title]
    return [line for part in parts if part for line in lines_of(part, wide_mm, size_mm, SERIF)]
