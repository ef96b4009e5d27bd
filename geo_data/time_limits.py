"""How long handling may take: a table of limits per category, each with its source and since when.

The city's own (``time-limits`` of its file), else the one in ``dictionaries/time-limits.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field, model_validator

from geo_data.distinct import numbered
from geo_data.sources import Entry, wrong
from geo_data.words import Label

FILE = Path(__file__).parent / "dictionaries" / "time-limits.toml"
Unit = Literal["hours", "working_hours", "working_days"]
UNITS: tuple[Unit, ...] = ("hours", "working_hours", "working_days")

NO_LIMIT = -1
"""Stands for "no limit holds" in a column of rows."""
_DAYS = 1 << 24
"""More days than any date has: keeps the days of one category apart from the next one's."""
_EPOCH = date(1970, 1, 1)

Source = Label | Annotated[str, Field(min_length=1)]
"""A title as it is, or a wording in both languages."""
Positive = Annotated[float, Field(gt=0)]
Digits = Annotated[str, Field(pattern=r"^\d{2}(\d{2})?$")]


class Limit(Entry):
    """A time as a file says it: so much of exactly one unit.

    Parameters
    ----------
    hours, working_hours, working_days : float, optional
        A working day is as long as the hours of the city's calendar.
    """

    hours: Positive | None = None
    working_hours: Positive | None = None
    working_days: Positive | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> Limit:
        if sum(getattr(self, unit) is not None for unit in UNITS) != 1:
            raise wrong("limit-units")
        return self

    @property
    def said(self) -> tuple[float, Unit]:
        """How much, and of what."""
        ((amount, unit),) = (
            (getattr(self, unit), unit) for unit in UNITS if getattr(self, unit) is not None
        )
        return amount, unit


class LimitRow(Limit):
    """The limit of a category.

    Parameters
    ----------
    effective_from : date, optional
        Cases dispatched from this day on; the table's unless said.
    source : str or Label, optional
        Where it comes from; the table's unless said.
    """

    effective_from: date | None = None
    source: Source | None = None


class DueSoon(Entry):
    """When a case is due soon: so little of its limit is left, the larger of the two.

    Parameters
    ----------
    share_left : float
        Share of the limit.
    hours_left : float
        Hours on the limit's own clock: working hours of a limit in working hours.
    """

    share_left: Annotated[float, Field(ge=0, le=1)] = 0.25
    hours_left: Annotated[float, Field(ge=0)] = 1.0


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A limit that holds for a category from a day on; ``amount`` is of ``unit``."""

    category: str
    amount: float
    unit: Unit
    effective_from: date
    source: str | Label

    def source_in(self, language: str) -> str:
        """Return where it comes from; a title that a city wrote once stays as it is."""
        return self.source(language) if isinstance(self.source, Label) else self.source

    @property
    def is_working(self) -> bool:
        """Whether only working hours count."""
        return self.unit != "hours"


def _listed(rows: object) -> object:
    return rows if isinstance(rows, list | tuple) else [rows]


Rows = Annotated[tuple[LimitRow, ...], BeforeValidator(_listed)]


class LimitTable(Entry):
    """The limits of a city.

    Parameters
    ----------
    source : str or Label
        Where the table comes from.
    version : str
    effective_from : date
        Since when its rows hold that do not say so themselves.
    due_soon : DueSoon
        When a case is marked as due soon.
    sign, contact : Limit
        Within which time of its dispatch the unit is to sign for a case (签收), and to speak to the
        citizen who called (先行联系).
    limits : dict
        Category (four digits), or major class (two), to its row or rows.
    """

    source: Source
    version: Annotated[str, Field(min_length=1)]
    effective_from: date
    due_soon: DueSoon = DueSoon()
    sign: Limit = Limit(working_hours=1)
    contact: Limit = Limit(working_days=1)
    limits: dict[Digits, Rows]

    @model_validator(mode="after")
    def _one_row_a_day(self) -> LimitTable:
        for category, rows in self.limits.items():
            days = [row.effective_from or self.effective_from for row in rows]
            if len(set(days)) < len(days):
                raise wrong("limits-same-day", category=category)
        return self

    @cached_property
    def rows(self) -> tuple[TimeLimit, ...]:
        """Every row with what it leaves to the table filled in."""
        return tuple(self._filled())

    def _filled(self) -> Iterator[TimeLimit]:
        for category, rows in self.limits.items():
            for row in rows:
                amount, unit = row.said
                since = row.effective_from or self.effective_from
                yield TimeLimit(category, amount, unit, since, row.source or self.source)

    @cached_property
    def _by_category(self) -> dict[str, list[tuple[int, int]]]:
        """Category -> (first day, row) of its own rows, in order of the days."""
        found: dict[str, list[tuple[int, int]]] = {}
        for number, row in enumerate(self.rows):
            since = (row.effective_from - _EPOCH).days
            found.setdefault(row.category, []).append((since, number))
        return {category: sorted(rows) for category, rows in found.items()}

    def editions(self, category: str) -> list[tuple[int, int]]:
        """Return which row holds for a category from which day on, in order of the days.

        Its own row wins over its major class's from the day it holds.
        """
        own = self._by_category.get(category, [])
        major = self._by_category.get(category[:2], [])
        own_from = own[0][0] if own else _DAYS
        return [*(row for row in major if row[0] < own_from), *own]

    def rows_held(
        self, category: npt.NDArray[np.object_], day: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Return the row that holds for each case, :data:`NO_LIMIT` where none does.

        Parameters
        ----------
        category : str, shape (n,)
        day : int64, shape (n,)
            Local day of dispatch since 1970-01-01.

        Returns
        -------
        int64, shape (n,)
            Positions in :attr:`rows`.
        """
        codes, known = numbered(category)
        starts, rows = [], []
        for number, code in enumerate(known):
            base = number * _DAYS
            starts += [base, *(base + _DAYS // 2 + since for since, _ in self.editions(code))]
            rows += [NO_LIMIT, *(row for _, row in self.editions(code))]
        at = np.searchsorted(starts, codes * _DAYS + _DAYS // 2 + day, side="right") - 1
        return np.array(rows, dtype=np.int64)[at]


@cache
def default_limits() -> LimitTable:
    """Return the table of this program, for cities without one of their own."""
    return LimitTable.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))
