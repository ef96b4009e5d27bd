"""Older stores become today's: whole or not at all, and alike however they came about."""

from __future__ import annotations

import gzip
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from geo_data.faults import InputError
from geo_data.ingest import apply
from geo_data.queries import incidents, region_tree
from geo_data.records import Scope
from geo_data.store import migrate, migrating, open_store
from geo_data.store.connections import SCHEMA, ServerOptions, server_url, writing_engine
from geo_data.store.file import make_engine
from tests.geo_data.lived_city import DAY, NOON, case, hours, opened
from tests.geo_data.small_city import CITY
from tests.stores import Address, Stores

OLD_FILE = Path(__file__).parents[2] / "recordings" / "city-schema-1.sqlite.gz"
"""The lived city as a program wrote it that knew nothing of migrations."""
ALL = Scope.everything()
KNOWN = migrating.newest()
NEXT = KNOWN + 1
COLUMN = f"""
from alembic import op
import sqlalchemy as sa
revision = "{NEXT:04}"
down_revision = "{KNOWN:04}"
def upgrade():
    op.add_column("sensors", sa.Column("maker", sa.Text()))
    op.execute("UPDATE sensors SET maker = 'maker of ' || code")
"""
GROWN = ("incidents", "dead_letters", "rollup_region_day")
"""Tables to which columns were added."""
BROKEN = f"{COLUMN}    raise RuntimeError('power gone')\n"


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "old.gpkg"
    path.write_bytes(gzip.decompress(OLD_FILE.read_bytes()))
    return path


@pytest.fixture
def next_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A program with one revision more; the test writes what that does."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrating.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrating, "FOLDER", folder)
    migrating.newest.cache_clear()
    yield folder / "versions" / f"schema_{NEXT:04}.py"
    monkeypatch.undo()
    migrating.newest.cache_clear()


def content(path: Path) -> list[tuple[str, list[object]]]:
    with closing(sqlite3.connect(path)) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' "
                "AND name NOT LIKE 'sqlite_%' ORDER BY name"
            )
        ]
        assert "sensors" in names
        return [(name, connection.execute(f"SELECT * FROM {name}").fetchall()) for name in names]


def test_a_file_from_before_migrations_opens_with_all_it_held(old_file: Path) -> None:
    before = content(old_file)
    with opened(open_store(old_file)) as store:
        assert store.city == CITY
        assert len(incidents(store, ALL, "c", DAY, NOON + hours(24), limit=99)) == 11
        assert len(region_tree(store, ALL).finest("c")) == 10
        apply(store, [case("new", 1)], NOON + hours(25))
        assert len(incidents(store, ALL, "c", DAY, NOON + hours(26), limit=99)) == 12
    with closing(sqlite3.connect(old_file)) as connection:
        stamped = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert stamped == [(f"{migrating.newest():04}",)]
    # New tables came, none went.
    assert {name for name, _ in before} < {name for name, _ in content(old_file)}


def test_an_old_file_is_upgraded_with_its_data(old_file: Path, next_schema: Path) -> None:
    next_schema.write_text(COLUMN, encoding="utf-8")
    for _ in range(2):
        with opened(open_store(old_file)) as store, store.read() as connection:
            makers = connection.scalars(text("SELECT maker FROM sensors ORDER BY code")).all()
            assert makers[:2] == ["maker of s0", "maker of s1"]
            assert migrating.schema_of(connection) == NEXT


def test_a_failing_upgrade_leaves_the_file_as_it_was(old_file: Path, next_schema: Path) -> None:
    open_store(old_file).close()
    before = content(old_file)
    next_schema.write_text(BROKEN, encoding="utf-8")
    migrating.newest.cache_clear()
    with pytest.raises(RuntimeError, match="power gone"):
        open_store(old_file)
    assert content(old_file) == before


