"""Tables, views and queries of a database by its SQLAlchemy URL; of PostGIS with geometry."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError
from sqlalchemy import Connection, Select, TextClause, column, select, text
from sqlalchemy import table as table_of
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from geo_data.faults import Fault, InputError, nearest
from geo_data.foreign import check_table, opened, reading, said, split_name, url_of
from geo_data.importer.tables import Read, numbered
from geo_data.sources import Source

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
    known = os.environ if environment is None else environment
    url = url_of(source.url or "", source.password_env, known)
    with opened(url) as connection, reading(connection):
        frame = _rows(connection, url, source)
        return numbered(_with_geometry(frame, source, connection)), []


def _rows(connection: Connection, url: URL, source: Source) -> pd.DataFrame:
    if source.table is not None:
        check_table(connection, source.table)
    try:
        found = connection.execute(_question(source))
        rows = [tuple(row) for row in found]
    except DBAPIError as error:
        key = "bad-query" if source.query else "unreadable"
        raise InputError(Fault(key, values={"error": said(error, url)})) from error
    return pd.DataFrame(rows, columns=pd.Index([str(name) for name in found.keys()]), dtype=object)  # noqa: SIM118


def _question(source: Source) -> Select[tuple[object]] | TextClause:
    if source.query is not None:
        # A colon in it is a cast, not a place for a value.
        return text(source.query.rstrip().rstrip(";").replace(":", r"\:"))
    schema, name = split_name(source.table or "")
    return select(column("*", is_literal=True)).select_from(table_of(name, schema=schema))


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
