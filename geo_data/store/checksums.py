"""Rows read in the order of their key, and what they add up to, alike in every store.

A row counts by what it says, not by how a store writes it: times to the millisecond, geometries
as plain WKB. The sum does not depend on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Column, ColumnElement, Connection, Table, literal, select, tuple_

from geo_data.instants import from_text
from geo_data.store.column_types import UtcDateTime, time_texts, undecoded_time
from geo_data.store.geometries import decoded, undecoded

CHUNK_ROWS = 5_000
_SIZE = 16
_RING = 1 << 8 * _SIZE

Values = dict[str, Sequence[Any]]
"""Column name -> values: times as ISO text, ``geom`` as shapely geometries."""


@dataclass(frozen=True, slots=True)
class Sums:
    """How many rows, and the sum of their digests."""

    rows: int = 0
    total: int = 0

    def plus(self, values: Values) -> Sums:
        """Return the sums with more rows, shape (n,) each column."""
        told = dict(values)
        if "geom" in told:
            shapes = np.asarray(told["geom"], dtype=object)
            told["geom"] = shapely.to_wkb(shapes, byte_order=1) if len(shapes) else []
        rows, total = self.rows, self.total
        for row in zip(*(told[name] for name in sorted(told)), strict=True):
            digest = blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=_SIZE)
            total += int.from_bytes(digest.digest())
            rows += 1
        return Sums(rows, total % _RING)

    @property
    def shown(self) -> str:
        """The checksum as people compare it."""
        return f"{self.total:032x}"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that follow each other, and the key of the last one as JSON can hold it."""

    values: Values
    last: tuple[Any, ...]


def stored_columns(table: Table) -> list[Column[Any]]:
    """Return the columns that are written; the others a server computes."""
    return [column for column in table.c if column.computed is None]


def chunks(
    connection: Connection,
    table: Table,
    after: Sequence[Any] | None = None,
    *,
    without: Collection[str] = (),
    rows: int | None = None,
) -> Iterator[Chunk]:
    """Read a table in the order of its key.

    Parameters
    ----------
    connection : Connection
        Of one moment of the store.
    after : sequence, optional
        ``last`` of the chunk to go on after.
    without : collection of str
        Values of the first key column to leave out.
    rows : int, optional
        Most rows of a chunk; :data:`CHUNK_ROWS` unless said.
    """
    keys = list(table.primary_key.columns)
    wanted = stored_columns(table)
    selected = [_as_stored(each).label(each.name) for each in wanted]
    limit = rows or CHUNK_ROWS
    query = select(*selected).order_by(*keys).limit(limit)
    if without:
        query = query.where(keys[0].not_in(sorted(without)))
    while True:
        page = query
        if after is not None:
            given = (_read(one, key) for one, key in zip(after, keys, strict=True))
            bound = [literal(one, key.type) for one, key in zip(given, keys, strict=True)]
            page = query.where(tuple_(*keys) > tuple_(*bound))
        found = connection.execute(page).all()
        if not found:
            return
        values = _values(wanted, found)
        after = tuple(values[key.name][-1] for key in keys)
        yield Chunk(values, after)
        if len(found) < limit:
            return


def _as_stored(column: Column[Any]) -> ColumnElement[Any]:
    """Return a column as it is read fastest: of geometries and times nobody needs objects."""
    if column.name == "geom":
        return undecoded(column)
    return undecoded_time(column) if isinstance(column.type, UtcDateTime) else column


def _read(value: Any, key: Column[Any]) -> Any:
    return from_text(value) if isinstance(key.type, UtcDateTime) else value


def _values(columns: Sequence[Column[Any]], rows: Sequence[Any]) -> Values:
    values: Values = {}
    for column, given in zip(columns, zip(*rows, strict=True), strict=True):
        if column.name == "geom":
            values["geom"] = list(decoded(given))
        elif isinstance(column.type, UtcDateTime):
            values[column.name] = time_texts(given)
        else:
            values[column.name] = given
    return values
