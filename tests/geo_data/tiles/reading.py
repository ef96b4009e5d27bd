"""Tiles read by another program's reader, and put back where they lie."""

from __future__ import annotations

import gzip
import math
from typing import Any

import mapbox_vector_tile
import numpy as np
import shapely

from geo_data import tiles
from geo_data.tiles.projection import EXTENT, to_degrees

ZOOM = 14


def tile_at(lon: float, lat: float, z: int = ZOOM) -> tuple[int, int, int]:
    x, y = tiles.to_square(np.array([[lon, lat]]))[0]
    return z, math.floor(x * 2**z), math.floor(y * 2**z)


def decode(body: bytes | None) -> dict[str, Any]:
    assert body is not None
    raw = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    return mapbox_vector_tile.decode(raw, default_options={"y_coord_down": True})


def features(body: bytes | None, layer: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = decode(body)[layer]["features"]
    return found


def in_degrees(feature: dict[str, Any], z: int, x: int, y: int) -> shapely.Geometry:
    shape = shapely.geometry.shape(feature["geometry"])
    return shapely.transform(shape, lambda units: to_degrees((units / EXTENT + (x, y)) / 2**z))
