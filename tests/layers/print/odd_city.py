"""A city of regions of any shape: convex, notched, very thin, of a few metres."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geo_data.city import City
from geo_data.levels import Level
from geo_data.store import Store, open_store, write_layer
from geo_data.words import Label

ODD_AT = datetime(2025, 6, 1, 4, tzinfo=UTC)
WEST, SOUTH, SIDE = 121.0, 30.9, 0.3
REGIONS = 20


def _shapes() -> list[shapely.Geometry]:
    """Random convex and notched shapes, a very thin one, and one of a few metres."""
    rng = np.random.default_rng(4)
    found: list[shapely.Geometry] = []
    for n in range(REGIONS - 2):
        centre = (WEST + 0.03 + (n % 6) * 0.045, SOUTH + 0.03 + (n // 6) * 0.08)
        size = rng.uniform(0.002, 0.02)
        stretch = rng.uniform(0.2, 1.0)
        cloud = rng.normal(0, 1, (12, 2)) * (size, size * stretch) + centre
        shape = shapely.MultiPoint(cloud).convex_hull
        found.append(shape.difference(shapely.Point(cloud[0]).buffer(size / 3)))
    thin = shapely.LineString([(WEST, SOUTH + 0.001), (WEST + SIDE, SOUTH + 0.02)]).buffer(4e-4)
    tiny = shapely.Point(WEST + 0.29, SOUTH + 0.29).buffer(2e-5)
    return [*found, thin, tiny]


def make_odd_city(path: Path) -> Store:
    """Make the store and leave it open."""
    city = City(
        code="odd",
        name=Label(zh="形状各异之城", en="Odd city"),
        bbox=(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE),
        metric_crs="EPSG:4549",
        levels=tuple(
            Level(key=key, name=Label(zh=zh, en=key))
            for key, zh in (("district", "区"), ("town", "街镇"), ("grid", "网格"))
        ),
    )
    store = open_store(path, city, create=True)
    shapes = _shapes()
    names = [
        f"很长很长的名字之第{n}街道（经济技术开发区）" if n % 3 else f"{n}镇"
        for n in range(REGIONS)
    ]
    whole = shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)
    rows: dict[str, tuple[list[Any], list[Any], list[str], list[Any]]] = {
        "district": (["odd"], [None], ["形状各异之城"], [whole]),
        "town": ([f"t{n}" for n in range(REGIONS)], ["odd"] * REGIONS, names, shapes),
        "grid": (
            [f"t{n}g" for n in range(REGIONS)],
            [f"t{n}" for n in range(REGIONS)],
            [f"{name}第1网格" for name in names],
            shapes,
        ),
    }
    for level, (codes, parents, called, found) in rows.items():
        columns = {"code": codes, "parent_code": parents, "name": called}
        frame = gpd.GeoDataFrame(columns, geometry=found, crs=4326)
        write_layer(store, f"regions/{level}", frame, "test", ODD_AT)
    return store
