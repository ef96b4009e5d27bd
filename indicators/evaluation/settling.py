"""An evaluation of a period, settled as known at the moment: every unit in its own group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from geo_data.city import City
from geo_data.evaluations import Evaluation, Group, Units
from geo_data.faults import Fault, InputError
from geo_data.records import Region, Scope, Window
from geo_data.regions import RegionTree, region_tree
from geo_data.store import Store
from indicators import catalog, engine, parts, periods
from indicators.across import KEPT_LEVEL
from indicators.evaluation.declared import level_of
from indicators.evaluation.result import (
    Described,
    GroupResult,
    MeasureResult,
    Settled,
    UnitResult,
    Why,
)
from indicators.evaluation.scoring import marks, places, points_of, score_of
from indicators.spec import Better, Indicator

MOST_WITH_PARTS = 200
"""Units of a group for which it is kept what every value is made of."""
_ALL = Scope.everything()

Values = Mapping[str, Mapping[str, float | None]]
"""Indicator -> code of a unit -> value."""


class Unit(NamedTuple):
    """A unit to be scored."""

    code: str
    name: str


def settle(
    store: Store, evaluation: Evaluation, period: str, at: datetime, *, with_parts: bool = False
) -> Settled:
    """Settle an evaluation of the whole city; who may see what of it is said elsewhere.

    Parameters
    ----------
    evaluation : Evaluation
        One of :func:`~indicators.evaluation.evaluations_of`.
    period : str
        As :func:`indicators.periods.period` takes it.
    at : datetime
        Now, aware; the cut-off of the data. A frozen period answers its frozen numbers.
    with_parts : bool
        Whether it is kept what the values are made of.

    Raises
    ------
    InputError
        ``unknown-period``.
    """
    window = _span(store, period, at)
    tree, known = region_tree(store, _ALL), catalog.of(store.city)
    groups = []
    for group in evaluation.groups:
        units, unknown = units_of(store.city, tree, group.units)
        keys = [evaluation.takes_part.indicator, *(one.indicator for one in group.measures)]
        values = _values(store, units, keys, period, at)
        better = {key: known[key].better for key in keys}
        told = [Unit(one.code, one.name) for one in units]
        made = scored(evaluation, group, told, values, better, unknown)
        if with_parts and len(units) <= MOST_WITH_PARTS:
            made = _with_parts(store, made, tree, known, period, at)
        groups.append(made)
    zone = store.city.zone
    return Settled(
        evaluation=evaluation,
        period=period,
        first_day=window.start.astimezone(zone).date(),
        last_day=(window.end - timedelta(milliseconds=1)).astimezone(zone).date(),
        known_at=at,
        indicators=_described(evaluation, known),
        groups=tuple(groups),
    )


def scored(
    evaluation: Evaluation,
    group: Group,
    units: Sequence[Unit],
    values: Values,
    better: Mapping[str, Better],
    unknown_codes: Sequence[str] = (),
) -> GroupResult:
    """Score the units of one group by their values; knows nothing of other groups."""
    counted = values[evaluation.takes_part.indicator]
    rows: list[tuple[Unit, tuple[MeasureResult, ...], Why | None]] = []
    scores = []
    for unit in units:
        given = [
            (one, points_of(one, values[one.indicator][unit.code], better[one.indicator]))
            for one in group.measures
        ]
        score = score_of(group.total, [(one.points, points) for one, points in given])
        is_few = (counted[unit.code] or 0.0) < evaluation.takes_part.least
        why: Why | None = "few" if is_few else "unknown" if score is None else None
        scores.append(score if why is None else None)
        measured = tuple(
            MeasureResult(
                indicator=one.indicator,
                value=values[one.indicator][unit.code],
                points=None if points is None or why else float(points),
                full=one.points,
            )
            for one, points in given
        )
        rows.append((unit, measured, why))
    ranks, named = places(scores), marks(scores, evaluation.best, evaluation.last)
    results = [
        UnitResult(
            code=unit.code,
            name=unit.name,
            counted=counted[unit.code],
            why_not=why,
            score=None if score is None else float(score),
            place=place,
            mark=mark,
            measures=measured,
        )
        for (unit, measured, why), score, place, mark in zip(
            rows, scores, ranks, named, strict=True
        )
    ]
    results.sort(key=lambda one: (one.place is None, one.place or 0, one.code))
    return GroupResult(
        key=group.key,
        ranked=sum(score is not None for score in scores),
        units=tuple(results),
        unknown_codes=tuple(unknown_codes),
    )


def units_of(city: City, tree: RegionTree, units: Units) -> tuple[list[Region], list[str]]:
    """Return the regions of a group, and the codes of it that are none."""
    if units.codes:
        found = [(code, tree.get(code)) for code in units.codes]
        missing = [code for code, region in found if region is None]
        return [region for _, region in found if region is not None], missing
    level = level_of(city, units)
    regions = [tree.get(code) for code in tree.codes_at(level or "")]
    within = units.within
    known = [one for one in regions if one is not None and units.kind in (None, one.kind)]
    if within is None:
        return known, []
    if tree.get(within) is None:
        return [], [within]
    return [one for one in known if tree.contains(within, one.code)], []


def _span(store: Store, period: str, at: datetime) -> Window:
    try:
        return engine.period_of(store, period, at).window
    except KeyError as error:
        values: dict[str, object] = {"key": period, "known": ", ".join(periods.KEYS)}
        raise InputError(Fault("unknown-period", field="period", values=values)) from error


def _values(
    store: Store, units: Sequence[Region], keys: Sequence[str], period: str, at: datetime
) -> Values:
    levels = dict.fromkeys(one.level for one in units)
    found: dict[str, dict[str, float | None]] = {}
    for key in dict.fromkeys(keys):
        found[key] = {}
        for level in levels:
            found[key] |= engine.by_level(store, _ALL, level, key, period, at)
    return found


def _with_parts(
    store: Store,
    group: GroupResult,
    tree: RegionTree,
    known: Mapping[str, Indicator],
    period: str,
    at: datetime,
) -> GroupResult:
    def made_of(code: str, one: MeasureResult) -> MeasureResult:
        found = parts.parts(store, _ALL, code, known[one.indicator], period, at)
        return one.model_copy(update={"made_of": tuple(part.value for part in found)})

    units = [
        unit.model_copy(update={"measures": tuple(made_of(unit.code, m) for m in unit.measures)})
        if tree.level_index(unit.code) <= KEPT_LEVEL
        else unit
        for unit in group.units
    ]
    return group.model_copy(update={"units": tuple(units)})


def _described(evaluation: Evaluation, known: Mapping[str, Indicator]) -> dict[str, Described]:
    keys = [evaluation.takes_part.indicator]
    keys += [one.indicator for group in evaluation.groups for one in group.measures]
    return {
        key: Described(
            name=known[key].name,
            unit=known[key].unit_label,
            formula=known[key].formula,
            basis=known[key].basis,
            better=known[key].better,
        )
        for key in dict.fromkeys(keys)
    }
