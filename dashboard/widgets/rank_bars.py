"""A ranking: place, name, bar and value of each; what has no value last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.context import Look
from dashboard.widgets.marks import status_mark
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import number
from dashboard.widgets.sign_group import short_word

UNFOLDED, SPARE = 20, 4
"""Rows that stand in the open; a few more are not worth a click."""


class RankRow(NamedTuple):
    """One row; without an address it leads nowhere, without a place it has no value."""

    place: int | None
    name: str
    value: float | None
    status: str = "none"
    href: str | None = None


def most_of(rows: Sequence[RankRow]) -> float:
    """Return the value of the longest bar."""
    return max((abs(row.value) for row in rows if row.value is not None), default=0.0) or 1.0


def rank_bars(look: Look, rows: Sequence[RankRow], unit: str, most: float | None = None) -> Any:
    """Draw rows in the order given; a bar of ``most`` is the longest, the greatest unless said."""
    longest = most_of(rows) if most is None else most
    judged = any(row.status != "none" for row in rows)
    drawn = [_row(look, row, unit, longest) for row in rows]
    if len(rows) > UNFOLDED + SPARE:
        rest = html.Summary(look.say("rank-more", n=len(rows) - UNFOLDED))
        drawn[UNFOLDED:] = [html.Details([rest, *drawn[UNFOLDED:]], className="rank-rest")]
    return html.Div(drawn, className="rank-bars judged" if judged else "rank-bars")


def _row(look: Look, row: RankRow, unit: str, most: float) -> Any:
    share = min(abs(row.value or 0.0) / most, 1.0)
    cells = [
        html.Span("" if row.place is None else row.place, className="place"),
        html.Span(row.name, className="name"),
        html.Span(html.I(style={"width": f"{share:.2%}"}), className="track"),
        number(row.value, unit),
        html.Span(
            [status_mark(row.status), short_word(look, row.status)] if row.status != "none" else "",
            className="word",
        ),
    ]
    if row.href is None:
        return html.Div(cells, className="rank-bar")
    return html.A(cells, href=row.href, className="rank-bar")
