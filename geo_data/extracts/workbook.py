"""Tables as a workbook (XLSX): a sheet that says what it is, then a sheet a layer.

Times are the city's own clock, because Excel knows no other; headings are people's words with
units, and every text stays a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from geo_data.extracts.table import Cover, Table
from geo_data.faults import Fault, InputError

MOST_ROWS = 1_048_576 - 1
"""Below the heading; a limit of the format."""
_MOST_LETTERS = 32_767
_ROWS = 5_000
_NO_NAME = re.compile(r"[\[\]:*?/\\']")
# Control characters cannot stand in XML at all.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_TIME = "yyyy-mm-dd hh:mm:ss"
_WIDTHS = {"text": 18, "whole": 12, "number": 12, "flag": 8, "time": 20}
_BOLD = Font(bold=True)


def write(tables: Sequence[Table], cover: Cover, path: Path) -> None:
    """Write a workbook; see :func:`geo_data.extracts.write_tables`."""
    for table in tables:
        if len(table) > MOST_ROWS:
            values: dict[str, object] = {"n": len(table), "most": MOST_ROWS, "layer": table.name}
            raise InputError(Fault("export-too-many-rows", values=values))
    book = Workbook(write_only=True)
    book.properties.title = cover.title
    book.properties.created = book.properties.modified = cover.made_at.replace(tzinfo=None)
    _cover_sheet(book, cover)
    taken = {cover.about.lower()}
    for table in tables:
        _sheet(book, table, cover, _sheet_name(table.name, taken))
    # The package leaves its archive open where a disk is full; a packed book is small.
    packed = BytesIO()
    book.save(packed)
    path.write_bytes(packed.getbuffer())


def _cover_sheet(book: Workbook, cover: Cover) -> None:
    sheet = book.create_sheet(cover.about)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 20, 100
    sheet.append([_cell(sheet, cover.title, bold=True)])
    for line in cover.lines:
        value = _cell(sheet, line.value)
        value.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.append([_cell(sheet, line.label), value])


def _sheet(book: Workbook, table: Table, cover: Cover, name: str) -> None:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    for index, column in enumerate(table.columns, start=1):
        width = max(_WIDTHS[column.kind], 2 * len(column.head) + 2)
        sheet.column_dimensions[get_column_letter(index)].width = min(width, 40)
    last = get_column_letter(max(len(table.columns), 1))
    sheet.auto_filter.ref = f"A1:{last}{len(table) + 1}"
    sheet.append([_cell(sheet, column.head, bold=True) for column in table.columns])
    for start in range(0, len(table), _ROWS):
        part = table.frame.iloc[start : start + _ROWS]
        columns = [_cells(sheet, part[one.key], one.kind, cover) for one in table.columns]
        for row in zip(*columns, strict=True):
            sheet.append(row)


def _cells(sheet: Any, values: pd.Series[Any], kind: str, cover: Cover) -> Iterator[Any]:
    if kind == "time":
        for at in values.dt.tz_convert(cover.zone).dt.tz_localize(None):
            if pd.isna(at):
                yield None
                continue
            cell = WriteOnlyCell(sheet, at.to_pydatetime())
            cell.number_format = _TIME
            yield cell
        return
    for value in values.tolist():
        if pd.isna(value):
            yield None
        else:
            yield _text(sheet, value) if kind == "text" else value


def _text(sheet: Any, value: str) -> Any:
    """Return a text as it is; only one that looks like a formula needs to say that it is none."""
    told = clean(value)
    return _cell(sheet, told) if told.startswith("=") else told


def _cell(sheet: Any, text: str, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, clean(text))
    cell.data_type = "s"
    if bold:
        cell.font = _BOLD
    return cell


def clean(text: str) -> str:
    """Return a text as a workbook can hold it: no control characters, not longer than a cell."""
    return _CONTROL.sub("", text)[:_MOST_LETTERS]


def _sheet_name(name: str, taken: set[str]) -> str:
    """Return a name that a sheet may have: short, without some signs, unlike the others."""
    plain = _NO_NAME.sub(" ", name).strip()[:31] or "Sheet"
    found, n = plain, 2
    while found.lower() in taken:
        found, n = f"{plain[:27]} {n}", n + 1
    taken.add(found.lower())
    return found
