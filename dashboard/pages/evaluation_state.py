"""Whether an evaluation is published: number, hash, by whom; and what would be otherwise now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dashboard.pages.evaluation_view import Asked
from dashboard.pages.evaluation_words import points_text
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import NONE
from geo_data.publications import Publication
from indicators import evaluation
from indicators.evaluation import Difference, UnitResult

HASH_SHOWN = 16


def state(asked: Asked) -> list[Any]:
    """Return whether it is published, as what, and what was opened again before."""
    look, one = asked.look, asked.shown.publication
    settled = asked.shown.settled
    days = f"{settled.first_day} – {settled.last_day}"
    cut_off = look.say("cut-off", at=_moment(asked, settled.known_at))
    if one is None:
        told = [html.Em(look.say("not-published"), className="word"), look.say("follows-data")]
        parts = [html.P([*told, html.Small(f"{days} · {cut_off}")], className="standing")]
    else:
        word = look.say("published-current" if asked.is_current else "published")
        parts = [
            html.P(
                [
                    html.Em(word, className="word"),
                    html.B(one.number),
                    _by(asked, one),
                    _turn(asked),
                ],
                className="standing",
            ),
            html.P(
                [
                    html.Small(f"{days} · {cut_off}"),
                    _hash(asked, one),
                    html.Small(look.say("intact" if asked.shown.is_intact else "not-intact")),
                ],
                className="standing" if asked.shown.is_intact else "standing fault",
            ),
        ]
    return [*parts, *_reopened(asked)]


def differences(asked: Asked) -> list[Any]:
    """Return what is published and would be otherwise by the data and rules of now."""
    look, shown = asked.look, asked.shown
    if shown.publication is None:
        return []
    parts: list[Any] = []
    if shown.rules_changed:
        parts.append(html.P(look.say("rules-changed"), className="calm"))
    mine = [one for one in shown.differences if one.group == asked.group.key]
    if not mine:
        return [*parts, html.P(look.say("no-difference"), className="calm")]
    rows = [
        html.Div(
            [
                html.Span(one.name, className="name"),
                html.Span(_standing(asked, one.before)),
                html.Span("→"),
                html.Span(_standing(asked, one.now)),
                html.Small(_which(asked, one)),
            ],
            className="difference",
        )
        for one in mine
    ]
    title = html.H3(look.say("differences", n=len(mine)))
    return [*parts, html.Section([title, *rows], className="differences")]


def _moment(asked: Asked, at: Any) -> str:
    return f"{asked.look.local(at):%Y-%m-%d %H:%M}"


def _by(asked: Asked, one: Publication) -> Any:
    at = _moment(asked, one.published_at)
    said = asked.look.say("published-by", at=at, who=one.published_by)
    if one.supersedes:
        said += asked.look.say("supersedes", number=one.supersedes)
    return html.Span(said)


def _hash(asked: Asked, one: Publication) -> Any:
    """Return the hash; for who sees the whole city it leads to the text that it is of."""
    small = html.Small(f"SHA-256 {one.sha256[:HASH_SHOWN]}…", title=one.sha256)
    if not asked.look.tree.is_whole_city:
        return small
    return html.A(small, href=f"/api/v1/publications/{one.number}/content", title=one.sha256)


def _turn(asked: Asked) -> Any:
    """Return the way to the other numbers: those of now, or those that were published."""
    look = asked.look
    if asked.is_current:
        return html.A(look.say("show-published"), href=asked.href(current=None))
    return html.A(look.say("show-current"), href=asked.href(current="1"))


def _reopened(asked: Asked) -> Iterator[Any]:
    look = asked.look
    for one in evaluation.history(look.store, asked.key):
        if one.reopened_at is None or one.days.key != asked.period:
            continue
        values = {"number": one.number, "who": one.reopened_by, "reason": one.reason}
        said = look.say("reopened", at=_moment(asked, one.reopened_at), **values)
        yield html.P(html.Small(said), className="standing")


def _standing(asked: Asked, unit: UnitResult | None) -> str:
    if unit is None or unit.place is None:
        return NONE
    return asked.look.say("score-at", score=points_text(unit.score), place=unit.place)


def _which(asked: Asked, one: Difference) -> str:
    look, settled = asked.look, asked.shown.settled
    known = [key for key in one.indicators if key in settled.indicators]
    names = [settled.indicators[key].name(look.language) for key in known]
    return ("、" if look.language == "zh-CN" else ", ").join(names)
