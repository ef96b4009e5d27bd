"""Tiles a second and core, beside what a user would otherwise install.

Processor time throughout, in one thread, of the same tiles with the same features: a tile here is
one of 200,000 footprints and one of 4,000 grids. Checked by decoding: what only one of two has is
nearly always a sliver at the edge of the buffer that has no area on the grid of the tile: MVT 2.1
(4.3.4.4) knows no such polygon, and we leave it out.
"""

from __future__ import annotations

import gzip
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import psycopg
import pyogrio
import shapely
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from geo_data.records import Scope
from geo_data.store import Store, open_store
from geo_data.tiles.archive import Archives
from geo_data.tiles.projection import BUFFER, EXTENT, Spot, spots_over
from geo_data.tiles.server_tables import AROUND
from geo_data.tiles.serving import TileMaker, maker
from geo_data.tiles.sources import frame_of, source_of, version_of
from geo_data.tiles.warming import warm
from tests.bench.clock import spending
from tests.bench.footprint_city import city_of, footprint_city, write_city
from tests.postgis_server import PostgisServer, has_postgis

FOOTPRINTS = 200_000
ZOOM = 14
PYRAMID = range(10, 15)
LAYERS = ("place-building", "region-grid")
SAMPLE = 24
"""Tiles that the slow ones make."""
MOST_OTHER = 0.001
"""Share of features that may differ: a tile's content is then the same work."""
ALL = Scope.everything()


@dataclass(frozen=True, slots=True)
class Row:
    """One way to make tiles: milliseconds of processor a tile, of the heaviest one, what came out.

    ``took_ms`` says it of each tile where that can be told apart; ``flat`` are features that we
    have not, or only we have, and that have no area on the grid of their tile.
    """

    name: str
    mean_ms: float
    heaviest_ms: float
    ids: dict[Spot, set[tuple[str, str]]]
    took_ms: dict[Spot, float]
    flat: set[tuple[Spot, tuple[str, str]]] = field(default_factory=set)


