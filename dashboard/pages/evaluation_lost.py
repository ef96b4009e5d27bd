"""The cases that cost a unit points under a measure, and how its points were worked out."""

from __future__ import annotations

from typing import Any

from dashboard.pages.evaluation_view import Asked
from dashboard.pages.evaluation_words import plain, value_text, worked
from dashboard.widgets.case_row import incident_row
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import NONE
from indicators import catalog, evaluation, parts
from indicators.evaluation import MeasureResult, UnitResult
from indicators.spec import Indicator

LISTED = 100


def lost(asked: Asked) -> list[Any]:
    """Return the part of the page for the unit and measure that are chosen; nothing without."""
    key, code = asked.said.get("measure", ""), asked.said.get("unit", "")
    unit = asked.shown.settled.unit(code)
    indicator = catalog.of(asked.look.city).get(key)
    one = next((each for each in unit.measures if each.indicator == key), None) if unit else None
    if unit is None or one is None or indicator is None:
        return []
    name = asked.shown.settled.indicators[key].name(asked.look.language)
    return [
        html.Section(
            [
                html.H3([f"{unit.name} · {name}"], id="lost"),
                _points(asked, unit, one, indicator),
                *_cases(asked, unit, indicator),
            ],
            className="lost",
        )
    ]


def _points(asked: Asked, unit: UnitResult, one: MeasureResult, indicator: Indicator) -> Any:
    look, settled = asked.look, asked.shown.settled
    measure = next((m for m in asked.group.measures if m.indicator == one.indicator), None)
    if measure is None:
        return None
    made = _made_of(asked, unit, one, indicator)
    rows = [
        (look.say("value"), value_text(look, settled, one.indicator, one.value)),
        (look.say("made-of"), made),
        (look.say("points"), worked(look, measure, one)),
    ]
    return html.Dl([cell for head, text in rows for cell in (html.Dt(head), html.Dd(text))])


def _made_of(asked: Asked, unit: UnitResult, one: MeasureResult, indicator: Indicator) -> str:
    """Say what the value is made of: as it was published where that is kept."""
    look = asked.look
    names = [parts.name_of(need)(look.language) for need in indicator.needs]
    values = list(one.made_of)
    if len(values) != len(names):
        where = (look.store, look.scope, unit.code, indicator, asked.period, look.now)
        values = [part.value for part in parts.parts(*where)]
    told = [
        f"{name} {NONE if value is None else plain(value)}"
        for name, value in zip(names, values, strict=False)
    ]
    return " · ".join(told)


def _cases(asked: Asked, unit: UnitResult, indicator: Indicator) -> list[Any]:
    look = asked.look
    where = (look.store, look.scope, unit.code, indicator.key, asked.period, look.now)
    found = evaluation.lost_cases(*where, LISTED)
    if found.costing is None:
        return [html.P(look.say("lost-not-cases"), className="calm")]
    said = look.say("rows-of", n=f"{found.cases.n:,}", shown=len(found.cases.cases))
    if not found.cases.is_all:
        said = look.say("lost-not-all", n=f"{found.cases.n:,}")
    if asked.shown.publication is not None:
        said = f"{said} {look.say('lost-as-now')}"
    listed = [incident_row(look, case, "/") for case in found.cases.cases]
    return [
        html.P([html.B(look.say("lost-cases")), html.Small(said)], className="standing"),
        html.Div(
            listed or html.P(look.say("nothing-here"), className="calm"), className="rows-behind"
        ),
    ]
