"""The card of the chosen object: what it is, where it stands, what happens there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from dash import Dash, Output, dcc
from dash import html as dash_html
from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import WORDS, Context, Look
from dashboard.panels import alarm_board
from dashboard.panels.live_lists import sensor_row
from dashboard.panels.top_bar import level_word
from dashboard.widgets import history_chart
from dashboard.widgets.case_clock import clock_facts
from dashboard.widgets.case_row import incident_row
from dashboard.widgets.case_row import title as incident_title
from dashboard.widgets.marks import severity_mark, stage_tag, stage_word, state_mark, state_word
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import NONE, reading, write_span, write_time
from geo_data import queries
from geo_data.dictionaries import YES_NO, place_kind, sensor_kind, severity, word
from geo_data.records import Incident, Place, Sensor, StageChange, Window
from geo_data.stage_clock import out_of_order, stage_clock


class Ids(StrEnum):
    """Ids of this panel."""

    CARD = "object-card"
    PLOT = "object-plot"


def layout(_look: Look) -> Component:
    """Return the panel as it stands before the first answer: nothing is chosen."""
    return dash_html.Aside(
        [shell.place(Ids.CARD, "card-text"), dash_html.Div(id=Ids.PLOT, className="card-plot")],
        className="card-slot",
    )


def register(app: Dash, context: Context) -> None:
    """Wire what is no text: the plot, which is loaded when the first one is drawn."""

    @app.callback(Output(Ids.PLOT, "children"), shell.URL, shell.CURSOR)
    def plot_chart(query: str, _cursor: object) -> Any:
        return chart(context.look(query))


def card(look: Look, newest_first: bool = False) -> list[Any]:
    """Return the card of the object in view; nothing where none is chosen.

    ``newest_first`` turns the history of a case round: a wall cuts off what does not fit.
    """
    subject = look.subject
    if isinstance(subject, Place):
        head, parts = subject.name, list(_place(look, subject))
    elif isinstance(subject, Sensor):
        head, parts = subject.name, list(_sensor(look, subject))
    elif isinstance(subject, Incident):
        head, parts = incident_title(look, subject), list(_incident(look, subject, newest_first))
    else:
        return []
    close = html.A(
        "×",
        href=look.href(replace(look.view, selected=None)),
        className="close",
        title=look.say("close"),
    )
    return [
        html.Article(
            [html.Header([html.H2(head), close]), _chain(look, subject.region_code), *parts],
            className="card",
        )
    ]


def _chain(look: Look, region_code: str | None) -> Any:
    """Return the object's place in the chain, each step a link."""
    if region_code is None or look.tree.get(region_code) is None:
        return html.P(look.say("outside-city"), className="chain")
    steps = look.tree.ancestors(region_code)
    return html.P(
        [
            html.A(
                [html.Small(level_word(look, region.level)), region.name],
                href=look.to_region(region.code),
            )
            for region in steps
        ],
        className="chain",
    )


def facts(rows: list[tuple[str, Any]]) -> Any:
    """Return a table of facts; a fact nobody knows is left out."""
    known = [(head, value) for head, value in rows if value not in (None, "", NONE)]
    return html.Dl([html.Div([html.Dt(head), html.Dd(value)]) for head, value in known])


def _place(look: Look, place: Place) -> Iterator[Any]:
    site = place.site_code and queries.place(look.store, look.scope, place.site_code)
    rows: list[tuple[str, Any]] = [
        (look.say("kind"), place_kind(place.kind).label(look.language)),
        (look.say("code"), place.code),
        (look.say("address"), place.address),
        (look.say("use"), place.use and use_word(look, place.use)),
        (look.say("floors"), place.floors and str(place.floors)),
        (look.say("site"), site and html.A(site.name, href=look.to_object("place", site.code))),
        (look.say("coordinates"), f"{place.lon:.5f}, {place.lat:.5f}"),
    ]
    rows += [(attribute_word(look, key), str(value)) for key, value in place.attributes.items()]
    yield facts(rows)
    yield from _cases_and_sensors(look, place.code)


def _cases_and_sensors(look: Look, place_code: str) -> Iterator[Any]:
    cases = queries.incidents_of_place(look.store, look.scope, place_code, look.at, limit=12)
    yield html.H3([look.say("its-incidents"), html.Small(str(len(cases)))])
    yield from ([incident_row(look, case) for case in cases] or [calm(look, "no-incidents-ever")])
    sensors = queries.sensors_of_place(look.store, look.scope, place_code, look.at)
    if not sensors:
        return
    yield html.H3([look.say("its-sensors"), html.Small(str(len(sensors)))])
    for sensor in sensors[:6]:
        yield sensor_row(look, sensor)


def use_word(look: Look, use: str) -> str:
    """Say a building's use; a city's own word stays as it is."""
    return _word_or(look, f"use-{use}", use)


def attribute_word(look: Look, name: str) -> str:
    """Say an attribute's name; a city's own word stays as it is."""
    return _word_or(look, f"attribute-{name}", name)


def _word_or(look: Look, key: str, own: str) -> str:
    return look.say(key) if key in WORDS else own


def calm(look: Look, key: str) -> Any:
    """Say quietly that there is nothing."""
    return html.P(look.say(key), className="calm")


