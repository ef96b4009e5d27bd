"""``python app.py report monthly --period 2026-10 -o report.docx``: a report 日研判 … 年总结.

It is entered into the register as every export is, and bears its number.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import ValidationError

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.exporting import moment, system_user, written
from geo_data.exports import ExportRequest
from geo_data.faults import Fault, InputError, nearest
from geo_data.store import Store
from indicators.reports import Kind
from layers.reports import FORMATS

_ASKED = ("unit", "reviewer", "secrecy", "secrecy_term")
_OF_REPORT = ("period", "leader", "staff", "symbol", "letterhead")


def _options(parser: Parser, wording: Wording) -> None:
    left = argparse.SUPPRESS
    add = parser.add_argument
    add("kind", choices=[str(kind) for kind in Kind], help=wording("report-kind"))
    add("--city", type=Path, metavar="CITY.toml", default=left, help=wording("city"))
    add("-o", "--output", type=Path, metavar="R.docx", required=True, help=wording("report-output"))
    add("--period", metavar="2026-10", help=wording("report-period"))
    add("--region", metavar="CODE", help=wording("export-region"))
    add("--at", metavar="2026-11-20T08:00", help=wording("export-at"))
    add("--leader", metavar="N", help=wording("report-leader"))
    add("--staff", metavar="N,N", help=wording("report-staff"))
    add("--symbol", metavar="S", help=wording("report-symbol"))
    add("--letterhead", metavar="L", help=wording("report-letterhead"))
    add("--unit", metavar="U", help=wording("export-unit"))
    add("--reviewer", metavar="R", help=wording("export-reviewer"))
    add("--user", metavar="U", help=wording("export-user"))
    add("--secrecy", metavar="M", help=wording("export-secrecy"))
    add("--secrecy-term", metavar="T", help=wording("export-secrecy-term"))


def _report(asked: Asked) -> int:
    _format_of(asked.typed.output)
    return written(asked, lambda store: _request(asked.typed, store))


def _format_of(path: Path) -> str:
    """Return the format that the ending of a file stands for.

    Raises
    ------
    InputError
        It stands for none.
    """
    found = {form.ending: key for key, form in FORMATS.items()}.get(path.suffix.lower())
    if found is None:
        near = nearest(path.suffix.removeprefix("."), list(FORMATS))
        values: dict[str, object] = {
            "ending": path.suffix or path.name,
            "nearest": near,
            "known": ", ".join(FORMATS),
        }
        raise InputError(Fault("sheet-format", file=str(path), values=values))
    return found


def _request(typed: argparse.Namespace, store: Store) -> ExportRequest:
    report = {name: value for name in _OF_REPORT if (value := getattr(typed, name)) is not None}
    given = {name: value for name in _ASKED if (value := getattr(typed, name)) is not None}
    given |= {
        "format": _format_of(typed.output),
        "user": typed.user or system_user(),
        "report": report | {"kind": typed.kind},
    }
    if typed.region is not None:
        given["region"] = typed.region
    if typed.at is not None:
        given["at"] = moment(typed.at, store.city.zone)
    try:
        return ExportRequest.model_validate(given)
    except ValidationError as error:
        problem = error.errors()[0]
        option = f"--{problem['loc'][-1]}".replace("_", "-")
        values: dict[str, object] = {"error": problem["msg"]}
        raise InputError(Fault("bad-value", field=option, values=values)) from error


REPORT = Command("report", _options, _report)
