"""Cases know from when on they are due soon; a merged case has ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo_data.store.column_types import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column, and make the indexes anew that speak of it and of the ends of cases.

    The column is empty until somebody recounts: the case clock of the store is marked as old.
    """
    op.add_column("incidents", sa.Column("due_soon_at", UtcDateTime, nullable=True))
    op.execute("DROP INDEX incidents_open")
    op.execute(
        "CREATE INDEX incidents_open ON incidents (region_code, reported_at, due_at, due_soon_at) "
        "WHERE ended_at IS NULL"
    )
    op.execute("DROP INDEX incident_stages_ended")
    op.execute(
        "CREATE INDEX incident_stages_ended ON incident_stages (recorded_at) "
        "WHERE stage IN ('closed', 'evaluated', 'merged', 'voided')"
    )
