"""A layer of the embedded store held ready for its tiles, and a tile made of it.

Projected once. Vertex-heavy layers are simplified once per band of zooms, to a quarter of a pixel
of the band's last zoom: what that moves nobody sees, shared borders stay together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo_data.tiles.commands import Whole, point_commands, ring_commands
from geo_data.tiles.density import (
    POINTS_APART,
    SUFFIX,
    Zooms,
    cells_of,
    counted,
    first_zooms,
    parted,
)
from geo_data.tiles.flat_polygons import Shapes
from geo_data.tiles.mvt import POINT, POLYGON, Column, Features, layer_bytes
from geo_data.tiles.outlines import Outlines
from geo_data.tiles.projection import (
    EXTENT,
    PIXEL,
    Flags,
    Numbers,
    Rows,
    Spot,
    to_degrees,
    to_square,
)
from geo_data.tiles.spatial_index import SpatialIndex

if TYPE_CHECKING:
    import geopandas as gpd

BANDS = (8, 11, 14)
"""Last zooms of the bands that are simplified; beyond them shapes are as they were given."""
POLYGONS = (3, 6)
"""Types of geometries, as GEOS numbers them, whose rings are all there is of them."""
HEAVY = 12
"""Vertices a shape: footprints of a few corners have nothing to lose."""


@dataclass(frozen=True, slots=True)
class HeldLayer:
    """A layer in the unit square of Web Mercator, by columns of shape (n,)."""

    name: str
    ids: Rows
    columns: tuple[Column, ...]
    first_zoom: Zooms
    is_area: Flags
    bounds: Numbers
    index: SpatialIndex
    outlines: Outlines
    bands: dict[int, Outlines] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, name: str, frame: gpd.GeoDataFrame, columns: tuple[str, ...]) -> HeldLayer:
        """Project a frame in EPSG:4326 with ``fid`` and ``columns``."""
        shapes = frame.geometry.to_numpy()
        outlines = Outlines.of(shapes, to_square)
        is_area = shapely.get_dimensions(shapes) == 2
        bounds = _bounds(shapes, outlines)
        return cls(
            name=name,
            ids=frame["fid"].to_numpy(dtype=np.int64),
            columns=tuple(Column.of(key, frame[key].tolist()) for key in columns),
            first_zoom=first_zooms(outlines, is_area),
            is_area=is_area,
            bounds=bounds,
            index=SpatialIndex(bounds),
            outlines=outlines,
        )

    def body(self, spot: Spot) -> bytes:
        """Return a tile, not compressed; empty where there is nothing."""
        return tile_body(self, spot)

    def reach(self) -> tuple[float, float, float, float] | None:
        """Return west, south, east, north of the layer in degrees; ``None`` if it is empty."""
        known = self.bounds[~np.isnan(self.bounds).any(axis=1)]
        if not len(known):
            return None
        corners = np.vstack([known[:, :2].min(axis=0), known[:, 2:].max(axis=0)])
        (west, north), (east, south) = to_degrees(corners).tolist()
        return west, south, east, north

    def middles(self, rows: Rows) -> Numbers:
        """Return the middles of the boxes around some features, shape (n, 2)."""
        return (self.bounds[rows, :2] + self.bounds[rows, 2:]) / 2

    def outlines_at(self, z: int) -> Outlines:
        """Return the outlines to draw at a zoom."""
        last = next((band for band in BANDS if z <= band), None)
        if last is None or len(self.outlines.xy) <= HEAVY * self.is_area.sum():
            return self.outlines
        with self.lock:
            if last not in self.bands:
                self.bands[last] = self._simplified(last)
            return self.bands[last]

    def _simplified(self, last: int) -> Outlines:
        shapes = np.full(len(self.ids), shapely.Polygon(), dtype=object)
        rows = np.flatnonzero(self.is_area & (self.first_zoom <= last))
        tolerance = PIXEL / 4 / (EXTENT << last)
        shapes[rows] = shapely.simplify(self.outlines.shapes(rows), tolerance)
        return Outlines.of(shapes)


def _bounds(shapes: Shapes, outlines: Outlines) -> Numbers:
    """Return the boxes around shapes in degrees, in the square; NaN around nothing."""
    bounds = outlines.bounds()
    other = np.flatnonzero(~np.isin(shapely.get_type_id(shapes), POLYGONS))
    degrees = shapely.bounds(shapes[other]).reshape(-1, 4)
    # North is up in degrees and down in the square.
    bounds[other, :2] = to_square(degrees[:, [0, 3]])
    bounds[other, 2:] = to_square(degrees[:, [2, 1]])
    return bounds


def tile_body(layer: HeldLayer, spot: Spot) -> bytes:
    """Return a tile of a layer, not compressed; empty where there is nothing."""
    found = layer.index.find(spot.box)
    is_area = layer.is_area[found]
    areas, points = found[is_area], found[~is_area]
    seen = layer.first_zoom[areas] <= spot.z
    cells = cells_of(layer.middles(areas[~seen]), spot)
    if spot.z < POINTS_APART and points.size:
        alone, crowds = parted(layer.middles(points), spot)
        points, cells = points[alone], np.concatenate([cells, crowds])
    drawn = [_areas(layer, areas[seen], spot), _points(layer, points, spot)]
    return layer_bytes(layer.name, drawn) + layer_bytes(layer.name + SUFFIX, [counted(cells)])


def _areas(layer: HeldLayer, rows: Rows, spot: Spot) -> Features:
    box = spot.box
    bounds = layer.bounds[rows]
    crosses = (bounds[:, :2] < box[:2]).any(axis=1) | (bounds[:, 2:] > box[2:]).any(axis=1)
    whole, cut = rows[~crosses], rows[crosses]
    outlines = layer.outlines_at(spot.z)
    xy, size, outer, owner = outlines.take(whole)
    if cut.size:
        pieces = outlines.clipped(cut, box).take(np.arange(cut.size))
        joined = zip((xy, size, outer, owner), pieces, strict=True)
        xy, size, outer, owner = (np.concatenate(both) for both in joined)
        owner[-len(pieces[3]) :] += whole.size if len(pieces[3]) else 0
    grid = np.rint((xy - spot.corner) * spot.scale).astype(np.int64)
    rows = np.concatenate([whole, cut])
    return _features(layer, rows, POLYGON, *ring_commands(grid, size, outer, owner, rows.size))


def _points(layer: HeldLayer, rows: Rows, spot: Spot) -> Features:
    grid = np.rint((layer.middles(rows) - spot.corner) * spot.scale).astype(np.int64)
    return _features(layer, rows, POINT, *point_commands(grid))


def _features(layer: HeldLayer, rows: Rows, kind: int, commands: Whole, counts: Rows) -> Features:
    columns = [column.take(rows) for column in layer.columns]
    return Features(kind, layer.ids[rows], commands, counts, columns)
