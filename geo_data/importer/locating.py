"""Where the rows of every source lie: to WGS-84 by what is declared, or by what is found out.

Chinese web maps never say that they are off by half a kilometre, and a file may say anything.
So coordinates are held against the outline that is known already: the coarsest level whose
coordinate system is declared, else the one in the store, else the city's bbox. What is found
is told with its evidence, and put right only where somebody asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from geo_data.city import City
from geo_data.crs import BD_09, GCJ_02, WGS_84, is_chinese_datum, read_crs, to_wgs84
from geo_data.datums import Detection, corrected, detect_datum, finite, usable
from geo_data.faults import Fault, InputError
from geo_data.importer.reading import SourceRows
from geo_data.importer.report import Finding, Outcome
from geo_data.sources import DETECT, Source

_FULL_CIRCLE_DEG = 360.0
_SHIFTS = {"gcj-02": GCJ_02, "bd-09": BD_09}
_FIT_BETTER = 0.01
"""A datum is believed where it fits the outline by so much more than what was read."""
_FEWEST = 20
"""Fewer points than this tell nothing about half a kilometre."""
_ENOUGH = 3_000
_MOSTLY = 0.5

Rows = list[tuple[Source, SourceRows]]


def locate_all(
    city: City, rows: Rows, *, outline: shapely.Geometry | None = None, apply: bool = False
) -> Rows:
    """Bring every source to WGS-84.

    Parameters
    ----------
    city : City
        Its bbox and levels.
    rows : list of (Source, SourceRows)
        As read.
    outline : Geometry, optional
        The city as the store knows it, in EPSG:4326.
    apply : bool
        Put right what is found out, not only where the city file says ``crs = "detect"``.

    Returns
    -------
    list of (Source, SourceRows)
        Frames in EPSG:4326; what was found out is among the findings.

    Raises
    ------
    InputError
        Sources whose coordinates cannot be used as they are: all of them at once.
    """
    known = _Known(city, outline)
    for source, read in rows:
        if source.layer == "regions" and source.level in city.level_keys:
            known.learn(source, read)
    located, faults = [], []
    for source, read in rows:
        try:
            frame, findings = _located(source, read, known, apply)
        except InputError as error:
            faults += [replace(each, file=each.file or source.origin) for each in error.faults]
            continue
        told = (replace(each, fault=replace(each.fault, file=source.origin)) for each in findings)
        found = replace(read, frame=frame, findings=(*read.findings, *told), crs=WGS_84)
        located.append((source, found))
    if faults:
        raise InputError(*faults)
    return located


@dataclass(slots=True)
class _Known:
    """What is known of where the city lies."""

    city: City
    outline: shapely.Geometry | None
    levels: dict[str, shapely.Geometry] = field(default_factory=dict)

    def learn(self, source: Source, read: SourceRows) -> None:
        """Take the outline of a level whose coordinates are declared and lie in the bbox."""
        if read.crs is None or _is_asked(read) or _has_metres(read):
            return
        try:
            frame = to_wgs84(read.frame, read.crs)
        except InputError:
            return
        if _share_in(frame, self.city) < _MOSTLY or source.level is None:
            return
        shapes = usable(frame.geometry)
        shapes = shapes[shapely.get_dimensions(shapes) == 2]
        before = self.levels.get(source.level, shapely.MultiPolygon())
        self.levels[source.level] = shapely.union_all([before, *shapes])

    def beside(self, source: Source) -> tuple[shapely.Geometry, bool]:
        """Return what to hold a source against, and whether it is more than the bbox."""
        for key in self.city.level_keys:
            if key != source.level and key in self.levels:
                return self.levels[key], True
        if self.outline is not None:
            return self.outline, True
        return shapely.box(*self.city.bbox), False


def _located(
    source: Source, read: SourceRows, known: _Known, apply: bool
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    frame = read.frame
    if frame.geometry.isna().all() and source.without_location == "parent":
        return frame.set_crs(WGS_84, allow_override=True), []
    if _is_asked(read):
        found = _detect(source, frame, known)
        if found.crs is None:
            raise InputError(Fault("not-detected", field="crs", values=_fits(found)))
        return corrected(frame, found), [_told(found, known.beside(source)[1])]
    if read.crs is None:
        return _undeclared(source, frame, known, apply)
    if _has_metres(read):
        return _misnamed(source, read, known, apply)
    return _checked(source, read, known, apply)


def _undeclared(
    source: Source, frame: gpd.GeoDataFrame, known: _Known, apply: bool
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    found = _detect(source, frame, known)
    if found.crs is None:
        raise InputError(Fault("no-crs", field="crs"))
    if not apply:
        raise InputError(Fault("undeclared-looks", field="crs", values=_values(found)))
    return corrected(frame, found), [_told(found, known.beside(source)[1])]


def _misnamed(
    source: Source, read: SourceRows, known: _Known, apply: bool
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Handle metres that somebody calls degrees."""
    found = _detect(source, read.frame, known)
    if found.crs is not None and apply and source.crs is None:
        return corrected(read.frame, found), [_told(found, known.beside(source)[1])]
    numbers = np.abs(shapely.get_coordinates(read.frame.geometry.to_numpy()))
    reach = numbers[np.isfinite(numbers)].max(initial=0.0)
    name = read_crs(read.crs).name if read.crs is not None else ""
    looks = found.crs or "EPSG:3857 / EPSG:4549"
    values: dict[str, object] = {"x": f"{reach:.10g}", "crs": name, "looks": looks}
    raise InputError(Fault("not-degrees", field="crs", values=values))


