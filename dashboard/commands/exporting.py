"""``python app.py export --region 310117102 -o map.pdf``: one situation map 态势图."""

from __future__ import annotations

import argparse
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.telling import progress, say
from geo_data.faults import Fault, InputError
from geo_data.provision import provide, settings_with_city
from geo_data.queries import region_tree
from geo_data.records import Scope
from geo_data.store import Store
from layers.print import SheetRequest, save, situation_map
from layers.print.map_frame import write_denominator
from layers.print.request import DEFAULT_INDICATOR, DEFAULT_TEMPLATE
from layers.print.saving import format_of


def _options(parser: Parser, wording: Wording) -> None:
    left = argparse.SUPPRESS
    add = parser.add_argument
    add("--city", type=Path, metavar="CITY.toml", default=left, help=wording("city"))
    add(
        "-o", "--output", type=Path, metavar="MAP.pdf", required=True, help=wording("export-output")
    )
    add("--region", metavar="CODE", help=wording("export-region"))
    add("--template", metavar="T", default=DEFAULT_TEMPLATE, help=wording("export-template"))
    add("--at", metavar="2026-11-20T08:00", help=wording("export-at"))
    add("--layers", metavar="L,L", help=wording("export-layers"))
    add("--indicator", metavar="I", default=DEFAULT_INDICATOR, help=wording("export-indicator"))
    add("--window", metavar="24h", default="24h", help=wording("export-window"))
    add("--scale", metavar="round", default="round", help=wording("export-scale"))
    add("--subject", metavar="S", help=wording("export-subject"))
    add("--unit", metavar="U", help=wording("export-unit"))
    add("--reviewer", metavar="R", help=wording("export-reviewer"))
    add("--user", metavar="U", help=wording("export-user"))
    add("--approval", metavar="N", help=wording("export-approval"))
    add("--secrecy", metavar="M", help=wording("export-secrecy"))
    add("--secrecy-term", metavar="T", help=wording("export-secrecy-term"))
    add("--number", metavar="N", help=wording("export-number"))


def _export(asked: Asked) -> int:
    typed, language = asked.typed, asked.language
    format_of(typed.output)
    settings = settings_with_city(asked.environment, city=vars(typed).get("city"))
    scope = Scope(region_code=settings.scope_region)
    now = asked.now()
    with progress(language) as tell:
        store = provide(settings, now, progress=tell).store
    try:
        sheet = situation_map(store, scope, _request(typed, store, scope, now, language))
        size = save(sheet, typed.output)
    finally:
        store.close()
    scale = write_denominator(sheet.scale)
    kilobytes = -(-size // 1024)
    say("cli-exported", language, path=typed.output, scale=scale, kilobytes=kilobytes)
    return 0


def _request(typed: Any, store: Store, scope: Scope, now: datetime, language: str) -> SheetRequest:
    return SheetRequest(
        region_code=typed.region or region_tree(store, scope).root.code,
        at=moment(typed.at, store.city.zone) if typed.at else now,
        drawn_at=now,
        template=typed.template,
        layers=tuple(filter(None, typed.layers.split(","))) if typed.layers is not None else None,
        indicator=typed.indicator,
        window=typed.window,
        language=language,
        scale=scale_of(typed.scale),
        subject=typed.subject,
        secrecy=typed.secrecy,
        secrecy_term=typed.secrecy_term,
        unit=typed.unit,
        reviewer=typed.reviewer,
        user=typed.user,
        approval=typed.approval,
        number=typed.number or "",
    )


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
    """Read ``round``, ``free`` or a denominator, as ``25000`` or ``1:25,000``.

    Raises
    ------
    InputError
        It is none.
    """
    if value in ("round", "free"):
        return value
    found = re.fullmatch(r"(?:1:)?([1-9]\d{1,8})", value.replace(",", "").replace(" ", ""))
    if not found:
        raise InputError(Fault("bad-scale", field="--scale", values={"value": value}))
    return int(found[1])


EXPORT = Command("export", _options, _export)
