"""The indicators that a city declares itself: a formula over known series makes one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from geo_data.faults import Fault, InputError, nearest
from geo_data.own_indicators import OwnIndicator
from geo_data.words import Label
from indicators.expressions import Formula, parse, unit_text
from indicators.series import CASES, SHARE, FormulaError, Unit
from indicators.spec import (
    Array,
    Cases,
    CasesOf,
    Grain,
    Indicator,
    Need,
    Readings,
    Sensors,
    Standing,
    Unclosed,
)
from indicators.wording import label

UNITS: Mapping[str, tuple[Unit, float]] = {
    "percent": (SHARE, 100.0),
    "index": (SHARE, 1.0),
    "cases": (CASES, 1.0),
    "cases-per-10k": ({"cases": 1, "people": -1}, 10_000.0),
    "places": ({"places": 1}, 1.0),
    "mpa": ({"MPa": 1}, 1.0),
    "mg-l": ({"mg/L": 1}, 1.0),
    "ntu": ({"NTU": 1}, 1.0),
    "ug-m3": ({"µg/m³": 1}, 1.0),
    "mg-m3": ({"mg/m³": 1}, 1.0),
    "mm": ({"mm": 1}, 1.0),
    "cm": ({"cm": 1}, 1.0),
    "min": ({"min": 1}, 1.0),
}
"""What a formula must give for each unit, and how many of the unit one of that is."""
_PERCENT_READ: Unit = {"%": 1}
"""Some sensors read in percent already."""
_GRAINS: tuple[tuple[type[Need] | tuple[type[Need], ...], Grain], ...] = (
    ((Cases, CasesOf, Unclosed), Grain.FLOW),
    (Standing, Grain.STOCK),
    (Readings, Grain.READING),
    (Sensors, Grain.STATE),
)


def indicators_of(
    declared: Sequence[OwnIndicator], groups: Sequence[str], taken: Sequence[str]
) -> tuple[list[Indicator], list[Fault]]:
    """Return the indicators that a city declares, and what is wrong with the others.

    Parameters
    ----------
    declared : sequence of OwnIndicator
        In the order of the city file.
    groups, taken : sequence of str
        The groups there are, and the keys that the program's own have.
    """
    made: list[Indicator] = []
    faults: list[Fault] = []
    seen: set[str] = set(taken)
    for row, one in enumerate(declared, start=1):
        try:
            if one.group not in groups:
                near: dict[str, object] = {
                    "key": one.group,
                    "nearest": nearest(one.group, tuple(groups)),
                }
                raise InputError(_fault(row, "group", "unknown-group", near))
            if one.key in seen:
                raise InputError(_fault(row, "key", "indicator-taken", {"key": one.key}))
            made.append(_indicator(row, one))
            seen.add(one.key)
        except InputError as error:
            faults += error.faults
    return made, faults


def _indicator(row: int, one: OwnIndicator) -> Indicator:
    if one.unit not in UNITS:
        near: dict[str, object] = {"key": one.unit, "nearest": nearest(one.unit, tuple(UNITS))}
        raise InputError(_fault(row, "unit", "indicator-unit", near))
    try:
        formula = parse(one.formula)
        factor = _factor(formula, one.unit)
        grain = _grain(formula.needs)
    except FormulaError as error:
        values = {"formula": one.formula, **error.values}
        raise InputError(_fault(row, "formula", error.key, values)) from error
    words = one.formula_text or Label(zh=one.formula, en=one.formula)
    return Indicator(
        key=one.key,
        name=one.name,
        unit_label=label(f"unit-{one.unit}"),
        group=one.group,
        grain=grain,
        better=one.better,
        formula=words,
        basis=one.basis,
        needs=formula.needs,
        value=_scaled(formula, factor),
        additive=formula.adds_up and factor == 1.0,
        roles=one.roles,
    )


def _fault(row: int, field: str, key: str, values: Mapping[str, object]) -> Fault:
    return Fault(key, row=row, field=f"indicators.{row}.{field}", values=dict(values))


def _factor(formula: Formula, unit: str) -> float:
    """Return how many of the declared unit one of the formula's is."""
    wanted, factor = UNITS[unit]
    if unit == "percent" and dict(formula.unit) == _PERCENT_READ:
        return 1.0
    if dict(formula.unit) != dict(wanted):
        raise FormulaError("formula-unit", gives=unit_text(formula.unit), unit=unit)
    return factor


def _grain(needs: Sequence[Need]) -> Grain:
    """Return how the value lives in time; all series must live alike, residents aside."""
    grains = {grain for need in needs for kinds, grain in _GRAINS if isinstance(need, kinds)}
    if len(grains) > 1:
        raise FormulaError("formula-grains")
    return grains.pop() if grains else Grain.STATE


def _scaled(formula: Formula, factor: float) -> Callable[..., Array]:
    def value(*needs: Array) -> Array:
        return np.asarray(factor * formula(*needs), dtype=np.float64)

    return value
