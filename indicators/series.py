"""The series that a formula may name, what each is counted in, and whether it adds up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from geo_data.dictionaries import categories, channels, major_categories, sensor_kinds, severities
from geo_data.faults import nearest
from geo_data.rollups import MEASURES
from indicators.spec import (
    Cases,
    CasesOf,
    Need,
    Readings,
    Residents,
    Sensors,
    Standing,
    Unclosed,
)

STANDINGS: tuple[Literal["open", "overdue", "due-soon"], ...] = ("open", "overdue", "due-soon")
SENSOR_PARTS: tuple[Literal["installed", "online", "normal", "warning", "alarm"], ...] = (
    *("installed", "online", "normal", "warning", "alarm"),
)

Unit = Mapping[str, int]
"""Base units with their powers: ``{"cases": 1, "people": -1}``; a share has none."""
SHARE: Unit = {}
CASES: Unit = {"cases": 1}


class FormulaError(Exception):
    """A formula that cannot be used.

    Parameters
    ----------
    key : str
        ``fault-<key>`` says it.
    **values
        Fill its wording.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values


class Series(NamedTuple):
    """What is read, its unit, and its kind: a ``tally`` adds up over regions, others do not."""

    need: Need
    unit: Unit
    kind: str


def named(name: str) -> Series:
    """Return the series of a bare name; raises :class:`FormulaError` where there is none."""
    if name in MEASURES:
        return Series(Cases(name), CASES, "tally")
    match name:
        case "unclosed":
            return Series(Unclosed(), CASES, "tally")
        case "residents":
            return Series(Residents(), {"people": 1}, "tally")
    known = (*MEASURES, "unclosed", "residents", *_CALLS)
    raise FormulaError("formula-series", name=name, nearest=nearest(name, known))


def called(name: str, words: Sequence[str]) -> Series:
    """Return the series of a name with words in brackets; raises as :func:`named`."""
    if name not in _CALLS:
        raise FormulaError("formula-series", name=name, nearest=nearest(name, tuple(_CALLS)))
    if not words:
        raise FormulaError("formula-no-words", name=name)
    return _CALLS[name](*words)


def _known(word: str, known: Sequence[str]) -> str:
    if word not in known:
        raise FormulaError("formula-series", name=word, nearest=nearest(word, tuple(known)))
    return word


def _category(*words: str) -> Series:
    known = (*categories(), *major_categories())
    return Series(CasesOf("category", tuple(_known(word, known) for word in words)), CASES, "tally")


def _channel(*words: str) -> Series:
    keys = tuple(_known(word, tuple(channels())) for word in words)
    return Series(CasesOf("channel", keys), CASES, "tally")


def _severity(*words: str) -> Series:
    known = [str(int(one)) for one in severities()]
    return Series(CasesOf("severity", tuple(_known(word, known) for word in words)), CASES, "tally")


def _standing(*words: str) -> Series:
    (word,) = _exactly(1, "standing", words)
    _known(word, STANDINGS)
    (what,) = (one for one in STANDINGS if one == word)
    return Series(Standing(what), CASES, "tally")


def _sensors(*words: str) -> Series:
    *kinds, part = words
    if not kinds:
        raise FormulaError("formula-no-words", name="sensors")
    listed = tuple(_known(kind, tuple(sensor_kinds())) for kind in kinds)
    _known(part, SENSOR_PARTS)
    (what,) = (one for one in SENSOR_PARTS if one == part)
    return Series(Sensors(listed, what), {"places": 1}, "tally")


def _readings(part: str) -> Callable[..., Series]:
    def called(*words: str) -> Series:
        (word,) = _exactly(1, part, words)
        units = {kind.metric: kind.unit for kind in sensor_kinds().values()}
        metric = _known(word, tuple(units))
        match part:
            case "highest":
                return Series(Readings(metric, "high"), {units[metric]: 1}, "other")
            case "lowest":
                return Series(Readings(metric, "low"), {units[metric]: 1}, "other")
            case "total":
                return Series(Readings(metric, "total"), {units[metric]: 1, "readings": 1}, "other")
            case _:
                return Series(Readings(metric, "n"), {"readings": 1}, "other")

    return called


def _exactly(n: int, name: str, words: Sequence[str]) -> Sequence[str]:
    if len(words) != n:
        raise FormulaError("formula-no-words", name=name)
    return words


_CALLS: Mapping[str, Callable[..., Series]] = {
    "category": _category,
    "channel": _channel,
    "severity": _severity,
    "standing": _standing,
    "sensors": _sensors,
    "highest": _readings("highest"),
    "lowest": _readings("lowest"),
    "total": _readings("total"),
    "readings": _readings("readings"),
}
