"""The sources a city file names, read into rows of our own fields, their coordinates as found.

Row numbers count data rows from 1, as a person counts them in the file: what a filter drops
keeps its number.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo_data.datums import swapped
from geo_data.faults import Fault, InputError, nearest
from geo_data.importer.archives import MB, check_archive, unpacked
from geo_data.importer.databases import read_database
from geo_data.importer.report import Finding, Outcome
from geo_data.importer.tables import (
    Read,
    as_text,
    cell_text,
    read_text_table,
    read_workbook,
)
from geo_data.importer.vectors import read_parquet, read_vector, side_files
from geo_data.sources import FIELDS, Limits, Source

Shapes = NDArray[np.object_]

ATTRIBUTES = "attributes"
_TABLES = frozenset({".csv", ".tsv", ".txt"})
_WORKBOOKS = frozenset({".xlsx", ".xlsm"})
_PARQUET = frozenset({".parquet", ".geoparquet"})
_VECTORS = frozenset({".geojson", ".json", ".gpkg", ".shp", ".fgb", ".gml", ".kml"})
_DATA = _TABLES | _WORKBOOKS | _PARQUET | _VECTORS
_ARCHIVES = frozenset({".zip"})
_DEFINITIONS = frozenset({".prj", ".wkt"})
_BYTES_A_VERTEX = 64


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The rows of one source.

    Parameters
    ----------
    frame : GeoDataFrame
        Index = row number; our fields as text (``""`` where the file has none), ``attributes``
        (dict) and ``geometry`` as found, ``None`` where the row has none.
    count : int
        Rows of the file that passed the filter, unreadable ones included.
    findings : tuple of Finding
        Rows that could not be read at all, and what the reader remarked.
    crs : CRS, str or None
        What the coordinates are: by the city file, else by the file, else nobody says.
    """

    frame: gpd.GeoDataFrame
    count: int
    findings: tuple[Finding, ...]
    crs: CRS | str | None = None


def read_source(source: Source, folder: Path, limits: Limits) -> SourceRows:
    """Read one source of a city file.

    Parameters
    ----------
    source : Source
        What the city file says of it.
    folder : Path
        Folder of the city file.
    limits : Limits
        How much is too much.

    Raises
    ------
    InputError
        The source as a whole cannot be used: no such file, not a kind of file we know, cut
        short or too large, a column that is not there, a database that says no.
    """
    name = source.origin
    try:
        raw, findings = _raw(source, folder, limits)
        chosen = _filtered(raw, source)
        frame = _with_shapes(_fields(chosen, source), chosen, source, limits)
    except InputError as error:
        faults = (replace(fault, file=fault.file or name) for fault in error.faults)
        raise InputError(*faults) from error
    findings = [replace(each, fault=replace(each.fault, file=name)) for each in findings]
    lost = sum(each.outcome is Outcome.REFUSED for each in findings)
    crs = _declared(source, folder) or frame.crs
    return SourceRows(frame, len(frame) + lost, tuple(findings), crs)


def source_files(source: Source, folder: Path) -> list[Path]:
    """Return the files that a source is made of; none for a database."""
    if source.file is None:
        return []
    files = side_files(folder / source.file)
    if source.crs is not None and Path(source.crs).suffix.lower() in _DEFINITIONS:
        files.append(folder / source.crs)
    return files


def _declared(source: Source, folder: Path) -> str | None:
    """Return the CRS that the city file declares, read where it names a file."""
    if source.crs is None or Path(source.crs).suffix.lower() not in _DEFINITIONS:
        return source.crs
    try:
        return (folder / source.crs).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Fault("no-file", file=source.crs)) from error


def _raw(source: Source, folder: Path, limits: Limits) -> Read:
    """Read a source as it is; the index counts its rows from 1."""
    if source.file is None:
        return read_database(source)
    path = folder / source.file
    if not path.is_file():
        raise InputError(Fault("no-file"))
    size = path.stat().st_size
    if size == 0:
        raise InputError(Fault("empty-file"))
    if size > limits.file_mb * MB:
        values: dict[str, object] = {"size": f"{size / MB:,.0f}", "most": limits.file_mb}
        raise InputError(Fault("file-too-large", values=values))
    with ExitStack() as stack:
        if path.suffix.lower() in _ARCHIVES:
            path = stack.enter_context(unpacked(path, limits, _DATA, source.file_layer))
            if source.file_layer and path.suffix.lower() not in {".gpkg", *_WORKBOOKS}:
                source = source.model_copy(update={"file_layer": None})
        return _read(path, source, limits)


