"""The sensors of the region in view, worst first, each with its last day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from dashboard.context import Look
from dashboard.view import SENSOR_STATES
from dashboard.widgets.filters import Option, chip, menu
from dashboard.widgets.marks import state_mark, state_word
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import reading, write_count, write_span
from dashboard.widgets.sparkline import sparkline
from geo_data import queries
from geo_data.dictionaries import sensor_kind
from geo_data.records import Sensor, SensorState, Window

LENGTH = 40
POINTS = 24
LATE = 1.5
"""Periods after which a reading is late; after three the sensor counts as offline."""
STATES = dict(zip(SENSOR_STATES, SensorState, strict=True))
WORST_FIRST = (SensorState.ALARM, SensorState.WARNING, SensorState.OFFLINE, SensorState.NORMAL)


def table(look: Look) -> list[Any]:
    """Return the choices of state and kind, the rows, and how many more there are."""
    here = queries.sensors(look.store, look.scope, look.region.code, look.at)
    found = _chosen(look, here)
    shown = sorted(found, key=lambda one: (WORST_FIRST.index(one.state), one.code))[:LENGTH]
    lines = _lines(look, [sensor.code for sensor in shown])
    rows = [row(look, sensor, lines.get(sensor.code, [])) for sensor in shown]
    more = len(found) - len(shown)
    return [
        filters(look, here),
        *(rows or [html.P(look.say("no-sensors"), className="calm")]),
        html.P(look.say("more-sensors", n=f"{more:,}"), className="calm") if more else "",
    ]


def _chosen(look: Look, here: Sequence[Sensor]) -> list[Sensor]:
    state = STATES.get(look.view.sensor_state or "")
    kind = look.view.sensor_kind
    return [
        one
        for one in here
        if (state is None or one.state == state) and (kind is None or one.kind == kind)
    ]


def filters(look: Look, here: Sequence[Sensor]) -> Any:
    """Return the choices: every count is what a click would show."""
    view = look.view
    of_kind = [one for one in here if view.sensor_kind in (None, one.kind)]
    states = Counter(one.state for one in of_kind)
    kinds = Counter(
        one.kind
        for one in here
        if view.sensor_state is None or one.state == STATES[view.sensor_state]
    )
    chips = [
        chip(
            [state_mark(state), f"{look.say(f'state-{key}')} {write_count(look, states[state])}"],
            look.href(replace(view, sensor_state=None if view.sensor_state == key else key)),
            view.sensor_state == key,
        )
        for key, state in sorted(STATES.items(), key=lambda pair: WORST_FIRST.index(pair[1]))
    ]
    options = [
        Option(
            sensor_kind(key).label(look.language), n, look.href(replace(view, sensor_kind=key)), key
        )
        for key, n in kinds.most_common()
    ]
    every = look.href(replace(view, sensor_kind=None))
    of = menu(look, look.say("kind"), options, view.sensor_kind, every)
    lines = [html.Div(chips, className="line"), html.Div(of, className="line")]
    return html.Div(lines, className="filters", key="filters")


def _lines(look: Look, codes: list[str]) -> dict[str, list[float | None]]:
    """Return the last day of each, one statement for all; read again every minute."""
    at = look.at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    day = Window(at - timedelta(hours=24), at)
    return look.store.cached(
        ("sensor-table", look.scope),
        (tuple(codes), at),
        lambda: queries.sparklines(look.store, look.scope, codes, day, POINTS, look.at),
    )


def row(look: Look, sensor: Sensor, line: Sequence[float | None]) -> Any:
    """Return one sensor: state, name, day and reading; kind, state and how old the reading is."""
    return html.A(
        [
            state_mark(sensor.state),
            html.Span(
                [
                    html.Span(sensor.name, className="name"),
                    sparkline(line),
                    reading(sensor.value, sensor.unit),
                ],
                className="first",
            ),
            html.Span(
                [
                    html.Span(sensor_kind(sensor.kind).label(look.language)),
                    html.Span(state_word(look, sensor)),
                    age(look, sensor),
                ],
                className="second",
            ),
        ],
        href=look.to_object("sensor", sensor.code),
        className=" ".join(["entry sensor measured", *(["late"] if is_late(look, sensor) else [])]),
        key=f"sensor-{sensor.code}",
    )


def age(look: Look, sensor: Sensor) -> Any:
    """Say how old the reading is."""
    if sensor.observed_at is None:
        return html.Span("—", className="when")
    said = look.say("ago", span=write_span(look, look.at - sensor.observed_at))
    return html.Span(said, className="when")


def is_late(look: Look, sensor: Sensor) -> bool:
    """Whether the reading is older than it should be."""
    if sensor.observed_at is None:
        return False
    return look.at - sensor.observed_at > timedelta(seconds=LATE * sensor.period_s)
