"""Choices over a list: each is a link, so that what is chosen is in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.context import Look
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import write_count


class Option(NamedTuple):
    """What people call it, how many, where the link leads, its key, and how deep it lies."""

    label: str
    n: int | None
    href: str
    key: str
    depth: int = 0


def chip(said: Any, href: str, on: bool) -> Any:
    """Return a choice that is on or off."""
    return html.A(said, href=href, className="chip on" if on else "chip")


def menu(look: Look, name: str, options: Sequence[Option], chosen: str | None, every: str) -> Any:
    """Return choices of which one may be on, unfolded on demand; the first link is all of them."""
    said = next((one.label for one in options if one.key == chosen), chosen)
    rows = [html.A([html.Span(look.say("all-of-them"))], href=every, className="option")]
    rows += [_option(look, one, chosen) for one in options]
    head = html.Summary(said or name, className="chip on" if chosen else "chip")
    return html.Details([head, html.Div(rows, className="options")], className="menu")


def _option(look: Look, one: Option, chosen: str | None) -> Any:
    classes = ["option"] + ["within"] * bool(one.depth) + ["on"] * (one.key == chosen)
    count = "" if one.n is None else write_count(look, one.n)
    return html.A(
        [html.Span(one.label), html.Span(count, className="count")],
        href=one.href,
        className=" ".join(classes),
    )
