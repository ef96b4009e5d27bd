"""The web font of wall and desk: Noto Sans SC, cut down to what the screen can say.

The whole font is 8 MB. What is sent holds the characters of the product's own words and of the
city's names; a rarer character in an incoming report falls back to the machine's own font.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock

import pylopdf_fonts_zh_cn
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

import geo_data
import indicators
import layers

ALWAYS = (
    "".join(map(chr, range(0x20, 0x7F)))
    + "·—…“”‘’、。，；：？！（）《》【】％℃²³µ±×÷≤≥▲▼◆●■→←↑↓①②③④⑤ⅠⅡⅢⅣ"
)

_SOURCE = Path(pylopdf_fonts_zh_cn.__file__).with_name("NotoSansSC-Regular.otf")


def font_characters(texts: Iterable[str]) -> str:
    """Return every character that ``texts`` use, sorted, with the ones always needed."""
    used = set(ALWAYS)
    for text in texts:
        used.update(text)
    return "".join(sorted(character for character in used if character.isprintable()))


@cache
def product_words() -> str:
    """Return all word lists the product ships: sentences, dictionaries, catalogues."""
    folders = (Path(str(package.__file__)).parent for package in (geo_data, indicators, layers))
    paths = (path for folder in folders for path in sorted(folder.rglob("*.toml")))
    return "".join(path.read_text(encoding="utf-8") for path in paths)


@dataclass(slots=True)
class WebFont:
    """A WOFF2 font with the characters of a city; cut once, kept in a file.

    Parameters
    ----------
    characters : str
        From :func:`font_characters`.
    cache_dir : Path
        Where cut fonts are kept.
    """

    characters: str
    cache_dir: Path
    _cutting: Lock = field(default_factory=Lock)

    @property
    def name(self) -> str:
        """File name; another one for other characters, so that browsers may keep it for good."""
        told = f"{_SOURCE.stat().st_size}{self.characters}"
        return f"noto-sans-sc.{hashlib.sha256(told.encode()).hexdigest()[:12]}.woff2"

    def content(self) -> bytes:
        """Return the font; the first time that takes seconds."""
        kept = self.cache_dir / self.name
        with self._cutting:
            if not kept.exists():
                self.cache_dir.mkdir(parents=True, exist_ok=True)
                # Another process may be cutting the same one: each writes a file of its own.
                cut = _cut(_SOURCE, self.characters)
                with NamedTemporaryFile(dir=self.cache_dir, suffix=".part", delete=False) as part:
                    part.write(cut)
                Path(part.name).replace(kept)
        return kept.read_bytes()


def _cut(source: Path, characters: str) -> bytes:
    options = Options(flavor="woff2", layout_features=["tnum", "kern", "palt"], hinting=False)
    options.desubroutinize = False
    options.notdef_outline = True
    cutter = Subsetter(options)
    cutter.populate(text=characters)
    out = BytesIO()
    with TTFont(source, lazy=True) as font:
        cutter.subset(font)
        font.flavor = "woff2"
        font.save(out)
    return out.getvalue()
