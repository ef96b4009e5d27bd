"""The writing of a block: lines that belong together, and rows that are a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from layers.print.drawing import Text
from layers.print.typeface import CAP_HEIGHT, typeface
from layers.print.typesetting import LEADING

_SAME_LINE_MM = 0.02
_PAD = 0.5
"""Between two columns, in heights of the type."""
_LEAST_MM = 0.5


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """Writing of one look, a paragraph an entry; ``leading_mm`` is from line to line."""

    first: Text
    lines: tuple[str, ...]
    width: float
    leading_mm: float


@dataclass(frozen=True, slots=True)
class Grid:
    """A table.

    Parameters
    ----------
    edges : tuple of float
        Where columns begin and, last, where the table ends, in millimetres.
    gaps : tuple of float
        What stays free at the end of each column: numbers end before the next one begins.
    rows : tuple of tuple of Text or None
        Its cells; every row has one for each column.
    top, step : float
        Upper edge of the first row, height of each.
    """

    edges: tuple[float, ...]
    gaps: tuple[float, ...]
    rows: tuple[tuple[Text | None, ...], ...]
    top: float
    step: float


def paragraphs(texts: Sequence[Text], width: float) -> Iterator[Paragraphs]:
    """Yield the writing of a block, lines of one paragraph put together again.

    Parameters
    ----------
    texts : sequence of Text
        Of the block, in their order.
    width : float
        Of the block, in millimetres.
    """
    for look, found in groupby(texts, key=_look):
        run = list(found)
        if run[0].paragraph is None:
            yield from map(_alone, run)
            continue
        said = [text for text, _ in groupby(one.paragraph or "" for one in run)]
        steps = [after.y - before.y for before, after in pairwise(run)]
        leading = min((step for step in steps if step > 0), default=LEADING * look.size_mm)
        wide = max(typeface().width(text.text, text.size_mm) for text in run)
        # Another font is a little wider: a line must not lose its last letter for that.
        room = min(wide + 1.5 * look.size_mm, width - look.x)
        yield Paragraphs(run[0], tuple(said), room, leading)


def _alone(text: Text) -> Paragraphs:
    wide = typeface().width(text.text, text.size_mm) * 1.08 + text.size_mm
    return Paragraphs(text, (text.text,), wide, 1.2 * text.size_mm)


class _Look(NamedTuple):
    """What lines of one text box have in common."""

    x: float
    size_mm: float
    color: str
    anchor: str
    bold: bool
    is_of_paragraph: bool


def _look(text: Text) -> _Look:
    is_of_paragraph = text.paragraph is not None
    return _Look(text.x, text.size_mm, text.color, text.anchor, text.bold, is_of_paragraph)


def tabled(texts: Sequence[Text], row_mm: float) -> tuple[list[Text], Grid | None]:
    """Divide the writing of a block into what stands alone and a table.

    Parameters
    ----------
    texts : sequence of Text
        Of the block. Its heading is the first line; paragraphs are no rows.
    row_mm : float
        Height of a row.
    """
    by_line: dict[int, list[Text]] = {}
    for text in texts:
        if text.paragraph is None:
            by_line.setdefault(round(text.y / _SAME_LINE_MM), []).append(text)
    heading, *rows = by_line.values() if by_line else [[]]
    # A row has a number at its end; what only explains signs stands alone.
    counted = [row for row in rows if any(text.anchor == "end" for text in row)]
    columns = _columns(counted)
    full = [row for row in counted if {_place(text) for text in row} <= columns.keys()]
    loose = [text for row in rows if row not in full for text in row]
    alone = [*heading, *(text for text in texts if text.paragraph is not None), *loose]
    if not full:
        return alone, None
    order = sorted(columns, key=lambda place: place[0])
    found = tuple(
        tuple(next((text for text in row if _place(text) == place), None) for place in order)
        for row in full
    )
    size = max(text.size_mm for text in full[0])
    # As on_line() stands writing in the middle of its row.
    top = full[0][0].y - row_mm / 2 - CAP_HEIGHT * size / 2
    edges = _edges(order, columns)
    gaps = tuple(
        max(after - x, 0.0) if anchor == "end" else 0.0
        for (x, anchor), after in zip(order, edges[1:], strict=True)
    )
    return alone, Grid(edges, gaps, found, top, row_mm)


def _place(text: Text) -> tuple[float, str]:
    return round(text.x, 2), text.anchor


def _columns(rows: Sequence[Sequence[Text]]) -> dict[tuple[float, str], float]:
    """Return the columns that rows share, with how wide what stands in them is."""
    seen = Counter(_place(text) for row in rows for text in row)
    least = 2 if len(rows) > 1 else 1
    wide: dict[tuple[float, str], float] = {}
    for row in rows:
        for text in row:
            if seen[_place(text)] >= least:
                width = typeface().width(text.text, text.size_mm) + _PAD * text.size_mm
                wide[_place(text)] = max(wide.get(_place(text), 0.0), width)
    return wide


def _edges(
    order: Sequence[tuple[float, str]], wide: dict[tuple[float, str], float]
) -> tuple[float, ...]:
    """Return where columns begin: at their own edge, or where the widest number does."""
    starts = [place[0] if place[1] == "start" else place[0] - wide[place] for place in order]
    for place in range(1, len(starts)):
        starts[place] = max(starts[place], starts[place - 1] + _LEAST_MM)
    last = order[-1]
    end = last[0] if last[1] == "end" else last[0] + wide[last]
    return (*starts, end)
