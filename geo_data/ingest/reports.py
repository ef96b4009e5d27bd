"""What sources tell us: cases, steps of cases, readings of sensors; already checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from geo_data.records import Severity, Stage


@dataclass(frozen=True, slots=True)
class StageReport:
    """One step of a case, known by its source's own number.

    Parameters
    ----------
    source, source_id : str
        Of the case.
    stage : Stage
        The step.
    happened_at : datetime
        Aware.
    actor, note : str, optional
        Who did it, and what they wrote.
    """

    source: str
    source_id: str
    stage: Stage
    happened_at: datetime
    actor: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """A case as its source tells it; the same ``source, source_id`` again is the same case.

    Parameters
    ----------
    source, source_id : str
        Which system, and its own number of the case.
    code : str
        The number people quote.
    title : str
        One line.
    channel, category : str
        Keys of the dictionaries.
    severity : Severity
        1 is the worst.
    happened_at, reported_at : datetime
        Aware. A source that corrects a case sends a later ``reported_at``.
    lon, lat : float, optional
        Degrees, EPSG:4326; both or neither.
    region_code, place_code : str, optional
        Where there is no position, or the place the position means.
    address : str, optional
        As people wrote it.
    stages : tuple of StageReport
        Steps known already; those that come alone later count the same.
    """

    source: str
    source_id: str
    code: str
    title: str
    channel: str
    category: str
    severity: Severity
    happened_at: datetime
    reported_at: datetime
    lon: float | None = None
    lat: float | None = None
    region_code: str | None = None
    place_code: str | None = None
    address: str | None = None
    stages: tuple[StageReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sensor measured, in the unit of its kind."""

    sensor_code: str
    value: float
    observed_at: datetime


Report = IncidentReport | StageReport | Reading
