"""Vector tiles out of the embedded store, made when asked for and kept under the layer's version.

Every layer is projected once and held in an STRtree; a tile is what the tree finds, clipped and
simplified together. What is smaller than a pixel is left out.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from threading import Condition, Lock
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo_data.faults import Fault, InputError, nearest
from geo_data.queries.places import places
from geo_data.records import FUNCTIONAL, Scope
from geo_data.regions import region_shapes
from geo_data.store import Store
from geo_data.tiles.mvt import (
    EXTENT,
    POINT,
    POLYGON,
    Features,
    layer_bytes,
    point_commands,
    polygon_commands,
    value_bytes,
)

LAST_ZOOM = 22
BUFFER = 256
"""Units beyond the edge that a tile holds: wider than a building at the zooms they are seen at,
so that a footprint on an edge is whole in both tiles."""
PIXEL = EXTENT / 512
CACHE_BYTES = 96 << 20
REGION, PLACE = "region-", "place-"
_PROPERTIES = ("code", "name", "floors", "use")

Units = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile as served: gzipped, ``None`` where there is nothing; ``etag`` with its quotes."""

    body: bytes | None
    etag: str


def layer_names(store: Store, scope: Scope) -> list[str]:
    """Return the layers there are tiles of: ``region-<level>`` and ``place-<kind>``."""
    families = {"regions": REGION, "places": PLACE}
    found = []
    for layer in sorted(store.layers()):
        family, _, name = layer.partition("/")
        if family in families and (family == "regions" or scope.sees_kind(name)):
            found.append(families[family] + name)
    return found


def tile(store: Store, scope: Scope, layer: str, z: int, x: int, y: int) -> Tile:
    """Return a tile of a layer.

    Parameters
    ----------
    store, scope
        Where, and who asks: what the viewer may not see is in no tile.
    layer : str
        One of :func:`layer_names`.
    z, x, y : int
        Zoom, column from the west, row from the north (Web Mercator).

    Raises
    ------
    InputError
        There is no such layer, or no such tile at this zoom.
    """
    known = layer_names(store, scope)
    if layer not in known:
        values: dict[str, object] = {"layer": layer, "nearest": nearest(layer, known)}
        raise InputError(Fault("no-map-layer", values=values))
    if not (0 <= z <= LAST_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z):
        asked: dict[str, object] = {"z": z, "x": x, "y": y, "last": LAST_ZOOM}
        raise InputError(Fault("tile-range", values=asked))
    version = _version(store, scope, layer)
    cache = store.cached("tile-cache", 0, _Cache)
    body = cache.get(
        (layer, version, z, x, y), lambda: _make(_projected(store, scope, layer, version), z, x, y)
    )
    return Tile(body, f'"{version}-{z}-{x}-{y}"')


def prepare(store: Store, scope: Scope, layer: str) -> None:
    """Project a layer now, so that its first tile does not wait for it (2 s for 100,000)."""
    if layer in layer_names(store, scope):
        _projected(store, scope, layer, _version(store, scope, layer))


