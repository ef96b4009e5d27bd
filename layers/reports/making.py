"""A report written as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from geo_data.extracts.whole_file import whole_file
from geo_data.records import Scope
from geo_data.store import Store
from indicators.reports import Report
from layers.reports.document import Document, Head
from layers.reports.maps import sheets_of


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """How files of a format end, and what HTTP calls them."""

    ending: str
    media_type: str


_OFFICE = "application/vnd.openxmlformats-officedocument"
FORMATS: Mapping[str, ReportFormat] = MappingProxyType(
    {
        "docx": ReportFormat(".docx", f"{_OFFICE}.wordprocessingml.document"),
        "pdf": ReportFormat(".pdf", "application/pdf"),
        "xlsx": ReportFormat(".xlsx", f"{_OFFICE}.spreadsheetml.sheet"),
    }
)
"""What a report can be."""


def document_of(
    store: Store, scope: Scope, report: Report, head: Head, made_at: datetime, *, maps: bool = True
) -> Document:
    """Return a report with its maps drawn."""
    drawn = sheets_of(store, scope, report, head, made_at) if maps else {}
    return Document(report, head, made_at, store.city.zone, drawn)


def write_report(
    store: Store,
    scope: Scope,
    report: Report,
    head: Head,
    made_at: datetime,
    format_key: str,
    path: Path,
) -> None:
    """Write a report; the file appears when all of it is on the disk.

    Parameters
    ----------
    report : Report
        From :func:`indicators.reports.make_report`.
    head : Head
        What a person decides of it.
    made_at : datetime
        Now, aware.
    format_key : str
        One of :data:`FORMATS`.
    path : Path
        Where; what was there is replaced.

    Raises
    ------
    InputError
        The disk is full or cannot be written.
    """
    if format_key == "xlsx":
        # Each loads what only it needs.
        from layers.reports.workbook import write_workbook

        write_workbook(document_of(store, scope, report, head, made_at, maps=False), path)
        return
    document = document_of(store, scope, report, head, made_at)
    body = _body(document, format_key)
    with whole_file(path) as part:
        part.write_bytes(body)


def _body(document: Document, format_key: str) -> bytes:
    if format_key == "pdf":
        from layers.reports.pdf import pdf_bytes

        return pdf_bytes(document)
    from layers.reports.docx import docx_bytes

    return docx_bytes(document)
