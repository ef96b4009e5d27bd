"""One export made: from its request to its file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dashboard.exporting import reports
from dashboard.exporting.sheets import check_sheet, write_sheet
from geo_data.exports import DATA_FORMATS, ExportRequest
from geo_data.extracts import FORMATS, DataFormat, write_tables
from geo_data.records import Scope
from geo_data.store import Store
from layers import extracts
from layers.print import Format, SheetRequest, Template, template
from layers.print.request import KINDS, FileKind, usual_template
from layers.reports import FORMATS as REPORT_FORMATS
from layers.reports import ReportFormat

PREVIEW, UNNUMBERED = "preview", "0"
Tell = Callable[[str, float], None]
"""Told a step and the share done."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    Parameters
    ----------
    number, request, scope
        Of its record.
    made_at : datetime
        Now, aware.
    link : str
        Where people find the record.
    folder : Path
        Where the file goes.
    dpi : int, optional
        Of a picture; that of its template unless given.
    name : str
        Of the file; its number unless given.
    """

    number: str
    request: ExportRequest
    scope: Scope
    made_at: datetime
    link: str
    folder: Path
    dpi: int | None = None
    name: str = ""

    @property
    def path(self) -> Path:
        """The file."""
        name = self.name or f"{self.number or PREVIEW}{ending(self.request)}"
        return self.folder / name


@dataclass(frozen=True, slots=True)
class Made:
    """The file that was made."""

    file: str
    bytes: int
    sha256: str


def ending(request: ExportRequest) -> str:
    """Return the ending of the file of a request, with the point."""
    return _kind(request).ending


def media_type(request: ExportRequest) -> str:
    """Return what HTTP calls the file of a request."""
    return _kind(request).media_type


def _kind(request: ExportRequest) -> DataFormat | FileKind | ReportFormat:
    if request.report is not None:
        return REPORT_FORMATS[request.format]
    return FORMATS[request.format] if is_data(request) else KINDS[Format(request.format)]


def check(store: Store, scope: Scope, request: ExportRequest, now: datetime) -> ExportRequest:
    """Return a request that can be made, with its region and moment.

    Raises
    ------
    InputError
        It cannot; says why and what to do.
    """
    found = extracts.checked_request(store, scope, request, now)
    if found.report is not None:
        return reports.check_report(store, scope, found)
    if is_data(found):
        return found
    found = found.model_copy(update={"template": template_of(found)})
    order = Order(UNNUMBERED, found, scope, now, link="", folder=Path())
    check_sheet(store, scope, found, sheet_request(order))
    return found


def make(store: Store, order: Order, tell: Tell) -> Made:
    """Make the file of an order.

    Raises
    ------
    InputError
        It cannot be made; no file is left.
    """
    if order.request.report is not None:
        _report(store, order, tell)
    else:
        (_tables if is_data(order.request) else _sheet)(store, order, tell)
    tell("check", 0.95)
    return noted(order.path)


def is_data(request: ExportRequest) -> bool:
    """Whether a file is tables, and neither a sheet nor a report."""
    return request.report is None and request.format in DATA_FORMATS


def template_of(request: ExportRequest) -> str:
    """Return the sheet of a request: the usual one of its format where it names none."""
    return request.template or usual_template(request.format)


def _tables(store: Store, order: Order, tell: Tell) -> None:
    tell("read", 0.05)
    found = extracts.tables_of(store, order.scope, order.request)
    cover = extracts.cover_of(store, order.scope, order.request, found, order.number, order.made_at)
    tell("write", 0.5)
    write_tables(order.request.format, found, cover, order.path)


def _report(store: Store, order: Order, tell: Tell) -> None:
    asked = order.scope, order.request, order.number
    reports.write(store, *asked, order.made_at, order.path, tell)


def _sheet(store: Store, order: Order, tell: Tell) -> None:
    write_sheet(store, order.scope, order.request, sheet_request(order), order.path, tell)


def sheet_request(order: Order) -> SheetRequest:
    """Return what the print engine is asked for."""
    asked = order.request
    assert asked.region is not None
    assert asked.at is not None
    return SheetRequest(
        region_code=asked.region,
        at=asked.at,
        # A time lapse may be made faster than its city's clock goes.
        drawn_at=max(order.made_at, asked.at),
        template=_template(order),
        layers=asked.layers,
        indicator=asked.indicator,
        window=asked.window,
        language=asked.language,
        # One sheet alone has one scale.
        scale="round" if asked.scale == "same" else asked.scale,
        subject=asked.subject or None,
        secrecy=asked.secrecy,
        secrecy_term=asked.secrecy_term or None,
        unit=asked.unit or None,
        reviewer=asked.reviewer or None,
        user=asked.user or None,
        approval=asked.approval or None,
        waiver=asked.waiver or None,
        number=order.number,
        record=order.link or None,
        cases=asked.filters.cases,
    )


def _template(order: Order) -> str | Template:
    named = template_of(order.request)
    if order.dpi is None:
        return named
    return template(named).model_copy(update={"dpi": max(order.dpi, 30)})


def noted(path: Path) -> Made:
    """Return size and digest of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Made(path.name, path.stat().st_size, digest)
