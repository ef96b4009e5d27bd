"""The city file: one TOML that declares a city, so that another city needs no code.

See ``docs/city-file.md`` for every key with an example.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator

from geo_data.alarms.rules import (
    CityAlarms,
    Rule,
    rules_in_force,
)
from geo_data.case_clock import CaseClock, case_clock
from geo_data.city_faults import validated
from geo_data.duty_roster import DutyShift
from geo_data.evaluations import Evaluation, EvaluationFile
from geo_data.faults import Fault, InputError, nearest
from geo_data.intakes import Intake
from geo_data.levels import Level
from geo_data.own_indicators import OwnIndicator
from geo_data.records import FUNCTIONAL
from geo_data.report_rules import ReportRules
from geo_data.schedules import Schedule
from geo_data.sources import Basemap as Basemap
from geo_data.sources import Entry, Limits, Source, wrong
from geo_data.time_limits import LimitTable, default_limits
from geo_data.words import Label
from geo_data.working_calendar import WorkingCalendar, with_days

Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Weight = Annotated[float, Field(ge=0, le=1)]


class City(Entry):
    """A city as its file declares it.

    Parameters
    ----------
    code, name
        Code and name of the root region.
    bbox : tuple of float
        ``(west, south, east, north)`` in degrees.
    metric_crs : str
        Where lengths and areas are measured.
    levels : tuple of Level
        The drill chain, coarsest first, at least two.
    intakes : tuple of Intake
        The systems that tell it of cases and readings.
    exports : tuple of Schedule
        Files that are made every day at a time.
    limits : Limits
        How much an import takes before it says no.
    calendar : WorkingCalendar
        When it works.
    time_limits : LimitTable, optional
        How long handling may take; in the file the table itself or the name of its file. The
        program's own table unless said.
    alarms : CityAlarms
        Its rules beside the program's.
    satisfaction : tuple of float
        What an answer counts in the citizens' satisfaction: satisfied, fairly, neither, not.
    indicators : tuple of OwnIndicator
        Those that it declares beside the program's.
    duty : tuple of DutyShift
        Its duty roster.
    reports : ReportRules
        Its own templates of reports, and what stands on their head.
    evaluations : tuple of Evaluation
        How it evaluates its units; in the file the tables or the name of their file. The
        program's own unless said.
    assessment_month : int
        Month with which the assessment year (考核年度) begins.
    height_datum : Label
        What heights refer to; printed on situation maps.
    notice : Label, optional
        A sentence shown on the map wherever it is shown (the demo city's warning).
    demo : bool
        Whether the city was made by us; decides that the simulator may run.
    """

    code: str
    name: Label
    bbox: tuple[Lon, Lat, Lon, Lat]
    metric_crs: str
    timezone: str = "Asia/Shanghai"
    languages: tuple[Literal["zh-CN", "en"], ...] = ("zh-CN", "en")
    levels: Annotated[tuple[Level, ...], Field(min_length=2)]
    sources: tuple[Source, ...] = ()
    intakes: tuple[Intake, ...] = ()
    exports: tuple[Schedule, ...] = ()
    limits: Limits = Limits()
    calendar: WorkingCalendar = WorkingCalendar()
    time_limits: LimitTable | None = None
    alarms: CityAlarms = CityAlarms()
    satisfaction: tuple[Weight, Weight, Weight, Weight] = (1.0, 0.8, 0.6, 0.0)
    indicators: tuple[OwnIndicator, ...] = ()
    duty: tuple[DutyShift, ...] = ()
    reports: ReportRules = ReportRules()
    evaluations: tuple[Evaluation, ...] = ()
    assessment_month: Annotated[int, Field(ge=1, le=12)] = 1
    basemap: Basemap | None = None
    notice: Label | None = None
    height_datum: Label = Label(zh="1985国家高程基准", en="1985 National Height Datum (China)")
    demo: bool = False
    settings: dict[str, str | int | float | bool] = Field(default_factory=dict)
    folder: Path = Field(default=Path(), exclude=True)

    @field_validator("bbox")
    @classmethod
    def _bbox_in_order(
        cls, bbox: tuple[float, float, float, float]
    ) -> tuple[float, float, float, float]:
        west, south, east, north = bbox
        if west >= east or south >= north:
            raise wrong("bbox-order")
        return bbox

    @field_validator("metric_crs")
    @classmethod
    def _metric_crs_known(cls, crs: str) -> str:
        from pyproj import CRS
        from pyproj.exceptions import CRSError

        try:
            known = CRS.from_user_input(crs)
        except CRSError as error:
            raise wrong("unknown-metric-crs", crs=crs) from error
        if not known.is_projected:
            raise wrong("not-metric", crs=crs)
        return crs

    @field_validator("timezone")
    @classmethod
    def _timezone_known(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except Exception as error:
            near = nearest(timezone, frozenset(available_timezones()))
            raise wrong("unknown-timezone", timezone=timezone, nearest=near) from error
        return timezone

    @model_validator(mode="after")
    def _sources_fit_levels(self) -> City:
        keys = [level.key for level in self.levels]
        if len(set(keys)) != len(keys):
            raise wrong("levels-alike")
        for source in self.sources:
            if source.layer == "regions" and source.level not in [*keys, FUNCTIONAL]:
                near = nearest(source.level or "", keys)
                raise wrong("unknown-level", file=source.origin, key=source.level, nearest=near)
        return self

    @model_validator(mode="after")
    def _intakes_differ(self) -> City:
        declared: dict[str, Sequence[Intake | Schedule | Evaluation]] = {
            **{"intakes-alike": self.intakes, "exports-alike": self.exports},
            "evaluations-alike": self.evaluations,
        }
        for key, named in declared.items():
            keys = [one.key for one in named]
            if len(set(keys)) != len(keys):
                raise wrong(key)
        return self

    @cached_property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.timezone)

    @cached_property
    def case_clock(self) -> CaseClock:
        """The clock of its cases: its calendar and its time limits."""
        return case_clock(self.calendar, self.time_limits or default_limits(), self.timezone)

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by which alarms are raised here, by key."""
        return rules_in_force(self.alarms)

    @cached_property
    def level_keys(self) -> tuple[str, ...]:
        """Level keys, coarsest first."""
        return tuple(level.key for level in self.levels)

    @property
    def root_level(self) -> str:
        """Key of the coarsest level."""
        return self.level_keys[0]

    @property
    def finest_level(self) -> str:
        """Key of the finest level."""
        return self.level_keys[-1]

    def level(self, key: str) -> Level:
        """Return the level called ``key``."""
        return self.levels[self.level_keys.index(key)]

    def child_level(self, key: str) -> str | None:
        """Key of the level below ``key``; ``None`` below the finest and for functional areas."""
        if key not in self.level_keys:
            return None
        below = self.level_keys.index(key) + 1
        return self.level_keys[below] if below < len(self.level_keys) else None


def read_city(path: Path) -> City:
    """Read a city file.

    Parameters
    ----------
    path : Path
        A TOML file; the files it names are relative to its folder.

    Raises
    ------
    InputError
        No file, no TOML, an unknown key (the nearest known one is named), a value of the wrong
        form: all faults of the file at once.
    """
    table = _read_table(path)
    named = table.get("time-limits")
    if isinstance(named, str):
        table["time-limits"] = _limits_of(path.parent / named)
    evaluated = table.get("evaluations")
    if isinstance(evaluated, str):
        table["evaluations"] = _evaluations_of(path.parent / evaluated)
    city = validated(City, table, path)
    basemap = city.basemap
    if basemap and basemap.file:
        # The store keeps the city but not the folder of its file.
        basemap = basemap.model_copy(update={"file": (path.parent / basemap.file).resolve()})
    calendar = with_days(city.calendar, path.parent)
    update = {"folder": path.parent, "basemap": basemap, "calendar": calendar}
    return city.model_copy(update={**update, **_with_folders(city, path.parent)})


def _with_folders(city: City, folder: Path) -> dict[str, object]:
    """Return the parts of a city whose paths are relative to its file, made whole."""
    return {
        "intakes": tuple(one.from_folder(folder) for one in city.intakes),
        "exports": tuple(one.from_folder(folder) for one in city.exports),
        "reports": city.reports.from_folder(folder),
    }


def files_of_cases(path: Path) -> list[Path]:
    """Return the files that a readable city file names for its cases and evaluations."""
    table = _read_table(path)
    named = [table.get("time-limits"), table.get("calendar", {}).get("days")]
    named.append(table.get("evaluations"))
    return [path.parent / name for name in named if isinstance(name, str)]


def _limits_of(path: Path) -> LimitTable:
    return validated(LimitTable, _read_table(path), path, within=("time-limits",))


def _evaluations_of(path: Path) -> tuple[Evaluation, ...]:
    return validated(EvaluationFile, _read_table(path), path).evaluations


def _read_table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(Fault("no-file", file=str(path))) from error
    except UnicodeDecodeError as error:
        raise InputError(Fault("not-utf8", file=str(path))) from error
    except tomllib.TOMLDecodeError as error:
        fault = Fault("not-toml", file=str(path), values={"error": str(error)})
        raise InputError(fault) from error
