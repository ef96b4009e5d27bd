"""Tables as a GeoPackage: a layer each, and what the file is in a table that any program opens.

The same is written as GDAL's metadata, which QGIS shows with the properties of a layer. Columns
carry the names people use (extension ``gpkg_schema``), so QGIS heads its tables with them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from geo_data.extracts.table import Cover, Table
from geo_data.instants import to_text

ABOUT = "about"
"""The table that says what the file is."""

_VERSION = "1.2"
"""Older programs warn of newer ones, and nothing here needs them."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
  min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
"""
_DEFINED = "http://www.geopackage.org/spec120/#extension_schema"


def write(tables: Sequence[Table], cover: Cover, path: Path) -> None:
    """Write a GeoPackage; see :func:`geo_data.extracts.write_tables`."""
    # Times of change inside the file are those of the export, not of the machine's clock.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": to_text(cover.made_at)})
    try:
        about = {"title": (cover.about, cover.title)}
        about |= {line.key: (line.label, line.value) for line in cover.lines}
        rows = [(key, label, value) for key, (label, value) in about.items()]
        frame = pd.DataFrame(rows, columns=["key", "label", "value"])
        pyogrio.write_dataframe(
            frame,
            path,
            layer=ABOUT,
            driver="GPKG",
            dataset_options={"VERSION": _VERSION},
            dataset_metadata=cover.values(),
        )
        for table in tables:
            _write_layer(table, path)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    with closing(sqlite3.connect(path)) as connection:
        _name_columns(connection, tables)
        connection.commit()


def _write_layer(table: Table, path: Path) -> None:
    described = {"source": table.source, "rule": table.rule}
    if table.data_at is not None:
        described["data_at"] = to_text(table.data_at)
    pyogrio.write_dataframe(
        table.frame,
        path,
        layer=table.key,
        driver="GPKG",
        geometry_type=_kind_of(table.frame),
        promote_to_multi=True if _kind_of(table.frame).startswith("Multi") else None,
        layer_metadata=described,
        layer_options={"IDENTIFIER": table.name, "DESCRIPTION": table.rule, "SPATIAL_INDEX": "YES"},
    )


def _kind_of(frame: gpd.GeoDataFrame) -> str:
    """Return the geometry type of a layer: the narrowest that holds every row."""
    dimensions = set(shapely.get_dimensions(frame.geometry.to_numpy()).tolist()) - {-1}
    if dimensions == {2}:
        return "MultiPolygon"
    return "Unknown" if dimensions - {0} else "Point"


def _name_columns(connection: sqlite3.Connection, tables: Sequence[Table]) -> None:
    connection.executescript(_SCHEMA)
    connection.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description) "
        "VALUES (?,?,?,?,?)",
        [
            (table.key, column.key, column.key, column.head, column.unit or None)
            for table in tables
            for column in table.columns
        ],
    )
    connection.executemany(
        "INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope) "
        "VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
        [(name, _DEFINED) for name in ("gpkg_data_columns", "gpkg_data_column_constraints")],
    )
