"""Tiles made before anybody asks, in an MBTiles file per layer and version.

An archive is whole: what is not in it, inside its zooms, is empty. Its name holds the version of
the layer *for a viewer*, so that a scope never reads another's, and a new version never the old.
It is written under another name and renamed; a run that is stopped leaves nothing. QGIS opens
the very file. Source: MBTiles 1.3.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from geo_data.tiles.projection import Spot

PARTIAL = ".partial"


_ONE = "SELECT tile_data FROM tiles WHERE zoom_level=? AND tile_column=? AND tile_row=?"


@dataclass(frozen=True, slots=True)
class _Archive:
    """An open archive and the zooms it is whole at."""

    connection: sqlite3.Connection
    first: int
    last: int


class Archives:
    """The archives of a folder, as a server reads them; usable from any thread.

    Parameters
    ----------
    folder : Path
        Need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, _Archive] = {}
        self._absent: dict[str, int] = {}
        self._lock = Lock()

    def find(self, name: str, spot: Spot) -> tuple[bool, bytes | None]:
        """Return whether an archive answers for this tile, and the tile, gzipped.

        Parameters
        ----------
        name : str
            Of :func:`file_name`.
        spot : Spot
            Which tile.
        """
        with self._lock:
            archive = self._open.get(name) or self._opened(name)
            if archive is None or not archive.first <= spot.z <= archive.last:
                return False, None
            at = (spot.z, spot.x, (1 << spot.z) - 1 - spot.y)
            try:
                found = archive.connection.execute(_ONE, at).fetchone()
            except sqlite3.Error:
                # A damaged cache is no cache: the tile is made as if it were not there.
                self._open.pop(name).connection.close()
                return False, None
            return True, bytes(found[0]) if found else None

    def close(self) -> None:
        """Close every file."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].connection.close()

    def _opened(self, name: str) -> _Archive | None:
        try:
            changed = self.folder.stat().st_mtime_ns
        except OSError:
            return None
        # A file that was not there is looked for again only when the folder changed.
        if self._absent.get(name) == changed:
            return None
        archive = _read(self.folder / name)
        if archive is None:
            self._absent[name] = changed
            return None
        for old in [one for one in self._open if _owner(one) == _owner(name)]:
            self._open.pop(old).connection.close()
        self._open[name] = archive
        return archive


def file_name(layer: str, viewer: str, version: str) -> str:
    """Return the name of an archive: kinds may hold signs that a file's name may not.

    Parameters
    ----------
    layer : str
        Name of the layer.
    viewer : str
        What tells one scope from another: an archive makes room for the next of its own viewer.
    version : str
        Of the layer for this viewer.
    """
    safe = "".join(sign if sign.isalnum() or sign in "-_." else f"%{ord(sign):x}" for sign in layer)
    return f"{safe}@{viewer}-{version}.mbtiles"


def _owner(name: str) -> str:
    return name.rpartition("-")[0]


def _read(path: Path) -> _Archive | None:
    if not path.is_file():
        return None
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
    )
    try:
        said = dict(connection.execute("SELECT name, value FROM metadata"))
        return _Archive(connection, int(said["minzoom"]), int(said["maxzoom"]))
    except (sqlite3.Error, KeyError, ValueError):
        connection.close()
        return None


class ArchiveFile:
    """An archive being written; kept only by :meth:`finish`.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    name : str
        Of :func:`file_name`.
    """

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / name
        self._partial = self.path.with_name(self.path.name + PARTIAL)
        self._partial.unlink(missing_ok=True)
        self._db = sqlite3.connect(self._partial, isolation_level=None)
        self._db.executescript(_LAYOUT)
        self._db.execute("BEGIN")
        self.bytes = 0

    def add(self, spot: Spot, body: bytes) -> None:
        """Keep a gzipped tile."""
        row = (1 << spot.z) - 1 - spot.y
        self._db.execute("INSERT INTO tiles VALUES (?,?,?,?)", (spot.z, spot.x, row, body))
        self.bytes += len(body)

    def finish(self, metadata: Iterable[tuple[str, str]]) -> None:
        """Put the archive in its place, and take away older ones of the layer and viewer."""
        self._db.executemany("INSERT INTO metadata VALUES (?,?)", metadata)
        self._db.execute("COMMIT")
        self._db.close()
        self._partial.replace(self.path)
        for old in self.path.parent.glob("*.mbtiles"):
            if _owner(old.name) == _owner(self.path.name) and old != self.path:
                # Where a reader keeps it open and the system will not let go: next time.
                with suppress(OSError):
                    old.unlink()

    def abandon(self) -> None:
        """Leave nothing behind."""
        with closing(self._db), suppress(sqlite3.Error):
            self._db.execute("ROLLBACK")
        self._partial.unlink(missing_ok=True)


_LAYOUT = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA application_id=0x4d504258;
CREATE TABLE metadata (name TEXT, value TEXT);
CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB,
  PRIMARY KEY (zoom_level, tile_column, tile_row)) WITHOUT ROWID;
"""


def mbtiles_metadata(description: dict[str, Any], zooms: range) -> list[tuple[str, str]]:
    """Return TileJSON as the rows that an MBTiles file says it in."""
    return [
        ("name", str(description["name"])),
        ("format", "pbf"),
        ("bounds", ",".join(map(str, description["bounds"]))),
        ("minzoom", str(zooms[0])),
        ("maxzoom", str(zooms[-1])),
        ("attribution", str(description["attribution"])),
        ("version", str(description["version"])),
        ("type", "overlay"),
        ("json", json.dumps({"vector_layers": description["vector_layers"]}, ensure_ascii=False)),
    ]
