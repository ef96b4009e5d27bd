"""One indicator at every level: of the regions above, of every one below, of areas beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dashboard.pages.indicator_view import Asked
from dashboard.widgets.markup import html
from dashboard.widgets.rank_bars import RankRow, most_of, rank_bars
from geo_data.records import FUNCTIONAL
from geo_data.rollups import RESIDUE
from indicators import engine
from indicators.engine import IndicatorValue
from indicators.ranking import ranked
from indicators.spec import Indicator
from indicators.thresholds import Threshold

Lead = Callable[[str], str]


def value_of(asked: Asked, indicator: Indicator, region_code: str) -> IndicatorValue:
    """Return one indicator of one region over the period asked for."""
    look, keys = asked.look, (indicator.key,)
    where = (look.store, look.scope, region_code, asked.period.key, look.at)
    (value,) = engine.board(*where, keys=keys)
    return value


def levels(asked: Asked, indicator: Indicator, threshold: Threshold | None) -> Iterator[Any]:
    """Return the value of every region above, of every one below, and of functional areas."""
    look = asked.look

    def lead(code: str) -> str:
        return asked.at_region(code, indicator.key)

    above = look.tree.ancestors(look.region.code)[:-1]
    if above:
        values = {one.code: value_of(asked, indicator, one.code).value for one in above}
        rows = [
            RankRow(
                None,
                one.name,
                values[one.code],
                status(threshold, values[one.code]),
                lead(one.code),
            )
            for one in above
        ]
        yield html.H3(look.say("levels-above"))
        yield rank_bars(look, rows, indicator.unit_in(look.language))
    below = children(asked, indicator, threshold, lead)
    if below:
        said = html.Small(look.say(f"order-{indicator.better}"))
        yield html.H3([look.say("levels-below"), said])
        yield rank_bars(look, below, indicator.unit_in(look.language))
    yield from beside(asked, indicator, threshold, lead, most_of(below) if below else None)


def children(
    asked: Asked, indicator: Indicator, threshold: Threshold | None, lead: Lead
) -> list[RankRow]:
    """Return the children of the region, worst first, and what belongs to none of them last.

    ``lead`` says where a region leads.
    """
    look = asked.look
    where = (look.store, look.scope, look.region.code, indicator.key, asked.period.key, look.at)
    found = engine.children(*where)
    residue = found.pop(RESIDUE, None)
    names = {child.code: child.name for child in look.tree.children(look.region.code)}
    rows = [
        RankRow(one.place, names[one.code], one.value, status(threshold, one.value), lead(one.code))
        for one in ranked(found, indicator.better, threshold)
    ]
    if residue:
        rows.append(RankRow(None, look.say("placed-here-only"), residue))
    return rows


def beside(
    asked: Asked,
    indicator: Indicator,
    threshold: Threshold | None,
    lead: Lead,
    most: float | None = None,
) -> list[Any]:
    """Return the functional areas, which overlap the children: shown beside, never added.

    ``most`` is the value of the longest bar, that of the children.
    """
    look = asked.look
    if look.region.code != look.tree.root.code or not look.tree.functional:
        return []
    where = (look.store, look.scope, FUNCTIONAL, indicator.key, asked.period.key, look.at)
    found: Mapping[str, float | None] = engine.by_level(*where)
    names = {area.code: area.name for area in look.tree.functional}
    rows = [
        RankRow(None, names[code], value, status(threshold, value), lead(code))
        for code, value in found.items()
    ]
    title = [look.say("level-functional"), html.Small(look.say("not-added"))]
    return [html.H3(title), rank_bars(look, rows, indicator.unit_in(look.language), most)]


def status(threshold: Threshold | None, value: float | None) -> str:
    """Return how a value is judged; ``none`` without a value or a threshold."""
    return threshold.status(value) if threshold and value is not None else "none"
