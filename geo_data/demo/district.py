"""The drill chain of the demo city: towns, villages, grids, in metres, tiling to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo_data.demo.blocks import Cutter, Size, first_faces
from geo_data.demo.mesh import Floats, Mesh, Ring, area_and_middle
from geo_data.demo.names import Namer
from geo_data.demo.plan import Plan
from geo_data.demo.towns import grow_towns, join_blocks, merge_villages

Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

_URBAN_PIECE_M2, _URBAN_GRID_M2 = 0.24e6, 0.066e6
_PIECES, _VILLAGES, _GRIDS = 560, 396, 1_800
_URBAN_FROM = 0.24
_SAMPLES = 120


@dataclass(frozen=True, slots=True)
class District:
    """Regions of a district before they are coded in degrees.

    Parameters
    ----------
    plan : Plan
        What it was made from.
    grids, villages, towns : ndarray of Polygon
        In metres; children of one parent tile it.
    village_of, town_of : ndarray of int
        Parents: of each grid its village, of each village its town.
    grid_codes, village_codes : list of str
        15 and 12 digits.
    village_names, grid_names : list of str
        兰亭社区, 兰亭社区第3网格.
    urban, industrial : ndarray
        Character of each grid, 0 to 1.
    x, y : ndarray
        Middle of each grid.
    rings : list of rings
        The grids in ``mesh``, for cutting on.
    mesh : Mesh
        Holds the rings.
    cutter : Cutter
        Cuts on where the grids left off.
    """

    plan: Plan
    grids: Geometries
    villages: Geometries
    towns: Geometries
    village_of: Ints
    town_of: Ints
    grid_codes: list[str]
    village_codes: list[str]
    village_names: list[str]
    grid_names: list[str]
    urban: Floats
    industrial: Floats
    x: Floats
    y: Floats
    rings: list[Ring]
    mesh: Mesh
    cutter: Cutter


def make_district(plan: Plan, seed: int) -> District:
    """Cut a district into towns, villages and grids.

    Parameters
    ----------
    plan : Plan
        What the district is like.
    seed : int
        Equal seeds give equal districts.
    """
    random = np.random.default_rng([seed, int(plan.outline.adcode), 2])
    mesh, faces = first_faces(plan)
    cutter = Cutter(mesh, plan, random)
    share = min(1.0, plan.outline.area_m2 / 90e6)
    piece_size = _size_for(plan, _URBAN_PIECE_M2, max(round(_PIECES * share), 3 * len(plan.seats)))
    pieces = [piece for face in faces for piece in cutter.pieces(face, piece_size, 1.25)]
    blocks = join_blocks(mesh, pieces, plan)
    town = grow_towns(blocks, plan)
    wanted_m2 = np.array([piece_size(u) for u in plan.urban(blocks.x, blocks.y).tolist()])
    count = max(round(_VILLAGES * share), 2 * len(plan.seats))
    village = merge_villages(blocks, town, wanted_m2, count)
    town_of = np.zeros(int(village.max()) + 1, dtype=np.int64)
    town_of[village] = town
    grid_size = _size_for(plan, _URBAN_GRID_M2, max(round(_GRIDS * share), 2 * count))
    leaves = [cutter.pieces(piece, grid_size, 1.1) for piece in pieces]
    rings = [leaf for of_piece in leaves for leaf in of_piece]
    parent = np.repeat(village, [len(of_piece) for of_piece in leaves])
    return _coded(plan, mesh, cutter, rings, parent, town_of, random)


def _size_for(plan: Plan, urban_m2: float, count: int) -> Size:
    """Return how large a piece may be where it is how urban, so that about ``count`` come out."""
    west, south, east, north = shapely.total_bounds(plan.outline.parts)
    x, y = np.meshgrid(np.linspace(west, east, _SAMPLES), np.linspace(south, north, _SAMPLES))
    whole = shapely.multipolygons(plan.outline.parts)
    shapely.prepare(whole)
    inside = shapely.contains_xy(whole, x, y)
    urban = plan.urban(x[inside], y[inside])
    cell_m2 = plan.outline.area_m2 / max(inside.sum(), 1)

    def pieces(log_country: float, log_town: float) -> float:
        return float((cell_m2 / np.exp(log_country * (1.0 - urban) + log_town * urban)).sum())

    low, high = np.log(500.0), np.log(1e11)
    log_town = np.log(urban_m2)
    for _ in range(40):
        middle = (low + high) / 2.0
        more = pieces(middle, min(middle, log_town)) > count
        low, high = (middle, high) if more else (low, middle)
    country, town = high, min(high, float(log_town))
    return lambda u: float(np.exp(country * (1.0 - u) + town * u))


def _coded(
    plan: Plan,
    mesh: Mesh,
    cutter: Cutter,
    rings: list[Ring],
    village: Ints,
    town_of: Ints,
    random: np.random.Generator,
) -> District:
    """Measure, order, code and name: towns as planned, villages and grids from the north-west."""
    middle = np.array([area_and_middle(mesh.at(mesh.refined(ring)))[1:] for ring in rings])
    x, y = middle[:, 0], middle[:, 1]
    urban, industrial = plan.urban(x, y), plan.industrial(x, y)
    grids = mesh.polygons(rings)
    area = shapely.area(grids)
    size = np.bincount(village, weights=area)
    built = np.bincount(village, weights=area * np.maximum(urban, industrial)) / size
    vx = np.bincount(village, weights=area * x) / size
    vy = np.bincount(village, weights=area * y) / size
    street = np.array([seat.name.endswith("街道") for seat in plan.seats])
    rural = built < np.where(street[town_of], _URBAN_FROM * 0.6, _URBAN_FROM)
    order = _reading_order(vx, vy, town_of * 2 + rural, 900.0)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    village, town_of, rural = rank[village], town_of[order], rural[order]
    village_codes = _numbered(
        [plan.seats[t].code for t in town_of], town_of * 2 + rural, rural * 200
    )
    namer = Namer(random)
    village_names = [namer.village() if is_rural else namer.community() for is_rural in rural]
    inner = _reading_order(x, y, village, 350.0)
    village, rings = village[inner], [rings[index] for index in inner]
    grid_codes = _numbered([village_codes[v] for v in village], village, 0)
    return District(
        plan=plan,
        grids=grids[inner],
        villages=_dissolved(grids[inner], village),
        towns=_dissolved(grids[inner], town_of[village]),
        village_of=village,
        town_of=town_of,
        grid_codes=grid_codes,
        village_codes=village_codes,
        village_names=village_names,
        grid_names=[
            f"{village_names[v]}第{int(code[-3:])}网格"
            for v, code in zip(village.tolist(), grid_codes, strict=True)
        ],
        urban=urban[inner],
        industrial=industrial[inner],
        x=x[inner],
        y=y[inner],
        rings=rings,
        mesh=mesh,
        cutter=cutter,
    )


def _reading_order(x: Floats, y: Floats, group: Ints, row_m: float) -> Ints:
    """Order by group, then as one reads a map: rows from the north, each from the west."""
    order: Ints = np.lexsort((x, -np.round(y / row_m), group))
    return order


def _numbered(parents: list[str], group: Ints, first: Ints | int) -> list[str]:
    """Return each parent's code with a running number of three digits, in the order given."""
    base = np.broadcast_to(first, len(parents)).tolist()
    seen: dict[int, int] = {}
    codes = []
    for parent, key, start in zip(parents, np.asarray(group).tolist(), base, strict=True):
        seen[key] = seen.get(key, -1 if start else 0) + 1
        codes.append(f"{parent}{start + seen[key]:03d}")
    return codes


def _dissolved(polygons: Geometries, group: Ints) -> Geometries:
    """Unite what belongs together; neighbours keep every shared vertex."""
    order = np.argsort(group, kind="stable")
    cuts = np.flatnonzero(np.diff(group[order])) + 1
    united: Callable[[Geometries], shapely.Geometry] = shapely.coverage_union_all
    return np.array([united(part) for part in np.split(polygons[order], cuts)], dtype=object)
