"""What comes of an evaluation: plain records, kept as JSON when they are published."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from geo_data.evaluations import Evaluation
from geo_data.words import Label

Mark = Literal["best", "last"]
Why = Literal["few", "unknown"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MeasureResult(_Record):
    """One measure of one unit.

    Parameters
    ----------
    indicator : str
        Its key.
    value : float or None
        ``None`` where nobody knows.
    points : float or None
        Given, to two digits; ``None`` where the measure is left out.
    full : float
        What could be given.
    made_of : tuple of float or None
        What the indicator's formula was given, where that is kept.
    """

    indicator: str
    value: float | None
    points: float | None
    full: float
    made_of: tuple[float | None, ...] = ()

    @property
    def lost(self) -> float:
        """Points that were not given."""
        return 0.0 if self.points is None else round(self.full - self.points, 2)


class UnitResult(_Record):
    """One unit of a group.

    Parameters
    ----------
    code, name : str
        Of its region.
    counted : float or None
        What decides whether it takes part.
    why_not : str or None
        ``few``: it has too few cases to be judged (不参评); ``unknown``: no measure is known.
    score : float or None
        To two digits, out of the group's total.
    place : int or None
        1, 2, 2, 4: units with one score share a place, and the next ones are counted on.
    mark : str or None
        ``best`` or ``last``, where it is among those that are named.
    measures : tuple of MeasureResult
        In the order of the group.
    """

    code: str
    name: str
    counted: float | None
    why_not: Why | None
    score: float | None
    place: int | None
    mark: Mark | None
    measures: tuple[MeasureResult, ...]


class GroupResult(_Record):
    """A group: its units by place, those that take no part last.

    Parameters
    ----------
    key : str
        Of the declared group.
    ranked : int
        How many units have a place, those not shown among them.
    units : tuple of UnitResult
        Those that are shown.
    unknown_codes : tuple of str
        Codes that were declared and are no region.
    """

    key: str
    ranked: int
    units: tuple[UnitResult, ...]
    unknown_codes: tuple[str, ...] = ()


class Described(_Record):
    """What an indicator meant when it was used."""

    name: Label
    unit: Label
    formula: Label
    basis: Label
    better: Literal["low", "high", "band"]


class Settled(_Record):
    """An evaluation of a period, as known at a moment.

    Parameters
    ----------
    evaluation : Evaluation
        As it was declared then, weights and all.
    period : str
        How it is called.
    first_day, last_day : date
        Local days, both in it.
    known_at : datetime
        Cut-off of the data.
    indicators : dict
        What each indicator meant then, by its key.
    groups : tuple of GroupResult
        In the order of the declaration.
    """

    evaluation: Evaluation
    period: str
    first_day: date
    last_day: date
    known_at: datetime
    indicators: dict[str, Described]
    groups: tuple[GroupResult, ...]

    def group(self, key: str) -> GroupResult:
        """Return a group; the first one where there is none of that key."""
        return next((one for one in self.groups if one.key == key), self.groups[0])

    def unit(self, code: str) -> UnitResult | None:
        """Return a unit of any group; ``None`` where there is none of that code."""
        found = (unit for group in self.groups for unit in group.units if unit.code == code)
        return next(found, None)
