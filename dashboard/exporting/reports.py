"""Reports: whether they can be made, told before anything is entered, and made."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from geo_data.duty_roster import DutyShift
from geo_data.exports import ExportRequest, ReportAsk
from geo_data.records import Scope
from geo_data.store import Store
from indicators.reports import make_report
from indicators.reports.making import scene_of
from indicators.reports.templates import ready
from layers.reports import Head, write_report

_BETWEEN_NAMES = re.compile(r"[、,，;；\s]+")


def check_report(store: Store, scope: Scope, asked: ExportRequest) -> ExportRequest:
    """Return the request of a report with its period, as it can be made.

    Raises
    ------
    InputError
        No such period, or a template that cannot be read.
    """
    report = asked.report
    assert report is not None
    assert asked.at is not None
    scene = scene_of(store, scope, report.kind, asked.at, asked.region, report.period)
    ready(scene.term.kind, store.city.reports.templates)
    found = report.model_copy(update={"period": scene.term.key})
    return asked.model_copy(update={"report": found})


def write(
    store: Store,
    scope: Scope,
    asked: ExportRequest,
    number: str,
    made_at: datetime,
    path: Path,
    tell: Callable[[str, float], None],
) -> None:
    """Write a report.

    Raises
    ------
    InputError
        It cannot be made; no file is left.
    """
    assert asked.report is not None
    assert asked.at is not None
    tell("read", 0.05)
    report = make_report(
        store,
        scope,
        asked.report.kind,
        asked.at,
        region_code=asked.region,
        period=asked.report.period,
        shift=shift_of(asked.report, asked.at),
    )
    tell("write", 0.5)
    head = head_of(store, asked, number)
    # A time lapse may be made faster than its city's clock goes.
    write_report(store, scope, report, head, max(made_at, asked.at), asked.format, path)


def head_of(store: Store, asked: ExportRequest, number: str) -> Head:
    """Return what stands on the head of a report and at its end."""
    rules, report = store.city.reports, asked.report
    assert report is not None
    mark = f"{asked.secrecy}★{asked.secrecy_term}" if asked.secrecy_term else asked.secrecy
    return Head(
        unit=asked.unit or rules.unit,
        letterhead=rules.letterhead if report.letterhead is None else report.letterhead,
        symbol=report.symbol,
        secrecy=mark,
        reviewer=asked.reviewer,
        user=asked.user,
        number=number,
    )


def shift_of(report: ReportAsk, at: datetime) -> DutyShift | None:
    """Return who is on duty as who asks said; ``None`` where nothing was said."""
    if not report.leader:
        return None
    staff = tuple(name for name in _BETWEEN_NAMES.split(report.staff) if name)
    return DutyShift(first=at.date(), leader=report.leader, staff=staff)
