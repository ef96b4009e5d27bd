"""The sources: which systems tell the city something, and whether each of them is heard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from dash import html as dash_html
from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import Look
from dashboard.view import EVERY_SOURCE
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import NONE, write_count, write_span, write_time
from geo_data import queries
from geo_data.queries import SourceState
from geo_data.queries.sources import LETTERS, Letter, sees_everything

STALE_S = 5
"""The summary is read again after so long: every page of every viewer shows it."""


class Ids(StrEnum):
    """Ids of this panel."""

    CARD = "sources-card"
    LINE = "sources-line"


def layout(_look: Look) -> list[Component]:
    """Return the line that opens the panel in little room, and the panel as it stands unopened."""
    card = shell.place(Ids.CARD, "card-text")
    return [
        shell.place(Ids.LINE, "sources-line"),
        dash_html.Aside(card, className="card-slot sources-slot"),
    ]


def found(look: Look) -> list[SourceState]:
    """Return every source, those first that need somebody."""
    sources = queries.sources(look.store, look.scope, look.at)
    return sorted(sources, key=lambda one: RANKS.index(standing(one)))


RANKS = ("error", "lost", "late", "fresh", "unknown")


def standing(one: SourceState) -> str:
    """Return how a source stands: one of :data:`RANKS`."""
    return "error" if one.error else one.state or "unknown"


def troubled(look: Look) -> list[SourceState]:
    """Return the sources that are late, silent or cannot be reached, the worst first."""
    return [one for one in _summary(look) if standing(one) in RANKS[:3]]


def _summary(look: Look) -> list[SourceState]:
    stamp = look.store.stamp("incidents", "readings"), int(look.at.timestamp()) // STALE_S
    return look.store.cached(("sources", look.scope), stamp, lambda: found(look))


def link(look: Look) -> Any:
    """Return the line that opens the panel: how many there are, and the worst of them."""
    sources = _summary(look)
    bad = troubled(look)
    worst = standing(bad[0]) if bad else "fresh"
    said = look.say("sources-troubled", n=len(bad)) if bad else ""
    return html.A(
        [
            html.Span(className=f"mark age age-{_mark(worst)}"),
            look.say("sources"),
            html.B(f"{len(sources)}"),
            html.Em(said) if said else "",
        ],
        href=opened(look, EVERY_SOURCE),
        className=f"badge sources-link {'late' if bad else ''}",
        title=look.say("sources-open"),
    )


def opened(look: Look, which: str | None) -> str:
    """Link that opens the panel, or one source of it, or closes it with ``None``."""
    view = replace(look.view, sources=which, selected=None)
    return look.href(replace(view, fold=view.fold - {"right"}) if which else view)


def badges(look: Look, limit: int) -> list[Any]:
    """Return the sources in trouble for a screen that nobody touches."""
    bad = troubled(look)
    shown = [
        html.Span(
            [
                html.Span(className=f"mark age age-{_mark(standing(one))}"),
                html.Span(name(look, one), className="name"),
                html.Em(look.say(f"source-{standing(one)}")),
            ],
            className=f"badge source {standing(one)}",
        )
        for one in bad[:limit]
    ]
    rest = len(bad) - len(shown)
    more = [html.Span(look.say("sources-more", n=rest), className="badge")] if rest else []
    return [*shown, *more]


def card(look: Look) -> list[Any]:
    """Return the panel: every source, or one with what was refused of it; nothing while shut."""
    which = look.view.sources
    if which is None:
        return []
    sources = found(look)
    one = next((each for each in sources if each.key == which), None)
    head = html.H2(name(look, one) if one else look.say("sources"))
    close = html.A("×", href=opened(look, None), className="close", title=look.say("close"))
    body = _one(look, one) if one else _every(look, sources)
    return [html.Article([html.Header([head, close]), *body], className="card sources")]


def _every(look: Look, sources: list[SourceState]) -> Iterator[Any]:
    if not sources:
        yield html.P(look.say("no-sources"), className="calm")
    for one in sources:
        yield entry(look, one)
    if not sees_everything(look.store, look.scope):
        yield html.P(look.say("sources-withheld"), className="calm")


def _one(look: Look, one: SourceState) -> Iterator[Any]:
    yield html.P(
        html.A(look.say("sources-all"), href=opened(look, EVERY_SOURCE)), className="chain"
    )
    yield entry(look, one, alone=True)
    if not sees_everything(look.store, look.scope):
        yield html.P(look.say("sources-withheld"), className="calm")
        return
    letters = queries.letters(look.store, look.scope, one.key, LETTERS)
    yield html.H3([look.say("letters"), html.B(f"{one.letters or 0:,}", className="digits")])
    if not letters:
        yield html.P(look.say("no-letters"), className="calm")
    for letter in letters:
        yield _letter(look, letter)
    if (one.letters or 0) > len(letters) > 0:
        yield html.P(look.say("letters-newest", n=len(letters)), className="calm")


def entry(look: Look, one: SourceState, alone: bool = False) -> Any:
    """Return one source: how it stands, by which way, when and how much."""
    how = standing(one)
    parts = [
        html.Span(className=f"mark age age-{_mark(how)}"),
        html.Span(
            [
                html.Span(name(look, one), className="name"),
                html.Span(look.say(f"source-{how}"), className=f"standing {how}"),
            ],
            className="first",
        ),
        html.Span(
            [
                html.Span(look.say(f"way-{one.way}")),
                html.Span(look.say(f"tells-{one.tells}")) if one.tells else "",
                html.Span(_heard(look, one.seen_at), className="when"),
            ],
            className="second",
        ),
        *_numbers(look, one),
        *_trouble(look, one),
    ]
    if alone:
        return html.Div(parts, className="entry source", key=f"source-{one.key}")
    href = opened(look, one.key)
    return html.A(parts, href=href, className="entry source", key=f"source-{one.key}")


def _numbers(look: Look, one: SourceState) -> Iterator[Any]:
    rows = [("data-age", _age(look, one.data_at)), ("lag", _lag(look, one.lag_s))]
    if one.hour and one.today:
        rows += [
            ("last-hour", write_count(look, one.hour.accepted)),
            ("today", write_count(look, one.today.accepted)),
            ("repeated", write_count(look, one.today.repeated)),
            ("refused", write_count(look, one.today.refused)),
        ]
    yield html.Span(
        [
            html.Span([html.Small(look.say(f"source-{key}")), html.B(value, className="digits")])
            for key, value in rows
        ],
        className="figures",
    )


def _trouble(look: Look, one: SourceState) -> Iterator[Any]:
    if one.error is None:
        return
    since = look.say("source-since", at=write_time(look, one.error_at))
    said = one.error.sentence(look.language)
    yield html.Span([html.B(since), said], className="said")


def _letter(look: Look, letter: Letter) -> Any:
    why = [html.P(line) for line in letter.why(look.language)]
    return html.Div(
        [
            html.Span(write_time(look, letter.received_at), className="when"),
            html.Div(why, className="why"),
            html.Pre(letter.readable()),
        ],
        className="letter",
        key=f"letter-{letter.id}",
    )


def name(look: Look, one: SourceState) -> str:
    """Return what people call a source."""
    return look.say("simulator") if one.way == "simulator" else one.says(look.language)


def _heard(look: Look, at: datetime | None) -> str:
    return look.say("never-heard") if at is None else look.say("heard", at=_age(look, at))


def _mark(how: str) -> str:
    return {"error": "late", "unknown": "unknown"}.get(how, how)


def _age(look: Look, at: datetime | None) -> str:
    return NONE if at is None else look.say("ago", span=write_span(look, look.at - at))


def _lag(look: Look, lag_s: float | None) -> str:
    return NONE if lag_s is None else write_span(look, timedelta(seconds=max(lag_s, 0)))


SHEETS = (
    shell.Sheet(Ids.LINE, link, shell.LIVE),
    shell.Sheet(Ids.CARD, card, shell.LIVE),
)
