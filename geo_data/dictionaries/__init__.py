"""The replaceable dictionaries of a city: channels, categories, stages, kinds.

Each is a TOML file beside this module that says its ``source`` and ``version``; a value that no
standard names is marked unverified there. Reading is cached: a dictionary does not change while
the process runs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from geo_data.ladders import ResponseLevel, WarningLevel
from geo_data.records import SensorState, Severity, Stage
from geo_data.sources import Entry
from geo_data.words import DEFAULT_LANGUAGE, Label

FOLDER = Path(__file__).parent
NAMES = (
    "channels",
    "categories",
    "stages",
    "severities",
    "warnings",
    "responses",
    "sensor-kinds",
    "place-kinds",
)

YES_NO = "0/1"
"""Unit of what only says whether: its state is the reading, the number says nothing more."""


class Term(Entry):
    """One word of a dictionary with its wording.

    Parameters
    ----------
    key : str
        What rows store.
    name : Label
        What people read.
    """

    key: Annotated[str, Field(min_length=1)]
    name: Label

    def label(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return the wording for ``language``."""
        return self.name(language)


class Channel(Term):
    """How a case was found; ``proactive`` is what 主动发现率 counts."""

    group: Term
    proactive: bool = False


class Category(Term):
    """A minor class of cases; ``key`` is major + minor, four digits."""

    major: Term

    @property
    def code(self) -> str:
        """The four digits."""
        return self.key


class Threshold(Entry):
    """A limit and on which side of it is bad."""

    when: Literal[">", ">=", "<", "<="]
    value: float

    def beyond(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which of ``values`` are on the bad side."""
        compare = {
            ">": np.greater,
            ">=": np.greater_equal,
            "<": np.less,
            "<=": np.less_equal,
        }[self.when]
        beyond: npt.NDArray[np.bool_] = compare(values, self.value)
        return beyond


class SensorKind(Term):
    """What a kind of sensor measures and when its value is a warning or an alarm.

    Parameters
    ----------
    metric : str
        Key of the measured quantity; no two kinds share one, so that it may be averaged.
    unit : str
        Of the value.
    period_s : int
        How often it should report.
    plausible : tuple of float
        Values outside ``[low, high]`` are refused as a broken instrument's.
    warning, alarm : Threshold, optional
        Alarm wins.
    basis : Label
        Where the thresholds come from; says "unverified" where nobody confirmed them.
    icon : str
        Name of the drawing.
    """

    metric: str
    unit: str
    period_s: Annotated[int, Field(gt=0)]
    plausible: tuple[float, float]
    warning: Threshold | None = None
    alarm: Threshold | None = None
    basis: Label
    icon: str

    @property
    def kind(self) -> str:
        """Same as ``key``: what a sensor row stores."""
        return self.key

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> SensorKind:
        low, high = self.plausible
        if low >= high:
            raise ValueError("plausible: low must be less than high")
        for threshold in (self.warning, self.alarm):
            if threshold and not low <= threshold.value <= high:
                raise ValueError("a threshold must be plausible itself")
        if self.warning and self.alarm:
            alarm_value = np.array([self.alarm.value])
            same_side = self.warning.when[0] == self.alarm.when[0]
            if not same_side or not self.warning.beyond(alarm_value)[0]:
                raise ValueError("the alarm must lie beyond the warning")
        return self

    def judge(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
        """State of each value as :class:`SensorState` numbers, same shape as ``values``."""
        states = np.full(values.shape, SensorState.NORMAL, dtype=np.uint8)
        if self.warning:
            states[self.warning.beyond(values)] = SensorState.WARNING
        if self.alarm:
            states[self.alarm.beyond(values)] = SensorState.ALARM
        return states

    def is_plausible(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which of ``values`` a working instrument could have measured; NaN is not one."""
        low, high = self.plausible
        return (values >= low) & (values <= high)


class Edition(Entry):
    """Where a dictionary comes from."""

    source: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]


@cache
def _table(name: str) -> dict[str, object]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _mapping(name: str, key: str) -> dict[str, object]:
    rows = _table(name)[key]
    if not isinstance(rows, dict):
        raise TypeError(f"{name}: {key} is not a table")
    return rows


def _rows(name: str, key: str) -> list[dict[str, object]]:
    rows = _table(name)[key]
    if not isinstance(rows, list):
        raise TypeError(f"{name}: {key} is not a list of tables")
    return rows


def _terms(name: str, key: str) -> dict[str, Term]:
    return {
        term: Term.model_validate({"key": term, "name": label})
        for term, label in _mapping(name, key).items()
    }


