"""The catalogue of indicators, by groups: what each is now, against before, and since when."""

from __future__ import annotations

from typing import Any

from dashboard.pages.frozen_note import frozen_note
from dashboard.pages.indicator_view import Asked, chain, choices, notices
from dashboard.pages.plain import head
from dashboard.widgets.marks import status_mark
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import number, write_change, write_number
from dashboard.widgets.sparkline import sparkline
from indicators import catalog, engine
from indicators.engine import IndicatorValue
from indicators.wording import status_word


def board_page(asked: Asked) -> list[Any]:
    """Return the page."""
    look, key = asked.look, asked.period.key
    where = (look.store, look.scope, look.region.code, key, look.at)
    values = engine.board(*where)
    earlier = engine.year_before(*where)
    described = catalog.of(look.city)
    by_group: dict[str, list[IndicatorValue]] = {}
    for value in values:
        by_group.setdefault(described[value.key].group, []).append(value)
    tables = [
        html.Section(
            [
                html.H3([catalog.groups()[group](look.language), html.Small(str(len(members)))]),
                _heads(asked),
                *[_row(asked, value, earlier.get(value.key)) for value in members],
            ],
            className="signs",
        )
        for group, members in by_group.items()
    ]
    return [
        head(look, look.say("indicators"), "/indicators", more=asked.more),
        html.Article(
            [
                *notices(look),
                html.Div([chain(asked), choices(asked)], className="sign-head"),
                *frozen_note(asked),
                html.Div(tables, className="groups"),
                html.P(look.say("indicators-rule"), className="calm"),
            ],
            className="record indicators",
        ),
    ]


def _heads(asked: Asked) -> Any:
    say = asked.look.say
    names = ["", say("indicator"), "", say("value"), say("against-before"), say("against-year")]
    return html.Div([html.Span(name) for name in names], className="sign heads")


def _row(asked: Asked, value: IndicatorValue, year_before: float | None) -> Any:
    look = asked.look
    indicator = catalog.of(look.city)[value.key]
    status = value.status if value.value is not None else "missing"
    word = status_word(value.status)(look.language) if value.value is not None else ""
    own = value.key not in catalog.indicators()
    name = [html.Span(indicator.name(look.language), className="text")]
    if own:
        name.append(html.Em(look.say("own-indicator"), className="word"))
    if status in ("blue", "yellow", "orange", "red"):
        name.append(html.Em(word, className="word"))
    tip = f"{indicator.formula(look.language)}\n{indicator.basis(look.language)}"
    before, change = write_number(value.previous), write_change(value.change)
    a_year = write_change(engine.change(value.value, year_before))
    return html.A(
        [
            status_mark(status),
            html.Span(name, className="name"),
            sparkline(value.spark),
            number(value.value, indicator.unit_in(look.language)),
            html.Span(change, className="change", title=before),
            html.Span(a_year, className="change", title=write_number(year_before)),
        ],
        href=asked.href(value.key),
        title=tip,
        className="sign late" if value.late else "sign",
    )
