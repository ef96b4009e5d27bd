"""A tile as it is asked for: checked, looked up, else made, compressed and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from isal import igzip

from geo_data.records import Scope
from geo_data.store import Store
from geo_data.tiles.archive import file_name
from geo_data.tiles.cache import shelf
from geo_data.tiles.held_layer import HeldLayer
from geo_data.tiles.projection import Spot
from geo_data.tiles.sources import (
    LayerSource,
    frame_of,
    source_of,
    sources,
    version_of,
    viewer_of,
)


class TileMaker(Protocol):
    """A layer of one version for one viewer, ready to make its tiles."""

    def body(self, spot: Spot) -> bytes:
        """Return a tile, not compressed; empty where there is nothing."""

    def reach(self) -> tuple[float, float, float, float] | None:
        """Return west, south, east, north in degrees; ``None`` if the layer is empty."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile as served: gzipped, ``None`` where there is nothing; ``etag`` with its quotes."""

    body: bytes | None
    etag: str


def layer_names(store: Store, scope: Scope) -> list[str]:
    """Return the layers there are tiles of: ``region-<level>``, ``place-<kind>``, ``sensors``."""
    return list(sources(store, scope))


def version(store: Store, scope: Scope, layer: str) -> str:
    """Return the version of a layer's tiles for this viewer; "none" where there is no layer."""
    source = sources(store, scope).get(layer)
    return version_of(store, scope, source) if source else "none"


def etag(store: Store, scope: Scope, layer: str, z: int, x: int, y: int) -> str:
    """Return the ETag of a tile without making it; raises as :func:`tile` does."""
    spot = Spot(z, x, y)
    return _etag(version_of(store, scope, source_of(store, scope, layer)), spot)


def tile(
    store: Store, scope: Scope, layer: str, z: int, x: int, y: int, archives: Path | None = None
) -> Tile:
    """Return a tile of a layer.

    Parameters
    ----------
    store, scope
        Where, and who asks: what the viewer may not see is in no tile.
    layer : str
        One of :func:`layer_names`.
    z, x, y : int
        Zoom, column from the west, row from the north (Web Mercator).
    archives : Path, optional
        Folder of tiles made before anybody asked.

    Raises
    ------
    InputError
        There is no such layer, or no such tile at this zoom.
    """
    source = source_of(store, scope, layer)
    spot = Spot(z, x, y)
    known = version_of(store, scope, source)

    def make() -> bytes | None:
        if archives is not None:
            name = file_name(layer, viewer_of(scope), known)
            there, body = shelf(store).archives(archives).find(name, spot)
            if there:
                return body
        return packed(maker(store, scope, source, known).body(spot))

    body = shelf(store).tiles.get((layer, known, z, x, y), make)
    return Tile(body, _etag(known, spot))


def held_tile(store: Store, scope: Scope, layer: str, z: int, x: int, y: int) -> Tile | None:
    """Return a tile that was made before, ``None`` where it must be made: never waits.

    Raises as :func:`tile` does.
    """
    if not store.is_at_hand():
        return None
    source = source_of(store, scope, layer)
    spot = Spot(z, x, y)
    known = version_of(store, scope, source)
    there, body = shelf(store).tiles.held((layer, known, z, x, y))
    return Tile(body, _etag(known, spot)) if there else None


@dataclass(frozen=True, slots=True)
class CacheState:
    """How many tiles are in memory, and their bytes."""

    tiles: int
    bytes: int


def cache_state(store: Store) -> CacheState:
    """Return what of a store's tiles is in memory."""
    return CacheState(*shelf(store).tiles.state())


def prepare(store: Store, scope: Scope, layer: str) -> None:
    """Make a layer ready now, so that its first tile does not wait for it (2 s for 100,000)."""
    source = sources(store, scope).get(layer)
    if source is not None:
        maker(store, scope, source, version_of(store, scope, source))


def maker(store: Store, scope: Scope, source: LayerSource, known: str) -> TileMaker:
    """Return what makes the tiles of a layer; read once per version."""

    def build() -> TileMaker:
        if store.dialect.name == "postgresql":
            from geo_data.tiles.server_layer import ServerLayer

            return ServerLayer.of(store, scope, source)
        return HeldLayer.of(source.name, frame_of(store, scope, source), source.columns)

    return shelf(store).layers.get((source.name, scope), known, build)


def packed(body: bytes) -> bytes | None:
    """Return a tile's bytes as they are kept and sent."""
    # A tenth of the time of zlib's usual level, for a twentieth more bytes.
    return igzip.compress(body, compresslevel=2, mtime=0) if body else None


def _etag(known: str, spot: Spot) -> str:
    return f'"{known}-{spot.z}-{spot.x}-{spot.y}"'
