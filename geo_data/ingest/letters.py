"""Dead letters: what was refused, as it came and with the reason, where somebody can mend it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from geo_data.faults import Fault, faults_text
from geo_data.ingest.reports import Report
from geo_data.store.tables import Tables

KEPT = 10_000
"""Of each source: a broken device repeats itself for weeks; the newest tell enough."""
CUT_EVERY = 1_000
"""After so many more they are cut to that, of all sources at once."""
LONGEST = 16_000
"""Characters; what is longer is rubbish by its length alone, and its beginning tells enough."""

Refusal = tuple[int, Fault]
"""Which report of a batch was put aside, and why."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that was refused: who sent it, as it came, and why."""

    source: str
    raw: str
    faults: tuple[Fault, ...]

    def as_row(self, received_at: datetime) -> dict[str, object]:
        """Return it as it is kept: the reason as a sentence, and in no language."""
        faults = faults_text(self.faults)
        return {
            "received_at": received_at,
            "source": self.source,
            "raw": self.raw[:LONGEST],
            "reason": _storable("\n".join(fault.sentence() for fault in self.faults))[:LONGEST],
            "faults": faults if len(faults) <= LONGEST else None,
        }


def _storable(text: str) -> str:
    """Return what every database can keep: no halves of characters, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def letters_of(
    reports: Sequence[Report], refused: Sequence[Refusal], teller: str | None
) -> list[Unread]:
    """Return the letters of reports that could be read but not taken.

    Parameters
    ----------
    teller : str, optional
        Who sent them; the source that each names unless said.
    """
    return [
        Unread(
            teller or str(getattr(reports[row], "source", "readings")),
            json.dumps(asdict(reports[row]), ensure_ascii=False, default=str),
            (fault,),
        )
        for row, fault in refused
    ]


def bury(
    connection: Connection, tables: Tables, letters: Sequence[Unread], received_at: datetime
) -> None:
    """Keep letters, the newest :data:`KEPT` of each source, in the open transaction."""
    if not letters:
        return
    table = tables.dead_letters
    rows = [one.as_row(received_at) for one in letters]
    connection.execute(insert(table), rows)
    last = int(connection.execute(select(func.max(table.c.id))).scalar() or 0)
    if last // CUT_EVERY != (last - len(rows)) // CUT_EVERY:
        _cut(connection, tables)


def _cut(connection: Connection, tables: Tables) -> None:
    """Keep the newest of each source, so that a broken one cannot push out another's."""
    table = tables.dead_letters
    age = func.row_number().over(partition_by=table.c.source, order_by=table.c.id.desc())
    aged = select(table.c.id, age.label("age")).subquery()
    old = select(aged.c.id).where(aged.c.age > KEPT)
    connection.execute(delete(table).where(table.c.id.in_(old)))
