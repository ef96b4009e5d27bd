"""Marks: colour never alone, always with a shape or a word."""

from __future__ import annotations

from typing import Any

from dashboard.context import Look
from dashboard.widgets.markup import html
from geo_data.case_stages import ENDED
from geo_data.dictionaries import warning
from geo_data.ladders import WarningLevel
from geo_data.records import Incident, Sensor, SensorState, Severity, Stage

STATE_CLASSES = {
    SensorState.NORMAL: "normal",
    SensorState.WARNING: "warning",
    SensorState.ALARM: "alarm",
    SensorState.OFFLINE: "offline",
}


def severity_mark(severity: Severity) -> Any:
    """Return the shape of a severity: bigger and more pointed as it gets worse."""
    return html.Span(className=f"mark severity severity-{int(severity)}")


def level_mark(level: WarningLevel) -> Any:
    """Return the shape of a warning level: bigger and more pointed as it gets higher."""
    return html.Span(className=f"mark level level-{int(level)}")


def level_word(look: Look, level: WarningLevel) -> str:
    """Say a warning level: its colour, which never stands alone."""
    return look.say("alarm-level", colour=warning(level).label(look.language))


def state_mark(state: SensorState) -> Any:
    """Return the shape of a sensor's state."""
    return html.Span(className=f"mark state state-{STATE_CLASSES[state]}")


def state_word(look: Look, sensor: Sensor) -> str:
    """Say a sensor's state."""
    return look.say(f"state-{STATE_CLASSES[sensor.state]}")


def status_mark(status: str) -> Any:
    """Return the shape of a threshold status: as in ``indicators``, or ``missing``."""
    return html.Span(className=f"mark status status-{status}")


def stage_tag(look: Look, incident: Incident) -> Any:
    """Return the stage of a case: filled while it is worked on, hollow before, dim when ended."""
    if incident.stage in ENDED:
        fill = "ended"
    elif incident.stage in (Stage.FOUND, Stage.ACCEPTED, Stage.FILED):
        fill = "waiting"
    else:
        fill = "working"
    return html.Span(stage_word(look, incident.stage), className=f"stage stage-{fill}")


def stage_word(look: Look, stage: Stage) -> str:
    """Say a stage."""
    from geo_data.dictionaries import stage as stage_of

    return stage_of(stage).label(look.language)
