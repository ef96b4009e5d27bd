"""The evaluations of a city: those that it declares, or the program's own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from geo_data.city import City
from geo_data.evaluations import Evaluation, EvaluationFile, Group, Units
from geo_data.faults import Fault, InputError, nearest
from geo_data.records import FUNCTIONAL
from indicators import catalog
from indicators.across import KEPT_LEVEL
from indicators.spec import Grain

DEFAULT = Path(__file__).with_name("default.toml")


@cache
def shipped() -> tuple[Evaluation, ...]:
    """Return the program's own."""
    return EvaluationFile.model_validate(tomllib.loads(DEFAULT.read_text("utf-8"))).evaluations


def evaluations_of(city: City) -> Mapping[str, Evaluation]:
    """Return the evaluations of a city by key; one that cannot be used is left out."""
    wrong = {fault.values["evaluation"] for fault in faults_of(city)}
    return {one.key: one for one in _listed(city) if one.key not in wrong}


def evaluation_of(city: City, key: str) -> Evaluation:
    """Return one evaluation.

    Raises
    ------
    InputError
        ``no-evaluation``: there is no such one.
    """
    known = evaluations_of(city)
    if key not in known:
        near: dict[str, object] = {"key": key, "nearest": nearest(key, tuple(known))}
        raise InputError(Fault("no-evaluation", field="evaluation", values=near))
    return known[key]


def faults_of(city: City) -> tuple[Fault, ...]:
    """Return what is wrong with the evaluations that a city declares: levels and indicators."""
    return tuple(
        fault
        for row, one in enumerate(city.evaluations, start=1)
        for fault in _wrong(city, row, one)
    )


def level_of(city: City, units: Units) -> str | None:
    """Return the level that units are of; ``None`` where codes are listed."""
    if units.rung is not None:
        return city.level_keys[units.rung] if units.rung < len(city.level_keys) else None
    return units.level


def _listed(city: City) -> tuple[Evaluation, ...]:
    return city.evaluations or shipped()


def _wrong(city: City, row: int, one: Evaluation) -> Iterator[Fault]:
    def fault(key: str, field: str, /, **values: object) -> Fault:
        told = {"evaluation": one.key, **values}
        return Fault(key, row=row, field=f"evaluations.{row}.{field}", values=told)

    for key, values in _wrong_indicator(city, one.takes_part.indicator):
        yield fault(key, "takes-part.indicator", **values)
    for place, group in enumerate(one.groups, start=1):
        where = f"groups.{place}"
        for key, values in _wrong_units(city, group.units):
            yield fault(key, f"{where}.units", **values)
        for n, measure in enumerate(group.measures, start=1):
            field = f"{where}.measures.{n}.indicator"
            for key, values in _wrong_indicator(city, measure.indicator, group):
                yield fault(key, field, **values)


def _wrong_units(city: City, units: Units) -> Iterator[tuple[str, dict[str, object]]]:
    known = (*city.level_keys, FUNCTIONAL)
    if units.level is not None and units.level not in known:
        yield "evaluation-level", {"key": units.level, "nearest": nearest(units.level, known)}
    if units.rung is not None and units.rung >= len(city.level_keys):
        yield "evaluation-rung", {"rung": units.rung, "most": len(city.level_keys) - 1}


def _wrong_indicator(
    city: City, key: str, group: Group | None = None
) -> Iterator[tuple[str, dict[str, object]]]:
    known = catalog.of(city)
    if key not in known:
        yield "unknown-indicator", {"key": key, "nearest": nearest(key, tuple(known))}
        return
    one = known[key]
    if one.grain not in (Grain.FLOW, Grain.READING):
        yield "evaluation-moment", {"indicator": key}
    level = level_of(city, group.units) if group else None
    if level in city.level_keys[KEPT_LEVEL + 1 :] and not one.mappable:
        yield "evaluation-too-fine", {"indicator": key, "level": level}
