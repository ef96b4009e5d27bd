"""What a sheet is made of before anybody knows whether it becomes PDF, SVG or a picture.

Everything is in page millimetres from the upper left corner, ``y`` downwards. Outlines are kept
as whole hundredths of a millimetre: finer than any printer, and quick to write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

PER_MM = 100
"""Page units in a millimetre."""

Units = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page in millimetres."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def inset(self, by: float) -> Box:
        """Return the box ``by`` millimetres inside."""
        return Box(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)

    def holds(self, other: Box, slack: float = 0.01) -> bool:
        """Whether ``other`` lies inside."""
        return (
            other.x >= self.x - slack
            and other.y >= self.y - slack
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )

    def meets(self, other: Box, slack: float = 0.01) -> bool:
        """Whether the two share room, not only an edge."""
        return (
            self.x < other.right - slack
            and other.x < self.right - slack
            and self.y < other.bottom - slack
            and other.y < self.bottom - slack
        )


@dataclass(frozen=True, slots=True)
class Rings:
    """Outlines or lines, one behind the other.

    Parameters
    ----------
    xy : int32, shape (vertices, 2)
        Page units; a closed ring does not repeat its first vertex.
    starts : int64, shape (rings,)
        Where each begins in ``xy``.
    closed : bool
        Whether each ends where it began.
    """

    xy: Units
    starts: Places
    closed: bool = True

    @classmethod
    def of(cls, lines: Iterable[npt.ArrayLike], closed: bool = True) -> Rings:
        """Return rings of lines in millimetres, shape (n, 2) each."""
        arrays = [np.asarray(line, dtype=np.float64).reshape(-1, 2) for line in lines]
        sizes = np.array([len(array) for array in arrays], dtype=np.int64)
        xy = np.concatenate(arrays) if arrays else np.empty((0, 2))
        starts = np.cumsum(sizes) - sizes
        return cls(np.rint(xy * PER_MM).astype(np.int32), starts, closed)

    @classmethod
    def around(cls, *boxes: Box) -> Rings:
        """Return rectangles."""
        return cls.of(
            [
                [(box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom)]
                for box in boxes
            ]
        )

    @classmethod
    def joined(cls, parts: Sequence[Rings]) -> Rings:
        """Return all of ``parts``, which are alike open or closed, as one."""
        if not parts:
            return cls.of([])
        before = np.cumsum([0, *(len(part.xy) for part in parts[:-1])])
        starts = [part.starts + at for part, at in zip(parts, before, strict=True)]
        return cls(
            np.concatenate([part.xy for part in parts]), np.concatenate(starts), parts[0].closed
        )

    def moved(self, x: float, y: float) -> Rings:
        """Return them shifted by millimetres."""
        by = np.array([round(x * PER_MM), round(y * PER_MM)], dtype=np.int32)
        return Rings(self.xy + by, self.starts, self.closed)

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True, slots=True)
class Stroke:
    """How a line is drawn; ``dash_mm`` is strokes and gaps by turns."""

    color: str
    width_mm: float
    dash_mm: tuple[float, ...] = ()
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Path:
    """Outlines filled, stroked or both; ``clip`` shows only what is inside of it.

    ``even_odd`` fills what an odd number of rings is around, otherwise rings that turn one way
    add up and those that turn the other way are holes.
    """

    rings: Rings
    fill: str | None = None
    opacity: float = 1.0
    stroke: Stroke | None = None
    clip: Rings | None = None
    even_odd: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A line of writing; ``y`` is the line it stands on.

    ``anchor`` says what of it is at ``x``: its start, middle or end. ``halo`` is the colour of
    the rim that lifts it off the map, ``paragraph`` the text that it is a line of. ``serif`` lines
    and those whose letters stand ``apart_mm`` farther than usual are of documents, not of maps.
    """

    text: str
    x: float
    y: float
    size_mm: float
    color: str
    anchor: str = "start"
    bold: bool = False
    angle_deg: float = 0.0
    halo: str | None = None
    opacity: float = 1.0
    paragraph: str | None = None
    serif: bool = False
    apart_mm: float = 0.0


Shape = Path | Text


@dataclass(frozen=True, slots=True)
class Marks:
    """Signs at points, the last on top.

    Parameters
    ----------
    looks : Mapping of str to sequence of Path
        How each kind of sign is drawn around (0, 0).
    kinds : sequence of str
        Which sign stands at each point.
    xy : int32, shape (n, 2)
        Page units.
    """

    looks: Mapping[str, tuple[Path, ...]]
    kinds: Sequence[str]
    xy: Units


Item = Path | Text | Marks


@dataclass(frozen=True, slots=True)
class Plate:
    """One layer of the sheet, as printers had a plate for each.

    ``optional`` ones can be switched off by the reader of a PDF.
    """

    key: str
    name: str
    items: tuple[Item, ...]
    clip: Box | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A part of a page that leads to another page of its file; pages count from 1."""

    box: Box
    page: int

    def moved(self, x: float, y: float) -> Link:
        """Return it shifted by millimetres."""
        box = self.box
        return Link(Box(box.x + x, box.y + y, box.width, box.height), self.page)


def moved(items: Iterable[Item], x: float, y: float) -> tuple[Item, ...]:
    """Return items shifted by millimetres."""
    return tuple(_moved(item, x, y) for item in items)


def _moved(item: Item, x: float, y: float) -> Item:
    if isinstance(item, Text):
        return replace(item, x=item.x + x, y=item.y + y)
    if isinstance(item, Marks):
        by = np.array([round(x * PER_MM), round(y * PER_MM)], dtype=np.int32)
        return replace(item, xy=item.xy + by)
    clip = item.clip.moved(x, y) if item.clip is not None else None
    return replace(item, rings=item.rings.moved(x, y), clip=clip)
