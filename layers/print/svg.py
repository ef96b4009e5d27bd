"""A sheet as SVG: one group a layer, real text, the letters it uses inside of the file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence

from markupsafe import escape

from layers.print.drawing import PER_MM, Item, Marks, Path, Plate, Rings, Stroke, Text
from layers.print.path_text import path_data
from layers.print.sheet_info import SheetInfo
from layers.print.typeface import FAMILY, font_file, spread_mm, typeface

_HALO = 0.2


def svg_bytes(plates: Sequence[Plate], info: SheetInfo) -> bytes:
    """Return plates as an SVG in real size; groups carry the layers' keys and names."""
    texts = [item.text for plate in plates for item in plate.items if isinstance(item, Text)]
    font = b64encode(font_file(texts)).decode()
    width, height = info.width * PER_MM, info.height * PER_MM
    clips = _Clips()
    body = "".join(part for plate in plates for part in _plate(plate, clips))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{info.width:g}mm" '
        f'height="{info.height:g}mm" viewBox="0 0 {width:g} {height:g}" lang="{info.language}">\n'
        f"<title>{escape(info.title)}</title>\n"
        f'<defs><style>@font-face{{font-family:"{FAMILY}";'
        f"src:url(data:font/otf;base64,{font})}}"
        f'text{{font-family:"{FAMILY}",sans-serif;white-space:pre;paint-order:stroke;'
        f"stroke-linejoin:round}}path{{stroke-linejoin:round}}</style>{clips.written()}</defs>\n"
        f"{body}</svg>\n"
    ).encode()


class _Clips:
    """Clip paths and signs, each defined once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def clip(self, rings: Rings, even_odd: bool = False) -> str:
        rule = ' clip-rule="evenodd"' if even_odd else ""
        return self._name("c", f'<path{rule} d="{path_data(rings)}"/>')

    def sign(self, look: Sequence[Path]) -> str:
        return self._name("s", "".join(part for path in look for part in _path(path, self)))

    def _name(self, kind: str, body: str) -> str:
        return self._known.setdefault(body, f"{kind}{len(self._known)}")

    def written(self) -> str:
        return "".join(
            f'<clipPath id="{name}">{body}</clipPath>'
            if name.startswith("c")
            else f'<g id="{name}">{body}</g>'
            for body, name in self._known.items()
        )


def _plate(plate: Plate, clips: _Clips) -> Iterator[str]:
    seen = f' clip-path="url(#{clips.clip(Rings.around(plate.clip))})"' if plate.clip else ""
    yield f'<g id="{escape(plate.key)}" data-name="{escape(plate.name)}"{seen}>\n'
    for item in plate.items:
        yield from _item(item, clips)
    yield "</g>\n"


def _item(item: Item, clips: _Clips) -> Iterator[str]:
    if isinstance(item, Text):
        yield _text(item)
    elif isinstance(item, Marks):
        names = {kind: clips.sign(look) for kind, look in item.looks.items()}
        for kind, (x, y) in zip(item.kinds, item.xy.tolist(), strict=True):
            yield f'<use href="#{names[kind]}" x="{x}" y="{y}"/>\n'
    else:
        yield from _path(item, clips)


def _path(path: Path, clips: _Clips) -> Iterator[str]:
    if not len(path.rings):
        return
    fill = f'fill="{path.fill}" fill-opacity="{path.opacity:g}"' if path.fill else 'fill="none"'
    rule = ' fill-rule="evenodd"' if path.even_odd and path.fill else ""
    pen = _pen(path.stroke) if path.stroke else ""
    seen = f' clip-path="url(#{clips.clip(path.clip, path.even_odd)})"' if path.clip else ""
    yield f'<path {fill}{rule}{pen}{seen} d="{path_data(path.rings)}"/>\n'


def _pen(stroke: Stroke) -> str:
    dash = " ".join(f"{part * PER_MM:g}" for part in stroke.dash_mm)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f' stroke="{stroke.color}" stroke-width="{stroke.width_mm * PER_MM:g}" '
        f'stroke-opacity="{stroke.opacity:g}"{dashes}'
    )


def _text(text: Text) -> str:
    shown = typeface().shown(text.text)
    size = text.size_mm * PER_MM
    x, y = text.x * PER_MM, text.y * PER_MM
    turn = f' transform="rotate({-text.angle_deg:g} {x:.1f} {y:.1f})"' if text.angle_deg else ""
    rim = ""
    if text.halo:
        rim = f' stroke="{text.halo}" stroke-width="{size * _HALO:g}"'
    if apart := spread_mm(shown, size, text.bold):
        rim += f' letter-spacing="{apart:.4g}"'
    opacity = f' opacity="{text.opacity:g}"' if text.opacity < 1 else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{text.color}" '
        f'text-anchor="{text.anchor}"{rim}{opacity}{turn}>{escape(shown)}</text>\n'
    )
