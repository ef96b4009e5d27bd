"""What the browser does with the data it gets, done again in Python."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import shapely


def unpack(body: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and columns of a buffer."""
    assert body[:4] == b"YPB1"
    length = int.from_bytes(body[4:8], "little")
    header = json.loads(body[8 : 8 + length])
    columns = {
        name: np.frombuffer(body, "<" + said["type"], said["n"], 8 + length + said["at"])
        for name, said in header["columns"].items()
    }
    return header, columns


def read_varints(stream: np.ndarray) -> list[int]:
    """Zigzag LEB128, the slow and certain way."""
    found, value, shift = [], 0, 0
    for byte in stream.tolist():
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            found.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    return found


def read_arcs(header: dict[str, Any], columns: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Vertices of every border in degrees."""
    steps = np.column_stack([read_varints(columns["x"]), read_varints(columns["y"])])
    corner = np.array([header["west"], header["south"]])
    vertices = np.cumsum(steps, axis=0) * header["quantum"] + corner
    return np.split(vertices, np.cumsum(read_varints(columns["sizes"]))[:-1])


def read_shapes(body: bytes) -> dict[str, dict[str, shapely.MultiPolygon]]:
    """Level -> code -> polygons of a document."""
    header, columns = unpack(body)
    arcs = read_arcs(header, columns)
    numbers = iter(read_varints(columns["rings"]))
    last = 0
    found: dict[str, dict[str, shapely.MultiPolygon]] = {}
    for level in header["levels"]:
        shapes = found.setdefault(level["key"], {})
        for code in level["codes"]:
            polygons: list[list[np.ndarray]] = []
            for _ in range(next(numbers)):
                head = next(numbers)
                pieces = []
                for _ in range(head >> 1):
                    last += next(numbers)
                    arc = arcs[last >> 1]
                    pieces.append((arc[::-1] if last & 1 else arc)[:-1])
                ring = np.concatenate([*pieces, pieces[0][:1]])
                if head & 1:
                    polygons[-1].append(ring)
                else:
                    polygons.append([ring])
            shapes[code] = shapely.MultiPolygon(
                [shapely.Polygon(outer, holes) for outer, *holes in polygons]
            )
    return found
