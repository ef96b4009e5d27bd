"""A sheet as a picture: the PDF itself, drawn by PDFium, so that both are the same sheet."""

from __future__ import annotations

import struct
from zlib import crc32

import numpy as np
from isal import isal_zlib

from layers.print.pixels import Pixels, drawn

_METRE_IN = 39.37007874
_ROWS = 256


def png_bytes(pdf: bytes, dpi: int) -> bytes:
    """Return the first page of a PDF as a PNG of so many pixels to the inch."""
    with drawn(pdf, dpi) as pixels:
        return packed(pixels, dpi)


def packed(pixels: Pixels, dpi: int) -> bytes:
    """Return RGB pixels, shape (height, width, 3), as a PNG.

    Each row is written as what changed from the one above.
    """
    height, width, _ = pixels.shape
    packer = isal_zlib.compressobj(level=2)
    rows_packed = []
    above = np.zeros((1, width * 3), dtype=np.uint8)
    for start in range(0, height, _ROWS):
        rows = np.ascontiguousarray(pixels[start : start + _ROWS]).reshape(-1, width * 3)
        lines = np.empty((len(rows), width * 3 + 1), dtype=np.uint8)
        lines[:, 0] = 2
        np.subtract(rows, np.concatenate([above, rows[:-1]]), out=lines[:, 1:])
        above = rows[-1:]
        rows_packed.append(packer.compress(lines.tobytes()))
    rows_packed.append(packer.flush())
    per_metre = round(dpi * _METRE_IN)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
            _chunk(b"IDAT", b"".join(rows_packed)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))
