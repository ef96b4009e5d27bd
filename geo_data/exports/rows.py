"""Rows of the register, read and written."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import RowMapping

from geo_data.exports.record import ExportRecord, State
from geo_data.exports.request import ExportRequest, Filters
from geo_data.faults import Fault
from geo_data.records import Scope

_ASKED = frozenset(ExportRequest.model_fields)
_PLAIN = (
    *("number", "region_code", "known_at", "created_at", "asked_by", "asked_from", "link"),
    *("attempts", "step", "share", "file", "bytes", "sha256"),
    *("started_at", "finished_at", "removed_at"),
)


def record_of(row: RowMapping) -> ExportRecord:
    """Return a row as a record."""
    return ExportRecord(
        **{name: row[name] for name in _PLAIN},
        state=State(row["state"]),
        request=request_of(row["request"]),
        scope=scope_of(row["scope"]),
        faults=faults_of(row["faults"]),
    )


def request_of(text: str) -> ExportRequest:
    """Return a request as it was kept; what only another program knew is left out.

    A record must be readable for years, whatever can be asked for by then.
    """
    told = {key: value for key, value in json.loads(text).items() if key in _ASKED}
    filters = told.get("filters", {})
    told["filters"] = {key: value for key, value in filters.items() if key in Filters.model_fields}
    return ExportRequest.model_validate(told)


def scope_text(scope: Scope) -> str:
    """Return a scope as it is kept."""
    kinds = None if scope.kinds is None else sorted(scope.kinds)
    told = {"region": scope.region_code, "kinds": kinds, "masked": sorted(scope.masked)}
    return json.dumps(told, ensure_ascii=False)


def scope_of(text: str) -> Scope:
    """Return the scope that :func:`scope_text` wrote."""
    told = json.loads(text)
    kinds = None if told["kinds"] is None else frozenset(told["kinds"])
    return Scope(told["region"], kinds, frozenset(told["masked"]))


def faults_text(faults: Sequence[Fault]) -> str:
    """Return faults as they are kept: keys and values, to be said in any language later."""
    told = [
        {"key": one.key, "file": one.file, "field": one.field, "values": one.values}
        for one in faults
    ]
    return json.dumps(told, ensure_ascii=False, default=str)


def faults_of(text: str | None) -> tuple[Fault, ...]:
    """Return the faults that :func:`faults_text` wrote."""
    return tuple(
        Fault(one["key"], file=one["file"], field=one["field"], values=one["values"])
        for one in json.loads(text or "[]")
    )
