"""How answers say an evaluation: its rules, its units by place, the cases that cost points."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from dashboard.api.publishing import Published, published
from dashboard.context import Context
from geo_data.evaluations import Evaluation
from geo_data.records import Incident
from indicators import evaluation
from indicators.evaluation import Difference, Lost, Shown, UnitResult
from indicators.parts import Part


class Declared(BaseModel):
    """An evaluation as it is declared; ``rules`` are its tables as in the city file."""

    key: str
    name: dict[str, str]
    basis: dict[str, str]
    rules: dict[str, Any]
    publications: list[Published]


class MeasureTold(BaseModel):
    """A measure of a unit: null is not known, and left out of what could be given."""

    indicator: str
    value: float | None
    points: float | None
    full: float
    lost: float
    made_of: list[float | None]


class UnitTold(BaseModel):
    """A unit: ``why_not`` is ``few`` (不参评: too little to judge) or ``unknown``."""

    code: str
    name: str
    counted: float | None
    why_not: str | None
    score: float | None
    place: int | None
    mark: str | None
    measures: list[MeasureTold]


class GroupTold(BaseModel):
    """A group by place; ``ranked`` counts all units that have one, those not shown too."""

    key: str
    name: dict[str, str]
    total: float
    ranked: int
    units: list[UnitTold]
    unknown_codes: list[str]


class DifferenceTold(BaseModel):
    """A unit that would stand otherwise by the data and rules of now."""

    group: str
    code: str
    name: str
    score: float | None
    place: int | None
    score_now: float | None
    place_now: int | None
    indicators: list[str]


class Result(BaseModel):
    """An evaluation of a period: as published where it is, else as known at ``known_at``."""

    key: str
    name: dict[str, str]
    period: str
    first_day: date
    last_day: date
    known_at: datetime
    is_published: bool
    publication: Published | None
    would_differ: bool
    rules_changed: bool
    differences: list[DifferenceTold]
    groups: list[GroupTold]


class CaseTold(BaseModel):
    """A case; ``due_at`` is null without a limit, ``ended_at`` while it is open."""

    id: int
    code: str
    title: str
    channel: str
    category: str
    stage: str
    region: str | None
    reported_at: datetime
    due_at: datetime | None
    ended_at: datetime | None


class LostTold(BaseModel):
    """The cases that cost a unit points, as counted now; ``n`` of them, the newest listed."""

    unit: str
    indicator: str
    counted: list[str]
    without: list[str]
    n: int
    is_all: bool
    made_of: list[float | None]
    cases: list[CaseTold]


def declared_of(context: Context, one: Evaluation) -> Declared:
    """Return an evaluation as it is declared."""
    made = evaluation.history(context.store, one.key)
    return Declared(
        key=one.key,
        name=one.name.model_dump(),
        basis=one.basis.model_dump(),
        rules=one.model_dump(mode="json", by_alias=True, exclude_none=True),
        publications=[published(context, each) for each in made],
    )


def result_of(context: Context, found: Shown, *, current: bool) -> Result:
    """Return an evaluation of a period as answers say it."""
    settled, one = found.settled, found.publication
    names = {group.key: group for group in settled.evaluation.groups}
    return Result(
        key=settled.evaluation.key,
        name=settled.evaluation.name.model_dump(),
        period=settled.period,
        first_day=settled.first_day,
        last_day=settled.last_day,
        known_at=settled.known_at,
        is_published=one is not None and not current,
        publication=published(context, one) if one else None,
        would_differ=bool(found.differences),
        rules_changed=found.rules_changed,
        differences=[_difference(each) for each in found.differences],
        groups=[
            GroupTold(
                key=group.key,
                name=names[group.key].name.model_dump(),
                total=names[group.key].total,
                ranked=group.ranked,
                units=[_unit(unit) for unit in group.units],
                unknown_codes=list(group.unknown_codes),
            )
            for group in settled.groups
        ],
    )


def _unit(unit: UnitResult) -> UnitTold:
    told = unit.model_dump()
    told["measures"] = [
        {**one.model_dump(), "made_of": list(one.made_of), "lost": one.lost}
        for one in unit.measures
    ]
    return UnitTold.model_validate(told)


def _difference(one: Difference) -> DifferenceTold:
    return DifferenceTold(
        group=one.group,
        code=one.code,
        name=one.name,
        score=one.before.score if one.before else None,
        place=one.before.place if one.before else None,
        score_now=one.now.score if one.now else None,
        place_now=one.now.place if one.now else None,
        indicators=list(one.indicators),
    )


def lost_of(unit: str, indicator: str, found: Lost, made_of: Sequence[Part]) -> LostTold:
    """Return the cases that cost points as answers say them."""
    costing = found.costing
    return LostTold(
        unit=unit,
        indicator=indicator,
        counted=list(costing.counted) if costing else [],
        without=list(costing.without) if costing else [],
        n=found.cases.n,
        is_all=found.cases.is_all,
        made_of=[part.value for part in made_of],
        cases=[_case(one) for one in found.cases.cases],
    )


def _case(one: Incident) -> CaseTold:
    return CaseTold(
        id=one.id,
        code=one.code,
        title=one.title,
        channel=one.channel,
        category=one.category,
        stage=str(one.stage),
        region=one.region_code,
        reported_at=one.reported_at,
        due_at=one.due_at,
        ended_at=one.ended_at,
    )
