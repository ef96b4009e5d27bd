"""The right margin: incidents, alarms, sensors and objects of the region in view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from dash import html as dash_html
from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import Look
from dashboard.panels import sensor_table
from dashboard.view import TABS
from dashboard.widgets.case_clock import due_mark
from dashboard.widgets.marks import severity_mark, stage_tag, state_mark, state_word
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import number, reading, write_count, write_span, write_time
from geo_data import queries
from geo_data.dictionaries import place_kind, sensor_kind, word
from geo_data.records import Incident, Sensor, SensorState

LIST_LENGTH = 40


class Ids(StrEnum):
    """Ids of this panel."""

    TABS = "list-tabs"
    LIST = "live-list"


LOUD = (SensorState.WARNING, SensorState.ALARM)


def layout(look: Look) -> Component:
    """Return the panel as it stands before the first answer."""
    return dash_html.Section(
        [shell.place(Ids.TABS, "tabs", role="navigation"), shell.place(Ids.LIST, "live-list")],
        className="lists",
        **shell.dashed(aria_label=look.say("live-lists")),
    )


def sensors_here(look: Look) -> list[Sensor]:
    """Sensors of the region in view, with their state now."""
    return queries.sensors(look.store, look.scope, look.region.code, look.at)


def tabs(look: Look) -> list[Any]:
    """Return the tabs with how much is behind each."""
    counts = {
        "incidents": reported_count(look),
        "alarms": loud_count(look),
        "sensors": int(_states(look).sum()),
        "objects": sum(queries.place_counts(look.store, look.scope, look.region.code).values()),
    }
    return [
        html.A(
            [look.say(f"tab-{tab}"), html.Span(write_count(look, counts[tab]), className="count")],
            href=look.href(replace(look.view, tab=tab)),
            className="tab on" if tab == look.view.tab else "tab",
        )
        for tab in TABS
    ]


def rows(look: Look) -> list[Any]:
    """Return the rows of the tab in view."""
    if look.view.tab == "alarms":
        loud = alarms(sensors_here(look))
        found = [sensor_row(look, sensor) for sensor in loud[:LIST_LENGTH]]
        empty = look.say("no-alarms")
    elif look.view.tab == "sensors":
        return sensor_table.table(look)
    elif look.view.tab == "objects":
        return object_kinds(look)
    else:
        found = [incident_row(look, incident) for incident in newest(look, LIST_LENGTH)]
        empty = look.say("no-incidents")
    return found or [html.P(empty, className="calm")]


def newest(look: Look, limit: int) -> list[Incident]:
    """Incidents of the region and window in view, newest first."""
    return queries.incidents(
        look.store, look.scope, look.region.code, look.window, look.at, limit=limit
    )


def loud_count(look: Look) -> int:
    """Count the sensors of the region in view that are in warning or alarm."""
    return int(_states(look)[list(LOUD)].sum())


def _states(look: Look) -> Any:
    return queries.sensor_state_counts(look.store, look.scope, look.region.code, look.at)


def reported_count(look: Look) -> int:
    """Count the cases that were reported in the region and window: what the list holds."""
    return queries.incident_count(look.store, look.scope, look.region.code, look.window, look.at)


def open_count(look: Look) -> int:
    """Count the cases of the region that are open now, however old."""
    return queries.incident_count(
        look.store, look.scope, look.region.code, look.window, look.at, open_only=True
    )


def alarms(sensors: Sequence[Sensor]) -> list[Sensor]:
    """Sensors in warning or alarm, the worst and newest first."""
    loud = [s for s in sensors if s.state in LOUD]
    return sorted(
        loud, key=lambda s: (-int(s.state), -(s.observed_at.timestamp() if s.observed_at else 0))
    )


def incident_row(look: Look, incident: Incident) -> Any:
    """Return one incident: severity, title and stage; channel, place and how long ago."""
    age = write_span(look, look.at - incident.reported_at)
    second = [
        html.Span(word("channels", incident.channel, look.language)),
        html.Span(region_name(look, incident.region_code)),
        html.Span(look.say("ago", span=age), className="when"),
    ]
    if mark := due_mark(look, incident):
        second[2] = mark
    chosen = look.view.selected and str(look.view.selected) == f"incident:{incident.id}"
    return html.A(
        [
            severity_mark(incident.severity),
            html.Span(
                [html.Span(title(look, incident), className="name"), stage_tag(look, incident)],
                className="first",
            ),
            html.Span(second, className="second"),
        ],
        href=look.to_object("incident", str(incident.id)),
        className="entry incident on" if chosen else "entry incident",
        key=f"incident-{incident.id}",
    )


def title(look: Look, incident: Incident) -> str:
    """Return the title people gave the case; in English the category, which we can translate."""
    if look.language == "zh-CN" and incident.title:
        return incident.title
    return word("categories", incident.category, look.language)


def sensor_row(look: Look, sensor: Sensor) -> Any:
    """Return one sensor: state, name and reading; kind, place and when it reported."""
    return html.A(
        [
            state_mark(sensor.state),
            html.Span(
                [
                    html.Span(sensor.name, className="name"),
                    reading(sensor.value, sensor.unit),
                ],
                className="first",
            ),
            html.Span(
                [
                    html.Span(sensor_kind(sensor.kind).label(look.language)),
                    html.Span(state_word(look, sensor)),
                    html.Span(write_time(look, sensor.observed_at), className="when"),
                ],
                className="second",
            ),
        ],
        href=look.to_object("sensor", sensor.code),
        className="entry sensor",
        key=f"sensor-{sensor.code}",
    )


def object_kinds(look: Look) -> list[Any]:
    """Return how many objects of each kind stand in the region."""
    counts = queries.place_counts(look.store, look.scope, look.region.code)
    most = max(counts.values(), default=1)
    return [
        html.Div(
            [
                html.Span(place_kind(kind).label(look.language), className="name"),
                html.Span(className="bar", style={"--share": f"{(n / most) ** 0.5:.3f}"}),
                number(float(n), ""),
            ],
            className="rank",
        )
        for kind, n in sorted(counts.items(), key=lambda pair: -pair[1])
    ] or [html.P(look.say("nothing-here"), className="calm")]


def region_name(look: Look, code: str | None) -> str:
    """Return the names from below the region in view down to ``code``."""
    if code is None or look.tree.get(code) is None:
        return look.say("outside-city")
    chain = look.tree.ancestors(code)
    below = [
        region.name for region in chain if not look.tree.contains(region.code, look.region.code)
    ]
    return " ".join(below[-2:]) or chain[-1].name


SHEETS = (shell.Sheet(Ids.TABS, tabs, shell.LIVE), shell.Sheet(Ids.LIST, rows, shell.LIVE))
