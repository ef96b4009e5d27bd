"""Long lists of codes as one SQL parameter.

A region has up to thousands of finest regions below it. As one parameter the statement stays
the same whatever their number, so that it is compiled once: JSON text in a file, an array on a
server.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Text, TypeDecorator, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine


class _Listed(TypeDecorator[list[Any]]):
    """A list as the store takes it."""

    impl = Text
    cache_ok = True

    def __init__(self, whole: bool) -> None:
        super().__init__()
        self.whole = whole

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the parameter's type in a store."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        from sqlalchemy.dialects.postgresql import ARRAY

        return dialect.type_descriptor(ARRAY(BigInteger() if self.whole else Text()))

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        """Write the list."""
        return json.dumps(value) if dialect.name == "sqlite" else value


class _OneOf(FunctionElement[bool]):
    """``column`` is one of the values of one parameter."""

    type = Boolean()
    name = "one_of"
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Any:  # noqa: ARG002
        """Stand as it is: ``(…) = 1``, which is written otherwise, hides it from every index."""
        return self


@compiles(_OneOf, "sqlite")
def _in_json(element: _OneOf, compiler: Any, **options: Any) -> str:
    column, listed = (compiler.process(part, **options) for part in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({listed})))"


@compiles(_OneOf, "postgresql")
def _in_array(element: _OneOf, compiler: Any, **options: Any) -> str:
    column, listed = (compiler.process(part, **options) for part in element.clauses)
    return f"({column} = ANY ({listed}))"


def one_of(column: ColumnElement[Any], values: Iterable[str | int]) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of ``values``."""
    listed = list(values)
    whole = isinstance(column.type.python_type, type) and column.type.python_type is int
    return _OneOf(column, bindparam("listed", listed, _Listed(whole), unique=True))
