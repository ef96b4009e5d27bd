"""Outlines as native shapes of a slide (ECMA-376, DrawingML custom geometry)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import shapely
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Emu

from layers.print.drawing import PER_MM, Item, Marks, Path, Rings, Stroke, moved

EMU = 36_000 // PER_MM
"""English metric units in a page unit."""
_SPACES = nsdecls("p", "a")
_THINNEST_EMU = 1270
"""A tenth of a point: PowerPoint draws thinner lines as wide as a pixel of the screen."""


def emu(mm: float) -> Emu:
    """Return millimetres in what a slide is measured in."""
    return Emu(round(mm * PER_MM * EMU))


def freeforms(name: str, items: Iterable[Item]) -> Iterator[Any]:
    """Yield the elements of outlines and signs; writing is left out.

    Parameters
    ----------
    name : str
        What the shapes are called in the list of objects.
    items : iterable of Path, Marks or Text
        In page units.
    """
    for item in items:
        if isinstance(item, Marks):
            for kind, (x, y) in zip(item.kinds, item.xy.tolist(), strict=True):
                yield from freeforms(name, moved(item.looks[kind], x / PER_MM, y / PER_MM))
        elif isinstance(item, Path):
            rings = _seen(item)
            if len(rings):
                yield parse_xml(_shape(name, item, rings))


def _seen(path: Path) -> Rings:
    """Return the rings; a slide knows no clip, so lines are cut where theirs ends."""
    if path.clip is None or path.rings.closed:
        return path.rings
    inside = shapely.union_all([shapely.Polygon(ring) for ring in _parts(path.clip)])
    lines = shapely.MultiLineString(list(_parts(path.rings)))
    cut = shapely.get_parts(shapely.intersection(lines, inside))
    return Rings.of(
        [shapely.get_coordinates(one) / PER_MM for one in cut if one.geom_type == "LineString"],
        closed=False,
    )


def _parts(rings: Rings) -> list[np.ndarray[Any, Any]]:
    return np.split(rings.xy, rings.starts[1:])


def _shape(name: str, path: Path, rings: Rings) -> str:
    left, top = (int(side) for side in rings.xy.min(axis=0))
    wide, high = (int(side) for side in rings.xy.max(axis=0) - (left, top))
    body = "".join(_line(part - (left, top), rings.closed) for part in _parts(rings))
    fill = _color(path.fill, path.opacity) if path.fill else "<a:noFill/>"
    pen = _pen(path.stroke) if path.stroke else "<a:ln><a:noFill/></a:ln>"
    # Lines are never filled, whatever a program thinks of open outlines.
    filled = "" if path.fill else ' fill="none"'
    return (
        f'<p:sp {_SPACES}><p:nvSpPr><p:cNvPr id="0" name="{name}"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr>'
        f'<p:spPr><a:xfrm><a:off x="{left * EMU}" y="{top * EMU}"/>'
        f'<a:ext cx="{wide * EMU}" cy="{high * EMU}"/></a:xfrm>'
        f"<a:custGeom><a:avLst/><a:gdLst/><a:ahLst/><a:cxnLst/>"
        f'<a:rect l="l" t="t" r="r" b="b"/><a:pathLst>'
        f'<a:path w="{wide}" h="{high}"{filled}>{body}</a:path></a:pathLst></a:custGeom>'
        f"{fill}{pen}</p:spPr></p:sp>"
    )


def _line(corners: np.ndarray[Any, Any], closed: bool) -> str:
    points = [f'<a:pt x="{x}" y="{y}"/>' for x, y in corners.tolist()]
    return (
        f"<a:moveTo>{points[0]}</a:moveTo>"
        + "".join(f"<a:lnTo>{point}</a:lnTo>" for point in points[1:])
        + ("<a:close/>" if closed else "")
    )


def _color(color: str, opacity: float) -> str:
    seen = f'<a:alpha val="{round(opacity * 100_000)}"/>' if opacity < 1 else ""
    return f'<a:solidFill><a:srgbClr val="{color[1:].upper()}">{seen}</a:srgbClr></a:solidFill>'


def _pen(stroke: Stroke) -> str:
    width = max(emu(stroke.width_mm), _THINNEST_EMU)
    # Dashes are told in widths of the line.
    parts = [round(emu(part) / width * 100_000) for part in stroke.dash_mm]
    dashes = "".join(
        f'<a:ds d="{on}" sp="{off}"/>' for on, off in zip(parts[::2], parts[1::2], strict=True)
    )
    dash = f"<a:custDash>{dashes}</a:custDash>" if dashes else ""
    return f'<a:ln w="{width}">{_color(stroke.color, stroke.opacity)}{dash}<a:round/></a:ln>'
