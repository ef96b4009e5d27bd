"""Tables as GeoJSON (RFC 7946): one file a layer in a zip, each saying itself what it is.

One layer one file, because layers differ in their columns. The member ``about`` of a collection
is foreign to the standard, which allows it; programs that do not know it pass it over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo_data.extracts.archive import archived
from geo_data.extracts.table import Cover, Table

DECIMALS = 7
"""A centimetre, as the standard advises."""
_ROWS = 2_000


def write(tables: Sequence[Table], cover: Cover, path: Path) -> None:
    """Write a zip of GeoJSON files; see :func:`geo_data.extracts.write_tables`."""
    with archived(path, cover) as put:
        for table in tables:
            put(f"{table.key}.geojson", _collection(table, cover))


def _collection(table: Table, cover: Cover) -> Iterator[bytes]:
    about = {**cover.values(), "layer": table.name, "source": table.source, "rule": table.rule}
    if table.data_at is not None:
        about["data_at"] = table.data_at.astimezone(cover.zone).isoformat()
    about["columns"] = {one.key: one.head for one in table.columns}  # type: ignore[assignment]
    head = {"type": "FeatureCollection", "name": table.key, "about": about}
    yield (json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [').encode()
    before = "\n"
    for start in range(0, len(table), _ROWS):
        part = table.frame.iloc[start : start + _ROWS]
        shapes = _shapes(part.geometry.to_numpy())
        for values, shape in zip(_properties(table, part, cover), shapes, strict=True):
            said = json.dumps(values, ensure_ascii=False, allow_nan=False)
            feature = f'{{"type": "Feature", "properties": {said}, "geometry": {shape}}}'
            yield f"{before}{feature}".encode()
            before = ",\n"
    yield b"\n]}\n"


def _shapes(shapes: npt.NDArray[np.object_]) -> list[str]:
    rounded = shapely.transform(shapes, lambda xy: np.round(xy, DECIMALS))
    texts = shapely.to_geojson(shapely.orient_polygons(rounded))
    return [text or "null" for text in texts.tolist()]


def _properties(table: Table, part: pd.DataFrame, cover: Cover) -> Iterator[dict[str, Any]]:
    columns = [_plain(part[one.key], one.kind, cover) for one in table.columns]
    keys = [one.key for one in table.columns]
    for row in zip(*columns, strict=True):
        yield dict(zip(keys, row, strict=True))


def _plain(column: pd.Series[Any], kind: str, cover: Cover) -> list[Any]:
    """Return values as JSON knows them: times with the city's offset, ``null`` for unknown."""
    if kind == "time":
        local = column.dt.tz_convert(cover.zone)
        return [None if pd.isna(one) else one.isoformat(timespec="seconds") for one in local]
    return [None if pd.isna(one) else one for one in column.tolist()]
