"""Outlines as the text that PDF and SVG want, a million corners at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from layers.print.drawing import Rings

Bytes = npt.NDArray[np.uint8]
_GROUP, _THOUSANDS = 4, 10_000
_FOUR = (np.arange(_THOUSANDS)[:, None] // (1000, 100, 10, 1) % 10 + ord("0")).astype(np.uint8)
"""The four figures of every number below ten thousand: quicker looked up than divided out."""
_POWERS = 10 ** np.arange(2 * _GROUP, dtype=np.int32)
_WRITTEN = np.arange(2 * _GROUP + 1) > 2 * _GROUP - np.arange(2 * _GROUP + 1)[:, None]
"""By the count of figures: which of a sign and eight places are written."""


def path_rows(rings: Rings, close: bool = False) -> bytes:
    """Return rings as PDF path operators, ``x y m``, ``x y l`` and, where asked, ``h``.

    Parameters
    ----------
    rings : Rings
        In page units.
    close : bool
        Whether closed rings are closed by an operator: needed where they are stroked.
    """
    if not len(rings.xy):
        return b""
    tail = np.tile(np.frombuffer(b" l h\n", dtype=np.uint8), (len(rings.xy), 1))
    tail[rings.starts, 1] = ord("m")
    kept = np.ones(tail.shape, dtype=bool)
    kept[:, 2:4] = False
    if close and rings.closed:
        kept[np.append(rings.starts[1:], len(rings.xy)) - 1, 2:4] = True
    nothing = np.empty((len(rings.xy), 0), dtype=np.uint8)
    return _written(rings.xy, nothing, tail, kept)


def path_data(rings: Rings) -> str:
    """Return rings as the data of an SVG path, in page units."""
    if not len(rings.xy):
        return ""
    head = np.full((len(rings.xy), 1), ord("L"), dtype=np.uint8)
    head[rings.starts] = ord("M")
    tail = np.full((len(rings.xy), 1), ord("\n"), dtype=np.uint8)
    if rings.closed:
        tail[np.append(rings.starts[1:], len(rings.xy)) - 1] = ord("Z")
    return _written(rings.xy, head, tail, np.ones(tail.shape, dtype=bool)).decode()


def _written(
    xy: npt.NDArray[np.int32], head: Bytes, tail: Bytes, kept: npt.NDArray[np.bool_]
) -> bytes:
    """Write rows of ``head x y tail``; ``kept`` says which letters of the tail are written."""
    x, keep_x = _figures(xy[:, 0])
    y, keep_y = _figures(xy[:, 1])
    gap = np.full((len(xy), 1), ord(" "), dtype=np.uint8)
    rows = np.concatenate([head, x, gap, y, tail], axis=1)
    always = np.ones((len(xy), 1), dtype=bool)
    heads = np.ones(head.shape, dtype=bool)
    written: Bytes = rows[np.concatenate([heads, keep_x, always, keep_y, kept], axis=1)]
    return written.tobytes()


def _figures(numbers: npt.NDArray[np.int32]) -> tuple[Bytes, npt.NDArray[np.bool_]]:
    """Return the figures of whole numbers with their sign, and which of them are written."""
    size = np.abs(numbers)
    figures = np.empty((len(numbers), 2 * _GROUP + 1), dtype=np.uint8)
    figures[:, 0] = ord("-")
    high, low = np.divmod(size, _THOUSANDS)
    figures[:, 1 : _GROUP + 1] = _FOUR[high]
    figures[:, _GROUP + 1 :] = _FOUR[low]
    count = np.searchsorted(_POWERS, size, side="right").clip(min=1)
    keep = _WRITTEN[count]
    if numbers.min(initial=0) < 0:
        keep[:, 0] = numbers < 0
    return figures, keep
