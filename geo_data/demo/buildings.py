"""Every building of the demo city: footprint, floors, use, and the piece of land it stands on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo_data.demo import parcels as land_use
from geo_data.demo.district import District
from geo_data.demo.footprints import SHAPE_NAMES, Rows, heading, outlines, rows
from geo_data.demo.mesh import Floats
from geo_data.demo.parcels import Parcels, corridors, is_built

Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

BUILDING_USES = ("residential", "industrial", "commercial", "office", "school", "hospital")
_HAMLET_REACH_M = 520.0
_HAMLETS_M2 = 460e6
_LANE_M = 62.0
_HOUSE_M = 16.5


@dataclass(frozen=True, slots=True)
class Style:
    """How a piece of land is built over.

    Parameters
    ----------
    use : int
        Which use of land it is a style of, an index into ``parcels.USES``.
    size_m : tuple
        Width and depth of a building.
    pitch_m : tuple
        Distance of sites in a row, and of rows.
    floors : tuple
        Fewest and most.
    shapes : tuple
        Names of ``footprints.SHAPES``, one drawn per building.
    share : tuple
        How common the style is at the edge and in the middle of town.
    kept : float
        Share of sites that are built on.
    """

    use: int
    size_m: tuple[float, float]
    pitch_m: tuple[float, float]
    floors: tuple[int, int]
    shapes: tuple[str, ...]
    share: tuple[float, float]
    kept: float = 0.95


_R, _I, _C, _O = (
    land_use.RESIDENTIAL,
    land_use.INDUSTRIAL,
    land_use.COMMERCIAL,
    land_use.OFFICE,
)
STYLES = (
    Style(_R, (46.0, 11.5), (57.0, 24.0), (5, 6), ("bar", "step", "bar"), (0.30, 0.34)),
    Style(_R, (38.0, 12.5), (50.0, 31.0), (7, 11), ("step", "bar", "tee"), (0.12, 0.18)),
    Style(_R, (29.0, 15.0), (46.0, 43.0), (14, 18), ("tee", "step", "bar"), (0.06, 0.18), 0.88),
    Style(_R, (31.0, 17.0), (52.0, 58.0), (24, 33), ("tee", "aitch"), (0.02, 0.12), 0.85),
    Style(_R, (31.0, 11.0), (38.0, 22.5), (3, 4), ("bar", "step"), (0.20, 0.06)),
    Style(_R, (12.5, 11.0), (21.0, 23.0), (2, 3), ("ell", "ell-2", "bar"), (0.16, 0.03), 0.92),
    Style(_R, (19.0, 9.0), (23.0, 14.5), (2, 3), ("bar", "ell"), (0.14, 0.09), 0.9),
    Style(_I, (88.0, 46.0), (104.0, 62.0), (1, 1), ("bar", "bar", "ell"), (0.34, 0.2), 0.9),
    Style(_I, (56.0, 26.0), (69.0, 40.0), (1, 2), ("bar", "ell", "you"), (0.40, 0.3), 0.9),
    Style(_I, (50.0, 20.0), (64.0, 38.0), (3, 6), ("bar", "ell-2", "you"), (0.26, 0.5), 0.85),
    Style(_C, (62.0, 42.0), (80.0, 60.0), (2, 5), ("bar", "ell", "you"), (0.3, 0.5), 0.85),
    Style(_C, (21.0, 13.0), (25.0, 25.0), (2, 3), ("bar", "bar", "ell"), (0.7, 0.5), 0.8),
    Style(_O, (33.0, 30.0), (62.0, 62.0), (8, 24), ("bar", "ell", "tee"), (0.4, 0.8), 0.75),
    Style(_O, (48.0, 17.0), (62.0, 38.0), (4, 7), ("bar", "you", "ell"), (0.6, 0.2), 0.8),
    Style(land_use.SCHOOL, (58.0, 40.0), (74.0, 58.0), (3, 5), ("you", "ell", "bar"), (1, 1), 0.55),
    Style(land_use.HOSPITAL, (64.0, 48.0), (82.0, 66.0), (4, 14), ("aitch", "you"), (1, 1), 0.75),
    Style(land_use.VACANT, (14.0, 9.0), (40.0, 46.0), (1, 2), ("bar",), (1, 1), 0.12),
)


@dataclass(frozen=True, slots=True)
class Buildings:
    """All buildings, in the order of their grids.

    Parameters
    ----------
    footprint : ndarray of Polygon
        Metres.
    grid : ndarray of int
        The grid each stands in.
    parcel : ndarray of int
        The parcel each stands on, -1 in the country.
    use : ndarray of int
        Index into ``BUILDING_USES``.
    floors : ndarray of int
    x, y : ndarray
        Middle, in metres.
    """

    footprint: Geometries
    grid: Ints
    parcel: Ints
    use: Ints
    floors: Ints
    x: Floats
    y: Floats


def make_buildings(district: District, parcels: Parcels, seed: int) -> Buildings:
    """Build over the parcels of town and estate, and along the lanes of the country.

    Parameters
    ----------
    district, parcels
        The land.
    seed : int
        Equal seeds give equal buildings.
    """
    random = np.random.default_rng([seed, int(district.plan.outline.adcode), 4])
    town = _in_town(parcels, random)
    country = _in_country(district, random)
    joined = [np.concatenate(pair) for pair in zip(town, country, strict=True)]
    footprint, grid, parcel, use, floors, x, y = joined
    order = np.lexsort((x, -np.round(y / 60.0), parcel, grid))
    return Buildings(*(column[order] for column in (footprint, grid, parcel, use, floors, x, y)))


Columns = tuple[Geometries, Ints, Ints, Ints, Ints, Floats, Floats]


def _in_town(parcels: Parcels, random: np.random.Generator) -> Columns:
    used = np.flatnonzero(parcels.use != land_use.GREEN)
    style = _styles(parcels.use[used], parcels.urban[used], random)
    pitch = np.array([one.pitch_m for one in STYLES])[style]
    pitch = pitch * random.uniform(0.95, 1.12, pitch.shape)
    laid = rows(parcels.land[used], parcels.angle[used], pitch[:, 0], pitch[:, 1])
    kept = (
        random.uniform(size=len(laid.land)) < np.array([s.kept for s in STYLES])[style][laid.land]
    )
    land, x, y = laid.land[kept], laid.x[kept], laid.y[kept]
    how = style[land]
    size = np.array([one.size_m for one in STYLES])[how]
    # Works are of every size; a compound is built to one drawing, its end houses shorter.
    loose = np.isin(parcels.use[used][land], (_I, _C))
    width_m = size[:, 0] * np.where(
        loose, random.uniform(0.55, 1.08, len(land)), _lengths(land, random)
    )
    depth_m = size[:, 1] * np.where(loose, random.uniform(0.7, 1.1, len(land)), 1.0)
    shape = _shapes(how, random)
    drawn = outlines(shape, x, y, width_m, depth_m, parcels.angle[used][land])
    # Half a metre off the fence, which no rounding takes away.
    ground = shapely.buffer(parcels.land[used], -0.5, join_style="mitre")
    shapely.prepare(ground)
    fits = shapely.contains_properly(ground[land], drawn)
    land, how = land[fits], how[fits]
    floors = _floors(how, land, random)
    return (
        drawn[fits],
        parcels.grid[used][land],
        used[land],
        _use_of(parcels.use[used][land], random),
        floors,
        x[fits],
        y[fits],
    )


def _in_country(district: District, random: np.random.Generator) -> Columns:
    """Build rows of houses along lanes and creeks, with gaps where the fields come through."""
    grids = np.flatnonzero(~is_built(district))
    land = shapely.buffer(district.grids[grids], -7.0, join_style="mitre")
    some = ~shapely.is_empty(land)
    grids, land = grids[some], land[some]
    angle = heading(land)
    pitch = np.full(len(land), _HOUSE_M)
    lane = _LANE_M * random.uniform(0.9, 1.5, len(land))
    laid = rows(land, angle, pitch, lane, at_most_m=_HAMLET_REACH_M)
    used_m2 = np.minimum(shapely.area(land), (2.0 * _HAMLET_REACH_M) ** 2).sum()
    settled = _settled(laid, district, grids, min(1.0, _HAMLETS_M2 / used_m2), random)
    own, along, row = laid.land[settled], laid.along[settled], laid.row[settled]
    # Two houses deep: one each side of the lane, which sways as the creek beside it does.
    side = random.integers(0, 2, len(own)) * 2 - 1
    phase = random.uniform(0.0, 6.28, len(land))[own] + row * 1.7
    sway_m = 9.0 * np.sin(along / 130.0 + phase) + side * 12.5
    turn = angle[own] + 0.07 * np.cos(along / 130.0 + phase) + random.normal(0.0, 0.02, len(own))
    x = laid.x[settled] - sway_m * np.sin(angle[own])
    y = laid.y[settled] + sway_m * np.cos(angle[own])
    works = random.uniform(size=len(own)) < 0.012
    # A workshop is deep, not wide: the next house on the lane is 16 m on.
    width_m = random.uniform(8.5, 13.0, len(own))
    depth_m = random.uniform(8.5, 11.5, len(own)) * np.where(works, 1.8, 1.0)
    shape = np.where(random.uniform(size=len(own)) < 0.3, SHAPE_NAMES.index("ell"), 0)
    drawn = outlines(shape, x, y, width_m, depth_m, turn)
    shapely.prepare(land)
    fits = shapely.contains_properly(land[own], drawn) & _dry(drawn, district)
    own = own[fits]
    return (
        drawn[fits],
        grids[own],
        np.full(len(own), -1, dtype=np.int64),
        np.where(works[fits], 1, 0),
        np.where(works[fits], 1, random.choice([1, 2, 2, 3, 3], len(own))),
        x[fits],
        y[fits],
    )


def _settled(
    laid: Rows, district: District, grids: Ints, share: float, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Which sites along the lanes have a house: runs of them, more where the land is dense."""
    plan = district.plan
    near = plan.noise(laid.x, laid.y, 1500.0)
    run = np.sin(
        laid.along / 95.0 + random.uniform(0.0, 6.28, len(grids))[laid.land] + laid.row * 2.4
    )
    lanes = random.uniform(size=(len(grids), 64))
    dense = share * (0.28 + 0.11 * np.clip(near, -1.0, 1.0))
    taken = lanes[laid.land, laid.row % 64] < dense
    built: NDArray[np.bool_] = taken & (run > -0.25)
    return built & (random.uniform(size=len(run)) < 0.9)


