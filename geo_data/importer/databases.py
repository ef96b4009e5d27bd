"""Tables, views and queries of a database by its SQLAlchemy URL; of PostGIS with geometry.

Nothing is written there: PostgreSQL is told so, and every transaction is rolled back. A password
may come from the environment; no message repeats it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError
from sqlalchemy import Connection, Select, TextClause, column, create_engine, inspect, select, text
from sqlalchemy import table as table_of
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from geo_data.faults import Fault, InputError, nearest
from geo_data.importer.tables import Read, numbered
from geo_data.sources import Source

_CONNECT_S = 10
_SHORTEST_WKB = 9
"""Bytes of the shortest one: byte order, type, and no members."""


def read_database(source: Source, environment: Mapping[str, str] | None = None) -> Read:
    """Read a table, view or query.

    Parameters
    ----------
    source : Source
        With ``url`` and either ``table`` or ``query``.
    environment : Mapping, optional
        ``os.environ`` unless a test says otherwise.

    Raises
    ------
    InputError
        ``database-refused``: no connection, ``no-driver``, ``no-password``, ``no-table``,
        ``bad-query``, ``mixed-srid``.
    """
    url = _url(source, os.environ if environment is None else environment)
    with _connection(url) as connection:
        frame = _rows(connection, url, source)
        return numbered(_with_geometry(frame, source, connection)), []


def _url(source: Source, environment: Mapping[str, str]) -> URL:
    url = make_url(source.url or "")
    if source.password_env is None:
        return url
    password = environment.get(source.password_env)
    if not password:
        values: dict[str, object] = {"name": source.password_env}
        raise InputError(Fault("no-password", field="password-env", values=values))
    return url.set(password=password)


@contextmanager
def _connection(url: URL) -> Iterator[Connection]:
    postgres = url.get_backend_name() == "postgresql"
    try:
        engine = create_engine(
            url,
            poolclass=NullPool,
            connect_args={"connect_timeout": _CONNECT_S} if postgres else {},
        )
    except (NoSuchModuleError, ImportError) as error:
        values: dict[str, object] = {"driver": url.drivername}
        raise InputError(Fault("no-driver", field="url", values=values)) from error
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        values = {"error": _said(error, url), "url": url.set(password=None).render_as_string()}
        raise InputError(Fault("database-refused", field="url", values=values)) from error
    with connection:
        if postgres:
            connection.execute(text("SET TRANSACTION READ ONLY"))
        yield connection
        connection.rollback()


def _said(error: Exception, url: URL) -> str:
    """Return what a database said, in one line and without the password."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    return said.replace(url.password, "***") if url.password else said


def _rows(connection: Connection, url: URL, source: Source) -> pd.DataFrame:
    if source.table is not None:
        _check_table(connection, source.table)
    try:
        found = connection.execute(_question(source))
        rows = [tuple(row) for row in found]
    except DBAPIError as error:
        key = "bad-query" if source.query else "unreadable"
        raise InputError(Fault(key, values={"error": _said(error, url)})) from error
    return pd.DataFrame(rows, columns=pd.Index([str(name) for name in found.keys()]), dtype=object)  # noqa: SIM118


def _question(source: Source) -> Select[tuple[object]] | TextClause:
    if source.query is not None:
        # A colon in it is a cast, not a place for a value.
        return text(source.query.rstrip().rstrip(";").replace(":", r"\:"))
    schema, _, name = (source.table or "").rpartition(".")
    return select(column("*", is_literal=True)).select_from(table_of(name, schema=schema or None))


def _check_table(connection: Connection, table: str) -> None:
    schema, _, name = table.rpartition(".")
    known = inspect(connection)
    names = [*known.get_table_names(schema or None), *known.get_view_names(schema or None)]
    with contextlib.suppress(NotImplementedError):
        names += known.get_materialized_view_names(schema or None)
    if name not in names:
        values: dict[str, object] = {"table": table, "nearest": nearest(name, names)}
        raise InputError(Fault("no-table", field="table", values=values))


def _with_geometry(frame: pd.DataFrame, source: Source, connection: Connection) -> pd.DataFrame:
    """Return the rows with the geometry among their columns, if there is one."""
    wanted = source.geometry_column
    if wanted is not None and wanted not in frame.columns:
        names = [str(name) for name in frame.columns]
        values: dict[str, object] = {
            "column": wanted,
            "nearest": nearest(wanted, names),
            "known": ", ".join(names),
        }
        raise InputError(Fault("no-column", field="geometry-column", values=values))
    for name in [wanted] if wanted else [str(each) for each in frame.columns]:
        shapes = _shapes(frame[name].tolist())
        if shapes is not None:
            rest = frame.drop(columns=name)
            crs = _crs(shapes, connection)
            drawn: pd.DataFrame = gpd.GeoDataFrame(rest, geometry=shapes, crs=crs)
            return drawn
    return frame


def _shapes(values: Sequence[object]) -> np.ndarray | None:
    """Return a column of (E)WKB, bytes or hex, as geometries; ``None`` if it is none."""
    raws = [_wkb(value) for value in values]
    if not any(raws):
        return None
    shapes: np.ndarray = shapely.from_wkb(np.array(raws, dtype=object), on_invalid="ignore")
    read = np.array([raw is not None for raw in raws])
    unread = shapely.is_missing(shapes) & read
    filled = sum(value is not None for value in values)
    # Curved geometries are WKB that no one here can draw: such rows are told as having none.
    if read.sum() < filled or unread.sum() > read.sum() / 2:
        return None
    return shapes


def _wkb(value: object) -> bytes | None:
    if isinstance(value, str):
        try:
            value = bytes.fromhex(value)
        except ValueError:
            return None
    raw = bytes(value) if isinstance(value, bytes | bytearray | memoryview) else b""
    return raw if len(raw) >= _SHORTEST_WKB and raw[0] in (0, 1) else None


def _crs(shapes: np.ndarray, connection: Connection) -> CRS | None:
    numbers = sorted({int(srid) for srid in shapely.get_srid(shapes) if srid > 0})
    if not numbers:
        return None
    if len(numbers) > 1:
        raise InputError(Fault("mixed-srid", values={"srids": ", ".join(map(str, numbers))}))
    # A number of the database's own (a local plane system) is explained there and nowhere else.
    with contextlib.suppress(SQLAlchemyError, CRSError):
        asked = text("SELECT srtext FROM spatial_ref_sys WHERE srid = :srid")
        with connection.begin_nested():
            explained = connection.scalar(asked, {"srid": numbers[0]})
        if explained and numbers[0] > 32_767:
            return CRS.from_user_input(explained)
    with contextlib.suppress(CRSError):
        return CRS.from_epsg(numbers[0])
    return None
