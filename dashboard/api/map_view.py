"""`/api/v1/map`: what the map draws for a page's query."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from dashboard.context import Context
from dashboard.drawing import map_spec


def router(context: Context) -> APIRouter:
    """Return the route."""
    routes = APIRouter(prefix="/api/v1", tags=["map"])

    @routes.get("/map")
    def map_view(
        request: Request,
        page: Annotated[Literal["desk", "wall"], Query(description="drawn for")] = "desk",
    ) -> dict[str, Any]:
        """Return deck.gl layers, their sources and the view for the query of a page."""
        return map_spec(context.look(request.url.query), page)

    return routes
