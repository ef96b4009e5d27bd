"""What a template can say: values, changes, names and dates, each as a mark.

Sentences are written in templates; what is in them is read here. Conditions are asked with
:meth:`Phrases.above` and the like, which know that a missing value is neither above nor below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from geo_data.duty_roster import DutyShift, on_duty
from geo_data.faults import Fault, InputError
from geo_data.queries.handled_by import HandledBy, handled_by
from geo_data.words import DEFAULT_LANGUAGE
from indicators.reports.content import Cell, Figure, Part, RowCount, Table
from indicators.reports.judged_tables import names_marked
from indicators.reports.marks import Marks
from indicators.reports.scene import Scene, say
from indicators.reports.tables import Tables
from indicators.reports.terms import Kind
from indicators.reports.writing import (
    write_change,
    write_day,
    write_moment,
    write_term,
    write_value,
)
from indicators.writing import NONE

PARTS = ("value", "before", "year-before")


class Phrases:
    """The functions that templates call.

    Parameters
    ----------
    scene : Scene
    tables : Tables
    marks : Marks
        Where what they fill in is kept.
    shift : DutyShift, optional
        Who is on duty, where somebody said so for this report.
    """

    def __init__(
        self, scene: Scene, tables: Tables, marks: Marks, shift: DutyShift | None = None
    ) -> None:
        self._scene, self._tables, self._marks = scene, tables, marks
        code = None if scene.tree.is_whole_city and self._is_root() else scene.region.code
        roster = scene.store.city.duty
        self._shift = shift or on_duty(roster, code, scene.term.last)

    def context(self) -> dict[str, Callable[..., Any]]:
        """Return every function by the name that templates call it."""
        return {
            name: getattr(self, name)
            for name in vars(type(self))
            if not name.startswith("_") and name != "context"
        }

    def n(self, key: str, part: str = "value", **only: str) -> str:
        """Write a value with its unit: ``n("closed-incidents")``, ``n(key, channel="hotline")``."""
        if part not in PARTS:
            values: dict[str, object] = {"key": part, "known": ", ".join(PARTS)}
            raise InputError(Fault("report-part", values=values))
        figure = self._read(key, cast("Part", part), only)
        return self._marks.number(write_value(figure.value, self._scene.indicator(key)), figure)

    def share(self, key: str, **only: str) -> str:
        """Write which part of all cases are of one channel or category."""
        figure = self._read(key, "share", only)
        return self._marks.number(self._scene.cell(figure).text, figure)

    def change(self, key: str, **only: str) -> str:
        """Write the change against the period before: ``上升12.3%``."""
        return self._changed(key, "change", only)

    def year_change(self, key: str, **only: str) -> str:
        """Write the change against the same period of the year before."""
        return self._changed(key, "year-change", only)

    def known(self, key: str, part: str = "value", **only: str) -> bool:
        """Whether anybody knows a value (``change`` and ``year-change`` too)."""
        return self._read(key, cast("Part", part), only).value is not None

    def above(self, key: str, limit: float, part: str = "value", **only: str) -> bool:
        """Whether a value is known and above a limit."""
        value = self._read(key, cast("Part", part), only).value
        return value is not None and value > limit

    def below(self, key: str, limit: float, part: str = "value", **only: str) -> bool:
        """Whether a value is known and below a limit."""
        value = self._read(key, cast("Part", part), only).value
        return value is not None and value < limit

    def rows(self, table: str) -> str:
        """Write how many rows a table has, those it does not list included."""
        found = self._tables.table(table)
        return self._marks.number(f"{found.total}", RowCount(table, found.total))

    def has(self, table: str) -> bool:
        """Whether a table has rows."""
        return self._tables.table(table).total > 0

    def top(self, table: str, count: int = 3) -> str:
        """Write the first rows with a number that is not zero: ``暴露垃圾（120件）、…``."""
        found = self._tables.table(table)
        named = [row for row in found.listed if (cell := _number(row)) and cell.value]
        return self._listed(found, named[:count])

    def best(self, table: str, count: int = 3) -> str:
        """Write the first of the ranked units."""
        found, ranked = self._ranked(table)
        return self._listed(found, ranked[: self._fair(ranked, count)])

    def last(self, table: str, count: int = 3) -> str:
        """Write the last of the ranked units, those that are not among the first."""
        found, ranked = self._ranked(table)
        n = min(count, len(ranked) - self._fair(ranked, count))
        return self._listed(found, ranked[len(ranked) - n :] if n > 0 else [])

    def is_ranked(self, table: str) -> bool:
        """Whether a table ranks at least two units."""
        return len(self._ranked(table)[1]) > 1

    def named(self, mark: str) -> str:
        """Write the units that the evaluation names as ``best`` or ``last``."""
        names = names_marked(self._tables.table("evaluation"), mark)
        return self._marks.name("、".join(names))

    def is_named(self, mark: str) -> bool:
        """Whether the evaluation names any."""
        return bool(names_marked(self._tables.table("evaluation"), mark))

    def is_recent(self, days: int = 7) -> bool:
        """Whether the period ended at most so many days before the moment of the report."""
        return (self._scene.term.today - self._scene.term.last).days <= days

    def handling(self, what: str) -> str:
        """Write how many cases were ``told`` of with units, ``shared`` by several, ``returned``."""
        found = self._handled()
        if found is None:
            return NONE
        count: int = getattr(found, what)
        return self._marks.number(f"{count}件", RowCount(f"handling {what}", count))

    def is_handling_known(self) -> bool:
        """Whether sources tell which units handle cases."""
        return self._handled() is not None

    def place(self) -> str:
        """Write the name of the region."""
        return self._marks.name(self._scene.region.name)

    def whole(self) -> str:
        """Write the region as one: 全区, 全镇."""
        level = self._scene.store.city.level(self._scene.region.level).name(DEFAULT_LANGUAGE)
        return self._marks.name(f"全{level}" if len(level) == 1 else f"本{level}")

    def units(self) -> str:
        """Write what the regions below are called."""
        return self._marks.name(self._scene.child_word)

    def has_units(self) -> bool:
        """Whether there are regions below."""
        return bool(self._scene.children)

    def term(self) -> str:
        """Write the period."""
        return self._marks.date(write_term(self._scene.term))

    def days(self) -> str:
        """Write the days of the period: ``11月16日至22日``."""
        term = self._scene.term
        first = write_day(term.first, year=False)
        if term.first == term.last:
            return self._marks.date(first)
        last = write_day(term.last, year=False)
        if term.first.month == term.last.month:
            last = last.partition("月")[2]
        return self._marks.date(f"{first}至{last}")

    def moment(self) -> str:
        """Write the moment of the report."""
        return self._marks.date(write_moment(self._scene.at, self._scene.zone))

    def is_running(self) -> bool:
        """Whether the period had not ended at the moment of the report."""
        return self._scene.term.is_running

    def leader(self) -> str:
        """Write who leads the duty, or that nobody was declared."""
        return self._marks.name(self._shift.leader if self._shift else say("not-told"))

    def staff(self) -> str:
        """Write who is on duty, or that nobody was declared."""
        names = self._shift.staff if self._shift else ()
        return self._marks.name("、".join(names) or say("not-told"))

    def name(self, text: str) -> str:
        """Write a name that has figures in it: ``name("12345热线")``."""
        return self._marks.name(text)

    def is_kind(self, kind: str) -> bool:
        """Whether the report is of a kind: ``monthly``."""
        return self._scene.term.kind is Kind(kind)

    def _is_root(self) -> bool:
        return self._scene.region.code == self._scene.tree.root.code

    def _read(self, key: str, part: Part, only: dict[str, str]) -> Figure:
        if not set(only) <= {"channel", "category"} or len(only) > 1:
            values: dict[str, object] = {"key": ", ".join(only), "known": "channel, category"}
            raise InputError(Fault("report-part", values=values))
        return self._scene.read(key, part, only=next(iter(only.items()), None))

    def _changed(self, key: str, part: Part, only: dict[str, str]) -> str:
        figure = self._read(key, part, only)
        return self._marks.number(write_change(figure, self._scene.indicator(key)), figure)

    def _ranked(self, table: str) -> tuple[Table, list[tuple[Cell, ...]]]:
        found = self._tables.table(table)
        return found, [row for row in found.listed if row[0].value is not None]

    def _fair(self, ranked: list[tuple[Cell, ...]], count: int) -> int:
        """Return how many are among the first where there are not many units."""
        return min(count, (len(ranked) + 1) // 2)

    def _listed(self, table: Table, rows: list[tuple[Cell, ...]]) -> str:
        parts = []
        for row in rows:
            cell = _number(row)
            assert cell is not None
            assert cell.source is not None
            unit = self._scene.indicator(cell.source.key)
            text = write_value(cell.value, unit)
            name = self._marks.name(row[_name_at(table)].text)
            parts.append(f"{name}（{self._marks.number(text, cell.source)}）")
        return "、".join(parts)

    def _handled(self) -> HandledBy | None:
        scene = self._scene
        where = scene.store, scene.scope, scene.region.code
        return handled_by(*where, scene.window, scene.at)


def _name_at(table: Table) -> int:
    return 1 if table.columns[0].key == "rank" else 0


def _number(row: tuple[Cell, ...]) -> Cell | None:
    """Return the first cell of a row that has a value of an indicator."""
    return next((cell for cell in row if cell.source is not None), None)
