"""The part of the page that sets two regions, or two periods, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import Any

from dashboard.pages.indicator_view import Asked, period_word, section
from dashboard.widgets.comparison_table import ComparedRow, comparison_table
from dashboard.widgets.markup import element, html
from geo_data.records import Region, Window
from indicators import catalog, engine
from indicators.engine import IndicatorValue
from indicators.side_by_side import compared
from indicators.spec import Grain, Indicator

ALIKE = 0.05
"""Periods that differ by less than such a share are as long as each other."""

_select, _option, _optgroup = element("select"), element("option"), element("optgroup")


def part(asked: Asked, values: Sequence[IndicatorValue]) -> Any:
    """Return the section: what can be chosen, and the two boards once something is."""
    look = asked.look
    body: list[Any] = [_regions_form(asked), _periods(asked)]
    if asked.versus is None and asked.versus_period is None:
        body.append(html.P(look.say("versus-hint"), className="rule"))
    else:
        body.append(_table(asked, values))
    return section("versus", look.say("part-versus"), body)


def _table(asked: Asked, values: Sequence[IndicatorValue]) -> Any:
    look = asked.look
    other = _other(asked)
    where = (look.store, look.scope, other.look.region.code, other.period.key, look.at)
    pairs = compared(values, engine.board(*where))
    described = catalog.of(look.city)
    rows = [
        ComparedRow(
            described[one.key],
            one,
            asked.href(one.key),
            other.href(one.key),
            _is_judged(asked, other, described[one.key]),
        )
        for one in pairs
        if _is_shown(asked, other, described[one.key])
    ]
    groups = [
        (catalog.groups()[group](look.language), list(members))
        for group, members in groupby(rows, lambda row: row.indicator.group)
    ]
    return comparison_table(look, (_said(asked), _said(other)), groups)


def _is_shown(asked: Asked, other: Asked, indicator: Indicator) -> bool:
    """Whether both sides can differ: the state of this moment is of no period."""
    return indicator.grain is not Grain.STATE or asked.look.region.code != other.look.region.code


def _is_judged(asked: Asked, other: Asked, indicator: Indicator) -> bool:
    """Whether more can be worse: counts only of one region, over as long a time."""
    if not indicator.additive:
        return True
    if asked.look.region.code != other.look.region.code:
        return False
    ours, theirs = asked.period.window.length, other.period.window.length
    return indicator.grain is not Grain.FLOW or abs(ours - theirs) <= ALIKE * theirs


def _other(asked: Asked) -> Asked:
    """Return the look at the other side."""
    look = asked.look
    code = asked.versus or look.region.code
    root = look.tree.root.code
    view = look.view.at_region(None if code == root else code)
    region = look.tree.get(code) or look.region
    period = asked.period
    if asked.versus_period is not None:
        period = engine.period_of(look.store, asked.versus_period, look.at)
    return Asked(replace(look, view=view, region=region), period)


def _said(asked: Asked) -> str:
    return f"{asked.look.region.name} · {period_word(asked.look, asked.period.key)}"


def _regions_form(asked: Asked) -> Any:
    look = asked.look
    groups = [
        _optgroup([_named(one, asked.versus) for one in regions], label=name)
        for name, regions in _choices(asked)
        if regions
    ]
    nobody = _option(look.say("versus-nobody"), value="", selected=asked.versus is None)
    return html.Form(
        [
            *asked.kept("versus"),
            html.Span(look.say("versus-region")),
            _select([nobody, *groups], name="versus", **{"aria-label": look.say("versus-region")}),
            html.Button(look.say("compare"), type="submit", className="chip"),
        ],
        action="/indicators#versus",
        method="get",
        className="pick",
    )


def _choices(asked: Asked) -> Iterator[tuple[str, list[Region]]]:
    """Yield who a region can be compared with: those beside it, below, above, and areas."""
    look, tree = asked.look, asked.look.tree
    chain = tree.ancestors(look.region.code)
    above = chain[:-1]
    beside = tree.children(above[-1].code) if above else []
    yield look.say("versus-beside"), [one for one in beside if one.code != look.region.code]
    yield look.say("levels-below"), tree.children(look.region.code)
    yield look.say("levels-above"), above
    areas = [area for area in tree.functional if area.code != look.region.code]
    yield look.say("level-functional"), areas


def _named(region: Region, chosen: str | None) -> Any:
    return _option(region.name, value=region.code, selected=region.code == chosen)


def _periods(asked: Asked) -> Any:
    """Return links to the period before and a year before, and a form for two days."""
    look = asked.look
    links = [
        html.A(
            [look.say(word), html.Small(key.replace("..", " – "))],
            href=replace(asked, versus_period=key).href() + "#versus",
            className="chip on" if key == asked.versus_period else "chip",
        )
        for word, key in _offered(asked)
    ]
    if asked.versus_period is not None:
        same = replace(asked, versus_period=None).href() + "#versus"
        links.append(html.A(look.say("versus-same-period"), href=same, className="chip"))
    form = html.Form(
        [
            *asked.kept("versus-period"),
            html.Input(type="date", name="versus-from", **{"aria-label": look.say("from-day")}),
            html.Span("–"),
            html.Input(type="date", name="versus-to", **{"aria-label": look.say("to-day")}),
            html.Button(look.say("compare"), type="submit", className="chip"),
        ],
        action="/indicators#versus",
        method="get",
        className="days",
    )
    head = html.Span(look.say("versus-with-period"))
    return html.Div([head, *links, form], className="choices")


def _offered(asked: Asked) -> list[tuple[str, str]]:
    spans = (("versus-before", asked.period.before), ("versus-year", asked.period.year_before))
    return [(word, _as_days(asked, span)) for word, span in spans]


def _as_days(asked: Asked, span: Window) -> str:
    """Return a span as whole days: what an address can say of any."""
    first = asked.look.local(span.start).date()
    last = asked.look.local(span.end - timedelta(milliseconds=1)).date()
    return f"{first}..{last}"
