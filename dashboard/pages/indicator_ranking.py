"""The part of the page that ranks the children of the region, functional areas beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from dashboard.pages.indicator_view import Asked, section
from dashboard.panels.top_bar import level_word
from dashboard.widgets.markup import element, html
from dashboard.widgets.numbers import number
from dashboard.widgets.rank_bars import RankRow, most_of, rank_bars
from geo_data.records import FUNCTIONAL
from geo_data.rollups import RESIDUE
from indicators import catalog, engine
from indicators.engine import IndicatorValue
from indicators.ranking import ranked
from indicators.spec import Indicator
from indicators.thresholds import Threshold

_select, _option, _optgroup = element("select"), element("option"), element("optgroup")


def part(asked: Asked, values: Sequence[IndicatorValue]) -> Any:
    """Return the section; below the finest level there is nothing to rank."""
    look = asked.look
    indicator = catalog.of(look.city)[look.view.indicator]
    (own,) = (value for value in values if value.key == indicator.key)
    rows = _rows(asked, indicator, own.threshold)
    body = [
        _choice(asked),
        _whole(asked, indicator, own),
        *_drawn(asked, indicator, rows),
        *beside(asked, indicator, own.threshold, most_of(rows) if rows else None),
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


def _rows(asked: Asked, indicator: Indicator, threshold: Threshold | None) -> list[RankRow]:
    look = asked.look
    where = (look.store, look.scope, look.region.code, indicator.key, asked.period.key, look.at)
    found = engine.children(*where)
    residue = found.pop(RESIDUE, None)
    names = {child.code: child.name for child in look.tree.children(look.region.code)}
    rows = [
        RankRow(
            one.place,
            names[one.code],
            one.value,
            _status(threshold, one.value),
            _drilled(asked, one.code),
        )
        for one in ranked(found, indicator.better, threshold)
    ]
    if residue:
        rows.append(RankRow(None, look.say("placed-here-only"), residue))
    return rows


def _drawn(asked: Asked, indicator: Indicator, rows: list[RankRow]) -> list[Any]:
    look = asked.look
    if not rows:
        return [html.P(look.say("nothing-below"), className="calm")]
    order = html.P(look.say(f"order-{indicator.better}"), className="rule")
    return [rank_bars(look, rows, indicator.unit_in(look.language)), order]


def beside(
    asked: Asked, indicator: Indicator, threshold: Threshold | None, most: float | None = None
) -> list[Any]:
    """Return the functional areas, which overlap the children: shown beside, never added.

    ``most`` is the value of the longest bar, that of the children.
    """
    look = asked.look
    if look.region.code != look.tree.root.code or not look.tree.functional:
        return []
    where = (look.store, look.scope, FUNCTIONAL, indicator.key, asked.period.key, look.at)
    found = engine.by_level(*where)
    names = {area.code: area.name for area in look.tree.functional}
    rows = [
        RankRow(None, names[code], value, _status(threshold, value), _drilled(asked, code))
        for code, value in found.items()
    ]
    title = [look.say("level-functional"), html.Small(look.say("not-added"))]
    return [html.H3(title), rank_bars(look, rows, indicator.unit_in(look.language), most)]


def _status(threshold: Threshold | None, value: float | None) -> str:
    return threshold.status(value) if threshold and value is not None else "none"


def _drilled(asked: Asked, code: str) -> str:
    return replace(asked, versus=None).at_region(code) + "#ranking"
