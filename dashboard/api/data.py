"""`/data/...`: what the map's layers are made of; an address with ``v`` never changes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse

from dashboard.context import Context
from geo_data.faults import Fault, InputError
from geo_data.queries.case_filter import CaseFilter, Standing
from geo_data.records import Severity, Stage
from indicators import windows
from layers import documents, labels, points, signals

BINARY = "application/octet-stream"
NOW = {"Cache-Control": "no-store"}


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/data", tags=["map"], default_response_class=Response)
    store, scope = context.store, context.scope

    @routes.get("/shapes/{name}.bin")
    def shapes(name: str) -> Response:
        """Return the polygons of a level or of a kind of place, compact."""
        if name == signals.LAYER:
            return Response(signals.document(store, scope).body, media_type=BINARY)
        return Response(documents.document(store, scope, name).body, media_type=BINARY)

    @routes.get("/labels/{page}.json", response_class=JSONResponse)
    def label_list(page: Literal["desk", "wall"]) -> dict[str, object]:
        """Return the map's labels with the zooms at which each has room."""
        return labels.label_document(store, scope, page == "wall")

    @routes.get("/places/{kind}.bin")
    def place_points(kind: str) -> Response:
        """Return the places of a kind that are points."""
        return Response(points.place_buffer(store, scope, kind), media_type=BINARY)

    @routes.get("/incidents.bin")
    def incidents(
        only: Annotated[CaseFilter, Depends(_filter)],
        window: str = "24h",
        at: Annotated[datetime | None, Query()] = None,
    ) -> Response:
        """Return open incidents and those reported in the window, or those asked for."""
        moment = _aware(at) or context.clock()
        span = windows.window(window, moment, store.city.zone)
        body = points.incident_buffer(store, scope, moment, span, only)
        return Response(body, media_type=BINARY, headers=NOW)

    @routes.get("/sensors.bin")
    def sensors() -> Response:
        """Return where the sensors stand."""
        body = points.sensor_buffer(store, scope, context.clock())
        return Response(body, media_type=BINARY)

    @routes.get("/sensor-states.bin")
    def sensor_states(at: Annotated[datetime | None, Query()] = None) -> Response:
        """Return how the sensors are."""
        body = points.sensor_state_buffer(store, scope, _aware(at) or context.clock())
        return Response(body, media_type=BINARY, headers=NOW)

    return routes


def _filter(
    cases: Standing | None = None,
    channel: str | None = None,
    category: str | None = None,
    stage: Stage | None = None,
    severity: Annotated[int | None, Query(ge=1, le=4, description="1 is the worst")] = None,
) -> CaseFilter:
    """Read which cases are asked for; the keys are those of a page's query."""
    worst = None if severity is None else Severity(severity)
    return CaseFilter(cases, channel, category, stage, worst)


def _aware(at: datetime | None) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise InputError(Fault("bad-value", field="at", values={"error": "no time zone"}))
    return at
