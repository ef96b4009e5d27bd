"""`/api/v1/publications`: the register of what was published, and the very text that was hashed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from dashboard.api.problem import Problem, problem
from dashboard.api.publishing import Published, published
from dashboard.context import Context
from geo_data import publications
from geo_data.faults import Fault
from geo_data.publications import Kind

KindAsked = Annotated[Kind | None, Query(description="only such; all if left out")]


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1/publications", tags=["publications"])
    wrong: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}
    store, scope = context.store, context.scope

    @routes.get("")
    def every(kind: KindAsked = None) -> list[Published]:
        """Return what was published of regions that may be seen, newest first."""
        return [published(context, one) for one in publications.history(store, scope, kind)]

    @routes.get("/{number}", responses=wrong)
    def one(number: str) -> Published:
        """Return a publication."""
        found = [one for one in publications.history(store, scope) if one.number == number]
        if not found:
            raise problem(404, Fault("no-publication", values={"number": number}))
        return published(context, found[0])

    @routes.get("/{number}/content", responses=wrong, response_class=Response)
    def content(number: str) -> Response:
        """Return the text that was published: its SHA-256 is the one in the register."""
        text = publications.text(store, scope, number)
        if text is None:
            raise problem(404, Fault("no-publication", values={"number": number}))
        return Response(text, media_type="application/json")

    return routes
