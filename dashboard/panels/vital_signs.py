"""Vital signs 体征指标 of the region in view, by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import groupby
from typing import Any

from dash import Dash, Output, dcc, html

from dashboard import shell
from dashboard.context import Context, Look
from dashboard.widgets.marks import status_mark
from dashboard.widgets.numbers import number, write_change, write_number, write_time
from dashboard.widgets.sparkline import sparkline
from indicators import catalog, engine
from indicators.engine import IndicatorValue


class Ids(StrEnum):
    """Ids of this panel."""

    BOARD = "vital-signs"


def layout(look: Look) -> Any:
    """Return the panel as it stands before the first answer."""
    return html.Section(id=Ids.BOARD, className="vitals", **{"aria-label": look.say("vital-signs")})


def register(app: Dash, context: Context) -> None:
    """Wire the panel."""

    @app.callback(Output(Ids.BOARD, "children"), shell.URL, shell.CASES, shell.READINGS)
    def show_vital_signs(query: str, _cases: object, _readings: object) -> Any:
        look = context.look(query)
        return board(look, values(look))


def values(look: Look) -> list[IndicatorValue]:
    """Value of every indicator for the region and window in view."""
    return engine.board(look.store, look.scope, look.region.code, look.view.window, look.at)


def board(look: Look, found: Sequence[IndicatorValue]) -> list[Any]:
    """Return the vital signs under the heads of their groups, in the catalogue's order."""
    described = catalog.indicators()
    parts: list[Any] = []
    for group, members in groupby(found, key=lambda value: described[value.key].group):
        parts.append(html.H3(catalog.groups()[group](look.language)))
        parts += [vital_sign(look, value) for value in members]
    return parts


def vital_sign(look: Look, value: IndicatorValue) -> Any:
    """Return one indicator: mark, name, word, line, number, change; its formula on hover."""
    indicator = catalog.indicators()[value.key]
    chosen = value.key == look.view.indicator
    name: list[Any] = [html.Span(indicator.name(look.language), className="text")]
    if value.status in ("yellow", "red"):
        name.append(html.Em(look.say(f"status-{value.status}"), className="word"))
    classes = ["vital", f"is-{value.status}"] + ["on"] * chosen + ["late"] * value.late
    return dcc.Link(
        [
            status_mark(value.status),
            html.Span(name, className="name"),
            sparkline(value.spark),
            number(value.value, indicator.unit),
            html.Span(write_change(value.change), className="change"),
            _note(look, value),
        ],
        href=look.href(replace(look.view, indicator=value.key)),
        className=" ".join(classes),
    )


def _note(look: Look, value: IndicatorValue) -> Any:
    indicator, language = catalog.indicators()[value.key], look.language
    rows = [
        (look.say("formula"), indicator.formula(language)),
        (look.say("basis"), indicator.basis(language)),
        (look.say("previous-period"), write_number(value.previous)),
        (look.say("status"), look.say(f"status-{value.status}")),
        (look.say("data-time"), write_time(look, value.data_at)),
    ]
    lines = [html.Span([html.B(head), html.Span(text)]) for head, text in rows]
    return html.Span([html.Strong(indicator.name(language)), *lines], className="note")
