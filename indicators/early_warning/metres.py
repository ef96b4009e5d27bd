"""Degrees to metres of the city and back: distances are measured in its own projection."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]


@cache
def _ways(crs: str) -> tuple[Any, Any]:
    # Not at the head: who asks for nothing of this does not load PROJ's data base.
    from pyproj import Transformer

    return (
        Transformer.from_crs("EPSG:4326", crs, always_xy=True),
        Transformer.from_crs(crs, "EPSG:4326", always_xy=True),
    )


def to_metric(shapes: Geometries, crs: str) -> Geometries:
    """Return geometries in EPSG:4326 as geometries in the city's metric CRS."""
    return _moved(shapes, _ways(crs)[0])


def to_degrees(shapes: Geometries, crs: str) -> Geometries:
    """Return geometries in the city's metric CRS as geometries in EPSG:4326."""
    return _moved(shapes, _ways(crs)[1])


def to_degree(shape: shapely.Geometry, crs: str) -> Any:
    """Do what :func:`to_degrees` does for one geometry."""
    return _moved(shape, _ways(crs)[1])


def metric_points(lon: Floats, lat: Floats, crs: str) -> Floats:
    """Return positions in metres, shape (n, 2)."""
    return np.column_stack(_ways(crs)[0].transform(lon, lat))


def _moved(shapes: Geometries, way: Any) -> Geometries:
    moved: Geometries = shapely.transform(
        shapes, lambda xy: np.column_stack(way.transform(xy[:, 0], xy[:, 1]))
    )
    return moved
