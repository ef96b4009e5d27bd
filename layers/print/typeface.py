"""The typeface of print: how wide its letters are, and a file of those that a sheet uses.

Noto Sans SC comes as a package (see the decision on the font), so that a server without any
font of its own prints Chinese.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import pylopdf_fonts_zh_cn
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from geo_data.faults import Fault, InputError

NAME = "NotoSansSC-Regular"
FAMILY = "Noto Sans SC"
ASCENT, DESCENT = 0.88, 0.12
"""Of the box of a Chinese letter, in heights of the type."""
CAP_HEIGHT = 0.733
"""Of Latin capitals and figures."""
MISSING = "〓"
"""Stands for a letter the font has not, as printers have always done."""
_RADICALS = range(0x2E80, 0x2FE0)


@dataclass(frozen=True, slots=True)
class Typeface:
    """What is known of the font without drawing it.

    Parameters
    ----------
    file : Path
        Where it is.
    glyphs : Mapping of int to str
        Code point -> name of its glyph.
    advances : Mapping of str to float
        Name of a glyph -> how wide it is, in heights of the type.
    """

    file: Path
    glyphs: Mapping[int, str]
    advances: Mapping[str, float]

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
        Letter -> its number in ``cff``.
    widths : Mapping of int to int
        Number -> width in thousandths of the height.
    texts : Mapping of int to str
        Number -> the letter as it was typed.
    cff : bytes
        The outlines, as PDF embeds them.
    otf : bytes
        The same as a font file, as SVG embeds it.
    """

    cids: Mapping[str, int]
    widths: Mapping[int, int]
    texts: Mapping[int, str]
    cff: bytes
    otf: bytes


def _file() -> Path:
    file = Path(pylopdf_fonts_zh_cn.__file__).with_name(f"{NAME}.otf")
    if not file.is_file():
        raise InputError(Fault("no-font", file=str(file)), exit_code=3)
    return file


@cache
def typeface() -> Typeface:
    """Return the typeface; read once in a process.

    Raises
    ------
    InputError
        The file of the font is gone (exit code 3).
    """
    file = _file()
    with TTFont(file, lazy=True) as font:
        glyphs = dict(font.getBestCmap())
        per_em = font["head"].unitsPerEm
        used = set(glyphs.values())
        advances = {
            name: advance / per_em
            for name, (advance, _) in font["hmtx"].metrics.items()
            if name in used
        }
    return Typeface(file, glyphs, advances)


def cut(texts: Iterable[str]) -> Cut:
    """Return the part of the font that ``texts`` are written with.

    Of two letters with one glyph the everyday one is kept: a radical of the Kangxi dictionary
    looks like the letter it is the radical of, and nobody searches for it.
    """
    face = typeface()
    letters = sorted({letter for text in texts for letter in face.shown(text)} | {" "})
    options = Options(
        layout_features=[],
        hinting=False,
        desubroutinize=True,
        notdef_outline=True,
        drop_tables=["GSUB", "GPOS", "GDEF", "BASE", "vhea", "vmtx", "VORG", "DSIG", "STAT"],
        name_IDs=[1, 2, 4, 6],
    )
    cutter = Subsetter(options)
    cutter.populate(text="".join(letters))
    out = BytesIO()
    with TTFont(face.file, lazy=True, recalcTimestamp=False) as font:
        cutter.subset(font)
        cids = {letter: _cid(face.glyphs[ord(letter)]) for letter in letters}
        font.save(out)
    raw = out.getvalue()
    with TTFont(BytesIO(raw), lazy=True) as made:
        cff = made.reader["CFF "]
    everyday = sorted(letters, key=lambda letter: (ord(letter) not in _RADICALS, ord(letter)))
    return Cut(
        cids=cids,
        widths={cids[one]: round(1000 * face.width(one)) for one in letters},
        texts={cids[one]: one for one in everyday},
        cff=cff,
        otf=raw,
    )


def _cid(glyph: str) -> int:
    # A font with Chinese numbers its glyphs; its names are made of the numbers.
    return int(glyph.removeprefix("cid")) if glyph.startswith("cid") else 0
