"""A city of footprints and grids for benches: one size per number, always at the same density.

200,000 footprints stand in 4,000 grids of 390 m, as many to the square kilometre as in a district
like Songjiang, crowded here and sparse there; a larger city is a wider one. Made up, the same
every time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from geo_data.city import City
from geo_data.levels import Level
from geo_data.store import Store, open_store, write_layer
from geo_data.words import Label

AT = datetime(2026, 1, 1, tzinfo=UTC)
WEST, SOUTH = 121.0, 30.8
M_LAT, M_LON = 1 / 110_900, 1 / 95_500
GRID_M = 390.0
PER_GRID = 50
TOWN = 15
"""Grids along the side of a town."""
PARTS = 8
"""Pieces of a grid's side: its border bends at each."""
PARTS_OF_WRITING = 250_000


def city_of(footprints: int) -> City:
    """Return the declaration of a city of so many footprints."""
    side = _side(footprints) * GRID_M
    return City(
        code="fp",
        name=Label(zh="测城", en="Bench city"),
        bbox=(WEST, SOUTH, WEST + side * M_LON, SOUTH + side * M_LAT),
        metric_crs="EPSG:4549",
        levels=tuple(
            Level(key=key, name=Label(zh=key, en=key)) for key in ("district", "town", "grid")
        ),
    )


def footprint_city(path: Path, footprints: int) -> Store:
    """Make the store, or open the one made before."""
    if not path.exists():
        store = open_store(path, city_of(footprints), create=True)
        write_city(store, footprints)
        return store
    return open_store(path)


def write_city(store: Store, footprints: int) -> None:
    """Write the regions and the footprints into a store, embedded or on a server."""
    regions = region_frames(footprints)
    for level, frame in regions.items():
        write_layer(store, f"regions/{level}", frame, "bench", AT)
    frame = footprint_frame(footprints)
    write_layer(store, "places/building", frame, "bench", AT)


def _side(footprints: int) -> int:
    return max(1, round((footprints / PER_GRID) ** 0.5))


def region_frames(footprints: int) -> dict[str, gpd.GeoDataFrame]:
    """Return district, towns and grids; every border is the same line for both sides."""
    side = _side(footprints)
    steps = side * PARTS + 1
    rng = np.random.default_rng(7)
    east, north = np.meshgrid(np.arange(steps), np.arange(steps), indexing="xy")
    mesh = np.stack([east, north], axis=-1).astype(float)
    # Bends inside the city only; less than half a piece, so that no border crosses itself.
    mesh[1:-1, 1:-1] += rng.uniform(-0.3, 0.3, (steps - 2, steps - 2, 2))
    mesh *= GRID_M / PARTS
    lonlat = np.stack([WEST + mesh[..., 0] * M_LON, SOUTH + mesh[..., 1] * M_LAT], axis=-1)

    def block(x: int, y: int, size: int) -> shapely.Polygon:
        low_x, low_y = x * size * PARTS, y * size * PARTS
        high_x, high_y = min(low_x + size * PARTS, steps - 1), min(low_y + size * PARTS, steps - 1)
        ring = [
            *lonlat[low_y, low_x:high_x],
            *lonlat[low_y:high_y, high_x],
            *lonlat[high_y, high_x:low_x:-1],
            *lonlat[high_y:low_y:-1, low_x],
        ]
        return shapely.Polygon(ring)

    towns = range(-(-side // TOWN))
    grids = [(x, y) for y in range(side) for x in range(side)]
    rows = {
        "district": [("fp", None, block(0, 0, side))],
        "town": [(_town(x, y), "fp", block(x, y, TOWN)) for y in towns for x in towns],
        "grid": [(_grid(x, y), _town(x // TOWN, y // TOWN), block(x, y, 1)) for x, y in grids],
    }
    return {level: _frame(found) for level, found in rows.items()}


def _town(x: int, y: int) -> str:
    return f"fp{y:03}{x:03}"


def _grid(x: int, y: int) -> str:
    return f"{_town(x // TOWN, y // TOWN)}{y % TOWN:02}{x % TOWN:02}"


def _frame(rows: list[tuple[str, str | None, shapely.Polygon]]) -> gpd.GeoDataFrame:
    codes, parents, shapes = zip(*rows, strict=True)
    columns = {"code": codes, "parent_code": parents, "name": [f"第{code}号" for code in codes]}
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4326)


def footprint_frame(footprints: int) -> gpd.GeoDataFrame:
    """Return the footprints: turned rectangles, every third with a corner cut out of it."""
    rng = np.random.default_rng(11)
    side = _side(footprints)
    # Some quarters hold ten times what others do.
    weight = rng.lognormal(0, 0.9, side * side)
    grid = np.sort(rng.choice(side * side, footprints, p=weight / weight.sum()))
    x, y = grid % side, grid // side
    middle = np.column_stack([x, y]) * GRID_M + rng.uniform(15, GRID_M - 15, (footprints, 2))
    length, width = rng.gamma(6, 3.5, footprints) + 6, rng.gamma(7, 1.4, footprints) + 5
    turn = rng.normal(0.2, 0.1, footprints)
    shapes = np.empty(footprints, dtype=object)
    notched = rng.random(footprints) < 0.35
    for chosen, corners in ((~notched, _RECTANGLE), (notched, _NOTCHED)):
        local = corners[None] * np.column_stack([length, width])[chosen, None, :]
        cos, sin = np.cos(turn[chosen])[:, None], np.sin(turn[chosen])[:, None]
        east = middle[chosen, 0, None] + local[..., 0] * cos - local[..., 1] * sin
        north = middle[chosen, 1, None] + local[..., 0] * sin + local[..., 1] * cos
        shapes[chosen] = shapely.polygons(
            np.stack([WEST + east * M_LON, SOUTH + north * M_LAT], axis=-1)
        )
    columns = {
        "code": [f"b{row:08}" for row in range(footprints)],
        "name": [f"{row % 4999 + 1}号楼" for row in range(footprints)],
        "region_code": [_grid(*at) for at in zip(x.tolist(), y.tolist(), strict=True)],
        "floors": rng.integers(1, 33, footprints),
        "use": rng.choice(["住宅", "商业", "工业", "办公"], footprints),
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


_RECTANGLE = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
_NOTCHED = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.1], [0.15, 0.1], [0.15, 0.5], [-0.5, 0.5]])
