"""What is seen, as files that other programs open: GeoPackage, GeoJSON, XLSX and CSV.

Each file says of itself what a printed map says in its margin: what, as known when, from where,
by which rule, for whom.
"""

from geo_data.extracts.formats import FORMATS, DataFormat, write_tables
from geo_data.extracts.table import Column, Cover, Kind, Line, Table, framed

__all__ = [
    "FORMATS",
    "Column",
    "Cover",
    "DataFormat",
    "Kind",
    "Line",
    "Table",
    "framed",
    "write_tables",
]
