"""The boards of the command-hall wall: the desk's panels without anything to touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from dash import Dash, Output, html

from dashboard import shell
from dashboard.context import Context, Look
from dashboard.panels import live_lists, object_card, ranking, time_bar, vital_signs
from dashboard.widgets.numbers import number, write_number
from geo_data import queries
from geo_data.records import SensorState
from indicators import catalog


class Ids(StrEnum):
    """Ids of the wall's boards."""

    TITLE = "wall-title"
    FRESHNESS = "wall-freshness"
    SIGNS_FIRST = "wall-signs-1"
    SIGNS_SECOND = "wall-signs-2"
    ALARMS = "wall-alarms"
    CASES = "wall-cases"
    FOCUS = "wall-focus"
    RANKING = "wall-ranking"
    TREND = "wall-trend"


def layout(look: Look) -> list[Any]:
    """Return the boards as they stand before the first answer."""
    return [
        html.Header(
            [
                html.Div(id=Ids.TITLE, className="wall-title"),
                html.Div(
                    [
                        html.Span(className="clock-time", **{"data-clock": look.city.timezone}),
                        html.Span(className="clock-date"),
                    ],
                    className="clock",
                ),
                html.Div(id=Ids.FRESHNESS, className="wall-freshness"),
            ],
            className="wall-head",
        ),
        html.Div(
            [
                html.Div(
                    html.Section(id=Ids.SIGNS_FIRST, className="vitals"), className="column a"
                ),
                html.Div(
                    html.Section(id=Ids.SIGNS_SECOND, className="vitals"), className="column b"
                ),
            ],
            className="wall-left",
        ),
        html.Div(
            [
                html.Div(html.Section(id=Ids.FOCUS, className="focus"), className="column c"),
                html.Div(
                    [
                        html.Section(id=Ids.ALARMS, className="wall-alarms"),
                        html.Section(id=Ids.CASES, className="wall-cases"),
                    ],
                    className="column d",
                ),
            ],
            className="wall-right",
        ),
        html.Footer(
            [
                html.Section(id=Ids.RANKING, className="wall-ranking"),
                html.Section(id=Ids.TREND, className="wall-trend time-chart"),
            ],
            className="wall-foot",
        ),
    ]


def register(app: Dash, context: Context) -> None:
    """Wire the boards."""

    @app.callback(Output(Ids.TITLE, "children"), shell.URL)
    def show_title(query: str) -> Any:
        return title(context.look(query))

    @app.callback(
        Output(Ids.SIGNS_FIRST, "children"),
        Output(Ids.SIGNS_SECOND, "children"),
        shell.URL,
        shell.CASES,
        shell.READINGS,
    )
    def show_signs(query: str, _cases: object, _readings: object) -> tuple[Any, Any]:
        look = context.look(query)
        return signs(look)

    @app.callback(
        Output(Ids.ALARMS, "children"),
        Output(Ids.FRESHNESS, "children"),
        shell.URL,
        shell.READINGS,
        shell.CASES,
    )
    def show_alarms(query: str, _readings: object, _cases: object) -> tuple[Any, Any]:
        look = context.look(query)
        return alarms(look), time_bar.ages(look)

    @app.callback(
        Output(Ids.CASES, "children"), Output(Ids.FOCUS, "children"), shell.URL, shell.CASES
    )
    def show_cases(query: str, _cases: object) -> tuple[Any, Any]:
        look = context.look(query)
        return cases(look), focus(look)

    @app.callback(
        Output(Ids.RANKING, "children"), Output(Ids.TREND, "children"), shell.URL, shell.CASES
    )
    def show_foot(query: str, _cases: object) -> tuple[Any, Any]:
        look = context.look(query)
        board = [html.H3(ranking.head(look)), html.Div(ranking.rows(look, 18), className="rows")]
        return board, time_bar.chart(look)


def title(look: Look) -> list[Any]:
    """Return the city's name, where in it we look, and the mode of the city."""
    chain = [region.name for region in look.tree.ancestors(look.region.code)]
    return [
        html.B(chain[0]),
        html.Span(look.say("wall-subject")),
        *[html.Span(name, className="sub") for name in chain[1:]],
    ]


def signs(look: Look) -> tuple[list[Any], list[Any]]:
    """Return the vital signs in two columns: three groups, and the others on a wide wall."""
    found = vital_signs.values(look)
    described = catalog.indicators()
    first = list(catalog.groups())[:3]
    near = [value for value in found if described[value.key].group in first]
    far = [value for value in found if described[value.key].group not in first]
    return vital_signs.board(look, near, each=4), vital_signs.board(look, far, each=3)


def alarms(look: Look, limit: int = 6) -> list[Any]:
    """Return sensors in alarm, worst first, with how many more there are."""
    sensors = queries.sensors(look.store, look.scope, look.region.code, look.at)
    loud = live_lists.alarms(sensors)
    online = sum(sensor.state != SensorState.OFFLINE for sensor in sensors)
    share = online / len(sensors) * 100 if sensors else None
    head = html.H3(
        [
            html.Span(look.say("tab-alarms")),
            html.B(write_number(len(loud)), className="digits"),
            html.Small([look.say("online"), number(share, "%")]),
        ]
    )
    rows = [live_lists.sensor_row(look, sensor) for sensor in loud[:limit]]
    return [head, *(rows or [object_card.calm(look, "no-alarms")]), *more(look, len(loud) - limit)]


def cases(look: Look, limit: int = 8) -> list[Any]:
    """Return the newest incidents with how many more there are."""
    found = live_lists.newest(look, limit)
    count = queries.incident_count(look.store, look.scope, look.region.code, look.window, look.at)
    head = html.H3(
        [
            html.Span(look.say("tab-incidents")),
            html.B(f"{count:,}", className="digits"),
            html.Small([look.say("open"), number(float(live_lists.open_count(look)))]),
        ]
    )
    rows = [live_lists.incident_row(look, incident) for incident in found]
    return [head, *(rows or [object_card.calm(look, "no-incidents")]), *more(look, count - limit)]


def more(look: Look, n: int) -> Sequence[Any]:
    """Say how many did not fit."""
    return [html.P(look.say("more", n=f"{n:,}"), className="more")] if n > 0 else []


def focus(look: Look) -> list[Any]:
    """Return the incident in focus: the chosen object, else the worst open case, newest first."""
    if look.subject is not None:
        return object_card.card(look)
    open_cases = queries.incidents(
        look.store, look.scope, look.region.code, look.window, look.at, limit=200, open_only=True
    )
    if not open_cases:
        return [object_card.calm(look, "no-incidents")]
    worst = min(open_cases, key=lambda case: (int(case.severity), -case.reported_at.timestamp()))
    return object_card.card(replace(look, subject=worst))
