"""The one ASGI app: pages, API, tiles and the live stream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from dash import Dash
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import document, theme
from dashboard.api import (
    alarms,
    data,
    early_warning,
    evaluations,
    exports,
    health,
    incoming,
    indicators,
    map_view,
    metrics,
    panels,
    periods,
    publications,
    regions,
    reports,
    sensors,
    sources,
    thresholds,
    tiles,
)
from dashboard.api import live as live_api
from dashboard.api.problem import told
from dashboard.chores import Chores, chores_of
from dashboard.context import Context
from dashboard.drawing import legend_of
from dashboard.early_warning.desk import WarningDesk
from dashboard.exporting.preview import Previews
from dashboard.exporting.queue import Queue
from dashboard.fonts import WebFont
from dashboard.live import Live
from dashboard.pages import (
    desk,
    early_warning_page,
    evaluation_pages,
    export_pages,
    indicator_pages,
    report_pages,
    wall,
)
from dashboard.panels import vital_signs
from dashboard.static import CompressedStatic, deck_bundle
from geo_data import queries
from geo_data import tiles as tiles_of
from geo_data.alarms.keeping import AlarmWatch
from geo_data.faults import Fault, InputError
from geo_data.ingest.pulling import Pulls
from geo_data.settings import Settings
from geo_data.store import Store
from indicators import catalog, evaluation

ASSETS = Path(__file__).with_name("assets")
RETRY_S = 10
"""After which a store that cannot be written now may be asked again."""


_OF_CONTEXT = (
    *(regions, sensors, alarms, map_view, data, incoming, sources, exports),
    *(reports, report_pages, indicators, thresholds, periods, evaluations, indicator_pages, tiles),
    *(evaluation_pages, early_warning, early_warning_page, panels, publications),
)
"""Modules whose routes need to know nothing but the context."""


def create_server(settings: Settings, store: Store, clock: Callable[[], datetime]) -> FastAPI:
    """Return the app that serves ``store``.

    Parameters
    ----------
    settings : Settings
        How it runs.
    store : Store
        An open store; the caller closes it.
    clock : callable
        The city's present moment, aware UTC.
    """
    context = Context(settings, store, clock)
    # One for the life of the server: pages name the font that it serves, and no other.
    context = replace(context, font=document.font(context))
    for fault in (*catalog.faults_of(store.city), *evaluation.faults_of(store.city)):
        # The others are shown; import says the same before anything is written.
        logging.getLogger(__name__).warning("%s", fault.sentence(settings.language))
    live = Live(context)
    pulls = Pulls(store, clock)
    chores = chores_of(context)
    queue = Queue(store, settings, clock)
    registry = metrics.registry_of(context, live)
    watch = AlarmWatch(store, clock)
    warnings = WarningDesk(store, context.scope, clock)
    watched = pulls, watch, chores, warnings
    server = FastAPI(
        title="一屏 Yiping",
        # The pages FastAPI offers for its own API load their scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(context, live, (pulls, queue, watch, warnings), chores),
    )
    server.add_exception_handler(InputError, _say_what_is_wrong)
    server.add_exception_handler(RequestValidationError, _say_what_does_not_fit)
    for router in (
        *(each.router(context) for each in _OF_CONTEXT),
        export_pages.router(context, Previews(store, settings, clock)),
        live_api.router(live),
        health.router(context, lambda: [fault for each in watched for fault in each.troubles()]),
        metrics.router(registry),
    ):
        server.include_router(router)
    server.state.font = document.font(context)
    _serve_static(server, server.state.font)
    _add_pages(server, context, live)
    server.add_middleware(GZipMiddleware, minimum_size=500, compresslevel=4)
    server.add_middleware(CompressedStatic)
    server.add_middleware(Guard, policy=document.policy(store.city))
    server.add_middleware(metrics.Metered, requests=metrics.Requests(registry))
    return server


class Worker(Protocol):
    """What works in threads of its own beside the pages."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; what was begun is done to its end."""


