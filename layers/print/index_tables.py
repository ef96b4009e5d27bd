"""The tables of an atlas: its index on sheets of their own, where the first has no room for it."""

from __future__ import annotations

from collections.abc import Sequence

from layers.print.atlas_index import ROW, Index, index_block
from layers.print.blocks import Block, Standing
from layers.print.contents import Contents
from layers.print.drawing import Box
from layers.print.foot import GUTTER, foot_of, heading_of, room_above, too_small
from layers.print.layout import Layout
from layers.print.templates import Template

_COLUMN = 30.0
"""Width of a column, in heights of the type."""


def table_layouts(template: Template, contents: Contents, index: Index) -> list[Layout]:
    """Return sheets without a map that hold an index, in columns, as many as it needs.

    Raises
    ------
    InputError
        The page has no room for a row.
    """
    heading, type_mm = heading_of(template), template.type
    foot = foot_of(template, contents, None)
    room, gap = room_above(foot, heading, type_mm), 2 * GUTTER * type_mm
    count = max(1, int((room.width + gap) / (_COLUMN * type_mm + gap)))
    width = (room.width + gap) / count - gap
    head = index_block(contents, index.part([]), width, type_mm).height
    rows = int((room.height - head) / (ROW * type_mm))
    if rows < 1:
        raise too_small(template)
    entries = index.entries
    blocks = [
        index_block(contents, index.part(entries[at : at + rows]), width, type_mm)
        for at in range(0, len(entries), rows)
    ]
    return [
        Layout(heading, room, room, (*_in_a_row(blocks[at : at + count], room, gap), *foot))
        for at in range(0, len(blocks), count)
    ]


def _in_a_row(blocks: Sequence[Block], room: Box, gap: float) -> list[Standing]:
    return [
        Standing(block, Box(room.x + at * (block.width + gap), room.y, block.width, block.height))
        for at, block in enumerate(blocks)
    ]
