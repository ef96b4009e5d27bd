"""What a store keeps of itself under a name: its city, what it was imported from, its clock."""

from __future__ import annotations

from sqlalchemy import Connection, select

from geo_data.store.tables import Tables


def keep(connection: Connection, tables: Tables, key: str, value: str) -> None:
    """Keep a value in the place of the one before."""
    meta = tables.meta
    connection.execute(meta.delete().where(meta.c.key == key))
    connection.execute(meta.insert(), {"key": key, "value": value})


def kept(connection: Connection, tables: Tables, key: str) -> str | None:
    """Return what is kept under a name, ``None`` where nothing is."""
    meta = tables.meta
    return connection.scalar(select(meta.c.value).where(meta.c.key == key))
