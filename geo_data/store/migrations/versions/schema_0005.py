"""Alarms, and the steps of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo_data.store.column_types import Count, UtcDateTime, Words

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make both tables, empty."""
    op.create_table(
        "alarms",
        sa.Column("id", Count, nullable=False, autoincrement=False),
        *(_text(name) for name in ("rule", "sensor_code", "kind", "unit")),
        _text("region_code", nullable=True),
        *(sa.Column(name, sa.Double(), nullable=True) for name in ("lon", "lat")),
        _whole("level"),
        *(_time(name) for name in ("since_at", "raised_at", "called_at")),
        _whole("escalated"),
        *(_time(name, nullable=True) for name in ("acknowledged_at", "cleared_at")),
        _whole("steps"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alarms_cleared", "alarms", ["cleared_at"])
    op.execute(
        "CREATE UNIQUE INDEX alarms_up ON alarms (rule, sensor_code) WHERE cleared_at IS NULL"
    )
    op.create_table(
        "alarm_steps",
        *(
            sa.Column(name, Count, nullable=False, autoincrement=False)
            for name in ("alarm_id", "number")
        ),
        _text("step"),
        _time("at"),
        _whole("level"),
        sa.Column("value", sa.Double(), nullable=True),
        _time("since_at"),
        *(_text(name, nullable=True) for name in ("who", "note")),
        sa.PrimaryKeyConstraint("alarm_id", "number"),
        sqlite_with_rowid=False,
    )


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, Words, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, UtcDateTime, nullable=nullable)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, Count, nullable=False)
