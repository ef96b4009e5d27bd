"""When a value of an indicator is a warning: the rows, and who changed them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dashboard.context import Look
from dashboard.pages.indicator_view import Asked
from dashboard.widgets.marks import status_mark
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import NONE, write_number
from indicators import threshold_book
from indicators.spec import Indicator
from indicators.thresholds import Threshold


def thresholds(asked: Asked, indicator: Indicator, form: Any = None) -> Iterator[Any]:
    """Return the rows of an indicator, newest first, the form, and below them the changes."""
    look = asked.look
    language = look.language
    rows = threshold_book.in_force(look.store, look.at).rows().get(indicator.key, [])
    today = look.local(look.at).date()
    holds = threshold_book.in_force(look.store, look.at).at(indicator.key, today)
    yield html.H3(look.say("sign-thresholds"), id="limits")
    if not rows:
        yield html.P(look.say("no-thresholds"), className="calm")
    for row in reversed(rows):
        cells = [
            html.Span(look.say("from-on", day=row.effective_from), className="when"),
            html.Span(_limits(look, row), className="limits"),
            html.Span([row.basis(language), *_standing(look, row)], className="basis"),
            *([_edit(asked, indicator, row)] if form is not None else []),
        ]
        yield html.Div(cells, className="limit-row on" if row == holds else "limit-row")
    if form is not None:
        yield form
    made = threshold_book.changes(look.store, indicator.key)
    if made:
        yield html.H3(look.say("threshold-changes"))
    for one in made:
        before = _limits(look, one.before) if one.before else NONE
        after = _limits(look, one.after) if one.after else NONE
        yield html.Div(
            [
                html.Span(f"{look.local(one.at):%Y-%m-%d %H:%M}", className="when"),
                html.Span(one.who, className="who"),
                html.Span([before, " → ", after], className="limits"),
                html.Span(
                    [look.say("from-on", day=one.effective_from), " ", one.note],
                    className="basis",
                ),
            ],
            className="limit-row",
        )


def _standing(look: Look, row: Threshold) -> list[Any]:
    """Return where a row comes from, and whether anybody confirmed it for this city."""
    said = "threshold-is-verified" if row.verified else "threshold-unverified"
    return [html.Small([row.source, " · ", look.say(said)])]


def _edit(asked: Asked, indicator: Indicator, row: Threshold) -> Any:
    href = asked.href(indicator.key)
    joint = "&" if "?" in href else "?"
    address = f"{href}{joint}edit={row.effective_from}#change"
    return html.A(asked.look.say("threshold-edit"), href=address, className="edit")


def _limits(look: Look, row: Threshold) -> list[Any]:
    said: list[Any] = []
    for colour, limit in row.steps:
        value = (
            f"{write_number(limit[0])}–{write_number(limit[1])}"
            if isinstance(limit, tuple)
            else write_number(limit)
        )
        sign = look.say("outside") if row.rule == "outside" else row.rule
        said.append(html.Span([status_mark(colour), f"{sign} {value}"], className="limit"))
    return said
