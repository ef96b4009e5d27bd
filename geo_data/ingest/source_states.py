"""What is known of each source: when it was heard, how much it told, how late, what is wrong.

Written in the transaction that takes its rows, so the numbers are those of the rows; and, at
most once a minute, when a source that we fetch from answers and has nothing new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import (
    Connection,
    Double,
    Table,
    Update,
    bindparam,
    case,
    delete,
    func,
    insert,
    null,
    update,
)

from geo_data.faults import Fault, faults_text
from geo_data.ingest.reports import IncidentReport, Reading, Report
from geo_data.instants import millis, to_grain
from geo_data.store import Store
from geo_data.store.column_types import UtcDateTime
from geo_data.store.tables import Tables

if TYPE_CHECKING:
    from geo_data.ingest.apply import Outcome

SLOT_MS = 300_000
"""Rows are counted by five minutes: an hour and a day are sums of these in every time zone."""
COUNTS = ("accepted", "repeated", "refused")
SLOTS_KEPT = 8 * 24 * 12
"""Eight days of them."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a source told in one batch.

    Parameters
    ----------
    accepted, repeated, refused : int
        Rows.
    newest, median : datetime, optional
        The latest time its data speaks of, and the one in the middle; of rows that were taken.
    """

    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    newest: datetime | None = None
    median: datetime | None = None

    @classmethod
    def of(cls, reports: Sequence[Report], outcome: Outcome, unread: int = 0) -> Heard:
        """Return what a batch amounts to; ``unread`` messages of it were no reports."""
        refused = {row for row, _ in outcome.refused}
        # As numbers: aware times compare slowly, and this is done for every row there is.
        at_s = np.array([_time(one).timestamp() for one in reports])
        taken = np.sort(np.delete(at_s, list(refused)))
        newest, median = (taken[-1], taken[(len(taken) - 1) // 2]) if len(taken) else (None, None)
        return cls(
            outcome.accepted,
            outcome.repeated,
            len(outcome.refused) + unread,
            None if newest is None else datetime.fromtimestamp(newest, UTC),
            None if median is None else datetime.fromtimestamp(median, UTC),
        )


def _time(report: Report) -> datetime:
    if isinstance(report, Reading):
        return report.observed_at
    return report.reported_at if isinstance(report, IncidentReport) else report.happened_at


def note_heard(
    connection: Connection, tables: Tables, key: str, heard: Heard, at: datetime
) -> None:
    """Add a batch to what is known of a source, in the open transaction.

    Parameters
    ----------
    key : str
        Of its intake.
    at : datetime
        When it came, aware.
    """
    at = to_grain(at)
    taken = bool(heard.accepted or heard.repeated)
    data_at = None if heard.newest is None else min(to_grain(heard.newest), at)
    # What was only repeated says nothing of how late a source is.
    lag_s = (at - heard.median).total_seconds() if heard.accepted and heard.median else None
    _note_state(connection, tables, key, at, at if taken else None, data_at, lag_s)
    _note_slot(connection, tables, key, heard, millis(at) // SLOT_MS)


def _note_state(
    connection: Connection,
    tables: Tables,
    key: str,
    seen_at: datetime,
    ok_at: datetime | None = None,
    data_at: datetime | None = None,
    lag_s: float | None = None,
) -> None:
    table = tables.intake_states
    told = {"key": key, "seen": seen_at, "ok": ok_at, "told": data_at, "lag": lag_s}
    if not connection.execute(_state_again(table), told).rowcount:
        values = {"seen_at": seen_at, "ok_at": ok_at, "data_at": data_at, "lag_s": lag_s}
        connection.execute(insert(table).values(intake=key, **values))


# Made once: to build them costs as much as to take a hundred rows.
@lru_cache(maxsize=32)
def _state_again(table: Table) -> Update:
    ok, told = bindparam("ok", type_=UtcDateTime), bindparam("told", type_=UtcDateTime)
    known = table.c.data_at
    return (
        update(table)
        .where(table.c.intake == bindparam("key"))
        .values(
            seen_at=bindparam("seen", type_=UtcDateTime),
            ok_at=func.coalesce(ok, table.c.ok_at),
            data_at=case((known > told, known), else_=func.coalesce(told, known)),
            lag_s=func.coalesce(bindparam("lag", type_=Double), table.c.lag_s),
            error_at=null(),
            error=null(),
        )
    )


@lru_cache(maxsize=32)
def _slot_again(table: Table) -> Update:
    mine = (table.c.intake == bindparam("key")) & (table.c.slot == bindparam("at_slot"))
    more = {name: table.c[name] + bindparam(f"more_{name}") for name in COUNTS}
    return update(table).where(mine).values(more)


def _note_slot(connection: Connection, tables: Tables, key: str, heard: Heard, slot: int) -> None:
    table = tables.intake_slots
    counts = {name: getattr(heard, name) for name in COUNTS}
    if not any(counts.values()):
        return
    more = {f"more_{name}": n for name, n in counts.items()}
    if connection.execute(_slot_again(table), {"key": key, "at_slot": slot, **more}).rowcount:
        return
    connection.execute(insert(table).values(intake=key, slot=slot, **counts))
    old = (table.c.intake == key) & (table.c.slot < slot - SLOTS_KEPT)
    connection.execute(delete(table).where(old))


def note_contact(store: Store, key: str, at: datetime) -> None:
    """Note that a source answered: nothing is wrong with it any longer.

    Raises
    ------
    InputError
        Exit code 3: the store cannot be written now.
    """
    with store.write() as connection:
        _note_state(connection, store.tables, key, to_grain(at))


def note_error(store: Store, key: str, fault: Fault, at: datetime) -> None:
    """Note what keeps a source from being fetched from; raises as :func:`note_contact`."""
    table = store.tables.intake_states
    values = {"error_at": to_grain(at), "error": faults_text([fault])}
    with store.write() as connection:
        mine = table.c.intake == key
        # Since when is worth more than when last: the same fault again changes nothing.
        same = mine & (func.coalesce(table.c.error, "") == values["error"])
        if connection.execute(update(table).where(same).values(error=values["error"])).rowcount:
            return
        if not connection.execute(update(table).where(mine).values(values)).rowcount:
            connection.execute(insert(table).values(intake=key, **values))
