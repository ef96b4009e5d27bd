"""Pieces divided among pages: no heading at a foot, the head of a table on each of its pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from layers.reports.layout import HIGH_MM
from layers.reports.pieces import Piece

Placed = tuple[float, Piece]
"""Where a piece begins below the top of the print area, and the piece."""
_SLACK = 0.01


def paged(pieces: Iterable[Piece]) -> list[list[Placed]]:
    """Return pieces on pages.

    A figure for which a page has no room stands at the top of the next, and the text goes on.

    Parameters
    ----------
    pieces : iterable of Piece
        In order.

    Returns
    -------
    list of list of Placed
        At least one page. What is higher than a page stands on one of its own and overhangs.
    """
    pages = _Pages()
    for chain in _chains(pieces):
        if chain[0].floats and not pages.has_room(chain):
            pages.waiting.append(chain)
        else:
            pages.put(chain)
    pages.put_waiting()
    return pages.found


class _Pages:
    """Pages as they are filled."""

    def __init__(self) -> None:
        self.found: list[list[Placed]] = [[]]
        self.waiting: list[list[Piece]] = []
        self._y = 0.0

    def has_room(self, chain: list[Piece]) -> bool:
        """Whether all of a chain finds room on the page."""
        return self._y + sum(one.height for one in chain) <= HIGH_MM + _SLACK

    def put(self, chain: list[Piece]) -> None:
        """Put a chain on the page, or on the next one."""
        if chain[0].turns and self.found[-1]:
            self.put_waiting()
            self._turn()
        if not self.has_room(chain) and self.found[-1]:
            self._turn()
            self.put_waiting()
            if not self.has_room(chain) and self.found[-1]:
                self._turn()
            head = chain[0].head
            if head is not None:
                self._place(head)
        for piece in chain:
            # Room between things is none at the top of a page.
            if self.found[-1] or piece.items:
                self._place(piece)

    def put_waiting(self) -> None:
        """Put the figures that wait."""
        waiting, self.waiting = self.waiting, []
        for chain in waiting:
            self.put(chain)

    def _turn(self) -> None:
        self.found.append([])
        self._y = 0.0

    def _place(self, piece: Piece) -> None:
        self.found[-1].append((self._y, piece))
        self._y += piece.height


def _chains(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Yield pieces that must stand on one page; a chain that no page holds is let go."""
    chain: list[Piece] = []
    height = 0.0
    for piece in pieces:
        if chain and height + piece.height > HIGH_MM:
            yield chain
            chain, height = [], 0.0
        chain.append(piece)
        height += piece.height
        if not piece.keeps:
            yield chain
            chain, height = [], 0.0
    if chain:
        yield chain
