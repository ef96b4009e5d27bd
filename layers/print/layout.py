"""Where everything stands: heading, map, margin and foot, none of them on another.

The margin is filled before the map: the map takes what is left, and a sheet too small for what
must stand on it is refused rather than cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from geo_data.faults import Fault, InputError
from layers.print import figure_blocks, imprint, legend_blocks
from layers.print.blocks import Block
from layers.print.contents import Contents
from layers.print.drawing import Box
from layers.print.figure_blocks import Figures
from layers.print.locator import locator_block
from layers.print.map_frame import MapFrame
from layers.print.templates import Template

HEADING = 7.6
"""Height of the heading, in heights of the type."""
LABELS = 1.55
"""Between the neatlines, where the degrees are written."""
_GUTTER, _APART = 1.6, 1.1
_LEAST_MAP = 24.0
"""A map smaller than this on a side is none, in heights of the type."""
_LEAST_SHARE = 0.36
"""Of the page's height that the map has at least above a margin."""
_ROWS_BELOW = 9
"""Of table and chart under a map: the map comes first."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A block with its place on the page."""

    block: Block
    box: Box


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


def first_frame(template: Template) -> Box:
    """Return about where the map will be: to find the scale by, before anything is read."""
    usable, type_mm = _usable(template), template.type
    top = usable.y + HEADING * type_mm
    high = usable.bottom - top - 13.0 * type_mm
    wide = usable.width
    if template.side == "right":
        wide -= template.column_mm + _GUTTER * type_mm
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
    usable, type_mm = _usable(template), template.type
    heading = Box(usable.x, usable.y, usable.width, HEADING * type_mm)
    foot = _foot(template, contents, frame, usable)
    below = usable.bottom - max((one.box.height for one in foot), default=0.0)
    foot = [
        Standing(one.block, Box(one.box.x, below, one.box.width, one.box.height)) for one in foot
    ]
    room = Box(usable.x, heading.bottom, usable.width, below - _GUTTER * type_mm - heading.bottom)
    fill = _beside if template.side == "right" else _below
    outer, margin = fill(_Margin(template, contents, frame, figures), room)
    _must_hold_a_map(template, outer)
    return Layout(heading, outer, outer.inset(LABELS * type_mm), (*margin, *foot))


def _usable(template: Template) -> Box:
    return Box(0, 0, template.width, template.height).inset(template.margin)


def _must_hold_a_map(template: Template, outer: Box) -> None:
    least = _LEAST_MAP * template.type
    if outer.width >= least and outer.height >= least:
        return
    raise too_small(template)


def too_small(template: Template) -> InputError:
    """Return the error of a page that cannot hold its margin."""
    values: dict[str, object] = {
        "width": f"{template.width:g}",
        "height": f"{template.height:g}",
        "margin": f"{template.margin:g}",
        "type": f"{template.type:g}",
    }
    return InputError(Fault("sheet-too-small", values=values))


def _foot(template: Template, contents: Contents, frame: MapFrame, usable: Box) -> list[Standing]:
    """Return the four columns at the foot, from its own upper edge."""
    type_mm = template.type
    gap = _GUTTER * type_mm
    shares = (0.27, 0.2, 0.29, 0.24)
    if usable.width < 70 * type_mm:
        raise too_small(template)
    room = usable.width - gap * (len(shares) - 1)
    makers: Sequence[Callable[[float], Block]] = (
        lambda width: imprint.scale_block(contents, frame, width, type_mm),
        lambda width: imprint.age_block(contents, width, type_mm),
        lambda width: imprint.rule_block(contents, width, type_mm),
        lambda width: imprint.maker_block(contents, width, type_mm),
    )
    found, x = [], usable.x
    for make, share in zip(makers, shares, strict=True):
        block = make(room * share)
        found.append(Standing(block, Box(x, 0.0, block.width, block.height)))
        x += room * share + gap
    return found


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
        blocks = [figure_blocks.table_block(contents, self.figures.values, rows, width, type_mm)]
        values, bars = self.figures.values, self.figures.bars
        if bars:
            blocks.append(figure_blocks.bar_block(contents, bars, chart_rows, width, type_mm))
        elif spark := next((one for one in values if one.spark), None):
            blocks.append(figure_blocks.spark_block(contents, spark, width, type_mm))
        return blocks

    def most_figures(self, width: float, room: float) -> list[Block]:
        """Return as many figures as there is room for; where it is little, fewer or none."""
        least = figure_blocks.LEAST_ROWS
        rows = [least, least]
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
    width, apart, gutter = template.column_mm, margin.apart, _GUTTER * template.type
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
    template, gap = margin.template, _GUTTER * margin.template.type
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
    width = (wide - _GUTTER * template.type * (count - 1)) / count
    needed, locator = margin.legend(width), margin.locator(width, 10.0)
    best = _in_columns([*needed, locator], count, apart)
    if _tallest(best, apart) > most:
        raise too_small(template)
    for more in range(figure_blocks.LEAST_ROWS, rows + 1):
        figures = margin.of_rows(width, more, more)
        columns = _in_columns([*needed, *figures, locator], count, apart)
        if _tallest(columns, apart) <= most:
            best = columns
    return best


def _side_by_side(margin: _Margin, columns: Sequence[Sequence[Block]], room: Box) -> list[Standing]:
    gap, count = _GUTTER * margin.template.type, margin.template.column_count
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
