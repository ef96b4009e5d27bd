"""Column types that are written one way in a GeoPackage and another on a server."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Text,
    TypeDecorator,
    literal_column,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine, UserDefinedType

from geo_data.instants import from_text, to_grain, to_text

Count = BigInteger().with_variant(Integer(), "sqlite")
"""Whole numbers that grow with the years (SQLite's INTEGER is 64 bits wide anyway)."""


class _BytewiseText(UserDefinedType[str]):
    """PostgreSQL's text in the order of its bytes.

    Not SQLAlchemy's own ``Text(collation="C")``: that one writes the collation into the cast of
    every parameter too, which is no SQL.
    """

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return 'TEXT COLLATE "C"'


class Words(TypeDecorator[str]):
    """Text that sorts by its bytes: the same order in a file and on every server."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column type of the store."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(_BytewiseText())


class _DatetimeText(UserDefinedType[str]):
    """Text in a column declared DATETIME, which is how a GeoPackage keeps times."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "DATETIME"


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out, to the millisecond; ISO text in SQLite, ``timestamptz`` elsewhere."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column type of the store."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_DatetimeText())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write a time."""
        if value is None:
            return None
        return to_text(value) if dialect.name == "sqlite" else to_grain(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Read a time."""
        if value is None:
            return None
        return from_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)


class _IsoText(FunctionElement[str]):
    """The first characters of a time as ISO text in UTC."""

    type = Text()
    name = "iso_text"
    inherit_cache = True


@compiles(_IsoText, "sqlite")
def _cut(element: _IsoText, compiler: Any, **options: Any) -> str:
    column, length = element.clauses
    return f"substr({compiler.process(column, **options)}, 1, {length.name})"


@compiles(_IsoText, "postgresql")
def _format(element: _IsoText, compiler: Any, **options: Any) -> str:
    column, length = element.clauses
    form = 'YYYY-MM-DD"T"HH24:MI:SS.MS' if length.name == str(MILLISECOND) else 'YYYY-MM-DD"T"HH24'
    return f"to_char({compiler.process(column, **options)} AT TIME ZONE 'UTC', '{form}')"


class _EpochSeconds(FunctionElement[int]):
    """Whole seconds since 1970 of a time."""

    type = BigInteger()
    name = "epoch_s"
    inherit_cache = True


@compiles(_EpochSeconds, "sqlite")
def _seconds_of_text(element: _EpochSeconds, compiler: Any, **options: Any) -> str:
    (column,) = element.clauses
    # Numbers and not unixepoch(): that one came with SQLite 3.38, some systems have older ones.
    return f"CAST(strftime('%s', {compiler.process(column, **options)}) AS INTEGER)"


@compiles(_EpochSeconds, "postgresql")
def _seconds_of_timestamp(element: _EpochSeconds, compiler: Any, **options: Any) -> str:
    (column,) = element.clauses
    return f"CAST(floor(extract(epoch FROM {compiler.process(column, **options)})) AS BIGINT)"


def epoch_s(column: ColumnElement[Any]) -> ColumnElement[int]:
    """Return a time as whole seconds since 1970 UTC, rounded down."""
    return _EpochSeconds(column)


HOUR, MILLISECOND = 13, 23
"""How many characters of ISO text tell the hour, and the millisecond."""


def undecoded_time(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a time as text, to be selected for :func:`time_texts`."""
    return _UndecodedTime(column)


class _UndecodedTime(FunctionElement[str]):
    """A time as whatever text costs least."""

    type = Text()
    name = "undecoded_time"
    inherit_cache = True


@compiles(_UndecodedTime, "sqlite")
def _as_is(element: _UndecodedTime, compiler: Any, **options: Any) -> str:
    (column,) = element.clauses
    processed: str = compiler.process(column, **options)
    return processed


@compiles(_UndecodedTime, "postgresql")
def _to_the_millisecond(element: _UndecodedTime, compiler: Any, **options: Any) -> str:
    (column,) = element.clauses
    told = compiler.process(column, **options)
    return f"to_char({told} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"


_WHOLE = len("2024-01-01T00:00:00.000Z")


def time_texts(given: Iterable[str | None]) -> list[str | None]:
    """Return times as :func:`~geo_data.instants.to_text` writes them.

    Parameters
    ----------
    given : iterable of str or None
        What a store gave for :func:`undecoded_time`. Nearly all of it is written so already;
        other programs that edit a file write times in other ways.
    """
    return [
        one
        if one is None or (len(one) == _WHOLE and one[-1] == "Z" and one[10] == "T")
        else to_text(from_text(one))
        for one in given
    ]


def iso_text(column: ColumnElement[Any], length: int = MILLISECOND) -> ColumnElement[str]:
    """Return a time as text without its offset: numpy reads a million of them a second.

    Parameters
    ----------
    length : int
        :data:`HOUR` or :data:`MILLISECOND`.
    """
    # The length is spelt out: as a parameter it would make two equal expressions differ.
    return _IsoText(column, literal_column(str(length)))
