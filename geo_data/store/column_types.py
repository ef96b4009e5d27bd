"""Column types that are written one way in a GeoPackage and another on a server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine, UserDefinedType

from geo_data.instants import from_text, to_text

Count = BigInteger().with_variant(Integer(), "sqlite")
"""Whole numbers that grow with the years (SQLite's INTEGER is 64 bits wide anyway)."""


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
        return to_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Read a time."""
        if value is None:
            return None
        return from_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)
