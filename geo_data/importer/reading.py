"""The files a city file names, read into rows of our own fields in WGS-84.

Row numbers count data rows from 1, as a person counts them in the file: what a filter drops
keeps its number.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from geo_data.city import FIELDS, Source
from geo_data.crs import WGS_84, read_crs, to_wgs84
from geo_data.faults import Fault, InputError, nearest
from geo_data.importer.report import Finding, Outcome

Shapes = NDArray[np.object_]

ATTRIBUTES = "attributes"
_TABLES = frozenset({".csv", ".tsv", ".txt"})
_PARQUET = frozenset({".parquet", ".geoparquet"})
_VECTORS = frozenset({".geojson", ".json", ".gpkg", ".shp", ".fgb", ".gml", ".kml", ".zip"})
_LONGEST_CELL = 1 << 30
_FULL_CIRCLE_DEG = 360.0
_DBF_LANGUAGE_BYTE = 29
_DBF_HEADER_LENGTH = slice(8, 10)


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The rows of one source.

    Parameters
    ----------
    frame : GeoDataFrame
        Index = row number; our fields as text (``""`` where the file has none), ``attributes``
        (dict) and ``geometry`` in EPSG:4326, ``None`` where the row has none.
    count : int
        Rows of the file that passed the filter, unreadable ones included.
    findings : tuple of Finding
        Rows that could not be read at all, and what the reader remarked.
    """

    frame: gpd.GeoDataFrame
    count: int
    findings: tuple[Finding, ...]


def read_source(source: Source, folder: Path) -> SourceRows:
    """Read one source of a city file.

    Parameters
    ----------
    source : Source
        What the city file says of it.
    folder : Path
        Folder of the city file.

    Raises
    ------
    InputError
        The source as a whole cannot be used: no such file, not a kind of file we know, no CRS
        or an unknown one, a column that is not there, coordinates that are no degrees.
    """
    name = str(source.file)
    path = folder / source.file
    if not path.is_file():
        raise InputError(Fault("no-file", file=name))
    try:
        raw, findings = _raw(path, source)
        chosen = _filtered(raw, source)
        frame = _located(_fields(chosen, source), chosen, source)
    except InputError as error:
        faults = (replace(fault, file=fault.file or name) for fault in error.faults)
        raise InputError(*faults) from error
    findings = [replace(each, fault=replace(each.fault, file=name)) for each in findings]
    ragged = sum(each.outcome is Outcome.REFUSED for each in findings)
    return SourceRows(frame, len(frame) + ragged, tuple(findings))


def side_files(path: Path) -> list[Path]:
    """Return the files that one source is made of: a shapefile is several."""
    if path.suffix.lower() != ".shp":
        return [path]
    return sorted(each for each in path.parent.glob(f"{path.stem}.*") if each.is_file())


def as_text(column: pd.Series) -> pd.Series:
    """Return a column as text: missing is ``""``, ``310117004.0`` is ``"310117004"``."""
    return column.map(_cell, na_action="ignore").astype(object).where(column.notna(), "")


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _raw(path: Path, source: Source) -> tuple[pd.DataFrame, list[Finding]]:
    """Read a file as it is; the index counts its rows from 1."""
    ending = path.suffix.lower()
    if ending in _TABLES:
        return _table(path, source)
    if ending in _PARQUET:
        return _numbered(_parquet(path)), []
    if ending in _VECTORS:
        return _vector(path, source)
    known = " ".join(sorted(_TABLES | _PARQUET | _VECTORS))
    raise InputError(Fault("unknown-format", values={"ending": ending, "known": known}))


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1), axis="index")


def _unreadable(error: object) -> InputError:
    return InputError(Fault("unreadable", values={"error": error}))


def _parquet(path: Path) -> pd.DataFrame:
    try:
        areas: pd.DataFrame = gpd.read_parquet(path)
    except ValueError:
        # Without the geo metadata it is a plain table: coordinates come from its columns.
        try:
            return pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise _unreadable(error) from error
    except OSError as error:
        raise _unreadable(error) from error
    return areas


