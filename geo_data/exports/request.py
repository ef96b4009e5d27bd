"""What somebody asks for when they ask for a file: what is seen, as known when, and its margin."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from geo_data.faults import Fault, InputError
from geo_data.queries.case_filter import CaseFilter
from geo_data.records import Severity, Stage

INTERNAL, PUBLIC = "内部", "公开"
SECRECY = (PUBLIC, INTERNAL, "秘密", "机密", "绝密")
"""Marks that offices use; another may be written."""
WITH_TERM = frozenset({"秘密", "机密", "绝密"})
"""A secret has a term (保守国家秘密法): whoever gives the mark gives the term too."""
MOST_LAYERS = 100

# No control character: it would break a line of a sheet, and PostgreSQL keeps no NUL.
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Key = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Format(StrEnum):
    """What a file can be."""

    GPKG = "gpkg"
    GEOJSON = "geojson"
    XLSX = "xlsx"
    CSV = "csv"
    PDF = "pdf"
    SVG = "svg"
    PNG = "png"
    GEOTIFF = "geotiff"
    GEOPNG = "geopng"
    PPTX = "pptx"
    DOCX = "docx"


REPORT_FORMATS = frozenset({Format.DOCX, Format.PDF, Format.XLSX})
DATA_FORMATS = frozenset({Format.GPKG, Format.GEOJSON, Format.XLSX, Format.CSV})
"""Tables of what is seen; the others are sheets."""


class ReportAsk(BaseModel):
    """A report, and what a person decides of it.

    Parameters
    ----------
    kind : str
        日研判, 周提示, 月通报, 季分析 or 年总结.
    period : str, optional
        ``2026-11-25``, ``2026-W47``, ``2026-10``, ``2026-Q3``, ``2025``, or any day of it; the
        last that is over where absent.
    leader, staff : str
        Who is on duty, before the roster of the city; names of staff with commas or 、 between.
    symbol : str
        发文字号.
    letterhead : str, optional
        The line of a red head; that of the city file where absent, none where empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["daily", "weekly", "monthly", "quarterly", "yearly"]
    period: Key | None = None
    leader: Words = ""
    staff: Words = ""
    symbol: Words = ""
    letterhead: Words | None = None


class Filters(BaseModel):
    """Only such rows; what is left out chooses nothing.

    ``category`` may be a major class (two digits), ``severity`` is 1 (worst) to 4.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    standing: Literal["open", "overdue", "due-soon", "closed"] | None = None
    channel: Key | None = None
    category: Key | None = None
    stage: Stage | None = None
    severity: Annotated[int, Field(ge=1, le=4)] | None = None
    sensor_kind: Key | None = None
    sensor_state: Literal["normal", "warning", "alarm", "offline"] | None = None

    @property
    def cases(self) -> CaseFilter:
        """What of it is asked of cases."""
        return CaseFilter(
            standing=self.standing,
            channel=self.channel,
            category=self.category,
            stage=self.stage,
            severity=None if self.severity is None else Severity(self.severity),
        )


class ExportRequest(BaseModel):
    """A file as somebody wants it.

    Parameters
    ----------
    format : Format
    region : str, optional
        With everything below it; all that the viewer may see where absent.
    layers : tuple of str, optional
        Keys of the catalogue; those on by default where absent.
    window, indicator : str
        Span of the cases, and what shades the regions.
    at : datetime, optional
        As known then; the present moment where absent. Never later than that.
    filters : Filters
        Of cases, as the screen draws them; those of sensors choose rows of data and leave the
        map whole, as on the screen.
    template, scale, subject : str, str or int, str
        For sheets: which sheet (A3 landscape, or a slide for ``pptx``, where absent), ``round``,
        ``free`` or the denominator, and what the title says; of an atlas ``same`` too, one round
        scale for all of its pages.
    atlas : str, optional
        Level of the regions that have a page each, ``next`` for the one below ``region``; PDF only.
    report : ReportAsk, optional
        A report instead of a sheet or of data: DOCX, PDF or XLSX, in Chinese; of the rest it takes
        region, moment, secrecy and who is named.
    language : str
        ``zh-CN`` or ``en``.
    secrecy, secrecy_term : str
        密级 and its term, decided by a person.
    unit, reviewer, user : str
        编制单位, 审核人, and who asks.
    purpose : str
        ``internal`` or ``publication``.
    approval, waiver : str, optional
        审图号; or why none is needed, which is printed then. A publication needs one of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Format
    region: Key | None = None
    layers: Annotated[tuple[Key, ...], Field(max_length=MOST_LAYERS)] | None = None
    window: Literal["today", "24h", "7d", "30d", "year"] = "24h"
    indicator: Key = "open-incidents"
    at: AwareDatetime | None = None
    filters: Filters = Filters()
    template: Key | None = None
    scale: Literal["round", "free", "same"] | Annotated[int, Field(ge=100, le=100_000_000)] = (
        "round"
    )
    subject: Words | None = None
    atlas: Key | None = None
    report: ReportAsk | None = None
    language: Literal["zh-CN", "en"] = "zh-CN"
    secrecy: Annotated[Words, Field(min_length=1)] = INTERNAL
    secrecy_term: Words = ""
    unit: Words = ""
    reviewer: Words = ""
    user: Words = ""
    purpose: Literal["internal", "publication"] = "internal"
    approval: Words | None = None
    waiver: Words | None = None


def checked(request: ExportRequest, now: datetime) -> ExportRequest:
    """Return the request with its moment; what a person must decide must be decided.

    Parameters
    ----------
    now : datetime
        The present moment, aware.

    Raises
    ------
    InputError
        The moment lies in the future; a report is to be what no report can be, or a document is
        none; an atlas is to be something else than a PDF; a publication
        has neither a 审图号 nor a waiver, or is not marked as public; a secret has no term.
    """
    at = request.at or now
    faults = form_faults(request)
    if at > now:
        values: dict[str, object] = {"at": f"{at.isoformat(timespec='seconds')}"}
        faults.append(Fault("export-future", field="at", values=values))
    if request.secrecy in WITH_TERM and not request.secrecy_term:
        mark: dict[str, object] = {"mark": request.secrecy}
        faults.append(Fault("export-secrecy-term", field="secrecy_term", values=mark))
    if request.purpose == "publication":
        if not (request.approval or request.waiver):
            faults.append(Fault("export-approval", field="approval"))
        if request.secrecy != PUBLIC:
            values = {"mark": request.secrecy, "public": PUBLIC}
            faults.append(Fault("export-not-public", field="secrecy", values=values))
    if faults:
        raise InputError(*faults)
    return request.model_copy(update={"at": at})


def form_faults(request: ExportRequest) -> list[Fault]:
    """Return what is wrong between a request's format and what it asks for."""
    told: dict[str, object] = {"format": request.format.value}
    faults = []
    if request.report is not None and request.format not in REPORT_FORMATS:
        faults.append(Fault("report-format", field="format", values=told))
    if request.report is None and request.format is Format.DOCX:
        faults.append(Fault("docx-without-report", field="format"))
    if request.atlas is not None and request.format is not Format.PDF:
        faults.append(Fault("atlas-format", field="format", values=told))
    return faults
