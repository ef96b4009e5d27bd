"""Choices over a list: each is a link, so that what is chosen is in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.context import Look
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import write_count

Option = tuple[str, int | None, str, str]
"""What people call it, how many, where the link leads, its key."""


def chip(said: Any, href: str, on: bool) -> Any:
    """Return a choice that is on or off."""
    return html.A(said, href=href, className="chip on" if on else "chip")


def menu(look: Look, name: str, options: Sequence[Option], chosen: str | None, every: str) -> Any:
    """Return choices of which one may be on, unfolded on demand; the first link is all of them."""
    said = next((label for label, _, _, key in options if key == chosen), chosen)
    rows = [html.A([html.Span(look.say("all-of-them"))], href=every, className="option")]
    rows += [
        html.A(
            [
                html.Span(label),
                html.Span("" if n is None else write_count(look, n), className="count"),
            ],
            href=href,
            className="option on" if key == chosen else "option",
        )
        for label, n, href, key in options
    ]
    head = html.Summary(said or name, className="chip on" if chosen else "chip")
    return html.Details([head, html.Div(rows, className="options")], className="menu")
