"""What a report is of: a region, a period and a moment, and the values read there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from geo_data import queries
from geo_data.faults import Fault, InputError, nearest
from geo_data.queries.first_case import first_reported
from geo_data.records import Region, Scope, Window
from geo_data.regions import RegionTree
from geo_data.store import Store
from geo_data.words import DEFAULT_LANGUAGE
from indicators import catalog
from indicators.reports.content import Cell, Column, Figure, Part, Table
from indicators.reports.figures import Figures
from indicators.reports.figures import figure as unread
from indicators.reports.terms import Term
from indicators.reports.wording import WORDS
from indicators.reports.writing import write_signed, write_value
from indicators.spec import Grain, Indicator
from indicators.windows import midnight

NOW = "today"
"""Period in which standing cases and states of sensors are read: they are of the moment."""


@dataclass(frozen=True)
class Scene:
    """Where and when a report looks.

    Parameters
    ----------
    store, scope : Store, Scope
        Where from, and for whom.
    region : Region
        Visible.
    term : Term
    at : datetime
        As known then, aware.
    is_quick : bool
        Whether what takes many seconds is left out unless it was worked out already.
    """

    store: Store
    scope: Scope
    region: Region
    term: Term
    at: datetime
    is_quick: bool = False

    @cached_property
    def figures(self) -> Figures:
        """Reads values."""
        return Figures(self.store, self.scope, self.at)

    @cached_property
    def tree(self) -> RegionTree:
        """The regions the viewer may see."""
        return queries.region_tree(self.store, self.scope)

    @cached_property
    def window(self) -> Window:
        """The period, up to the moment."""
        return self.figures.period(self.term.window).window

    @cached_property
    def today(self) -> Window:
        """The day of the moment, up to it: open cases are asked for as they stand then."""
        return self.figures.period(NOW).window

    @property
    def zone(self) -> ZoneInfo:
        """The city's clock."""
        return self.store.city.zone

    @cached_property
    def children(self) -> Sequence[Region]:
        """The regions below, in the order of their codes."""
        return sorted(self.tree.children(self.region.code), key=lambda one: one.code)

    @cached_property
    def child_word(self) -> str:
        """What the regions below are called: 街镇."""
        level = self.store.city.child_level(self.region.level)
        city = self.store.city
        return city.level(level).name(DEFAULT_LANGUAGE) if level else say("below")

    @cached_property
    def begins(self) -> date | None:
        """The first day of which any case is known; before it zero is not zero but unknown."""
        found = first_reported(self.store, self.scope, self.at)
        return None if found is None else found.astimezone(self.zone).date()

    def is_before(self, window: str) -> bool:
        """Whether a period ended before the first day of which any case is known."""
        end = self.figures.period(window).window.end
        return self.begins is None or end <= midnight(self.begins, self.zone)

    @cached_property
    def data_at(self) -> datetime | None:
        """When the newest case was heard of, never after the moment."""
        return queries.ages(self.store, self.scope, self.at)["incidents"][0]

    def indicator(self, key: str) -> Indicator:
        """Return an indicator of the city.

        Raises
        ------
        InputError
            There is none; the nearest is named.
        """
        known = catalog.of(self.store.city)
        if key not in known:
            values: dict[str, object] = {"key": key, "nearest": nearest(key, list(known))}
            raise InputError(Fault("report-indicator", values=values))
        return known[key]

    def read(
        self,
        key: str,
        part: Part = "value",
        *,
        region: str | None = None,
        window: str | None = None,
        only: tuple[str, str] | None = None,
    ) -> Figure:
        """Return a value: of the region and the period, unless said.

        What stands, and what sensors are, is read at the moment of the report.
        """
        indicator = self.indicator(key)
        flows = indicator.grain in (Grain.FLOW, Grain.READING)
        usual = self.term.window if flows else NOW
        asked = unread(key, region or self.region.code, window or usual, part, only)
        if indicator.grain is Grain.FLOW and self.is_before(asked.window):
            return asked
        return self.figures.read(asked)

    def cell(self, figure: Figure) -> Cell:
        """Return a cell with a value, without its unit unless that is percent."""
        indicator = self.indicator(figure.key)
        if figure.part in ("change", "year-change"):
            return Cell(write_signed(figure, indicator), figure.value, figure)
        if figure.part == "share":
            text = "—" if figure.value is None else f"{figure.value:.1f}%"
            return Cell(text, figure.value, figure)
        percent = indicator.unit == "%"
        return Cell(write_value(figure.value, indicator, with_unit=percent), figure.value, figure)

    def table(
        self,
        key: str,
        columns: Sequence[Column],
        rows: Sequence[tuple[Cell, ...]],
        *,
        total: int | None = None,
        rule: str = "",
        sums: int = 0,
    ) -> Table:
        """Return a table with the words that belong to its key."""
        return Table(
            key=key,
            title=say(f"table-{key}", below=self.child_word),
            columns=tuple(columns),
            rows=tuple(rows),
            total=len(rows) - sums if total is None else total,
            rule=rule or say(f"rule-{key}", below=self.child_word),
            data_at=self.data_at,
            empty=say(f"empty-{key}") if f"empty-{key}" in WORDS else say("empty"),
            sums=sums,
        )


def say(key: str, **values: object) -> str:
    """Say a wording of the reports, which are in Chinese."""
    return WORDS(key, DEFAULT_LANGUAGE, **values)


def head(key: str, *, is_number: bool = False, wide: float = 1.0, **values: object) -> Column:
    """Return a column with its wording."""
    return Column(key, say(f"column-{key}", **values), is_number, wide)
