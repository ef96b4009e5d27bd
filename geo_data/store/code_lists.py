"""Long lists of codes as one SQL parameter.

A region has up to thousands of finest regions below it. As one JSON parameter the statement
stays the same whatever their number, so that it is compiled once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, func, select


def one_of(column: ColumnElement[Any], values: Iterable[str | int]) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of ``values``."""
    listed = func.json_each(json.dumps(list(values))).table_valued("value", name="listed")
    return column.in_(select(listed.c.value))
