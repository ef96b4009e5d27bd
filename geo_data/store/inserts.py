"""Many rows at once, given as columns of what the database driver itself understands.

Column types of SQLAlchemy cost several times more per value than SQLite does; ingest writes
plain numbers, text and blobs, so it goes past them. The statements are still made by SQLAlchemy
from the table definitions, once each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, func
from sqlalchemy.dialects import sqlite

Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Clash:
    """What to do with a row whose key is there already: which columns change, and how.

    Parameters
    ----------
    replace, add, lowest, highest : tuple of str
        Take the new value; the sum, the smaller, the greater of both.
    """

    replace: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    lowest: tuple[str, ...] = ()
    highest: tuple[str, ...] = ()


def insert_rows(
    connection: Connection, table: Table, columns: Columns, clash: Clash | None = None
) -> None:
    """Insert rows.

    Parameters
    ----------
    connection : Connection
        Of an open transaction.
    table : Table
    columns : Mapping
        Column name -> values, all of the same length.
    clash : Clash, optional
        Without it a key that is there already is an error.
    """
    if connection.dialect.name == "postgresql":
        from geo_data.store.server_rows import copy_rows, merge_rows

        if clash is None:
            copy_rows(connection, table, columns)
        else:
            merge_rows(connection, table, columns, _on_clash(table, clash))
        return
    sql, order = _statement(table, tuple(columns), clash)
    rows = list(zip(*(columns[name] for name in order), strict=True))
    if rows:
        connection.exec_driver_sql(sql, rows)


def update_rows(connection: Connection, table: Table, keys: Columns, columns: Columns) -> None:
    """Change rows, one by one.

    Parameters
    ----------
    connection : Connection
        Of an open transaction.
    table : Table
    keys : Mapping
        Column name -> values that tell which row it is.
    columns : Mapping
        Column name -> new values; all are of the same length, as :func:`insert_rows` takes them.
    """
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    changes = ", ".join(f'"{name}" = {mark}' for name in columns)
    mine = " AND ".join(f'"{name}" = {mark}' for name in keys)
    rows = list(zip(*columns.values(), *keys.values(), strict=True))
    if rows:
        connection.exec_driver_sql(f'UPDATE "{table.name}" SET {changes} WHERE {mine}', rows)


@lru_cache(maxsize=128)
def _statement(
    table: Table, names: tuple[str, ...], clash: Clash | None
) -> tuple[str, tuple[str, ...]]:
    made = sqlite.insert(table)
    if clash is not None:
        new, old = made.excluded, table.c
        changed: dict[str, Any] = {name: new[name] for name in clash.replace}
        changed |= {name: old[name] + new[name] for name in clash.add}
        changed |= {name: func.min(old[name], new[name]) for name in clash.lowest}
        changed |= {name: func.max(old[name], new[name]) for name in clash.highest}
        keys = list(table.primary_key.columns)
        made = made.on_conflict_do_update(index_elements=keys, set_=changed)
    compiled: Any = made.inline().compile(dialect=sqlite.dialect(), column_keys=list(names))
    return str(compiled), tuple(compiled.positiontup or names)


@lru_cache(maxsize=128)
def _on_clash(table: Table, clash: Clash) -> str:
    """Return what PostgreSQL does with a row whose key is there already."""

    def both(name: str) -> tuple[str, str]:
        return f'{table.name}."{name}"', f'excluded."{name}"'

    changes = [f'"{name}" = excluded."{name}"' for name in clash.replace]
    changes += [f'"{name}" = {" + ".join(both(name))}' for name in clash.add]
    changes += [f'"{name}" = least({", ".join(both(name))})' for name in clash.lowest]
    changes += [f'"{name}" = greatest({", ".join(both(name))})' for name in clash.highest]
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    return f"({keys}) DO UPDATE SET {', '.join(changes)}"


@contextmanager
def without_indexes(connection: Connection, *tables: Table) -> Iterator[None]:
    """Take the indexes of ``tables`` away while they are filled, and build them at once after.

    Not on a server, where every reader of the tables would have to wait.
    """
    here = tables if connection.dialect.name == "sqlite" else ()
    indexes = [index for table in here for index in table.indexes]
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        index.create(connection)
