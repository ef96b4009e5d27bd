"""What is kept of the sources themselves: what they told in vain, and how each of them stands."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, MetaData, Table

from geo_data.store.column_types import Count, UtcDateTime, Words


def dead_letters(metadata: MetaData) -> Table:
    """Messages that were refused, as they came and with the reason."""
    return Table(
        "dead_letters",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("source", Words, nullable=False),
        Column("received_at", UtcDateTime, nullable=False),
        Column("raw", Words, nullable=False),
        Column("reason", Words, nullable=False),
        # The reason in no language: key and values of each fault. Older rows have the text only.
        Column("faults", Words, nullable=True),
        Index("dead_letters_source", "source", "id"),
    )


def intake_states(metadata: MetaData) -> Table:
    """One row a source: when it was heard, of when its data is, what is wrong."""
    return Table(
        "intake_states",
        metadata,
        Column("intake", Words, primary_key=True, nullable=False),
        Column("seen_at", UtcDateTime, nullable=True),
        Column("ok_at", UtcDateTime, nullable=True),
        Column("data_at", UtcDateTime, nullable=True),
        Column("lag_s", Double, nullable=True),
        Column("error_at", UtcDateTime, nullable=True),
        Column("error", Words, nullable=True),
        sqlite_with_rowid=False,
    )


def intake_slots(metadata: MetaData) -> Table:
    """Rows of each source by five minutes."""
    return Table(
        "intake_slots",
        metadata,
        Column("intake", Words, primary_key=True, nullable=False),
        Column("slot", Count, primary_key=True, nullable=False, autoincrement=False),
        Column("accepted", Count, nullable=False),
        Column("repeated", Count, nullable=False),
        Column("refused", Count, nullable=False),
        sqlite_with_rowid=False,
    )
