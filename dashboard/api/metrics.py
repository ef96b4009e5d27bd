"""`/metrics`: how the process, its store and its sources are, in Prometheus' text format.

No address, no name of a person, no message: keys of sources, templates of routes, and numbers.
What a viewer of this process may not see is not told here either.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from fastapi import APIRouter, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.context import Context
from dashboard.live import Live
from geo_data import queries, tiles
from geo_data.faults import InputError
from geo_data.queries import SourceState

_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_STATES = {"fresh": 0, "late": 1, "lost": 2}
ELSEWHERE = "other"
"""Route of what no route takes: an address typed at random must make no new series."""

Gauges = Iterator[GaugeMetricFamily]


class Requests:
    """Requests by route and status, and how long they took to begin their answer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("method", "route")
        self._count = Counter(
            "yiping_requests", "Requests answered.", (*labels, "status"), registry=registry
        )
        self._seconds = Histogram(
            "yiping_request_seconds",
            "Seconds until an answer began.",
            labels,
            buckets=_SECONDS,
            registry=registry,
        )

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count an answer."""
        route = getattr(scope.get("route"), "path", None) or ELSEWHERE
        # Anybody may send any word as a method.
        method = scope["method"] if route != ELSEWHERE else ELSEWHERE
        self._count.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class Metered:
    """ASGI middleware: counts every answer."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app, self._requests = app, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - began
                self._requests.note(scope, message["status"], seconds)
            await send(message)

        await self._app(scope, receive, counted)


class City(Collector):
    """What is known of the store, its feed, its tiles and its sources at the moment of asking."""

    def __init__(self, context: Context, live: Live) -> None:
        self._context, self._live = context, live

    def collect(self) -> Gauges:
        """Yield the gauges; ``yiping_store_up`` is 0 where the store cannot be read."""
        yield _gauge("yiping_live_clients", "Open live streams.", self._live.clients)
        yield _gauge("yiping_feed_cursor", "Last change that was sent.", self._live.cursor)
        held = tiles.cache_state(self._context.store)
        yield _gauge("yiping_tile_cache_tiles", "Tiles in memory.", held.tiles)
        yield _gauge("yiping_tile_cache_bytes", "Their bytes.", held.bytes)
        try:
            size = self._context.store.size_bytes()
            now = self._context.clock()
            sources = queries.sources(self._context.store, self._context.scope, now)
        except InputError:
            yield _gauge("yiping_store_up", "Whether the store can be read.", 0)
            return
        yield _gauge("yiping_store_up", "Whether the store can be read.", 1)
        yield _gauge("yiping_store_bytes", "What the store takes on its disk.", size)
        yield from _of_sources(sources, now)


def _gauge(name: str, said: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, value=value)


def _of_sources(sources: list[SourceState], now: datetime) -> Gauges:
    values: dict[tuple[str, str], Callable[[SourceState], float | None]] = {
        ("yiping_source_up", "0 while a source that is fetched from cannot be."): lambda one: (
            None if one.letters is None else float(one.error is None)
        ),
        ("yiping_source_state", "0 fresh, 1 late, 2 silent, by its period."): lambda one: (
            None if one.state is None else _STATES[one.state]
        ),
        ("yiping_source_data_age_seconds", "Age of its newest data."): lambda one: (
            None if one.data_at is None else (now - one.data_at).total_seconds()
        ),
        ("yiping_source_lag_seconds", "How late its newest batch came."): lambda one: one.lag_s,
        ("yiping_source_letters", "Its messages among the dead letters."): lambda one: one.letters,
    }
    for (name, said), value_of in values.items():
        family = GaugeMetricFamily(name, said, labels=["source"])
        for one in sources:
            if (value := value_of(one)) is not None:
                family.add_metric([one.key], value)
        yield family
    yield _rows(sources)


def _rows(sources: list[SourceState]) -> GaugeMetricFamily:
    labels = ["source", "outcome"]
    family = GaugeMetricFamily("yiping_source_rows_last_hour", "Rows it told.", labels=labels)
    for one in sources:
        for outcome in ("accepted", "repeated", "refused"):
            if one.hour is not None:
                family.add_metric([one.key, outcome], getattr(one.hour, outcome))
    return family


def registry_of(context: Context, live: Live) -> CollectorRegistry:
    """Return what a server tells of itself."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(City(context, live))
    return registry


def router(registry: CollectorRegistry) -> APIRouter:
    """Return the route."""
    routes = APIRouter(tags=["operation"])

    @routes.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Return counters and gauges for Prometheus; each process tells of itself."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes
