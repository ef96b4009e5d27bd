"""Outlines as the text that PDF and SVG want, a million corners at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from layers.print.drawing import Rings

Bytes = npt.NDArray[np.uint8]
_THOUSANDS = 10_000
_FOUR = (np.arange(_THOUSANDS)[:, None] // (1000, 100, 10, 1) % 10 + ord("0")).astype(np.uint8)
"""The four figures of every number below ten thousand: quicker looked up than divided out."""
_WIDTHS = (4, 5, 8)
"""How many figures are laid out, by the largest number."""
_POWERS = 10 ** np.arange(max(_WIDTHS), dtype=np.int32)
_WRITTEN = {
    wide: np.arange(wide) >= wide - np.arange(max(_WIDTHS) + 1)[:, None] for wide in _WIDTHS
}
"""By the count of figures: which of those laid out are written."""


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
    closes = close and rings.closed
    ending = b" l h\n" if closes else b" l\n"
    tail = np.tile(np.frombuffer(ending, dtype=np.uint8), (len(rings.xy), 1))
    tail[rings.starts, 1] = ord("m")
    kept = np.ones(tail.shape, dtype=bool)
    if closes:
        kept[:, 2:4] = False
        kept[np.append(rings.starts[1:], len(rings.xy)) - 1, 2:4] = True
    return _written(rings.xy, None, tail, kept)


def path_data(rings: Rings) -> str:
    """Return rings as the data of an SVG path, in page units."""
    if not len(rings.xy):
        return ""
    head = np.full(len(rings.xy), ord("L"), dtype=np.uint8)
    head[rings.starts] = ord("M")
    tail = np.full((len(rings.xy), 1), ord("\n"), dtype=np.uint8)
    if rings.closed:
        tail[np.append(rings.starts[1:], len(rings.xy)) - 1] = ord("Z")
    return _written(rings.xy, head, tail, np.ones(tail.shape, dtype=bool)).decode()


def _written(
    xy: npt.NDArray[np.int32],
    head: npt.NDArray[np.uint8] | None,
    tail: Bytes,
    kept: npt.NDArray[np.bool_],
) -> bytes:
    """Write rows of ``head x y tail``; ``kept`` says which letters of the tail are written."""
    size = np.abs(xy)
    wide = next(one for one in _WIDTHS if int(size.max()) < 10**one)
    signed = int(xy.min() < 0)
    at_y = 1 + signed + wide + 1
    end = at_y + signed + wide
    rows = np.empty((len(xy), end + tail.shape[1]), dtype=np.uint8)
    seen = np.ones(rows.shape, dtype=bool)
    for axis, at in enumerate((1, at_y)):
        if signed:
            rows[:, at] = ord("-")
            seen[:, at] = xy[:, axis] < 0
        figures = slice(at + signed, at + signed + wide)
        _lay_out(size[:, axis], rows[:, figures])
        count = np.searchsorted(_POWERS, size[:, axis], side="right")
        seen[:, figures] = _WRITTEN[wide][np.maximum(count, 1)]
    rows[:, at_y - 1] = ord(" ")
    rows[:, end:], seen[:, end:] = tail, kept
    if head is None:
        rows, seen = rows[:, 1:], seen[:, 1:]
    else:
        rows[:, 0] = head
    written: Bytes = rows[seen]
    return written.tobytes()


def _lay_out(numbers: npt.NDArray[np.int32], out: Bytes) -> None:
    """Write the figures of whole numbers, leading zeros and all."""
    if out.shape[1] == 4:
        out[:] = _FOUR[numbers]
        return
    high, low = np.divmod(numbers, _THOUSANDS)
    out[:, -4:] = _FOUR[low]
    if out.shape[1] == 5:
        out[:, 0] = high + ord("0")
    else:
        out[:, :4] = _FOUR[high]
