"""Raster base maps out of local files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write

from geo_data.faults import InputError
from geo_data.tiles.basemap import basemap_tile

PNG = b"\x89PNG one"


@pytest.fixture
def mbtiles(tmp_path: Path) -> Path:
    path = tmp_path / "ground.mbtiles"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data BLOB)")
        # 3/6/3 from the north is row 4 from the south.
        file.execute("INSERT INTO tiles VALUES (3, 6, 4, ?)", (PNG,))
    file.close()
    return path


@pytest.fixture
def pmtiles(tmp_path: Path) -> Path:
    path = tmp_path / "ground.pmtiles"
    with write(str(path)) as archive:
        archive.write_tile(zxy_to_tileid(3, 6, 3), PNG)
        header = {
            "tile_type": TileType.PNG,
            "tile_compression": Compression.NONE,
            "min_lon_e7": 0,
            "min_lat_e7": 0,
            "max_lon_e7": 1,
            "max_lat_e7": 1,
            "center_zoom": 3,
            "center_lon_e7": 0,
            "center_lat_e7": 0,
        }
        archive.finalize(header, {})
    return path


@pytest.mark.parametrize("kind", ["mbtiles", "pmtiles"])
def test_a_tile_is_found_by_its_row_from_the_north(
    kind: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(kind)
    assert basemap_tile(path, 3, 6, 3) == PNG
    assert basemap_tile(path, 3, 6, 4) is None


@pytest.mark.parametrize("name", ["missing.mbtiles", "missing.pmtiles", "ground.tif"])
def test_a_file_that_is_not_one_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"\[basemap\]"):
        basemap_tile(tmp_path / name, 3, 6, 3)


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "broken.mbtiles"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(InputError, match="cannot be read"):
        basemap_tile(path, 3, 6, 3)
