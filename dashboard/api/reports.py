"""`/api/v1/reports`: what a report says, with the source of every number, and reports as files."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Header, HTTPException, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboard.api.admin_key import REFUSALS, kept, may_change
from dashboard.api.exports import ExportAnswer, answer, refused
from dashboard.api.problem import Problem, language_of
from dashboard.api.publishing import Published, Publishing, Reopening, published
from dashboard.api.same_site import same_site
from dashboard.context import Context
from dashboard.exporting.making import check
from geo_data.exports import ExportRecord, ExportRequest, Format, ReportAsk, enter, export_records
from geo_data.exports.request import INTERNAL, Key, Words
from geo_data.faults import Fault, InputError
from geo_data.publications import Publication
from indicators.reports import Kind, Report, make_report
from indicators.reports.content import Block, Heading, MapPlace, Paragraph, Table
from indicators.reports.making import scene_of
from indicators.reports.publishing import publish_report, reopen_report

LISTED = 400
"""Exports among which the newest reports are looked for."""
EXAMPLES: dict[str, Any] = {
    "month": {
        "summary": "The bulletin of October, as a document to be signed and one to be edited",
        "value": {
            "kind": "monthly",
            "period": "2026-10",
            "formats": ["pdf", "docx"],
            "unit": "松江区城市运行管理中心",
            "symbol": "松城运〔2026〕12号",
            "user": "张三",
        },
    },
    "day": {"summary": "Yesterday, of one town", "value": {"kind": "daily", "region": "310117102"}},
}


class ReportOrder(BaseModel):
    """A report as somebody wants it; one export for each format.

    ``period`` is ``2026-11-25``, ``2026-W47``, ``2026-10``, ``2026-Q3``, ``2025`` or any day of it,
    the last that is over where absent; ``at`` is the moment as known at which it is made.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    period: Key | None = None
    region: Key | None = None
    at: AwareDatetime | None = None
    formats: Annotated[
        tuple[Literal["docx", "pdf", "xlsx"], ...], Field(min_length=1, max_length=3)
    ] = ("docx",)
    leader: Words = ""
    staff: Words = ""
    symbol: Words = ""
    letterhead: Words | None = None
    unit: Words = ""
    reviewer: Words = ""
    user: Words = ""
    secrecy: Annotated[Words, Field(min_length=1)] = INTERNAL
    secrecy_term: Words = ""

    def requests(self) -> list[ExportRequest]:
        """Return the exports that are asked for."""
        names = ("period", "leader", "staff", "symbol", "letterhead")
        told = {name: getattr(self, name) for name in names}
        report = ReportAsk(kind=self.kind.value, **told)
        margin = ("region", "at", "unit", "reviewer", "user", "secrecy", "secrecy_term")
        asked = {name: getattr(self, name) for name in margin}
        formats = dict.fromkeys(self.formats)
        return [ExportRequest(format=Format(one), report=report, **asked) for one in formats]


class ReportAnswer(BaseModel):
    """What a report says.

    Each of ``blocks`` has its ``type``: ``heading``, ``paragraph`` (its ``spans`` are the parts
    of ``text`` that were filled in; a number has its ``source``: indicator, region, window and
    value), ``table`` (with ``rule``, how it is counted) or ``map``. ``foot`` names the cut-off
    time of the data.
    """

    kind: Kind
    period: str
    first_day: date
    last_day: date
    title: str
    region: str
    known_at: datetime
    data_at: datetime | None
    foot: str
    notice: str
    blocks: list[dict[str, Any]]


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1/reports", tags=["reports"])
    _take_orders(routes, context)
    _tell(routes, context)
    _publish(routes, context)
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
        asked: Annotated[ReportOrder, Body(openapi_examples=EXAMPLES)],
        idempotency_key: Annotated[
            str | None, Header(max_length=180, description="sent again, it is the same report")
        ] = None,
    ) -> list[ExportAnswer]:
        """Ask for a report; one export for each format, made beside the pages."""
        at, language = context.clock(), language_of(request)
        try:
            # All are checked before the first is entered.
            checked = [
                (one, check(context.store, context.scope, one, at)) for one in asked.requests()
            ]
            return [
                answer(context, _entered(context, request, *each, at, idempotency_key), language)
                for each in checked
            ]
        except InputError as error:
            raise refused(error, language) from error


def _entered(
    context: Context,
    request: Request,
    asked: ExportRequest,
    checked: ExportRequest,
    at: datetime,
    key: str | None,
) -> ExportRecord:
    return enter(
        *(context.store, context.scope, checked, at),
        asked=asked,
        asked_from=request.client.host if request.client else "",
        base=context.settings.public_url or str(request.base_url),
        key=None if key is None else f"{key} {asked.format}",
    )


