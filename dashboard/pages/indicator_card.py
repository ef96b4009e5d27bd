"""One indicator: what it is, its value at every level, its past, its limits, its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from dashboard.context import Look
from dashboard.pages.frozen_note import frozen_note
from dashboard.pages.indicator_levels import levels, value_of
from dashboard.pages.indicator_limits import thresholds
from dashboard.pages.indicator_view import Asked, chain, choices, notices, period_word
from dashboard.pages.plain import head
from dashboard.widgets.bucket_chart import bucket_chart
from dashboard.widgets.case_row import incident_row
from dashboard.widgets.marks import status_mark
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import NONE, number, write_change, write_number, write_time
from geo_data import queries
from geo_data.queries.case_filter import CaseFilter, Standing
from geo_data.rollups.case_log import UNCLOSED
from indicators import catalog, engine
from indicators import parts as parts_of
from indicators.engine import IndicatorValue
from indicators.history import exact_keys
from indicators.installed import kinds_of_metric
from indicators.parts import Part
from indicators.spec import (
    Cases,
    CasesOf,
    Grain,
    Indicator,
    Need,
    Readings,
    Sensors,
    Unclosed,
)
from indicators.spec import Standing as StandingNeed
from indicators.wording import label, status_word

LISTED = 50
_STATES = {"normal": "normal", "warning": "warning", "alarm": "alarm"}


def card_page(asked: Asked, indicator: Indicator, part: int | None, form: Any = None) -> list[Any]:
    """Return the page.

    Parameters
    ----------
    part : int or None
        The series whose rows are listed.
    form : markup, optional
        By which its thresholds are changed, where that may be done.
    """
    look = asked.look
    where = (look.store, look.scope, look.region.code)
    value = value_of(asked, indicator, look.region.code)
    found = parts_of.parts(*where, indicator, asked.period.key, look.at)
    name = indicator.name(look.language)
    here = f"/indicators/{quote(indicator.key)}"
    every = html.A(look.say("indicators"), href=asked.href(), className="choice")
    return [
        head(look, name, here, every, asked.more),
        html.Article(
            [
                *notices(asked, indicator.key),
                html.Div([chain(asked, indicator.key), choices(asked, indicator.key)]),
                *frozen_note(asked),
                html.H2(name),
                html.Div(
                    [
                        _value(asked, indicator, value),
                        _history(asked, indicator, value),
                        *_made_of(asked, indicator, found),
                        *_rows(asked, found, part),
                        _definition(asked, indicator),
                        *thresholds(asked, indicator, form),
                    ],
                    className="about",
                ),
                html.Div(list(levels(asked, indicator, value.threshold)), className="around"),
            ],
            className="record indicators card",
        ),
    ]


def _value(asked: Asked, indicator: Indicator, value: IndicatorValue) -> Any:
    look, unit = asked.look, indicator.unit_in(asked.look.language)
    where = (look.store, look.scope, look.region.code, asked.period.key, look.at)
    earlier = engine.year_before(*where, (indicator.key,)).get(indicator.key)
    status = value.status if value.value is not None else "missing"
    said = status_word(value.status)(look.language) if value.value is not None else NONE
    facts = [
        (period_word(look, asked.period.key), _span(asked)),
        (look.say("against-before"), _compared(value.previous, value.change)),
        (look.say("against-year"), _compared(earlier, engine.change(value.value, earlier))),
        *_per_10k(look, indicator, value.value),
        (look.say("data-time"), write_time(look, value.data_at)),
    ]
    mark = [html.Em(look.say("frozen"), className="word")] if value.frozen_at else []
    return html.Div(
        [
            html.Div(
                [number(value.value, unit), html.Span([status_mark(status), said, *mark])],
                className="big late" if value.late else "big",
            ),
            html.Dl([cell for head, text in facts for cell in (html.Dt(head), html.Dd(text))]),
        ],
        className="value",
    )


def _span(asked: Asked) -> str:
    window = asked.period.window
    start, end = (asked.look.local(edge) for edge in (window.start, window.end))
    return f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}"


def _compared(before: float | None, change: float | None) -> str:
    return NONE if before is None else f"{write_number(before)}  ({write_change(change)})"


def _per_10k(look: Look, indicator: Indicator, value: float | None) -> list[tuple[str, str]]:
    """Return a count of cases per 10,000 residents, where somebody said how many there are."""
    residents = look.region.population
    is_count = indicator.additive and indicator.unit_label == label("unit-cases")
    if not is_count or value is None or not residents:
        return []
    return [(look.say("per-10k"), write_number(value / residents * 10_000))]


def _history(asked: Asked, indicator: Indicator, value: IndicatorValue) -> Any:
    look = asked.look
    if not value.spark:
        return html.P(look.say("no-history"), className="calm")
    bars = indicator.additive and indicator.grain is Grain.FLOW
    drawn = bucket_chart(look, asked.period, value.spark, bars=bars, threshold=value.threshold)
    return html.Div([html.H3(look.say("history")), drawn], className="history-box")


def _made_of(asked: Asked, indicator: Indicator, found: list[Part]) -> Iterator[Any]:
    look = asked.look
    yield html.H3([look.say("made-of"), html.Small(indicator.formula(look.language))])
    yield html.Div(
        [
            html.Div(
                [
                    html.Span(part.name(look.language), className="name"),
                    number(part.value),
                    html.Span(_leads(asked, indicator, index, part.need), className="leads"),
                ],
                className="part",
            )
            for index, part in enumerate(found)
        ],
        className="parts",
    )


def _leads(asked: Asked, indicator: Indicator, index: int, need: Need) -> list[Any]:
    """Return where the rows of a series are: here, and on the map."""
    look, leads = asked.look, []
    if isinstance(need, Cases | CasesOf | Unclosed):
        query = asked.href(indicator.key)
        joint = "&" if "?" in query else "?"
        leads.append(html.A(look.say("list-rows"), href=f"{query}{joint}rows={index}#rows"))
    if on_map := _on_map(look, need):
        leads.append(html.A(look.say("on-map"), href=f"/{on_map}"))
    return leads


def _on_map(look: Look, need: Need) -> str | None:
    """Return the desk's address that shows such rows, where its filters can say it."""
    view = look.view
    match need:
        case StandingNeed(what):
            standing: Standing = what
            return look.href(view.of_cases(CaseFilter(standing=standing)))
        case Cases("reported"):
            return look.href(view.of_cases(CaseFilter()))
        case Cases("hotline"):
            return look.href(view.of_cases(CaseFilter(channel="hotline")))
        case CasesOf("channel", (key,)):
            return look.href(view.of_cases(CaseFilter(channel=key)))
        case CasesOf("category", (key,)):
            return look.href(view.of_cases(CaseFilter(category=key)))
        case Sensors(kinds, part):
            kind = kinds[0] if len(kinds) == 1 else None
            state = _STATES.get(part)
            return look.href(replace(view, tab="sensors", sensor_kind=kind, sensor_state=state))
        case Readings(metric):
            (kind, *others) = kinds_of_metric(metric)
            chosen = None if others else kind
            return look.href(replace(view, tab="sensors", sensor_kind=chosen, sensor_state=None))
    return None