def _dry(drawn: Geometries, district: District) -> NDArray[np.bool_]:
    dry = np.ones(len(drawn), dtype=bool)
    if district.plan.lines:
        tree = shapely.STRtree(drawn)
        dry[tree.query(corridors(district.plan, 10.0), predicate="intersects")[1]] = False
    return dry


def _styles(use: Ints, urban: Floats, random: np.random.Generator) -> Ints:
    town = np.clip((urban - 0.3) / 0.55, 0.0, 1.0)[:, None]
    edge, middle = np.array([one.share for one in STYLES]).T
    shares = (1.0 - town) * edge + town * middle
    shares = shares * (np.array([one.use for one in STYLES]) == use[:, None])
    shares /= shares.sum(axis=1, keepdims=True)
    drawn = random.uniform(size=(len(use), 1))
    style: Ints = (drawn > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
    return style


def _lengths(land: Ints, random: np.random.Generator) -> Floats:
    shares: Floats = random.choice([1.0, 1.0, 1.0, 0.72, 0.86, 1.0], len(land))
    return shares


def _shapes(style: Ints, random: np.random.Generator) -> Ints:
    known = [[SHAPE_NAMES.index(name) for name in one.shapes] for one in STYLES]
    widest = max(map(len, known))
    table = np.array([(own * widest)[: widest * len(own)][:widest] for own in known])
    lengths = np.array([len(own) for own in known])
    drawn: Ints = table[style, (random.uniform(size=len(style)) * lengths[style]).astype(np.int64)]
    return drawn


def _floors(style: Ints, land: Ints, random: np.random.Generator) -> Ints:
    """Draw floors: a compound has a height of its own, its buildings differ by little."""
    low, high = np.array([one.floors for one in STYLES]).T
    own = random.uniform(size=int(land.max(initial=0)) + 1)[land]
    share = np.clip(own + random.normal(0.0, 0.16, len(land)), 0.0, 1.0)
    floors: Ints = np.round(low[style] + share * (high - low)[style]).astype(np.int64)
    return floors


def _use_of(land: Ints, random: np.random.Generator) -> Ints:
    use = np.where(land < len(BUILDING_USES), land, 1)
    corner = random.uniform(size=len(land))
    use[(land == _R) & (corner < 0.03)] = _C
    use[(land == _I) & (corner < 0.09)] = _O
    return use
