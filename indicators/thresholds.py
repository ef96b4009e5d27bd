"""When a value is a warning: editable rows with their basis (依据), read from a TOML file."""

from __future__ import annotations

import operator
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from geo_data.faults import Fault, InputError, nearest
from geo_data.sources import Entry, wrong
from geo_data.words import Label

FILE = Path(__file__).with_name("thresholds.toml")
COLOURS = ("blue", "yellow", "orange", "red")
"""The four warning colours, mildest first."""

_COMPARE = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
Number = Annotated[float, Field(allow_inf_nan=False)]
Limit = Number | tuple[Number, Number]


class Threshold(Entry):
    """One row: the limits of one indicator from one day on.

    Parameters
    ----------
    indicator : str
        Its key.
    rule : str
        On which side of a limit is bad: ``>``, ``>=``, ``<``, ``<=``, or ``outside`` of
        ``[low, high]``, both ends still good.
    blue, yellow, orange, red : float or (float, float), optional
        Limits in the indicator's unit, at least one, each worse than the one before.
    basis : Label
        依据.
    verified : bool
        Whether somebody confirmed the row for this city.
    effective_from : date
        The local day from which it holds.
    source : str
        Where the numbers come from.
    """

    indicator: str
    rule: Literal[">", ">=", "<", "<=", "outside"]
    blue: Limit | None = None
    yellow: Limit | None = None
    orange: Limit | None = None
    red: Limit | None = None
    basis: Label
    verified: bool
    effective_from: date
    source: Annotated[str, Field(min_length=1)]

    @property
    def steps(self) -> list[tuple[str, Limit]]:
        """Colours that are used with their limits, mildest first."""
        steps = [(colour, getattr(self, colour)) for colour in COLOURS]
        return [(colour, limit) for colour, limit in steps if limit is not None]

    @model_validator(mode="after")
    def _steps_grow_worse(self) -> Threshold:
        limits = [limit for _, limit in self.steps]
        if not limits:
            raise wrong("threshold-none")
        if any(isinstance(limit, tuple) != (self.rule == "outside") for limit in limits):
            raise wrong("threshold-shape")
        # A limit is worse if it is beyond the milder one, and a band if it holds the milder one.
        strict = self.rule.rstrip("=")
        if any(not _is_beyond(worse, strict, mild) for mild, worse in pairwise(limits)):
            raise wrong("threshold-order")
        if any(isinstance(limit, tuple) and limit[0] >= limit[1] for limit in limits):
            raise wrong("threshold-band")
        return self

    def status(self, value: float) -> str:
        """Return the gravest colour whose limit ``value`` is beyond, else ``"normal"``."""
        for colour, limit in reversed(self.steps):
            if _is_beyond(value, self.rule, limit):
                return colour
        return "normal"


def _is_beyond(value: Limit, rule: str, limit: Limit) -> bool:
    if isinstance(limit, tuple):
        low, high = value if isinstance(value, tuple) else (value, value)
        return low < limit[0] or high > limit[1]
    return not isinstance(value, tuple) and bool(_COMPARE[rule](value, limit))


class Thresholds:
    """The rows of one file.

    Parameters
    ----------
    rows : sequence of Threshold
        In any order; several for one indicator with different days.
    """

    def __init__(self, rows: Sequence[Threshold]) -> None:
        self._rows: dict[str, list[Threshold]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: row.effective_from):
            self._rows[row.indicator].append(row)

    def at(self, indicator: str, day: date) -> Threshold | None:
        """Return the row that holds for ``indicator`` on the local ``day``, if any does."""
        rows = self._rows.get(indicator, [])
        return next((row for row in reversed(rows) if row.effective_from <= day), None)

    def rows(self) -> Mapping[str, Sequence[Threshold]]:
        """Indicator key to its rows, oldest first."""
        return dict(self._rows)


@cache
def shipped() -> Thresholds:
    """Return the rows that come with the product."""
    from indicators.catalog import indicators

    return read_thresholds(FILE, indicators().keys())


def read_thresholds(path: Path, known: Collection[str]) -> Thresholds:
    """Read a thresholds file.

    Parameters
    ----------
    path : Path
        A TOML file of ``[[thresholds]]``; see the shipped one for the keys.
    known : collection of str
        Keys of the indicators there are.

    Raises
    ------
    InputError
        No file, no TOML, or rows that are wrong: all faults of the file at once, each with
        its row number, counted from 1.
    """
    table = _table(path)
    only = frozenset({"thresholds"})
    faults = [_unknown(path, key, only, key) for key in sorted(table.keys() - only)]
    rows: dict[int, Threshold] = {}
    entries = table.get("thresholds", [])
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
        try:
            rows[number] = Threshold.model_validate(entry)
        except ValidationError as error:
            faults += _faults(error, path, number)
    faults += _misfits(rows, path, frozenset(known))
    if faults:
        raise InputError(*faults)
    return Thresholds(list(rows.values()))


def read_row(entry: Mapping[str, object]) -> Threshold:
    """Read one row, given as in the file.

    Raises
    ------
    InputError
        Everything that is wrong with it.
    """
    try:
        return Threshold.model_validate(entry)
    except ValidationError as error:
        raise InputError(*_faults(error, None, None)) from error


def _table(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(Fault("no-file", file=str(path))) from error
    except UnicodeDecodeError as error:
        raise InputError(Fault("not-utf8", file=str(path))) from error
    except tomllib.TOMLDecodeError as error:
        fault = Fault("not-toml", file=str(path), values={"error": str(error)})
        raise InputError(fault) from error


def _misfits(rows: Mapping[int, Threshold], path: Path, known: frozenset[str]) -> Iterator[Fault]:
    """Yield what is wrong with rows that are right by themselves."""
    taken: dict[tuple[str, date], int] = {}
    for number, row in rows.items():
        if row.indicator not in known:
            yield _unknown(path, row.indicator, known, "indicator", number)
        first = taken.setdefault((row.indicator, row.effective_from), number)
        if first != number:
            error = f"row {first} holds for {row.indicator} from the same day"
            yield _bad(path, error, "effective-from", number)


def _unknown(
    path: Path | None, key: str, known: frozenset[str], where: str, row: int | None = None
) -> Fault:
    values: dict[str, object] = {"key": key, "nearest": nearest(key, known)}
    return Fault("unknown-key", file=_name(path), row=row, field=where, values=values)


def _bad(path: Path | None, error: str, where: str | None, row: int | None) -> Fault:
    return Fault("bad-value", file=_name(path), row=row, field=where, values={"error": error})


def _name(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _faults(error: ValidationError, path: Path | None, row: int | None) -> Iterator[Fault]:
    known = frozenset(info.alias or name for name, info in Threshold.model_fields.items())
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"]) or None
        if problem["type"] == "extra_forbidden":
            yield _unknown(path, str(problem["loc"][-1]), known, where or "", row)
        elif problem["type"] == "fault":
            yield Fault(problem["ctx"]["fault"], file=_name(path), row=row, field=where)
        elif problem["type"] == "missing":
            values: dict[str, object] = {"key": where}
            yield Fault("missing-key", file=_name(path), row=row, field=where, values=values)
        else:
            yield _bad(path, problem["msg"].removeprefix("Value error, "), where, row)
