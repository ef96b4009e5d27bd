"""The top bar: where we are, where to go, over what time, in which words and light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Any

from dash import Dash, Input, Output, State, dcc
from dash import html as dash_html
from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import Context, Look
from dashboard.view import WINDOWS
from dashboard.widgets.markup import html, text_of
from geo_data import queries
from geo_data.records import Hit, Incident


class Ids(StrEnum):
    """Ids of this panel."""

    TRAIL = "trail"
    CHOICES = "choices"
    SEARCH = "search"
    HITS = "search-hits"
    FOUND = "search-found"


def layout(look: Look) -> Component:
    """Return the bar as it stands before the first answer."""
    return dash_html.Header(
        [
            dash_html.Div(
                [dash_html.Span(className="seal"), dash_html.B(look.say("product"))],
                className="brand",
            ),
            shell.place(Ids.TRAIL, "trail", role="navigation"),
            dash_html.Div(
                [
                    dcc.Input(
                        id=Ids.SEARCH,
                        type="text",
                        placeholder=look.say("search-hint"),
                        autoComplete="off",
                        value="",
                    ),
                    dash_html.Kbd("/"),
                    shell.place(Ids.HITS, "hits"),
                    dcc.Store(id=Ids.FOUND),
                ],
                className="search",
            ),
            shell.place(Ids.CHOICES, "choices"),
        ],
        className="top-bar",
    )


def register(app: Dash, context: Context) -> None:
    """Wire the search box: it answers while one types."""

    @app.callback(
        Output(Ids.FOUND, "data"),
        Input(Ids.SEARCH, "value"),
        State(shell.Ids.URL, "search"),
        prevent_initial_call=True,
    )
    def show_hits(text: str | None, query: str) -> dict[str, str]:
        wanted = (text or "").strip()
        return {"text": wanted, Ids.HITS: text_of(answers(context.look(query), wanted))}

    app.clientside_callback(  # type: ignore[no-untyped-call]
        "(found) => window.yiping.page.layHits(found)",
        Output(Ids.HITS, "data-laid"),
        Input(Ids.FOUND, "data"),
        prevent_initial_call=True,
    )


def answers(look: Look, wanted: str) -> Any:
    """Return what the search box has to say to ``wanted``; nothing to nothing."""
    if not wanted:
        return []
    found = queries.search(look.store, look.scope, wanted, limit=12)
    return hits(look, found) or html.P(look.say("search-nothing", text=wanted))


def trail(look: Look) -> list[Any]:
    """Return the breadcrumb: each step is a link, the last one is where we are."""
    *above, (name, level, _) = _steps(look)
    steps = [
        html.Span(html.A([html.Small(level), html.Span(name)], href=href, className="step"))
        for name, level, href in above
    ]
    here = [html.Small(level), html.Span(name)]
    return [*steps, html.Span(here, className="step here", **shell.dashed(aria_current="page"))]


def _steps(look: Look) -> Iterator[tuple[str, str, str]]:
    for region in look.tree.ancestors(look.region.code):
        yield region.name, level_word(look, region.level), look.to_region(region.code)
    subject = look.subject
    if subject is not None and look.view.selected is not None:
        name = subject.title if isinstance(subject, Incident) else subject.name
        yield name, look.say(f"kind-{look.view.selected.kind}"), ""


def level_word(look: Look, level: str) -> str:
    """Say a level as the city file names it."""
    if level not in look.city.level_keys:
        return look.say("level-functional")
    return look.city.level(level).name(look.language)


def choices(look: Look) -> list[Any]:
    """Return the time window, the language and the light; each choice is a link."""
    view = look.view
    spans = [
        html.A(
            look.say(f"window-{key}"),
            href=look.href(replace(view, window=key)),
            className="choice on" if key == view.window else "choice",
        )
        for key in WINDOWS
    ]
    other_language = "en" if view.language == "zh-CN" else "zh-CN"
    other_theme = "light" if view.theme == "dark" else "dark"
    return [
        html.Div(spans, className="segments", role="group", title=look.say("window")),
        html.A(
            look.say("export"),
            href=f"/exports/new{look.href(view)}",
            className="choice opens-export",
            title=look.say("export-new"),
        ),
        html.A(
            look.say("reports-link"),
            href=f"/reports{look.href(view)}",
            className="choice",
            title=look.say("reports"),
        ),
        html.A(
            look.say("early-warning-link"),
            href=f"/early-warning{look.href(view)}",
            className="choice to-warnings",
            title=look.say("early-warning"),
        ),
        html.A(
            "EN" if other_language == "en" else "中",
            href=look.href(replace(view, language=other_language)),
            className="choice round",
            title=look.say("other-language"),
        ),
        html.A(
            html.Span(className=f"icon icon-{other_theme}"),
            href=look.href(replace(view, theme=other_theme)),
            className="choice round",
            title=look.say(f"theme-{other_theme}"),
        ),
    ]


def hits(look: Look, found: list[Hit]) -> list[Any]:
    """Return the answers of the search box, best first, each a link that drills there."""
    return [
        html.A(
            [
                html.Small(look.say(f"kind-{hit.kind}")),
                html.Span(hit.name, className="name"),
                html.Span(hit.detail, className="detail"),
            ],
            href=look.to_region(hit.code)
            if hit.kind == "region"
            else look.to_object(hit.kind, hit.code, hit.region_code),
            className="hit",
        )
        for hit in found
    ]


SHEETS = (shell.Sheet(Ids.TRAIL, trail), shell.Sheet(Ids.CHOICES, choices))
