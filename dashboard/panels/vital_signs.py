"""Vital signs 体征指标 of the region in view, by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import WORDS, Look
from dashboard.view import View
from dashboard.widgets.marks import status_mark
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import number, write_change, write_number, write_time
from dashboard.widgets.sparkline import sparkline
from geo_data.queries.case_filter import CaseFilter, Standing
from indicators import catalog, early_warning, engine
from indicators.engine import IndicatorValue
from indicators.spec import Indicator
from indicators.wording import STATUSES, status_word

GRAVE = ("blue", "yellow", "orange", "red")


PARTS = ("ranking", "calendar", "flow", "versus")
"""Parts of the page of all vital signs that the desk leads to."""


class Ids(StrEnum):
    """Ids of this panel."""

    BOARD = "vital-signs"


def layout(look: Look) -> Component:
    """Return the panel as it stands before the first answer."""
    return shell.place(Ids.BOARD, "vitals", **shell.dashed(aria_label=look.say("vital-signs")))


def values(look: Look) -> list[IndicatorValue]:
    """Value of every indicator for the region and window in view."""
    asked = (look.scope, look.region.code, look.view.window, look.at)
    # A wall writes them into two columns of one look.
    return look.store.cached("board-values", asked, lambda: engine.board(look.store, *asked))


def board(look: Look, found: Sequence[IndicatorValue], each: int = 4) -> list[Any]:
    """Return the vital signs under the heads of their groups, in the catalogue's order.

    Parameters
    ----------
    look : Look
        Who looks at what.
    found : sequence of IndicatorValue
        Values of the region in view.
    each : int
        How many of a group stand in the open: the chosen one and what is out of bounds first,
        then the others. What is left, and what has no data here, unfolds.
    """
    described = catalog.of(look.city)
    by_group: dict[str, list[IndicatorValue]] = {}
    for value in found:
        by_group.setdefault(described[value.key].group, []).append(value)
    parts: list[Any] = []
    for group, members in by_group.items():
        known = [value for value in members if _is_known(look, value)]
        shown = {value.key for value in sorted(known, key=_urgency(look))[:each]}
        rest = [value for value in members if value.key not in shown]
        parts.append(html.H3(catalog.groups()[group](look.language)))
        parts += [vital_sign(look, value) for value in members if value.key in shown]
        if rest:
            parts.append(
                html.Details(
                    [
                        html.Summary(look.say("more-signs", n=len(rest))),
                        *[vital_sign(look, value) for value in rest],
                    ],
                    className="rest",
                )
            )
    return parts


def every_sign(look: Look) -> Any:
    """Return the ways to the pages of all of them, of evaluation by them and of what stands out."""
    query = look.href(look.view)
    return html.Div(
        [
            html.A(look.say("all-signs"), href=f"/indicators{query}"),
            *[html.A(look.say(f"part-{one}"), href=f"/indicators{query}#{one}") for one in PARTS],
            html.A(look.say("to-evaluation"), href=f"/evaluation{query}"),
            html.A(_warned(look), href=f"/early-warning{query}"),
        ],
        className="all-signs",
    )


def _warned(look: Look) -> list[Any]:
    """Return what the way to early warning is called, with how much new there is."""
    found = early_warning.held(look.store, look.scope)
    name = look.say("early-warning")
    if found is None or look.is_past:
        return [name]
    inside = early_warning.inside(look.store, look.scope, look.region.code, found)
    news = sum(one.kind in ("emerging", "cluster", "anomaly") for one in inside)
    return [name, html.Small(look.say("early-warning-news", n=news))] if news else [name]


def _is_known(look: Look, value: IndicatorValue) -> bool:
    return value.value is not None or value.key == look.view.indicator


def _urgency(look: Look) -> Callable[[IndicatorValue], int]:
    def rank(value: IndicatorValue) -> int:
        if value.key == look.view.indicator:
            return -len(STATUSES)
        return -STATUSES.index(value.status) if value.status in GRAVE else 0

    return rank


def vital_sign(look: Look, value: IndicatorValue) -> Any:
    """Return one indicator: mark, name, word, line, number, change; its formula on hover."""
    indicator = catalog.of(look.city)[value.key]
    chosen = value.key == look.view.indicator
    status = value.status if value.value is not None else "missing"
    name: list[Any] = [html.Span(indicator.name(look.language), className="text")]
    if status in GRAVE:
        name.append(html.Em(look.say(f"chip-{status}"), className="word"))
    classes = ["vital", f"is-{status}"] + ["on"] * chosen + ["late"] * value.late
    sign = html.A(
        [
            status_mark(status),
            html.Span(name, className="name"),
            sparkline(value.spark),
            number(value.value, indicator.unit_in(look.language)),
            html.Span(write_change(value.change), className="change"),
            _note(look, value),
        ],
        href=look.href(_led_to(look.view, value.key)),
        className=" ".join(classes),
    )
    card = html.A(
        "›",
        href=f"/indicators/{quote(value.key)}{look.href(look.view)}",
        className="to-card",
        title=look.say("open-card"),
        **{"aria-label": f"{indicator.name(look.language)} · {look.say('open-card')}"},
    )
    return html.Div([sign, card], className="vital-row", key=f"sign-{value.key}")


LISTED: dict[str, Standing] = {
    "open-incidents": "open",
    "overdue-incidents": "overdue",
    "due-soon-incidents": "due-soon",
}
"""Vital signs whose very cases can be listed."""


def _led_to(view: View, key: str) -> View:
    """Return the view that a vital sign leads to: the map in its colours, its cases listed."""
    coloured = replace(view, indicator=key)
    standing = LISTED.get(key)
    return coloured.of_cases(CaseFilter(standing=standing)) if standing else coloured


def _note(look: Look, value: IndicatorValue) -> Any:
    rows = [
        (look.say("previous-period"), write_number(value.previous)),
        (look.say("status"), status_word(value.status)(look.language)),
        (look.say("data-time"), write_time(look, value.data_at)),
    ]
    lines = [_line(head, text) for head, text in rows]
    indicator = catalog.of(look.city)[value.key]
    return html.Span([*_definition(indicator, look.language), *lines], className="note")


@lru_cache(maxsize=512)
def _definition(indicator: Indicator, language: str) -> tuple[Any, ...]:
    """Return what a note says whatever the value is."""
    return (
        html.Strong(indicator.name(language)),
        _line(WORDS("formula", language), indicator.formula(language)),
        _line(WORDS("basis", language), indicator.basis(language)),
    )


def _line(head: str, text: str) -> Any:
    return html.Span([html.B(head), html.Span(text)])


def _sheet(look: Look) -> list[Any]:
    return [*board(look, values(look)), every_sign(look)]


SHEETS = (shell.Sheet(Ids.BOARD, _sheet, shell.LIVE),)
