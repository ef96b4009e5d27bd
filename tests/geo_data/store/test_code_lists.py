"""Long lists of codes: the right rows, and found by an index."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import sqlite

from geo_data.store import Store
from geo_data.store.code_lists import one_of


def test_a_list_finds_its_rows_and_no_others(clearbay: Store) -> None:
    table = clearbay.tables.regions
    with clearbay.read() as connection:
        every = sorted(connection.scalars(select(table.c.code)))
        wanted = [*every[:3], "nowhere"]
        found = connection.scalars(select(table.c.code).where(one_of(table.c.code, wanted)))
        assert sorted(found) == every[:3]
        numbers = connection.scalars(select(table.c.fid).where(one_of(table.c.fid, [1, 2, 10**6])))
        assert sorted(numbers) == [1, 2]


def test_a_list_is_looked_up_in_an_index(clearbay: Store) -> None:
    """SQLite hides a condition from every index when it is compared with 1."""
    table = clearbay.tables.incidents
    wanted = select(table.c.id).where(one_of(table.c.region_code, ["a"]), table.c.reported_at < "z")
    sql = str(wanted.compile(dialect=sqlite.dialect()))
    with clearbay.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ('["a"]', "z")).all()
    assert any("USING" in row[3] and "region_code=?" in row[3] for row in plan)
