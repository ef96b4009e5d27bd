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
AHEAD = 2
"""So many months after the present one are made ahead."""
WAIT_MS = 2_000
"""Readers that come wait behind a change of the parts, which waits for those that are there."""


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


def settle_months(connection: Connection, table: Table, at: datetime) -> list[str]:
    """Make the parts of the months to come, and of rows that lie in the default part.

    Parameters
    ----------
    at : datetime
        Now, aware. Months further than :data:`MOST_MONTHS` from it get no part.
    """
    if not _is_cut(connection, table):
        return []
    month = month_of(at)
    coming = [month := next_month(month) for _ in range(AHEAD)]
    wanted = {month_of(at), *coming, *_unsettled(connection, table.name)}
    near = (one for one in wanted if abs((one - at).days) <= MOST_MONTHS * 31)
    missing = sorted(set(near) - set(parts(connection, table.name).values()))
    if missing:
        _be_brief(connection)
    return [_make_part(connection, table.name, one) for one in missing]


def _unsettled(connection: Connection, table: str) -> list[datetime]:
    """Return the months of the rows in the default part."""
    month = f"date_trunc('month', {PARTITIONED[table]}, 'UTC')"
    found = connection.scalars(text(f"SELECT DISTINCT {month} FROM {table}_other"))
    return [month_of(one) for one in found]


def drop_months(
    connection: Connection, table: Table, before: datetime, *, only_empty: bool = False
) -> list[str]:
    """Drop the parts of the months that end at or before a time.

    Parameters
    ----------
    only_empty : bool
        Those with a row in them stay.

    Returns
    -------
    list of str
        The parts that went.
    """
    dropped: list[str] = []
    if not _is_cut(connection, table):
        return dropped
    for name, month in parts(connection, table.name).items():
        if next_month(month) > before or (only_empty and _has_rows(connection, name)):
            continue
        if not dropped:
            _be_brief(connection)
        connection.execute(text(f"DROP TABLE {name}"))
        dropped.append(name)
    return dropped


def _is_cut(connection: Connection, table: Table) -> bool:
    """Whether a table has parts at all; those of a file have none."""
    return connection.dialect.name == "postgresql" and table.name in PARTITIONED


def _has_rows(connection: Connection, part: str) -> bool:
    return bool(connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {part})")))


def _be_brief(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = {WAIT_MS}"))


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
