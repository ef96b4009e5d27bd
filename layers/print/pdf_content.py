"""What is drawn on a page of a PDF: plates as corners and operators.

Writing them from whole arrays at once costs a tenth of drawing shape by shape through a library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import cos, radians, sin

from layers.print.drawing import PER_MM, Item, Marks, Path, Plate, Rings, Stroke, Text
from layers.print.path_text import path_rows
from layers.print.pdf_font import KEYS, Fonts
from layers.print.typeface import NAME, SERIF, line_width, spread_mm, typeface

States = dict[str, float]
"""Names of opacities with what they are: the same name on every page."""
_HALO = 0.2
"""Width of the rim of a letter, in heights of its type."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign that is drawn again and again."""

    body: bytes
    states: States


class PageContent:
    """The content of a page as it grows, and what it refers to.

    Parameters
    ----------
    fonts : Fonts
        Those of the whole file.
    """

    def __init__(self, fonts: Fonts) -> None:
        self.out: list[bytes] = []
        self.states: States = {}
        self.signs: dict[str, Sign] = {}
        self.layers: dict[str, str] = {}
        self._fonts = fonts

    def plate(self, plate: Plate) -> None:
        """Write a plate over those before it."""
        out = self.out
        if plate.optional:
            layer = f"L{len(self.layers)}"
            self.layers[layer] = plate.name
            out.append(f"/OC /{layer} BDC\n".encode())
        if plate.clip is not None:
            out += [b"q\n", path_rows(Rings.around(plate.clip)), b"W n\n"]
        waiting: list[Text] = []
        for item in plate.items:
            if isinstance(item, Text):
                waiting.append(item)
                continue
            self._texts(waiting)
            waiting = []
            self._item(item, out)
        self._texts(waiting)
        if plate.clip is not None:
            out.append(b"Q\n")
        if plate.optional:
            out.append(b"EMC\n")

    def _item(self, item: Item, out: list[bytes]) -> None:
        if isinstance(item, Marks):
            self._marks(item)
        elif isinstance(item, Path):
            out += _path(item, self.states)

    def _marks(self, marks: Marks) -> None:
        names = {kind: self._sign(look) for kind, look in marks.looks.items()}
        self.out += [
            f"q 1 0 0 1 {x} {y} cm /{names[kind]} Do Q\n".encode()
            for kind, (x, y) in zip(marks.kinds, marks.xy.tolist(), strict=True)
        ]

    def _sign(self, look: tuple[Path, ...]) -> str:
        states: States = {}
        body = b"".join(part for path in look for part in _path(path, states))
        name = f"S{blake2b(body, digest_size=6).hexdigest()}"
        self.signs[name] = Sign(body, states)
        return name

    def _texts(self, texts: Sequence[Text]) -> None:
        """Write halos first, and as something that is no text: else every name is found twice."""
        if not texts:
            return
        states = self.states
        rims = [text for text in texts if text.halo is not None]
        if rims:
            self.out.append(b"/Span <</ActualText <FEFF>>> BDC\nq 1 j\n")
            for text in rims:
                self.out += [_opacity(text.opacity * 0.9, states), _color(text.halo or "", "RG")]
                width = text.size_mm * PER_MM * _HALO
                self.out.append(f"{width:.4g} w\nBT 1 Tr\n".encode() + self._line(text) + b"ET\n")
            self.out.append(b"Q\nEMC\n")
        for text in texts:
            self.out += [b"q\n", _opacity(text.opacity, states), _color(text.color, "rg")]
            self.out += [b"BT 0 Tr\n", self._line(text), b"ET\nQ\n"]

    def _line(self, text: Text) -> bytes:
        name = SERIF if text.serif else NAME
        shown = typeface(name).shown(text.text)
        size = text.size_mm * PER_MM
        more = text.apart_mm * PER_MM
        wide = line_width(shown, size, text.bold, name) + max(len(shown) - 1, 0) * more
        apart = spread_mm(shown, size, text.bold) + more
        back = {"start": 0.0, "middle": wide / 2, "end": wide}[text.anchor]
        turn = radians(text.angle_deg)
        across, up = cos(turn), sin(turn)
        x, y = text.x * PER_MM - back * across, text.y * PER_MM + back * up
        return (
            f"/{KEYS[name]} {size:.3f} Tf {apart:.4g} Tc "
            f"{across:.6f} {-up:.6f} {-up:.6f} {-across:.6f} "
            f"{x:.2f} {y:.2f} Tm <{self._fonts.letters(name).written(shown)}> Tj\n"
        ).encode()


def _path(path: Path, states: States) -> list[bytes]:
    if not len(path.rings):
        return []
    rows = path_rows(path.rings, close=path.stroke is not None)
    out = [b"q\n"]
    if path.clip is not None:
        out += [path_rows(path.clip), b"W* n\n" if path.even_odd else b"W n\n"]
    if path.fill is not None:
        out += [_opacity(path.opacity, states), _color(path.fill, "rg")]
    if path.stroke is not None:
        out += _pen(path.stroke, states)
    paint = b"B" if path.fill and path.stroke else b"f" if path.fill else b"S"
    if path.fill and path.even_odd:
        paint += b"*"
    return [*out, rows, paint, b"\nQ\n"]


def _pen(stroke: Stroke, states: States) -> list[bytes]:
    dash = " ".join(f"{part * PER_MM:.4g}" for part in stroke.dash_mm)
    pen = f"{stroke.width_mm * PER_MM:.4g} w 1 j 0 J [{dash}] 0 d\n"
    return [_opacity(stroke.opacity, states), _color(stroke.color, "RG"), pen.encode()]


def _opacity(opacity: float, states: States) -> bytes:
    name = f"G{round(1000 * opacity)}"
    states[name] = round(opacity, 3)
    return f"/{name} gs\n".encode()


def _color(color: str, operator: str) -> bytes:
    parts = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return (" ".join(f"{part:.4g}" for part in parts) + f" {operator}\n").encode()
