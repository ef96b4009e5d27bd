"""Datums and coordinate systems: everything that comes in becomes WGS-84 ``lon, lat``.

Chinese web maps carry GCJ-02 or BD-09 and never say so; cadastral files carry CGCS2000 with or
without a zone prefix. The formulas of GCJ-02 and BD-09 were never published; the ones here are
the well-known reconstruction (the Krasovsky 1940 ellipsoid and a sum of sines), which agrees
with map services to well under a metre. CGCS2000 and WGS-84 differ by centimetres and are
taken as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo_data.faults import Fault, InputError, nearest

GCJ_02 = "GCJ-02"
BD_09 = "BD-09"
WGS_84 = "EPSG:4326"

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]
Transform = Callable[[ArrayLike, ArrayLike], Pair]

_AXIS_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_BAIDU_STEP = np.pi * 3000.0 / 180.0
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)
_EXACT_DEG = 1e-12
_ROUNDS = 20


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift true positions as Chinese web maps do.

    Parameters
    ----------
    lon, lat : array_like
        WGS-84 degrees, any shape, both alike. Positions outside the box of China are returned
        as they are, which is what the services do.

    Returns
    -------
    lon, lat : ndarray
        GCJ-02 degrees.
    """
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    east_m, north_m = _gcj02_terms(x - 105.0, y - 35.0)
    phi = np.radians(y)
    flat = 1.0 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_2) / flat**1.5
    parallel_m = _AXIS_M / np.sqrt(flat) * np.cos(phi)
    west, south, east, north = _CHINA
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    # The pole has no parallel: positions outside are kept, so their quotient is never used.
    parallel_m = np.where(inside, parallel_m, 1.0)
    return (
        np.where(inside, x + np.degrees(east_m / parallel_m), x),
        np.where(inside, y + np.degrees(north_m / meridian_m), y),
    )


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo :func:`wgs84_to_gcj02`, exact to better than 1e-9 degrees (0.1 mm)."""
    return _inverse(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift GCJ-02 degrees to BD-09 degrees."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BAIDU_STEP)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BAIDU_STEP)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo :func:`gcj02_to_bd09`, exact to better than 1e-9 degrees.

    The closed form in circulation is off by up to a metre; this one iterates.
    """
    return _inverse(gcj02_to_bd09, lon, lat)


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift true positions to BD-09."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo :func:`wgs84_to_bd09`."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def to_wgs84(frame: gpd.GeoDataFrame, crs: str | int | CRS | None = None) -> gpd.GeoDataFrame:
    """Bring a frame to WGS-84.

    Parameters
    ----------
    frame : GeoDataFrame
        Any geometries; missing and empty ones are kept as they are.
    crs : str, int or CRS, optional
        What the coordinates are: an EPSG code, WKT or PROJ text, ``"GCJ-02"`` or ``"BD-09"``.
        Wins over what the frame says of itself.

    Returns
    -------
    GeoDataFrame
        A new frame in EPSG:4326.

    Raises
    ------
    InputError
        The CRS is not known (``unknown-crs``), or nobody said which one it is (``no-crs``).
    """
    undo = _undo_of(crs)
    if undo is not None:
        moved = transform_geometries(frame.geometry.to_numpy(), undo)
        return frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=WGS_84))
    known = frame.crs if crs is None else read_crs(crs)
    if known is None:
        raise InputError(Fault("no-crs", field="crs"))
    known = CRS.from_user_input(known)
    if _is_cgcs2000(known):
        # Through its own geographic system, then renamed: no operation that a newer PROJ
        # data base might choose differently can come between.
        known_degrees = known.geodetic_crs or known
        degrees = frame.set_crs(known, allow_override=True).to_crs(known_degrees)
        return degrees.set_crs(WGS_84, allow_override=True)
    return frame.set_crs(known, allow_override=True).to_crs(WGS_84)


def transform_geometries(geometries: ArrayLike, transform: Transform) -> NDArray[np.object_]:
    """Apply a function of ``lon, lat`` arrays to every vertex of an array of geometries."""

    def both(points: Floats) -> Floats:
        return np.column_stack(transform(points[:, 0], points[:, 1]))

    moved: NDArray[np.object_] = np.atleast_1d(
        shapely.transform(np.asarray(geometries, dtype=object), both)
    )
    return moved


def read_crs(crs: str | int | CRS) -> CRS:
    """Return the CRS a person wrote down.

    Raises
    ------
    InputError
        ``unknown-crs``, naming the nearest one that is often meant.
    """
    text = f"EPSG:{crs}" if str(crs).strip().isdigit() else crs
    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        often = (GCJ_02, BD_09, "EPSG:4326", "EPSG:4490", "EPSG:4549", "EPSG:4528", "EPSG:3857")
        values: dict[str, object] = {"crs": crs, "nearest": nearest(str(crs).upper(), often)}
        raise InputError(Fault("unknown-crs", field="crs", values=values)) from error


def zone_crs(lon: float) -> str:
    """Return the CGCS2000 3-degree Gauss-Kruger zone (no prefix) a longitude lies in.

    >>> zone_crs(121.2), zone_crs(116.4)
    ('EPSG:4549', 'EPSG:4548')
    """
    meridian = round(lon / 3.0) * 3
    return f"EPSG:{4534 + (min(max(meridian, 75), 135) - 75) // 3}"


def is_chinese_datum(crs: str | int | CRS | None) -> bool:
    """Whether it names one of the two datums that no CRS library knows."""
    return _undo_of(crs) is not None


def _undo_of(crs: str | int | CRS | None) -> Transform | None:
    """Return the way back for the two datums that no CRS library knows."""
    if not isinstance(crs, str):
        return None
    name = re.sub(r"[^A-Z0-9]", "", crs.upper())
    return {
        "GCJ02": gcj02_to_wgs84,
        "BD09": bd09_to_wgs84,
        "BD09LL": bd09_to_wgs84,
    }.get(name)


def _is_cgcs2000(crs: CRS) -> bool:
    datum = crs.datum.name if crs.datum else ""
    return "China 2000" in datum or "CGCS2000" in datum or "China_2000" in datum


def _gcj02_terms(x: Floats, y: Floats) -> Pair:
    """Return how far east and north, in metres, a position ``(x, y)`` from 105E 35N is moved."""
    root = np.sqrt(np.abs(x))
    ripple = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east_m += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east_m += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north_m += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north_m += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    return east_m, north_m


def _inverse(forward: Transform, lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Find where ``forward`` leads here from, by fixed point: each round gains 2-3 digits."""
    there_x, there_y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    x, y = there_x.copy(), there_y.copy()
    for _ in range(_ROUNDS):
        seen_x, seen_y = forward(x, y)
        miss_x, miss_y = there_x - seen_x, there_y - seen_y
        x, y = x + miss_x, y + miss_y
        worst = max(np.max(np.abs(miss_x), initial=0.0), np.max(np.abs(miss_y), initial=0.0))
        if not worst > _EXACT_DEG:
            break
    return x, y
