"""What coordinates are that nobody declared, found out from where they must lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

from geo_data.crs import (
    BD_09,
    GCJ_02,
    WGS_84,
    is_chinese_datum,
    to_wgs84,
    transform_geometries,
    wgs84_to_bd09,
    wgs84_to_gcj02,
    zone_crs,
)
from geo_data.faults import Fault, InputError

_FIT_AT_LEAST = 0.5
_ELLIPSOID = Geod(ellps="WGS84")


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
    frame: gpd.GeoDataFrame,
    reference: gpd.GeoDataFrame | gpd.GeoSeries | shapely.Geometry,
    shifts: bool = True,
) -> Detection:
    """Find out what the coordinates of a frame are, from where they must lie.

    Parameters
    ----------
    frame : GeoDataFrame
        Areas or points whose CRS nobody declared; what the frame says of itself is ignored.
    reference : GeoDataFrame, GeoSeries or Geometry
        An outline known to be WGS-84 (the district); the frame fills it or lies within it.
    shifts : bool
        Whether to try GCJ-02 and BD-09: a mere box tells nothing about half a kilometre.

    Returns
    -------
    Detection
        ``kind="unknown"`` where no reading puts half of the frame inside the outline. Readings
        that fit equally well (points far from the border) count as WGS-84 rather than shifted.
    """
    outline = _outline_of(reference)
    parts = usable(frame.geometry)
    if len(parts) == 0:
        return Detection("unknown", 0.0, 0.0, 0.0, {})
    metric = zone_crs(outline.centroid.x)
    readings = [
        _Reading(kind, crs, swapped)
        for kind, crs, swapped in _readings(parts, outline)
        if shifts or not is_chinese_datum(crs)
    ]
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


def finite(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return for each shape whether all its coordinates are numbers; a box may hide one.

    Parameters
    ----------
    shapes : array of shapely geometries, shape (n,)
    """
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    fine = np.ones(len(shapes), dtype=bool)
    fine[owner[~np.isfinite(points).all(axis=1)]] = False
    return fine


def usable(shapes: gpd.GeoSeries) -> NDArray[np.object_]:
    """Return the shapes that can be measured: there, not empty, finite; made valid."""
    parts = shapes.dropna().to_numpy()
    parts = parts[~shapely.is_empty(parts) & finite(parts)]
    made: NDArray[np.object_] = np.atleast_1d(shapely.make_valid(parts))
    return made


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
            gpd.GeoSeries(swapped(frame.geometry.to_numpy()), index=frame.index)
        )
    return to_wgs84(frame, detection.crs)


@dataclass(frozen=True, slots=True)
class _Reading:
    kind: str
    crs: str
    swapped: bool

    def of(self, parts: NDArray[np.object_]) -> NDArray[np.object_]:
        """Return the parts as they lie in WGS-84 if this reading is right."""
        parts = swapped(parts) if self.swapped else parts
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


def swapped(geometries: ArrayLike) -> NDArray[np.object_]:
    """Return geometries with x and y exchanged."""
    return transform_geometries(geometries, lambda x, y: (np.asarray(y), np.asarray(x)))
