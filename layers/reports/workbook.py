"""The tables of a report as a workbook: numbers as numbers, the sentences on their own sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geo_data.extracts import Column, Cover, Line, Table, framed, write_tables
from geo_data.extracts.table import Kind
from geo_data.words import DEFAULT_LANGUAGE
from indicators.reports import content
from indicators.reports.content import Cell, Heading, Paragraph
from layers.reports.document import Document
from layers.style import WORDS

_CHANGES = frozenset({"change", "year-change"})


def write_workbook(document: Document, path: Path) -> None:
    """Write the tables of a report as XLSX.

    Raises
    ------
    InputError
        The disk is full or cannot be written.
    """
    tables = [_sentences(document), *(_table(one) for one in document.report.tables())]
    write_tables("xlsx", tables, _cover(document), path)


def _sentences(document: Document) -> Table:
    said = [
        block.text for block in document.report.blocks if isinstance(block, Heading | Paragraph)
    ]
    columns = (Column("text", WORDS("report-text", DEFAULT_LANGUAGE)),)
    return _framed("text", WORDS("report-text", DEFAULT_LANGUAGE), columns, {"text": said}, "")


def _table(found: content.Table) -> Table:
    kinds = [_kind([row[at] for row in found.rows]) for at in range(len(found.columns))]
    columns = tuple(
        Column(f"c{at}", one.label, kind)
        for at, (one, kind) in enumerate(zip(found.columns, kinds, strict=True))
    )
    values: dict[str, Sequence[Any]] = {
        column.key: [
            row[at].value if column.kind == "number" else row[at].text for row in found.rows
        ]
        for at, column in enumerate(columns)
    }
    return _framed(found.key, found.title, columns, values, found.rule)


def _kind(cells: Sequence[Cell]) -> Kind:
    """Return whether a column is of numbers; a change is of points or per cent, row by row."""
    plain = [cell for cell in cells if cell.source is not None]
    is_change = any(getattr(cell.source, "part", "") in _CHANGES for cell in plain)
    return "number" if plain and not is_change else "text"


def _framed(
    key: str, name: str, columns: tuple[Column, ...], values: dict[str, Sequence[Any]], rule: str
) -> Table:
    count = len(next(iter(values.values()), ()))
    nowhere = np.full(count, None, dtype=object)
    return Table(key, name, columns, framed(columns, values, nowhere), "", None, rule)


def _cover(document: Document) -> Cover:
    return Cover(
        title=document.report.title,
        about=WORDS("about", DEFAULT_LANGUAGE),
        lines=tuple(line for line in _lines(document) if line.value),
        made_at=document.made_at,
        zone=document.zone,
        language=DEFAULT_LANGUAGE,
    )


def _lines(document: Document) -> Iterator[Line]:
    report, head = document.report, document.head
    told = {
        "number": head.number,
        "secrecy": head.secrecy,
        "region": f"{report.region} {report.region_name}",
        "unit": head.unit,
        "reviewer": head.reviewer,
        "user": head.user,
        "known-at": report.foot,
        "notice": report.notice,
    }
    for key, value in told.items():
        yield Line(key, WORDS(f"about-{key}", DEFAULT_LANGUAGE), value)
    for table in report.tables():
        yield Line(f"rule-{table.key}", table.title, table.rule)
