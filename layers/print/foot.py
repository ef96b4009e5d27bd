"""The foot of a sheet, and what of the page it leaves to the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from geo_data.faults import Fault, InputError
from layers.print import imprint
from layers.print.blocks import Block, Standing
from layers.print.contents import Contents
from layers.print.drawing import Box
from layers.print.map_frame import MapFrame
from layers.print.templates import Template

HEADING = 6.9
"""Height of the heading, in heights of the type."""
GUTTER = 1.6
"""Between map, margin and foot."""


def usable_of(template: Template) -> Box:
    """Return the page without its margin."""
    return Box(0, 0, template.width, template.height).inset(template.margin)


def heading_of(template: Template) -> Box:
    """Return where title, secrecy and number stand."""
    usable = usable_of(template)
    return Box(usable.x, usable.y, usable.width, HEADING * template.type)


def too_small(template: Template) -> InputError:
    """Return the error of a page that cannot hold its margin."""
    values: dict[str, object] = {
        "width": f"{template.width:g}",
        "height": f"{template.height:g}",
        "margin": f"{template.margin:g}",
        "type": f"{template.type:g}",
    }
    return InputError(Fault("sheet-too-small", values=values))


def foot_of(template: Template, contents: Contents, frame: MapFrame | None) -> list[Standing]:
    """Return the columns at the foot, the scale first where there is a map.

    Raises
    ------
    InputError
        The page is too narrow for them.
    """
    usable, type_mm = usable_of(template), template.type
    gap = GUTTER * type_mm
    if usable.width < 70 * type_mm:
        raise too_small(template)
    makers: list[tuple[float, Callable[[float], Block]]] = [
        (0.2, lambda width: imprint.age_block(contents, width, type_mm)),
        (0.29, lambda width: imprint.rule_block(contents, width, type_mm)),
        (0.24, lambda width: imprint.maker_block(contents, width, type_mm)),
    ]
    if frame is not None:
        seen = frame
        makers.insert(0, (0.27, lambda width: imprint.scale_block(contents, seen, width, type_mm)))
    room = (usable.width - gap * (len(makers) - 1)) / sum(share for share, _ in makers)
    blocks = [make(room * share) for share, make in makers]
    high = max(block.height for block in blocks)
    found, x = [], usable.x
    for block in blocks:
        found.append(Standing(block, Box(x, usable.bottom - high, block.width, block.height)))
        x += block.width + gap
    return found


def room_above(foot: Sequence[Standing], heading: Box, type_mm: float) -> Box:
    """Return the room between heading and foot."""
    high = min(one.box.y for one in foot) - GUTTER * type_mm - heading.bottom
    return Box(heading.x, heading.bottom, heading.width, high)
