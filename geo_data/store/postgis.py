"""How the server store is laid out: PostGIS geometry, Web Mercator beside it, months apart.

The tables are those of :mod:`geo_data.store.tables`. Regions and places carry their geometry in
EPSG:3857 too, computed by the server when a row is written, because tiles ask for nothing else.
Incidents and observations are partitioned by month, so that a month past its time is dropped
and not deleted row by row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from geoalchemy2 import Geometry
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Column, Computed, Index, Table
from sqlalchemy.engine import Dialect

from geo_data.store.geopackage import SRS_ID, Geometries
from geo_data.store.tables import Tables, build_tables

MERCATOR = 3857
PARTITIONED = {"incidents": "reported_at", "observations": "observed_at"}
"""Tables cut by month, and the column that says which."""


class PostgisGeometry(Geometry):
    """A geometry column of PostGIS: shapely in, shapely out.

    It travels as hexadecimal EWKB, which PostGIS reads and writes by itself, so that no
    function stands around it in a statement.
    """

    cache_ok = True

    def __init__(self, kind: str = "GEOMETRY", srid: int = SRS_ID) -> None:
        super().__init__(kind, srid=srid, spatial_index=False)

    def bind_expression(self, bindvalue: Any) -> Any:
        """Write the value as it is."""
        return bindvalue

    def column_expression(self, col: Any) -> Any:
        """Read the column as it is."""
        return col

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002
        """Write a geometry; text is taken to be EWKB already."""

        def process(value: BaseGeometry | str | None) -> str | None:
            if value is None or isinstance(value, str):
                return value
            return to_ewkb(np.array([value], dtype=object))[0]

        return process

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002
        """Read a geometry."""

        def process(value: str | None) -> BaseGeometry | None:
            return None if value is None else shapely.from_wkb(value)

        return process


def to_ewkb(geometries: Geometries) -> list[str | None]:
    """Return geometries in EPSG:4326 as hexadecimal EWKB, shape (n,)."""
    if len(geometries) == 0:
        return []
    marked = shapely.set_srid(geometries, SRS_ID)
    texts: list[str | None] = shapely.to_wkb(marked, hex=True, include_srid=True).tolist()
    return texts


def build_server_tables() -> Tables:
    """Build the table definitions of the server store."""
    tables = build_tables(PostgisGeometry, partitioned=PARTITIONED)
    for table in (tables.regions, tables.places):
        _add_mercator(table)
    for table in (tables.regions, tables.places, tables.sensors):
        Index(f"{table.name}_geom", table.c.geom, postgresql_using="gist")
    return tables


def _add_mercator(table: Table) -> None:
    # The SRID as a number: as text ('EPSG:3857') PROJ looks it up for every row.
    computed = Computed(f"ST_Transform(geom, {MERCATOR})", persisted=True)
    kind = PostgisGeometry("GEOMETRY", MERCATOR)
    table.append_column(Column("geom_3857", kind, computed))
    Index(f"{table.name}_geom_3857", table.c.geom_3857, postgresql_using="gist")
