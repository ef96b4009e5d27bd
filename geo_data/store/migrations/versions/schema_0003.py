"""Each source has a state; what was refused is kept in no language beside the sentence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo_data.store.column_types import Count, UtcDateTime, Words

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column and the two tables; letters from before keep their sentence."""
    op.add_column("dead_letters", sa.Column("faults", Words, nullable=True))
    op.create_index("dead_letters_source", "dead_letters", ["source", "id"])
    op.create_table(
        "intake_states",
        sa.Column("intake", Words, primary_key=True, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=True),
        sa.Column("ok_at", UtcDateTime, nullable=True),
        sa.Column("data_at", UtcDateTime, nullable=True),
        sa.Column("lag_s", sa.Double, nullable=True),
        sa.Column("error_at", UtcDateTime, nullable=True),
        sa.Column("error", Words, nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "intake_slots",
        sa.Column("intake", Words, primary_key=True, nullable=False),
        sa.Column("slot", Count, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("accepted", Count, nullable=False),
        sa.Column("repeated", Count, nullable=False),
        sa.Column("refused", Count, nullable=False),
        sqlite_with_rowid=False,
    )