@cache
def edition(name: str) -> Edition:
    """Source and version of the dictionary called ``name`` (one of :data:`NAMES`)."""
    table = _table(name)
    return Edition.model_validate({key: table[key] for key in Edition.model_fields if key in table})


@cache
def channel_groups() -> Mapping[str, Term]:
    """Group key to group, in the order of the file."""
    return MappingProxyType(_terms("channels", "groups"))


@cache
def channels() -> Mapping[str, Channel]:
    """Channel key to channel, in the order of the file."""
    groups = channel_groups()
    listed = [
        Channel.model_validate(row | {"group": groups[str(row["group"])]})
        for row in _rows("channels", "channels")
    ]
    return MappingProxyType({channel.key: channel for channel in listed})


@cache
def major_categories() -> Mapping[str, Term]:
    """Two digits to major class."""
    return MappingProxyType(_terms("categories", "majors"))


@cache
def categories() -> Mapping[str, Category]:
    """Four digits to minor class, in the order of the file."""
    majors = major_categories()
    return MappingProxyType(
        {
            code: Category(key=code, name=Label.model_validate(label), major=majors[code[:2]])
            for code, label in _mapping("categories", "minors").items()
        }
    )


@cache
def stages() -> Mapping[Stage, Term]:
    """Every stage, main line first."""
    terms = _terms("stages", "stages")
    return MappingProxyType({Stage(key): term for key, term in terms.items()})


@cache
def severities() -> Mapping[Severity, Term]:
    """Every severity, worst first."""
    terms = _terms("severities", "severities")
    return MappingProxyType({Severity(int(key)): term for key, term in terms.items()})


@cache
def warnings() -> Mapping[WarningLevel, Term]:
    """Every warning level, highest first."""
    terms = _terms("warnings", "warnings")
    return MappingProxyType({WarningLevel(int(key)): term for key, term in terms.items()})


@cache
def responses() -> Mapping[ResponseLevel, Term]:
    """Every response level, highest first."""
    terms = _terms("responses", "responses")
    return MappingProxyType({ResponseLevel(int(key)): term for key, term in terms.items()})


@cache
def sensor_kinds() -> Mapping[str, SensorKind]:
    """Kind key to kind, in the order of the file."""
    listed = [
        SensorKind.model_validate({("key" if name == "kind" else name): row[name] for name in row})
        for row in _rows("sensor-kinds", "kinds")
    ]
    return MappingProxyType({kind.key: kind for kind in listed})


@cache
def place_kinds() -> Mapping[str, Term]:
    """Kind key to wording, in the order of the file."""
    return MappingProxyType(_terms("place-kinds", "kinds"))


def channel(key: str) -> Channel:
    """Return the channel called ``key``; ``KeyError`` if there is none."""
    return channels()[key]


def category(code: str) -> Category:
    """Return the category with the four digits ``code``; ``KeyError`` if there is none."""
    return categories()[code]


def stage(key: Stage | str) -> Term:
    """Return the wording of a stage."""
    return stages()[Stage(key)]


def severity(value: Severity | int) -> Term:
    """Return the wording of a severity."""
    return severities()[Severity(value)]


def warning(level: WarningLevel) -> Term:
    """Return the wording of a warning level."""
    return warnings()[level]


def sensor_kind(kind: str) -> SensorKind:
    """Return the sensor kind called ``kind``; ``KeyError`` if there is none."""
    return sensor_kinds()[kind]


def place_kind(kind: str) -> Term:
    """Return the wording of a place kind; one not listed is shown by its key."""
    listed = place_kinds().get(kind)
    return listed or Term(key=kind, name=Label(zh=kind, en=kind))


def word(name: str, key: str, language: str = DEFAULT_LANGUAGE) -> str:
    """Return the wording of ``key`` in a dictionary; one that is not listed is shown as it is.

    Rows outlive dictionaries: what a newer program, or an older list, wrote must still be shown.
    """
    term = dictionary(name).get(key)
    return term.label(language) if term else key


def dictionary(name: str) -> Mapping[str, Term]:
    """Return a whole dictionary of wordings by its name, keys as rows store them.

    Raises
    ------
    KeyError
        Not one of :data:`NAMES`.
    """
    if name == "stages":
        return {str(key): term for key, term in stages().items()}
    ladders: dict[str, Mapping[Any, Term]] = {
        "severities": severities(),
        "warnings": warnings(),
        "responses": responses(),
    }
    if name in ladders:
        return {str(int(key)): term for key, term in ladders[name].items()}
    whole: dict[str, Mapping[str, Term]] = {
        "channels": channels(),
        "categories": categories(),
        "sensor-kinds": sensor_kinds(),
        "place-kinds": place_kinds(),
    }
    return whole[name]
