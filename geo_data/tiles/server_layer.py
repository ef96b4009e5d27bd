"""A layer of the server store ready for its tiles: ``ST_AsMVT`` with little left to do.

A shape inside the tile is shifted, scaled and rounded; only what crosses its edge is clipped.
The rows, their generalised shapes and the zooms they are drawn at are those of
:mod:`geo_data.tiles.server_tables`; drawn and counted is by the rules of
:mod:`geo_data.tiles.density`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import Dialect, text

from geo_data.queries.masking import MASK
from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.store import Store
from geo_data.store.server_rows import driver_connection
from geo_data.tiles.density import CELL, CELLS, POINTS_APART, SUFFIX
from geo_data.tiles.projection import BUFFER, EXTENT, Spot, to_degrees
from geo_data.tiles.server_tables import AROUND, table_of
from geo_data.tiles.sources import LayerSource

_BOX = "ST_MakeEnvelope(:west - :edge, :south - :edge, :east + :edge, :north + :edge, 3857)"
_TILE = "ST_MakeEnvelope(:west, :south, :east, :north, 3857)"
_SHAPE = f"""CASE WHEN geom @ {_BOX}
  THEN ST_SnapToGrid(ST_TransScale(geom, -:west, -:north, :units, -:units), 1)
  ELSE ST_AsMVTGeom(geom, {_TILE}, {EXTENT}, {BUFFER}, true) END AS geom"""

# Boxes of && are kept in single precision, a metre apart here: an area is clipped, a point is not.
_NEAR = f"""(middle_x * :cells - :column BETWEEN {-BUFFER / CELL} AND {CELLS + BUFFER / CELL}
  AND middle_y * :cells - :line BETWEEN {-BUFFER / CELL} AND {CELLS + BUFFER / CELL})"""


@dataclass(frozen=True, slots=True)
class ServerLayer:
    """A layer of one version for one viewer.

    Parameters
    ----------
    store : Store
        On a server.
    name, table : str
        The layer, and the table of its shapes.
    columns : str
        What a tile says of a feature, as SQL.
    seen : str
        Which rows the viewer may see, as SQL, with the parameters ``given``.
    has_points : bool
        Whether there is anything but areas.
    last_counted : int
        Up to this zoom some area is under a pixel; -1 if none ever is.
    """

    store: Store
    name: str
    table: str
    columns: str
    seen: str
    given: Mapping[str, Any]
    has_points: bool
    last_counted: int

    @classmethod
    def of(cls, store: Store, scope: Scope, source: LayerSource) -> ServerLayer:
        """Return a layer, its table made where it is missing."""
        table = table_of(store, source)
        # What a region is called is never withheld: it is the way through the city.
        masked = scope.masked & {"name", "use"} if source.family != "regions" else frozenset()
        columns = [f"'{MASK}' AS {key}" if key in masked else f'"{key}"' for key in source.columns]
        seen, given = _seen(store, scope, source)
        with store.read() as connection:
            there = "bool_or(NOT is_area), max(first_zoom) FILTER (WHERE is_area)"
            points, first = connection.execute(text(f"SELECT {there} FROM {table}")).one()
        listed, last = ", ".join(columns), (first or 0) - 1
        return cls(store, source.name, table, listed, seen, given, bool(points), last)

    def body(self, spot: Spot) -> bytes:
        """Return a tile, not compressed; empty where there is nothing."""
        with self.store.read() as connection:
            # In binary, past SQLAlchemy: as text every byte would be two, written and read.
            sql = _as_driver(self._statement(spot.z), self.store.dialect)
            driver = driver_connection(connection)
            row = driver.execute(sql, self._values(spot), binary=True).fetchone()
        return bytes(row[0]) if row else b""

    def reach(self) -> tuple[float, float, float, float] | None:
        """Return west, south, east, north of the layer in degrees; ``None`` if it is empty."""
        extent = f"SELECT ST_Extent(geom) AS box FROM {self.table} WHERE {self.seen}"
        sides = "ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)"
        with self.store.read() as connection:
            row = connection.execute(text(f"SELECT {sides} FROM ({extent}) b"), self.given).one()
        if row[0] is None:
            return None
        west, south, east, north = (side / AROUND for side in row)
        corners = np.array([[west + 0.5, 0.5 - north], [east + 0.5, 0.5 - south]])
        (west, north), (east, south) = to_degrees(corners).tolist()
        return west, south, east, north

    def _values(self, spot: Spot) -> dict[str, Any]:
        side = AROUND / (1 << spot.z)
        west, north = spot.x * side - AROUND / 2, AROUND / 2 - spot.y * side
        return {
            "west": west,
            "north": north,
            "east": west + side,
            "south": north - side,
            "edge": side * BUFFER / EXTENT,
            "units": EXTENT / side,
            "column": spot.x * CELLS,
            "line": spot.y * CELLS,
            "cells": float(CELLS << spot.z),
            **self.given,
        }

    def _statement(self, z: int) -> str:
        # ST_AsMVT leaves out what has no shape by itself; asked for here, every shape would be
        # worked out twice, once to see whether it is there.
        drawn = f"ST_AsMVT(drawn, '{self._quoted(self.name)}', {EXTENT}, 'geom', 'fid')"
        counts = f"ST_AsMVT(counts, '{self._quoted(self.name + SUFFIX)}', {EXTENT}, 'geom', 'cell')"
        shown = f"(SELECT {drawn} FROM ({self._drawn(z)}) drawn)"
        if z > self.last_counted and not (self.has_points and z < POINTS_APART):
            return f"SELECT coalesce({shown}, '')"
        return f"""
