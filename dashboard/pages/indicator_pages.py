"""Addresses of the pages of indicators: the catalogue, and one indicator."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from dashboard.context import Context
from dashboard.pages.indicator_board import board_page
from dashboard.pages.indicator_card import card_page
from dashboard.pages.indicator_view import PATH, Asked, asked_of
from dashboard.pages.plain import head, plain_page
from dashboard.widgets.markup import html
from indicators import catalog


def router(context: Context) -> APIRouter:
    """Return the routes; they are pages, so the API's description leaves them out."""
    routes = APIRouter(prefix=PATH, include_in_schema=False, default_response_class=Response)

    @routes.get("")
    def board(request: Request) -> HTMLResponse:
        asked = asked_of(context, request.url.query)
        title = asked.look.say("indicators")
        return plain_page(context, asked.look, title, board_page(asked))

    @routes.get("/{key}")
    def card(request: Request, key: str, rows: str = "") -> HTMLResponse:
        asked = asked_of(context, request.url.query)
        indicator = catalog.of(context.store.city).get(key)
        if indicator is None:
            return plain_page(context, asked.look, key, _missing(asked, key), status=404)
        part = int(rows) if rows.isdecimal() and len(rows) < 4 else None
        name = indicator.name(asked.look.language)
        return plain_page(context, asked.look, name, card_page(asked, indicator, part))

    return routes


def _missing(asked: Asked, key: str) -> list[object]:
    look = asked.look
    every = html.A(look.say("indicators"), href=asked.href(), className="choice")
    return [
        head(look, look.say("indicators"), PATH, every),
        html.Article(
            html.H2(look.say("no-such-indicator", indicator=key)), className="record indicators"
        ),
    ]
