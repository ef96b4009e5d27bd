"""Outlines of buildings: shapes, sizes, and rows of them in a piece of land."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo_data.demo.mesh import Floats

Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

# Corners in shares of width and depth around the middle, counter-clockwise.
SHAPES: dict[str, list[tuple[float, float]]] = {
    "bar": [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)],
    "step": [
        *((-0.5, -0.5), (0.02, -0.5), (0.02, -0.3), (0.5, -0.3)),
        *((0.5, 0.5), (-0.02, 0.5), (-0.02, 0.3), (-0.5, 0.3)),
    ],
    "ell": [(-0.5, -0.5), (0.5, -0.5), (0.5, -0.08), (-0.1, -0.08), (-0.1, 0.5), (-0.5, 0.5)],
    "ell-2": [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (0.12, 0.5), (0.12, -0.1), (-0.5, -0.1)],
    "you": [
        *((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (0.22, 0.5)),
        *((0.22, -0.16), (-0.22, -0.16), (-0.22, 0.5), (-0.5, 0.5)),
    ],
    "tee": [
        *((-0.5, 0.05), (-0.18, 0.05), (-0.18, -0.5), (0.18, -0.5)),
        *((0.18, 0.05), (0.5, 0.05), (0.5, 0.5), (-0.5, 0.5)),
    ],
    "aitch": [
        *((-0.5, -0.5), (-0.2, -0.5), (-0.2, -0.16), (0.2, -0.16), (0.2, -0.5), (0.5, -0.5)),
        *((0.5, 0.5), (0.2, 0.5), (0.2, 0.16), (-0.2, 0.16), (-0.2, 0.5), (-0.5, 0.5)),
    ],
}
SHAPE_NAMES = tuple(SHAPES)


@dataclass(frozen=True, slots=True)
class Rows:
    """Sites for buildings, in rows along a piece of land.

    Parameters
    ----------
    land : ndarray of int
        Number of the piece of land.
    x, y : ndarray
        Middle of the site in metres.
    along, row : ndarray
        Metres along the row, number of the row.
    """

    land: Ints
    x: Floats
    y: Floats
    along: Floats
    row: Ints


def heading(polygons: Geometries) -> Floats:
    """Direction of each piece of land: of its sides, the one nearest to east-west.

    Returns
    -------
    ndarray
        Radians, -pi/4 to pi/4: rows along it face south, as houses do here.
    """
    points, owner = shapely.get_coordinates(polygons, return_index=True)
    edge = np.diff(points[:, 0] + 1j * points[:, 1])
    edge[owner[1:] != owner[:-1]] = 0.0
    power = edge**4 / np.maximum(np.abs(edge), 1e-9) ** 3
    real = np.bincount(owner[:-1], weights=power.real, minlength=len(polygons))
    imag = np.bincount(owner[:-1], weights=power.imag, minlength=len(polygons))
    turned: Floats = np.arctan2(imag, real) / 4.0
    return turned


def rows(
    polygons: Geometries,
    angle: Floats,
    pitch_m: Floats,
    row_m: Floats,
    at_most_m: float = np.inf,
) -> Rows:
    """Lay rows of sites over pieces of land.

    Parameters
    ----------
    polygons, angle : ndarray
        The land and the direction of its rows.
    pitch_m, row_m : ndarray
        Per piece: distance of sites in a row, and of rows.
    at_most_m : float
        How far from its middle a piece is used at all.
    """
    points, owner = shapely.get_coordinates(polygons, return_index=True)
    middle = shapely.get_coordinates(shapely.point_on_surface(polygons))
    cos, sin = np.cos(angle), np.sin(angle)
    dx, dy = (points - middle[owner]).T
    u = dx * cos[owner] + dy * sin[owner]
    v = dy * cos[owner] - dx * sin[owner]
    starts = np.searchsorted(owner, np.arange(len(polygons)))
    low_u, high_u = np.minimum.reduceat(u, starts), np.maximum.reduceat(u, starts)
    low_v, high_v = np.minimum.reduceat(v, starts), np.maximum.reduceat(v, starts)
    low_u, high_u = np.maximum(low_u, -at_most_m), np.minimum(high_u, at_most_m)
    low_v, high_v = np.maximum(low_v, -at_most_m), np.minimum(high_v, at_most_m)
    columns = np.maximum(((high_u - low_u) / pitch_m).astype(np.int64), 1)
    lines = np.maximum(((high_v - low_v) / row_m).astype(np.int64), 1)
    count = columns * lines
    land = np.repeat(np.arange(len(polygons)), count)
    number = np.arange(len(land)) - np.repeat(np.cumsum(count) - count, count)
    column, row = number % columns[land], number // columns[land]
    at_u = (low_u + high_u)[land] / 2.0 + (column - (columns[land] - 1) / 2.0) * pitch_m[land]
    at_v = (low_v + high_v)[land] / 2.0 + (row - (lines[land] - 1) / 2.0) * row_m[land]
    x = middle[land, 0] + at_u * cos[land] - at_v * sin[land]
    y = middle[land, 1] + at_u * sin[land] + at_v * cos[land]
    return Rows(land, x, y, at_u, row)


def outlines(
    shape: Ints, x: Floats, y: Floats, width_m: Floats, depth_m: Floats, angle: Floats
) -> Geometries:
    """Draw buildings.

    Parameters
    ----------
    shape : ndarray of int
        Index into ``SHAPE_NAMES``.
    x, y, width_m, depth_m, angle : ndarray
        Middle, size and direction of each.

    Returns
    -------
    ndarray of Polygon
    """
    drawn = np.empty(len(shape), dtype=object)
    cos, sin = np.cos(angle), np.sin(angle)
    for number, name in enumerate(SHAPE_NAMES):
        own = np.flatnonzero(shape == number)
        corners = np.array([*SHAPES[name], SHAPES[name][0]])
        u = width_m[own, None] * corners[:, 0]
        v = depth_m[own, None] * corners[:, 1]
        px = x[own, None] + u * cos[own, None] - v * sin[own, None]
        py = y[own, None] + u * sin[own, None] + v * cos[own, None]
        drawn[own] = shapely.polygons(np.stack((px, py), axis=-1))
    return drawn
