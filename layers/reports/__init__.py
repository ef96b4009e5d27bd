"""Reports drawn: the official layout of Chinese documents as DOCX and PDF, tables as XLSX."""

from layers.reports.document import Document, Head
from layers.reports.making import FORMATS, ReportFormat, write_report

__all__ = ["FORMATS", "Document", "Head", "ReportFormat", "write_report"]
