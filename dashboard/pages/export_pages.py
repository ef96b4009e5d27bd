"""Addresses of the pages of exports: the list, the form, its preview, and the record."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from dashboard.api.problem import language_of, refusal
from dashboard.context import Context
from dashboard.exporting.preview import Previews
from dashboard.pages import export_form, export_record
from dashboard.pages.plain import plain_page
from geo_data.exports import ExportRequest, export_records
from geo_data.exports import export_record as record_of
from geo_data.faults import Fault, InputError

LISTED = 100
REFRESH_S = 2


def router(context: Context, previews: Previews) -> APIRouter:
    """Return the routes; they are pages, so the API's description leaves them out."""
    routes = APIRouter(prefix="/exports", include_in_schema=False, default_response_class=Response)

    @routes.get("")
    def newest(request: Request) -> HTMLResponse:
        look = context.look(request.url.query)
        found = export_records(context.store, context.scope, LISTED)
        parts = export_record.list_page(look, found)
        return plain_page(context, look, look.say("exports-newest"), parts)

    @routes.get("/new")
    def form(request: Request) -> HTMLResponse:
        look = context.look(request.url.query)
        script = export_form.script_of(look)
        parts = export_form.form_page(look)
        return plain_page(context, look, look.say("export-new"), parts, script=script)

    @routes.get("/preview.png")
    def preview(
        http: Request, asked: Annotated[str, Query(alias="request", max_length=20_000)]
    ) -> Response:
        language = language_of(http)
        try:
            request = ExportRequest.model_validate_json(asked)
            body = previews.picture(context.scope, request)
        except ValidationError as error:
            fault = Fault("bad-value", values={"error": error.errors()[0]["msg"]})
            raise refusal([fault], language) from error
        except InputError as error:
            raise refusal(error.faults, language) from error
        return Response(body, media_type="image/png", headers={"Cache-Control": "no-store"})

    @routes.get("/{number}")
    def record(request: Request, number: str) -> HTMLResponse:
        look = context.look(request.url.query)
        found = record_of(context.store, context.scope, number)
        if found is None:
            parts = export_record.missing_page(look, number)
            return plain_page(context, look, number, parts, status=404)
        again = None if found.is_over else REFRESH_S
        parts = export_record.record_page(context, look, found)
        return plain_page(context, look, number, parts, refresh_s=again)

    return routes
