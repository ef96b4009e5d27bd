"""What is wrong with a table that a file declares: where, and which key is meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from geo_data.alarms.conditions import Condition
from geo_data.alarms.rules import CityAlarms, Escalation, Opening, Rule, RuleSet
from geo_data.duty_roster import DutyShift
from geo_data.evaluations import part_of
from geo_data.faults import Fault, InputError, nearest
from geo_data.intakes import Intake
from geo_data.levels import Level, Unit
from geo_data.own_indicators import OwnIndicator
from geo_data.report_rules import ReportRules
from geo_data.schedules import Schedule
from geo_data.sources import Basemap, Limits, Source
from geo_data.time_limits import DueSoon, Limit, LimitRow, LimitTable
from geo_data.ways_in import Folder, ForeignTable, Mqtt
from geo_data.words import Label
from geo_data.working_calendar import WorkingCalendar

Declared = TypeVar("Declared", bound=BaseModel)


def validated(
    model: type[Declared], table: dict[str, Any], path: Path, within: tuple[str, ...] = ()
) -> Declared:
    """Return what a file declares.

    Parameters
    ----------
    model : type
        What it declares: a city, or a part of one that has a file of its own.
    table : dict
        As it was read.
    path : Path
        Of the file.
    within : tuple of str
        Where in a city file its keys would stand.

    Raises
    ------
    InputError
        All that is wrong with it, each with its place and the nearest key that is known.
    """
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise InputError(*_faults(error, model, path, within)) from error


def _faults(
    error: ValidationError, model: type[BaseModel], path: Path, within: tuple[str, ...]
) -> Iterator[Fault]:
    problems = error.errors()
    places = [problem["loc"] for problem in problems]
    inside = {place[:n] for place in places for n in range(1, len(place))}
    for problem in problems:
        # A list counts as too short only because an entry of it is wrong, which is told already.
        if problem["type"] != "too_short" or problem["loc"] not in inside:
            yield _fault(problem, model, str(path), within)


def _fault(
    problem: ErrorDetails, model: type[BaseModel], file: str, within: tuple[str, ...]
) -> Fault:
    """Return one of Pydantic's errors as a sentence that says what to do."""
    place = problem["loc"]
    where = ".".join(
        str(part + 1) if isinstance(part, int) else part.replace("_", "-") for part in place
    )
    if problem["type"] == "fault":
        said = problem["ctx"]
        return Fault(said["fault"], file=file, field=where or None, values=said["values"])
    if problem["type"] == "extra_forbidden":
        key = str(place[-1])
        near = nearest(key, _keys_beside((*within, *place), model))
        values: dict[str, object] = {"key": key, "nearest": near}
        return Fault("unknown-key", file=file, field=where, values=values)
    if problem["type"] == "missing":
        return Fault("missing-key", file=file, field=where, values={"key": str(place[-1])})
    values = {"error": problem["msg"].removeprefix("Value error, ")}
    return Fault("bad-value", file=file, field=where or None, values=values)


def _keys_beside(place: tuple[int | str, ...], whole: type[BaseModel]) -> frozenset[str]:
    """Return the keys a table may have: those of the part of the file ``place`` is in."""
    if len(place) > 2 and place[-2] == "unit":
        return frozenset(Unit.model_fields)
    if len(place) > 2 and place[0] == "time-limits":
        deeper: dict[str, type[BaseModel]] = {
            **{"due-soon": DueSoon, "limits": LimitRow},
            **{"sign": Limit, "contact": Limit},
        }
        return _aliases(deeper.get(str(place[1]), LimitTable))
    if place[0] == "alarms":
        return _aliases(_part_of_alarms(place))
    if place[0] == "evaluations" and len(place) > 1:
        return _aliases(part_of(place))
    parts: dict[str, type[BaseModel]] = {
        "calendar": WorkingCalendar,
        "time-limits": LimitTable,
        "levels": Level,
        "sources": Source,
        "intakes": Intake,
        "exports": Schedule,
        "indicators": OwnIndicator,
        "duty": DutyShift,
        "reports": ReportRules,
        "basemap": Basemap,
        "limits": Limits,
    }
    ways: dict[object, type[BaseModel]] = {"mqtt": Mqtt, "table": ForeignTable, "folder": Folder}
    if place[0] == "intakes" and len(place) > 3 and place[2] in ways:
        return _aliases(ways[place[2]])
    labels = {"name", "notice", "height-datum", "formula-text", "basis"}
    if len(place) > 1 and place[-2] in labels:
        return frozenset(Label.model_fields)
    return _aliases(parts.get(str(place[0]), whole) if len(place) > 1 else whole)


def _part_of_alarms(place: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the part of ``[alarms]`` that the last key of ``place`` stands in."""
    parts: dict[str, type[BaseModel]] = {
        "sets": RuleSet,
        "rules": Rule,
        "any-of": Condition,
        "escalate": Escalation,
        "opens-incident": Opening,
        "name": Label,
        "to": Label,
    }
    named = [str(part) for part in place[:-1] if str(part) in parts]
    return parts[named[-1]] if named else CityAlarms


def _aliases(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        info.alias or name for name, info in model.model_fields.items() if not info.exclude
    )