def _checked(
    source: Source, read: SourceRows, known: _Known, apply: bool
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Take what is declared, and say so where it does not look like it."""
    frame = to_wgs84(read.frame, read.crs)
    may = apply and source.crs is None
    if _share_in(frame, known.city) < _MOSTLY:
        found = _detect(source, read.frame, known)
        if found.crs is None or found.kind == "wgs-84":
            return frame, []
        if may:
            return corrected(read.frame, found), [_told(found, known.beside(source)[1])]
        raise InputError(Fault("looks-otherwise", field="crs", values=_values(found)))
    if not known.beside(source)[1] or not _is_plain_degrees(read.crs):
        return frame, []
    found = _detect(source, read.frame, known)
    if found.kind not in _SHIFTS:
        return frame, []
    if may:
        return corrected(read.frame, found), [_told(found, True)]
    layer = source.level or source.layer
    values = {"level": layer, "datum": _SHIFTS[found.kind], **_values(found)}
    return frame, [Finding(Outcome.NOTED, Fault("looks-shifted", field="crs", values=values))]


def _detect(source: Source, frame: gpd.GeoDataFrame, known: _Known) -> Detection:
    """Find out what coordinates are; a shift that is not well borne out counts as none."""
    outline, drawn = known.beside(source)
    shapes = frame.geometry.dropna()
    shapes = shapes[finite(shapes.to_numpy())]
    if source.layer != "regions":
        shapes = gpd.GeoSeries(shapely.centroid(shapes.to_numpy()))
    if len(shapes) > _ENOUGH:
        shapes = shapes.iloc[:: -(-len(shapes) // _ENOUGH)]
    sample = gpd.GeoDataFrame(geometry=shapes.to_numpy())
    found = detect_datum(sample, outline, shifts=drawn)
    plain = found.evidence.get("wgs-84", 0.0)
    better = found.evidence.get(found.kind, 0.0) - plain
    few = len(sample) < _FEWEST and source.layer != "regions"
    if found.kind in _SHIFTS and plain >= _MOSTLY and (few or better <= _FIT_BETTER):
        return Detection("wgs-84", 0.0, 0.0, 0.0, found.evidence, WGS_84)
    return found


def _told(found: Detection, drawn: bool) -> Finding:
    """Return what was found out and put right, with its evidence."""
    key = "detected" if drawn else "detected-by-bbox"
    return Finding(Outcome.NOTED, Fault(key, field="crs", values=_values(found)))


def _values(found: Detection) -> dict[str, object]:
    order = "lat, lon → " if found.swapped else ""
    return {
        "looks": f"{order}{found.crs}",
        "m": f"{found.offset_m:.0f}",
        "east": f"{found.east_m:+.0f}",
        "north": f"{found.north_m:+.0f}",
        "before": f"{found.evidence.get('wgs-84', 0.0):.1%}",
        "after": f"{found.evidence.get(found.kind, 0.0):.1%}",
    }


def _fits(found: Detection) -> dict[str, object]:
    fits: Mapping[str, float] = found.evidence
    return {"fits": ", ".join(f"{kind} {fit:.1%}" for kind, fit in fits.items()) or "—"}


def _is_plain_degrees(crs: CRS | str | None) -> bool:
    if crs is None or is_chinese_datum(crs):
        return False
    return bool(read_crs(crs).is_geographic)


def _is_asked(read: SourceRows) -> bool:
    # PROJ would look through all its names for one like the word, which takes a second.
    return isinstance(read.crs, str) and read.crs == DETECT


def _has_metres(read: SourceRows) -> bool:
    """Whether most numbers are too large for the degrees they are said to be.

    A few are slips of the pen: their rows are refused one by one, and the rest is kept.
    """
    reach = np.abs(shapely.bounds(read.frame.geometry.to_numpy())).max(axis=1, initial=0.0)
    reach = reach[np.isfinite(reach)]
    if (reach > _FULL_CIRCLE_DEG).sum() <= len(reach) / 2:
        return False
    if is_chinese_datum(read.crs):
        return True
    try:
        return read.crs is not None and not _is_asked(read) and read_crs(read.crs).is_geographic
    except InputError:
        return False


def _share_in(frame: gpd.GeoDataFrame, city: City) -> float:
    """Return the share of the rows with a geometry whose box meets the city's."""
    bounds = shapely.bounds(frame.geometry.dropna().to_numpy())
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if len(bounds) == 0:
        return 1.0
    west, south, east, north = city.bbox
    meets = (bounds[:, 0] <= east) & (bounds[:, 2] >= west)
    meets &= (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    return float(meets.mean())
