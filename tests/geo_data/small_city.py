"""A city small enough to count by hand: three towns in a row, ten grids, two places, six sensors.

Every cell is 0.01° wide and high from 121.20 E 31.00 N. A town is two cells square: four grids;
the third town has grids in its lower half only, so its upper half belongs to the town itself.
"""

from __future__ import annotations

from datetime import UTC, datetime

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import select

from geo_data.city import City
from geo_data.levels import Level
from geo_data.store import Store, open_store, write_layer
from geo_data.words import Label
from tests.stores import Address

AT = datetime(2025, 6, 1, tzinfo=UTC)
WEST, SOUTH, CELL = 121.20, 31.00, 0.01

CITY = City(
    code="c",
    name=Label(zh="小城", en="Small city"),
    bbox=(WEST, SOUTH, WEST + 6 * CELL, SOUTH + 2 * CELL),
    metric_crs="EPSG:4549",
    levels=tuple(
        Level(key=key, name=Label(zh=key, en=key)) for key in ("district", "town", "grid")
    ),
)
GRIDS = {f"t{x // 2}g{x % 2 + 2 * y}": (x, y) for x in range(6) for y in range(2) if x < 4 or not y}


def cell(x: float, y: float, width: float = 1, height: float = 1) -> shapely.Polygon:
    """Box in cells from the south-west corner."""
    west, south = WEST + x * CELL, SOUTH + y * CELL
    return shapely.box(west, south, west + width * CELL, south + height * CELL)


def sensor_frame(store: Store) -> gpd.GeoDataFrame:
    """The sensors of a store, to be changed and written back."""
    table = store.tables.sensors
    columns = [column for column in table.c if column.name not in ("fid", "geom")]
    with store.read() as connection:
        rows = connection.execute(select(*columns, table.c.geom).order_by(table.c.fid)).all()
    names = [column.name for column in columns]
    frame = pd.DataFrame([row[:-1] for row in rows], columns=names)
    return gpd.GeoDataFrame(frame, geometry=[row[-1] for row in rows], crs=4326)


def middle(grid: str) -> tuple[float, float]:
    """Lon, lat of the middle of a grid."""
    x, y = GRIDS[grid]
    return WEST + (x + 0.5) * CELL, SOUTH + (y + 0.5) * CELL


def make_small_city(path: Address) -> Store:
    """Make the store and leave it open."""
    store = open_store(path, CITY, create=True)
    _regions(store, "district", {"c": (None, cell(0, 0, 6, 2))})
    _regions(store, "town", {f"t{n}": ("c", cell(2 * n, 0, 2, 2)) for n in range(3)})
    _regions(store, "grid", {code: (code[:2], cell(*at)) for code, at in GRIDS.items()})
    _places(store, "village", {"v0": ("t0g0", cell(0, 0, 2, 1))})
    _places(store, "building", {"b0": ("t0g0", cell(0.4, 0.4, 0.2, 0.2))})
    kinds = ["pipe-pressure", "noise", "pm25", "smoke", "noise", "noise"]
    grids = ["t0g0", "t0g0", "t0g1", "t1g2", "t1g3", "t2g0"]
    sensors = gpd.GeoDataFrame(
        {
            "code": [f"s{n}" for n in range(6)],
            "kind": kinds,
            "name": [f"传感器{n}" for n in range(6)],
            "metric": ["pipe-pressure", "noise", "pm25", "smoke", "noise", "noise"],
            "unit": ["MPa", "dB(A)", "µg/m³", "0/1", "dB(A)", "dB(A)"],
            "region_code": grids,
            "period_s": [300, 60, 900, 900, 60, 60],
        },
        geometry=[shapely.Point(*middle(grid)) for grid in grids],
        crs=4326,
    )
    write_layer(store, "sensors", sensors, "test", AT)
    return store


def _regions(store: Store, level: str, rows: dict[str, tuple[str | None, shapely.Polygon]]) -> None:
    frame = gpd.GeoDataFrame(
        {
            "code": list(rows),
            "parent_code": [parent for parent, _ in rows.values()],
            "name": [f"{level} {code}" for code in rows],
        },
        geometry=[shape for _, shape in rows.values()],
        crs=4326,
    )
    write_layer(store, f"regions/{level}", frame, "test", AT)


def _places(store: Store, kind: str, rows: dict[str, tuple[str, shapely.Polygon]]) -> None:
    frame = gpd.GeoDataFrame(
        {
            "code": list(rows),
            "name": [f"{kind} {code}" for code in rows],
            "region_code": [region for region, _ in rows.values()],
        },
        geometry=[shape for _, shape in rows.values()],
        crs=4326,
    )
    write_layer(store, f"places/{kind}", frame, "test", AT)
