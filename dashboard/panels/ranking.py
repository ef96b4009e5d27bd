"""The children of the region in view, ranked by the chosen indicator."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from dash import html as dash_html
from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import Look
from dashboard.panels.top_bar import level_word
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import number
from geo_data import queries
from geo_data.dictionaries import place_kind
from geo_data.records import FUNCTIONAL
from geo_data.rollups import RESIDUE
from indicators import catalog, engine, threshold_book
from indicators.ranking import ranked


class Ids(StrEnum):
    """Ids of this panel."""

    HEAD = "ranking-head"
    ROWS = "ranking-rows"


def layout(_look: Look) -> Component:
    """Return the panel as it stands before the first answer."""
    return dash_html.Section(
        [shell.place(Ids.HEAD, "head"), shell.place(Ids.ROWS, "rows")], className="ranking"
    )


def head(look: Look) -> list[Any]:
    """Return what is ranked, by what."""
    below = look.city.child_level(look.region.level)
    if below is None:
        return [html.Span(look.say("objects-here"))]
    indicator = catalog.of(look.city)[look.view.indicator]
    return [
        html.Span(look.say("ranking-of", level=level_word(look, below))),
        html.Small(indicator.name(look.language)),
    ]


def rows(look: Look, limit: int | None = None) -> list[Any]:
    """Return the children, worst first; objects by kind at the finest level."""
    if look.city.child_level(look.region.level) is None:
        return _objects(look)
    indicator = catalog.of(look.city)[look.view.indicator]
    found = engine.children(
        look.store, look.scope, look.region.code, indicator.key, look.view.window, look.at
    )
    names = {child.code: child.name for child in look.tree.children(look.region.code)}
    today = look.local(look.at).date()
    threshold = threshold_book.in_force(look.store, look.at).at(indicator.key, today)
    residue = found.pop(RESIDUE, None)
    known = [abs(value) for value in found.values() if value is not None]
    most = max(known, default=0.0) or 1.0
    listed = [(one.code, one.value) for one in ranked(found, indicator.better, threshold)]
    rows: list[Any] = [
        _row(look, code, names[code], value, abs(value or 0.0) / most)
        for code, value in listed[:limit]
    ]
    if residue and (limit is None or len(rows) < limit):
        rows.append(_row(look, RESIDUE, None, residue, min(abs(residue) / most, 1.0)))
    return rows or [html.P(look.say("nothing-here"), className="calm")]


def beside(look: Look) -> list[Any]:
    """Return the functional areas, which overlap the children and are never added to them."""
    if look.region.code != look.tree.root.code or not look.tree.functional:
        return []
    view = look.view
    found = engine.by_level(
        look.store, look.scope, FUNCTIONAL, view.indicator, view.window, look.at
    )
    head = [look.say("level-functional"), html.Small(look.say("not-added"))]
    rows = [
        _row(look, area.code, area.name, found.get(area.code), 0.0) for area in look.tree.functional
    ]
    return [html.H3(head), html.Div(rows, className="beside")]


def _row(look: Look, code: str, name: str | None, value: float | None, share: float) -> Any:
    unit = catalog.of(look.city)[look.view.indicator].unit_in(look.language)
    cells = [
        html.Span(name or look.say("placed-here-only"), className="name"),
        html.Span(className="bar", style={"--share": f"{share:.3f}"}),
        number(value, unit),
    ]
    if name is None:
        return html.Div(cells, className="rank residue")
    return html.A(cells, href=look.to_region(code), className="rank")


def _objects(look: Look) -> list[Any]:
    """Objects of a finest region, the named sites first; its buildings are on the map."""
    kinds = list(queries.place_counts(look.store, look.scope, look.region.code))
    sites = [kind for kind in kinds if kind != "building"]
    frame = queries.places(look.store, look.scope, sites, look.region.code) if sites else None
    if frame is None or frame.empty:
        return [html.P(look.say("nothing-here"), className="calm")]
    return [
        html.A(
            [
                html.Span(row.name_, className="name"),
                html.Span(place_kind(row.kind).label(look.language), className="unit"),
            ],
            href=look.to_object("place", row.code),
            className="rank object",
        )
        for row in frame.rename(columns={"name": "name_"}).head(60).itertuples()
    ]


SHEETS = (
    shell.Sheet(Ids.HEAD, lambda look: html.H3(head(look))),
    shell.Sheet(Ids.ROWS, lambda look: [rows(look), beside(look)], shell.CASES),
)
