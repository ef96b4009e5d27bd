"""The numbered objects of a PDF, written into its file as they are made.

Nothing of a page stays in memory when it is done, so the hundredth page costs what the third did.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import BinaryIO

from isal import isal_zlib


class PdfObjects:
    """Numbered objects, and the file they make.

    Parameters
    ----------
    out : binary file
        Written from its start to its end, never read.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._size = 0
        self._places: list[int] = []
        self._mark = blake2b(digest_size=16)
        self._write(b"%PDF-1.7\n%\xe4\xb8\x80\xe5\xb1\x8f\n")

    def reserve(self) -> int:
        """Return the number of an object that is written later."""
        self._places.append(0)
        return len(self._places)

    def put(self, number: int, body: str | bytes) -> None:
        """Write the object of a number that was reserved."""
        self._places[number - 1] = self._size
        self._write(f"{number} 0 obj\n".encode())
        self._write(body.encode("latin-1") if isinstance(body, str) else body)
        self._write(b"\nendobj\n")

    def add(self, body: str | bytes) -> int:
        """Write an object and return its number."""
        number = self.reserve()
        self.put(number, body)
        return number

    def stream(self, data: bytes, entries: str = "") -> int:
        """Write a packed stream and return its number."""
        packed = isal_zlib.compress(data, 2)
        head = f"<< {entries} /Length {len(packed)} /Filter /FlateDecode >>\nstream\n"
        return self.add(head.encode() + packed + b"\nendstream")

    def finish(self, root: int, info: int) -> None:
        """Write where every object is; its mark goes by all that was written."""
        start, count = self._size, len(self._places) + 1
        self._write(f"xref\n0 {count}\n0000000000 65535 f \n".encode())
        self._write(b"".join(f"{place:010} 00000 n \n".encode() for place in self._places))
        mark = self._mark.hexdigest()
        self._write(
            f"trailer\n<< /Size {count} /Root {root} 0 R /Info {info} 0 R "
            f"/ID [<{mark}> <{mark}>] >>\nstartxref\n{start}\n%%EOF\n".encode()
        )

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._mark.update(data)
        self._size += len(data)
