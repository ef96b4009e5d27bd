"""Overdue cases by how long past their limit: a row a region, a column a class."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from dashboard.context import Look
from dashboard.widgets.markup import html
from geo_data.queries.overdue_ageing import EDGES
from layers.style import ink_on, scale


class AgeingRow(NamedTuple):
    """A region, how many cases of each class it has, and where they are listed."""

    name: str
    counts: tuple[int, ...]
    href: str | None


def ageing_table(look: Look, total: AgeingRow, rows: Sequence[AgeingRow]) -> Any:
    """Return the whole and its parts; those without any are counted in one line."""
    late = [row for row in rows if any(row.counts)]
    by = scale([float(n) for row in late for n in row.counts if n], "violet", look.view.theme)
    spare = len(rows) - len(late)
    parts = [_heads(look), _row(look, total, None)]
    parts += [_row(look, row, by) for row in sorted(late, key=lambda row: -sum(row.counts))]
    if spare:
        parts.append(html.P(look.say("ageing-none", n=spare), className="calm"))
    return html.Div(parts, className="ageing")


def class_names() -> list[str]:
    """Say the classes: up to a day, one to three ... more than thirty."""
    edges = [str(edge) for edge in EDGES]
    between = [f"{low}–{high}" for low, high in pairwise(edges)]
    return [f"≤ {edges[0]}", *between, f"> {edges[-1]}"]


def _heads(look: Look) -> Any:
    names = [*class_names(), look.say("sum")]
    cells = [html.Span(look.say("days-late"), className="name")]
    return html.Div([*cells, *[html.Span(name) for name in names]], className="age-row heads")


def _row(look: Look, row: AgeingRow, by: Any) -> Any:
    cells: list[Any] = [html.Span(row.name, className="name")]
    for n in row.counts:
        style = None
        if by is not None and n:
            color = by.colors[sum(n >= edge for edge in by.breaks)]
            style = {"background": color, "color": ink_on(color)}
        cells.append(html.Span(f"{n:,}", className="n" if n else "n zero", style=style))
    cells.append(html.Span(f"{sum(row.counts):,}", className="sum"))
    classes = "age-row" if by is not None else "age-row total"
    if row.href is None:
        return html.Div(cells, className=classes)
    return html.A(cells, href=row.href, className=classes, title=look.say("list-overdue"))
