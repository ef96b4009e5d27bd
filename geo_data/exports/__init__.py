"""Files that were asked for: what, for whom, under which number, and what became of it."""

from geo_data.exports.request import DATA_FORMATS, ExportRequest, Filters, Format, checked

__all__ = ["DATA_FORMATS", "ExportRequest", "Filters", "Format", "checked"]
