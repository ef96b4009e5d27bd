"""Tables as CSV: one file a layer in a zip, for Excel and for programs.

UTF-8 with a mark, because Excel takes it for the system's encoding without. Rows are points
(``lon``, ``lat``): an outline would overflow a cell. Beside each file stand its column types
(``.csvt``) and its CRS (``.prj``), so that GDAL and QGIS open it as points with typed columns;
what the file is stands in the page of text and not in head lines, which would be read as rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pyproj import CRS

from geo_data.extracts.archive import archived
from geo_data.extracts.table import Column, Cover, Table
from geo_data.store.geopackage import SRS_ID

_TYPES = {
    "text": "String",
    "whole": "Integer64",
    "number": "Real",
    "flag": "Integer(Boolean)",
    "time": "DateTime",
}
_ROWS = 5_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins like this is a formula to Excel: a caller's words must not be one."""


def write(tables: Sequence[Table], cover: Cover, path: Path) -> None:
    """Write a zip of CSV files; see :func:`geo_data.extracts.write_tables`."""
    prj = CRS.from_epsg(SRS_ID).to_wkt("WKT1_GDAL").encode()
    with archived(path, cover) as put:
        for table in tables:
            put(f"{table.key}.csv", _lines(table, cover))
            put(f"{table.key}.csvt", [",".join(map(_type_of, table.columns)).encode()])
            put(f"{table.key}.prj", [prj])


def _type_of(column: Column) -> str:
    place = {"lon": "CoordX", "lat": "CoordY"}.get(column.key)
    return place or _TYPES[column.kind]


def _lines(table: Table, cover: Cover) -> Iterator[bytes]:
    yield "\ufeff".encode()
    yield _written([[one.key for one in table.columns]])
    for start in range(0, len(table), _ROWS):
        part = table.frame.iloc[start : start + _ROWS]
        columns = [_texts(part[one.key], one.kind, cover) for one in table.columns]
        yield _written(zip(*columns, strict=True))


def _written(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _texts(column: pd.Series[Any], kind: str, cover: Cover) -> list[str]:
    if kind == "time":
        local = column.dt.tz_convert(cover.zone)
        return ["" if pd.isna(one) else one.isoformat(timespec="seconds") for one in local]
    if kind == "flag":
        return ["" if pd.isna(one) else str(int(one)) for one in column]
    if kind == "text":
        return ["" if pd.isna(one) else harmless(str(one)) for one in column.tolist()]
    return ["" if pd.isna(one) else str(one) for one in column.tolist()]


def harmless(text: str) -> str:
    """Return a text that no spreadsheet works out: an apostrophe before what looks like a formula.

    Examples
    --------
    >>> harmless("=1+1"), harmless("积水 -20 cm")
    ("'=1+1", '积水 -20 cm')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text
