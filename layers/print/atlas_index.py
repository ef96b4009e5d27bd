"""The index of an atlas 图幅目录: which region is on which page, with its key numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from geo_data.records import Region, Scope
from geo_data.store import Store
from indicators import catalog, engine
from indicators.writing import write_number
from layers.print.blocks import INK, SMALL, Block, Sheaf, on_line
from layers.print.contents import Contents
from layers.print.drawing import Box, Link, Text
from layers.print.request import SheetRequest
from layers.print.typesetting import LEADING, fitted, lines_of
from layers.style import WORDS

ROW = 1.55
KEY_NUMBERS = ("open-incidents", "overdue-incidents", "reported-incidents")
"""Beside the indicator of the sheet, as far as there is room."""
_MOST_NUMBERS = 3
_PAGE, _NAME, _NUMBER = 2.6, 9.0, 4.7
"""Room for page, name and each number, in heights of the type."""
_HEAD_LINES = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A region with its page and its key numbers."""

    page: int
    code: str
    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """What an atlas holds.

    Parameters
    ----------
    level : str
        Level of the regions that have pages.
    columns : tuple of str
        Indicators whose values the entries give.
    entries : tuple of Entry
        In the order of their pages.
    tables : tuple of int, optional
        First and last page of its tables, where the first page of the atlas has no room for it.
    """

    level: str
    columns: tuple[str, ...]
    entries: tuple[Entry, ...]
    tables: tuple[int, int] | None = None

    @classmethod
    def of(
        cls, store: Store, scope: Scope, request: SheetRequest, regions: Sequence[Region]
    ) -> Index:
        """Read the key numbers of regions of a level whose pages come after the first."""
        level = regions[0].level
        columns = tuple(dict.fromkeys((request.indicator, *KEY_NUMBERS)))[:_MOST_NUMBERS]
        values = [
            engine.by_level(store, scope, level, key, request.window, request.at) for key in columns
        ]
        entries = tuple(
            Entry(page, one.code, one.name, tuple(column.get(one.code) for column in values))
            for page, one in enumerate(regions, 2)
        )
        return cls(level, columns, entries)

    def shifted(self, by: int) -> Index:
        """Return it with every page so many later."""
        return self.part([replace(one, page=one.page + by) for one in self.entries])

    def whole(self) -> Index:
        """Return it as its tables show it."""
        return replace(self, tables=None)

    def part(self, entries: Sequence[Entry]) -> Index:
        """Return the index of some entries."""
        return replace(self, entries=tuple(entries))

    def pages(self) -> dict[str, int]:
        """Return the page of each region."""
        return {one.code: one.page for one in self.entries}


def index_block(contents: Contents, index: Index, width: float, type_mm: float) -> Block:
    """Return the index as a table, each row of it a link to its page."""
    language = contents.language
    sheaf = Sheaf("index", width, type_mm)
    level = contents.store.city.level(index.level).name(language)
    sheaf.head(WORDS("print-index", language), level)
    if index.tables is not None:
        _see(sheaf, index.tables, language)
        return sheaf.block()
    shown = shown_numbers(index, width, type_mm)
    _heads(sheaf, index, shown, contents)
    for entry in index.entries:
        _row(sheaf, entry, shown)
    return sheaf.block()


def _see(sheaf: Sheaf, tables: tuple[int, int], language: str) -> None:
    """Say where the tables are."""
    first, last = tables
    key = "print-index-see" if first == last else "print-index-see-all"
    top = sheaf.y
    sheaf.lines([WORDS(key, language, first=first, last=last)], size=1.0, color="accent")
    sheaf.links.append(Link(Box(0.0, top, sheaf.width, sheaf.y - top), first))


def shown_numbers(index: Index, width: float, type_mm: float) -> int:
    """Return how many key numbers have room beside page and name."""
    room = width / type_mm - _PAGE - _NAME
    return max(0, min(len(index.columns), int(room // _NUMBER)))


def _heads(sheaf: Sheaf, index: Index, shown: int, contents: Contents) -> None:
    """Write what the columns hold, over two lines where the words are long."""
    size, language = SMALL * sheaf.type, contents.language
    known = catalog.of(contents.store.city)
    heads = [
        lines_of(known[key].name(language), (_NUMBER - 0.5) * sheaf.type, size)
        for key in index.columns[:shown]
    ]
    rows = min(_HEAD_LINES, max(map(len, heads), default=1))
    for at, lines in enumerate(heads):
        x = sheaf.width - (shown - 1 - at) * _NUMBER * sheaf.type
        kept = [*lines[: rows - 1], " ".join(lines[rows - 1 :])]
        for row, line in enumerate(kept, rows - len(kept)):
            said = fitted(line, (_NUMBER - 0.5) * sheaf.type, size)
            y = sheaf.y + (row + 0.8) * size * LEADING
            sheaf.items.append(Text(said, x, y, size, INK["ink-2"], "end"))
    last = sheaf.y + (rows - 0.2) * size * LEADING
    page = WORDS("print-index-page", language)
    sheaf.items.append(Text(page, (_PAGE - 0.7) * sheaf.type, last, size, INK["ink-2"], "end"))
    sheaf.y += rows * size * LEADING
    sheaf.rule(0.08, "border")


def _row(sheaf: Sheaf, entry: Entry, shown: int) -> None:
    size = sheaf.type
    line = on_line(sheaf.y, ROW * size, size)
    room = sheaf.width - (_PAGE + shown * _NUMBER) * size
    figure, x = str(entry.page), (_PAGE - 0.7) * size
    sheaf.items.append(Text(figure, x, line, size, INK["accent"], "end", bold=True))
    sheaf.items.append(Text(fitted(entry.name, room, size), _PAGE * size, line, size, INK["ink"]))
    for at, value in enumerate(entry.values[:shown]):
        x = sheaf.width - (shown - 1 - at) * _NUMBER * size
        sheaf.items.append(Text(write_number(value), x, line, size, INK["ink"], "end"))
    sheaf.links.append(Link(Box(0.0, sheaf.y, sheaf.width, ROW * size), entry.page))
    sheaf.y += ROW * size
    sheaf.rule(0.06, "hairline")
