"""How a city evaluates its units 考核, as its file declares it; what it means is said elsewhere."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from geo_data.sources import Entry, wrong
from geo_data.words import Label

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Points = Annotated[float, Field(gt=0, le=1000)]
Missing = Literal["left-out", "full", "zero"]
NEARLY = 1e-6
"""Weights are decimals that people typed: 0.1 and 0.2 are 0.3 all the same."""


class Step(Entry):
    """A step of points: from a value on there are so many."""

    value: float
    points: Annotated[float, Field(ge=0)]


class Measure(Entry):
    """One measure of a group: an indicator and how its values become points.

    Exactly one way: ``full_at`` (in proportion), ``target`` and ``floor`` (between two values),
    ``steps``, or ``each`` (so many points off for every case).

    Parameters
    ----------
    indicator : str
        Of the program's, or of the city's own.
    points : float
        At most; the weight.
    full_at : float, optional
        The value of full points; below it they are in proportion.
    target, floor : float, optional
        The value of full points, and the value of none; a straight line between.
    steps : tuple of Step
        Best first; behind the last there are no points.
    each : float, optional
        Points off for every case that is counted.
    most : float, optional
        So many points off at most; all unless said.
    missing : str
        Where nobody knows the value: ``left-out`` of the full points, ``full`` or ``zero``.
    basis : Label, optional
        By which rule (依据).
    """

    indicator: str
    points: Points
    full_at: Annotated[float, Field(gt=0)] | None = None
    target: float | None = None
    floor: float | None = None
    steps: tuple[Step, ...] = ()
    each: Annotated[float, Field(gt=0)] | None = None
    most: Points | None = None
    missing: Missing = "left-out"
    basis: Label | None = None

    @property
    def way(self) -> Literal["proportion", "between", "steps", "each"]:
        """How values become points."""
        if self.full_at is not None:
            return "proportion"
        if self.steps:
            return "steps"
        return "each" if self.each is not None else "between"

    @model_validator(mode="after")
    def _exactly_one_way(self) -> Measure:
        between = self.target is not None or self.floor is not None
        ways = [self.full_at is not None, between, bool(self.steps), self.each is not None]
        if sum(ways) != 1:
            raise wrong("evaluation-way", indicator=self.indicator)
        if between and (self.target is None or self.floor is None or self.target == self.floor):
            raise wrong("evaluation-between", indicator=self.indicator)
        if self.most is not None and (self.each is None or self.most > self.points):
            raise wrong("evaluation-most", indicator=self.indicator, points=self.points)
        return self

    @model_validator(mode="after")
    def _steps_in_order(self) -> Measure:
        values = [step.value for step in self.steps]
        points = [step.points for step in self.steps]
        if not values:
            return self
        in_order = values in (sorted(set(values)), sorted(set(values), reverse=True))
        if not in_order or points != sorted(set(points), reverse=True):
            raise wrong("evaluation-steps", indicator=self.indicator)
        if abs(points[0] - self.points) > NEARLY:
            raise wrong("evaluation-first-step", indicator=self.indicator, points=self.points)
        return self


class Units(Entry):
    """Which units are of a group: those that fit all that is said; or exactly ``codes``.

    Parameters
    ----------
    level : str, optional
        Of the drill chain, or ``functional`` (areas beside it).
    rung : int, optional
        How many levels below the root, for a rule that serves any city.
    kind : str, optional
        Of the regions.
    within : str, optional
        Only what lies in this region.
    codes : tuple of str
        These, of whatever level.
    """

    level: str | None = None
    rung: Annotated[int, Field(ge=1)] | None = None
    kind: str | None = None
    within: str | None = None
    codes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_which(self) -> Units:
        told = [self.level is not None, self.rung is not None, bool(self.codes)]
        if sum(told) != 1 or (self.codes and (self.kind or self.within)):
            raise wrong("evaluation-units")
        if len(set(self.codes)) != len(self.codes):
            raise wrong("evaluation-codes-alike")
        return self


class Group(Entry):
    """Units that are compared with each other, and by what.

    Parameters
    ----------
    key : str
        Kebab-case.
    name : Label
        As the published table says it.
    units : Units
        Which.
    total : float
        What the points of the measures must add up to.
    measures : tuple of Measure
        At least one.
    """

    key: Key
    name: Label
    units: Units
    total: Points = 100.0
    measures: Annotated[tuple[Measure, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _adds_up(self) -> Group:
        points = sum(one.points for one in self.measures)
        if abs(points - self.total) > NEARLY:
            raise wrong("evaluation-sum", group=self.key, sum=round(points, 6), total=self.total)
        named = [one.indicator for one in self.measures]
        if len(set(named)) != len(named):
            raise wrong("evaluation-measures-alike", group=self.key)
        return self


class TakesPart(Entry):
    """Who is evaluated at all: units with at least so much of an indicator."""

    indicator: str = "due-incidents"
    least: Annotated[float, Field(gt=0)] = 1.0


class Evaluation(Entry):
    """An evaluation of a city.

    Parameters
    ----------
    key : str
        Kebab-case.
    name, basis : Label
        What it is called, and by which document it is held (依据).
    best, last : int
        How many places are named at the head and at the foot of a group.
    takes_part : TakesPart
        Units with less are 不参评: neither zero nor best.
    groups : tuple of Group
        Each with weights of its own.
    """

    key: Key
    name: Label
    basis: Label
    best: Annotated[int, Field(ge=0, le=100)] = 3
    last: Annotated[int, Field(ge=0, le=100)] = 3
    takes_part: TakesPart = TakesPart()
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _groups_differ(self) -> Evaluation:
        keys = [one.key for one in self.groups]
        if len(set(keys)) != len(keys):
            raise wrong("evaluation-groups-alike", key=self.key)
        return self


class EvaluationFile(Entry):
    """A file of its own for the evaluations of a city."""

    evaluations: Annotated[tuple[Evaluation, ...], Field(min_length=1)]


PARTS: dict[str, type[BaseModel]] = {
    "groups": Group,
    "units": Units,
    "measures": Measure,
    "steps": Step,
    "takes-part": TakesPart,
    "name": Label,
    "basis": Label,
}
"""Tables of an evaluation, by the key they stand under."""


def part_of(place: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the part of ``[[evaluations]]`` that the last key of ``place`` stands in."""
    named = [str(part) for part in place[:-1] if str(part) in PARTS]
    return PARTS[named[-1]] if named else Evaluation
