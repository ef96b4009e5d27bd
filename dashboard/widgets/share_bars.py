"""Shares of a whole, by groups: name, bar, count, share, and how the count has changed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from dashboard.context import Look
from dashboard.theme import SERIES
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import write_change, write_number
from indicators.comparison import change


class Share(NamedTuple):
    """One part; ``group`` is what people call the group it is of."""

    name: str
    group: str
    n: int
    share: float
    previous: int | None
    href: str


def share_bars(look: Look, shares: Sequence[Share]) -> Any:
    """Draw parts under their groups; a group of one stands for itself."""
    most = max((one.share for one in shares), default=0.0) or 1.0
    colors = SERIES[look.view.theme]
    parts: list[Any] = [_stack(look, shares)]
    for index, (group, found) in enumerate(groupby(shares, lambda one: one.group)):
        members = list(found)
        color = colors[index % len(colors)]
        if len(members) > 1:
            parts.append(_head(group, members, color))
        parts += [_row(one, color, one.share / most, len(members) == 1) for one in members]
    return html.Div(parts, className="shares")


def write_share(share: float) -> str:
    """Write a share of 1 as a percentage."""
    return f"{share * 100:.1f}%"


def _stack(look: Look, shares: Sequence[Share]) -> Any:
    """Draw the whole as one bar of its groups: the shares add up, and it shows."""
    colors = SERIES[look.view.theme]
    spans = [
        html.I(
            style={"width": f"{share:.4%}", "background": colors[index % len(colors)]},
            title=f"{group} {write_share(share)}",
        )
        for index, (group, share) in enumerate(_by_group(shares))
        if share
    ]
    return html.Div(spans, className="stack")


def _by_group(shares: Sequence[Share]) -> list[tuple[str, float]]:
    return [
        (group, sum(one.share for one in found))
        for group, found in groupby(shares, lambda one: one.group)
    ]


def _changed(n: int, previous: int | None) -> Any:
    said = write_change(change(float(n), None if previous is None else float(previous)))
    before = write_number(None if previous is None else float(previous))
    return html.Span(said, className="change", title=before)


def _head(group: str, members: Sequence[Share], color: str) -> Any:
    before = [one.previous for one in members if one.previous is not None]
    n = sum(one.n for one in members)
    previous = sum(before) if len(before) == len(members) else None
    cells = [
        html.I(className="swatch", style={"background": color}),
        html.B(group),
        html.Span(),
        html.Span(f"{n:,}", className="digits"),
        html.Span(write_share(sum(one.share for one in members)), className="percent"),
        _changed(n, previous),
    ]
    return html.Div(cells, className="share-row of-group")


def _row(one: Share, color: str, length: float, is_alone: bool) -> Any:
    name: Any = one.name
    if is_alone and one.group != one.name:
        name = [one.group, html.Small(one.name)]
    bar = html.I(style={"width": f"{length:.2%}", "background": color})
    cells = [
        html.I(className="swatch", style={"background": color}) if is_alone else html.I(),
        html.Span(name, className="name"),
        html.Span(bar, className="track"),
        html.Span(f"{one.n:,}", className="digits"),
        html.Span(write_share(one.share), className="percent"),
        _changed(one.n, one.previous),
    ]
    return html.A(cells, href=one.href, className="share-row")
