"""A page as pixels: the PDF itself, drawn by PDFium, so that picture and print are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]
"""Red, green and blue, shape (height, width, 3)."""


@contextmanager
def drawn(pdf: bytes, dpi: int) -> Iterator[Pixels]:
    """Give the first page of a PDF at so many pixels to the inch; they are gone afterwards.

    A page is no whole number of pixels: PDFium stretches it to the next one, so that a pixel is
    a little less than ``25.4 / dpi`` millimetres. Whoever measures divides the page by the
    pixels there are.
    """
    # Loaded by who wants a picture.
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        bitmap = document[0].render(scale=dpi / 72, rev_byteorder=True, may_draw_forms=False)
        yield bitmap.to_numpy()[:, :, :3]
    finally:
        document.close()