def _sensor(look: Look, sensor: Sensor) -> Iterator[Any]:
    place = sensor.place_code and queries.place(look.store, look.scope, sensor.place_code)
    yield html.P(
        [
            state_mark(sensor.state),
            html.Span(state_word(look, sensor), className="word"),
            reading(sensor.value, sensor.unit),
        ],
        className="headline",
    )
    yield from alarm_board.on_card(look, sensor)
    yield facts(
        [
            (look.say("kind"), sensor_kind(sensor.kind).label(look.language)),
            (look.say("code"), sensor.code),
            (
                look.say("site"),
                place and html.A(place.name, href=look.to_object("place", place.code)),
            ),
            (look.say("data-time"), write_time(look, sensor.observed_at)),
            (look.say("thresholds"), thresholds(look, sensor)),
            (look.say("period"), write_span(look, timedelta(seconds=sensor.period_s))),
            (look.say("coordinates"), f"{sensor.lon:.5f}, {sensor.lat:.5f}"),
        ]
    )


CHART_POINTS = 240
"""About as many as the card is wide, two pixels each."""


def thresholds(look: Look, sensor: Sensor) -> str:
    """Say from which values on the sensor warns."""
    kind = sensor_kind(sensor.kind)
    if sensor.unit == YES_NO:
        return ""
    pairs = (("state-warning", kind.warning), ("state-alarm", kind.alarm))
    said = [f"{look.say(word)} {one.when} {one.value:g}" for word, one in pairs if one]
    return f"{' · '.join(said)} {sensor.unit}" if said else ""


def chart(look: Look) -> list[Component]:
    """Draw the window in view of the chosen sensor, or of the first one at the chosen place."""
    subject = look.subject
    if isinstance(subject, Place):
        there = queries.sensors_of_place(look.store, look.scope, subject.code, look.at)
        subject = there[0] if there else None
    if not isinstance(subject, Sensor):
        return []
    words = dash_html.Small(look.say(f"window-{look.view.window}"))
    head = dash_html.H3([look.say("history"), words])
    return [head, history(look, subject)]


def history(look: Look, sensor: Sensor) -> Component:
    """Draw what a sensor said in the window in view."""
    span = Window(look.window.start, look.at + timedelta(milliseconds=1))
    found = queries.sensor_history(look.store, look.scope, sensor.code, span, CHART_POINTS, look.at)
    if len(found) == 0:
        return dash_html.P(look.say("no-readings"), className="calm")
    drawn = history_chart.figure(look, sensor, span, found)
    return dcc.Graph(figure=drawn, config={"displayModeBar": False}, className="plot")


def _incident(look: Look, incident: Incident, newest_first: bool) -> Iterator[Any]:
    level = severity(int(incident.severity)).label(look.language)
    yield html.P(
        [severity_mark(incident.severity), html.Span(level), stage_tag(look, incident)],
        className="headline",
    )
    changes = queries.stages(look.store, look.scope, incident.id, look.at)
    clock = stage_clock(look.city.case_clock, incident, changes, look.at)
    astray = out_of_order(changes)
    if any(astray):
        yield html.P(
            html.Span(look.say("out-of-order"), className="astray"), className="astray-note"
        )
    place = incident.place_code and queries.place(look.store, look.scope, incident.place_code)
    yield facts(
        [
            (look.say("code"), incident.code),
            (look.say("category"), word("categories", incident.category, look.language)),
            (look.say("channel"), word("channels", incident.channel, look.language)),
            (look.say("address"), incident.address),
            (
                look.say("site"),
                place and html.A(place.name, href=look.to_object("place", place.code)),
            ),
            (look.say("happened-at"), write_time(look, incident.happened_at)),
            (look.say("reported-at"), write_time(look, incident.reported_at)),
            *clock_facts(look, incident, clock),
            (look.say("located-by"), look.say(f"located-{incident.located_by}")),
        ]
    )
    steps = [*_stages(look, changes, astray)]
    listed = html.Ol(steps[::-1] if newest_first else steps, className="stages")
    yield html.Div([html.H3(look.say("stage-history")), listed], className="history")
    if place:
        yield from _nearby(look, place)


def _stages(look: Look, changes: Sequence[StageChange], astray: Sequence[bool]) -> Iterator[Any]:
    before = None
    for change, is_astray in zip(changes, astray, strict=True):
        took = f"+{write_span(look, change.happened_at - before)}" if before else ""
        before = change.happened_at
        yield html.Li(
            [
                html.Span(write_time(look, change.happened_at), className="when"),
                html.Span(stage_word(look, change.stage), className="name"),
                html.Span(change.actor or "", className="actor"),
                html.Span(took, className="took"),
                html.Span(look.say("out-of-order"), className="astray") if is_astray else None,
                html.Span(change.note, className="note-line") if change.note else None,
            ]
        )


def _nearby(look: Look, place: Place) -> Iterator[Any]:
    sensors = queries.sensors_of_place(look.store, look.scope, place.code, look.at)
    if sensors:
        yield html.H3(look.say("sensors-there"))
        yield from (sensor_row(look, sensor) for sensor in sensors[:4])


SHEETS = (shell.Sheet(Ids.CARD, card, shell.LIVE),)
