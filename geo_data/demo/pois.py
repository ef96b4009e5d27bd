"""Points of interest: where schools, stops, cameras, teams and the rest are."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo_data.crs import WGS_84
from geo_data.demo import parcels as land_use
from geo_data.demo.addresses import Streets
from geo_data.demo.buildings import BUILDING_USES, Buildings
from geo_data.demo.district import District
from geo_data.demo.lines import Floats
from geo_data.demo.names import Namer
from geo_data.demo.outline import lon_lat
from geo_data.demo.parcels import Parcels
from geo_data.demo.sites import Sites
from geo_data.sources import Entry

Ints = NDArray[np.int64]


class PoiKind(Entry):
    """One kind of point, as ``pois.toml`` declares it."""

    kind: str
    per: int | Literal["town"]
    where: str
    name: str
    least: int = 0


@dataclass(frozen=True, slots=True)
class Spots:
    """Positions something can be put at: metres, and the grid they lie in."""

    x: Floats
    y: Floats
    grid: Ints

    def __len__(self) -> int:
        return len(self.x)

    def some(self, which: Ints) -> Spots:
        """Return the chosen ones."""
        return Spots(self.x[which], self.y[which], self.grid[which])


def spots_by_use(
    parcels: Parcels, buildings: Buildings, random: np.random.Generator
) -> dict[str, Spots]:
    """Return where things can stand: in buildings by use, beside streets, on greens and sites."""
    found = {}
    for number, use in enumerate(BUILDING_USES):
        own = np.flatnonzero((buildings.use == number) & (buildings.parcel >= 0))
        found[use] = Spots(buildings.x[own], buildings.y[own], buildings.grid[own])
    for use, number in (("green", land_use.GREEN), ("vacant", land_use.VACANT)):
        own = np.flatnonzero(parcels.use == number)
        points = shapely.get_coordinates(shapely.point_on_surface(parcels.land[own]))
        found[use] = Spots(points[:, 0], points[:, 1], parcels.grid[own])
    # A corner of a parcel is a street corner.
    corners = shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(parcels.land), 0))
    found["street"] = Spots(corners[:, 0], corners[:, 1], parcels.grid)
    country = np.flatnonzero(buildings.parcel < 0)
    country = random.permutation(country)[: max(len(country) // 40, 1)]
    found["lane"] = Spots(buildings.x[country], buildings.y[country], buildings.grid[country])
    everywhere = Spots(buildings.x, buildings.y, buildings.grid)
    return {use: spots if len(spots) else everywhere for use, spots in found.items()}


def poi_layers(
    district: District,
    parcels: Parcels,
    buildings: Buildings,
    sites: Sites,
    streets: Streets,
    random: np.random.Generator,
) -> dict[str, gpd.GeoDataFrame]:
    """Return the points of every kind, by kind; schools and hospitals stand on their sites."""
    spots = spots_by_use(parcels, buildings, random)
    namer = Namer(random)
    layers = {}
    for kind in poi_kinds():
        own, names = _drawn(kind, spots[kind.where], district, streets, namer, random)
        layers[kind.kind] = _frame(district, kind.kind, own, names, streets)
    for use, name in ((land_use.SCHOOL, "school"), (land_use.HOSPITAL, "medical")):
        own = _on_sites(parcels, sites, use)
        titles = [sites.name[at] for at in np.flatnonzero(sites.use == use)]
        codes = [sites.code[at] for at in np.flatnonzero(sites.use == use)]
        frame = _frame(district, name, own, titles, streets).assign(code=codes)
        both = [frame, layers[name]] if name in layers else [frame]
        layers[name] = gpd.GeoDataFrame(pd.concat(both, ignore_index=True), crs=WGS_84)
    if district.plan.metro:
        layers["metro"] = _metro(district, streets)
    return {kind: frame for kind, frame in layers.items() if len(frame)}


@cache
def poi_kinds() -> tuple[PoiKind, ...]:
    """Return the kinds in the order of the file."""
    text = (files("geo_data.demo") / "pois.toml").read_text(encoding="utf-8")
    return tuple(PoiKind.model_validate(entry) for entry in tomllib.loads(text)["kinds"])


def _drawn(
    kind: PoiKind,
    spots: Spots,
    district: District,
    streets: Streets,
    namer: Namer,
    random: np.random.Generator,
) -> tuple[Spots, list[str]]:
    plan = district.plan
    if kind.per == "town":
        chosen = np.array([_nearest(spots, seat.x, seat.y, random) for seat in plan.seats])
    else:
        count = min(max(plan.population // kind.per, kind.least), len(spots))
        chosen = np.sort(random.permutation(len(spots))[:count])
    own = spots.some(chosen)
    town = district.town_of[district.village_of[own.grid]]
    road, number = streets.at(own.x, own.y)
    names = [
        kind.name.format(place=place, road=street, town=plan.seats[at].name, n=house)
        for place, street, at, house in zip(
            _places(namer, kind, len(own)),
            road,
            town.tolist(),
            number.tolist() if "路口" in kind.name else range(1, len(own) + 1),
            strict=True,
        )
    ]
    return own, names


def _nearest(spots: Spots, x: float, y: float, random: np.random.Generator) -> int:
    """Return a spot near a seat, not always the very nearest: two halls are not one house."""
    near = np.argsort(np.hypot(spots.x - x, spots.y - y), kind="stable")[:6]
    return int(random.choice(near))


def _places(namer: Namer, kind: PoiKind, count: int) -> Iterator[str]:
    for _ in range(count):
        yield namer.place() if "{place}" in kind.name else ""


def _on_sites(parcels: Parcels, sites: Sites, use: int) -> Spots:
    own = sites.parcel[sites.use == use]
    points = shapely.get_coordinates(shapely.point_on_surface(parcels.land[own]))
    return Spots(points[:, 0], points[:, 1], parcels.grid[own])


def _metro(district: District, streets: Streets) -> gpd.GeoDataFrame:
    names, x, y = zip(*district.plan.metro, strict=True)
    points = shapely.points(x, y)
    tree = shapely.STRtree(district.grids)
    inside, grid = tree.query(points, predicate="intersects")
    first = np.unique(inside, return_index=True)[1]
    own = Spots(np.array(x)[inside[first]], np.array(y)[inside[first]], grid[first])
    return _frame(district, "metro", own, [names[at] for at in inside[first]], streets)


def _frame(
    district: District, kind: str, own: Spots, names: list[str], streets: Streets
) -> gpd.GeoDataFrame:
    """Return points as a layer; codes are the district's, the kind and a running number."""
    plan = district.plan
    degrees = shapely.points(*lon_lat(own.x, own.y, plan.outline.metric_crs))
    road, number = streets.at(own.x, own.y)
    return gpd.GeoDataFrame(
        {
            "code": [f"{plan.outline.adcode}-{kind}-{at:04d}" for at in range(1, len(own) + 1)],
            "name": names,
            "region_code": [district.grid_codes[at] for at in own.grid.tolist()],
            "address": [
                f"{street}{at}号" for street, at in zip(road, number.tolist(), strict=True)
            ],
        },
        geometry=degrees,
        crs=WGS_84,
    )
