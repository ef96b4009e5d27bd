"""Messages of one intake, taken in: turned, parsed, applied; what cannot be read is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
class Received:
    """What became of one message: ``accepted``, ``repeated`` or ``refused`` with its faults."""

    status: str
    faults: tuple[Fault, ...] = ()


Beside = Callable[[Connection, Sequence["Received"]], None]
"""Writes something of its own into the open transaction, knowing what became of each message."""


def receive(
    store: Store,
    intake: Intake,
    messages: Sequence[object],
    received_at: datetime,
    beside: Beside | None = None,
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

    Returns
    -------
    list of Received
        One for each message.

    Raises
    ------
    InputError
        Exit code 3: the store is locked or damaged; nothing was written.
    """
    reports: list[Report] = []
    rows: list[int] = []
    found = [Received("accepted")] * len(messages)
    unread: list[Unread] = []
    for row, message in enumerate(messages):
        try:
            reports.append(_report(store, intake, message, received_at, row + 1))
            rows.append(row)
        except InputError as error:
            found[row] = Received("refused", error.faults)
            raw = json.dumps(message, ensure_ascii=True, default=str)
            unread.append(Unread(intake.key, raw, error.faults))
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

    apply(store, reports, received_at, unread, intake.key, sealed)
    return found


def _report(
    store: Store, intake: Intake, message: object, received_at: datetime, row: int
) -> Report:
    if not isinstance(message, Mapping):
        raise InputError(Fault("not-object", row=row, field="-"))
    ours = our_message(intake, message, store.city.zone)
    return _PARSERS[intake.tells](ours, received_at, row)
