"""Every source tried once: does it answer, would its rows be taken; nothing is taken from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from geo_data.city import City
from geo_data.faults import Fault, InputError
from geo_data.ingest import marks
from geo_data.ingest.files import rows_of
from geo_data.ingest.folder import waiting
from geo_data.ingest.foreign_rows import ForeignRows, foreign_rows, message_of
from geo_data.ingest.mqtt import greet
from geo_data.ingest.receiving import read_message
from geo_data.intakes import Intake

SAMPLE = 100
"""Rows that are looked at."""
AHEAD = timedelta(minutes=10)
"""A mark further ahead of our clock is of another time zone, or of a clock that is wrong."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What trying a source has shown.

    Parameters
    ----------
    intake : Intake
    found : int or None
        Rows that were looked at; ``None`` where nothing can be looked at.
    faults : tuple of Fault
        What keeps it from working.
    notes : tuple of Fault
        What is worth a look: rows that would be refused, a clock that is off.
    """

    intake: Intake
    found: int | None = None
    faults: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()


def try_source(city: City, intake: Intake, now: datetime, environment: Mapping[str, str]) -> Trial:
    """Try one source; what goes wrong is in the trial.

    Parameters
    ----------
    now : datetime
        Aware.
    environment : Mapping
        Holds the passwords and the digests of keys.
    """
    tries: dict[str, Callable[[City, Intake, datetime, Mapping[str, str]], Trial]] = {
        **{"http": _try_key, "mqtt": _try_broker, "table": _try_table, "folder": _try_folder}
    }
    try:
        return tries[intake.way](city, intake, now, environment)
    except InputError as error:
        return Trial(intake, faults=error.faults)


def _try_key(_city: City, intake: Intake, _now: datetime, known: Mapping[str, str]) -> Trial:
    name = intake.key_sha256_env
    if name is None:
        return Trial(intake)
    digest = known.get(name, "").lower()
    if len(digest) == 64 and not set(digest) - set("0123456789abcdef"):
        return Trial(intake)
    return Trial(intake, faults=(Fault("no-key-digest", values={"name": name}),))


def _try_broker(city: City, intake: Intake, _now: datetime, known: Mapping[str, str]) -> Trial:
    greet(city.code, intake, known)
    return Trial(intake)


def _try_table(city: City, intake: Intake, now: datetime, known: Mapping[str, str]) -> Trial:
    with foreign_rows(intake, known) as rows:
        newest = rows.newest()
        start = None if marks.kind_of(newest) is None else marks.back(newest, rows.way.overlap)  # type: ignore[arg-type]
        page = rows.page(start, 0)[:SAMPLE]
        notes = tuple(_about_marks(city, intake, rows, newest, now))
    told = [(None, message_of(row)) for row in page]
    return Trial(intake, len(told), notes=(*notes, *_would_refuse(city, intake, told, now)))


def _about_marks(
    city: City, intake: Intake, rows: ForeignRows, newest: object, now: datetime
) -> Iterator[Fault]:
    if n := rows.unmarked():
        yield Fault("rows-unmarked", values={"n": n, "column": rows.way.mark})
    kind = marks.kind_of(newest)
    if newest is not None and kind is None:
        yield Fault("bad-mark", values={"column": rows.way.mark, "got": str(newest)[:40]})
    zone = ZoneInfo(intake.timezone) if intake.timezone else city.zone
    if kind is not None and not marks.is_due(newest, now + AHEAD, zone):  # type: ignore[arg-type]
        yield Fault("mark-ahead", values={"got": str(newest), "zone": str(zone)})


def _try_folder(city: City, intake: Intake, now: datetime, _known: Mapping[str, str]) -> Trial:
    way = intake.folder
    assert way is not None
    files = waiting(way)
    if not os.access(way.path, os.W_OK | os.X_OK):
        raise InputError(Fault("folder-not-writable", file=str(way.path)))
    told: list[tuple[int | None, object]] = []
    notes: list[Fault] = []
    for path in files[:SAMPLE]:
        try:
            told += rows_of(path, way)[: SAMPLE - len(told)]
        except InputError as error:
            notes += [_in(path, fault) for fault in error.faults]
    return Trial(intake, len(told), notes=(*notes, *_would_refuse(city, intake, told, now)))


def _in(path: Path, fault: Fault) -> Fault:
    return Fault(fault.key, file=path.name, row=fault.row, field=fault.field, values=fault.values)


def _would_refuse(
    city: City, intake: Intake, told: Sequence[tuple[int | None, object]], now: datetime
) -> list[Fault]:
    """Return what is wrong with rows, each kind of fault once: the first of it."""
    first: dict[tuple[str, str | None], Fault] = {}
    for number, (row, message) in enumerate(told, 1):
        read = read_message(city.zone, intake, message, now, row or number)
        for fault in read if isinstance(read, tuple) else ():
            first.setdefault((fault.key, fault.field), fault)
    return list(first.values())