def _lifespan(
    context: Context, live: Live, workers: Sequence[Worker], chores: Chores
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_server: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(warm, context)
        await live.start()
        for worker in workers:
            worker.start()
        chores.start()
        # Not awaited: buildings are seen only after a drill, and a page need not wait for them.
        footprints = asyncio.create_task(asyncio.to_thread(prepare_footprints, context))
        yield
        await chores.stop()
        await live.stop()
        for worker in workers:
            await asyncio.to_thread(worker.stop)
        await footprints

    return lifespan


def prepare_footprints(context: Context) -> None:
    """Project the buildings, so that the first drill that shows them does not wait."""
    tiles_of.prepare(context.store, context.scope, "place-building")


class Page(Dash):
    """A page whose document says how far the change log was when it was sent.

    The live stream goes on from there: nothing is lost between what the page first reads and
    its first message.
    """

    live: Live

    def interpolate_index(self, *parts: Any, **named: Any) -> str:
        """Fill the document."""
        text: str = super().interpolate_index(*parts, **named)  # type: ignore[no-untyped-call]
        return text.replace('"@cursor"', str(self.live.cursor))


def warm(context: Context) -> None:
    """Answer the first page once, so that nobody waits for what is read once per process."""
    look = context.look("")
    vital_signs.board(look, vital_signs.values(look))
    legend_of(look)
    queries.search(look.store, look.scope, "0", limit=1)


def _add_pages(server: FastAPI, context: Context, live: Live) -> None:
    for name, prefix, page in (("wall", "/wall/", wall), ("desk", "/", desk)):
        app = Page(
            f"dashboard.{name}",
            server=server,  # type: ignore[arg-type]
            assets_folder=str(ASSETS),
            requests_pathname_prefix=prefix,
            routes_pathname_prefix=prefix,
            update_title="",
            title=document.title(context),
            index_string=document.index(context, name),
            add_log_handler=False,
        )
        app.live = live
        app.logger.setLevel(logging.WARNING)
        # Dash would answer every unknown address with its page; ours are told apart.
        app.backend._setup_catchall = lambda: None  # type: ignore[attr-defined]
        app.layout = lambda page=page: page.layout(context.look(document.asked_query()))
        page.register(app, context)
        if name == "wall":
            server.add_api_route("/wall", _index(app), include_in_schema=False)


def _index(app: Dash) -> Callable[[], Response]:
    def index() -> Response:
        return Response(app.index(), media_type="text/html")  # type: ignore[no-untyped-call]

    return index


def _serve_static(server: FastAPI, font: WebFont) -> None:
    bundle_path, bundle = deck_bundle()
    sheet = theme.stylesheet().encode() + document.font_face(font.name).encode()
    served: tuple[tuple[str, Callable[[], bytes], str], ...] = (
        (bundle_path, lambda: bundle, "text/javascript"),
        (f"/static/{font.name}", font.content, "font/woff2"),
        (document.sheet_path(sheet), lambda: sheet, "text/css"),
    )
    for path, body, kind in served:
        server.add_api_route(path, _file(body, kind), include_in_schema=False)


def _file(body: Callable[[], bytes], kind: str) -> Callable[[], Response]:
    def answer() -> Response:
        return Response(body(), media_type=kind)

    return answer


class Guard:
    """ASGI middleware: lets the browser itself refuse any request to another host."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                headers["Referrer-Policy"] = "same-origin"
                headers["X-Content-Type-Options"] = "nosniff"
                if headers.get("content-type", "").startswith("text/html"):
                    headers["Content-Security-Policy"] = self._policy
                    headers["Cache-Control"] = "no-cache"
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, guarded)


async def _say_what_is_wrong(_request: Request, error: Exception) -> Response:
    assert isinstance(error, InputError)
    status = 503 if error.exit_code == 3 else 404
    faults = [told(fault) for fault in error.faults]
    # A full disk, or somebody who holds the store: nobody need ask again at once.
    headers = {"Retry-After": str(RETRY_S)} if status == 503 else None
    return JSONResponse({"detail": faults[0] if len(faults) == 1 else faults}, status, headers)


async def _say_what_does_not_fit(_request: Request, error: Exception) -> Response:
    """Say a wrong parameter as everything else is said, and what came."""
    assert isinstance(error, RequestValidationError)
    wrong = error.errors()[0]
    said = f"{wrong['loc'][-1]} = {wrong.get('input')!r}: {wrong['msg']}"
    fault = Fault("bad-value", values={"error": said})
    return JSONResponse({"detail": told(fault)}, 422)
