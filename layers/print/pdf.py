"""A sheet as PDF, written straight from its outlines.

The content of a page of PDF is text: corners and operators. Writing it from whole arrays at once
costs a tenth of drawing shape by shape through a library, and nothing has to be installed. The
letters carry the characters as they were typed, so that a search finds every name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from math import cos, radians, sin

from isal import isal_zlib

from layers.print.drawing import PER_MM, Item, Marks, Path, Plate, Rings, Stroke, Text
from layers.print.path_text import path_rows
from layers.print.sheet_info import SheetInfo
from layers.print.typeface import NAME, Cut, cut, typeface

_POINTS_PER_UNIT = 72 / 25.4 / PER_MM
_HALO = 0.2
"""Width of the rim of a letter, in heights of its type."""
_BOLD = 0.034
"""The font has one weight: a rim of its own colour makes it heavier."""


def pdf_bytes(plates: Sequence[Plate], info: SheetInfo) -> bytes:
    """Return plates as a PDF of one page.

    Parameters
    ----------
    plates : sequence of Plate
        From the ground up; optional ones become layers the reader can switch.
    info : SheetInfo
        Size of the page, title, time, and where the map lies.
    """
    letters = cut(text.text for text in _all_texts(plates))
    page = _Page(letters)
    for plate in plates:
        page.plate(plate)
    return _file(page, letters, info)


def _all_texts(plates: Iterable[Plate]) -> Iterator[Text]:
    for plate in plates:
        for item in plate.items:
            if isinstance(item, Text):
                yield item


def _color(color: str, operator: str) -> bytes:
    parts = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return (" ".join(f"{part:.4g}" for part in parts) + f" {operator}\n").encode()


class _Page:
    """The content of the page as it grows, and what it refers to."""

    def __init__(self, letters: Cut) -> None:
        self.out: list[bytes] = []
        self.opacities: dict[float, str] = {}
        self.forms: dict[str, bytes] = {}
        self.layers: list[tuple[str, str]] = []
        self._names: dict[tuple[Path, ...], str] = {}
        self._letters = letters
        self._face = typeface()

    def plate(self, plate: Plate) -> None:
        out = self.out
        if plate.optional:
            self.layers.append((f"L{len(self.layers)}", plate.name))
            out.append(f"/OC /{self.layers[-1][0]} BDC\n".encode())
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
            self._path(item, out)

    def _path(self, path: Path, out: list[bytes]) -> None:
        if not len(path.rings):
            return
        rows = path_rows(path.rings, close=path.stroke is not None)
        out.append(b"q\n")
        if path.clip is not None:
            out += [path_rows(path.clip), b"W* n\n" if path.even_odd else b"W n\n"]
        if path.fill is not None:
            out += [self._opacity(path.opacity), _color(path.fill, "rg")]
        if path.stroke is not None:
            out += self._pen(path.stroke)
        paint = b"B" if path.fill and path.stroke else b"f" if path.fill else b"S"
        if path.fill and path.even_odd:
            paint += b"*"
        out += [rows, paint, b"\nQ\n"]

    def _pen(self, stroke: Stroke) -> list[bytes]:
        dash = " ".join(f"{part * PER_MM:.4g}" for part in stroke.dash_mm)
        pen = f"{stroke.width_mm * PER_MM:.4g} w 1 j 0 J [{dash}] 0 d\n"
        return [self._opacity(stroke.opacity), _color(stroke.color, "RG"), pen.encode()]

    def _opacity(self, opacity: float) -> bytes:
        if opacity >= 1.0 and not self.opacities:
            self.opacities[1.0] = "G0"
        name = self.opacities.setdefault(round(opacity, 3), f"G{len(self.opacities)}")
        return f"/{name} gs\n".encode()

    def _marks(self, marks: Marks) -> None:
        names = {kind: self._form(look) for kind, look in marks.looks.items()}
        self.out += [
            f"q 1 0 0 1 {x} {y} cm /{names[kind]} Do Q\n".encode()
            for kind, (x, y) in zip(marks.kinds, marks.xy.tolist(), strict=True)
        ]

    def _form(self, look: tuple[Path, ...]) -> str:
        content: list[bytes] = []
        for path in look:
            self._path(path, content)
        body = b"".join(content)
        name = f"S{blake2b(body, digest_size=4).hexdigest()}"
        self.forms[name] = body
        return name

    def _texts(self, texts: Sequence[Text]) -> None:
        """Write halos first, and as something that is no text: else every name is found twice."""
        if not texts:
            return
        rims = [text for text in texts if text.halo is not None]
        if rims:
            self.out.append(b"/Span <</ActualText <FEFF>>> BDC\nq 1 j\n")
            for text in rims:
                self.out += [self._opacity(text.opacity * 0.9), _color(text.halo or "", "RG")]
                width = text.size_mm * PER_MM * (_HALO + (_BOLD if text.bold else 0.0))
                self.out.append(f"{width:.4g} w\nBT 1 Tr\n".encode() + self._line(text) + b"ET\n")
            self.out.append(b"Q\nEMC\n")
        for text in texts:
            self.out += [b"q\n", self._opacity(text.opacity), _color(text.color, "rg")]
            mode = b"BT 0 Tr\n"
            if text.bold:
                width = text.size_mm * PER_MM * _BOLD
                self.out += [_color(text.color, "RG"), f"{width:.4g} w 1 j\n".encode()]
                mode = b"BT 2 Tr\n"
            self.out += [mode, self._line(text), b"ET\nQ\n"]

    def _line(self, text: Text) -> bytes:
        shown = self._face.shown(text.text)
        size = text.size_mm * PER_MM
        wide = self._face.width(shown, size)
        back = {"start": 0.0, "middle": wide / 2, "end": wide}[text.anchor]
        turn = radians(text.angle_deg)
        across, up = cos(turn), sin(turn)
        x, y = text.x * PER_MM - back * across, text.y * PER_MM + back * up
        codes = "".join(f"{self._letters.cids[letter]:04X}" for letter in shown)
        return (
            f"/F {size:.3f} Tf {across:.6f} {-up:.6f} {-up:.6f} {-across:.6f} {x:.2f} {y:.2f} Tm "
            f"<{codes}> Tj\n"
        ).encode()


class _Objects:
    """Numbered objects, and the file they make."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def reserve(self) -> int:
        self.bodies.append(b"")
        return len(self.bodies)

    def add(self, body: str | bytes) -> int:
        self.bodies.append(body.encode("latin-1") if isinstance(body, str) else body)
        return len(self.bodies)

    def stream(self, data: bytes, entries: str = "") -> int:
        packed = isal_zlib.compress(data, 2)
        head = f"<< {entries} /Length {len(packed)} /Filter /FlateDecode >>\nstream\n"
        return self.add(head.encode() + packed + b"\nendstream")

    def file(self, root: int, info: int) -> bytes:
        out = bytearray(b"%PDF-1.7\n%\xe4\xb8\x80\xe5\xb1\x8f\n")
        places = []
        for number, body in enumerate(self.bodies, 1):
            places.append(len(out))
            out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
        start = len(out)
        out += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode()
        out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
        mark = blake2b(bytes(out), digest_size=16).hexdigest()
        out += (
            f"trailer\n<< /Size {len(places) + 1} /Root {root} 0 R /Info {info} 0 R "
            f"/ID [<{mark}> <{mark}>] >>\nstartxref\n{start}\n%%EOF\n"
        ).encode()
        return bytes(out)


