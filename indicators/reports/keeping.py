"""A report as JSON and back: what is published is kept whole, as it was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from indicators.reports.content import (
    Block,
    Cell,
    Column,
    Figure,
    Heading,
    MapPlace,
    Paragraph,
    Report,
    RowCount,
    Source,
    Span,
    Table,
)
from indicators.reports.terms import Kind, Term

_TYPES: Mapping[str, type[Block]] = {
    "heading": Heading,
    "paragraph": Paragraph,
    "table": Table,
    "map": MapPlace,
}


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as what JSON can say."""
    names = {kind: name for name, kind in _TYPES.items()}
    told = asdict(report)
    term, data_at = report.term, report.data_at
    told["term"] = {
        "kind": term.kind.value,
        **{name: getattr(term, name).isoformat() for name in ("first", "last", "today")},
    }
    told["known_at"] = report.known_at.isoformat()
    told["data_at"] = data_at.isoformat() if data_at else None
    told["blocks"] = [{"type": names[type(one)]} | _plain(one) for one in report.blocks]
    return told


def from_json(told: Mapping[str, Any]) -> Report:
    """Return the report that :func:`as_json` wrote."""
    term = told["term"]
    days = {name: date.fromisoformat(term[name]) for name in ("first", "last", "today")}
    return Report(
        **{
            name: value
            for name, value in told.items()
            if name not in ("term", "known_at", "data_at", "blocks")
        },
        term=Term(Kind(term["kind"]), **days),
        known_at=datetime.fromisoformat(told["known_at"]),
        data_at=_moment(told["data_at"]),
        blocks=tuple(map(_block, told["blocks"])),
    )


def _plain(block: Block) -> dict[str, Any]:
    told = asdict(block)
    if isinstance(block, Table):
        told["data_at"] = block.data_at.isoformat() if block.data_at else None
    return told


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _block(told: Mapping[str, Any]) -> Block:
    given = {name: value for name, value in told.items() if name != "type"}
    kind = _TYPES[told["type"]]
    if kind is Paragraph:
        given["spans"] = tuple(map(_span, given["spans"]))
    elif kind is Table:
        given["columns"] = tuple(Column(**one) for one in given["columns"])
        given["rows"] = tuple(tuple(map(_cell, row)) for row in given["rows"])
        given["data_at"] = _moment(given["data_at"])
    return kind(**given)


def _span(told: Mapping[str, Any]) -> Span:
    return Span(**{**told, "source": _source(told["source"])})


def _cell(told: Mapping[str, Any]) -> Cell:
    source = _source(told["source"])
    assert not isinstance(source, RowCount)
    return Cell(told["text"], told["value"], source)


def _source(told: Mapping[str, Any] | None) -> Source | None:
    if told is None:
        return None
    if "table" in told:
        return RowCount(**told)
    only = told["only"]
    return Figure(**{**told, "only": None if only is None else tuple(only)})
