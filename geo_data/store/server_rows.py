"""Many rows into PostgreSQL: COPY where every row is new, one statement of arrays elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

Columns = Mapping[str, Sequence[Any]]

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def driver_connection(connection: Connection) -> psycopg.Connection[Any]:
    """Return the driver's own connection, for COPY inside the transaction."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def copy_rows(connection: Connection, table: Table, columns: Columns) -> None:
    """Append rows; geometries as hexadecimal EWKB, times aware or as ISO text.

    Parameters
    ----------
    connection : Connection
        Of an open transaction.
    columns : Mapping
        Column name -> values, all of the same length.
    """
    names = [column.name for column in table.c if column.name in columns]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(",").join(map(sql.Identifier, names))
    )
    rows = zip(*(columns[name] for name in names), strict=True)
    with driver_connection(connection).cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def merge_rows(connection: Connection, table: Table, columns: Columns, clash: str) -> None:
    """Insert rows given as arrays; ``clash`` is what follows ``ON CONFLICT``.

    Parameters
    ----------
    columns : Mapping
        As :func:`copy_rows`; no key twice.
    """
    names = [column.name for column in table.c if column.name in columns]
    arrays = sql.SQL(",").join(
        sql.SQL("%s::{}[]").format(sql.SQL(_type_name(table, name))) for name in names
    )
    listed = sql.SQL(",").join(map(sql.Identifier, names))
    statement = sql.SQL("INSERT INTO {} ({}) SELECT * FROM unnest({}) ON CONFLICT {}").format(
        sql.Identifier(table.name), listed, arrays, sql.SQL(clash)
    )
    values = [list(columns[name]) for name in names]
    if values and values[0]:
        driver_connection(connection).execute(statement, values)


def _type_name(table: Table, name: str) -> str:
    kind = table.c[name].type.dialect_impl(_DIALECT).compile(_DIALECT)
    return kind.partition(" COLLATE")[0]
