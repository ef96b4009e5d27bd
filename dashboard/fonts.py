"""The web font of wall and desk: Noto Sans SC, cut down to what the screen can say.

The whole font is 8 MB. What is sent holds the characters of the product's own words and of the
city's names; a rarer character in an incoming report falls back to the machine's own font.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

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


def font_characters(texts: Iterable[str]) -> str:
    """Return every character that ``texts`` use, sorted, with the ones always needed."""
    used = set(ALWAYS)
    for text in texts:
        used.update(text)
    return "".join(sorted(character for character in used if character.isprintable()))


def product_words() -> Iterator[str]:
    """Yield every word list the product ships: sentences, dictionaries, catalogues."""
    for package in (geo_data, indicators, layers):
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.toml")):
            yield path.read_text(encoding="utf-8")


def web_font(characters: str, cache_dir: Path) -> tuple[str, bytes]:
    """Return name and bytes of a WOFF2 font with ``characters``; cut once, kept in a file.

    Parameters
    ----------
    characters : str
        From :func:`font_characters`.
    cache_dir : Path
        Where cut fonts are kept.
    """
    source = Path(pylopdf_fonts_zh_cn.__file__).with_name("NotoSansSC-Regular.otf")
    digest = hashlib.sha256(f"{source.stat().st_size}{characters}".encode()).hexdigest()[:12]
    name = f"noto-sans-sc.{digest}.woff2"
    kept = cache_dir / name
    if not kept.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".part")
        partial.write_bytes(_cut(source, characters))
        partial.replace(kept)
    return name, kept.read_bytes()


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
