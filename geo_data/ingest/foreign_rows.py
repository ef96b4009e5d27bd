"""The rows of an intake's table in another's database: in the order of their mark, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from datetime import time as time_of_day
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, column, func, inspect, select
from sqlalchemy import table as table_of
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from geo_data.faults import Fault, InputError, nearest
from geo_data.foreign import check_table, opened, reading, said, split_name, url_of
from geo_data.ingest.marks import Mark
from geo_data.intakes import TELLS, Intake
from geo_data.ways_in import ForeignTable

_KEYS = {
    "incidents": ("source_id",),
    "stages": ("source_id", "stage", "happened_at"),
    "observations": ("sensor_code", "observed_at"),
}
"""In which order rows of one mark are paged."""

Row = Mapping[str, Any]
Answer = TypeVar("Answer")


@contextmanager
def foreign_rows(intake: Intake, environment: Mapping[str, str]) -> Iterator[ForeignRows]:
    """Give the rows of an intake's table over one connection.

    Raises
    ------
    InputError
        ``no-password``, ``no-driver``, ``database-refused``, ``no-table``, ``no-table-column``,
        ``table-unread``.
    """
    way = intake.table
    assert way is not None
    url = url_of(way.url, way.password_env, environment)
    with opened(url) as connection:
        yield ForeignRows(connection, url, intake)


class ForeignRows:
    """The rows of an intake's table; only the columns that the intake asks for.

    Parameters
    ----------
    connection : Connection
    url : URL
        Of the database.
    intake : Intake
        With a ``table``.
    """

    def __init__(self, connection: Connection, url: URL, intake: Intake) -> None:
        assert intake.table is not None
        self._connection, self._url = connection, url
        self.way: ForeignTable = intake.table
        self._mark: ColumnElement[Any] = column(self.way.mark)
        schema, name = split_name(self.way.table)
        self._table = table_of(name, schema=schema)
        known = self._ask(self._known_columns)
        self._columns, self._order = self._asked(intake, known)

    def newest(self) -> Mark | None:
        """Return the highest mark of the table; ``None`` where it has none."""
        highest = select(func.max(self._mark)).select_from(self._table)
        found: Mark | None = self._ask(lambda: self._connection.scalar(highest))
        return found

    def unmarked(self) -> int:
        """Return how many rows have no mark: they are never read."""
        without = select(func.count()).select_from(self._table).where(self._mark.is_(None))
        return int(self._ask(lambda: self._connection.scalar(without)) or 0)

    def page(self, start: Mark | None, skip: int) -> list[Row]:
        """Return the next rows with marks from ``start`` on, without the first ``skip``."""
        columns: list[Any] = [column(name) for name in self._columns]
        asked = (
            select(*columns)
            .select_from(self._table)
            .where(self._mark.is_not(None) if start is None else self._mark >= start)
            .order_by(self._mark, *map(column, self._order))
            .limit(self.way.limit)
            .offset(skip)
        )
        return self._ask(lambda: [dict(row) for row in self._connection.execute(asked).mappings()])

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        try:
            with reading(self._connection, self.way.timeout_s):
                return question()
        except SQLAlchemyError as error:
            values: dict[str, object] = {"table": self.way.table, "error": said(error, self._url)}
            raise InputError(Fault("table-unread", file=self.way.address, values=values)) from error

    def _known_columns(self) -> list[str]:
        check_table(self._connection, self.way.table)
        schema, name = split_name(self.way.table)
        return [str(one["name"]) for one in inspect(self._connection).get_columns(name, schema)]

    def _asked(self, intake: Intake, known: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the columns to read, and those by which rows of one mark are ordered."""
        paths = {name.replace("-", "_"): path for name, path in intake.fields.items()}
        for path in (*paths.values(), self.way.mark):
            if _column(path, known) is None:
                values: dict[str, object] = {"column": path, "nearest": nearest(path, tuple(known))}
                values["known"] = ", ".join(known)
                raise InputError(Fault("no-table-column", file=self.way.address, values=values))
        wanted = [paths.get(name, name) for name in TELLS[intake.tells]]
        columns = {found for path in wanted if (found := _column(path, known))} | {self.way.mark}
        keys = [paths.get(name, name) for name in _KEYS[intake.tells]]
        # What lies inside a column cannot be ordered by.
        order = [key for key in keys if key in known and key != self.way.mark]
        return [name for name in known if name in columns], order


def _column(path: str, known: Sequence[str]) -> str | None:
    """Return the column that a path begins in; one whose very name has dots wins."""
    return next((name for name in (path, path.split(".")[0]) if name in known), None)


def message_of(row: Row) -> dict[str, object]:
    """Return a row as JSON would have said it; times stay times."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        if not value.is_finite():
            return str(value)
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time_of_day())
    if value is None or isinstance(value, bool | int | float | str | datetime | list | dict):
        return value
    return str(value)
