"""The letters of a PDF: numbered as they are written, embedded when all are known."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from layers.print.pdf_objects import PdfObjects
from layers.print.typeface import NAME, SERIF, Cut, cut


class Fonts:
    """The fonts of a file, each with its number; one that no page uses is not there."""

    def __init__(self, objects: PdfObjects) -> None:
        self._objects = objects
        self._letters = {NAME: Letters(NAME)}
        self._numbers = {NAME: objects.reserve()}

    def letters(self, name: str) -> Letters:
        """Return the letters of a font."""
        if name not in self._letters:
            self._letters[name] = Letters(name)
            self._numbers[name] = self._objects.reserve()
        return self._letters[name]

    def listed(self) -> str:
        """Return the fonts by the names that pages call them."""
        return " ".join(f"/{KEYS[name]} {number} 0 R" for name, number in self._numbers.items())

    def put(self) -> None:
        """Write the fonts."""
        for name, number in self._numbers.items():
            put_font(self._objects, number, self._letters[name].cut(), name)


KEYS = {NAME: "F", SERIF: "G"}
"""What the content of pages calls each font."""


class Letters:
    """Letters with the numbers they are written by.

    A letter keeps the number it got when it was first met, so a page can be written before
    anybody knows what the next one says.

    Parameters
    ----------
    name : str
        Of the font.
    """

    def __init__(self, name: str = NAME) -> None:
        self._name = name
        self._codes: dict[str, str] = {}
        self.written(" ")

    def written(self, text: str) -> str:
        """Return a text as the numbers of its letters, four hexadecimal figures each."""
        codes = self._codes
        for letter in text:
            if letter not in codes:
                codes[letter] = f"{len(codes) + 1:04X}"
        return "".join(map(codes.__getitem__, text))

    def cut(self) -> Cut:
        """Return the part of the font that was written with."""
        return cut(self._codes, self._name)


def put_font(objects: PdfObjects, number: int, letters: Cut, face: str) -> None:
    """Write a font under a number that was reserved for it."""
    # A subset has a name of its own: six letters that depend on what is in it.
    digest = blake2b(letters.cff, digest_size=6).digest()
    name = "".join(chr(65 + byte % 26) for byte in digest) + f"+{face}"
    outlines = objects.stream(letters.cff, "/Subtype /CIDFontType0C")
    descriptor = objects.add(
        f"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [-1002 -1048 2928 1808] "
        f"/ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 733 /StemV 80 "
        f"/FontFile3 {outlines} 0 R >>"
    )
    widths = " ".join(f"{cid} [{width}]" for cid, width in sorted(letters.widths.items()))
    below = objects.add(
        f"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /{name} "
        f"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
        f"/FontDescriptor {descriptor} 0 R /DW 1000 /W [{widths}] >>"
    )
    typed = objects.stream(_typed(letters.cids))
    objects.put(
        number,
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
        f"/DescendantFonts [{below} 0 R] /ToUnicode {typed} 0 R >>",
    )


def _typed(cids: Mapping[str, int]) -> bytes:
    """Return which character each glyph stands for: what a search looks through."""
    rows = [f"<{cid:04X}> <{letter.encode('utf-16-be').hex()}>" for letter, cid in cids.items()]
    parts = [
        f"{len(rows[at : at + 100])} beginbfchar\n"
        + "\n".join(rows[at : at + 100])
        + "\nendbfchar\n"
        for at in range(0, len(rows), 100)
    ]
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        + "".join(parts)
        + "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()
