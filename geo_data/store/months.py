"""Tables of a server cut by month: a part for every month that rows were loaded for.

Rows of a month that has no part of its own lie in the default part. When that month gets one
they move there in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, Table, text

from geo_data.store.postgis import PARTITIONED

MOST_MONTHS = 240
"""Times further apart are a mistake of the data; they stay in the default part."""


def month_of(at: datetime) -> datetime:
    """Return the start of the UTC month of a time."""
    at = at.astimezone(UTC)
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def next_month(month: datetime) -> datetime:
    """Return the start of the month after one."""
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)


def part_name(table: str, month: datetime) -> str:
    """Return the name of the part of a table that holds a month."""
    return f"{table}_{month:%Y_%m}"


def make_default_parts(connection: Connection) -> None:
    """Make the parts that take what no month takes."""
    for table in PARTITIONED:
        connection.execute(text(f"CREATE TABLE {table}_other PARTITION OF {table} DEFAULT"))


def parts(connection: Connection, table: str) -> dict[str, datetime]:
    """Return the months that have a part, by the part's name."""
    names = connection.scalars(
        text(
            "SELECT part.relname FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid "
            "WHERE inhparent = to_regclass(:table) ORDER BY 1"
        ),
        {"table": table},
    )
    found = {}
    for name in names:
        year, _, month = name.removeprefix(f"{table}_").partition("_")
        if year.isdigit() and month.isdigit():
            found[name] = datetime(int(year), int(month), 1, tzinfo=UTC)
    return found


def make_months(connection: Connection, table: Table, times: Iterable[datetime]) -> list[str]:
    """Make the parts for the months from the earliest to the latest of some times.

    Returns
    -------
    list of str
        The parts that were made; none where the times are too far apart to be meant.
    """
    given = list(times)
    if table.name not in PARTITIONED or not given:
        return []
    month, last = month_of(min(given)), month_of(max(given))
    if (last - month).days > MOST_MONTHS * 31:
        return []
    known = parts(connection, table.name)
    made = []
    while month <= last:
        if part_name(table.name, month) not in known:
            made.append(_make_part(connection, table.name, month))
        month = next_month(month)
    return made


def _make_part(connection: Connection, table: str, month: datetime) -> str:
    name, column = part_name(table, month), PARTITIONED[table]
    start, end = f"{month:%Y-%m-%d}T00:00Z", f"{next_month(month):%Y-%m-%d}T00:00Z"
    # Made apart and then attached: readers of the table go on meanwhile.
    connection.execute(text(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)"))
    connection.execute(
        text(
            f"WITH moved AS (DELETE FROM {table}_other "
            f"WHERE {column} >= '{start}' AND {column} < '{end}' RETURNING *) "
            f"INSERT INTO {name} SELECT * FROM moved"
        )
    )
    connection.execute(
        text(
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')"
        )
    )
    return name