def _vector(path: Path, source: Source) -> tuple[pd.DataFrame, list[Finding]]:
    encoding = source.encoding or _dbf_encoding(path)
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            frame = pyogrio.read_dataframe(
                path, layer=source.file_layer, encoding=encoding, on_invalid="ignore"
            )
        except DataLayerError as error:
            layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
            values: dict[str, object] = {
                "layer": source.file_layer,
                "nearest": nearest(str(source.file_layer), layers),
            }
            raise InputError(Fault("no-layer", field="file-layer", values=values)) from error
        except (DataSourceError, FeatureError, UnicodeError, LookupError, ValueError) as error:
            raise _unreadable(error) from error
    said = dict.fromkeys(str(remark.message) for remark in remarks)
    notes = [
        Finding(Outcome.NOTED, Fault("reader-remark", values={"remark": text})) for text in said
    ]
    return _numbered(frame), notes


def _dbf_encoding(path: Path) -> str | None:
    """Guess the encoding of a shapefile that does not say it; GDAL would take Latin-1."""
    parts = {each.suffix.lower(): each for each in side_files(path)}
    if path.suffix.lower() != ".shp" or ".cpg" in parts or ".dbf" not in parts:
        return None
    data = parts[".dbf"].read_bytes()
    if len(data) <= _DBF_LANGUAGE_BYTE or data[_DBF_LANGUAGE_BYTE] != 0:
        return None
    return _encoding_of(data[int.from_bytes(data[_DBF_HEADER_LENGTH], "little") :])


def _encoding_of(data: bytes) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"


def _table(path: Path, source: Source) -> tuple[pd.DataFrame, list[Finding]]:
    data = path.read_bytes()
    encoding = source.encoding or _encoding_of(data)
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError) as error:
        raise _unreadable(error) from error
    csv.field_size_limit(_LONGEST_CELL)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header, *rows = [line for line in lines if line] or [[]]
    except csv.Error as error:
        raise _unreadable(error) from error
    if not header:
        raise _unreadable("empty")
    whole = {number: row for number, row in enumerate(rows, 1) if len(row) == len(header)}
    frame = pd.DataFrame.from_dict(
        whole, orient="index", columns=[name.strip() for name in header], dtype=object
    )
    return frame.loc[:, ~frame.columns.duplicated()], list(_ragged(rows, len(header)))


def _delimiter(text: str) -> str:
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _ragged(rows: list[list[str]], width: int) -> Iterator[Finding]:
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            values: dict[str, object] = {"cells": len(row), "width": width}
            yield Finding(Outcome.REFUSED, Fault("ragged-row", row=number, values=values))


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
        keep &= as_text(_column(raw, column)).isin([_cell(choice) for choice in choices])
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


def _located(fields: pd.DataFrame, raw: pd.DataFrame, source: Source) -> gpd.GeoDataFrame:
    """Give the rows their geometry, in WGS-84."""
    points = source.layer != "regions" and {"lon", "lat"} <= set(source.columns)
    if isinstance(raw, gpd.GeoDataFrame) and not points and "wkt" not in source.columns:
        frame = gpd.GeoDataFrame(fields, geometry=raw.geometry.to_numpy(), crs=raw.crs)
    else:
        frame = gpd.GeoDataFrame(fields, geometry=_from_columns(fields, source))
        if frame.geometry.isna().all() and source.without_location == "parent":
            return frame.set_crs(WGS_84)
    _refuse_metres(frame, source)
    return to_wgs84(frame, source.crs)


def _from_columns(fields: pd.DataFrame, source: Source) -> Shapes:
    if (fields["wkt"] != "").any():
        texts = fields["wkt"].where(fields["wkt"] != "", None).to_numpy(dtype=object)
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


def _refuse_metres(frame: gpd.GeoDataFrame, source: Source) -> None:
    """Refuse metres that a file, or the city file, calls degrees."""
    numbers = np.abs(shapely.get_coordinates(frame.geometry.to_numpy()))
    extent = numbers[np.isfinite(numbers)].max(initial=0.0)
    if extent <= _FULL_CIRCLE_DEG:
        return
    try:
        crs = read_crs(source.crs) if source.crs else frame.crs
    except InputError:
        crs = None
    if crs is None or crs.is_projected:
        return
    raise InputError(Fault("not-degrees", values={"x": f"{extent:.0f}", "crs": crs.name}))
