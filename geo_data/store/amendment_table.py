"""The table of amendments: what people changed of the rows that files declare."""

from __future__ import annotations

from sqlalchemy import Index, MetaData, Table

from geo_data.store.columns import time, whole, words


def amendments(metadata: MetaData) -> Table:
    """Return the table; rows are added and never changed."""
    return Table(
        "amendments",
        metadata,
        whole("id", primary_key=True, autoincrement=False),
        words("subject"),
        words("key"),
        # Of the row that it puts, or takes away: an ISO date, on the city's calendar.
        words("effective_from"),
        words("body", nullable=True),
        time("at"),
        words("who"),
        words("note"),
        Index("amendments_subject", "subject", "id"),
    )
