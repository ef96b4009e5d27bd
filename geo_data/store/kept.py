"""From when on rows are kept: what is older was dropped, and what it counted stays as it is.

The mark is in ``meta``, is written before the first of them goes, and never moves back. A recount
leaves what lies before it alone, and ingest refuses what it would count a second time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from geo_data.faults import Fault
from geo_data.instants import from_text, to_text
from geo_data.store import meta
from geo_data.store.tables import Tables

Dropped = Literal["incidents", "observations"]
"""Tables whose old rows may be dropped."""


def kept_from(connection: Connection, tables: Tables, table: Dropped) -> datetime | None:
    """Return the time before which rows of a table were dropped; nothing while all are kept."""
    text = meta.kept(connection, tables, _key(table))
    return from_text(text) if text else None


def keep_from(connection: Connection, tables: Tables, table: Dropped, at: datetime) -> datetime:
    """Note that rows before ``at`` are about to be dropped; return the mark, which may be later."""
    known = kept_from(connection, tables, table)
    if known is not None and known >= at:
        return known
    meta.keep(connection, tables, _key(table), to_text(at))
    return at


def too_old(field: str, kept: datetime) -> Fault:
    """Say of a row that rows of its time are not kept any longer."""
    return Fault("too-old", field=field, values={"kept": f"{kept:%Y-%m-%d}"})


def _key(table: Dropped) -> str:
    return f"{table}-kept-from"