def _tell(routes: APIRouter, context: Context) -> None:
    @routes.get("")
    def newest(
        request: Request, limit: Annotated[int, Query(ge=1, le=100)] = 50
    ) -> list[ExportAnswer]:
        """Return the newest reports that were asked for."""
        found = made_reports(context, limit)
        return [answer(context, one, language_of(request)) for one in found]

    @routes.get("/{kind}", responses={422: {"model": Problem}})
    def content(
        request: Request,
        kind: Kind,
        period: str | None = None,
        region: str | None = None,
        at: AwareDatetime | None = None,
    ) -> ReportAnswer:
        """Return what a report says, without making a file.

        Signals of early warning are in it once they were worked out; a file has them always.
        """
        now = context.clock()
        language = language_of(request)
        try:
            return told(report_of(context, kind, period, region, at, now, is_quick=True))
        except InputError as error:
            raise _refusal(error, language) from error


def _publish(routes: APIRouter, context: Context) -> None:
    guarded: dict[int | str, dict[str, Any]] = {**REFUSALS, 409: {"model": Problem}}

    @routes.put("/{kind}/published", responses=guarded)
    def publish(
        request: Request,
        kind: Kind,
        by: Publishing,
        period: str | None = None,
        region: str | None = None,
    ) -> Published:
        """Publish a report: made again it is the same, whatever is heard later."""
        may_change(context, request)
        now, where = context.clock(), (context.store, context.scope)

        def change() -> Publication:
            report = report_of(context, kind, period, region, None, now)
            return publish_report(*where, report, who=by.who, at=now)

        return published(context, kept(change, _STATUS))

    @routes.delete("/{kind}/published", responses=guarded)
    def reopen(
        request: Request,
        kind: Kind,
        by: Reopening,
        period: str,
        region: str | None = None,
    ) -> Published:
        """Open a published report again; what was published stays in the register."""
        may_change(context, request)
        now, where = context.clock(), (context.store, context.scope)
        how: dict[str, Any] = {"who": by.who, "at": now, "reason": by.reason}

        def change() -> Publication:
            scene = scene_of(*where, kind, now, region, period)
            return reopen_report(*where, kind, scene.region.code, scene.term, **how)

        return published(context, kept(change, _STATUS))


_STATUS = {"published-already": 409, "period-not-ended": 409, "publish-scope": 403}
_STATUS |= {"not-frozen": 404, "reopened-already": 409}


def made_reports(context: Context, limit: int) -> list[ExportRecord]:
    """Return the newest exports that are reports."""
    found = export_records(context.store, context.scope, LISTED)
    return [one for one in found if one.request.report is not None][:limit]


def report_of(
    context: Context,
    kind: Kind,
    period: str | None,
    region: str | None,
    at: datetime | None,
    now: datetime,
    *,
    is_quick: bool = False,
) -> Report:
    """Return a report as known at a moment, which is never later than the present.

    Raises
    ------
    InputError
        It cannot be made.
    """
    moment = at or now
    if moment > now:
        values: dict[str, object] = {"at": moment.isoformat(timespec="seconds")}
        raise InputError(Fault("export-future", field="at", values=values))
    where = context.store, context.scope, kind, moment
    return make_report(*where, region_code=region, period=period, is_quick=is_quick)


def told(report: Report) -> ReportAnswer:
    """Return a report as answers say it."""
    term = report.term
    return ReportAnswer(
        kind=term.kind,
        period=term.key,
        first_day=term.first,
        last_day=term.last,
        title=report.title,
        region=report.region,
        known_at=report.known_at,
        data_at=report.data_at,
        foot=report.foot,
        notice=report.notice,
        blocks=[{"type": _TYPES[type(one)]} | asdict(one) for one in report.blocks],
    )


_TYPES: dict[type[Block], str] = {
    Heading: "heading",
    Paragraph: "paragraph",
    Table: "table",
    MapPlace: "map",
}


def _refusal(error: InputError, language: str) -> HTTPException:
    """Return why there is no report; of a template with its file and line."""
    if error.exit_code == 3:
        raise error
    one = error.faults[0]
    where = one.where(language) if one.row is not None else ""
    reason = f"{where}: {one.reason(language)}" if where else one.reason(language)
    said = {"field": one.field, "error": reason, "remedy": one.remedy(language)}
    return HTTPException(422, said)
