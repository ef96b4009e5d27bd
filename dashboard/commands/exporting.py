"""``python app.py export --region 310117102 -o map.pdf``: a situation map 态势图, or an atlas.

What is written here is in the register as what is asked for over HTTP is: under the number that
stands on it, by the same rules.
"""

from __future__ import annotations

import argparse
import getpass
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.telling import progress, say
from dashboard.exporting.making import Made, Order, Tell, check, make
from dashboard.exporting.steps import step_words
from geo_data.exports import COMMAND_LINE, ExportRecord, ExportRequest, State, enter, register
from geo_data.faults import Fault, InputError
from geo_data.provision import provide, settings_with_city
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store
from layers.print.atlas import NEXT
from layers.print.request import DEFAULT_INDICATOR
from layers.print.saving import format_of

_FILTERS = {
    "cases": "standing",
    "channel": "channel",
    "category": "category",
    "stage": "stage",
    "severity": "severity",
}
"""Options that choose cases, by what a request calls them."""


def _options(parser: Parser, wording: Wording) -> None:
    left = argparse.SUPPRESS
    add = parser.add_argument
    add("--city", type=Path, metavar="CITY.toml", default=left, help=wording("city"))
    add(
        "-o", "--output", type=Path, metavar="MAP.pdf", required=True, help=wording("export-output")
    )
    add("--region", metavar="CODE", help=wording("export-region"))
    add("--atlas", metavar="LEVEL", nargs="?", const=NEXT, help=wording("export-atlas"))
    add("--template", metavar="T", help=wording("export-template"))
    add("--at", metavar="2026-11-20T08:00", help=wording("export-at"))
    add("--layers", metavar="L,L", help=wording("export-layers"))
    add("--indicator", metavar="I", default=DEFAULT_INDICATOR, help=wording("export-indicator"))
    add("--window", metavar="24h", default="24h", help=wording("export-window"))
    for name in _FILTERS:
        add(f"--{name}", metavar=name[0].upper(), help=wording(f"export-{name}"))
    add("--scale", metavar="round", default="round", help=wording("export-scale"))
    add("--subject", metavar="S", help=wording("export-subject"))
    add("--unit", metavar="U", help=wording("export-unit"))
    add("--reviewer", metavar="R", help=wording("export-reviewer"))
    add("--user", metavar="U", help=wording("export-user"))
    add(
        "--purpose",
        choices=("internal", "publication"),
        default="internal",
        help=wording("export-purpose"),
    )
    add("--approval", metavar="N", help=wording("export-approval"))
    add("--waiver", metavar="W", help=wording("export-waiver"))
    add("--secrecy", metavar="M", help=wording("export-secrecy"))
    add("--secrecy-term", metavar="T", help=wording("export-secrecy-term"))


def _export(asked: Asked) -> int:
    typed, language = asked.typed, asked.language
    format_of(typed.output)
    return written(asked, lambda store: _request(typed, store.city.zone, language))


