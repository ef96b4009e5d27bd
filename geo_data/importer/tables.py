"""Tables without geometry of their own: CSV and its kin, and workbooks."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import pandas as pd

from geo_data.faults import Fault, InputError, nearest
from geo_data.importer.encodings import encoding_of
from geo_data.importer.report import Finding, Outcome


class Form(Protocol):
    """What somebody declared of a table: its encoding, its sheet."""

    @property
    def encoding(self) -> str | None: ...

    @property
    def file_layer(self) -> str | None: ...


Read = tuple[pd.DataFrame, list[Finding]]
"""Rows as they are, numbered from 1, and what the reading came upon."""

_LONGEST_CELL = 1 << 30
_MOST_DIGITS = 15
"""Excel keeps so many digits of a number; the rest of a longer code has become zeros."""


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its rows counted from 1."""
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1), axis="index")


def unreadable(error: object) -> InputError:
    """Return what a reader said as an error."""
    return InputError(Fault("unreadable", values={"error": error}))


def as_text(column: pd.Series) -> pd.Series:
    """Return a column as text: missing is ``""``, ``310117004.0`` is ``"310117004"``."""
    return column.map(cell_text, na_action="ignore").astype(object).where(column.notna(), "")


def cell_text(value: object) -> str:
    """Return one cell as text."""
    if isinstance(value, float | Decimal) and value == value and value % 1 == 0:
        return str(int(value))
    return str(value).strip()


def read_text_table(path: Path, form: Form) -> Read:
    """Read a CSV: comma, semicolon or tab, with or without a BOM.

    Raises
    ------
    InputError
        ``unreadable``: not in the encoding declared, or no table.
    """
    data = path.read_bytes()
    try:
        text = data.decode(form.encoding or encoding_of(data)).removeprefix("\ufeff")
    except (UnicodeError, LookupError) as error:
        raise unreadable(error) from error
    csv.field_size_limit(_LONGEST_CELL)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header, *rows = [line for line in lines if line] or [[]]
    except csv.Error as error:
        raise unreadable(error) from error
    if not header:
        raise unreadable("empty")
    whole = {number: row for number, row in enumerate(rows, 1) if len(row) == len(header)}
    frame = pd.DataFrame.from_dict(
        whole, orient="index", columns=[name.strip() for name in header], dtype=object
    )
    return frame.loc[:, ~frame.columns.duplicated()], list(_ragged(rows, len(header)))


def _delimiter(text: str) -> str:
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _ragged(rows: list[list[str]], width: int) -> Iterator[Finding]:
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            values: dict[str, object] = {"cells": len(row), "width": width}
            yield Finding(Outcome.REFUSED, Fault("ragged-row", row=number, values=values))


def read_workbook(path: Path, form: Form) -> Read:
    """Read a sheet of a workbook: the one that ``file_layer`` names, else the first.

    Raises
    ------
    InputError
        ``no-layer``: no such sheet; ``unreadable``: no workbook.
    """
    try:
        # The reader remarks on styles and print areas, which are nothing to us.
        with warnings.catch_warnings(action="ignore"), pd.ExcelFile(path) as book:
            sheets = [str(name) for name in book.sheet_names]
            sheet = form.file_layer or sheets[0]
            if sheet not in sheets:
                values: dict[str, object] = {"layer": sheet, "nearest": nearest(sheet, sheets)}
                raise InputError(Fault("no-layer", field="file-layer", values=values))
            frame = pd.read_excel(book, sheet, dtype=object)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise unreadable(error) from error
    if frame.empty and not len(frame.columns):
        raise unreadable("empty")
    frame = numbered(frame.set_axis([str(name).strip() for name in frame.columns], axis="columns"))
    # A sheet's used range often goes on below its data.
    frame = frame[frame.notna().any(axis="columns")]
    rounded = _rounded(frame)
    findings = [
        Finding(Outcome.REFUSED, Fault("rounded-number", row=row, field=name, values={"value": n}))
        for row, name, n in rounded
    ]
    return frame.drop(index=[row for row, _, _ in rounded]), findings


def _rounded(frame: pd.DataFrame) -> list[tuple[int, str, int]]:
    """Find numbers longer than Excel can keep, one a row: codes whose end is lost."""
    found: dict[int, tuple[int, str, int]] = {}
    for name in frame.columns:
        for row, value in zip(frame.index.tolist(), frame[name].tolist(), strict=True):
            whole = isinstance(value, int | float) and value == value and value % 1 == 0
            if whole and abs(value) >= 10**_MOST_DIGITS:
                found.setdefault(row, (row, str(name), int(value)))
    return list(found.values())
