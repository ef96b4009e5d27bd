"""The file format of the embedded store: OGC GeoPackage 1.4.

Geometry blobs, the ``gpkg_*`` tables and the R*Tree extension, so that QGIS and GDAL open,
search and edit the very file. Source: OGC 12-128r19.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry
from sqlalchemy.engine import Dialect
from sqlalchemy.types import UserDefinedType

from geo_data.instants import to_text

APPLICATION_ID = 0x47504B47  # "GPKG"
USER_VERSION = 10400
SRS_ID = 4326

_RTREE_TABLES = frozenset({"regions", "places", "sensors"})
"""Feature tables with a spatial index. Incidents go without: they come one by one for years,
are asked for by region code, and the index would double the price of each."""

Geometries = NDArray[np.object_]
"""Shapely geometries, ``None`` where there is none."""


class BlobGeometry(UserDefinedType[BaseGeometry]):
    """A GeoPackage geometry column: shapely in, shapely out."""

    cache_ok = True

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def get_col_spec(self, **_: object) -> str:
        """Return the declared type, which names the geometry kind."""
        return self.kind

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002
        """Write a geometry; bytes are taken to be a blob already."""

        def process(value: BaseGeometry | bytes | None) -> bytes | None:
            if value is None or isinstance(value, bytes):
                return value
            return to_blobs(np.array([value], dtype=object))[0]

        return process

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002
        """Read a geometry."""

        def process(value: bytes | None) -> BaseGeometry | None:
            return None if value is None else from_blobs([value])[0]

        return process


def to_blobs(geometries: Geometries) -> list[bytes | None]:
    """Return geometries as GeoPackage blobs in EPSG:4326.

    Parameters
    ----------
    geometries : array of shapely geometries, shape (n,)
        Points are written without an envelope (the standard's advice), everything else with one.

    Returns
    -------
    list of bytes or None
    """
    if len(geometries) == 0:
        return []
    bodies = shapely.to_wkb(geometries, byte_order=1)
    bounds = shapely.bounds(geometries)[:, [0, 2, 1, 3]].astype("<f8")
    kinds = shapely.get_type_id(geometries)
    empty = shapely.is_empty(geometries)
    envelopes = bounds.tobytes()
    blobs: list[bytes | None] = []
    for row, (body, kind, is_empty) in enumerate(zip(bodies, kinds, empty, strict=True)):
        if body is None:
            blobs.append(None)
        elif kind == 0 or is_empty:
            blobs.append(_header(0, bool(is_empty)) + body)
        else:
            blobs.append(_header(1, False) + envelopes[row * 32 : row * 32 + 32] + body)
    return blobs


def _header(envelope: int, empty: bool) -> bytes:
    return _HEADERS[envelope, empty]


_HEADERS = {
    (envelope, empty): struct.pack("<2sBBi", b"GP", 0, empty << 4 | envelope << 1 | 1, SRS_ID)
    for envelope in (0, 1)
    for empty in (False, True)
}


def from_blobs(blobs: Iterable[bytes | None]) -> Geometries:
    """Return the shapely geometries of GeoPackage blobs, whoever wrote them."""
    bodies = [blob and blob[_BODY_AT[blob[3]] :] for blob in blobs]
    if not bodies:
        return np.empty(0, dtype=object)
    return np.asarray(shapely.from_wkb(np.array(bodies, dtype=object)), dtype=object)


_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_BODY_AT = {
    flags: 8 + size
    for code, size in enumerate(_ENVELOPE_BYTES)
    for flags in range(256)
    if flags >> 1 & 7 == code
}
"""Where the geometry begins, by the flags in the fourth byte."""


def blob_bounds(blob: bytes) -> tuple[float, float, float, float] | None:
    """Return ``(minx, maxx, miny, maxy)`` of a blob; ``None`` if it is empty."""
    if blob[3] & 0x10:
        return None
    order = "<" if blob[3] & 1 else ">"
    if blob[3] >> 1 & 7:
        return struct.unpack_from(f"{order}4d", blob, 8)
    west, south, east, north = shapely.bounds(shapely.from_wkb(blob[8:]))
    return None if np.isnan(west) else (float(west), float(east), float(south), float(north))


def register_functions(connection: sqlite3.Connection) -> None:
    """Give a connection the SQL functions that the standard's R*Tree triggers call."""

    def is_empty(blob: bytes | None) -> int | None:
        return None if blob is None else int(blob_bounds(blob) is None)

    def bound(position: int) -> Any:
        def of(blob: bytes | None) -> float | None:
            bounds = None if blob is None else blob_bounds(blob)
            return None if bounds is None else bounds[position]

        return of

    connection.create_function("ST_IsEmpty", 1, is_empty, deterministic=True)
    for position, name in enumerate(("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")):
        connection.create_function(name, 1, bound(position), deterministic=True)


_GPKG_TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
  scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
"""


def lay_out(
    connection: sqlite3.Connection,
    features: Sequence[tuple[str, str]],
    attributes: Sequence[str],
) -> None:
    """Make the ``gpkg_*`` tables and register our tables, inside the caller's transaction.

    Parameters
    ----------
    features : sequence of (table, geometry type)
        Tables with a column ``geom``.
    attributes : sequence of str
        Tables without geometry that a GIS should list. One at least: GDAL then hides the
        tables that are not registered.
    """
    for statement in _GPKG_TABLES.split(";"):
        connection.execute(statement)
    connection.executemany(
        "INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)", _reference_systems()
    )
    contents = (
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?,?,?,?)"
    )
    for table, kind in features:
        connection.execute(contents, (table, "features", table, SRS_ID))
        connection.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?,'geom',?,?,0,0)", (table, kind, SRS_ID)
        )
        if table in _RTREE_TABLES:
            _add_rtree(connection, table)
    for table in attributes:
        connection.execute(contents, (table, "attributes", table, None))


def _reference_systems() -> list[tuple[object, ...]]:
    wgs84 = CRS.from_epsg(SRS_ID).to_wkt("WKT1_GDAL")
    return [
        ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian"),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic"),
        ("WGS 84", SRS_ID, "EPSG", SRS_ID, wgs84, "longitude, latitude in degrees"),
    ]


def _add_rtree(connection: sqlite3.Connection, table: str) -> None:
    connection.execute(
        f"CREATE VIRTUAL TABLE rtree_{table}_geom USING rtree(id, minx, maxx, miny, maxy)"
    )
    connection.execute(
        "INSERT INTO gpkg_extensions VALUES (?,'geom','gpkg_rtree_index',"
        "'http://www.geopackage.org/spec120/#extension_rtree','write-only')",
        (table,),
    )
    add_triggers(connection, table)


def add_triggers(connection: sqlite3.Connection, table: str) -> None:
    """Make the standard's triggers (version 1.4) that keep the R*Tree of ``table`` true."""
    if table in _RTREE_TABLES:
        for name, event, condition, action in _triggers(table):
            connection.execute(
                f"CREATE TRIGGER {name} AFTER {event} ON {table} "
                f"{f'WHEN {condition} ' if condition else ''}BEGIN {action} END"
            )


def drop_triggers(connection: sqlite3.Connection, table: str) -> None:
    """Take the triggers away for a bulk write, inside the caller's transaction."""
    if table in _RTREE_TABLES:
        for name, *_ in _triggers(table):
            connection.execute(f"DROP TRIGGER {name}")


def _triggers(table: str) -> list[tuple[str, str, str, str]]:
    index = f"rtree_{table}_geom"
    full = "NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom)"
    none = "(NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))"
    bounds = ", ".join(f"ST_{side}(NEW.geom)" for side in ("MinX", "MaxX", "MinY", "MaxY"))
    put = f"INSERT OR REPLACE INTO {index} VALUES (NEW.fid, {bounds});"
    drop_old = f"DELETE FROM {index} WHERE id = OLD.fid;"
    drop_both = f"DELETE FROM {index} WHERE id IN (OLD.fid, NEW.fid);"
    same, other = "OLD.fid = NEW.fid", "OLD.fid != NEW.fid"
    had = "OLD.geom NOTNULL AND NOT ST_IsEmpty(OLD.geom)"
    had_not = "(OLD.geom ISNULL OR ST_IsEmpty(OLD.geom))"
    change = (
        f"UPDATE {index} SET minx = ST_MinX(NEW.geom), maxx = ST_MaxX(NEW.geom), "
        "miny = ST_MinY(NEW.geom), maxy = ST_MaxY(NEW.geom) WHERE id = NEW.fid;"
    )
    return [
        (f"{index}_insert", "INSERT", full, put),
        (f"{index}_update6", "UPDATE OF geom", f"{same} AND {full} AND {had}", change),
        (f"{index}_update7", "UPDATE OF geom", f"{same} AND {full} AND {had_not}", put),
        (f"{index}_update2", "UPDATE OF geom", f"{same} AND {none}", drop_old),
        (f"{index}_update5", "UPDATE", f"{other} AND {full}", drop_old + put),
        (f"{index}_update4", "UPDATE", f"{other} AND {none}", drop_both),
        (f"{index}_delete", "DELETE", "OLD.geom NOT NULL", drop_old),
    ]


def index_rows(
    connection: sqlite3.Connection, table: str, fids: Sequence[int], geometries: Geometries
) -> None:
    """Put rows written without triggers into the R*Tree of ``table``."""
    if table not in _RTREE_TABLES:
        return
    bounds = shapely.bounds(geometries)[:, [0, 2, 1, 3]]
    known = ~np.isnan(bounds[:, 0])
    rows = zip(np.asarray(fids)[known].tolist(), *bounds[known].T.tolist(), strict=True)
    connection.executemany(f"INSERT INTO rtree_{table}_geom VALUES (?,?,?,?,?)", rows)


def note_extent(connection: sqlite3.Connection, table: str, at: datetime) -> None:
    """Write the bounding box and the time of the last change of ``table`` for GIS readers."""
    extent: tuple[object, ...] = (None, None, None, None)
    if table in _RTREE_TABLES:
        extent = connection.execute(
            f"SELECT min(minx), min(miny), max(maxx), max(maxy) FROM rtree_{table}_geom"
        ).fetchone()
    connection.execute(
        "UPDATE gpkg_contents SET min_x=?, min_y=?, max_x=?, max_y=?, last_change=? "
        "WHERE table_name=?",
        (*extent, to_text(at), table),
    )
