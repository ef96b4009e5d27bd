"""Columns as both stores write them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Double, Index

from geo_data.store.column_types import Count, UtcDateTime, Words


def words(name: str, nullable: bool = False, **options: Any) -> Column[str]:
    """Return a column of text."""
    return Column(name, Words, nullable=nullable, **options)


def number(name: str, nullable: bool = False) -> Column[float]:
    """Return a column of numbers."""
    return Column(name, Double, nullable=nullable)


def time(name: str, nullable: bool = False) -> Column[datetime]:
    """Return a column of times."""
    return Column(name, UtcDateTime, nullable=nullable)


def whole(name: str, nullable: bool = False, **options: Any) -> Column[int]:
    """Return a column of whole numbers."""
    return Column(name, Count, nullable=nullable, **options)


def partial(index: Index, condition: Any) -> None:
    """Have an index hold only the rows of a condition."""
    for dialect in ("sqlite", "postgresql"):
        index.dialect_options[dialect]["where"] = condition
