"""Where everything stands: heading, map, margin and foot, none of them on another.

The margin is filled before the map: the map takes what is left, and a sheet too small for what
must stand on it is refused rather than cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo_data.faults import InputError
from layers.print import figure_blocks
from layers.print.blocks import Block, Standing
from layers.print.contents import Contents
from layers.print.drawing import Box, Link
from layers.print.figure_blocks import LEAST_ROWS, Figures
from layers.print.foot import (
    GUTTER,
    HEADING,
    foot_of,
    heading_of,
    room_above,
    too_small,
    usable_of,
)
from layers.print.map_frame import AIR, LEAST, MapFrame, extent_of, needed, round_up
from layers.print.margin import Margin, in_columns, stacked, tallest, to_the_foot
from layers.print.templates import Template

Bounds = tuple[float, float, float, float]
LABELS = 1.55
"""Between the neatlines, where the degrees are written."""
_COLUMNS = (28.0, 26.0, 24.0, 22.0, 20.5, 19.5)
"""Widths of the two columns that hold all of the margin, in heights of the type."""
_LEAST_MAP = 24.0
"""A map smaller than this on a side is none, in heights of the type."""
_LEAST_SHARE = 0.36
"""Of the page's height that the map has at least above a margin."""
_ROWS_BELOW = 9
"""Of table and chart under a map: the map comes first."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet divided.

    Parameters
    ----------
    heading : Box
        Title, secrecy and number.
    outer, inner : Box
        The neatlines: the map is inside the inner, its degrees are between them.
    blocks : tuple of Standing
        Margin and foot.
    """

    heading: Box
    outer: Box
    inner: Box
    blocks: tuple[Standing, ...]

    @property
    def keys(self) -> frozenset[str]:
        """What has a place in margin and foot."""
        return frozenset(one.block.key for one in self.blocks)

    @property
    def links(self) -> list[Link]:
        """What of them leads to other pages."""
        return [link.moved(one.box.x, one.box.y) for one in self.blocks for link in one.block.links]


def first_frame(template: Template, bounds: Bounds | None = None) -> Box:
    """Return about where the map of ``bounds`` will be: to find the scale by, before reading."""
    usable, type_mm = usable_of(template), template.type
    top = usable.y + HEADING * type_mm
    high = usable.bottom - top - 13.0 * type_mm
    wide = usable.width
    if template.side == "right":
        wide -= template.column_mm + GUTTER * type_mm
    else:
        high -= 36.0 * type_mm
    box = Box(usable.x, top, wide, high)
    _must_hold_a_map(template, box)
    boxes = [box.inset(LABELS * type_mm)]
    if template.side == "right" and bounds is not None:
        beside = (_beside_all(template, width) for width in _COLUMNS)
        boxes += [one.inset(LABELS * type_mm) for one in beside if one.width > one.height / 2]
    return boxes[0] if bounds is None else min(boxes, key=lambda one: needed(one, bounds))


def divided(template: Template, contents: Contents, frame: MapFrame, figures: Figures) -> Layout:
    """Return where everything of a sheet stands, so that the map is as large as it can be.

    The foot goes under map and margin, or into a margin of two columns where that leaves the map
    a larger scale: for a region that is as high as it is wide.

    Parameters
    ----------
    template : Template
        The empty sheet.
    contents : Contents
        What it shows.
    frame : MapFrame
        A frame of the scale of the map, for what is said of it; its box is not used.
    figures : Figures
        What stands beside the map.

    Raises
    ------
    InputError
        The page is too small for what must stand on it.
    """
    best, refused, given = None, None, (template, contents, frame, figures)
    bounds = extent_of(contents.outline, contents.store.city.metric_crs)

    def rank(outer: Box) -> float:
        return _rank(outer.inset(LABELS * template.type), bounds, contents.request.scale)

    most = float("inf")
    for width in (None, *(_COLUMNS if template.side == "right" else ())):
        try:
            if width is None:
                found = _with_foot(*given)
            elif rank(_beside_all(template, width)) < most:
                found = _without_foot(*given, width)
            else:
                continue
        except InputError as error:
            refused = refused or error
            continue
        best, most = found, rank(found.outer)
    if best is None:
        raise refused or too_small(template)
    return best


def _rank(inner: Box, bounds: Bounds, scale: int | str) -> float:
    """Return the denominator the map would have; what is asked for and does not fit comes last."""
    if min(inner.width, inner.height) <= 0:
        return float("inf")
    least = needed(inner, bounds)
    if scale == "round":
        return round_up(max(least, LEAST))
    if scale == "free":
        return least
    fits = least * (1 - 2 * AIR) <= float(scale)
    return 0.0 if fits else least


def _beside_all(template: Template, width: float) -> Box:
    """Return the map beside two columns so wide, in heights of the type, from heading to foot."""
    usable, type_mm = usable_of(template), template.type
    top = HEADING * type_mm
    wide = usable.width - (2 * width + 2 * GUTTER) * type_mm
    return Box(usable.x, usable.y + top, wide, usable.height - top)