def written(asked: Asked, request: Callable[[Store], ExportRequest]) -> int:
    """Enter a request, make it where it was asked for, and say so; returns the exit status."""
    typed, language = asked.typed, asked.language
    check_folder(typed.output)
    settings = settings_with_city(asked.environment, city=vars(typed).get("city"))
    now = asked.now()
    with progress(language) as tell:
        store = provide(settings, now, progress=tell).store
    try:
        record = entered(store, settings, request(store), now)
        with progress(language, step_words) as tell:
            done = made(store, record, typed.output, asked.now, tell)
    finally:
        store.close()
    kilobytes = -(-done.bytes // 1024)
    say("cli-exported", language, path=typed.output, number=record.number, kilobytes=kilobytes)
    return 0


def check_folder(path: Path) -> None:
    """See that there is a folder to write to, before a number is taken."""
    if not path.absolute().parent.is_dir():
        values: dict[str, object] = {"error": os.strerror(2)}
        raise InputError(Fault("sheet-not-written", file=str(path), values=values), exit_code=3)


def entered(store: Store, settings: Settings, asked: ExportRequest, now: datetime) -> ExportRecord:
    """Enter what is asked for into the register, as begun: nobody else makes it."""
    scope = Scope(region_code=settings.scope_region)
    return enter(
        *(store, scope, check(store, scope, asked, now), now),
        asked=asked,
        asked_from=f"{COMMAND_LINE}{system_user()}",
        base=settings.public_url or "",
        is_begun=True,
    )


def made(
    store: Store, record: ExportRecord, path: Path, now: Callable[[], datetime], tell: Tell
) -> Made:
    """Make what was entered, and note what became of it, however it ends."""
    number = record.number

    def told(step: str, share: float) -> None:
        _check_wanted(store, number)
        tell(step, share)

    order = Order(
        number,
        record.request,
        record.scope,
        record.created_at,
        record.link,
        path.parent,
        name=path.name,
    )
    try:
        done = make(store, order, told)
        if not register.finish(store, number, now(), done.file, done.bytes, done.sha256):
            path.unlink(missing_ok=True)
            _check_wanted(store, number)
        register.removed(store, number, now())
    except InputError as error:
        register.fail(store, number, now(), error.faults)
        raise
    except KeyboardInterrupt:
        register.cancel(store, number, now())
        raise
    except Exception as error:
        fault = Fault("export-crashed", values={"error": repr(error)})
        register.fail(store, number, now(), [fault])
        raise
    return done


def _check_wanted(store: Store, number: str) -> None:
    """See that nobody has cancelled it meanwhile."""
    state = register.states_of(store, [number]).get(number)
    if state is not State.RUNNING:
        raise InputError(Fault("export-over", values={"number": number, "state": str(state)}))


def _request(typed: Any, zone: ZoneInfo, language: str) -> ExportRequest:
    given = {
        "format": format_of(typed.output).value,
        "region": typed.region,
        "atlas": typed.atlas,
        "template": typed.template,
        "at": moment(typed.at, zone) if typed.at else None,
        "layers": [*filter(None, typed.layers.split(","))] if typed.layers is not None else None,
        "indicator": typed.indicator,
        "window": typed.window,
        "language": language,
        "scale": scale_of(typed.scale),
        "subject": typed.subject,
        "secrecy": typed.secrecy,
        "secrecy_term": typed.secrecy_term,
        "unit": typed.unit,
        "reviewer": typed.reviewer,
        "user": typed.user or system_user(),
        "purpose": typed.purpose,
        "approval": typed.approval,
        "waiver": typed.waiver,
        "filters": {
            field: value for name, field in _FILTERS.items() if (value := getattr(typed, name))
        },
    }
    try:
        return ExportRequest.model_validate(
            {name: value for name, value in given.items() if value is not None}
        )
    except ValidationError as error:
        problem = error.errors()[0]
        field = str(problem["loc"][-1 if problem["loc"][0] == "filters" else 0])
        names = {field: name for name, field in _FILTERS.items()}
        option = f"--{names.get(field, field)}".replace("_", "-")
        values: dict[str, object] = {"error": problem["msg"]}
        raise InputError(Fault("bad-value", field=option, values=values)) from error


def system_user() -> str:
    """Return who runs the program, as the system calls them."""
    try:
        return getpass.getuser()[:80]
    except (KeyError, OSError):
        # A container whose user has no name.
        return f"uid {os.getuid()}"


def moment(value: str, zone: ZoneInfo) -> datetime:
    """Read a time: on the city's clock unless it says its zone.

    Raises
    ------
    InputError
        It is none.
    """
    try:
        read = datetime.fromisoformat(value)
    except ValueError as error:
        raise InputError(Fault("bad-moment", field="--at", values={"value": value})) from error
    return read if read.tzinfo else read.replace(tzinfo=zone)


def scale_of(value: str) -> Any:
    """Read ``round``, ``free``, ``same`` or a denominator, as ``25000`` or ``1:25,000``.

    Raises
    ------
    InputError
        It is none.
    """
    if value in ("round", "free", "same"):
        return value
    found = re.fullmatch(r"(?:1:)?([1-9]\d{1,8})", value.replace(",", "").replace(" ", ""))
    if not found:
        raise InputError(Fault("bad-scale", field="--scale", values={"value": value}))
    return int(found[1])


EXPORT = Command("export", _options, _export)
