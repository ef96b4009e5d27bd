"""Mapbox Vector Tile 2.1, written: features of one layer as protobuf bytes, by whole columns.

A tile of a city holds thousands of small footprints; going through them vertex by vertex in
Python takes longer than everything else, so every step here works on all vertices at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

EXTENT = 4096
POINT, POLYGON = 1, 3
_MOVE, _LINE, _CLOSE = 1, 2, 7

Bytes = npt.NDArray[np.uint8]
Whole = npt.NDArray[np.int64]
Value = str | int | float | bool


def leb128(numbers: npt.ArrayLike) -> tuple[Bytes, Whole]:
    """Return numbers as varints, and the length of each.

    Parameters
    ----------
    numbers : array_like of unsigned integers, shape (n,)

    Returns
    -------
    bytes : uint8, shape (sum of lengths,)
    lengths : int64, shape (n,)
    """
    rest = np.asarray(numbers).astype(np.uint64)
    lengths = np.ones(rest.size, dtype=np.int64)
    most = 1
    while (longer := rest >> np.uint64(7 * most) > 0).any():
        lengths += longer
        most += 1
    ends = np.cumsum(lengths)
    out = np.zeros(int(ends[-1]) if ends.size else 0, dtype=np.uint8)
    starts = ends - lengths
    for digit in range(most):
        wide = lengths > digit
        low = (rest[wide] >> np.uint64(7 * digit)) & np.uint64(0x7F)
        more = (lengths[wide] > digit + 1).astype(np.uint64) << np.uint64(7)
        out[starts[wide] + digit] = low | more
    return out, lengths


def zigzag(numbers: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """Return signed numbers as unsigned ones that are small where those are near zero."""
    signed = np.asarray(numbers, dtype=np.int64)
    return ((signed << 1) ^ (signed >> 63)).astype(np.uint64)


def polygon_commands(shapes: Sequence[shapely.Geometry]) -> list[bytes]:
    """Return the geometry of polygons in tile units; empty where nothing is left of one.

    Parameters
    ----------
    shapes : sequence of Polygon or MultiPolygon
        Coordinates in tile units, y downwards; rounded here. Outer rings come out clockwise on
        the screen, holes the other way, as the standard asks.
    """
    parts, of_part = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    if not len(rings):
        return [b""] * len(shapes)
    outer = np.insert(of_ring[1:] != of_ring[:-1], 0, True)
    coordinates, of_vertex = shapely.get_coordinates(rings, return_index=True)
    grid = np.round(coordinates).astype(np.int64)
    grid, of_vertex = _without_repeats(grid, of_vertex)
    area, size = _areas(grid, of_vertex, len(rings))
    kept = _kept_rings(area != 0, outer, of_ring)
    grid, of_vertex = _turned(grid, of_vertex, size, (area > 0) != outer)
    chosen = kept[of_vertex]
    grid, of_vertex = grid[chosen], of_vertex[chosen]
    return _ring_commands(grid, of_vertex, of_part[of_ring], len(shapes))


def _without_repeats(grid: Whole, of_vertex: Whole) -> tuple[Whole, Whole]:
    """Drop vertices that rounding put on the one before, and the one that closes a ring."""
    new_ring = np.insert(of_vertex[1:] != of_vertex[:-1], 0, True)
    moved = np.insert((grid[1:] != grid[:-1]).any(axis=1), 0, True)
    kept = new_ring | moved
    grid, of_vertex = grid[kept], of_vertex[kept]
    starts = np.flatnonzero(np.insert(of_vertex[1:] != of_vertex[:-1], 0, True))
    ends = np.append(starts[1:], len(grid)) - 1
    closing = ends[(grid[starts] == grid[ends]).all(axis=1) & (ends > starts)]
    open_ended = np.ones(len(grid), dtype=bool)
    open_ended[closing] = False
    return grid[open_ended], of_vertex[open_ended]


def _areas(grid: Whole, of_vertex: Whole, rings: int) -> tuple[Whole, Whole]:
    """Return twice the signed area of every ring (positive is clockwise on screen), and sizes."""
    size = np.bincount(of_vertex, minlength=rings)
    ends = np.cumsum(size)
    after = np.arange(1, len(grid) + 1)
    filled = size > 0
    after[ends[filled] - 1] = (ends - size)[filled]
    cross = grid[:, 0] * grid[after, 1] - grid[after, 0] * grid[:, 1]
    area = np.zeros(rings, dtype=np.int64)
    np.add.at(area, of_vertex, cross)
    return area, size


def _kept_rings(
    real: npt.NDArray[np.bool_], outer: npt.NDArray[np.bool_], of_ring: Whole
) -> npt.NDArray[np.bool_]:
    """A hole goes with its outer ring."""
    outer_is_real = np.zeros(int(of_ring[-1]) + 1, dtype=bool)
    outer_is_real[of_ring[outer]] = real[outer]
    kept: npt.NDArray[np.bool_] = real & outer_is_real[of_ring]
    return kept


def _turned(
    grid: Whole, of_vertex: Whole, size: Whole, wrong: npt.NDArray[np.bool_]
) -> tuple[Whole, Whole]:
    """Walk rings of the wrong direction backwards."""
    starts = np.cumsum(size) - size
    place = np.arange(len(grid)) - starts[of_vertex]
    back = starts[of_vertex] + size[of_vertex] - 1 - place
    order = np.where(wrong[of_vertex], back, np.arange(len(grid)))
    return grid[order], of_vertex


def _ring_commands(grid: Whole, of_vertex: Whole, of_feature: Whole, features: int) -> list[bytes]:
    """Write MoveTo, LineTo and ClosePath of all rings in one array, then cut it by feature."""
    if not len(grid):
        return [b""] * features
    first = np.insert(of_vertex[1:] != of_vertex[:-1], 0, True)
    size = np.diff(np.append(np.flatnonzero(first), len(grid)))
    owner = of_feature[of_vertex]
    anew = np.insert(owner[1:] != owner[:-1], 0, True)
    steps = np.diff(grid, axis=0, prepend=0)
    steps[anew] = grid[anew]
    # Per ring: MoveTo, x, y, LineTo, (x, y) * (size - 1), ClosePath.
    length = 2 * size + 3
    starts = np.cumsum(length) - length
    numbers = np.empty(int(length.sum()), dtype=np.uint64)
    numbers[starts] = _MOVE | 1 << 3
    numbers[starts + 3] = _LINE | (size - 1) << 3
    numbers[starts + length - 1] = _CLOSE | 1 << 3
    ring = np.cumsum(first) - 1
    place = np.arange(len(grid)) - np.flatnonzero(first)[ring]
    at = starts[ring] + np.where(place == 0, 1, 2 + 2 * place)
    numbers[at] = zigzag(steps[:, 0])
    numbers[at + 1] = zigzag(steps[:, 1])
    return _cut(numbers, np.repeat(owner[first], length), features)


def point_commands(grid: Whole) -> list[bytes]:
    """Return the geometry of points, shape (n, 2) in tile units."""
    numbers = np.empty((len(grid), 3), dtype=np.uint64)
    numbers[:, 0] = _MOVE | 1 << 3
    numbers[:, 1:] = zigzag(grid)
    return _cut(numbers.ravel(), np.repeat(np.arange(len(grid)), 3), len(grid))


def _cut(numbers: npt.NDArray[np.uint64], owner: Whole, features: int) -> list[bytes]:
    stream, lengths = leb128(numbers)
    whole = stream.tobytes()
    ends = np.cumsum(np.bincount(owner, weights=lengths, minlength=features)).astype(int).tolist()
    return [whole[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@dataclass(frozen=True, slots=True)
class Features:
    """Features of one geometry type, by columns of the same length.

    Parameters
    ----------
    kind : int
        ``POINT`` or ``POLYGON``.
    ids : sequence of int
        Not negative.
    commands : sequence of bytes
        Encoded geometries; a feature whose geometry is empty is left out.
    properties : Mapping of str to sequence
        Values as :func:`value_bytes` writes them, so that a layer writes each once for all its
        tiles; ``None`` is not said.
    """

    kind: int
    ids: Sequence[int]
    commands: Sequence[bytes]
    properties: Mapping[str, Sequence[bytes | None]]


def layer_bytes(name: str, groups: Iterable[Features], extent: int = EXTENT) -> bytes:
    """Return a tile of one layer; empty if it has no features."""
    keys: dict[str, int] = {}
    values: list[bytes] = []
    body: list[bytes] = []
    for group in groups:
        rows = [row for row, command in enumerate(group.commands) if command]
        if rows:
            body.extend(_feature_bytes(group, rows, _tags(group, rows, keys, values)))
    if not body:
        return b""
    layer = b"".join(
        [
            b"\x78\x02",
            b"\x0a" + _sized(name.encode()),
            *body,
            *(b"\x1a" + _sized(key.encode()) for key in keys),
            *values,
            b"\x28" + _varint(extent),
        ]
    )
    return b"\x1a" + _sized(layer)


def _tags(
    group: Features, rows: Sequence[int], keys: dict[str, int], values: list[bytes]
) -> list[bytes]:
    """Return every feature's keys and values by number, adding new ones to the layer's tables."""
    columns = []
    for key, column in group.properties.items():
        number = keys.setdefault(key, len(keys))
        known: dict[bytes, int] = {}
        start = len(values)
        places = []
        for row in rows:
            value = column[row]
            places.append(-1 if value is None else known.setdefault(value, start + len(known)))
        values.extend(known)
        columns.append(np.column_stack([np.full(len(rows), number), places]))
    if not columns:
        return [b""] * len(rows)
    pairs = np.stack(columns, axis=1).reshape(-1, 2)
    said = pairs[:, 1] >= 0
    owner = np.repeat(np.arange(len(rows)), len(columns))[said]
    return _cut(pairs[said].ravel().astype(np.uint64), np.repeat(owner, 2), len(rows))


def _feature_bytes(group: Features, rows: Sequence[int], tags: Sequence[bytes]) -> list[bytes]:
    ids = _cut(
        np.array([group.ids[row] for row in rows], np.uint64), np.arange(len(rows)), len(rows)
    )
    kind = b"\x18" + _varint(group.kind) + b"\x22"
    found = []
    for row, number, tag in zip(rows, ids, tags, strict=True):
        command = group.commands[row]
        said = b"".join(
            (b"\x08", number, b"\x12", _varint(len(tag)), tag, kind, _varint(len(command)), command)
        )
        found.append(b"".join((b"\x12", _varint(len(said)), said)))
    return found


def _varint(number: int) -> bytes:
    if number < 0x80:
        return _BYTES[number]
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_BYTES = [bytes([number]) for number in range(0x80)]


def _sized(body: bytes) -> bytes:
    return _varint(len(body)) + body


def value_bytes(value: Value) -> bytes:
    """Return a property's value as an entry of a layer's table of values."""
    if isinstance(value, bool):
        said = b"\x38" + _varint(int(value))
    elif isinstance(value, int):
        said = b"\x30" + _varint((value << 1) ^ (value >> 63))
    elif isinstance(value, float):
        said = b"\x19" + np.float64(value).astype("<f8").tobytes()
    else:
        said = b"\x0a" + _sized(str(value).encode())
    return b"\x22" + _sized(said)
