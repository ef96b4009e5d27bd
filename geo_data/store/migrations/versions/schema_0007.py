"""Declared rows can be amended: what, by whom and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo_data.store.column_types import Count, UtcDateTime, Words

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table, empty."""

    def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
        return sa.Column(name, Words, nullable=nullable)

    op.create_table(
        "amendments",
        sa.Column("id", Count, nullable=False, autoincrement=False),
        *(text(name) for name in ("subject", "key", "effective_from")),
        text("body", nullable=True),
        sa.Column("at", UtcDateTime, nullable=False),
        *(text(name) for name in ("who", "note")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("amendments_subject", "amendments", ["subject", "id"])
