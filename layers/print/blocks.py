"""The margin of a sheet in blocks: each knows its height before anybody says where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from layers.print import signs
from layers.print.drawing import Box, Item, Link, Marks, Path, Rings, Stroke, Text, moved
from layers.print.typeface import CAP_HEIGHT, line_width, spread_mm, typeface
from layers.print.typesetting import LEADING, fitted, lines_of
from layers.style import TOKENS

INK = TOKENS[signs.THEME]
SMALL, HEAD = 0.86, 1.2
"""Heights of the small print and of headings, of the body text."""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the margin, drawn from its own upper left corner.

    Parameters
    ----------
    key : str
        What it is.
    width, height : float
        Millimetres.
    items : tuple of Item
        What is drawn.
    links : tuple of Link
        What of it leads to other pages.
    """

    key: str
    width: float
    height: float
    items: tuple[Item, ...]
    links: tuple[Link, ...] = ()

    def at(self, x: float, y: float) -> tuple[Item, ...]:
        """Return what is drawn with the corner at a point of the page."""
        return moved(self.items, x, y)


@dataclass(frozen=True, slots=True)
class Standing:
    """A block with its place on the page."""

    block: Block
    box: Box


class Sheaf:
    """Collects the items of a block line by line."""

    def __init__(self, key: str, width: float, type_mm: float) -> None:
        self.key, self.width, self.type = key, width, type_mm
        self.items: list[Item] = []
        self.links: list[Link] = []
        self.y = 0.0

    def head(self, title: str, aside: str = "") -> None:
        """Begin with a heading over a rule; ``aside`` stands small at its right."""
        size, small = HEAD * self.type, SMALL * self.type
        self.y += size
        room = self.width
        if aside:
            shown = fitted(aside, self.width * 0.55, small)
            self.items.append(Text(shown, self.width, self.y, small, INK["ink-2"], "end"))
            room -= typeface().width(shown, small) + self.type
        title = fitted(title, room - spread_mm(title, size, True) * len(title), size)
        self.items.append(Text(title, 0, self.y, size, INK["ink"], bold=True))
        self.y += 0.45 * self.type
        self.rule(0.18)
        self.y += 0.45 * self.type

    def rule(self, width_mm: float, color: str = "ink") -> None:
        """Draw a line over the whole width."""
        line = Rings.of([[(0, self.y), (self.width, self.y)]], closed=False)
        self.items.append(
            Path(line, stroke=Stroke(INK[color], width_mm * self.type / signs.TYPE_MM))
        )

    def lines(self, texts: Iterable[str], size: float = SMALL, color: str = "ink-2") -> None:
        """Write paragraphs, broken where the block ends."""
        height = size * self.type
        for text in texts:
            for line in lines_of(text, self.width, height):
                self.y += height * LEADING
                baseline = self.y - 0.35 * height
                self.items.append(Text(line, 0, baseline, height, INK[color], paragraph=text))

    def gap(self, of_type: float = 0.5) -> None:
        """Leave room, in heights of the type."""
        self.y += of_type * self.type

    def block(self) -> Block:
        """Return what was collected."""
        return Block(self.key, self.width, self.y, tuple(self.items), tuple(self.links))


def on_line(y: float, row_mm: float, size_mm: float) -> float:
    """Return the line to write on so that capitals stand in the middle of a row."""
    return y + row_mm / 2 + CAP_HEIGHT * size_mm / 2


def text_box(text: Text) -> Box:
    """Return the room a line of writing takes; of a turned one the upright box around it."""
    width = line_width(text.text, text.size_mm, text.bold)
    start = {"start": 0.0, "middle": -width / 2, "end": -width}[text.anchor]
    ascent, descent = CAP_HEIGHT * text.size_mm + 0.1 * text.size_mm, 0.16 * text.size_mm
    if text.angle_deg == 90:
        return Box(text.x - ascent, text.y - start - width, ascent + descent, width)
    return Box(text.x + start, text.y - ascent, width, ascent + descent)


def texts_of(items: Sequence[Item]) -> list[Text]:
    """Return the writing among items."""
    return [item for item in items if isinstance(item, Text)]


def sign_at(kind: str, x: float, y: float, size: float) -> Marks:
    """Return one sign with its middle at a point."""
    at = Rings.of([[(x, y)]]).xy
    return Marks({kind: signs.looks(size)[kind]}, [kind], at)
