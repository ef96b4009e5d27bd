"""The file formats there are, and how a file comes to be: whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from geo_data.extracts import csv_archive, geojson, geopackage, workbook
from geo_data.extracts.table import Cover, Table
from geo_data.extracts.whole_file import whole_file


@dataclass(frozen=True, slots=True)
class DataFormat:
    """A format.

    Parameters
    ----------
    ending : str
        Of its files, with the point.
    media_type : str
        As HTTP calls it.
    write : callable
        Tables, cover and path to a file.
    """

    ending: str
    media_type: str
    write: Callable[[Sequence[Table], Cover, Path], None]


_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: Mapping[str, DataFormat] = MappingProxyType(
    {
        "gpkg": DataFormat(".gpkg", "application/geopackage+sqlite3", geopackage.write),
        "geojson": DataFormat(".geojson.zip", "application/zip", geojson.write),
        "xlsx": DataFormat(".xlsx", _SHEET, workbook.write),
        "csv": DataFormat(".csv.zip", "application/zip", csv_archive.write),
    }
)


def write_tables(format_key: str, tables: Sequence[Table], cover: Cover, path: Path) -> None:
    """Write tables as one file; it appears when all of it is on the disk.

    Parameters
    ----------
    format_key : str
        One of :data:`FORMATS`.
    tables : sequence of Table
    cover : Cover
        What the file says of itself.
    path : Path
        Where; what was there is replaced.

    Raises
    ------
    InputError
        The disk is full or cannot be written, or a table has more rows than the format holds.
    """
    with whole_file(path) as part:
        FORMATS[format_key].write(tables, cover, part)
