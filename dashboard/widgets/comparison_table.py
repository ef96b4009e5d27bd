"""Two boards side by side: every indicator in two columns, their difference, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.context import Look
from dashboard.widgets.marks import status_mark
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import NONE, number, write_number
from indicators.side_by_side import Compared
from indicators.spec import Indicator


class ComparedRow(NamedTuple):
    """An indicator on both sides, where each leads, and whether either can be called better.

    More cases in a larger town, or in a longer time, are no worse.
    """

    indicator: Indicator
    pair: Compared
    left_href: str
    right_href: str
    is_judged: bool = True


def comparison_table(
    look: Look, heads: tuple[str, str], groups: Sequence[tuple[str, Sequence[ComparedRow]]]
) -> Any:
    """Return the table; groups where neither side knows anything are left out."""
    parts = []
    for name, rows in groups:
        told = [
            row
            for row in rows
            if row.pair.left.value is not None or row.pair.right.value is not None
        ]
        if told:
            body = [html.H3(name), _heads(look, heads), *[_row(look, row) for row in told]]
            parts.append(html.Section(body))
    return html.Div(parts, className="versus-groups")


def difference_words(look: Look, row: ComparedRow) -> str:
    """Say a difference: how much higher or lower the left side is, and whether that is good."""
    difference, unit = row.pair.difference, row.indicator.unit_in(look.language)
    if difference is None:
        return NONE
    left, right = row.pair.left.value, row.pair.right.value
    if write_number(left) == write_number(right):
        return look.say("versus-same")
    said_unit = look.say("percentage-points") if unit == "%" else unit
    amount = f"{write_number(abs(difference))} {said_unit}".rstrip()
    said = look.say("versus-more" if difference > 0 else "versus-less", n=amount)
    side = row.pair.better_side(row.indicator.better) if row.is_judged else None
    return said if side is None else look.say(f"versus-{_judged(side)}", said=said)


def _judged(side: str) -> str:
    return "better" if side == "left" else "worse"


def _heads(look: Look, heads: tuple[str, str]) -> Any:
    cells = ["", *heads, look.say("versus-difference")]
    return html.Div([html.Span(cell, title=cell) for cell in cells], className="versus-row heads")


def _row(look: Look, row: ComparedRow) -> Any:
    unit = row.indicator.unit_in(look.language)
    sides = [
        html.A(
            [
                status_mark(value.status if value.value is not None else "missing"),
                number(value.value, unit),
            ],
            href=href,
            className="side late" if value.late else "side",
        )
        for value, href in ((row.pair.left, row.left_href), (row.pair.right, row.right_href))
    ]
    name = html.Span(row.indicator.name(look.language), className="name")
    words = html.Span(difference_words(look, row), className="difference")
    return html.Div([name, *sides, words], className="versus-row")
