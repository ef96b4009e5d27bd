"""The table of the register of exports: what was asked for, and what became of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Double, Index, MetaData, Table, UniqueConstraint

from geo_data.store.column_types import Count, UtcDateTime, Words


def exports(metadata: MetaData) -> Table:
    """Return the table; what was asked for stays, what became of it is written beside it."""
    return Table(
        "exports",
        metadata,
        Column("number", Words, primary_key=True),
        *(Column(name, Count, nullable=False) for name in ("day", "n")),
        *_texts("state", "format", "region_code", "request", "scope"),
        *_times("known_at", "created_at"),
        *_texts("asked_by", "asked_from", "link"),
        *_texts("idempotency_key", nullable=True),
        *_texts("asked_digest"),
        Column("attempts", Count, nullable=False),
        *_texts("step", nullable=True),
        Column("share", Double, nullable=True),
        *_texts("file", nullable=True),
        Column("bytes", Count, nullable=True),
        *_texts("sha256", "faults", nullable=True),
        *_times("started_at", "finished_at", "removed_at", nullable=True),
        UniqueConstraint("day", "n"),
        UniqueConstraint("idempotency_key"),
        Index("exports_state", "state"),
        Index("exports_created", "created_at"),
    )


def _texts(*names: str, nullable: bool = False) -> list[Column[Any]]:
    return [Column(name, Words, nullable=nullable) for name in names]


def _times(*names: str, nullable: bool = False) -> list[Column[Any]]:
    return [Column(name, UtcDateTime, nullable=nullable) for name in names]