def test_a_store_of_a_newer_program_is_refused(
    stores: Stores, next_schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_schema.write_text(COLUMN, encoding="utf-8")
    address = stores.new()
    open_store(address, CITY, create=True).close()
    next_schema.unlink()
    migrating.newest.cache_clear()
    with pytest.raises(InputError) as error:
        open_store(address)
    (fault,) = error.value.faults
    assert (fault.key, error.value.exit_code) == ("store-newer", 3)
    assert fault.values == {"version": NEXT, "known": KNOWN}


@pytest.mark.postgis
def test_a_server_is_upgraded_when_it_is_told_to_be(postgis_url: str, next_schema: Path) -> None:
    open_store(postgis_url, CITY, create=True).close()
    next_schema.write_text(COLUMN, encoding="utf-8")
    migrating.newest.cache_clear()
    with pytest.raises(InputError) as error:
        open_store(postgis_url)
    assert error.value.faults[0].key == "store-older"
    assert "migrate" in error.value.faults[0].remedy("en")
    assert migrate(postgis_url) == migrating.Upgrade(KNOWN, NEXT)
    assert migrate(postgis_url) == migrating.Upgrade(NEXT, NEXT)
    with opened(open_store(postgis_url)) as store, store.read() as connection:
        assert connection.scalars(text("SELECT maker FROM sensors")).all() == []


@pytest.mark.postgis
def test_a_failing_upgrade_leaves_the_server_as_it_was(postgis_url: str, next_schema: Path) -> None:
    with opened(open_store(postgis_url, CITY, create=True)) as store:
        next_schema.write_text(BROKEN, encoding="utf-8")
        migrating.newest.cache_clear()
        with pytest.raises(RuntimeError, match="power gone"):
            migrate(postgis_url)
        with store.read() as connection:
            assert migrating.schema_of(connection) == KNOWN
            assert "maker" not in {
                column["name"] for column in inspect(connection).get_columns("sensors")
            }


def test_from_nothing_upward_ends_where_a_new_store_begins(stores: Stores) -> None:
    made, upgraded = stores.new(), stores.new()
    with opened(open_store(made, CITY, create=True)) as store, store.read() as connection:
        wanted = schema(connection)
    engine = _empty(upgraded)
    with engine.begin() as connection:
        assert migrating.upgrade(connection) == migrating.Upgrade(0, migrating.newest())
    with engine.connect() as connection:
        found = schema(connection)
    engine.dispose()
    assert found == wanted
    assert any("incidents_region_reported" in one for one in wanted)


def _empty(address: Address):  # type: ignore[no-untyped-def]
    if isinstance(address, Path):
        return make_engine(address, 5, writes=True)
    engine = writing_engine(server_url(address), ServerOptions())
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    return engine


def schema(connection: Connection) -> list[str]:
    """Everything the database was told of its tables, one line each."""
    if connection.dialect.name == "sqlite":
        # A column that was added stands behind the keys in the text of the table: ask for what
        # it means.
        told = connection.execute(
            text(f"SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT IN {GROWN}")
        )
        columns = [
            row
            for table in GROWN
            for row in connection.execute(text(f"SELECT * FROM pragma_table_xinfo('{table}')"))
        ]
        keys = [
            row
            for table in GROWN
            for row in connection.execute(
                text(
                    'SELECT list.name, list."unique", list.origin, info.name '
                    f"FROM pragma_index_list('{table}') AS list, "
                    "pragma_index_info(list.name) AS info"
                )
            )
        ]
        listed = connection.execute(
            text("SELECT table_name, data_type, identifier, srs_id FROM gpkg_contents")
        )
        kept = [*told, *columns, *keys, *listed]
    else:
        columns = connection.execute(
            text(
                "SELECT table_name, column_name, data_type, udt_name, is_nullable, "
                "column_default, collation_name, generation_expression "
                "FROM information_schema.columns WHERE table_schema = current_schema()"
            )
        )
        indexes = connection.execute(
            # The server numbers the indexes of a part as it makes them.
            text(
                "SELECT regexp_replace(indexdef, 'INDEX \\w+_other_\\w+', 'INDEX') "
                "FROM pg_indexes WHERE schemaname = current_schema()"
            )
        )
        bounds = connection.execute(
            text(
                "SELECT relname, pg_get_expr(relpartbound, oid), pg_get_partkeydef(oid) "
                "FROM pg_class WHERE relkind IN ('r', 'p') "
                "AND relnamespace = current_schema()::regnamespace"
            )
        )
        kept = [*columns, *indexes, *bounds]
    return sorted(re.sub(r"\s+", " ", " | ".join(map(str, row))) for row in kept)
