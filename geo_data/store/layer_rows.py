"""Whole layers into the store: regions, places and sensors are replaced, never patched.

What a frame does not say is computed here (pinyin, label point, bounding box, area), so that
an importer and the demo city agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from sqlalchemy import Connection, Table, insert, select

from geo_data.pinyin import pinyin_keys
from geo_data.records import FUNCTIONAL
from geo_data.store.geopackage import Geometries
from geo_data.store.tables import Tables

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_data.store.engine import Store

_ATTRIBUTES = json.JSONEncoder(ensure_ascii=False)

Columns = dict[str, Any]
"""Column name -> values of all rows."""


def write_layer(
    store: Store, layer: str, frame: gpd.GeoDataFrame, source: str, at: datetime
) -> int:
    """Replace a whole layer in one transaction.

    Parameters
    ----------
    store : Store
        The store.
    layer : str
        ``regions/<level>``, ``regions/functional``, ``places/<kind>`` or ``sensors``.
    frame : GeoDataFrame
        In EPSG:4326, columns named as the table's, geometry column ``geometry``. ``pinyin``,
        ``lon``/``lat`` (a point inside), ``west``..``north``, ``area_km2`` (in the city's metric
        CRS), ``level`` and ``kind`` are filled in where absent; other nullable columns are
        empty where absent. ``attributes`` holds dicts or JSON text.
    source : str
        Where the rows come from, kept with the version.
    at : datetime
        Now, aware.

    Returns
    -------
    int
        The new version of the layer.

    Raises
    ------
    ValueError
        A required column is missing, or the frame is not in EPSG:4326.
    """
    with store.write() as connection:
        version = replace_layer(connection, store, layer, frame, source, at)
    store.checkpoint()
    return version


def replace_layer(
    connection: Connection,
    store: Store,
    layer: str,
    frame: gpd.GeoDataFrame,
    source: str,
    at: datetime,
) -> int:
    """Do what :func:`write_layer` does inside a transaction that is open already."""
    table = _table_of(store.tables, layer)
    columns = _columns(layer, frame, table, store.city.metric_crs, store.city.code)
    part = {"regions": "level", "places": "kind", "sensors": None}[table.name]
    store.replace_rows(connection, table, part, layer.partition("/")[2], columns, at)
    tables = store.tables
    version = note_layer(
        connection, tables, layer, at=at, data_at=at, rows=len(frame), source=source
    )
    body = json.dumps({"layer": layer, "version": version})
    connection.execute(insert(tables.changes), {"at": at, "topic": "layers", "body": body})
    return version


def note_layer(
    connection: Connection,
    tables: Tables,
    layer: str,
    *,
    at: datetime,
    data_at: datetime | None = None,
    rows: int | None = None,
    source: str | None = None,
) -> int:
    """Raise the version of a layer inside the transaction that changed it.

    Parameters
    ----------
    layer : str
        ``incidents`` and ``readings`` too: the ingest transaction notes them.
    at : datetime
        When the rows were written: for incidents the ``recorded_at`` of the newest row, which
        tells the reads that nothing newer is known.
    data_at : datetime, optional
        The time the newest row speaks of; never moves back.
    rows : int, optional
        How many rows the layer has; kept as it was where absent.
    source : str, optional
        Where the rows come from; kept as it was where absent.

    Returns
    -------
    int
        The new version, from 1.
    """
    versions = tables.layer_versions
    known = connection.execute(select(versions).where(versions.c.layer == layer)).one_or_none()
    if known is None:
        row = {"version": 1, "updated_at": at, "data_at": data_at, "rows": rows or 0}
        connection.execute(insert(versions), {"layer": layer, "source": source or "", **row})
        return 1
    latest = max((one for one in (known.data_at, data_at) if one), default=None)
    connection.execute(
        versions.update()
        .where(versions.c.layer == layer)
        .values(
            version=known.version + 1,
            updated_at=max(at, known.updated_at),
            data_at=latest,
            rows=known.rows if rows is None else rows,
            source=known.source if source is None else source,
        )
    )
    return int(known.version) + 1


def _table_of(tables: Tables, layer: str) -> Table:
    name = layer.partition("/")[0]
    if name not in ("regions", "places", "sensors") or ("/" in layer) == (name == "sensors"):
        raise ValueError(f"no layer {layer!r}")
    table: Table = getattr(tables, name)
    return table


def _columns(
    layer: str, frame: gpd.GeoDataFrame, table: Table, metric_crs: str, root_code: str
) -> Columns:
    if frame.crs is None or frame.crs.to_epsg() != 4326:
        raise ValueError(f"layer {layer}: the frame is in {frame.crs}, not in EPSG:4326")
    columns: Columns = {
        column.name: _plain(frame[column.name], column.type.python_type is int)
        for column in table.c
        if column.name in frame.columns and column.name not in ("geom", "geom_3857")
    }
    shapes = np.asarray(frame.geometry.array, dtype=object)
    columns["geom"] = shapes
    columns.setdefault("pinyin", pinyin_keys(columns["name"]))
    _add_positions(columns, shapes)
    if table.name == "regions":
        columns["geom"] = _multipolygons(shapes)
        _add_region_columns(columns, frame, layer, metric_crs, root_code)
    if table.name == "places":
        _add_place_columns(columns, layer, len(frame))
    missing = [
        column.name
        for column in table.c
        if column.name not in columns and not column.nullable and column.name != "fid"
    ]
    if missing:
        raise ValueError(f"layer {layer}: columns missing: {', '.join(missing)}")
    return columns


def _plain(values: pd.Series, whole: bool) -> list[Any]:
    """Return a column as Python values, ``None`` for everything that means empty.

    Whole numbers among empty cells come as floats, which a server does not take for whole.
    """
    if values.dtype.kind in "iu" and not values.hasnans:
        return list(values.tolist())
    plain = values.astype(object).where(values.notna(), None).tolist()
    return [None if one is None else int(one) for one in plain] if whole else list(plain)


def _add_positions(columns: Columns, shapes: Geometries) -> None:
    if "lon" in columns and "lat" in columns:
        return
    points = shapely.centroid(shapes)
    outside = ~shapely.covers(shapes, points)
    points[outside] = shapely.point_on_surface(shapes[outside])
    columns["lon"], columns["lat"] = shapely.get_coordinates(points).T.tolist()


def _add_region_columns(
    columns: Columns, frame: gpd.GeoDataFrame, layer: str, metric_crs: str, root_code: str
) -> None:
    level, rows = layer.partition("/")[2], len(frame)
    columns.setdefault("level", [level] * rows)
    columns.setdefault("kind", [level] * rows)
    if level == FUNCTIONAL:
        columns.setdefault("parent_code", [root_code] * rows)
    if "area_km2" not in columns:
        columns["area_km2"] = (frame.geometry.to_crs(metric_crs).area / 1e6).tolist()
    bounds = shapely.bounds(columns["geom"]).T.tolist() if rows else [[]] * 4
    for name, values in zip(("west", "south", "east", "north"), bounds, strict=True):
        columns.setdefault(name, values)


def _multipolygons(shapes: Geometries) -> Geometries:
    """Return one kind of geometry: a GIS draws a layer of mixed kinds badly or not at all."""
    single = shapely.get_type_id(shapes) == 3
    if single.any():
        shapes = shapes.copy()
        shapes[single] = shapely.multipolygons(shapes[single][:, np.newaxis])
    return shapes


def _add_place_columns(columns: Columns, layer: str, rows: int) -> None:
    columns.setdefault("kind", [layer.partition("/")[2]] * rows)
    given: Iterable[Mapping[str, object] | str | None] = columns.get("attributes", [None] * rows)
    columns["attributes"] = [
        one if isinstance(one, str) else _ATTRIBUTES.encode(one) if one else "{}" for one in given
    ]
