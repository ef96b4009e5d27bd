"""The network of a district: rivers and roads first, then cut after cut down to grid cells.

A face is cut across its longer side, along the direction its own border has (so blocks of a
neighbourhood stay aligned), straight in town and crooked in the country.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from geo_data.demo.mesh import (
    Bend,
    Chord,
    Edge,
    Floats,
    Mesh,
    Ring,
    area_and_middle,
    area_of,
    chord_through,
    halves_of,
)
from geo_data.demo.plan import Plan, Raster

Size = Callable[[float], float]

_TRIES = 10
_SLIVER_M2 = 60_000.0


def first_faces(plan: Plan) -> tuple[Mesh, list[Ring]]:
    """Cut the outline along its rivers and expressways.

    Returns
    -------
    Mesh, list of rings
        Simple faces without holes that tile the outline.
    """
    drawn = [line.path for line in plan.lines]
    border = shapely.boundary(plan.outline.parts)
    holes = _hole_cuts(plan.outline.parts)
    network = shapely.union_all(np.array([*border, *drawn, *holes], dtype=object))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(network)))
    whole = shapely.union_all(plan.outline.parts)
    shapely.prepare(whole)
    faces = faces[shapely.contains(whole, shapely.point_on_surface(faces))]
    faces = _without_slivers(list(faces))
    points = shapely.get_coordinates(np.array(faces, dtype=object))
    unique, numbers = np.unique(points, axis=0, return_inverse=True)
    line = _nearest_line(unique, drawn)
    mesh = Mesh(unique, line)
    ends = np.cumsum(shapely.get_num_coordinates(np.array(faces, dtype=object)))
    rings = [part[:-1].tolist() for part in np.split(numbers, ends[:-1])]
    return mesh, rings


class Cutter:
    """Cuts faces down to size, aligned to the streets of the neighbourhood.

    Parameters
    ----------
    mesh : Mesh
        Where the faces live.
    plan : Plan
        Says what is town and what is country, and which way streets run.
    random : Generator
        Draws where and how crooked.
    """

    def __init__(self, mesh: Mesh, plan: Plan, random: np.random.Generator) -> None:
        self._mesh = mesh
        self._random = random
        self._urban = Raster(plan.urban, plan)
        self._angle = Raster(plan.angle, plan)

    def pieces(
        self, ring: Ring, size_m2: Size, variety: float = 1.0, bend: Bend | None = None
    ) -> list[Ring]:
        """Cut a face until its pieces are as small as ``size_m2`` says for how urban they are.

        ``variety`` spreads the sizes: 0 makes them alike. ``bend`` is how the cuts run, if it
        is not for the neighbourhood to say.
        """
        waiting, done = [ring], []
        while waiting:
            # Not earlier: a sibling cut in between may have put vertices on this one's edges.
            face = self._mesh.refined(waiting.pop())
            halves = self._halves(face, size_m2, variety, bend)
            if halves is None:
                done.append(face)
            else:
                waiting.extend(reversed(halves))
        return done

    def _halves(
        self, ring: Ring, size_m2: Size, variety: float, bend: Bend | None
    ) -> tuple[Ring, Ring] | None:
        xy = self._mesh.at(ring)
        area_m2, cx, cy = area_and_middle(xy)
        urban = self._urban(cx, cy)
        random = self._random
        # A small town in a large face is reason enough to cut it.
        near = max(urban, 0.9 * self._urban(cx, cy, 0.36 * math.sqrt(area_m2)))
        if area_m2 < size_m2(near) * (1.45 + variety * random.uniform(-0.5, 0.7)):
            return None
        along, across_first = _axes(xy, (cx, cy), self._angle(cx, cy), area_m2)
        bend = bend or _bend(urban, area_m2)
        turn = 0.03 + 0.07 * (1.0 - urban)
        side_m = math.sqrt(area_m2)
        for attempt in range(_TRIES):
            angle = along if across_first != (attempt % 3 == 2) else along + math.pi / 2.0
            angle += random.normal(0.0, turn + 0.12 * attempt)
            reach_m = side_m * (0.07 + 0.04 * attempt)
            through = (cx + random.normal(0.0, reach_m), cy + random.normal(0.0, reach_m))
            chord = chord_through(xy, through, angle)
            if chord is None or not _sound(xy, chord, area_m2, 0.30 - 0.02 * attempt):
                continue
            halves = self._mesh.cut(ring, xy, chord, bend, random)
            if halves is not None:
                return halves
        return None


def _sound(xy: Floats, chord: Chord, area_m2: float, least: float) -> bool:
    """Whether a straight cut gives neither a scrap nor a splinter."""
    for half in halves_of(xy, chord):
        part_m2 = area_of(half)
        around_m = float(np.hypot(half[1:, 0] - half[:-1, 0], half[1:, 1] - half[:-1, 1]).sum())
        if part_m2 < least * area_m2 or part_m2 < 0.1 * least * around_m**2:
            return False
    return True


def _bend(urban: float, area_m2: float) -> Bend:
    """Straight in town; in the country bowed, and stepped along the edges of fields."""
    country = max(0.0, 1.0 - urban * 2.2)
    side_m = math.sqrt(area_m2)
    return Bend(
        bow=0.012 + 0.03 * country,
        rough=0.002 + 0.018 * country,
        step_m=110.0 - 20.0 * country,
        jog_m=min(0.06 * side_m, 110.0) * country,
        jog_every_m=200.0 + 0.35 * side_m,
        snap_m=0.035 * side_m,
    )


def _axes(
    xy: Floats, middle: tuple[float, float], field: float, area_m2: float
) -> tuple[float, bool]:
    """Return the direction of a face, and whether it is longer across than along it."""
    ex, ey = xy[1:, 0] - xy[:-1, 0], xy[1:, 1] - xy[:-1, 1]
    # Four times the angle makes the four sides of a block agree; a large face has the ragged
    # border of the district, so it listens to the street field instead.
    edge = ex + 1j * ey
    length = np.abs(edge)
    own = complex((edge**4 / np.maximum(length, 1e-9) ** 3).sum() / length.sum())
    listens = min(1.0, area_m2 / 2.0e7)
    total = own * (1.0 - listens) + (0.25 + listens) * cmath.exp(4j * field)
    along = cmath.phase(total) / 4.0
    cos, sin = math.cos(along), math.sin(along)
    dx, dy = xy[:, 0] - middle[0], xy[:, 1] - middle[1]
    u = dx * cos + dy * sin
    v = dy * cos - dx * sin
    return along, bool(v.max() - v.min() > u.max() - u.min())


def _without_slivers(faces: list[shapely.Polygon]) -> list[shapely.Polygon]:
    """Give scraps between a river and the border to the neighbour they share most with."""
    faces = sorted(faces, key=lambda face: -face.area)
    limit_m2 = min(_SLIVER_M2, sum(face.area for face in faces) * 1e-3)
    while len(faces) > 1 and faces[-1].area < limit_m2:
        scrap = faces.pop()
        shared_m = [shapely.intersection(scrap, face).length for face in faces]
        best = int(np.argmax(shared_m))
        if shared_m[best] == 0.0:
            # An islet: nothing to give it to, so it stays what it is.
            return [*_without_slivers(faces), scrap]
        faces[best] = shapely.coverage_union(faces[best], scrap)
        faces.sort(key=lambda face: -face.area)
    return faces


def _hole_cuts(parts: NDArray[np.object_]) -> list[shapely.LineString]:
    """Return lines from each hole to the borders west and east of it: cut there, it is none."""
    cuts = []
    for part in parts:
        west, _, east, _ = part.bounds
        for hole in part.interiors:
            y = shapely.Polygon(hole).centroid.y
            across = shapely.LineString([(west - 1.0, y), (east + 1.0, y)])
            pieces = shapely.get_parts(shapely.intersection(across, part))
            beside = pieces[shapely.distance(pieces, hole) < 1e-3]
            # A little long, so that rounding cannot leave an end short of the border.
            cuts += [
                shapely.LineString([(x0 - 0.5, y), (x1 + 0.5, y)])
                for x0, _, x1, _ in shapely.bounds(beside)
                if x1 - x0 > 0.01
            ]
    return cuts


def _nearest_line(points: Floats, drawn: list[shapely.LineString]) -> NDArray[np.int64]:
    """Return the number of the line each point lies on, -1 for none."""
    found = np.full(len(points), -1, dtype=np.int64)
    tree = shapely.STRtree(shapely.points(points))
    for number, line in enumerate(drawn):
        path = shapely.get_coordinates(line)
        segments = shapely.linestrings(np.stack((path[:-1], path[1:]), axis=1))
        found[tree.query(segments, predicate="dwithin", distance=0.01)[1]] = number
    return found


def edges_of(ring: Ring) -> list[Edge]:
    """Return the edges of a refined ring, each with its lower vertex first."""
    return [
        (start, end) if start < end else (end, start)
        for start, end in zip(ring, [*ring[1:], ring[0]], strict=True)
    ]