def _text_string(text: str) -> str:
    return f"<feff{text.encode('utf-16-be').hex()}>"


def _file(page: _Page, letters: Cut, info: SheetInfo) -> bytes:
    objects = _Objects()
    root, pages, leaf = objects.reserve(), objects.reserve(), objects.reserve()
    width, height = (side * PER_MM * _POINTS_PER_UNIT for side in (info.width, info.height))
    scale = _POINTS_PER_UNIT
    head = f"{scale:.10g} 0 0 {-scale:.10g} 0 {height:.6f} cm\n".encode()
    content = objects.stream(head + b"".join(page.out))
    groups = [
        objects.add(f"<< /Type /OCG /Name {_text_string(name)} >>") for _, name in page.layers
    ]
    resources = _resources(objects, page, letters, groups)
    viewport = info.viewport(height)
    objects.bodies[leaf - 1] = (
        f"<< /Type /Page /Parent {pages} 0 R /MediaBox [0 0 {width:.4f} {height:.4f}] "
        f"/Contents {content} 0 R /Resources {resources} 0 R {viewport} >>"
    ).encode("latin-1")
    objects.bodies[pages - 1] = f"<< /Type /Pages /Kids [{leaf} 0 R] /Count 1 >>".encode()
    listed = " ".join(f"{group} 0 R" for group in groups)
    layers = f"/OCProperties << /OCGs [{listed}] /D << /Order [{listed}] /ON [{listed}] >> >>"
    objects.bodies[root - 1] = (
        f"<< /Type /Catalog /Pages {pages} 0 R /Lang ({info.language}) "
        f"/ViewerPreferences << /DisplayDocTitle true >> {layers if groups else ''} >>"
    ).encode()
    stamp = f"{info.drawn_at:%Y%m%d%H%M%S}Z"
    told = objects.add(
        f"<< /Title {_text_string(info.title)} /Author {_text_string(info.author)} "
        f"/Producer {_text_string(info.producer)} /CreationDate (D:{stamp}) >>"
    )
    return objects.file(root, told)


def _resources(objects: _Objects, page: _Page, letters: Cut, groups: Sequence[int]) -> int:
    states = " ".join(
        f"/{name} << /ca {opacity:.4g} /CA {opacity:.4g} >>"
        for opacity, name in page.opacities.items()
    )
    inner = f"<< /ExtGState << {states} >> >>"
    extent = "/BBox [-2000 -2000 2000 2000]"
    entries = f"/Type /XObject /Subtype /Form {extent} /Resources {inner}"
    forms = " ".join(
        f"/{name} {objects.stream(body, entries)} 0 R" for name, body in page.forms.items()
    )
    named = " ".join(
        f"/{name} {group} 0 R" for (name, _), group in zip(page.layers, groups, strict=True)
    )
    return objects.add(
        f"<< /ExtGState << {states} >> /Font << /F {_font(objects, letters)} 0 R >> "
        f"/XObject << {forms} >> /Properties << {named} >> >>"
    )


def _font(objects: _Objects, letters: Cut) -> int:
    # A subset has a name of its own: six letters that depend on what is in it.
    digest = blake2b(letters.cff, digest_size=6).digest()
    name = "".join(chr(65 + byte % 26) for byte in digest) + f"+{NAME}"
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
    return objects.add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
        f"/DescendantFonts [{below} 0 R] /ToUnicode {typed} 0 R >>"
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
