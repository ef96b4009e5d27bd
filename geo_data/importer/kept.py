"""The rows a store has already, as if they came out of a file: to be kept, or checked again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import geopandas as gpd
import pandas as pd
from sqlalchemy import Table, select

from geo_data.crs import WGS_84
from geo_data.importer.objects import LOCATED
from geo_data.importer.reading import ATTRIBUTES
from geo_data.sources import FIELDS
from geo_data.store import Store

Links = dict[str, tuple[object, ...]]

_OURS = {"parent": "parent_code", "site": "site_code", "place": "place_code"}
"""Field -> column of the store, where they differ."""
LINKS = ("parent_code", "region_code", "site_code", "place_code")


def kept_rows(
    store: Store, root: str | None = None
) -> Iterator[tuple[str, str | None, gpd.GeoDataFrame, Links]]:
    """Yield the rows of a store by layer and part.

    Parameters
    ----------
    store : Store
        Open.
    root : str, optional
        Only the region of this code.

    Yields
    ------
    layer : str
        ``regions``, ``places`` or ``sensors``.
    part : str or None
        Level or kind; ``None`` for sensors.
    frame : GeoDataFrame
        As :func:`geo_data.importer.reading.read_source` returns it, in EPSG:4326; the index is
        the row's number in the store.
    links : dict
        Code -> the codes it points to, as :func:`links_of` has them.
    """
    tables = store.tables
    layers: tuple[tuple[str, Table, str | None], ...] = (
        ("regions", tables.regions, "level"),
        ("places", tables.places, "kind"),
        ("sensors", tables.sensors, None),
    )
    for layer, table, part in layers:
        if root is not None and layer != "regions":
            continue
        question = select(table).order_by(table.c.fid)
        if root is not None:
            question = question.where(table.c.code == root)
        with store.read() as connection:
            rows = [dict(row._mapping) for row in connection.execute(question)]
        groups: dict[str | None, list[dict[str, Any]]] = {}
        for row in rows:
            groups.setdefault(row[part] if part else None, []).append(row)
        for name, group in groups.items():
            yield layer, name, _frame(layer, group), links_of(pd.DataFrame(group))


def links_of(frame: pd.DataFrame) -> Links:
    """Return, for each code, the codes it points to: they may change because another row did."""
    columns = [frame[name].map(_none) for name in LINKS if name in frame.columns]
    rows = zip(frame["code"], *columns, strict=True)
    return {str(code): tuple(links) for code, *links in rows}


def _none(value: object) -> object:
    return None if value is None or value == "" or value != value else value


def _frame(layer: str, rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    columns: dict[str, list[object]] = {}
    for field in FIELDS[layer]:
        name = field.replace("-", "_")
        ours = _OURS.get(name, name)
        # The position decides where a place lies, as it does when it first comes in.
        known = ours in rows[0] and name not in ("lon", "lat")
        columns[name] = [_text(row[ours]) if known else "" for row in rows]
    attributes = [_attributes(row.get(ATTRIBUTES)) for row in rows]
    shapes = [row["geom"] for row in rows]
    for place, given in enumerate(attributes):
        if given.pop(LOCATED, None) == "parent":
            columns["parent"][place], shapes[place] = rows[place]["region_code"], None
    index = pd.Index([int(row["fid"]) for row in rows])
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS_84, index=index)
    return frame.assign(**{ATTRIBUTES: pd.Series(attributes, index=index, dtype=object)})


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _attributes(value: object) -> dict[str, object]:
    if isinstance(value, str):
        value = json.loads(value)
    return dict(value) if isinstance(value, Mapping) else {}
