"""The boards of the command-hall wall: the desk's panels without anything to touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from dash import html as dash_html
from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import Look
from dashboard.panels import (
    alarm_board,
    case_list,
    live_lists,
    object_card,
    ranking,
    source_panel,
    time_bar,
    vital_signs,
)
from dashboard.widgets.case_row import incident_row
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import number, write_number
from geo_data import queries
from geo_data.queries import CaseFilter
from geo_data.records import SensorState
from indicators import catalog
from indicators.engine import IndicatorValue
from layers.case_wording import filter_words


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


def layout(look: Look) -> list[Component]:
    """Return the boards as they stand before the first answer."""
    clock = [
        dash_html.Span(className="clock-time", **shell.dashed(data_clock=look.city.timezone)),
        dash_html.Span(className="clock-date"),
    ]
    head = [
        shell.place(Ids.TITLE, "wall-title"),
        dash_html.Div(clock, className="clock"),
        shell.place(Ids.FRESHNESS, "wall-freshness"),
    ]
    live = [shell.place(Ids.ALARMS, "wall-alarms"), shell.place(Ids.CASES, "wall-cases")]
    return [
        dash_html.Header(head, className="wall-head"),
        dash_html.Div(
            [
                dash_html.Div(shell.place(Ids.SIGNS_FIRST, "vitals"), className="column a"),
                dash_html.Div(shell.place(Ids.SIGNS_SECOND, "vitals"), className="column b"),
            ],
            className="wall-left",
        ),
        dash_html.Div(
            [
                dash_html.Div(shell.place(Ids.FOCUS, "focus"), className="column c"),
                dash_html.Div(live, className="column d"),
            ],
            className="wall-right",
        ),
        dash_html.Footer(
            [
                shell.place(Ids.RANKING, "wall-ranking"),
                shell.place(Ids.TREND, "wall-trend time-chart"),
            ],
            className="wall-foot",
        ),
    ]


def ranked(look: Look) -> list[Any]:
    """Return the children, ranked, as many as the strip holds."""
    return [html.H3(ranking.head(look)), html.Div(ranking.rows(look, 18), className="rows")]


def title(look: Look) -> list[Any]:
    """Return the city's name, where in it we look, and the mode of the city."""
    chain = [region.name for region in look.tree.ancestors(look.region.code)]
    # Deeper down the names of where one is need the room.
    below = [html.Span(name, className="sub") for name in chain[1:]]
    return [html.B(chain[0]), *(below or [html.Span(look.say("wall-subject"))])]


SOURCES = 1
"""Sources in trouble that the title band has room for by name."""


def freshness(look: Look) -> list[Any]:
    """Return how old each live layer is, and which sources are late."""
    bad = source_panel.badges(look, SOURCES)
    rows = [time_bar.layer_ages(look), *([bad] if bad else [])]
    return [html.Div(row, className="row") for row in rows]


NEAR = 3
"""Groups of vital signs that a 16:9 wall has room for; a wider one shows the others too."""


def near_signs(look: Look) -> list[Any]:
    """Return the vital signs of the groups that every wall shows."""
    return vital_signs.board(look, _signs_of(look, list(catalog.groups())[:NEAR]), each=3)


def far_signs(look: Look) -> list[Any]:
    """Return the vital signs of the other groups."""
    return vital_signs.board(look, _signs_of(look, list(catalog.groups())[NEAR:]), each=3)


def _signs_of(look: Look, groups: list[str]) -> list[IndicatorValue]:
    described = catalog.of(look.city)
    return [value for value in vital_signs.values(look) if described[value.key].group in groups]


ALARMS = 3
ENTRIES = 7
"""Entries of alarms and incidents that a 16:9 wall has room for together."""


def alarms(look: Look, limit: int = ALARMS) -> list[Any]:
    """Return the alarms that are up, highest first, with how many more there are."""
    sensors = live_lists.sensors_here(look)
    online = sum(sensor.state != SensorState.OFFLINE for sensor in sensors)
    share = online / len(sensors) * 100 if sensors else None
    n = alarm_board.count(look)
    head = html.H3(
        [
            html.Span(look.say("tab-alarms")),
            html.B(write_number(n), className="digits"),
            html.Small([look.say("online"), number(share, "%")]),
        ]
    )
    rows = alarm_board.rows(look, limit, can_act=False)
    left = html.P(look.say("alarm-more-here", n=n - limit), className="more")
    return [
        head,
        *(rows or [object_card.calm(look, "no-alarms")]),
        *([left] if n > limit else []),
    ]


def cases(look: Look) -> list[Any]:
    """Return the newest incidents, as many as the alarms leave room for."""
    # An alarm has three lines, a case two.
    limit = ENTRIES - max(1, (3 * min(alarm_board.count(look), ALARMS) + 1) // 2)
    found = case_list.newest(look, limit)
    count = case_list.count(look)
    said = filter_words(look.view.cases, look.language)
    head = html.H3(
        [
            html.Span(look.say("tab-incidents")),
            html.B("" if count is None else f"{count:,}", className="digits"),
            html.Small(said or [look.say("open"), number(float(case_list.open_count(look)))]),
        ]
    )
    rows = [incident_row(look, incident) for incident in found]
    left = 0 if count is None else count - limit
    return [head, *(rows or [case_list.nothing(look)]), *more(look, left)]


def more(look: Look, n: int) -> Sequence[Any]:
    """Say how many did not fit."""
    return [html.P(look.say("more", n=f"{n:,}"), className="more")] if n > 0 else []


def focus(look: Look) -> list[Any]:
    """Return the incident in focus: the chosen object, else the worst open case, newest first."""
    if look.subject is not None:
        return object_card.card(look, newest_first=True)
    is_open = CaseFilter(standing="open")
    open_cases = queries.incidents(
        look.store, look.scope, look.region.code, look.window, look.at, limit=200, only=is_open
    )
    if not open_cases:
        return [object_card.calm(look, "no-incidents")]
    worst = min(open_cases, key=lambda case: (int(case.severity), -case.reported_at.timestamp()))
    return object_card.card(replace(look, subject=worst), newest_first=True)


SHEETS = (
    shell.Sheet(Ids.TITLE, title),
    shell.Sheet(Ids.SIGNS_FIRST, near_signs, shell.LIVE),
    shell.Sheet(Ids.SIGNS_SECOND, far_signs, shell.LIVE),
    shell.Sheet(Ids.ALARMS, alarms, shell.LIVE),
    shell.Sheet(Ids.FRESHNESS, freshness, shell.LIVE),
    shell.Sheet(Ids.CASES, cases, shell.LIVE),
    shell.Sheet(Ids.FOCUS, focus, shell.CASES),
    shell.Sheet(Ids.RANKING, ranked, shell.CASES),
    shell.Sheet(Ids.TREND, time_bar.chart, shell.CASES),
)
