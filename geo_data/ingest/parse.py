"""Messages of sources -> reports, or a list of everything that is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime

from geo_data.dictionaries import categories, channels, stages
from geo_data.ingest.fields import Fields
from geo_data.ingest.reports import IncidentReport, Reading, StageReport
from geo_data.records import Severity, Stage

Message = Mapping[str, object]

INCIDENT_FIELDS = tuple(field.name for field in fields(IncidentReport))
STAGE_FIELDS = tuple(field.name for field in fields(StageReport))
OWN_STAGE_FIELDS = tuple(name for name in STAGE_FIELDS if not name.startswith("source"))
READING_FIELDS = tuple(field.name for field in fields(Reading))
LONG_TEXT = 2000


def parse_incident(
    message: Message, received_at: datetime, row: int | None = None
) -> IncidentReport:
    """Return the case that ``message`` tells of.

    Parameters
    ----------
    message : Mapping
        The fields of :class:`IncidentReport`; ``stages`` is a list of objects with ``stage``,
        ``happened_at`` and optionally ``actor``, ``note``. ``code`` is ``source_id`` if absent.
    received_at : datetime
        When it came, aware.
    row : int, optional
        Which message of a batch.

    Raises
    ------
    InputError
        Every fault of the message: unknown or missing fields, wrong types, keys in no
        dictionary, naive or future times, numbers that are no position.
    """
    given = Fields(message, INCIDENT_FIELDS, received_at, row)
    source, source_id = given.text("source"), given.text("source_id")
    lon, lat = _position(given)
    report = IncidentReport(
        source=source,
        source_id=source_id,
        code=given.optional_text("code") or source_id,
        title=given.text("title", LONG_TEXT),
        channel=given.term("channel", channels()),
        category=given.term("category", categories()),
        severity=_severity(given),
        happened_at=given.time("happened_at"),
        reported_at=given.time("reported_at"),
        lon=lon,
        lat=lat,
        region_code=given.optional_text("region_code"),
        place_code=given.optional_text("place_code"),
        address=given.optional_text("address", LONG_TEXT),
        stages=_own_stages(given, source, source_id, received_at, row),
    )
    given.check()
    return report


def parse_stage(message: Message, received_at: datetime, row: int | None = None) -> StageReport:
    """Return the step of a case that ``message`` tells of; raises like :func:`parse_incident`."""
    given = Fields(message, STAGE_FIELDS, received_at, row)
    report = _stage(given, given.text("source"), given.text("source_id"))
    given.check()
    return report


def parse_reading(message: Message, received_at: datetime, row: int | None = None) -> Reading:
    """Return the reading that ``message`` tells of; raises like :func:`parse_incident`.

    Whether the sensor exists and could have measured that is known only to the store.
    """
    given = Fields(message, READING_FIELDS, received_at, row)
    report = Reading(
        sensor_code=given.text("sensor_code"),
        value=given.number("value"),
        observed_at=given.time("observed_at"),
    )
    given.check()
    return report


def _stage(given: Fields, source: str, source_id: str) -> StageReport:
    key = given.term("stage", stages())
    return StageReport(
        source=source,
        source_id=source_id,
        stage=Stage(key) if key in stages() else Stage.FOUND,
        happened_at=given.time("happened_at"),
        actor=given.optional_text("actor"),
        note=given.optional_text("note", LONG_TEXT),
    )


def _own_stages(
    given: Fields, source: str, source_id: str, received_at: datetime, row: int | None
) -> tuple[StageReport, ...]:
    if not given.has("stages"):
        return ()
    listed = given.value("stages")
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        given.refuse("not-list", "stages")
        return ()
    reports = []
    for number, message in enumerate(listed):
        where = f"stages[{number}]"
        if not isinstance(message, Mapping):
            given.refuse("not-object", where)
            continue
        own = Fields(message, OWN_STAGE_FIELDS, received_at, row)
        reports.append(_stage(own, source, source_id))
        for fault in own.faults:
            given.refuse(fault.key, f"{where}.{fault.field}", **fault.values)
    return tuple(reports)


def _position(given: Fields) -> tuple[float | None, float | None]:
    has_lon, has_lat = given.has("lon"), given.has("lat")
    if not has_lon and not has_lat:
        return None, None
    if has_lon != has_lat:
        missing = "lat" if has_lon else "lon"
        given.refuse("half-a-position", missing, key=missing)
        return None, None
    return given.number("lon", -180, 180), given.number("lat", -90, 90)


def _severity(given: Fields) -> Severity:
    value = given.value("severity")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        given.refuse("not-whole", "severity")
        return Severity.GENERAL
    if value is None:
        return Severity.GENERAL
    try:
        return Severity(value)
    except ValueError:
        given.refuse("out-of-range", "severity", low=1, high=4)
        return Severity.GENERAL
