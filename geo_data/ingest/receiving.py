"""Messages of one intake, taken in: turned, parsed, applied; what cannot be read is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from geo_data.faults import Fault, InputError
from geo_data.ingest.apply import Outcome, apply
from geo_data.ingest.letters import Unread
from geo_data.ingest.mapping import our_message
from geo_data.ingest.parse import Message, parse_incident, parse_reading, parse_stage
from geo_data.ingest.reports import Report
from geo_data.ingest.source_states import Heard, note_heard
from geo_data.intakes import Intake
from geo_data.store import Store

_PARSERS: dict[str, Callable[[Message, datetime, int | None], Report]] = {
    "incidents": parse_incident,
    "stages": parse_stage,
    "observations": parse_reading,
}


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A message that its transport could not read: what there is of it, and why."""

    raw: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one message: ``accepted``, ``repeated`` or ``refused`` with its faults."""

    status: str
    faults: tuple[Fault, ...] = ()


Place = Callable[[int, Fault], Fault]
Beside = Callable[[Connection, Sequence["Received"]], None]
"""Writes something of its own into the open transaction, knowing what became of each message."""


def receive(
    store: Store,
    intake: Intake,
    messages: Sequence[object],
    received_at: datetime,
    beside: Beside | None = None,
    place: Place | None = None,
) -> list[Received]:
    """Take messages in, in one transaction; returns after its commit.

    Parameters
    ----------
    store : Store
    intake : Intake
        Who sent them.
    messages : sequence
        As its source wrote them, objects as JSON gives them. What cannot be read or placed is
        kept among the dead letters.
    received_at : datetime
        Now, aware.
    beside : callable, optional
        Called at the end of the transaction: how far its source was read is kept with the rows.
    place : callable, optional
        Number of a message and one of its faults -> the fault where its source will find it.

    Returns
    -------
    list of Received
        One for each message.

    Raises
    ------
    InputError
        Exit code 3: the store is locked or damaged; nothing was written.
    """
    put = place or (lambda _row, fault: fault)
    reports, rows, found, unread = _read_all(store, intake, messages, received_at, put)
    if not reports and not unread and beside is None:
        return found

    def sealed(connection: Connection, outcome: Outcome) -> None:
        for number in outcome.repeats:
            found[rows[number]] = Received("repeated")
        for number, fault in outcome.refused:
            found[rows[number]] = Received("refused", (fault,))
        heard = Heard.of(reports, outcome, len(unread))
        note_heard(connection, store.tables, intake.key, heard, received_at)
        if beside is not None:
            beside(connection, found)

    def put_number(number: int, fault: Fault) -> Fault:
        return put(rows[number], fault)

    apply(store, reports, received_at, unread, intake.key, sealed, put_number)
    return found


def _read_all(
    store: Store, intake: Intake, messages: Sequence[object], received_at: datetime, put: Place
) -> tuple[list[Report], list[int], list[Received], list[Unread]]:
    """Return reports and their places in the batch, what became of each message, and the rest."""
    reports: list[Report] = []
    rows: list[int] = []
    found = [Received("accepted")] * len(messages)
    unread: list[Unread] = []
    for row, message in enumerate(messages):
        read = read_message(store.city.zone, intake, message, received_at, row + 1)
        if not isinstance(read, tuple):
            reports.append(read)
            rows.append(row)
            continue
        faults = tuple(put(row, fault) for fault in read)
        found[row] = Received("refused", faults)
        unread.append(Unread(intake.key, _raw(message), faults))
    return reports, rows, found, unread


def _raw(message: object) -> str:
    if isinstance(message, Spoiled):
        return message.raw.replace("\0", "?")
    return json.dumps(message, ensure_ascii=True, default=str)


def read_message(
    zone: ZoneInfo, intake: Intake, message: object, received_at: datetime, row: int
) -> Report | tuple[Fault, ...]:
    """Return the report that a message is, or what is wrong with it.

    Parameters
    ----------
    zone : ZoneInfo
        The city's.
    row : int
        Which message of a batch, for the faults.
    """
    if isinstance(message, Spoiled):
        return message.faults
    if not isinstance(message, Mapping):
        return (Fault("not-object", row=row, field="-"),)
    ours = our_message(intake, message, zone)
    try:
        return _PARSERS[intake.tells](ours, received_at, row)
    except InputError as error:
        return error.faults
