"""Messages of one intake, taken in: turned, parsed, applied; what cannot be read is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from geo_data.faults import Fault, InputError
from geo_data.ingest.apply import apply
from geo_data.ingest.letters import Unread
from geo_data.ingest.mapping import our_message
from geo_data.ingest.parse import Message, parse_incident, parse_reading, parse_stage
from geo_data.ingest.reports import Report
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


def receive(
    store: Store, intake: Intake, messages: Sequence[object], received_at: datetime
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
            reason = _storable("\n".join(error.sentences()))
            raw = json.dumps(message, ensure_ascii=True, default=str)
            unread.append(Unread(intake.key, raw, reason))
    if not reports and not unread:
        return found
    outcome = apply(store, reports, received_at, unread, intake.key)
    for number in outcome.repeats:
        found[rows[number]] = Received("repeated")
    for number, fault in outcome.refused:
        found[rows[number]] = Received("refused", (fault,))
    return found


def _storable(text: str) -> str:
    """Return what every database can keep: no halves of characters, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _report(
    store: Store, intake: Intake, message: object, received_at: datetime, row: int
) -> Report:
    if not isinstance(message, Mapping):
        raise InputError(Fault("not-object", row=row, field="-"))
    ours = our_message(intake, message, store.city.zone)
    return _PARSERS[intake.tells](ours, received_at, row)
