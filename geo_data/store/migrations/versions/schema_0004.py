"""Exports: what was asked for, by whom, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo_data.store.column_types import Count, UtcDateTime, Words

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""

    def text(name: str, nullable: bool = False) -> sa.Column[str]:
        return sa.Column(name, Words, nullable=nullable)

    def time(name: str, nullable: bool = False) -> sa.Column[object]:
        return sa.Column(name, UtcDateTime, nullable=nullable)

    op.create_table(
        "exports",
        sa.Column("number", Words, primary_key=True, nullable=False),
        sa.Column("day", Count, nullable=False),
        sa.Column("n", Count, nullable=False),
        text("state"),
        *(text(name) for name in ("format", "region_code", "request", "scope")),
        *(time(name) for name in ("known_at", "created_at")),
        *(text(name) for name in ("asked_by", "asked_from", "link")),
        text("idempotency_key", nullable=True),
        text("asked_digest"),
        sa.Column("attempts", Count, nullable=False),
        text("step", nullable=True),
        sa.Column("share", sa.Double, nullable=True),
        text("file", nullable=True),
        sa.Column("bytes", Count, nullable=True),
        text("sha256", nullable=True),
        text("faults", nullable=True),
        *(time(name, nullable=True) for name in ("started_at", "finished_at", "removed_at")),
        sa.UniqueConstraint("day", "n"),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_index("exports_state", "exports", ["state"])
    op.create_index("exports_created", "exports", ["created_at"])
