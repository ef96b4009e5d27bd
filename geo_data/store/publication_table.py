"""The table of publications: what was published, by whom, and what became of it."""

from __future__ import annotations

from sqlalchemy import Index, MetaData, Table

from geo_data.store.columns import partial, time, whole, words


def publications(metadata: MetaData) -> Table:
    """Return the table; a row is added once, and marked once when it is opened again."""
    table = Table(
        "publications",
        metadata,
        whole("id", primary_key=True, autoincrement=False),
        words("number", unique=True),
        *(words(name) for name in ("kind", "subject", "region_code", "period")),
        # ISO dates on the city's calendar, both in the period.
        *(words(name) for name in ("first_day", "last_day")),
        *(words(name) for name in ("content", "sha256")),
        *(time(name) for name in ("known_at", "published_at")),
        words("published_by"),
        words("supersedes", nullable=True),
        time("reopened_at", nullable=True),
        words("reopened_by", nullable=True),
        words("reason", nullable=True),
    )
    # Of two processes that publish the same, the store itself refuses one.
    subject = (table.c.kind, table.c.subject, table.c.region_code, table.c.period)
    partial(Index("publications_standing", *subject, unique=True), table.c.reopened_at.is_(None))
    return table
