"""The regions of the demo city as layers of the store: district, towns, grids, functional area."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo_data.crs import WGS_84
from geo_data.demo.buildings import Buildings
from geo_data.demo.district import District
from geo_data.demo.outline import to_degrees
from geo_data.demo.parcels import INDUSTRIAL, RESIDENTIAL, Parcels

Geometries = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Regions:
    """Frames in EPSG:4326; children tile their parent, vertex by vertex.

    Parameters
    ----------
    district, towns, grids, functional : GeoDataFrame
        Columns ``code, parent_code, kind, name, population, geometry``; ``grids`` also has
        ``village_code``.
    villages : GeoDataFrame
        Columns ``code, name, region_code`` (the town), ``population, geometry``.
    """

    district: gpd.GeoDataFrame
    towns: gpd.GeoDataFrame
    grids: gpd.GeoDataFrame
    functional: gpd.GeoDataFrame
    villages: gpd.GeoDataFrame


def make_regions(district: District, parcels: Parcels, buildings: Buildings) -> Regions:
    """Bring the regions to degrees and people them.

    Population is spread over grids by the floor area of homes; it is as made up as they are.
    """
    plan = district.plan
    grids = to_degrees(district.grids, plan.outline.metric_crs).to_numpy()
    village, town_of = district.village_of, district.town_of
    people = _people(buildings, len(grids), plan.population)
    town_codes = np.array([seat.code for seat in plan.seats], dtype=object)
    grid_town = town_codes[town_of[village]]
    village_codes = np.array(district.village_codes, dtype=object)
    grid_frame = gpd.GeoDataFrame(
        {
            "code": district.grid_codes,
            "parent_code": grid_town,
            "kind": _grid_kinds(district, parcels, buildings),
            "name": district.grid_names,
            "population": people,
            "village_code": village_codes[village],
        },
        geometry=grids,
        crs=WGS_84,
    )
    village_frame = gpd.GeoDataFrame(
        {
            "code": district.village_codes,
            "name": district.village_names,
            "region_code": town_codes[town_of],
            "population": np.bincount(village, weights=people).astype(np.int64),
        },
        geometry=united(grids, village),
        crs=WGS_84,
    )
    towns = united(grids, town_of[village])
    town_frame = gpd.GeoDataFrame(
        {
            "code": town_codes,
            "parent_code": plan.outline.adcode,
            "kind": ["subdistrict" if s.name.endswith("街道") else "town" for s in plan.seats],
            "name": [seat.name for seat in plan.seats],
            "population": np.bincount(town_of[village], weights=people).astype(np.int64),
        },
        geometry=towns,
        crs=WGS_84,
    )
    whole = gpd.GeoDataFrame(
        {
            "code": [plan.outline.adcode],
            "parent_code": [None],
            "kind": ["district"],
            "name": [plan.outline.name],
            "population": [int(people.sum())],
        },
        geometry=[shapely.coverage_union_all(towns)],
        crs=WGS_84,
    )
    return Regions(whole, town_frame, grid_frame, _functional(district, grids), village_frame)


def united(polygons: Geometries, group: NDArray[np.int64]) -> Geometries:
    """Unite polygons of a coverage by group, groups numbered from 0 without gaps."""
    order = np.argsort(group, kind="stable")
    cuts = np.flatnonzero(np.diff(group[order])) + 1
    whole = [shapely.coverage_union_all(part) for part in np.split(polygons[order], cuts)]
    return np.array(whole, dtype=object)


def _people(buildings: Buildings, grids: int, population: int) -> NDArray[np.int64]:
    home = buildings.use == RESIDENTIAL
    floor_m2 = shapely.area(buildings.footprint[home]) * buildings.floors[home]
    # A village house holds fewer people on more ground than a flat does.
    crowd = np.where(buildings.parcel[home] < 0, 0.35, 1.0)
    weight = np.bincount(buildings.grid[home], weights=floor_m2 * crowd, minlength=grids)
    people: NDArray[np.int64] = np.round(weight / max(weight.sum(), 1.0) * population).astype(
        np.int64
    )
    return people


def _grid_kinds(district: District, parcels: Parcels, buildings: Buildings) -> list[str]:
    """Say what a grid mostly is: streets of homes, an estate, shops and offices, or country."""
    count = len(district.grids)
    area_m2 = shapely.area(buildings.footprint)
    share = [
        np.bincount(buildings.grid, weights=area_m2 * (buildings.use == use), minlength=count)
        for use in range(4)
    ]
    home, works, shops = share[RESIDENTIAL], share[INDUSTRIAL], share[2] + share[3]
    rural = np.array([int(code[9:12]) >= 200 for code in district.grid_codes])
    built = np.bincount(parcels.grid, minlength=count) > 0
    kinds = np.where(home >= np.maximum(works, shops), "community", "street")
    kinds = np.where(works > np.maximum(home, shops), "park", kinds)
    return list(np.where(rural & ~(built & (kinds == "park")), "village", kinds).tolist())


def _functional(district: District, grids: Geometries) -> gpd.GeoDataFrame:
    """Unite the grids of the development zone, across the borders of towns."""
    plan = district.plan
    code, name, zones = plan.functional
    strength = plan.industry.at(district.x, district.y, only=zones)
    part = np.flatnonzero(strength > 0.48)
    if not len(part):
        part = np.array([int(np.argmax(strength))])
    area = shapely.coverage_union_all(grids[part])
    return gpd.GeoDataFrame(
        {
            "code": [code],
            "parent_code": [plan.outline.adcode],
            "kind": ["functional"],
            "name": [name],
            "population": [None],
        },
        geometry=[_filled(area)],
        crs=WGS_84,
    )


def _filled(area: shapely.Geometry) -> shapely.Geometry:
    """Fill the holes: a zone has no enclaves."""
    parts = shapely.get_parts(area)
    solid = shapely.polygons(shapely.get_exterior_ring(parts))
    return shapely.union_all(solid[shapely.area(solid) > 0.1 * shapely.area(solid).max()])
