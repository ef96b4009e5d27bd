"""The daily counts know whether a case was filed, signed for and answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo_data.store.column_types import Count

revision = "0006"
down_revision = "0005"

_MEASURES = (
    *("filed_of_reported", "hotline_due", "hotline_on_time"),
    *("sign_due", "signed_in_time", "contact_due", "contacted_in_time"),
    *("resolved", "explained"),
    *("satisfied", "fairly_satisfied", "neutral", "unsatisfied"),
)


def upgrade() -> None:
    """Add the columns; they are zero until the recount that a new case clock asks for.

    And the index of what is noted of cases beside their stages.
    """
    for name in _MEASURES:
        column = sa.Column(name, Count, nullable=False, server_default="0")
        op.add_column("rollup_region_day", column)
    op.execute(
        "CREATE INDEX incident_stages_noted ON incident_stages (recorded_at) "
        "WHERE stage IN ('contacted', 'explained', 'fairly-satisfied', 'neutral', 'resolved', "
        "'satisfied', 'signed', 'unsatisfied')"
    )
