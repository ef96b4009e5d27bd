"""Where everything stands: heading, map, margin and foot, none of them on another.

The margin is filled before the map: the map takes what is left, and a sheet too small for what
must stand on it is refused rather than cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from layers.print import figure_blocks, legend_blocks
from layers.print.atlas_index import index_block
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
from layers.print.locator import locator_block
from layers.print.map_frame import MapFrame
from layers.print.templates import Template

LABELS = 1.55
"""Between the neatlines, where the degrees are written."""
_APART = 1.1
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


def first_frame(template: Template) -> Box:
    """Return about where the map will be: to find the scale by, before anything is read."""
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
    return box.inset(LABELS * type_mm)


def divided(template: Template, contents: Contents, frame: MapFrame, figures: Figures) -> Layout:
    """Return where everything of a sheet stands.

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
    heading = heading_of(template)
    foot = foot_of(template, contents, frame)
    room = room_above(foot, heading, template.type)
    fill = _beside if template.side == "right" else _below
    outer, margin = fill(_Margin(template, contents, frame, figures), room)
    _must_hold_a_map(template, outer)
    return Layout(heading, outer, outer.inset(LABELS * template.type), (*margin, *foot))


def _must_hold_a_map(template: Template, outer: Box) -> None:
    least = _LEAST_MAP * template.type
    if outer.width >= least and outer.height >= least:
        return
    raise too_small(template)


@dataclass(frozen=True, slots=True)
class _Margin:
    """What the margin is filled with."""

    template: Template
    contents: Contents
    frame: MapFrame
    figures: Figures

    @property
    def apart(self) -> float:
        """Between two blocks."""
        return _APART * self.template.type

    def legend(self, width: float) -> list[Block]:
        return legend_blocks.legend_blocks(self.contents, width, self.template.type)

    def locator(self, width: float, tallest: float) -> Block:
        return locator_block(self.contents, self.frame, width, self.template.type, tallest)

    def of_rows(self, width: float, rows: int, chart_rows: int) -> list[Block]:
        """Return table and chart with at most so many rows."""
        contents, type_mm = self.contents, self.template.type
        values, bars, index = self.figures.values, self.figures.bars, self.figures.index
        blocks = [figure_blocks.table_block(contents, values, rows, width, type_mm)]
        if index is not None:
            blocks.insert(0, index_block(contents, index, width, type_mm))
        elif bars:
            blocks.append(figure_blocks.bar_block(contents, bars, chart_rows, width, type_mm))
        elif spark := next((one for one in values if one.spark), None):
            blocks.append(figure_blocks.spark_block(contents, spark, width, type_mm))
        return blocks

    def most_figures(self, width: float, room: float) -> list[Block]:
        """Return as many figures as there is room for; where it is little, fewer or none."""
        rows = [LEAST_ROWS, LEAST_ROWS]
        best = self.of_rows(width, *rows)
        if self._needs(best) > room:
            return best[:1] if self._needs(best[:1]) <= room else []
        # A row to one, a row to the other, until neither finds room for another.
        grew = True
        while grew:
            grew = False
            for place in range(len(best)):
                more = [count + (at == place) for at, count in enumerate(rows)]
                blocks = self.of_rows(width, *more)
                if more[place] <= figure_blocks.MOST_ROWS and self._needs(blocks) <= room:
                    rows, best, grew = more, blocks, True
        return best

    def _needs(self, blocks: Sequence[Block]) -> float:
        return sum(one.height + self.apart for one in blocks)


def _beside(margin: _Margin, room: Box) -> tuple[Box, list[Standing]]:
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
    return outer, [*_stacked(blocks, column.x, column.y, apart), Standing(locator, at)]


def _stacked(blocks: Sequence[Block], x: float, y: float, apart: float) -> list[Standing]:
    found = []
    for block in blocks:
        found.append(Standing(block, Box(x, y, block.width, block.height)))
        y += block.height + apart
    return found


def _below(margin: _Margin, room: Box) -> tuple[Box, list[Standing]]:
    """Return the map with its margin in columns under it."""
    template, gap = margin.template, GUTTER * margin.template.type
    least = max(_LEAST_SHARE * template.height, _LEAST_MAP * template.type)
    columns = _filled(margin, room.width, room.height - least - gap, _ROWS_BELOW)
    high = _tallest(columns, margin.apart)
    outer = Box(room.x, room.y, room.width, room.height - high - gap)
    below = Box(room.x, outer.bottom + gap, room.width, high)
    return outer, _side_by_side(margin, columns, below)


def _filled(margin: _Margin, wide: float, most: float, rows: int) -> list[list[Block]]:
    """Return the blocks in columns, with as many rows of figures as the height allows."""
    template, apart = margin.template, margin.apart
    count = template.column_count
    width = (wide - GUTTER * template.type * (count - 1)) / count
    needed, locator = margin.legend(width), margin.locator(width, 10.0)
    best = _in_columns([*needed, locator], count, apart)
    if _tallest(best, apart) > most:
        raise too_small(template)
    choices = [margin.of_rows(width, more, more) for more in range(LEAST_ROWS, rows + 1)]
    if margin.figures.index is not None:
        choices.insert(0, choices[0][:1])
    for figures in choices:
        columns = _in_columns([*needed, *figures, locator], count, apart)
        if _tallest(columns, apart) <= most:
            best = columns
    return best


def _side_by_side(margin: _Margin, columns: Sequence[Sequence[Block]], room: Box) -> list[Standing]:
    gap, count = GUTTER * margin.template.type, margin.template.column_count
    step = (room.width + gap) / count
    return [
        one
        for place, column in enumerate(columns)
        for one in _stacked(column, room.x + place * step, room.y, margin.apart)
    ]


def _tallest(columns: Sequence[Sequence[Block]], apart: float) -> float:
    return max(
        sum(block.height for block in column) + apart * (len(column) - 1) for column in columns
    )


def _in_columns(blocks: Sequence[Block], count: int, apart: float) -> list[list[Block]]:
    """Share blocks out over columns in their order, so that the tallest column is the lowest."""
    count = min(count, len(blocks))
    choices = []
    for cuts in combinations(range(1, len(blocks)), count - 1):
        edges = [0, *cuts, len(blocks)]
        choices.append([list(blocks[start:end]) for start, end in pairwise(edges)])
    return min(choices, key=lambda columns: _tallest(columns, apart))
