"""What the land of each grid is used for: compounds, parks, shops, schools, greens, fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo_data.demo.district import District
from geo_data.demo.footprints import heading
from geo_data.demo.mesh import Bend, Floats, Ring
from geo_data.demo.plan import Plan

Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

USES = (
    "residential",
    "industrial",
    "commercial",
    "office",
    "school",
    "hospital",
    "green",
    "vacant",
)
RESIDENTIAL, INDUSTRIAL, COMMERCIAL, OFFICE, SCHOOL, HOSPITAL, GREEN, VACANT = range(len(USES))

_BUILT_FROM = 0.27
_INDUSTRIAL_FROM = 0.42
_TOWN_SHARES = np.array([0.56, 0.01, 0.13, 0.08, 0.07, 0.012, 0.09, 0.048])
_EDGE_SHARES = np.array([0.60, 0.07, 0.05, 0.02, 0.05, 0.004, 0.07, 0.136])
_ESTATE_SHARES = np.array([0.05, 0.78, 0.01, 0.03, 0.0, 0.0, 0.04, 0.09])
_STREET_M = 9.0
_BANK_M = 14.0
_SMALLEST_M2 = 2_500.0


@dataclass(frozen=True, slots=True)
class Parcels:
    """Pieces of land inside the streets around them.

    Parameters
    ----------
    land : ndarray of Polygon
        In metres, clear of streets and water.
    grid : ndarray of int
        Which grid each lies in.
    use : ndarray of int
        Index into ``USES``.
    angle : ndarray
        Direction of its rows, radians from east.
    urban : ndarray
        How built up it is, 0 to 1.
    """

    land: Geometries
    grid: Ints
    use: Ints
    angle: Floats
    urban: Floats


def make_parcels(district: District, seed: int) -> Parcels:
    """Cut what is built up into parcels and give each a use.

    Parameters
    ----------
    district : District
        Its mesh is cut further; its regions stay as they are.
    seed : int
        Equal seeds give equal parcels.
    """
    plan = district.plan
    random = np.random.default_rng([seed, int(plan.outline.adcode), 3])
    rings: list[Ring] = []
    owners: list[int] = []
    for own in np.flatnonzero(is_built(district)).tolist():
        estate = district.industrial[own] > max(_INDUSTRIAL_FROM, 0.8 * district.urban[own])
        size = _estate_size if estate else _town_size
        parts = district.cutter.pieces(district.rings[own], size, 1.3, Bend(snap_m=14.0))
        rings += parts
        owners += [own] * len(parts)
    land = district.mesh.polygons(rings) if rings else np.empty(0, dtype=object)
    land, kept = inside_streets(land, plan)
    grid = np.array(owners, dtype=np.int64)[kept]
    middle = shapely.get_coordinates(shapely.centroid(land))
    urban = plan.urban(middle[:, 0], middle[:, 1])
    industrial = plan.industrial(middle[:, 0], middle[:, 1])
    use = _uses(urban, industrial, shapely.area(land), random)
    return Parcels(land, grid, use, heading(land), urban)


def is_built(district: District) -> NDArray[np.bool_]:
    """Which grids are town or estate; the rest is country."""
    built: NDArray[np.bool_] = (district.urban > _BUILT_FROM) | (
        district.industrial > _INDUSTRIAL_FROM
    )
    return built


def inside_streets(land: Geometries, plan: Plan) -> tuple[Geometries, Ints]:
    """Draw land back from the streets around it, and from rivers and expressways.

    Returns
    -------
    ndarray of Polygon, ndarray of int
        What is left, and which pieces it is left of: scraps are dropped.
    """
    inner = shapely.buffer(land, -_STREET_M, join_style="mitre")
    if plan.outline.parts.size and plan.lines:
        bands = corridors(plan, _BANK_M)
        tree = shapely.STRtree(inner)
        number, band = tree.query(bands, predicate="intersects")[::-1]
        for at, by in zip(number.tolist(), band.tolist(), strict=True):
            inner[at] = shapely.difference(inner[at], bands[by])
    inner = _largest_part(inner)
    kept = np.flatnonzero(shapely.area(inner) > _SMALLEST_M2)
    return inner[kept], kept


def corridors(plan: Plan, beside_m: float) -> Geometries:
    """Return rivers and expressways at their width, ``beside_m`` wider on both sides."""
    return np.array(
        [
            shapely.buffer(line.path, line.width_m / 2.0 + beside_m, cap_style="flat")
            for line in plan.lines
        ],
        dtype=object,
    )


def _town_size(urban: float) -> float:
    return 74_000.0 - 42_000.0 * min(urban, 1.0)


def _estate_size(urban: float) -> float:
    return 100_000.0 - 46_000.0 * min(urban, 1.0)


def _largest_part(polygons: Geometries) -> Geometries:
    parts, owner = shapely.get_parts(polygons, return_index=True)
    order = np.lexsort((-shapely.area(parts), owner))
    first = order[np.unique(owner[order], return_index=True)[1]]
    whole = polygons.copy()
    whole[owner[first]] = parts[first]
    return whole


def _uses(urban: Floats, industrial: Floats, area_m2: Floats, random: np.random.Generator) -> Ints:
    estate = industrial > np.maximum(_INDUSTRIAL_FROM * 0.9, 0.85 * urban)
    town = np.clip((urban - 0.3) / 0.5, 0.0, 1.0)[:, None]
    shares = town * _TOWN_SHARES + (1.0 - town) * _EDGE_SHARES
    shares[estate] = _ESTATE_SHARES
    shares /= shares.sum(axis=1, keepdims=True)
    drawn = random.uniform(size=(len(urban), 1))
    use: Ints = (drawn > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
    # A large grid that is built up in the middle has fields at its edge.
    use[(urban < 0.75 * _BUILT_FROM) & (industrial < 0.75 * _INDUSTRIAL_FROM)] = VACANT
    # A hospital or a school does not fit on a scrap, and nobody builds a compound there.
    use[(area_m2 < 7_000.0) & np.isin(use, (SCHOOL, HOSPITAL))] = COMMERCIAL
    use[(area_m2 < 4_500.0) & (use == RESIDENTIAL)] = GREEN
    return use
