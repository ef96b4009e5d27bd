"""Cases too close to be told apart, drawn as one sign with their number in it.

A pencil can count signs that stand apart. Where mild cases lie on each other they are gathered,
so that the ink grows with their number and a grave one beside them is still seen; grave and
overdue ones are never gathered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from geo_data.records import Region
from layers.print import signs
from layers.print.map_frame import to_metres

if TYPE_CHECKING:
    from layers.print.drawn_points import Points

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
MANY_MM2 = 12.0
"""With less of a sheet of 2.7 mm type for each, the quiet ones of many signs are small."""
LEAST = 3
"""Two signs that touch are still two signs."""
_MILD = ("case-3", "case-4")
_TOUCH = 1.15
"""Signs nearer than so many of their radii lie on each other."""
_LAP = 0.95
"""Large signs whose rims touch are still two."""
_LEAST_MM, _MOST_MM, _PER_CASE_MM = 1.5, 4.5, 0.8


@dataclass(frozen=True, slots=True)
class Crowd:
    """Cases drawn as one: their rows among the points, and where the sign stands."""

    rows: tuple[int, ...]
    lon: float
    lat: float

    def __len__(self) -> int:
        return len(self.rows)

    def worst(self, kinds: Sequence[str]) -> int:
        """Return the worst severity among its cases, of whose signs ``kinds`` are the names."""
        return min(_severity(kinds[row]) for row in self.rows)


def at_scale(points: Points, region: Region, crs: str, unit_m: float) -> Points:
    """Return points as they are drawn at a scale: quiet ones small, those in a heap gathered.

    Parameters
    ----------
    points : Points
        Of any scale.
    region : Region
        That they are all in.
    crs : str
        In which distances are measured.
    unit_m : float
        Ground under a millimetre of a sheet of 2.7 mm type.
    """
    many = len(points.kinds) * MANY_MM2 > region.area_km2 * 1e6 / unit_m**2
    kinds = [signs.sized(kind, many) for kind in points.kinds]
    metres = np.column_stack(to_metres(crs).transform(*points.degrees.T))
    return replace(points, kinds=kinds, crowds=crowds(points.degrees, metres, kinds, unit_m))


def crowds(degrees: Floats, metres: Floats, kinds: Sequence[str], unit_m: float) -> list[Crowd]:
    """Return which cases are gathered on a sheet.

    Parameters
    ----------
    degrees, metres : float, shape (n, 2)
        Where the cases are.
    kinds : sequence of str
        Their signs.
    unit_m : float
        Ground under a millimetre of a sheet of 2.7 mm type.
    """
    mild = [row for row, kind in enumerate(kinds) if _is_mild(kind)]
    if len(mild) < LEAST:
        return []
    at = metres[mild] / unit_m
    reach = np.array([signs.CASE_MM[_severity(kinds[row])] for row in mild])
    groups = _settled(_touching(at, reach), at)
    found = [sorted(mild[one] for one in group) for group in groups]
    return [Crowd(tuple(rows), *degrees[rows].mean(axis=0).tolist()) for rows in found]


def crowd_mm(count: int) -> float:
    """Return half the size of the sign of so many cases: its area is their number."""
    return float(min(max(_PER_CASE_MM * sqrt(count), _LEAST_MM), _MOST_MM))


def _severity(kind: str) -> int:
    return int(kind.removeprefix("case-")[0])


def _is_mild(kind: str) -> bool:
    return kind.startswith(_MILD) and not kind.endswith("overdue")


def _touching(at: Floats, reach: Floats) -> list[list[int]]:
    """Return groups of points that lie on the first of each; every point is in one."""
    first, other = _near(at, _TOUCH * 2 * float(reach.max()))
    apart = np.hypot(*(at[first] - at[other]).T)
    touches = apart < _TOUCH * (reach[first] + reach[other])
    around: dict[int, list[int]] = {}
    for one, near in zip(first[touches].tolist(), other[touches].tolist(), strict=True):
        around.setdefault(one, []).append(near)
    taken: set[int] = set()
    found = []
    for one in range(len(at)):
        if one not in taken:
            group = [one, *(near for near in around.get(one, ()) if near not in taken)]
            taken.update(group)
            found.append(group)
    return found


def _settled(groups: list[list[int]], at: Floats) -> list[list[int]]:
    """Return the crowds among groups, joined until no sign of one lies on that of another."""
    crowded = [group for group in groups if len(group) >= LEAST]
    while len(crowded) > 1:
        middles = np.array([at[group].mean(axis=0) for group in crowded])
        sizes = np.array([crowd_mm(len(group)) for group in crowded])
        first, other = _near(middles, 2 * float(sizes.max()))
        apart = np.hypot(*(middles[first] - middles[other]).T)
        meets = apart < _LAP * (sizes[first] + sizes[other])
        if not meets.any():
            break
        crowded = _joined(crowded, first[meets].tolist(), other[meets].tolist())
    return crowded


def _joined(groups: list[list[int]], first: list[int], other: list[int]) -> list[list[int]]:
    """Return groups with each of some pairs made one, a group at most once."""
    into: dict[int, int] = {}
    for one, two in zip(first, other, strict=True):
        if one not in into and two not in into:
            into[one], into[two] = one, one
    merged: dict[int, list[int]] = {}
    for place, group in enumerate(groups):
        merged.setdefault(into.get(place, place), []).extend(group)
    return list(merged.values())


def _near(at: Floats, reach: float) -> tuple[Places, Places]:
    """Return the pairs of points at most ``reach`` apart, by the first and then the other."""
    points = shapely.points(at)
    first, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=reach)
    order = np.lexsort((other, first))
    first, other = first[order], other[order]
    return first[first != other], other[first != other]
