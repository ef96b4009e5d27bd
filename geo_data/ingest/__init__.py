"""The ordinary way in: messages are parsed, then applied in one transaction."""

from geo_data.ingest.apply import Outcome, apply
from geo_data.ingest.parse import parse_incident, parse_reading, parse_stage
from geo_data.ingest.reports import IncidentReport, Reading, Report, StageReport

__all__ = [
    "IncidentReport",
    "Outcome",
    "Reading",
    "Report",
    "StageReport",
    "apply",
    "parse_incident",
    "parse_reading",
    "parse_stage",
]
