"""The first schema: as SQL, because the definitions of today are not those of then."""

from __future__ import annotations

from importlib.resources import files

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table in an empty database."""
    connection = op.get_bind()
    name = f"schema_0001.{connection.dialect.name}.sql"
    text = (files("geo_data.store.migrations") / "versions" / name).read_text("utf-8")
    for statement in text.split(";\n\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
