"""Files that carry geometry: what GDAL reads, and GeoParquet."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from geo_data.faults import Fault, InputError, nearest
from geo_data.importer.encodings import dbf_encoding, without_halves
from geo_data.importer.report import Finding, Outcome
from geo_data.importer.tables import Read, numbered, unreadable
from geo_data.sources import Source

_SHP_LENGTH = slice(24, 28)
_WORD = 2


def side_files(path: Path) -> list[Path]:
    """Return the files that one source is made of: a shapefile is several."""
    if path.suffix.lower() != ".shp":
        return [path]
    return sorted(each for each in path.parent.glob(f"{path.stem}.*") if each.is_file())


def read_parquet(path: Path) -> Read:
    """Read GeoParquet, or plain Parquet as a table.

    Raises
    ------
    InputError
        ``unreadable``.
    """
    try:
        # Coordinates that are no numbers are refused row by row, with a reason.
        with np.errstate(invalid="ignore"):
            return numbered(gpd.read_parquet(path)), []
    except ValueError:
        # Without the geo metadata it is a plain table: coordinates come from its columns.
        try:
            return numbered(pd.read_parquet(path)), []
        except (OSError, ValueError) as error:
            raise unreadable(error) from error
    except OSError as error:
        raise unreadable(error) from error


def read_vector(path: Path, source: Source) -> Read:
    """Read a file with GDAL.

    Raises
    ------
    InputError
        ``no-layer``, ``unreadable``, ``no-part`` or ``cut-short``.
    """
    encoding, findings = source.encoding, []
    if path.suffix.lower() == ".shp":
        parts = _shapefile_parts(path)
        found, fault = dbf_encoding(parts[".dbf"], parts.get(".cpg"))
        encoding = encoding or found
        if fault is not None and source.encoding is None:
            findings.append(Finding(Outcome.NOTED, fault))
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            frame = _read(path, source, encoding)
        except UnicodeError as error:
            frame = _read_mended(path, source, encoding, error)
    said = dict.fromkeys(str(remark.message) for remark in remarks)
    findings.extend(
        Finding(Outcome.NOTED, Fault("reader-remark", values={"remark": text})) for text in said
    )
    return numbered(frame), findings


def _read(path: Path, source: Source, encoding: str | None) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = pyogrio.read_dataframe(
            path, layer=source.file_layer, encoding=encoding, on_invalid="ignore"
        )
    except DataLayerError as error:
        if source.file_layer is None:
            raise unreadable(error) from error
        layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        asked = str(source.file_layer)
        values: dict[str, object] = {"layer": asked, "nearest": nearest(asked, layers)}
        raise InputError(Fault("no-layer", field="file-layer", values=values)) from error
    except UnicodeError:
        raise
    except (DataSourceError, FeatureError, LookupError, ValueError) as error:
        raise unreadable(error) from error
    return frame


def _read_mended(
    path: Path, source: Source, encoding: str | None, error: UnicodeError
) -> pd.DataFrame:
    """Read a shapefile whose table has characters cut in half; other files are unreadable."""
    if path.suffix.lower() != ".shp" or encoding is None:
        raise unreadable(error) from error
    with tempfile.TemporaryDirectory(prefix="yiping-") as folder:
        for part in side_files(path):
            beside = Path(folder) / f"part{part.suffix.lower()}"
            if beside.suffix == ".dbf":
                beside.write_bytes(without_halves(part.read_bytes(), encoding))
            else:
                beside.symlink_to(part.resolve())
        try:
            return _read(Path(folder) / "part.shp", source, encoding)
        except UnicodeError as again:
            raise unreadable(again) from again


def _shapefile_parts(path: Path) -> dict[str, Path]:
    """Return the parts of a shapefile by ending; refuse one that lacks a part or its end."""
    parts = {each.suffix.lower(): each for each in side_files(path)}
    for ending in (".dbf", ".shx"):
        if ending not in parts:
            raise InputError(Fault("no-part", values={"ending": ending}))
        if parts[ending].stat().st_size == 0:
            raise InputError(Fault("empty-file", file=parts[ending].name))
    with path.open("rb") as file:
        head = file.read(_SHP_LENGTH.stop)
    whole = int.from_bytes(head[_SHP_LENGTH], "big") * _WORD
    if path.stat().st_size < whole:
        values: dict[str, object] = {"has": path.stat().st_size, "whole": whole}
        raise InputError(Fault("cut-short", values=values))
    return parts
