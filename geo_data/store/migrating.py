"""Which schema a store has, and how it is brought to the one this program knows.

The number stands in Alembic's own table and, for programs that do not know that one, in
``meta``. A file is upgraded when it is opened, in one transaction: it is the old one or the new
one, never something between. A server is upgraded by ``python app.py migrate``, because other
processes may be at work on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

FOLDER = Path(__file__).with_name("migrations")
TABLE = "alembic_version"
KEY = "schema-version"


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What was done: the number of the schema before and after."""

    before: int
    after: int


@cache
def newest() -> int:
    """Return the number of the newest schema this program knows."""
    names = (path.name for path in (FOLDER / "versions").iterdir())
    found = (re.fullmatch(r"schema_(\d{4})\.py", name) for name in names)
    return max(int(match[1]) for match in found if match)


def schema_of(connection: Connection) -> int:
    """Return the number of the schema of a store; 0 of an empty database."""
    tables = set(inspect(connection).get_table_names())
    if TABLE in tables:
        revision = connection.scalar(text(f"SELECT version_num FROM {TABLE}"))
        return int(revision or 0)
    if "meta" not in tables:
        return 0
    kept = connection.scalar(text("SELECT value FROM meta WHERE key = :key"), {"key": KEY})
    return int(kept or 0)


def stamp(connection: Connection, number: int | None = None) -> None:
    """Write the number of the schema into a store; today's unless said."""
    _run(connection, str(number or newest()).zfill(4), only_stamp=True)
    _note(connection)


def upgrade(connection: Connection) -> Upgrade:
    """Bring a store to the newest schema, inside the caller's transaction."""
    before = schema_of(connection)
    if before and not inspect(connection).has_table(TABLE):
        # Made before there were migrations.
        _run(connection, str(before).zfill(4), only_stamp=True)
    _run(connection, "head", only_stamp=False)
    _note(connection)
    return Upgrade(before, schema_of(connection))


def _note(connection: Connection) -> None:
    """Tell programs that know nothing of Alembic."""
    values = {"key": KEY, "value": str(schema_of(connection))}
    connection.execute(text("DELETE FROM meta WHERE key = :key"), {"key": KEY})
    connection.execute(text("INSERT INTO meta (key, value) VALUES (:key, :value)"), values)


def _run(connection: Connection, revision: str, *, only_stamp: bool) -> None:
    # Slow to load, and needed only for a store that is new or old.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    script = ScriptDirectory.from_config(config)

    def steps(known: Any, _: object) -> Any:
        if only_stamp:
            return script._stamp_revs(revision, known)
        return script._upgrade_revs(revision, known)

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=False)
        environment.run_migrations()