def _without_foot(
    template: Template, contents: Contents, frame: MapFrame, figures: Figures, width: float
) -> Layout:
    """Return a sheet whose foot stands in its margin."""
    type_mm = template.type
    margin, outer = Margin(template, contents, frame, figures), _beside_all(template, width)
    _must_hold_a_map(template, outer)
    wide = width * type_mm
    needed_blocks, foot = margin.legend(wide), margin.foot(wide)
    locator = margin.locator(wide, 12.0)
    best: list[list[Block]] = []
    low = figure_blocks.LEAST_ROWS - 1
    high = max(len(figures.values), len(figures.bars), low + 1)
    while low < high:
        rows = (low + high + 1) // 2 if best else low + 1
        blocks = [*needed_blocks, *margin.of_rows(wide, rows, rows), locator, *foot]
        columns = in_columns(blocks, 2, margin.apart)
        if tallest(columns, margin.apart) <= outer.height:
            low, best = rows, columns
        elif not best:
            raise too_small(template)
        else:
            high = rows - 1
    at = outer.right + GUTTER * type_mm
    standing = [
        one
        for place, column in enumerate(best)
        for one in to_the_foot(
            column,
            Box(at + place * (width + GUTTER) * type_mm, outer.y, wide, outer.height),
            margin.apart,
            {block.key for block in foot},
        )
    ]
    return Layout(heading_of(template), outer, outer.inset(LABELS * type_mm), tuple(standing))


def _with_foot(template: Template, contents: Contents, frame: MapFrame, figures: Figures) -> Layout:
    """Return a sheet with its foot under map and margin."""
    heading = heading_of(template)
    foot = foot_of(template, contents, frame)
    room = room_above(foot, heading, template.type)
    fill = _beside if template.side == "right" else _below
    outer, margin = fill(Margin(template, contents, frame, figures), room)
    _must_hold_a_map(template, outer)
    return Layout(heading, outer, outer.inset(LABELS * template.type), (*margin, *foot))


def _must_hold_a_map(template: Template, outer: Box) -> None:
    least = _LEAST_MAP * template.type
    if outer.width >= least and outer.height >= least:
        return
    raise too_small(template)


def _beside(margin: Margin, room: Box) -> tuple[Box, list[Standing]]:
    """Return the map with its margin on the right."""
    template = margin.template
    width, apart, gutter = template.column_mm, margin.apart, GUTTER * template.type
    outer = Box(room.x, room.y, room.width - width - gutter, room.height)
    column = Box(outer.right + gutter, room.y, width, room.height)
    if template.column_count > 1:
        columns = _filled(margin, column.width, column.height, figure_blocks.MOST_ROWS)
        return outer, _side_by_side(margin, columns, column)
    needed = margin.legend(width)
    taken = sum(one.height + apart for one in needed)
    locator = margin.locator(width, 16.0)
    if taken + locator.height > column.height + 0.01:
        locator = margin.locator(width, 8.0)
    left = column.height - taken - locator.height
    if left < -0.01:
        raise too_small(template)
    blocks = [*needed, *margin.most_figures(width, left)]
    at = Box(column.x, column.bottom - locator.height, width, locator.height)
    return outer, [*stacked(blocks, column.x, column.y, apart), Standing(locator, at)]


def _below(margin: Margin, room: Box) -> tuple[Box, list[Standing]]:
    """Return the map with its margin in columns under it."""
    template, gap = margin.template, GUTTER * margin.template.type
    least = max(_LEAST_SHARE * template.height, _LEAST_MAP * template.type)
    columns = _filled(margin, room.width, room.height - least - gap, _ROWS_BELOW)
    high = tallest(columns, margin.apart)
    outer = Box(room.x, room.y, room.width, room.height - high - gap)
    below = Box(room.x, outer.bottom + gap, room.width, high)
    return outer, _side_by_side(margin, columns, below)


def _filled(margin: Margin, wide: float, most: float, rows: int) -> list[list[Block]]:
    """Return the blocks in columns, with as many rows of figures as the height allows."""
    template, apart = margin.template, margin.apart
    count = template.column_count
    width = (wide - GUTTER * template.type * (count - 1)) / count
    needed, locator = margin.legend(width), margin.locator(width, 10.0)
    best = in_columns([*needed, locator], count, apart)
    if tallest(best, apart) > most:
        raise too_small(template)
    choices = [margin.of_rows(width, more, more) for more in range(LEAST_ROWS, rows + 1)]
    if margin.figures.index is not None:
        choices.insert(0, choices[0][:1])
    for figures in choices:
        columns = in_columns([*needed, *figures, locator], count, apart)
        if tallest(columns, apart) <= most:
            best = columns
    return best


def _side_by_side(margin: Margin, columns: Sequence[Sequence[Block]], room: Box) -> list[Standing]:
    gap, count = GUTTER * margin.template.type, margin.template.column_count
    step = (room.width + gap) / count
    return [
        one
        for place, column in enumerate(columns)
        for one in stacked(column, room.x + place * step, room.y, margin.apart)
    ]
