"""Where the sensors of the demo city are and what each is called."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo_data.crs import WGS_84
from geo_data.demo import parcels as land_use
from geo_data.demo.buildings import BUILDING_USES, Buildings
from geo_data.demo.columns import running
from geo_data.demo.district import District
from geo_data.demo.lines import Floats, Line
from geo_data.demo.outline import lon_lat
from geo_data.demo.parcels import Parcels
from geo_data.demo.pois import Spots
from geo_data.dictionaries import sensor_kinds
from geo_data.sources import Entry

Ints = NDArray[np.int64]

_COUNTED_FOR = 1_900_000
_FEWEST = 0.92
_TOWER_FLOORS = 8


class Gauge(Entry):
    """How many sensors of a kind there are, where, and what a normal day looks like to them.

    ``spells`` is how often they are in trouble, against the others: gas leaks are rarer than
    full bins.
    """

    count: int
    at: str
    level: float
    spread: float
    daily: float
    peak_hour: float
    noise: float
    low: float
    high: float
    spells: float = 1.0


@cache
def gauges() -> dict[str, Gauge]:
    """Return what ``sensors.toml`` declares, for the kinds that the dictionary knows."""
    text = (files("geo_data.demo") / "sensors.toml").read_text(encoding="utf-8")
    known = sensor_kinds()
    table = tomllib.loads(text)
    return {kind: Gauge.model_validate(entry) for kind, entry in table.items() if kind in known}


def sensor_layer(
    district: District,
    parcels: Parcels,
    buildings: Buildings,
    building_frame: gpd.GeoDataFrame,
    cameras: gpd.GeoDataFrame,
    random: np.random.Generator,
) -> gpd.GeoDataFrame:
    """Return every sensor with its kind, metric, unit, period, place and region.

    Parameters
    ----------
    building_frame, cameras : GeoDataFrame
        Layers of the store: whose codes the sensors carry.
    """
    sites = _sites(district, parcels, buildings)
    scale = max(district.plan.population / _COUNTED_FOR, _FEWEST)
    scale = min(scale, 1.0)
    frames = []
    houses = tuple(building_frame[name].to_numpy(dtype=object) for name in ("code", "name"))
    for kind, gauge in gauges().items():
        count = round(gauge.count * scale)
        if gauge.at == "camera":
            frames.append(_of_cameras(cameras, kind, count))
            continue
        spots, building = sites[gauge.at]
        some = np.sort(random.permutation(len(spots))[:count])
        frames.append(_frame(district, kind, spots.some(some), building[some], houses))
    whole = pd.concat(frames, ignore_index=True)
    whole["name"] = _names(whole)
    whole["code"] = [
        f"{district.plan.outline.adcode}S{number:05d}" for number in range(1, len(whole) + 1)
    ]
    kinds = sensor_kinds()
    for column in ("metric", "unit", "period_s"):
        whole[column] = [getattr(kinds[kind], column) for kind in whole["kind"]]
    return gpd.GeoDataFrame(whole.drop(columns="near"), geometry="geometry", crs=WGS_84)


def _sites(
    district: District, parcels: Parcels, buildings: Buildings
) -> dict[str, tuple[Spots, Ints]]:
    """Return spots and, where they are in one, the number of the building."""
    found: dict[str, tuple[Spots, Ints]] = {}
    for number, use in enumerate(BUILDING_USES):
        own = np.flatnonzero((buildings.use == number) & (buildings.parcel >= 0))
        found[use] = _in_buildings(buildings, own)
    found["tower"] = _in_buildings(buildings, np.flatnonzero(buildings.floors >= _TOWER_FLOORS))
    corners = shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(parcels.land), 2))
    street = Spots(corners[:, 0], corners[:, 1], parcels.grid)
    found["street"] = _outside(street)
    own = np.flatnonzero(parcels.use == land_use.VACANT)
    points = shapely.get_coordinates(shapely.point_on_surface(parcels.land[own]))
    found["vacant"] = _outside(Spots(points[:, 0], points[:, 1], parcels.grid[own]))
    points = shapely.get_coordinates(shapely.point_on_surface(district.grids))
    everywhere = np.arange(len(district.grids))
    found["country-too"] = _outside(Spots(points[:, 0], points[:, 1], everywhere))
    found["river"] = _outside(_along(district, "river"))
    found["underpass"] = _outside(_along(district, "road"))
    anywhere = _in_buildings(buildings, np.arange(len(buildings.x)))
    return {use: one if len(one[0]) else anywhere for use, one in found.items()}


def _in_buildings(buildings: Buildings, own: Ints) -> tuple[Spots, Ints]:
    return Spots(buildings.x[own], buildings.y[own], buildings.grid[own]), own


def _outside(spots: Spots) -> tuple[Spots, Ints]:
    return spots, np.full(len(spots), -1, dtype=np.int64)


def _along(district: District, kind: str) -> Spots:
    """Return points on the banks of rivers, or beside expressways, every few hundred metres.

    Never on the middle line itself: that is where grids meet.
    """
    own = [line for line in district.plan.lines if line.kind == kind]
    banks = [np.empty((0, 2)), *(_bank(line) for line in own)]
    points = shapely.points(np.concatenate(banks))
    inside, grid = shapely.STRtree(district.grids).query(points, predicate="within")
    at = shapely.get_coordinates(points[inside])
    return Spots(at[:, 0], at[:, 1], grid)


def _bank(line: Line) -> Floats:
    along_m = np.arange(150.0, line.path.length - 2.0, 260.0)
    at = shapely.get_coordinates(shapely.line_interpolate_point(line.path, along_m))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(line.path, along_m + 1.0)) - at
    side = np.where(np.arange(len(at)) % 2, 1.0, -1.0) * (line.width_m / 2.0 + 3.0)
    beside: Floats = at + np.column_stack((-ahead[:, 1], ahead[:, 0])) * side[:, None]
    return beside


def _frame(
    district: District,
    kind: str,
    spots: Spots,
    building: Ints,
    houses: tuple[NDArray[np.object_], ...],
) -> pd.DataFrame:
    metric = district.plan.outline.metric_crs
    lon, lat = lon_lat(spots.x, spots.y, metric)
    codes, names = houses
    in_one = building >= 0
    place = np.full(len(building), None, dtype=object)
    place[in_one] = codes[building[in_one]]
    village = district.village_of[spots.grid]
    near = np.array(district.village_names, dtype=object)[village]
    near[in_one] = names[building[in_one]]
    return pd.DataFrame(
        {
            "kind": kind,
            "near": near,
            "region_code": np.array(district.grid_codes, dtype=object)[spots.grid],
            "place_code": place,
            "geometry": shapely.points(lon, lat),
        }
    )


def _of_cameras(cameras: gpd.GeoDataFrame, kind: str, count: int) -> pd.DataFrame:
    own = cameras.iloc[:count]
    return pd.DataFrame(
        {
            "kind": kind,
            "near": own["name"].to_numpy(),
            "region_code": own["region_code"].to_numpy(),
            "place_code": own["code"].to_numpy(),
            "geometry": own.geometry.to_numpy(),
        }
    )


def _names(sensors: pd.DataFrame) -> list[str]:
    """Say where a sensor is and what it is; those of one kind at one place are numbered."""
    kinds = sensor_kinds()
    titles = [
        f"{near}{kinds[kind].name.zh}"
        for near, kind in zip(sensors["near"], sensors["kind"], strict=True)
    ]
    codes, known = pd.factorize(np.array(titles, dtype=object))
    several = np.bincount(codes, minlength=len(known))[codes] > 1
    return [
        f"{title}{number}" if many else title
        for title, number, many in zip(titles, running(codes), several, strict=True)
    ]
