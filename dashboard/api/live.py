"""`/live`: changes as they are committed, as server-sent events with a cursor."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from dashboard.live import Live


def router(live: Live) -> APIRouter:
    """Return the route."""
    routes = APIRouter(tags=["live"])

    @routes.get("/live")
    async def stream(
        after: Annotated[int | None, Query(ge=0, description="cursor to go on from")] = None,
        last_event_id: Annotated[int | None, Header(ge=0)] = None,
    ) -> StreamingResponse:
        """Stream ``change`` events after a cursor; ``anew`` to whom is too far behind."""
        start = last_event_id if last_event_id is not None else after
        return StreamingResponse(
            live.stream(start),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return routes
