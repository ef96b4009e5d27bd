"""The typefaces of print: how wide their letters are, and a file of those that a sheet uses.

Noto Sans SC, and Noto Serif SC for what is read line by line, come as a package (see the decision
on the font), so that a server without any font of its own prints Chinese.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pylopdf_fonts_zh_cn

from geo_data.faults import Fault, InputError
from layers.print.compact_font import cut_outlines

NAME, SERIF = "NotoSansSC-Regular", "NotoSerifSC-Regular"
FAMILY = "Noto Sans SC"
ASCENT, DESCENT = 0.88, 0.12
"""Of the box of a Chinese letter, in heights of the type."""
CAP_HEIGHT = 0.733
"""Of Latin capitals and figures."""
SPREAD = 0.07
"""Between the letters of headings, in heights of the type; a search still finds the word."""
MISSING = "〓"
"""Stands for a letter the font has not, as printers have always done."""
_WIDE_CMAP = (3, 10)
"""Platform and encoding of the table that maps all of Unicode."""


@dataclass(frozen=True, slots=True)
class Typeface:
    """What is known of the font without drawing it.

    Parameters
    ----------
    file : Path
        Where it is.
    glyphs : Mapping of int to int
        Code point -> place of its glyph.
    advances : sequence of float
        How wide each glyph is, in heights of the type.
    """

    file: Path
    glyphs: Mapping[int, int]
    advances: list[float]

    def shown(self, text: str) -> str:
        """Return ``text`` with a mark for every letter that the font has not."""
        if all(ord(letter) in self.glyphs for letter in text):
            return text
        return "".join(letter if ord(letter) in self.glyphs else MISSING for letter in text)

    def width(self, text: str, size_mm: float = 1.0) -> float:
        """Return how wide ``text`` is."""
        glyphs, advances = self.glyphs, self.advances
        return size_mm * sum(advances[glyphs[ord(letter)]] for letter in self.shown(text))


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of the font that a sheet uses.

    Parameters
    ----------
    cids : Mapping of str to int
        Letter -> its number in ``cff``; every letter has its own, also where two look alike, so
        that each is found as it was typed.
    widths : Mapping of int to int
        Number -> width in thousandths of the height.
    cff : bytes
        The outlines, as PDF embeds them.
    """

    cids: Mapping[str, int]
    widths: Mapping[int, int]
    cff: bytes


def _file(name: str) -> Path:
    file = Path(pylopdf_fonts_zh_cn.__file__).with_name(f"{name}.otf")
    if not file.is_file():
        raise InputError(Fault("no-font", file=str(file)), exit_code=3)
    return file


@cache
def typeface(name: str = NAME) -> Typeface:
    """Return a typeface; read once in a process.

    Raises
    ------
    InputError
        The file of the font is gone (exit code 3).
    """
    file = _file(name)
    per_em = struct.unpack(">H", _table(file, "head")[18:20])[0]
    wide = struct.unpack(">H", _table(file, "hhea")[34:36])[0]
    metrics = np.frombuffer(_table(file, "hmtx"), dtype=">u2")
    # After the last that says its width, all are as wide as that one.
    advances = (metrics[: 2 * wide : 2] / per_em).tolist()
    count = struct.unpack(">H", _table(file, "maxp")[4:6])[0]
    advances += advances[-1:] * (count - wide)
    return Typeface(file, _code_points(_table(file, "cmap")), advances)


def _table(file: Path, tag: str) -> bytes:
    """Return a table of an OpenType file."""
    with file.open("rb") as font:
        count = struct.unpack(">4xH6x", font.read(12))[0]
        for _ in range(count):
            name, start, size = struct.unpack(">4s4xII", font.read(16))
            if name.decode("latin-1").strip() == tag:
                font.seek(start)
                return font.read(size)
    raise InputError(Fault("no-font", file=str(file)), exit_code=3)


def _code_points(cmap: bytes) -> dict[int, int]:
    """Return which glyph each character has, out of a table of format 12."""
    count = struct.unpack(">H", cmap[2:4])[0]
    records = [struct.unpack(">HHI", cmap[4 + 8 * n : 12 + 8 * n]) for n in range(count)]
    start = next(at for *where, at in records if tuple(where) == _WIDE_CMAP)
    groups = struct.unpack(">I", cmap[start + 12 : start + 16])[0]
    body = cmap[start + 16 : start + 16 + 12 * groups]
    first, last, glyph = np.frombuffer(body, dtype=">u4").astype(np.int64).reshape(-1, 3).T
    size: npt.NDArray[np.int64] = last - first + 1
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    points = np.repeat(first, size) + within
    return dict(zip(points.tolist(), (np.repeat(glyph, size) + within).tolist(), strict=True))


def spread_mm(text: str, size_mm: float, bold: bool) -> float:
    """Return how much farther apart the letters of a heading are.

    The font has one weight, and a rim would close the counters of dense letters: headings are
    told by size and by room. Latin words stay as they are.
    """
    is_chinese = any("\u2e80" <= letter <= "\uffef" for letter in text)
    return SPREAD * size_mm if bold and is_chinese else 0.0


def line_width(text: str, size_mm: float, bold: bool = False, name: str = NAME) -> float:
    """Return how wide a line is, a heading with the room between its letters."""
    between = max(len(text) - 1, 0) * spread_mm(text, size_mm, bold)
    return typeface(name).width(text, size_mm) + between


def cut(letters: Iterable[str], name: str = NAME) -> Cut:
    """Return the part of a font with some letters that it has, numbered in their order."""
    face = typeface(name)
    letters = list(letters)
    glyphs = [face.glyphs[ord(letter)] for letter in letters]
    return Cut(
        cids={letter: number for number, letter in enumerate(letters, 1)},
        widths={
            number: round(1000 * face.advances[glyph]) for number, glyph in enumerate(glyphs, 1)
        },
        cff=cut_outlines(_table(face.file, "CFF"), name, glyphs),
    )


def font_file(texts: Iterable[str]) -> bytes:
    """Return a font file of what ``texts`` are written with, as SVG embeds it."""
    # A second to load and cut: only for those who want SVG.
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options(
        layout_features=[],
        hinting=False,
        desubroutinize=True,
        drop_tables=["GSUB", "GPOS", "GDEF", "BASE", "vhea", "vmtx", "VORG", "DSIG", "STAT"],
        name_IDs=[1, 2, 4, 6],
    )
    face = typeface()
    letters = sorted({letter for text in texts for letter in face.shown(text)} | {" "})
    cutter = Subsetter(options)
    cutter.populate(text="".join(letters))
    out = BytesIO()
    with TTFont(typeface().file, lazy=True, recalcTimestamp=False) as font:
        cutter.subset(font)
        font.save(out)
    return out.getvalue()
