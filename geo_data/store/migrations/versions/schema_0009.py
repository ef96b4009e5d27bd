"""Only what changed lately is in the index of what changed."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

_ROLLUPS = ("rollup_region_day", "rollup_dimension_day", "rollup_metric_hour")


def upgrade() -> None:
    """Take the numbers from the rows: who follows them has not opened this store yet."""
    for name in _ROLLUPS:
        op.drop_index(f"{name}_changed", name)
        op.execute(f"UPDATE {name} SET changed_seq = 0")
        op.execute(f"CREATE INDEX {name}_changed ON {name} (changed_seq) WHERE changed_seq > 0")
