"""The right margin: incidents, alarms, sensors and objects of the region in view."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

from dash import html as dash_html
from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import Look
from dashboard.panels import alarm_board, case_list, sensor_table
from dashboard.view import TABS
from dashboard.widgets.marks import state_mark, state_word
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import number, reading, write_count, write_time
from geo_data import queries
from geo_data.dictionaries import place_kind, sensor_kind
from geo_data.records import Sensor


class Ids(StrEnum):
    """Ids of this panel."""

    TABS = "list-tabs"
    LIST = "live-list"


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
        "incidents": case_list.count(look),
        "alarms": alarm_board.count(look),
        "sensors": int(_states(look).sum()),
        "objects": sum(queries.place_counts(look.store, look.scope, look.region.code).values()),
    }
    return [
        html.A(
            [look.say(f"tab-{tab}"), html.Span(_written(look, counts[tab]), className="count")],
            href=look.href(replace(look.view, tab=tab)),
            className="tab on" if tab == look.view.tab else "tab",
        )
        for tab in TABS
    ]


def _written(look: Look, n: int | None) -> str:
    return "" if n is None else write_count(look, n)


def rows(look: Look) -> list[Any]:
    """Return the rows of the tab in view."""
    if look.view.tab == "alarms":
        return alarm_board.listed(look)
    if look.view.tab == "sensors":
        return sensor_table.table(look)
    if look.view.tab == "objects":
        return object_kinds(look)
    return case_list.table(look)


def _states(look: Look) -> Any:
    return queries.sensor_state_counts(look.store, look.scope, look.region.code, look.at)


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


SHEETS = (shell.Sheet(Ids.TABS, tabs, shell.LIVE), shell.Sheet(Ids.LIST, rows, shell.LIVE))
