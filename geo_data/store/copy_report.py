"""What a copy came to: rows and checksums of every table, here and there."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table as Grid
from rich.text import Text

from geo_data.faults import WORDS
from geo_data.store.checksums import Sums
from geo_data.words import DEFAULT_LANGUAGE


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """One table: what was read, and what the copy holds."""

    name: str
    source: Sums
    target: Sums

    @property
    def alike(self) -> bool:
        """Whether both hold the same rows."""
        return self.source == self.target


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What was copied.

    Parameters
    ----------
    source, target : str
        As people may see them.
    tables : tuple of CopiedTable
    kept : int
        Rows that an earlier, interrupted copy had brought over already.
    """

    source: str
    target: str
    tables: tuple[CopiedTable, ...]
    kept: int

    @property
    def differing(self) -> list[str]:
        """Names of the tables that are not alike."""
        return [table.name for table in self.tables if not table.alike]

    @property
    def rows(self) -> int:
        """Rows of all tables of the copy."""
        return sum(table.target.rows for table in self.tables)

    def as_table(self, language: str = DEFAULT_LANGUAGE) -> Grid:
        """Return the report for a terminal."""
        title = WORDS("copy-title", language, source=self.source, target=self.target)
        grid = Grid(title=Text(title), title_justify="left")
        grid.add_column(WORDS("copy-table", language))
        for key in ("copy-rows-source", "copy-rows-target"):
            grid.add_column(WORDS(key, language), justify="right")
        grid.add_column(WORDS("copy-checksum", language))
        for table in self.tables:
            sums = [table.source.shown[:16]]
            if not table.alike:
                sums += ["≠", table.target.shown[:16]]
            counts = (f"{one.rows:,}" for one in (table.source, table.target))
            grid.add_row(table.name, *counts, " ".join(sums))
        return grid
