"""What people changed of the rows that files declare, by whom and when; nothing is ever undone.

A file declares, for example, from which value on an indicator is a warning. Whoever may change
that does so while the program runs; every change is a row of its own, so that it can be told
what held at any time and who said so. What a row means is its reader's: here it is an object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, insert, select

from geo_data.faults import Fault, InputError
from geo_data.instants import to_grain
from geo_data.store import Store
from geo_data.store.layer_rows import note_layer

LAYER = "amendments"
LONGEST_NAME = 40
LONGEST_NOTE = 400

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Amendment:
    """One change.

    Parameters
    ----------
    number : int
        From 1, in the order in which they were made.
    subject : str
        What kind of row: ``threshold``.
    key : str
        Of what: an indicator.
    effective_from : date
        The local day from which the row holds; with ``key`` it says which row is meant.
    body : Mapping or None
        The row as it is from now on; ``None`` takes it away.
    at : datetime
        When it was changed.
    who, note : str
        Who said so, and why.
    """

    number: int
    subject: str
    key: str
    effective_from: date
    body: Body | None
    at: datetime
    who: str
    note: str


def amendments(store: Store, subject: str) -> Sequence[Amendment]:
    """Return every change of rows of this kind, oldest first."""
    stamp = store.version(LAYER)
    return store.cached(("amendments", subject), stamp, lambda: _read(store, subject))


def _read(store: Store, subject: str) -> Sequence[Amendment]:
    table = store.tables.amendments
    with store.read() as connection:
        rows = connection.execute(
            select(table).where(table.c.subject == subject).order_by(table.c.id)
        ).all()
    return [
        Amendment(
            number=row.id,
            subject=row.subject,
            key=row.key,
            effective_from=date.fromisoformat(row.effective_from),
            body=None if row.body is None else json.loads(row.body),
            at=row.at,
            who=row.who,
            note=row.note,
        )
        for row in rows
    ]


def amend(
    store: Store,
    subject: str,
    key: str,
    effective_from: date,
    body: Body | None,
    *,
    who: str,
    at: datetime,
    note: str = "",
) -> Amendment:
    """Write a change down; it holds from this moment, in every process.

    Parameters
    ----------
    body : Mapping or None
        Checked by the caller.
    who, note : str
        At most 40 and 400 characters; the name may not be empty.
    at : datetime
        Now, aware. The rest as in :class:`Amendment`.

    Raises
    ------
    InputError
        ``amend-who``: nobody's name was given, or too long a one; ``amend-note``: the reason is
        too long.
    """
    who, note = " ".join(who.split()), " ".join(note.split())
    if not 0 < len(who) <= LONGEST_NAME or not who.isprintable():
        raise InputError(Fault("amend-who", field="who", values={"most": LONGEST_NAME}))
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise InputError(Fault("amend-note", field="note", values={"most": LONGEST_NOTE}))
    at, table = to_grain(at), store.tables.amendments
    with store.write() as connection:
        number = (connection.scalar(select(func.max(table.c.id))) or 0) + 1
        row = {
            "id": number,
            "subject": subject,
            "key": key,
            "effective_from": effective_from.isoformat(),
            "body": None if body is None else json.dumps(body, ensure_ascii=False),
            **{"at": at, "who": who, "note": note},
        }
        connection.execute(insert(table), row)
        version = note_layer(connection, store.tables, LAYER, at=at, data_at=at, rows=number)
        told = json.dumps({"layer": LAYER, "version": version})
        changes = {"at": at, "topic": "layers", "body": told}
        connection.execute(insert(store.tables.changes), changes)
    return Amendment(number, subject, key, effective_from, body, at, who, note)
