"""Addresses of the pages of indicators: the catalogue, and one indicator."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboard.api.same_site import same_site
from dashboard.context import Context
from dashboard.pages.indicator_board import board_page
from dashboard.pages.indicator_card import card_page
from dashboard.pages.indicator_view import PATH, Asked, asked_of
from dashboard.pages.plain import head, plain_page
from dashboard.pages.threshold_changes import Change, changed, filled
from dashboard.widgets.markup import html
from dashboard.widgets.threshold_form import threshold_form
from geo_data.faults import Fault
from indicators import catalog
from indicators.spec import Indicator

LONGEST_BODY = 20_000
"""Bytes of a form that are read."""


def router(context: Context) -> APIRouter:
    """Return the routes; they are pages, so the API's description leaves them out."""
    routes = APIRouter(prefix=PATH, include_in_schema=False, default_response_class=Response)

    @routes.get("")
    def board(request: Request) -> HTMLResponse:
        asked = asked_of(context, request.url.query)
        title = asked.look.say("indicators")
        return plain_page(context, asked.look, title, board_page(asked))

    @routes.get("/{key}")
    def card(request: Request, key: str, rows: str = "", edit: str = "") -> HTMLResponse:
        asked = asked_of(context, request.url.query)
        indicator = catalog.of(context.store.city).get(key)
        if indicator is None:
            return plain_page(context, asked.look, key, _missing(asked, key), status=404)
        part = int(rows) if rows.isdecimal() and len(rows) < 4 else None
        said = filled(asked.look, indicator, edit)
        form = _form(context, asked, indicator, Change(said), is_open=bool(edit))
        name = indicator.name(asked.look.language)
        return plain_page(context, asked.look, name, card_page(asked, indicator, part, form))

    @routes.post("/{key}/thresholds")
    async def change(request: Request, key: str) -> Response:
        same_site(request)
        body = (await request.body())[:LONGEST_BODY].decode("utf-8", "replace")
        said = dict(parse_qsl(body, keep_blank_values=True))
        # The store waits for its turn to write: not on the event loop.
        return await asyncio.to_thread(_changed, context, request.url.query, key, said)

    return routes


def _changed(context: Context, query: str, key: str, said: Mapping[str, str]) -> Response:
    """Do what the form of a card says, and show the card: as it is now, or with what is wrong."""
    asked = asked_of(context, query)
    indicator = catalog.of(context.store.city).get(key)
    if indicator is None:
        return plain_page(context, asked.look, key, _missing(asked, key), status=404)
    made = changed(context, indicator, said, context.clock())
    if not made.faults:
        # Asked for anew: who reloads the page does not change anything a second time.
        return RedirectResponse(asked.href(key) + "#limits", 303)
    form = _form(context, asked, indicator, made, is_open=True)
    name = indicator.name(asked.look.language)
    page = card_page(asked, indicator, None, form)
    return plain_page(context, asked.look, name, page, status=made.status)


def _form(
    context: Context, asked: Asked, indicator: Indicator, made: Change, *, is_open: bool
) -> Any:
    """Return the form of a card; a sentence where nobody may change anything."""
    look = asked.look
    if context.settings.admin_key_sha256 is None:
        return html.P(Fault("no-admin-key").sentence(look.language), className="calm")
    path, _, query = asked.href(indicator.key).partition("?")
    action = f"{path}/thresholds" + (f"?{query}" if query else "") + "#change"
    return threshold_form(look, action, made.said, made.faults, is_open=is_open)


def _missing(asked: Asked, key: str) -> list[object]:
    look = asked.look
    every = html.A(look.say("indicators"), href=asked.href(), className="choice")
    return [
        head(look, look.say("indicators"), PATH, every),
        html.Article(
            html.H2(look.say("no-such-indicator", indicator=key)), className="record indicators"
        ),
    ]