def _version(store: Store, scope: Scope, layer: str) -> str:
    family = "regions/" if layer.startswith(REGION) else "places/"
    known = store.layers()[family + layer.partition("-")[2]]
    regions = store.stamp("regions") if scope.region_code else ()
    said = f"{layer}|{known.version}|{known.updated_at.isoformat()}|{scope.region_code}|{regions}"
    said += f"|{sorted(scope.masked)}"
    return blake2b(said.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer in the unit square of Web Mercator, y downwards."""

    name: str
    shapes: npt.NDArray[np.object_]
    tree: shapely.STRtree
    bounds: Units
    is_area: npt.NDArray[np.bool_]
    ids: list[int]
    properties: dict[str, list[bytes | None]]


def _projected(store: Store, scope: Scope, layer: str, version: str) -> _Layer:
    def build() -> _Layer:
        return _project(layer, _frame(store, scope, layer))

    return store.cached(("tile-layer", layer, scope.region_code), version, build)


def _frame(store: Store, scope: Scope, layer: str) -> gpd.GeoDataFrame:
    if layer.startswith(REGION):
        level = layer.removeprefix(REGION)
        return region_shapes(store, scope, FUNCTIONAL if level == FUNCTIONAL else level)
    return places(store, scope, [layer.removeprefix(PLACE)])


def _project(name: str, frame: gpd.GeoDataFrame) -> _Layer:
    shapes = shapely.transform(frame.geometry.to_numpy(), to_square)
    ids = frame["fid"].tolist() if "fid" in frame else list(range(1, len(frame) + 1))
    return _Layer(
        name=name,
        shapes=shapes,
        tree=shapely.STRtree(shapes),
        bounds=shapely.bounds(shapes).reshape(-1, 4),
        is_area=shapely.get_dimensions(shapes) == 2,
        ids=ids,
        properties={key: _column(frame[key].tolist()) for key in _PROPERTIES if key in frame},
    )


def to_square(degrees: Units) -> Units:
    """Return lon, lat as positions in the unit square of Web Mercator, y downwards."""
    x = degrees[:, 0] / 360 + 0.5
    sine = np.sin(np.radians(degrees[:, 1]))
    return np.column_stack([x, 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)])


def _make(layer: _Layer, z: int, x: int, y: int) -> bytes | None:
    scale = EXTENT * 2.0**z
    edge = BUFFER / scale
    west, north, side = x / 2**z, y / 2**z, 1 / 2**z
    box = (west - edge, north - edge, west + side + edge, north + side + edge)
    found = np.sort(layer.tree.query(shapely.box(*box)))
    features = [
        _areas(layer, found[layer.is_area[found]], box, (west, north), scale),
        _points(layer, found[~layer.is_area[found]], (west, north), scale),
    ]
    body = layer_bytes(layer.name, features)
    return gzip.compress(body, compresslevel=5, mtime=0) if body else None


def _areas(
    layer: _Layer,
    rows: npt.NDArray[np.intp],
    box: tuple[float, float, float, float],
    corner: tuple[float, float],
    scale: float,
) -> Features:
    bounds = layer.bounds[rows]
    rows = rows[(bounds[:, 2:] - bounds[:, :2]).max(axis=1, initial=0.0) * scale >= PIXEL]
    shapes = layer.shapes[rows]
    bounds = layer.bounds[rows]
    crosses = (bounds[:, :2] < box[:2]).any(axis=1) | (bounds[:, 2:] > box[2:]).any(axis=1)
    if crosses.any():
        shapes[crosses] = shapely.clip_by_rect(shapes[crosses], *box)
    if shapely.get_num_coordinates(shapes).sum() > 8 * len(rows):
        # Footprints of a few corners have nothing to lose.
        shapes = shapely.simplify(shapes, 0.5 / scale)
    shapes = shapely.transform(shapes, lambda xy: (xy - corner) * scale)
    return _features(layer, rows, POLYGON, polygon_commands(shapes))


def _points(
    layer: _Layer, rows: npt.NDArray[np.intp], corner: tuple[float, float], scale: float
) -> Features:
    middles = (layer.bounds[rows, :2] + layer.bounds[rows, 2:]) / 2
    grid = np.round((middles - corner) * scale).astype(np.int64)
    return _features(layer, rows, POINT, point_commands(grid))


def _features(
    layer: _Layer, rows: npt.NDArray[np.intp], kind: int, commands: list[bytes]
) -> Features:
    chosen = rows.tolist()
    said = {key: [column[row] for row in chosen] for key, column in layer.properties.items()}
    return Features(kind, [layer.ids[row] for row in chosen], commands, said)


def _column(values: Iterable[Any]) -> list[bytes | None]:
    """Return values as tiles hold them, ``None`` for what nobody said: NaN stands for it too."""
    written: dict[Any, bytes | None] = {None: None, "": None}
    found: list[bytes | None] = []
    for value in values:
        if value != value:
            found.append(None)
            continue
        if value not in written:
            whole = isinstance(value, float) and value.is_integer()
            written[value] = value_bytes(int(value) if whole else value)
        found.append(written[value])
    return found


class _Cache:
    """The tiles last asked for, up to a size; what many ask for at once is made once."""

    def __init__(self, most_bytes: int = CACHE_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._held: OrderedDict[object, bytes | None] = OrderedDict()
        self._making: set[object] = set()
        self._lock = Lock()
        self._made = Condition(self._lock)

    def get(self, key: object, make: Callable[[], bytes | None]) -> bytes | None:
        with self._lock:
            while key in self._making:
                self._made.wait()
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
            self._making.add(key)
        try:
            body = make()
            self._keep(key, body)
            return body
        finally:
            with self._lock:
                self._making.discard(key)
                self._made.notify_all()

    def _keep(self, key: object, body: bytes | None) -> None:
        with self._lock:
            self._held[key] = body
            self._bytes += _weight(body)
            while self._bytes > self._most:
                _, dropped = self._held.popitem(last=False)
                self._bytes -= _weight(dropped)


def _weight(body: bytes | None) -> int:
    # Even nothing takes the room of its key.
    return 200 + len(body or b"")
