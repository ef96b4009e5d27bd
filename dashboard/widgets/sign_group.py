"""A group of vital signs as a table: mark, name, word, line, value, 环比, 同比, data time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.context import Look
from dashboard.widgets.marks import status_mark
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import number, write_change, write_number, write_time
from dashboard.widgets.sparkline import sparkline
from indicators.comparison import change
from indicators.engine import IndicatorValue
from indicators.spec import Indicator
from indicators.wording import status_word


class Sign(NamedTuple):
    """An indicator with its value, that of the year before, and where its card is."""

    indicator: Indicator
    value: IndicatorValue
    year_before: float | None
    href: str
    is_own: bool = False


def sign_group(look: Look, name: str, signs: Sequence[Sign]) -> Any:
    """Return a group; what nobody tells of stands in one line, not in a wall of dashes."""
    told = [one for one in signs if one.value.value is not None]
    untold = [one for one in signs if one.value.value is None]
    parts: list[Any] = [html.H3([name, html.Small(f"{len(told)}" if told else "")])]
    if told:
        parts += [_heads(look), *[_row(look, one) for one in told]]
    if untold or not signs:
        parts.append(_untold(look, untold, "no-data" if told else "not-connected"))
    return html.Section(parts, className="signs")


def short_word(look: Look, status: str) -> str:
    """Say a status in a word or two; nothing where there is no threshold."""
    if status == "normal":
        return status_word(status)(look.language)
    return "" if status == "none" else look.say(f"chip-{status}")


def _heads(look: Look) -> Any:
    say = look.say
    names = ["", say("indicator"), say("status"), "", say("value"), say("against-before")]
    names += [say("against-year"), say("data-at")]
    return html.Div([html.Span(name) for name in names], className="sign heads")


def _row(look: Look, one: Sign) -> Any:
    value, indicator = one.value, one.indicator
    name = [html.Span(indicator.name(look.language), className="text")]
    if one.is_own:
        name.append(html.Em(look.say("own-indicator"), className="own"))
    said = status_word(value.status)(look.language)
    tip = [indicator.formula(look.language), indicator.basis(look.language), said]
    if value.late:
        tip.append(look.say("sign-late"))
    a_year = write_change(change(value.value, one.year_before))
    return html.A(
        [
            status_mark(value.status),
            html.Span(name, className="name"),
            html.Span(short_word(look, value.status), className=f"word is-{value.status}"),
            sparkline(value.spark),
            number(value.value, indicator.unit_in(look.language)),
            html.Span(
                write_change(value.change), className="change", title=write_number(value.previous)
            ),
            html.Span(a_year, className="change", title=write_number(one.year_before)),
            html.Span(write_time(look, value.data_at), className="when"),
        ],
        href=one.href,
        title="\n".join(tip),
        className="sign late" if value.late else "sign",
    )


def _untold(look: Look, signs: Sequence[Sign], word: str) -> Any:
    """Say once that nobody tells, and of what: each still leads to its card."""
    links = [
        html.A(
            one.indicator.name(look.language),
            href=one.href,
            title=one.indicator.basis(look.language),
            className="sign-untold",
        )
        for one in signs
    ]
    return html.P([html.Span(look.say(word), className="said"), *links], className="untold")
