"""Shapes brought down to what a printed pixel can show, the way tiles are to those of a screen.

Corners are rounded to half a pixel, so a border that two regions share stays shared; what rounding
closes is gone; footprints under a pixel are gathered into pixels as dark as they are together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo_data.tiles.commands import standing
from geo_data.tiles.flat_polygons import FlatPolygons
from geo_data.tiles.outlines import Outlines
from layers.print.drawing import PER_MM, Rings
from layers.print.map_frame import MapFrame

_OFF_PAGE = 1 << 20
Whole = npt.NDArray[np.int64]
_LEAST_PIXELS = 0.5
"""A shape or a gathering of them that covers less of a printed pixel is not drawn."""


@dataclass(frozen=True, slots=True)
class Grain:
    """How fine a sheet is: ``step`` page units is half of a printed pixel."""

    step: int

    @classmethod
    def of(cls, dpi: int) -> Grain:
        """Return the grain of a printer or picture of so many pixels to the inch."""
        return cls(max(1, int(25.4 / dpi * PER_MM / 2)))


@dataclass(frozen=True, slots=True)
class Outlined:
    """Rings on the page, and which shape each is of."""

    rings: Rings
    owner: Whole

    def of(self, chosen: npt.NDArray[np.bool_]) -> Rings:
        """Return the rings of the shapes that are chosen, shape (shapes,)."""
        return _taken(self.rings, chosen[self.owner])


def outlined(frame: MapFrame, shapes: npt.NDArray[Any], grain: Grain) -> Outlined:
    """Return shapes in EPSG:4326 as rings on the page; what vanishes at its scale is left out.

    Outer rings turn one way and holes the other, so that shapes which overlap may be filled
    together.
    """
    outlines = Outlines.of(np.asarray(shapes, dtype=object), frame.units)
    return _rounded(outlines, np.arange(len(shapes)), grain)


def footprints(frame: MapFrame, flat: FlatPolygons, grain: Grain) -> Rings:
    """Return many small shapes as rings, those under half a printed pixel gathered into pixels."""
    if not len(flat.size):
        return Rings.of([])
    outlines = Outlines.of_flat(flat, frame.units)
    pixel = 2 * grain.step
    area = outlines.areas() / pixel**2
    is_small = area < _LEAST_PIXELS
    large, small = np.flatnonzero(~is_small), np.flatnonzero(is_small & flat.has_rings())
    bounds = outlines.bounds()[small]
    middles = (bounds[:, :2] + bounds[:, 2:]) / 2
    pixels = _gathered(np.floor(middles / pixel).astype(np.int64), area[small], pixel)
    return Rings.joined([_rounded(outlines, large, grain).rings, pixels])


def _rounded(outlines: Outlines, rows: Whole, grain: Grain) -> Outlined:
    """Return some of the outlines with their corners on the grain."""
    xy, size, outer, owner = outlines.take(rows)
    grid, ring = standing(np.rint(xy / grain.step).astype(np.int64), size, outer)
    starts = np.flatnonzero(np.append(True, ring[1:] != ring[:-1])) if len(ring) else ring
    return Outlined(Rings((grid * grain.step).astype(np.int32), starts), owner[ring[starts]])


def segments(rings: Rings) -> Rings:
    """Return the sides of rings as lines, one that two of them share but once."""
    if not len(rings):
        return Rings(rings.xy, rings.starts, closed=False)
    after = np.arange(1, len(rings.xy) + 1)
    after[np.append(rings.starts[1:], len(rings.xy)) - 1] = rings.starts
    # A corner as one number; the page may be left by some millimetres.
    corner = (rings.xy[:, 0].astype(np.int64) + _OFF_PAGE << 32) + rings.xy[:, 1] + _OFF_PAGE
    low, high = np.minimum(corner, corner[after]), np.maximum(corner, corner[after])
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    new = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))
    ends = np.column_stack([low[new], high[new]]).ravel()
    xy = np.column_stack([(ends >> 32) - _OFF_PAGE, (ends & 0xFFFFFFFF) - _OFF_PAGE])
    return Rings(xy.astype(np.int32), np.arange(0, len(xy), 2, dtype=np.int64), closed=False)


def clipped(frame: MapFrame, shapes: npt.NDArray[Any], margin_mm: float) -> npt.NDArray[Any]:
    """Return what of shapes in EPSG:4326 is near the frame; what is far off becomes empty."""
    west, south, east, north = frame.degrees
    pad_x = (east - west) * margin_mm / frame.box.width
    pad_y = (north - south) * margin_mm / frame.box.height
    box = (west - pad_x, south - pad_y, east + pad_x, north + pad_y)
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    inside = (bounds[:, :2] >= box[:2]).all(axis=1) & (bounds[:, 2:] <= box[2:]).all(axis=1)
    found = np.array(shapes, dtype=object)
    found[~inside] = shapely.clip_by_rect(found[~inside], *box)
    return found


def _gathered(cells: Whole, area: npt.NDArray[np.float64], pixel: int) -> Rings:
    """Return the pixels that small shapes fill at least by half between them."""
    if not len(cells):
        return Rings.of([])
    span = int(cells[:, 0].max()) + 1
    keys, place = np.unique(cells[:, 1] * span + cells[:, 0], return_inverse=True)
    full = np.bincount(place.reshape(-1), weights=area) >= _LEAST_PIXELS
    at = np.column_stack([keys[full] % span, keys[full] // span])
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    xy = (at[:, None, :] + square).reshape(-1, 2) * pixel
    return Rings(xy.astype(np.int32), np.arange(len(at), dtype=np.int64) * 4)


def _taken(rings: Rings, chosen: npt.NDArray[np.bool_]) -> Rings:
    sizes = np.diff(np.append(rings.starts, len(rings.xy)))
    kept = sizes[chosen]
    return Rings(rings.xy[np.repeat(chosen, sizes)], np.cumsum(kept) - kept, rings.closed)
