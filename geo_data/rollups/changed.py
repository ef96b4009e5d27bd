"""Which rows of the rollups changed lately, for whoever keeps the others in memory.

Each row carries the number of the change that wrote it last, and an index finds those above a
number. Only what changed lately is in that index: a row that stood for long carries
:data:`LONG_AGO` and is not. With all of them in it, each correction of an old day would take its
old entry from somewhere in the middle, one page of the index for each row written.

How far numbers were taken away is a mark in ``meta``: whoever remembers less reads all anew.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, func, literal_column, select, update

from geo_data.store import Store, meta
from geo_data.store.tables import Tables

LONG_AGO = 0
"""The number of a change that nobody waits for any more; the first real one is 1."""
PORTION = 50_000
"""Rows that lose their number in one transaction, or all those of one change if it has more."""
_KEY = "rollups-told-from"


def lately(table: Table) -> ColumnElement[bool]:
    """Return the condition of the index, spelled as it is there: SQLite compares the words."""
    return table.c.changed_seq > literal_column(str(LONG_AGO))


def changed_after(table: Table, seq: int) -> ColumnElement[bool]:
    """Return the condition of the rows written by changes after ``seq``."""
    # In this order: SQLite goes into the index by the first of two lower bounds, and by the
    # index' own it would look at all rows that changed lately, each of them in the table.
    return and_(table.c.changed_seq > seq, lately(table))


def told_from(connection: Connection, tables: Tables) -> int:
    """Return the number up to which changes cannot be told one by one any more."""
    return int(meta.kept(connection, tables, _KEY) or LONG_AGO)


def tell_from(connection: Connection, tables: Tables, seq: int) -> None:
    """Note that rows changed by ``seq`` or before may carry no number; it never moves back."""
    if seq > told_from(connection, tables):
        meta.keep(connection, tables, _KEY, str(seq))


def last_change(connection: Connection, tables: Tables, table: Table) -> int:
    """Return the number of the last change of a rollup, as far as it is known."""
    newest = connection.scalar(select(func.max(table.c.changed_seq)).where(lately(table)))
    return max(int(newest or LONG_AGO), told_from(connection, tables))


def let_rest(store: Store, before: datetime) -> int:
    """Take the numbers of changes made before a time from the rows, in portions.

    Parameters
    ----------
    store : Store
    before : datetime
        Aware. Followers that looked at the store since then go on as they did.

    Returns
    -------
    int
        How many rows it was.
    """
    tables, changes = store.tables, store.tables.changes
    with store.write() as connection:
        newer = select(func.min(changes.c.seq)).where(changes.c.at >= before)
        first = connection.scalar(newer)
        last = store.last_number(connection) if first is None else first - 1
        tell_from(connection, tables, last)
    rested = 0
    for table in (
        tables.rollup_region_day,
        tables.rollup_dimension_day,
        tables.rollup_metric_hour,
    ):
        while n := _some_rest(store, table, last):
            rested += n
    return rested


def _some_rest(store: Store, table: Table, last: int) -> int:
    seq = table.c.changed_seq
    old = lately(table), seq <= last
    with store.write() as connection:
        portion = select(seq).where(*old).order_by(seq).offset(PORTION).limit(1)
        until = connection.scalar(portion)
        known = last if until is None else until
        mine = update(table).where(lately(table), seq <= known).values(changed_seq=LONG_AGO)
        return connection.execute(mine).rowcount
