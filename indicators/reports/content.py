"""What a report says before anybody draws it: headings, sentences, tables and maps.

Every number of a sentence is kept with where it is from, so that anybody can count it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from indicators.reports.terms import Term

Part = Literal["value", "before", "change", "year-before", "year-change", "share"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A value of an indicator, and which.

    Parameters
    ----------
    key : str
        Of the indicator.
    region : str
        Code of the region it is of.
    window : str
        The period as the engine calls it.
    part : str
        ``value``; ``before`` and ``change`` of the period before (环比); ``year-before`` and
        ``year-change`` (同比); ``share``: of all that ``only`` chooses from, in percent.
    only : (str, str), optional
        Cases of one ``channel`` or ``category`` only.
    value : float or None
        ``None`` where nobody knows, or where the base is zero.
    """

    key: str
    region: str
    window: str
    part: Part = "value"
    only: tuple[str, str] | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows a table of the report has, those it does not list included."""

    table: str
    value: int


Source = Figure | RowCount


@dataclass(frozen=True, slots=True)
class Span:
    """A part ``[start, end)`` of a text that was filled in.

    ``kind`` is ``number``, ``date`` or ``name``; a number has its ``source``.
    """

    start: int
    end: int
    kind: Literal["number", "date", "name"]
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the first or second level, with its number."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph with what was filled in."""

    text: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; ``wide`` is how wide it is against the others."""

    key: str
    label: str
    is_number: bool = False
    wide: float = 1.0


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, the number behind it, and where that is from."""

    text: str
    value: float | None = None
    source: Figure | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Parameters
    ----------
    key, title : str
    columns : tuple of Column
    rows : tuple of tuple of Cell
        Those that are listed.
    total : int
        How many there are.
    rule : str
        How it is counted (口径).
    data_at : datetime or None
        When the newest datum behind it was heard.
    empty : str
        What is said where there are no rows.
    sums : int
        How many of the last rows add up the others, or are of the whole region.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    rule: str
    data_at: datetime | None
    empty: str
    sums: int = 0

    def saying(self, empty: str) -> Table:
        """Return it with another sentence for having no rows."""
        return replace(self, empty=empty)

    @property
    def listed(self) -> tuple[tuple[Cell, ...], ...]:
        """The rows that are no sums."""
        return self.rows[: len(self.rows) - self.sums]


@dataclass(frozen=True, slots=True)
class MapPlace:
    """A situation map: of which region, shaded by which indicator."""

    region: str
    indicator: str
    title: str


Block = Heading | Paragraph | Table | MapPlace


@dataclass(frozen=True, slots=True)
class Report:
    """A report 日研判、周提示、月通报、季分析、年总结.

    Parameters
    ----------
    term : Term
        What it speaks of.
    title : str
    region : str
        Code of the region.
    region_name : str
    known_at : datetime
        What was learned later is not in it.
    data_at : datetime or None
        When the newest case behind it was heard.
    foot : str
        The sentence under every table that names the cut-off time.
    notice : str
        What a city wants said wherever its data are shown; empty for nothing.
    blocks : tuple of Block
        In order.
    """

    term: Term
    title: str
    region: str
    region_name: str
    known_at: datetime
    data_at: datetime | None
    foot: str
    notice: str
    blocks: tuple[Block, ...]

    def tables(self) -> Iterator[Table]:
        """Yield its tables."""
        return (one for one in self.blocks if isinstance(one, Table))

    def maps(self) -> Iterator[MapPlace]:
        """Yield its maps."""
        return (one for one in self.blocks if isinstance(one, MapPlace))

    def references(self) -> Iterator[tuple[str, Source]]:
        """Yield every number of its sentences as it is written, and where it is from."""
        for block in self.blocks:
            if isinstance(block, Paragraph):
                for span in block.spans:
                    if span.source is not None:
                        yield block.text[span.start : span.end], span.source
