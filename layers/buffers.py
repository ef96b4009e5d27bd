"""The form in which data travels to the map: a JSON header and columns of plain numbers.

``YPB1``, the header's length (uint32), the header (UTF-8, padded with spaces), then the columns,
each beginning at a multiple of 8 bytes so that the browser can look at it in place; everything
little-endian. The header says type, length and offset of every column.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from geo_data.tiles.commands import zigzag
from geo_data.tiles.mvt import leb128, varint_lengths

MAGIC = b"YPB1"
ALIGNED = 8
_PREFIX = len(MAGIC) + 4

Column = npt.NDArray[Any]


def pack(header: Mapping[str, object], columns: Mapping[str, Column]) -> bytes:
    """Return header and columns as one block of bytes.

    Parameters
    ----------
    header : Mapping
        Anything JSON can say; ``columns`` is added to it.
    columns : Mapping of str to ndarray
        One-dimensional, of any fixed-width number type.
    """
    blocks: list[bytes] = []
    table: dict[str, dict[str, object]] = {}
    offset = 0
    for name, column in columns.items():
        little = np.ascontiguousarray(column, dtype=column.dtype.newbyteorder("<"))
        table[name] = {"type": little.dtype.str.lstrip("<|"), "n": little.size, "at": offset}
        blocks.append(_padded(little.tobytes(), b"\0"))
        offset += len(blocks[-1])
    said = {**header, "columns": table}
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-(_PREFIX + len(text)) % ALIGNED)
    return b"".join([MAGIC, np.uint32(len(text)).astype("<u4").tobytes(), text, *blocks])


def varints(numbers: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Return whole numbers as LEB128 with zigzag signs: small ones of either sign take a byte."""
    whole = zigzag(numbers)
    return leb128(whole, varint_lengths(whole))


def _padded(block: bytes, filler: bytes) -> bytes:
    return block + filler * (-len(block) % ALIGNED)
