"""Formulas that a city writes down: parsed, never run as a program, with their units reckoned.

A formula is arithmetic over known series: ``closed_on_time / due``,
``channel("opinion", "police") / reported``, ``highest("rain-1h")``. Python's own parser reads it
and only what is listed here is understood. Units are reckoned with: cases by cases is a share,
cases and minutes cannot be added.
"""

from __future__ import annotations

import ast
import math
import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from indicators.series import SHARE, FormulaError, Series, Unit, called, named
from indicators.spec import Array, Need

MOST_PARTS = 60
"""Numbers, series and signs of one formula."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that is understood.

    Parameters
    ----------
    needs : tuple of Need
        The series it is made of, each once.
    unit : Unit
        What it gives.
    adds_up : bool
        Whether the values of children add up to the parent's: sums of tallies, times a number.
    """

    needs: tuple[Need, ...]
    unit: Unit
    adds_up: bool
    _value: Callable[[Sequence[Array]], Array]

    def __call__(self, *needs: Array) -> Array:
        """Return the value: arrays in the order of the needs in, an array of their shape out."""
        with np.errstate(all="ignore"):
            return np.asarray(self._value(needs), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a formula: what it gives for the arrays of the needs, and what that is.

    ``kind`` is ``number``, ``tally`` (adds up over regions) or ``other``.
    """

    value: Callable[[Sequence[Array]], Array | float]
    unit: Unit
    kind: str


def parse(text: str) -> Formula:
    """Understand a formula.

    Raises
    ------
    FormulaError
        It is no arithmetic, names a series that is not known, adds what cannot be added, or is
        too long.

    Examples
    --------
    >>> found = parse("(reported - closed) / reported")
    >>> found.needs, dict(found.unit), found.adds_up
    ((Cases(measure='reported'), Cases(measure='closed')), {}, False)
    >>> found(np.array([8.0, 0.0]), np.array([6.0, 0.0])).tolist()
    [0.25, nan]
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormulaError("formula-syntax", error=getattr(error, "msg", None) or error) from error
    if sum(1 for _ in ast.walk(tree)) > 3 * MOST_PARTS:
        raise FormulaError("formula-long", most=MOST_PARTS)
    reader = _Reader()
    part = reader.read(tree.body)
    if not reader.needs:
        raise FormulaError("formula-constant")
    value = part.value
    return Formula(
        tuple(reader.needs), part.unit, part.kind == "tally", lambda given: np.asarray(value(given))
    )


def unit_text(unit: Unit) -> str:
    """Write a unit.

    Examples
    --------
    >>> unit_text({"cases": 1, "people": -1}), unit_text({}), unit_text({"mm": 2})
    ('cases/people', 'share', 'mm^2')
    """
    above = [_power(name, power) for name, power in unit.items() if power > 0]
    below = [_power(name, -power) for name, power in unit.items() if power < 0]
    if not unit:
        return "share"
    return "/".join(["·".join(above) or "1", *below])


def _power(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"


def _product(one: Unit, other: Unit, sign: int = 1) -> Unit:
    powers = Counter(one)
    for name, power in other.items():
        powers[name] += sign * power
    return {name: power for name, power in powers.items() if power}


def _divide(part: Array | float, whole: Array | float) -> Array:
    """Divide; nothing comes out of nothing: unknown where the whole is zero."""
    known = np.where(np.asarray(whole) != 0, whole, np.nan)
    return np.asarray(part / known, dtype=np.float64)


def _finite(number: float) -> float:
    try:
        found = float(number)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise FormulaError("formula-syntax", error=f"{str(number)[:20]}…")
    return found


def _constant(number: float) -> Callable[[Sequence[Array]], float]:
    return lambda _given: number


class _Reader:
    """Reads one formula; gathers the series that it names."""

    def __init__(self) -> None:
        self.needs: dict[Need, int] = {}

    def read(self, node: ast.expr) -> _Part:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return _Part(_constant(_finite(number)), SHARE, "number")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                part = self.read(operand)
                return _Part(lambda given: -part.value(given), part.unit, part.kind)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as sign, right=right):
                return self._sum(self.read(left), sign, self.read(right))
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self._times(self.read(left), self.read(right))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._over(self.read(left), self.read(right))
            case ast.Name(id=name):
                return self._series(named(name))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._series(called(name, [_word(arg) for arg in args]))
        raise FormulaError("formula-not-arithmetic", part=ast.unparse(node))

    def _series(self, series: Series) -> _Part:
        place = self.needs.setdefault(series.need, len(self.needs))
        return _Part(lambda given: given[place], series.unit, series.kind)

    def _sum(self, one: _Part, sign: ast.operator, other: _Part) -> _Part:
        if dict(one.unit) != dict(other.unit):
            raise FormulaError(
                "formula-units", one=unit_text(one.unit), other=unit_text(other.unit)
            )
        kinds = {one.kind, other.kind}
        kind = one.kind if len(kinds) == 1 else "other"
        act = operator.add if isinstance(sign, ast.Add) else operator.sub
        return _Part(lambda given: act(one.value(given), other.value(given)), one.unit, kind)

    def _times(self, one: _Part, other: _Part) -> _Part:
        kinds = sorted((one.kind, other.kind))
        kind = {("number", "number"): "number", ("number", "tally"): "tally"}
        return _Part(
            lambda given: one.value(given) * other.value(given),
            _product(one.unit, other.unit),
            kind.get((kinds[0], kinds[1]), "other"),
        )

    def _over(self, one: _Part, other: _Part) -> _Part:
        kind = one.kind if other.kind == "number" else "other"
        return _Part(
            lambda given: _divide(one.value(given), other.value(given)),
            _product(one.unit, other.unit, -1),
            kind,
        )


def _word(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise FormulaError("formula-not-word", part=ast.unparse(node))
