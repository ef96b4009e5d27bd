"""What is published stays as it was published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo_data.store.column_types import Count, UtcDateTime, Words

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table, empty."""

    def texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
        return [sa.Column(name, Words, nullable=nullable) for name in names]

    op.create_table(
        "publications",
        sa.Column("id", Count, nullable=False, autoincrement=False),
        *texts("number", "kind", "subject", "region_code", "period"),
        *texts("first_day", "last_day", "content", "sha256"),
        *(sa.Column(name, UtcDateTime, nullable=False) for name in ("known_at", "published_at")),
        *texts("published_by"),
        *texts("supersedes", nullable=True),
        sa.Column("reopened_at", UtcDateTime, nullable=True),
        *texts("reopened_by", "reason", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.execute(
        "CREATE UNIQUE INDEX publications_standing "
        "ON publications (kind, subject, region_code, period) WHERE reopened_at IS NULL"
    )
