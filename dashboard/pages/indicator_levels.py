"""One indicator at every level: of the regions above, and of every one below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dashboard.pages.indicator_view import Asked
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import number
from geo_data.records import Region
from indicators import engine
from indicators.engine import IndicatorValue
from indicators.spec import Indicator


def value_of(asked: Asked, indicator: Indicator, region_code: str) -> IndicatorValue:
    """Return one indicator of one region over the period asked for."""
    look, keys = asked.look, (indicator.key,)
    where = (look.store, look.scope, region_code, asked.period.key, look.at)
    (value,) = engine.board(*where, keys=keys)
    return value


def levels(asked: Asked, indicator: Indicator) -> Iterator[Any]:
    """Return the value of every region above, and of every one below."""
    look, key = asked.look, indicator.key
    unit = indicator.unit_in(look.language)
    above = look.tree.ancestors(look.region.code)[:-1]
    if above:
        yield html.H3(look.say("levels-above"))
        yield html.Div([_above(asked, indicator, one) for one in above], className="ranks")
    where = (look.store, look.scope, look.region.code, key, asked.period.key, look.at)
    found = engine.children(*where)
    if not found:
        return
    names = {child.code: child for child in look.tree.children(look.region.code)}
    known = sorted(
        found.items(),
        key=lambda pair: (pair[1] is None, -(pair[1] or 0.0), pair[0]),
    )
    most = max((abs(value) for _, value in known if value is not None), default=0.0) or 1.0
    yield html.H3(look.say("levels-below"))
    rows = []
    for code, value in known:
        child = names.get(code)
        if child is None and not value:
            continue
        share = abs(value or 0.0) / most
        cells = [
            html.Span(child.name if child else look.say("placed-here-only"), className="name"),
            html.Span(className="bar", style={"--share": f"{share:.3f}"}),
            number(value, unit),
        ]
        if child is None:
            rows.append(html.Div(cells, className="rank residue"))
        else:
            rows.append(html.A(cells, href=asked.at_region(code, key), className="rank"))
    yield html.Div(rows, className="ranks")


def _above(asked: Asked, indicator: Indicator, region: Region) -> Any:
    look = asked.look
    value = value_of(asked, indicator, region.code)
    cells = [
        html.Span(region.name, className="name"),
        html.Span(),
        number(value.value, indicator.unit_in(look.language)),
    ]
    return html.A(cells, href=asked.at_region(region.code, indicator.key), className="rank")
