"""Address of the page of evaluation: the ranking of a group, its state, and the cases behind it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from dashboard.context import Context
from dashboard.pages.evaluation_lost import lost
from dashboard.pages.evaluation_state import differences, state
from dashboard.pages.evaluation_table import rules, table
from dashboard.pages.evaluation_view import PATH, Asked, asked_of, choices
from dashboard.pages.plain import head, plain_page
from dashboard.widgets.markup import html
from dashboard.widgets.period_name import period_name


def router(context: Context) -> APIRouter:
    """Return the route; it is a page, so the API's description leaves it out."""
    routes = APIRouter(prefix=PATH, include_in_schema=False, default_response_class=Response)

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        asked = asked_of(context, request.url.query)
        title = asked.shown.settled.evaluation.name(asked.look.language)
        return plain_page(context, asked.look, title, _page(asked))

    return routes


def _page(asked: Asked) -> list[object]:
    look, told = asked.look, asked.shown.settled.evaluation
    signs = html.A(
        look.say("indicators"), href="/indicators" + look.href(look.view), className="choice"
    )
    period = period_name(look, asked.period)
    title = f"{told.name(look.language)} · {asked.group.name(look.language)} · {period}"
    return [
        head(look, look.say("evaluation"), PATH, signs, asked.more),
        html.Article(
            [
                *[html.P(text, className="fault") for text in look.notices],
                choices(asked),
                html.H2(title),
                *state(asked),
                html.Div(
                    [
                        html.Div(table(asked), className="ranking"),
                        html.Div([*lost(asked), *differences(asked), *rules(asked)]),
                    ],
                    className="sides",
                ),
            ],
            className="record indicators evaluation",
        ),
    ]
