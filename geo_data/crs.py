"""Datums and coordinate systems: everything that comes in becomes WGS-84 ``lon, lat``.

Chinese web maps carry GCJ-02 or BD-09 and never say so; cadastral files carry CGCS2000 with or
without a zone prefix. The formulas of GCJ-02 and BD-09 were never published; the ones here are
the well-known reconstruction (the Krasovsky 1940 ellipsoid and a sum of sines), which agrees
with map services to well under a metre. CGCS2000 and WGS-84 differ by centimetres and are
taken as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Geod
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
_FIT_AT_LEAST = 0.5
_ELLIPSOID = Geod(ellps="WGS84")


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


@dataclass(frozen=True, slots=True)
class Detection:
    """What coordinates of an undeclared datum turn out to be.

    Parameters
    ----------
    kind : str
        ``"wgs-84"``, ``"gcj-02"``, ``"bd-09"``, ``"swapped"`` (latitude before longitude),
        ``"web-mercator"``, ``"zone-prefixed"``, ``"projected"`` (metres without a prefix) or
        ``"unknown"``.
    offset_m, east_m, north_m : float
        How far the coordinates as read lie from where they belong, at the middle of the known
        outline; 0 where the order or the projection is wrong, not the datum.
    evidence : dict of str to float
        How well each reading tried fits the known outline, 0 to 1: intersection over union
        where the frame covers the outline, else the share of the frame inside it.
    crs : str or None
        What to give :func:`to_wgs84`; ``None`` for ``"unknown"``.
    swapped : bool
        Whether x and y must be exchanged first.
    """

    kind: str
    offset_m: float
    east_m: float
    north_m: float
    evidence: dict[str, float]
    crs: str | None = None
    swapped: bool = False


def detect_datum(
    frame: gpd.GeoDataFrame, reference: gpd.GeoDataFrame | gpd.GeoSeries | shapely.Geometry
) -> Detection:
    """Find out what the coordinates of a frame are, from where they must lie.

    Parameters
    ----------
    frame : GeoDataFrame
        Areas or points whose CRS nobody declared; what the frame says of itself is ignored.
    reference : GeoDataFrame, GeoSeries or Geometry
        An outline known to be WGS-84 (the district); the frame fills it or lies within it.

    Returns
    -------
    Detection
        ``kind="unknown"`` where no reading puts half of the frame inside the outline. Readings
        that fit equally well (points far from the border) count as WGS-84 rather than shifted.
    """
    outline = _outline_of(reference)
    parts = shapely.make_valid(frame.geometry.dropna().to_numpy())
    parts = parts[~shapely.is_empty(parts)]
    if len(parts) == 0:
        return Detection("unknown", 0.0, 0.0, 0.0, {})
    metric = zone_crs(outline.centroid.x)
    readings = [_Reading(kind, crs, swapped) for kind, crs, swapped in _readings(parts, outline)]
    fits = _fits([reading.of(parts) for reading in readings], outline, metric)
    evidence: dict[str, float] = {}
    for reading, fit in zip(readings, fits, strict=True):
        evidence[reading.kind] = max(fit, evidence.get(reading.kind, 0.0))
    # The first of the best wins, and the list starts with what needs no change.
    best = max(range(len(fits)), key=lambda index: round(fits[index], 3), default=None)
    if best is None or fits[best] < _FIT_AT_LEAST:
        return Detection("unknown", 0.0, 0.0, 0.0, evidence)
    found = readings[best]
    east_m, north_m = _shift_m(found.crs, outline.centroid)
    shift_m = float(np.hypot(east_m, north_m))
    return Detection(found.kind, shift_m, east_m, north_m, evidence, found.crs, found.swapped)


def corrected(frame: gpd.GeoDataFrame, detection: Detection) -> gpd.GeoDataFrame:
    """Bring a frame to WGS-84 as :func:`detect_datum` found.

    Raises
    ------
    InputError
        ``no-crs``: nothing was found.
    """
    if detection.crs is None:
        raise InputError(Fault("no-crs", field="crs"))
    if detection.swapped:
        frame = frame.set_geometry(
            gpd.GeoSeries(_swapped(frame.geometry.to_numpy()), index=frame.index)
        )
    return to_wgs84(frame, detection.crs)


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


@dataclass(frozen=True, slots=True)
class _Reading:
    kind: str
    crs: str
    swapped: bool

    def of(self, parts: NDArray[np.object_]) -> NDArray[np.object_]:
        """Return the parts as they lie in WGS-84 if this reading is right."""
        parts = _swapped(parts) if self.swapped else parts
        frame = gpd.GeoDataFrame(geometry=parts)
        moved: NDArray[np.object_] = to_wgs84(frame, self.crs).geometry.to_numpy()
        return moved


def _readings(
    parts: NDArray[np.object_], outline: shapely.Geometry
) -> Iterator[tuple[str, str, bool]]:
    """List what the numbers can be at all, likeliest first."""
    west, south, east, north = (float(value) for value in shapely.total_bounds(parts))
    if max(abs(west), abs(east), abs(south), abs(north)) <= 180.0:
        if max(abs(south), abs(north)) <= 90.0:
            yield from (("wgs-84", WGS_84, False), ("gcj-02", GCJ_02, False))
            yield ("bd-09", BD_09, False)
        if max(abs(west), abs(east)) <= 90.0:
            yield from (("swapped", WGS_84, True), ("swapped", GCJ_02, True))
            yield ("swapped", BD_09, True)
        return
    yield ("web-mercator", "EPSG:3857", False)
    for swapped, easting in ((False, west), (True, south)):
        zone = int(easting // 1_000_000)
        if 25 <= zone <= 45:
            yield ("zone-prefixed", f"EPSG:{4513 + zone - 25}", swapped)
        elif 13 <= zone <= 23:
            yield ("zone-prefixed", f"EPSG:{4491 + zone - 13}", swapped)
        elif 0 <= zone < 1:
            yield ("projected", zone_crs(outline.centroid.x), swapped)


def _fits(
    candidates: list[NDArray[np.object_]], outline: shapely.Geometry, metric: str
) -> list[float]:
    """Score each candidate: by overlap where one covers the outline, else by the share inside."""
    target = _measured(np.array([outline], dtype=object), metric)[0]
    shapely.prepare(target)
    scores = []
    for candidate in candidates:
        if not np.isfinite(shapely.total_bounds(candidate)).all():
            scores.append((0.0, 0.0))
            continue
        if not shapely.box(*shapely.total_bounds(candidate)).intersects(outline):
            scores.append((0.0, 0.0))
            continue
        scores.append(_overlap_and_share(_measured(candidate, metric), target))
    covering = any(overlap >= _FIT_AT_LEAST for overlap, _ in scores)
    return [overlap if covering else share for overlap, share in scores]


def _overlap_and_share(parts: NDArray[np.object_], target: shapely.Geometry) -> tuple[float, float]:
    areal = shapely.get_dimensions(parts) == 2
    if not areal.any():
        return 0.0, float(np.mean(shapely.covers(target, parts)))
    whole = shapely.union_all(parts[areal])
    shared_m2 = float(shapely.intersection(whole, target).area)
    return shared_m2 / (whole.area + target.area - shared_m2), shared_m2 / whole.area


def _measured(parts: NDArray[np.object_], metric: str) -> NDArray[np.object_]:
    in_metres: NDArray[np.object_] = gpd.GeoSeries(parts, crs=WGS_84).to_crs(metric).to_numpy()
    return in_metres


def _outline_of(reference: gpd.GeoDataFrame | gpd.GeoSeries | shapely.Geometry) -> shapely.Geometry:
    if isinstance(reference, shapely.Geometry):
        return reference
    return shapely.union_all(reference.geometry.dropna().to_numpy())


def _shift_m(crs: str, at: shapely.Point) -> tuple[float, float]:
    forward = {GCJ_02: wgs84_to_gcj02, BD_09: wgs84_to_bd09}.get(crs)
    if forward is None:
        return 0.0, 0.0
    x, y = forward(at.x, at.y)
    _, _, east_m = _ELLIPSOID.inv(at.x, at.y, float(x), at.y)
    _, _, north_m = _ELLIPSOID.inv(at.x, at.y, at.x, float(y))
    return float(np.copysign(east_m, x - at.x)), float(np.copysign(north_m, y - at.y))


def _swapped(geometries: ArrayLike) -> NDArray[np.object_]:
    return transform_geometries(geometries, lambda x, y: (np.asarray(y), np.asarray(x)))
