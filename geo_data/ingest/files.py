"""Files of messages: CSV, XLSX, JSON, or one JSON a line; row by row, as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from geo_data.faults import Fault, InputError
from geo_data.importer.archives import MB, check_archive
from geo_data.importer.encodings import encoding_of
from geo_data.importer.tables import Read, read_text_table, read_workbook
from geo_data.ingest.receiving import Spoiled
from geo_data.sources import Limits
from geo_data.ways_in import Folder

TEXTS = frozenset({".csv", ".tsv", ".txt"})
BOOKS = frozenset({".xlsx", ".xlsm"})
LINES = frozenset({".ndjson", ".jsonl"})
KINDS = TEXTS | BOOKS | LINES | {".json"}

Rows = list[tuple[int, object]]
"""Number of a row, from 1, and the message in it."""


def rows_of(path: Path, way: Folder) -> Rows:
    """Return the messages of a file in order; a row that cannot be read is :class:`Spoiled`.

    Parameters
    ----------
    way : Folder
        Says the encoding and the sheet, where somebody declared them.

    Raises
    ------
    InputError
        The file as a whole cannot be used: ``file-kind``, ``file-large``, ``unreadable``,
        ``no-layer``, or an archive's faults.
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise InputError(Fault("file-kind", values={"known": " ".join(sorted(KINDS))}))
    size = path.stat().st_size
    if size > way.file_mb * MB:
        values: dict[str, object] = {"mb": f"{size / MB:.1f}", "most": way.file_mb}
        raise InputError(Fault("file-large", values=values))
    if kind in BOOKS:
        check_archive(path, Limits(file_mb=way.file_mb))
        return list(_of_table(read_workbook(path, way)))
    if kind in TEXTS:
        return list(_of_table(read_text_table(path, way)))
    text = _text(path, way)
    return list(_of_lines(text) if kind in LINES else _of_json(text))


def _text(path: Path, way: Folder) -> str:
    data = path.read_bytes()
    try:
        return data.decode(way.encoding or encoding_of(data)).removeprefix("\ufeff")
    except (UnicodeError, LookupError) as error:
        raise InputError(Fault("unreadable", values={"error": error})) from error


def _of_table(read: Read) -> Iterator[tuple[int, object]]:
    """Yield rows and those that the reader refused, in the order of the file."""
    frame, findings = read
    spoiled: Mapping[int, Fault] = {
        finding.fault.row: finding.fault for finding in findings if finding.fault.row is not None
    }
    names = [str(name) for name in frame.columns]
    whole = dict(zip(frame.index.tolist(), frame.itertuples(index=False, name=None), strict=True))
    for row in sorted({*whole, *spoiled}):
        if row in spoiled:
            yield row, Spoiled("", (spoiled[row],))
        else:
            yield row, {name: _cell(cell) for name, cell in zip(names, whole[row], strict=True)}


def _cell(value: Any) -> object:
    # An empty cell is a NaN, or a time that is none.
    return None if value is None or value is pd.NaT or value != value else value


def _of_lines(text: str) -> Iterator[tuple[int, object]]:
    for row, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield row, json.loads(line)
        except (ValueError, RecursionError) as error:
            fault = Fault("unreadable", row=row, values={"error": error})
            yield row, Spoiled(line, (fault,))


def _of_json(text: str) -> Iterator[tuple[int, object]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(Fault("unreadable", values={"error": error})) from error
    yield from enumerate(found if isinstance(found, list) else [found], 1)


def placed(fault: Fault, name: str, row: int | None) -> Fault:
    """Return a fault with the file and the row that it is about."""
    return replace(fault, file=name, row=row if row is not None else fault.row)
