"""Polygons out of a store as flat arrays, without an object for each.

Nearly every footprint is one ring of a few corners. Blobs of the same length are laid beside each
other and read as a table, a hundred thousand at once; what is left goes through shapely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo_data.store.geometries import decoded
from geo_data.tiles.projection import Flags, Numbers, Rows, runs

Shapes = npt.NDArray[np.object_]
Bytes = npt.NDArray[np.uint8]
_POLYGON = 3
"""As GEOS and WKB number the types of geometries."""
_ENVELOPE_BYTES = np.array([0, 32, 48, 48, 64, 0, 0, 0])
"""Before the WKB of a GeoPackage blob, by bits 1 to 3 of its flags."""
_HEADER, _WKB_HEAD, _CORNER = 8, 13, 16


@dataclass(frozen=True, slots=True)
class FlatPolygons:
    """Rings one behind the other, as they were given, without closing vertices.

    Parameters
    ----------
    xy : array, shape (vertices, 2)
        In degrees.
    size : array of int, shape (rings,)
        Vertices of each.
    outer : array of bool, shape (rings,)
        A hole follows the outer ring that it belongs to.
    owner : array of int, shape (rings,)
        Which feature each is of, ascending.
    count : int
        Features; one that is no polygon has no ring.
    """

    xy: Numbers
    size: Rows
    outer: Flags
    owner: Rows
    count: int

    @classmethod
    def of(cls, shapes: Shapes) -> FlatPolygons:
        """Return the rings of shapely geometries."""
        is_one = shapely.get_type_id(shapes) == _POLYGON
        parts, part_owner = _cut(shapes, is_one, shapely.get_parts)
        # A polygon without holes is its only ring: its vertices are the same.
        is_one = (shapely.get_num_interior_rings(parts) == 0) & ~shapely.is_empty(parts)
        is_one &= shapely.get_type_id(parts) == _POLYGON
        rings, ring_part = _cut(parts, is_one, shapely.get_rings)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        if len(ring):
            last = np.append(ring[1:] != ring[:-1], True)
            xy, ring = xy[~last], ring[~last]
        size = np.bincount(ring, minlength=len(rings)).astype(np.int64)
        outer = np.append(True, ring_part[1:] != ring_part[:-1])[: len(rings)]
        return cls(xy, size, outer, part_owner[ring_part], len(shapes))

    @classmethod
    def read(cls, values: Sequence[bytes | str | None]) -> FlatPolygons:
        """Return the rings of geometries as a store's driver gave them."""
        corners = np.zeros(len(values), dtype=np.int64)
        tables = list(_tables(values))
        for rows, table in tables:
            corners[rows] = table.shape[1]
        alone = np.flatnonzero(corners)
        starts = np.cumsum(corners) - corners
        xy = np.empty((int(corners.sum()), 2))
        for rows, table in tables:
            xy[starts[rows][:, None] + np.arange(table.shape[1])] = table
        is_outer = np.ones(len(alone), dtype=bool)
        plain = cls(xy, corners[alone], is_outer, alone, len(values))
        rest = np.flatnonzero(corners == 0)
        if not rest.size:
            return plain
        return plain._with(cls.of(decoded([values[row] for row in rest.tolist()])), rest)

    def has_rings(self) -> Flags:
        """Return which features are polygons, shape (count,)."""
        found = np.zeros(self.count, dtype=bool)
        found[self.owner] = True
        return found

    def _with(self, others: FlatPolygons, rows: Rows) -> FlatPolygons:
        """Return these with the rings of ``others``, which are the features ``rows``."""
        xy = np.concatenate([self.xy, others.xy])
        size = np.concatenate([self.size, others.size])
        outer = np.concatenate([self.outer, others.outer])
        owner = np.concatenate([self.owner, rows[others.owner]])
        order = np.argsort(owner, kind="stable")
        starts = np.cumsum(size) - size
        xy = xy[runs(starts[order], size[order])]
        return FlatPolygons(xy, size[order], outer[order], owner[order], self.count)


def _tables(values: Sequence[bytes | str | None]) -> Iterator[tuple[Rows, Numbers]]:
    """Yield polygons of one ring in tables: their rows, and their corners, shape (n, corners, 2).

    Only of a GeoPackage's blobs: a server's hexadecimal text goes the other way.
    """
    if not values or not all(type(value) is bytes for value in values[:1]):
        return
    lengths = np.array([len(value) if value else 0 for value in values])
    order = np.argsort(lengths, kind="stable")
    edges = np.flatnonzero(np.diff(lengths[order])) + 1
    for rows in np.split(order, edges):
        length = int(lengths[rows[0]])
        if length <= _HEADER + _WKB_HEAD:
            continue
        joined = b"".join([values[row] for row in rows.tolist()])
        table = np.frombuffer(joined, dtype=np.uint8).reshape(-1, length)
        start = _HEADER + int(_ENVELOPE_BYTES[table[0, 3] >> 1 & 7])
        corners, rest = divmod(length - start - _WKB_HEAD, _CORNER)
        if rest or corners < 4:
            continue
        alike = _is_plain(table, start, corners)
        body = table[alike, start + _WKB_HEAD :]
        yield rows[alike], body.view("<f8").reshape(-1, corners, 2)[:, :-1]


def _is_plain(table: Bytes, start: int, corners: int) -> Flags:
    """Return which rows are little-endian polygons of one ring with so many corners."""
    head = np.frombuffer(
        b"\1" + b"".join(n.to_bytes(4, "little") for n in (_POLYGON, 1, corners)), dtype=np.uint8
    )
    found: Flags = (table[:, start : start + _WKB_HEAD] == head).all(axis=1)
    found &= (table[:, 3] & 0x0E) == (table[0, 3] & 0x0E)
    return found


def _cut(shapes: Shapes, is_one: Flags, cut: Any) -> tuple[Shapes, Rows]:
    """Return the pieces of shapes and whose each is; those that are one piece stay as they are.

    Every piece cut off is a shape of its own, which takes longer than all that is done with it.
    """
    if is_one.all():
        return shapes, np.arange(len(shapes))
    rest = np.flatnonzero(~is_one)
    pieces, which = cut(shapes[rest], return_index=True)
    owner = np.concatenate([np.flatnonzero(is_one), rest[which]])
    order = np.argsort(owner, kind="stable")
    return np.concatenate([shapes[is_one], pieces])[order], owner[order]