def _read(path: Path, source: Source, limits: Limits) -> Read:
    ending = path.suffix.lower()
    if ending in _TABLES:
        return read_text_table(path, source)
    if ending in _WORKBOOKS:
        check_archive(path, limits)
        return read_workbook(path, source)
    if ending in _PARQUET:
        return read_parquet(path)
    if ending in _VECTORS:
        return read_vector(path, source)
    known = " ".join(sorted(_DATA | _ARCHIVES))
    raise InputError(Fault("unknown-format", values={"ending": ending, "known": known}))


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        known = [str(each) for each in frame.columns if each != "geometry"]
        values: dict[str, object] = {
            "column": name,
            "nearest": nearest(name, known),
            "known": ", ".join(known),
        }
        raise InputError(Fault("no-column", field=name, values=values))
    return frame[name]


def _filtered(raw: pd.DataFrame, source: Source) -> pd.DataFrame:
    keep = pd.Series(True, index=raw.index)
    for column, wanted in source.filter.items():
        choices = wanted if isinstance(wanted, list) else [wanted]
        keep &= as_text(_column(raw, column)).isin([cell_text(choice) for choice in choices])
    return raw[keep]


def _their_column(raw: pd.DataFrame, source: Source, field: str) -> str | None:
    """Return the column a field comes from: the mapped one, or the one of its own name."""
    if field in source.columns:
        return source.columns[field]
    return next((name for name in (field, field.replace("-", "_")) if name in raw.columns), None)


def _fields(raw: pd.DataFrame, source: Source) -> pd.DataFrame:
    columns = {}
    for field in FIELDS[source.layer]:
        theirs = _their_column(raw, source, field)
        if theirs is None:
            column = pd.Series("", index=raw.index, dtype=object)
        else:
            column = as_text(_column(raw, theirs))
        dictionary = source.values.get(field, {})
        columns[field.replace("-", "_")] = column.map(lambda text, d=dictionary: d.get(text, text))
    if source.kind is not None:
        # A column that is called kind by chance says nothing of ours; a mapped one does.
        mapped = (columns["kind"] != "") & ("kind" in source.columns)
        columns["kind"] = columns["kind"].where(mapped, source.kind)
    columns[ATTRIBUTES] = pd.Series(_attributes(raw, source), index=raw.index, dtype=object)
    return pd.DataFrame(columns, index=raw.index)


def _attributes(raw: pd.DataFrame, source: Source) -> list[dict[str, object]]:
    kept = {name: as_text(_column(raw, name)) for name in source.attributes}
    if not kept:
        return [{} for _ in range(len(raw))]
    return [
        {name: text for name, text in zip(kept, row, strict=True) if text}
        for row in zip(*kept.values(), strict=True)
    ]


def _with_shapes(
    fields: pd.DataFrame, raw: pd.DataFrame, source: Source, limits: Limits
) -> gpd.GeoDataFrame:
    """Give the rows their geometry, as it was found."""
    points = source.layer != "regions" and {"lon", "lat"} <= set(source.columns)
    if isinstance(raw, gpd.GeoDataFrame) and not points and "wkt" not in source.columns:
        frame = gpd.GeoDataFrame(fields, geometry=raw.geometry.to_numpy(), crs=raw.crs)
    else:
        frame = gpd.GeoDataFrame(fields, geometry=_from_columns(fields, source, limits))
    if source.swapped:
        turned = swapped(frame.geometry.to_numpy())
        frame = frame.set_geometry(gpd.GeoSeries(turned, index=frame.index, crs=frame.crs))
    return frame


def _from_columns(fields: pd.DataFrame, source: Source, limits: Limits) -> Shapes:
    if (fields["wkt"] != "").any():
        # A text too long to be a geometry within limits is not even parsed.
        fit = (fields["wkt"] != "") & (fields["wkt"].str.len() <= limits.vertices * _BYTES_A_VERTEX)
        texts = fields["wkt"].to_numpy(dtype=object, copy=True)
        texts[~fit.to_numpy()] = None
        shapes: Shapes = shapely.from_wkt(texts, on_invalid="ignore")
        return shapes
    lon, lat = (_degrees(fields, name) for name in ("lon", "lat"))
    known = np.isfinite(lon) & np.isfinite(lat)
    if len(fields) and not known.any() and source.without_location != "parent":
        raise InputError(Fault("no-coordinates"))
    points: Shapes = np.full(len(fields), None, dtype=object)
    points[known] = shapely.points(lon[known], lat[known])
    return points


def _degrees(fields: pd.DataFrame, name: str) -> NDArray[np.float64]:
    if name not in fields:
        return np.full(len(fields), np.nan)
    return pd.to_numeric(fields[name], errors="coerce").to_numpy(dtype=float)