SELECT coalesce({shown}, '')
  || coalesce((SELECT {counts} FROM ({self._counts(z)}) counts), '')"""

    def _drawn(self, z: int) -> str:
        # The zoom is written out, so that the index of its band is seen to serve.
        rows = f"{self.table} WHERE geom && {_BOX} AND from_zoom <= {z} AND to_zoom >= {z}"
        select = f"SELECT fid, {self.columns}, {_SHAPE} FROM"
        if not self.has_points:
            return f"{select} {rows} AND {self.seen}"
        if z >= POINTS_APART:
            return f"{select} {rows} AND {self.seen} AND (is_area OR {_NEAR})"
        return f"""{select} {rows} AND {self.seen} AND is_area
UNION ALL {select} ({self._crowds()}) points WHERE crowd = 1"""

    def _crowds(self) -> str:
        """Points of the tile and its buffer with how many there are in the cell of each."""
        edge = BUFFER // CELL
        near = f"BETWEEN {-edge} AND {CELLS + edge - 1}"
        return f"""
SELECT *, count(*) OVER (PARTITION BY cell_x, cell_y) AS crowd FROM ({self._celled()}
  AND NOT is_area AND geom && {_BOX}) celled WHERE cell_x {near} AND cell_y {near}"""

    def _celled(self) -> str:
        cell = (
            "CAST(floor(middle_x * :cells) AS bigint) - :column AS cell_x",
            "CAST(floor(middle_y * :cells) AS bigint) - :line AS cell_y",
        )
        return f"SELECT *, {', '.join(cell)} FROM {self.table} WHERE {self.seen}"

    def _counts(self, z: int) -> str:
        small = f"""{self._celled()} AND is_area AND first_zoom > {z}
  AND from_zoom = first_zoom AND geom && {_TILE}"""
        cells = f"SELECT cell_x, cell_y FROM ({small}) small"
        if self.has_points and z < POINTS_APART:
            cells += f" UNION ALL SELECT cell_x, cell_y FROM ({self._crowds()}) c WHERE crowd > 1"
        inside = f"BETWEEN 0 AND {CELLS - 1}"
        return f"""
SELECT cell_y * {CELLS} + cell_x + 1 AS cell, count(*) AS count,
  ST_MakePoint(cell_x * {CELL} + {CELL // 2}, cell_y * {CELL} + {CELL // 2}) AS geom
FROM ({cells}) cells WHERE cell_x {inside} AND cell_y {inside} GROUP BY cell_x, cell_y"""

    @staticmethod
    def _quoted(name: str) -> str:
        # A kind may hold any sign; a colon would be taken for a parameter.
        return name.replace("'", "''").replace(":", "\\:")


@lru_cache(maxsize=256)
def _as_driver(sql: str, dialect: Dialect) -> str:
    """Return a statement as the driver itself takes it."""
    return str(text(sql).compile(dialect=dialect))


def _seen(store: Store, scope: Scope, source: LayerSource) -> tuple[str, dict[str, Any]]:
    tree = region_tree(store, scope)
    wanted: list[str] = ["true"]
    given: dict[str, Any] = {}
    if not tree.is_whole_city:
        is_regions = source.family == "regions"
        wanted.append(f"{'code' if is_regions else 'region_code'} = ANY(:codes)")
        codes = tree.codes_at(source.key) if is_regions else tree.subtree(tree.root.code)
        given["codes"] = list(codes)
    if source.family == "sensors" and scope.kinds is not None:
        wanted.append("kind = ANY(:kinds)")
        given["kinds"] = sorted(scope.kinds)
    return " AND ".join(wanted), given
