"""A raster base map out of a file on this machine: MBTiles or PMTiles.

Sources: MBTiles 1.3 (rows counted from the south), PMTiles 3.
"""

from __future__ import annotations

import mmap
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from pmtiles.reader import Reader

from geo_data.faults import Fault, InputError

Tile = bytes | None
Read = Callable[[int, int, int], Tile]


def basemap_tile(path: Path, z: int, x: int, y: int) -> Tile:
    """Return one image tile; ``None`` where the file has none.

    Parameters
    ----------
    path : Path
        ``.mbtiles`` or ``.pmtiles``.
    z, x, y : int
        Zoom, column from the west, row from the north.

    Raises
    ------
    InputError
        The file is missing, damaged or of another kind.
    """
    try:
        return _reader(path)(z, x, y)
    except (OSError, sqlite3.Error, ValueError) as error:
        values: dict[str, object] = {"error": str(error)}
        raise InputError(Fault("bad-basemap", file=str(path), values=values)) from error


@lru_cache(maxsize=4)
def _reader(path: Path) -> Read:
    if path.suffix == ".pmtiles":
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        read_bytes = lambda offset, length: mapped[offset : offset + length]  # noqa: E731
        archive = Reader(read_bytes)  # type: ignore[no-untyped-call]
        return lambda z, x, y: archive.get(z, x, y)  # type: ignore[no-untyped-call]
    if path.suffix != ".mbtiles":
        raise ValueError("a base map is an .mbtiles or a .pmtiles file")
    # Opened for reading only: somebody else may be writing it.
    tiles = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
    sql = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"

    def read(z: int, x: int, y: int) -> Tile:
        row = tiles.execute(sql, (z, x, 2**z - 1 - y)).fetchone()
        return bytes(row[0]) if row else None

    return read
