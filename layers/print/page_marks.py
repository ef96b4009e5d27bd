"""Marks that lead from page to page: numbers on the map of an index, neighbours at the frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import pi

import numpy as np
import shapely

from layers.print.atlas_index import Index
from layers.print.blocks import INK, text_box, texts_of
from layers.print.contents import Areas, Contents
from layers.print.drawing import Box, Item, Link, Path, Plate, Rings, Stroke, Text
from layers.print.furniture import page_words
from layers.print.generalising import clipped
from layers.print.map_frame import MapFrame
from layers.print.names import Placed, Wanted, place, roomiest
from layers.print.plates import Drawing
from layers.print.signs import TYPE_MM, corners
from layers.print.typeface import CAP_HEIGHT, typeface
from layers.style import WORDS

_BADGE = 1.25
"""Height of the figures of a page on the map, in heights of the type."""
_PADDING_MM = (1.0, 0.2)
"""Of a badge beside and over its figures, on a sheet of 2.7 mm type."""
_LABEL = 0.78
"""Height of a neighbour's name: that of the degrees it stands among."""
_LEAST_SHARE = 0.5
"""A neighbour is named at a side where so much of its name lies beside what it names."""
_STEP_MM = 1.0


def page_numbers(
    drawing: Drawing, index: Index, taken: Sequence[Box]
) -> tuple[Plate, tuple[Link, ...], list[Box]]:
    """Return the numbers of pages on the map of an index, where they lead, and their boxes.

    Parameters
    ----------
    drawing : Drawing
        What is drawn; it draws the level of the pages.
    index : Index
        What has pages.
    taken : sequence of Box
        Where no number may stand.
    """
    areas = drawing.contents.levels[index.level]
    pages = index.pages()
    wanted = list(_wanted(drawing, areas, pages))
    placed = place(wanted, drawing.window.inset(0.8), taken, drawing.size)
    items: list[Item] = [item for one in placed for item in _badge(one, drawing.size)]
    name = WORDS("print-pages", drawing.contents.language)
    plate = Plate("pages", name, tuple(items), clip=drawing.window, optional=True)
    boxes = [_pill(one.box, drawing.size) for one in placed]
    goals = [int(one.name.text) for one in placed]
    return plate, tuple(map(Link, boxes, goals)), boxes


def _wanted(drawing: Drawing, areas: Areas, pages: Mapping[str, int]) -> Iterator[Wanted]:
    rows = [row for row, code in enumerate(areas.ids) if code in pages]
    near = clipped(drawing.frame, areas.shapes[rows], 0.0)
    size = _BADGE * drawing.size * TYPE_MM
    found = []
    for row, shape in zip(rows, near, strict=True):
        spot = roomiest(drawing, shape)
        if spot is not None:
            x, y, area = spot
            text = str(pages[areas.ids[row]])
            found.append((area, Wanted(text, x, y, size, "#ffffff", is_due=True, bold=True)))
    # A small one has the least room: it chooses first.
    yield from (name for _, name in sorted(found, key=lambda pair: pair[0]))


def _pill(box: Box, size: float) -> Box:
    """Return the box of a badge around figures: as wide as it is high at least."""
    high = box.height + _PADDING_MM[1] * size
    wide = max(box.width + _PADDING_MM[0] * size, high)
    x, y = box.middle
    return Box(x - wide / 2, y - high / 2, wide, high)


def _badge(one: Placed, size: float) -> Iterator[Item]:
    if one.leader is not None:
        line = Rings.of([one.leader], closed=False)
        yield Path(line, stroke=Stroke("#ffffff", 0.6 * size, opacity=0.8))
        yield Path(line, stroke=Stroke(INK["ink"], 0.18 * size))
    box = _pill(one.box, size)
    rim = Stroke("#ffffff", 0.3 * size)
    yield Path(Rings.of([_rounded(box)]), fill=INK["ink"], stroke=rim)
    x, y = box.middle
    figures = one.name.size_mm
    yield Text(
        one.name.text, x, y + CAP_HEIGHT * figures / 2, figures, "#ffffff", "middle", bold=True
    )


def _rounded(box: Box) -> list[tuple[float, float]]:
    """Return a box with half circles as its ends."""
    radius, middle = box.height / 2, box.middle[1]
    # A quarter of a step on, so that no corner is straight above the middle.
    around = corners(24, radius, pi / 24)
    return [((box.right - radius if x > 0 else box.x + radius) + x, middle + y) for x, y in around]


