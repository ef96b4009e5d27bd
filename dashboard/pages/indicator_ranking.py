"""The part of the page that ranks the children of the region, functional areas beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from dashboard.pages.indicator_levels import beside, children
from dashboard.pages.indicator_view import Asked, section
from dashboard.panels.top_bar import level_word
from dashboard.widgets.markup import element, html
from dashboard.widgets.numbers import number
from dashboard.widgets.rank_bars import RankRow, most_of, rank_bars
from indicators import catalog
from indicators.engine import IndicatorValue
from indicators.spec import Indicator

_select, _option, _optgroup = element("select"), element("option"), element("optgroup")


def part(asked: Asked, values: Sequence[IndicatorValue]) -> Any:
    """Return the section; below the finest level there is nothing to rank."""
    look = asked.look
    indicator = catalog.of(look.city)[look.view.indicator]
    (own,) = (value for value in values if value.key == indicator.key)

    def lead(code: str) -> str:
        return replace(asked, versus=None).at_region(code) + "#ranking"

    rows = children(asked, indicator, own.threshold, lead)
    body = [
        _choice(asked),
        _whole(asked, indicator, own),
        *_drawn(asked, indicator, rows),
        *beside(asked, indicator, own.threshold, lead, most_of(rows) if rows else None),
    ]
    below = look.city.child_level(look.region.level)
    said = look.say("ranking-of", level=level_word(look, below)) if below else ""
    return section("ranking", look.say("part-ranking"), body, said)


def _choice(asked: Asked) -> Any:
    """Return the form that chooses by what is ranked, and whose days the calendar has."""
    look, language = asked.look, asked.look.language
    every = catalog.of(look.city).values()
    groups = [
        _optgroup(
            [
                _option(one.name(language), value=one.key, selected=one.key == look.view.indicator)
                for one in members
            ],
            label=catalog.groups()[group](language),
        )
        for group, members in groupby(every, lambda one: one.group)
    ]
    return html.Form(
        [
            *asked.kept("indicator"),
            _select(groups, name="indicator", **{"aria-label": look.say("indicator")}),
            html.Button(look.say("show"), type="submit", className="chip"),
        ],
        action="/indicators#ranking",
        method="get",
        className="pick",
    )


def _whole(asked: Asked, indicator: Indicator, own: IndicatorValue) -> Any:
    look = asked.look
    card = html.A(look.say("open-card"), href=asked.href(indicator.key), className="lead")
    value = number(own.value, indicator.unit_in(look.language))
    return html.P([html.Span(look.region.name), value, card], className="whole")


def _drawn(asked: Asked, indicator: Indicator, rows: list[RankRow]) -> list[Any]:
    look = asked.look
    if not rows:
        return [html.P(look.say("nothing-below"), className="calm")]
    order = html.P(look.say(f"order-{indicator.better}"), className="rule")
    return [rank_bars(look, rows, indicator.unit_in(look.language)), order]
