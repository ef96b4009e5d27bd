"""Addresses of the pages of reports: the form with what was made, and a report as it will be."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from dashboard.api.reports import made_reports
from dashboard.context import Context, Look
from dashboard.exporting.reports import shift_of
from dashboard.pages import report_form, report_preview
from dashboard.pages.plain import plain_page
from dashboard.widgets.markup import html, text_of
from geo_data.exports import ReportAsk
from geo_data.faults import InputError
from indicators.reports import Kind, make_report

LISTED = 20


def router(context: Context) -> APIRouter:
    """Return the routes; they are pages, so the API's description leaves them out."""
    routes = APIRouter(prefix="/reports", include_in_schema=False, default_response_class=Response)

    @routes.get("")
    def form(request: Request) -> HTMLResponse:
        look = context.look(request.url.query)
        parts = report_form.form_page(look, made_reports(context, LISTED))
        script = report_form.script_of(look)
        return plain_page(context, look, look.say("reports"), parts, script=script)

    @routes.get("/preview")
    def preview(
        request: Request,
        kind: Kind,
        period: str | None = None,
        leader: str = "",
        staff: str = "",
    ) -> HTMLResponse:
        look = context.look(request.url.query)
        return HTMLResponse(text_of(_preview(look, kind, period, leader, staff)))

    return routes


def _preview(look: Look, kind: Kind, period: str | None, leader: str, staff: str) -> object:
    """Return a report as it will be, or why it cannot be made."""
    try:
        asked = ReportAsk(kind=kind.value, leader=leader[:80], staff=staff[:80])
        report = make_report(
            look.store,
            look.scope,
            kind,
            look.at,
            region_code=look.region.code,
            period=period,
            shift=shift_of(asked, look.at),
            is_quick=True,
        )
    except InputError as error:
        said = [html.P(one, className="fault") for one in error.sentences(look.language)]
        return html.Article(said, className="paper")
    return report_preview.paper(look, report)