def neighbours(
    drawing: Drawing, outer: Box, written: Sequence[Text], index: Index
) -> tuple[Plate, tuple[Link, ...]]:
    """Return the names and pages of the regions into which the map goes on, at its frame.

    They stand between the neatlines where the land goes on, as old sheets named those that
    adjoin; one that finds no room beside its own land is left out.

    Parameters
    ----------
    drawing : Drawing
        What is drawn.
    outer : Box
        The outer neatline.
    written : sequence of Text
        The degrees, which stand between the neatlines already.
    index : Index
        What has pages.
    """
    contents, frame = drawing.contents, drawing.frame
    areas, pages = contents.levels.get(index.level), index.pages()
    name = WORDS("print-neighbours", contents.language)
    if areas is None:
        return Plate("neighbours", name, ()), ()
    size = _LABEL * drawing.size * TYPE_MM
    band = _Band(frame.box, outer, size, [_wider(text_box(one), 0.5 * size) for one in written])
    own = contents.region.code
    rows = [row for row, code in enumerate(areas.ids) if code in pages and code != own]
    items: list[Item] = []
    links = []
    for row, shape in zip(rows, clipped(frame, areas.shapes[rows], 1.0), strict=True):
        page = pages[areas.ids[row]]
        said = WORDS("print-neighbour", contents.language, name=areas.names[row], page=page)
        text = None if shape is None or shape.is_empty else band.written(said, shape, frame)
        if text is not None:
            items.append(text)
            links.append(Link(text_box(text), page))
    return Plate("neighbours", name, tuple(items)), tuple(links)


def back_links(contents: Contents, margin: Plate) -> list[Link]:
    """Return what leads back to the index: on its pages, the words that say which page it is."""
    leaf, words = contents.request.leaf, page_words(contents)
    if leaf is None or leaf.number == 1:
        return []
    return [Link(text_box(one), 1) for one in texts_of(margin.items) if one.text == words]


def _wider(box: Box, by: float) -> Box:
    return Box(box.x - by, box.y - by, box.width + 2 * by, box.height + 2 * by)


@dataclass(frozen=True, slots=True)
class _Band:
    """The room between the neatlines, and what is taken of it."""

    box: Box
    outer: Box
    size: float
    taken: list[Box]

    def written(self, said: str, shape: shapely.Geometry, frame: MapFrame) -> Text | None:
        """Return a name at the first side where it has room, which is then taken."""
        page = shapely.make_valid(shapely.transform(shape, frame.page))
        for side in ("top", "right", "bottom", "left"):
            text = self._at_side(said, side, page)
            if text is not None:
                self.taken.append(_wider(text_box(text), 0.5 * self.size))
                return text
        return None

    def _at_side(self, said: str, side: str, shape: shapely.Geometry) -> Text | None:
        """Return a name as near as it goes to the middle of its own stretch of a side."""
        start, end = self._stretch(side, shape)
        width = typeface().width(said, self.size)
        if end - start < _LEAST_SHARE * width:
            return None
        low, high = self._span(side)
        middle = (start + end) / 2
        most = max((end - start - width) / 2, (end - start) / 4)
        for shift in sorted(np.arange(-most, most, _STEP_MM).tolist(), key=abs):
            at = middle + shift - width / 2
            text = self._text(said, side, at, width)
            if at < low or at + width > high:
                continue
            if not any(text_box(text).meets(other) for other in self.taken):
                return text
        return None

    def _span(self, side: str) -> tuple[float, float]:
        box = self.box
        return (box.x, box.right) if side in ("top", "bottom") else (box.y, box.bottom)

    def _stretch(self, side: str, shape: shapely.Geometry) -> tuple[float, float]:
        """Return the longest stretch of a side that a shape covers; an empty one where none."""
        box, (low, high) = self.box, self._span(side)
        level = side in ("top", "bottom")
        across = {"top": box.y, "bottom": box.bottom, "left": box.x, "right": box.right}[side]
        ends = [(low, across), (high, across)] if level else [(across, low), (across, high)]
        axis = 0 if level else 1
        common = shapely.get_parts(shapely.intersection(shape, shapely.LineString(ends)))
        found = [(part.bounds[axis], part.bounds[axis + 2]) for part in common if part.length > 0]
        return max(found, key=lambda pair: pair[1] - pair[0], default=(0.0, 0.0))

    def _text(self, said: str, side: str, at: float, width: float) -> Text:
        box, size, ink = self.box, self.size, INK["accent"]
        middle = (box.x - self.outer.x) / 2
        if side in ("top", "bottom"):
            y = box.y - middle if side == "top" else box.bottom + middle
            return Text(said, at, y + 0.36 * size, size, ink)
        x = box.x - middle if side == "left" else box.right + middle
        return Text(said, x + 0.36 * size, at + width, size, ink, angle_deg=90)
