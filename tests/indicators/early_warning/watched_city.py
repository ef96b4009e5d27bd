"""A city in which it is known what is the matter: two towns of 36 grids, 18 weeks of cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_data.city import City
from geo_data.ingest.bulk import bulk_load
from geo_data.levels import Level
from geo_data.store import Store, open_store, write_layer
from geo_data.words import Label
from tests.stores import Address

NOW = datetime(2026, 9, 1, 4, tzinfo=UTC)
WEST, SOUTH, CELL, SIDE = 121.2, 31.0, 0.005, 6
DAYS = 126
MARKET, HEAP = (121.2475, 31.0175), (121.2525, 31.0275)
"""Lon, lat: of a place where the same happens again and again, and of a new heap of cases."""
CITY = City(
    code="c",
    name=Label(zh="望城", en="Watched city"),
    bbox=(WEST, SOUTH, WEST + 2 * SIDE * CELL, SOUTH + SIDE * CELL),
    metric_crs="EPSG:4549",
    levels=tuple(
        Level(key=key, name=Label(zh=key, en=key)) for key in ("district", "town", "grid")
    ),
)
HOT = {f"t0g{x}{y}" for x in range(3) for y in range(3)}
"""Grids in which five times as much happens as elsewhere."""


def box(x: float, y: float, size: float = 1) -> shapely.Polygon:
    west, south = WEST + x * CELL, SOUTH + y * CELL
    return shapely.box(west, south, west + size * CELL, south + size * CELL)


def make_empty_city(path: Address) -> Store:
    """Make the city without a case and leave it open."""
    store = open_store(path, CITY, create=True)
    towns = {f"t{n}": box(n * SIDE, 0, SIDE) for n in range(2)}
    grids = {f"t{x // SIDE}g{x % SIDE}{y}": box(x, y) for x in range(2 * SIDE) for y in range(SIDE)}
    whole = shapely.union_all(list(towns.values()))
    for level, shapes in (("district", {"c": whole}), ("town", towns), ("grid", grids)):
        parents = {"district": None, "town": "c"}
        frame = gpd.GeoDataFrame(
            {
                "code": list(shapes),
                "parent_code": [parents.get(level, code[:2]) for code in shapes],
                "name": [f"{level} {code}" for code in shapes],
            },
            geometry=list(shapes.values()),
            crs=4326,
        )
        write_layer(store, f"regions/{level}", frame, "test", NOW)
    market = gpd.GeoDataFrame(
        {"code": ["market"], "name": ["菜市场"], "region_code": ["t1g33"]},
        geometry=[shapely.Point(*MARKET).buffer(0.0002)],
        crs=4326,
    )
    write_layer(store, "places/building", market, "test", NOW)
    return store


def make_watched_city(path: Address, days: int = DAYS) -> Store:
    """Make it with ``days`` of cases up to now."""
    store = make_empty_city(path)
    cases = pd.concat([usual(days), heap(), burst(), repeated()], ignore_index=True)
    cases = cases[cases["reported_at"] >= NOW - timedelta(days=days)]
    cases = cases.sort_values("reported_at", ignore_index=True)
    for column in ("source_id", "code"):
        cases[column] = [f"W{n}" for n in range(len(cases))]
    steps = pd.DataFrame({"incident": [], "stage": [], "happened_at": []})
    steps = steps.astype({"incident": int, "happened_at": "datetime64[us, UTC]"})
    bulk_load(store, cases, steps, NOW)
    return store


def rows(lon: np.ndarray, lat: np.ndarray, ago_h: np.ndarray, category: str) -> pd.DataFrame:
    at = [NOW - timedelta(hours=float(hours)) for hours in ago_h]
    told = {"source": "app", "title": "事件", "channel": "hotline", "severity": 4}
    frame = pd.DataFrame({"lon": lon, "lat": lat, "reported_at": pd.to_datetime(at)})
    return frame.assign(**told, category=category, happened_at=frame["reported_at"])


def usual(days: int) -> pd.DataFrame:
    """What happens all the time, most of it in nine grids."""
    random = np.random.default_rng(31)
    rate = np.ones((SIDE, 2 * SIDE))
    rate[:3, :3] = 5.0
    n = random.poisson(22 * days)
    cell = random.choice(rate.size, n, p=(rate / rate.sum()).reshape(-1))
    y, x = np.divmod(cell, 2 * SIDE)
    lon = WEST + (x + random.uniform(size=n)) * CELL
    lat = SOUTH + (y + random.uniform(size=n)) * CELL
    frame = rows(lon, lat, random.uniform(0, 24 * days, n), "0102")
    return frame.assign(category=random.choice(["0102", "0505", "0104", "0699"], n))


def heap() -> pd.DataFrame:
    """Eleven cases within 30 m in ten days, where hardly anything was before."""
    random = np.random.default_rng(32)
    shift = random.normal(size=(11, 2)) * 0.0001
    return rows(HEAP[0] + shift[:, 0], HEAP[1] + shift[:, 1], np.arange(11) * 22 + 30, "0302")


def burst() -> pd.DataFrame:
    """Water in the streets of the second town today, where there never was any."""
    random = np.random.default_rng(33)
    lon = WEST + (SIDE + random.uniform(0, SIDE, 14)) * CELL
    lat = SOUTH + random.uniform(0, SIDE, 14) * CELL
    return rows(lon, lat, np.linspace(1, 20, 14), "0406")


def repeated() -> pd.DataFrame:
    """Four cases of a kind at the market within three weeks."""
    lon, lat = np.full(4, MARKET[0]), np.full(4, MARKET[1])
    return rows(lon, lat, np.array([30, 130, 250, 480]), "0504").assign(place_code="market")