def _rows(asked: Asked, found: list[Part], part: int | None) -> Iterator[Any]:
    """Return the cases behind a series: those that it counted, not cases that are like them."""
    if part is None or not 0 <= part < len(found):
        return
    need, look = found[part].need, asked.look
    where = (look.store, look.scope, look.region.code)
    span = asked.period.window
    match need:
        case Cases(measure):
            listed = queries.counted_cases(*where, measure, span, look.at, limit=LISTED)
        case CasesOf(dimension):
            listed = queries.counted_cases(
                *(*where, "reported", span, look.at),
                trait=dimension,
                keys=exact_keys(need),
                limit=LISTED,
            )
        case Unclosed():
            listed = queries.counted_cases(*where, UNCLOSED, span, look.at, limit=LISTED)
        case _:
            return
    counted = found[part].value
    said = look.say("rows-of", n=f"{listed.n:,}", shown=len(listed.cases))
    if not listed.is_all or counted is None or listed.n != round(counted):
        said = look.say("rows-some", n=write_number(counted), shown=f"{listed.n:,}")
    yield html.H3([found[part].name(look.language), html.Small(said)], id="rows")
    yield html.Div(
        [incident_row(look, one, "/") for one in listed.cases]
        or html.P(look.say("nothing-here"), className="calm"),
        className="rows-behind",
    )


def _definition(asked: Asked, indicator: Indicator) -> Any:
    look = asked.look
    say, language = look.say, look.language
    roles = [label(f"role-{role}")(language) for role in indicator.roles]
    rows = [
        (say("formula"), indicator.formula(language)),
        (say("basis"), indicator.basis(language)),
        (say("group"), catalog.groups()[indicator.group](language)),
        (say("better"), say(f"better-{indicator.better}")),
        (say("grain"), say(f"grain-{indicator.grain}")),
        (say("adds-up"), say("yes" if indicator.additive else "no")),
        (say("roles"), "、".join(roles) if language == "zh-CN" else ", ".join(roles)),
        (say("key"), indicator.key),
    ]
    return html.Dl([cell for head, text in rows for cell in (html.Dt(head), html.Dd(text))])
