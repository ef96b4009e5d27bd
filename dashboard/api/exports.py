"""`/api/v1/exports`: a file is asked for, made beside the pages, and fetched under its number."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Body, Depends, Header, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict

from dashboard.api.problem import Problem, language_of, problem, refusal, told
from dashboard.api.same_site import same_site
from dashboard.context import Context
from dashboard.exporting import shelf
from dashboard.exporting.making import check, ending, media_type
from geo_data.exports import (
    ExportRecord,
    ExportRequest,
    State,
    enter,
    export_record,
    export_records,
    register,
)
from geo_data.faults import Fault, InputError

EXAMPLES: dict[str, Any] = {
    "data": {
        "summary": "The cases of a town as a workbook",
        "value": {
            "format": "xlsx",
            "region": "310117102",
            "layers": ["incidents"],
            "window": "7d",
            "unit": "城运中心",
            "user": "张三",
        },
    },
    "atlas": {
        "summary": "An atlas: an index and a page for every town, all of one scale",
        "value": {"format": "pdf", "atlas": "town", "scale": "same", "template": "a3-landscape"},
    },
    "everything": {
        "summary": "All layers as known at a moment, for QGIS",
        "value": {"format": "gpkg", "at": "2026-11-20T08:00:00+08:00", "language": "en"},
    },
}


class ExportAnswer(BaseModel):
    """An export: what was asked for and what became of it.

    ``share`` is how much of it is done, 0 to 1; ``file`` and ``page`` are addresses; ``kept_until``
    is when the file goes at the latest, the record stays. ``problems`` says why it failed.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "number": "310117-20261126-0001",
                "state": "done",
                "step": "check",
                "share": 1.0,
                "request": {"format": "xlsx", "region": "310117102", "layers": ["incidents"]},
                "known_at": "2026-11-26T02:00:00Z",
                "asked_by": "张三",
                "created_at": "2026-11-26T02:00:00Z",
                "started_at": "2026-11-26T02:00:01Z",
                "finished_at": "2026-11-26T02:00:04Z",
                "kept_until": "2026-12-26T02:00:04Z",
                "bytes": 48213,
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "file": "/api/v1/exports/310117-20261126-0001/file",
                "page": "/exports/310117-20261126-0001",
                "problems": [],
            }
        }
    )

    number: str
    state: State
    step: str | None
    share: float | None
    request: ExportRequest
    known_at: datetime
    asked_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    kept_until: datetime | None
    bytes: int | None
    sha256: str | None
    file: str | None
    page: str
    problems: list[Problem]


WRONG: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "there is no such export for this viewer"},
    409: {"model": Problem, "description": "not in this state"},
}


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1/exports", tags=["exports"])
    _take_orders(routes, context)
    _give_answers(routes, context)
    return routes


def _take_orders(routes: APIRouter, context: Context) -> None:
    refusals: dict[int | str, dict[str, Any]] = {
        403: {"model": Problem, "description": "from a page of another site"},
        409: {"model": Problem, "description": "the key was used for another request"},
        422: {"model": Problem, "description": "it cannot be made; says why and what to do"},
        429: {"model": Problem, "description": "too many wait"},
    }

    @routes.post("", status_code=202, responses=refusals, dependencies=[Depends(same_site)])
    def ask(
        request: Request,
        response: Response,
        asked: Annotated[ExportRequest, Body(openapi_examples=EXAMPLES)],
        idempotency_key: Annotated[
            str | None, Header(max_length=200, description="sent again, it is the same export")
        ] = None,
    ) -> ExportAnswer:
        """Ask for a file; it is made beside the pages, see the address in ``Location``."""
        at = context.clock()
        try:
            record = enter(
                context.store,
                context.scope,
                check(context.store, context.scope, asked, at),
                at,
                asked=asked,
                asked_from=request.client.host if request.client else "",
                base=context.settings.public_url or str(request.base_url),
                key=idempotency_key,
            )
        except InputError as error:
            raise refused(error, language_of(request)) from error
        response.headers["Location"] = f"/api/v1/exports/{quote(record.number)}"
        return answer(context, record, language_of(request))

    @routes.delete("/{number}", responses=WRONG, dependencies=[Depends(same_site)])
    def cancel(request: Request, number: str) -> ExportAnswer:
        """Cancel an export that waits or is being made; what was written of it goes."""
        record = _record(context, number)
        if not register.cancel(context.store, number, context.clock()):
            over = _record(context, number)
            raise _wrong(409, "export-over", number=record.number, state=str(over.state))
        return answer(context, _record(context, number), language_of(request))


def _give_answers(routes: APIRouter, context: Context) -> None:
    @routes.get("")
    def newest(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> list[ExportAnswer]:
        """Return the newest exports."""
        found = export_records(context.store, context.scope, limit, offset)
        return [answer(context, record, language_of(request)) for record in found]

    @routes.get("/{number}", responses={404: WRONG[404]})
    def one(request: Request, number: str) -> ExportAnswer:
        """Return how far an export is."""
        return answer(context, _record(context, number), language_of(request))

    @routes.get("/{number}/file", responses={**WRONG, 410: {"model": Problem}})
    def file(number: str) -> FileResponse:
        """Return the file, once it is made and as long as it is kept."""
        record = _record(context, number)
        if record.state is not State.DONE:
            raise _wrong(409, "export-not-done", number=number, state=str(record.state))
        path = shelf.path_of(context.settings, record)
        if not record.has_file or not path.is_file():
            raise _wrong(410, "export-file-gone", number=number)
        name = f"{record.number}{ending(record.request)}"
        headers = {"ETag": f'"{record.sha256}"', "Cache-Control": "private, no-cache"}
        return FileResponse(
            path, media_type=media_type(record.request), filename=name, headers=headers
        )


def answer(context: Context, record: ExportRecord, language: str) -> ExportAnswer:
    """Return what the API says of a record."""
    until = None
    if record.has_file and record.finished_at is not None:
        until = record.finished_at + timedelta(days=context.settings.keep_exports_days)
    place = quote(record.number)
    return ExportAnswer(
        number=record.number,
        state=record.state,
        step=record.step,
        share=record.share,
        request=record.request,
        known_at=record.known_at,
        asked_by=record.asked_by,
        created_at=record.created_at,
        started_at=record.started_at,
        finished_at=record.finished_at,
        kept_until=until,
        bytes=record.bytes,
        sha256=record.sha256,
        file=f"/api/v1/exports/{place}/file" if record.has_file else None,
        page=f"/exports/{place}",
        problems=[Problem(**told(one, language)) for one in record.faults],
    )


def _record(context: Context, number: str) -> ExportRecord:
    record = export_record(context.store, context.scope, number)
    if record is None:
        raise _wrong(404, "no-export", number=number)
    return record


def _wrong(status: int, key: str, **values: object) -> HTTPException:
    return problem(status, Fault(key, values=values))


def refused(error: InputError, language: str) -> HTTPException:
    """Return why nothing was entered: what is wrong with the request, or with the moment."""
    if error.exit_code == 3:
        raise error
    status = {"export-key-used": 409, "export-queue-full": 429}.get(error.faults[0].key, 422)
    return refusal(error.faults, language, status)
