"""What stands beside or below the map: blocks, and how they are stacked in columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from layers.print import figure_blocks, imprint, legend_blocks
from layers.print.atlas_index import index_block
from layers.print.blocks import Block, Standing
from layers.print.contents import Contents
from layers.print.drawing import Box
from layers.print.figure_blocks import Figures
from layers.print.locator import locator_block
from layers.print.map_frame import MapFrame
from layers.print.templates import Template

APART = 1.1
"""Between two blocks, in heights of the type."""


@dataclass(frozen=True, slots=True)
class Margin:
    """What the margin is filled with."""

    template: Template
    contents: Contents
    frame: MapFrame
    figures: Figures
    made: dict[object, Block] = field(default_factory=dict)

    def _once(self, key: object, make: Callable[[], Block]) -> Block:
        """Return a block that may have been tried before."""
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    @property
    def apart(self) -> float:
        """Between two blocks."""
        return APART * self.template.type

    def legend(self, width: float) -> list[Block]:
        return legend_blocks.legend_blocks(self.contents, width, self.template.type)

    def foot(self, width: float) -> list[Block]:
        """Return what stands at the foot where that is a column."""
        contents, type_mm = self.contents, self.template.type
        return [
            imprint.scale_block(contents, self.frame, width, type_mm),
            imprint.age_block(contents, width, type_mm),
            imprint.rule_block(contents, width, type_mm),
            imprint.maker_block(contents, width, type_mm),
        ]

    def locator(self, width: float, tallest: float) -> Block:
        return locator_block(self.contents, self.frame, width, self.template.type, tallest)

    def of_rows(self, width: float, rows: int, chart_rows: int) -> list[Block]:
        """Return table and chart with at most so many rows."""
        contents, type_mm = self.contents, self.template.type
        values, bars, index = self.figures.values, self.figures.bars, self.figures.index
        blocks = [
            self._once(
                ("table", width, min(rows, len(values))),
                lambda: figure_blocks.table_block(contents, values, rows, width, type_mm),
            )
        ]
        if index is not None:
            blocks.insert(0, index_block(contents, index, width, type_mm))
        elif bars:
            block = self._once(
                ("chart", width, min(chart_rows, len(bars))),
                lambda: figure_blocks.bar_block(contents, bars, chart_rows, width, type_mm),
            )
            blocks.append(block)
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


def stacked(blocks: Sequence[Block], x: float, y: float, apart: float) -> list[Standing]:
    """Return blocks one below the other from a corner down."""
    found = []
    for block in blocks:
        found.append(Standing(block, Box(x, y, block.width, block.height)))
        y += block.height + apart
    return found


def to_the_foot(
    column: Sequence[Block], room: Box, apart: float, foot: Collection[str]
) -> list[Standing]:
    """Return a column that ends with the map: wider apart, or what is at the foot at its foot."""
    left = room.height - sum(block.height for block in column)
    even = left / max(len(column) - 1, 1)
    if even < 2.2 * apart:
        return stacked(column, room.x, room.y, even)
    above = [block for block in column if block.key not in foot]
    below = [block for block in column if block.key in foot]
    high = sum(block.height + apart for block in below) - apart
    return [
        *stacked(above, room.x, room.y, apart),
        *stacked(below, room.x, room.bottom - high, apart),
    ]


def tallest(columns: Sequence[Sequence[Block]], apart: float) -> float:
    """Return the height of the tallest of some columns."""
    return max(
        sum(block.height for block in column) + apart * (len(column) - 1) for column in columns
    )


def in_columns(blocks: Sequence[Block], count: int, apart: float) -> list[list[Block]]:
    """Share blocks out over columns in their order, so that the tallest column is the lowest."""
    count = min(count, len(blocks))
    choices = []
    for cuts in combinations(range(1, len(blocks)), count - 1):
        edges = [0, *cuts, len(blocks)]
        choices.append([list(blocks[start:end]) for start, end in pairwise(edges)])
    return min(choices, key=lambda columns: tallest(columns, apart))