def main(arguments: list[str]) -> None:
    """Run; a folder named as argument keeps the city for the next run."""
    with tempfile.TemporaryDirectory() as throw_away:
        folder = Path(arguments[0]) if arguments else Path(throw_away)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"footprints-{FOOTPRINTS}.gpkg"
        store = footprint_city(path, FOOTPRINTS)
        makers = [made(store, layer) for layer in LAYERS]
        spots = all_spots(makers[0])
        # Fixed, and the heaviest among them.
        sample = [*spots[:: max(1, len(spots) // SAMPLE)]][:SAMPLE]
        rows = [
            run("embedded", spots, lambda spot: [one.body(spot) for one in makers]),
            run("mapbox-vector-tile", sample, by_library(store)),
        ]
        rows += on_postgis(spots)
        flat = Slivers(store)
        for row in rows:
            row.flat.update(
                (spot, one)
                for spot, ids in row.ids.items()
                for one in ids ^ rows[0].ids[spot]
                if flat.has(spot, *one)
            )
        gdal = pyramids(store, path, Path(throw_away))
        store.close()
    report(rows, gdal)


def made(store: Store, layer: str) -> TileMaker:
    source = source_of(store, ALL, layer)
    return maker(store, ALL, source, version_of(store, ALL, source))


def all_spots(layer: TileMaker, z: int = ZOOM) -> list[Spot]:
    reach = layer.reach()
    assert reach is not None
    columns, rows = spots_over(reach, z)
    return [Spot(z, x, y) for x in columns for y in rows]


def run(name: str, spots: Sequence[Spot], make: Callable[[Spot], list[bytes]]) -> Row:
    make(spots[0])
    took, bodies = {}, {}
    for spot in spots:
        with spending() as spent:
            bodies[spot] = make(spot)
        took[spot] = spent.cpu * 1000
    ids = {spot: codes_in(made_there) for spot, made_there in bodies.items()}
    return Row(name, float(np.mean([*took.values()])), max(took.values()), ids, took)


def codes_in(bodies: Sequence[bytes]) -> set[tuple[str, str]]:
    """The codes of the features of a tile, as another reader reads it."""
    return {
        (name, feature["properties"]["code"])
        for body in bodies
        if body
        for name, layer in mapbox_vector_tile.decode(bytes(body)).items()
        if not name.endswith("-density")
        for feature in layer["features"]
    }


def by_library(store: Store) -> Callable[[Spot], list[bytes]]:
    """As one would with shapely and mapbox-vector-tile: find, clip, encode."""
    layers = []
    for name in LAYERS:
        source = source_of(store, ALL, name)
        frame = frame_of(store, ALL, source).to_crs(3857)
        rows = frame[["fid", *source.columns]].to_dict("records")
        shapes = frame.geometry.to_numpy()
        layers.append((name, shapes, shapely.STRtree(shapes), rows))

    def make(spot: Spot) -> list[bytes]:
        west, south, east, north = box_of(spot)
        edge = (east - west) * BUFFER / EXTENT
        box = (west - edge, south - edge, east + edge, north + edge)
        bodies = []
        for name, shapes, tree, rows in layers:
            found = tree.query(shapely.box(*box))
            clipped = shapely.clip_by_rect(shapes[found], *box)
            features = [
                {"geometry": shape, "id": rows[row].get("fid"), "properties": said(rows[row])}
                for row, shape in zip(found.tolist(), clipped, strict=True)
                if not shape.is_empty
            ]
            options = {"quantize_bounds": (west, south, east, north), "extents": EXTENT}
            layer = {"name": name, "features": features}
            bodies.append(mapbox_vector_tile.encode([layer], default_options=options))
        return bodies

    return make


class Slivers:
    """Tells what is left of a feature on the grid of a tile."""

    def __init__(self, store: Store) -> None:
        self._shapes = {
            name: frame_of(store, ALL, source_of(store, ALL, name))
            .set_index("code")
            .geometry.to_crs(3857)
            for name in LAYERS
        }

    def has(self, spot: Spot, layer: str, code: str) -> bool:
        """Whether no part of the feature, clipped to the buffer and rounded, has an area."""
        west, south, east, north = box_of(spot)
        unit = (east - west) / EXTENT
        edge = BUFFER * unit
        box = west - edge, south - edge, east + edge, north + edge
        clipped = shapely.clip_by_rect(self._shapes[layer][code], *box)
        corner = np.array([west, north])
        rings = [
            np.rint((shapely.get_coordinates(part.exterior) - corner) / unit)
            for part in shapely.get_parts(clipped)
            if part.geom_type == "Polygon"
        ]
        return not any(shapely.area(shapely.Polygon(ring)) for ring in rings)


def said(row: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in row.items() if key != "fid" and value == value}


def box_of(spot: Spot) -> tuple[float, float, float, float]:
    side = AROUND / (1 << spot.z)
    west, north = spot.x * side - AROUND / 2, AROUND / 2 - spot.y * side
    return west, north - side, west + side, north


PLAIN = """
SELECT ST_AsMVT(t, '{name}', 4096, 'geom', 'fid') FROM (
  SELECT fid, {columns}, ST_AsMVTGeom(geom_3857, ST_TileEnvelope({z}, {x}, {y}), 4096, 256) AS geom
  FROM {table} WHERE {where} AND geom_3857 && ST_TileEnvelope({z}, {x}, {y}, margin => 0.0625)
) t WHERE geom IS NOT NULL"""
TABLES = {
    "place-building": ("code, name, floors, use", "yiping.places", "kind = 'building'"),
    "region-grid": ("code, name", "yiping.regions", "level = 'grid'"),
}


def on_postgis(spots: Sequence[Spot]) -> list[Row]:
    """A bare ``ST_AsMVT`` over the stored 3857 column, and our server store on the same rows."""
    if not has_postgis():
        return []
    server = PostgisServer().start()
    try:
        url = server.url(server.fresh())
        store = open_store(url, city_of(FOOTPRINTS), create=True)
        write_city(store, FOOTPRINTS)
        for layer in LAYERS:
            made(store, layer)
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("ANALYZE yiping.places")
            connection.execute("ANALYZE yiping.regions")
            plain = run_there("ST_AsMVT", spots, connection, plain_tile)
        ours = ours_there(store, spots)
        store.close()
        return [plain, ours]
    finally:
        server.stop()


def plain_tile(connection: psycopg.Connection, spot: Spot) -> list[bytes]:
    bodies = []
    for name, (columns, table, where) in TABLES.items():
        place = {"z": spot.z, "x": spot.x, "y": spot.y}
        sql = PLAIN.format(name=name, columns=columns, table=table, where=where, **place)
        (body,) = connection.execute(sql, binary=True).fetchone()
        bodies.append(body)
    return bodies


def run_there(
    name: str,
    spots: Sequence[Spot],
    connection: psycopg.Connection,
    make: Callable[[psycopg.Connection, Spot], list[bytes]],
) -> Row:
    """Measure the server's process too: its share is the larger one."""
    process = connection.info.backend_pid
    for spot in spots[:3]:
        make(connection, spot)
    ids, heaviest = {}, 0.0
    with spending(process) as there, spending() as here:
        for spot in spots:
            begun = time.perf_counter()
            ids[spot] = make(connection, spot)
            heaviest = max(heaviest, time.perf_counter() - begun)
    mean = (there.cpu + here.cpu) * 1000 / len(spots)
    codes = {spot: codes_in(bodies) for spot, bodies in ids.items()}
    return Row(name, mean, heaviest * 1000, codes, {})


def ours_there(store: Store, spots: Sequence[Spot]) -> Row:
    """The pool would hand out any connection: held here, so that its process is known."""
    makers = [made(store, layer) for layer in LAYERS]
    with store.read() as held:
        driver = held.connection.driver_connection

        def make(_connection: psycopg.Connection, spot: Spot) -> list[bytes]:
            found = []
            for one in makers:
                sql = one._statement(spot.z)  # type: ignore[attr-defined]
                values = one._values(spot)  # type: ignore[attr-defined]
                found.append(bytes(held.scalar(text(sql), values) or b""))
            return found

        assert isinstance(driver, psycopg.Connection)
        return run_there("server store", spots, driver, make)


@dataclass(frozen=True, slots=True)
class Pyramids:
    """A whole pyramid of footprints by us and by GDAL: seconds of processor and of the wall.

    Our clock begins with the closed store: reading the layer and projecting it is in it. GDAL's
    begins with the features in memory, in degrees.
    """

    ours: tuple[float, float]
    gdal: tuple[float, float]
    tiles: tuple[int, int]
    same: int
    compared: int


def pyramids(store: Store, path: Path, folder: Path) -> Pyramids:
    """Write footprints at the zooms of PYRAMID as MBTiles, twice."""
    with spending() as ours:
        fresh = open_store(path)
        (done,) = warm(fresh, ALL, [LAYERS[0]], PYRAMID, folder / "ours", language="en")
        fresh.close()
    theirs = folder / "gdal.mbtiles"
    with spending() as gdal:
        by_gdal(path, theirs)
    archives = Archives(folder / "ours"), Archives(folder)
    spots = all_spots(made(store, LAYERS[0]))[:: 169 // SAMPLE]
    names = (done.path.name, theirs.name)
    bodies = [
        [one.find(name, spot)[1] for one, name in zip(archives, names, strict=True)]
        for spot in spots
    ]
    same = sum(unpacked_codes(mine) == unpacked_codes(other) for mine, other in bodies)
    counts = (done.tiles, tile_count(theirs))
    for one in archives:
        one.close()
    shutil.rmtree(folder / "ours")
    return Pyramids((ours.cpu, ours.wall), (gdal.cpu, gdal.wall), counts, same, len(bodies))


def by_gdal(store: Path, path: Path) -> None:
    """Out of the same file, as ``ogr2ogr`` would."""
    columns = ["code", "name", "floors", "use"]
    kind = "kind = 'building'"
    frame = pyogrio.read_dataframe(store, layer="places", columns=columns, where=kind)
    options = {
        "MINZOOM": str(PYRAMID[0]),
        "MAXZOOM": str(PYRAMID[-1]),
        "BUFFER": str(BUFFER),
        # Otherwise it leaves features out where a tile is full.
        "MAX_SIZE": "100000000",
        "MAX_FEATURES": "10000000",
    }
    pyogrio.write_dataframe(frame, path, driver="MVT", layer=LAYERS[0], dataset_options=options)


def unpacked_codes(body: bytes | None) -> set[tuple[str, str]]:
    return codes_in([gzip.decompress(body)]) if body else set()


def tile_count(path: Path) -> int:
    with sqlite3.connect(path) as file:
        (count,) = file.execute("SELECT count(*) FROM tiles").fetchone()
    file.close()
    return int(count)


def report(rows: Sequence[Row], gdal: Pyramids) -> None:
    heads = "made by", "tiles", "ms", "heaviest ms", "tiles/s and core", "other features"
    table = Table(*heads, "of these without area")
    ours = rows[0]
    for row in rows:
        # A sliver at the edge of the buffer is kept by one and dropped by another.
        other = sum(len(row.ids[spot] ^ ours.ids[spot]) for spot in row.ids)
        features = sum(len(ours.ids[spot]) for spot in row.ids)
        if other > features * MOST_OTHER:
            raise SystemExit(f"{row.name}: {other} of {features} features differ, nothing compared")
        table.add_row(
            row.name,
            str(len(row.ids)),
            f"{row.mean_ms:.2f}",
            f"{row.heaviest_ms:.1f}",
            f"{1000 / row.mean_ms:.0f}",
            f"{other} of {features}",
            str(len(row.flat)),
        )
    console = Console()
    console.print(table)
    print(
        f"pyramid of footprints z{PYRAMID[0]}-{PYRAMID[-1]}, gzipped, as MBTiles: ours from the "
        f"closed store on "
        f"{gdal.ours[0]:.1f} s of processor ({gdal.ours[1]:.1f} s), {gdal.tiles[0]} tiles; GDAL "
        f"{gdal.gdal[0]:.1f} s ({gdal.gdal[1]:.1f} s), {gdal.tiles[1]} tiles; "
        f"z{ZOOM} with the same features: {gdal.same} of {gdal.compared}"
    )
    by_name = {row.name: row for row in rows}
    library = by_name["mapbox-vector-tile"]
    # The library makes only some of the tiles: ours of the same.
    alike = float(np.mean([ours.took_ms[spot] for spot in library.ids]))
    plain = by_name.get("ST_AsMVT")
    vs_plain = f"{plain.mean_ms / ours.mean_ms:.2f}" if plain else "none"
    print(
        f"RESULT bench=tiles per_core_s={1000 / ours.mean_ms:.1f} "
        f"vs_mvt_lib={library.mean_ms / alike:.1f} vs_st_asmvt={vs_plain} "
        f"vs_gdal={gdal.gdal[0] / gdal.ours[0]:.1f}"
    )
