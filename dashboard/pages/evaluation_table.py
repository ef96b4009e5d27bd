"""The ranking of a group: place, score, and the points of every measure; and by what rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dashboard.pages.evaluation_view import Asked
from dashboard.pages.evaluation_words import plain, points_text, value_text, way_text
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import NONE
from indicators.evaluation import GroupResult, MeasureResult, UnitResult

LISTED = 200
"""Rows of a group; those that are named at the foot are listed beyond it."""


def table(asked: Asked) -> list[Any]:
    """Return the ranking of the group in view."""
    look, found = asked.look, _group(asked)
    said = [look.say("units-ranked", n=found.ranked)]
    if found.unknown_codes:
        said.append(look.say("units-unknown", codes=", ".join(found.unknown_codes)))
    if not found.units:
        return [html.P(look.say("no-units"), className="calm")]
    rows = [*found.units[:LISTED], *(u for u in found.units[LISTED:] if u.mark == "last")]
    if len(rows) < len(found.units):
        said.append(look.say("units-listed", n=len(found.units), shown=len(rows)))
    body = html.Tbody([_row(asked, unit) for unit in rows])
    return [
        html.Table([html.Thead(html.Tr(list(_heads(asked)))), body], className="standings"),
        html.P("  ".join(said), className="calm"),
    ]


def rules(asked: Asked) -> list[Any]:
    """Return how the points are given, who takes part, and how places are counted."""
    look, settled, group = asked.look, asked.shown.settled, asked.group
    language = look.language
    cells = []
    for one in group.measures:
        described = settled.indicators[one.indicator]
        basis = one.basis or described.basis
        cells += [
            html.Dt(described.name(language)),
            html.Dd(
                [
                    html.Span(way_text(look, one)),
                    html.Small(f"{described.formula(language)} · {basis(language)}"),
                ]
            ),
        ]
    takes = settled.evaluation.takes_part
    name = settled.indicators[takes.indicator].name(language)
    cells += [
        html.Dt(look.say("takes-part")),
        html.Dd(look.say("takes-part-rule", indicator=name, least=plain(takes.least))),
        html.Dt(look.say("places")),
        html.Dd(look.say("places-rule")),
        html.Dt(look.say("basis")),
        html.Dd(settled.evaluation.basis(language)),
    ]
    return [html.H3(look.say("points-rules")), html.Dl(cells, className="rules")]


def _group(asked: Asked) -> GroupResult:
    return asked.shown.settled.group(asked.group.key)


def _heads(asked: Asked) -> Iterator[Any]:
    look, settled = asked.look, asked.shown.settled
    takes = settled.indicators[settled.evaluation.takes_part.indicator]
    yield html.Th(look.say("place"), className="place")
    yield html.Th(look.say("unit"), className="unit")
    yield html.Th(
        [look.say("score"), html.Small(look.say("out-of", n=plain(asked.group.total)))],
        className="score",
    )
    yield html.Th(takes.name(look.language), className="points")
    for one in asked.group.measures:
        name = settled.indicators[one.indicator].name(look.language)
        full = html.Small(look.say("out-of", n=plain(one.points)))
        yield html.Th([name, full], className="points")


def _row(asked: Asked, unit: UnitResult) -> Any:
    look, settled, total = asked.look, asked.shown.settled, asked.group.total
    takes = settled.evaluation.takes_part.indicator
    word = _mark(asked, unit)
    share = (unit.score or 0.0) / total
    bar = html.Span(className="bar", style={"--share": f"{share:.4f}"})
    counted = NONE if unit.counted is None else plain(unit.counted)
    label = settled.indicators[takes].name(look.language)
    cells = [
        html.Td(NONE if unit.place is None else unit.place, className="place"),
        html.Td([html.Span(unit.name, className="name"), *word], className="unit"),
        html.Td(html.Div([bar, html.B(points_text(unit.score))]), className="score"),
        html.Td(counted, className="points", **{"data-label": label}),
        *[_measure(asked, unit, one) for one in unit.measures],
    ]
    return html.Tr(cells, className="out" if unit.place is None else None)


def _mark(asked: Asked, unit: UnitResult) -> list[Any]:
    look, told = asked.look, asked.shown.settled.evaluation
    if unit.why_not is not None:
        return [html.Em(look.say(f"why-not-{unit.why_not}"), className="word")]
    if unit.mark is None:
        return []
    n = told.best if unit.mark == "best" else told.last
    return [html.Em(look.say(f"named-{unit.mark}", n=n), className=f"word {unit.mark}")]


def _measure(asked: Asked, unit: UnitResult, one: MeasureResult) -> Any:
    look, settled = asked.look, asked.shown.settled
    name = settled.indicators[one.indicator].name(look.language)
    value = html.Small(value_text(look, settled, one.indicator, one.value))
    text = [html.Span(points_text(one.points)), value]
    chosen = (unit.code, one.indicator) == (asked.said.get("unit"), asked.said.get("measure"))
    if one.value is None:
        inner: Any = html.Span(text)
    else:
        href = f"{asked.href(unit=unit.code, measure=one.indicator)}#lost"
        inner = html.A(text, href=href, title=look.say("show-lost"))
    style = "points on" if chosen else "points"
    return html.Td(inner, className=style, **{"data-label": name})
