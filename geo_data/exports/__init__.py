"""Files that were asked for: what, for whom, under which number, and what became of it."""

from geo_data.exports.record import COMMAND_LINE, OVER, ExportRecord, State
from geo_data.exports.register import enter, export_record, export_records
from geo_data.exports.request import (
    DATA_FORMATS,
    ExportRequest,
    Filters,
    Format,
    ReportAsk,
    checked,
)

__all__ = [
    "COMMAND_LINE",
    "DATA_FORMATS",
    "OVER",
    "ExportRecord",
    "ExportRequest",
    "Filters",
    "Format",
    "ReportAsk",
    "State",
    "checked",
    "enter",
    "export_record",
    "export_records",
]
