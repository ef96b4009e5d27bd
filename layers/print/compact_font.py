"""The outlines of a few letters cut out of a large font, as PDF embeds them (CFF, Adobe 5176).

The font has 31,000 letters and a sheet some hundreds. What the letters share as subroutines is
written out in each, so the cut needs nothing of the rest; a general subsetter, which keeps every
table in order, takes ten times as long.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_CALL, _RETURN, _END, _GLOBAL_CALL = 10, 11, 14, 29
_STEMS, _MASKS = frozenset({1, 3, 18, 23}), frozenset({19, 20})
_CHARSET, _CHARSTRINGS, _PRIVATE, _SUBRS = 15, 17, 18, 19
_ROS, _CID_COUNT, _FD_ARRAY, _FD_SELECT = (12, 30), (12, 34), (12, 36), (12, 37)
_ADOBE, _IDENTITY = 391, 392
"""Numbers of the first two strings of a font's own."""

Operator = int | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Index:
    """A list of byte strings inside of a font, each found when it is asked for."""

    data: bytes
    first: int
    size: int
    base: int
    count: int

    @classmethod
    def at(cls, data: bytes, start: int) -> Index:
        """Read the head of the list that begins at ``start``."""
        count = int.from_bytes(data[start : start + 2], "big")
        size = data[start + 2] if count else 1
        first = start + 3
        return cls(data, first, size, first + (count + 1) * size - 1 if count else 0, count)

    def _offset(self, number: int) -> int:
        at = self.first + number * self.size
        return self.base + int.from_bytes(self.data[at : at + self.size], "big")

    def __getitem__(self, number: int) -> bytes:
        return self.data[self._offset(number) : self._offset(number + 1)]

    @property
    def end(self) -> int:
        """Where what follows the list begins."""
        return self._offset(self.count) if self.count else self.first - 1

    @property
    def bias(self) -> int:
        """What is added to the number a subroutine is called by."""
        return 107 if self.count < 1240 else 1131 if self.count < 33900 else 32768


def cut_outlines(font: bytes, name: str, glyphs: Sequence[int]) -> bytes:
    """Return a font of some glyphs, numbered from 1 in their order; 0 is the missing glyph.

    Parameters
    ----------
    font : bytes
        The table ``CFF`` of a font whose glyphs go by numbers (CID).
    name : str
        What the new one is called.
    glyphs : sequence of int
        Places of the glyphs in the font.
    """
    top_index = Index.at(font, Index.at(font, font[2]).end)
    top = dict(_entries(top_index[0]))
    globals_ = Index.at(font, Index.at(font, top_index.end).end)
    outlines = Index.at(font, _whole(top[_CHARSTRINGS])[0])
    kinds = Index.at(font, _whole(top[_FD_ARRAY])[0])
    kind_of = _kinds(font, _whole(top[_FD_SELECT])[0])
    chosen = [0, *glyphs]
    of_glyph = [kind_of(glyph) for glyph in chosen]
    used = sorted(set(of_glyph))
    privates, locals_ = zip(*(_private(font, kinds[kind]) for kind in used), strict=True)
    place = {kind: at for at, kind in enumerate(used)}
    written = [
        _Writer(locals_[place[kind]], globals_).written(outlines[glyph])
        for glyph, kind in zip(chosen, of_glyph, strict=True)
    ]
    return _assembled(name, written, [place[kind] for kind in of_glyph], privates)


def _entries(data: bytes) -> Iterator[tuple[Operator, bytes]]:
    """Yield operators of a dictionary with their operands as they are written."""
    start = at = 0
    while at < len(data):
        byte = data[at]
        if byte <= 21:
            long = byte == 12
            operator: Operator = (12, data[at + 1]) if long else byte
            yield operator, data[start:at]
            at += 1 + long
            start = at
        elif byte == 30:
            at += 1
            while data[at] & 15 != 15 and data[at] >> 4 != 15:
                at += 1
            at += 1
        else:
            at += 3 if byte == 28 else 5 if byte == 29 else 2 if byte >= 247 else 1


def _whole(data: bytes) -> list[int]:
    """Return whole numbers as they stand in a dictionary."""
    found, at = [], 0
    while at < len(data):
        byte = data[at]
        if byte in (28, 29):
            size = 2 if byte == 28 else 4
            found.append(int.from_bytes(data[at + 1 : at + 1 + size], "big", signed=True))
            at += 1 + size
        elif byte >= 247:
            after = data[at + 1]
            big = (byte - 247) * 256 + after + 108
            found.append(big if byte < 251 else -((byte - 251) * 256) - after - 108)
            at += 2
        else:
            found.append(byte - 139)
            at += 1
    return found


def _kinds(font: bytes, start: int) -> Callable[[int], int]:
    """Return what says which of the font's dictionaries a glyph goes by."""
    if font[start] == 0:
        return lambda glyph: font[start + 1 + glyph]
    count = int.from_bytes(font[start + 1 : start + 3], "big")
    firsts = [
        int.from_bytes(font[start + 3 + 3 * n : start + 5 + 3 * n], "big") for n in range(count)
    ]

    def found(glyph: int) -> int:
        return font[start + 5 + 3 * (bisect_right(firsts, glyph) - 1)]

    return found


def _private(font: bytes, kind: bytes) -> tuple[bytes, Index | None]:
    """Return a private dictionary without its subroutines, and those."""
    size, start = _whole(dict(_entries(kind))[_PRIVATE])
    kept, subroutines = b"", None
    for operator, operands in _entries(font[start : start + size]):
        if operator == _SUBRS:
            subroutines = Index.at(font, start + _whole(operands)[0])
            continue
        kept += operands + (bytes(operator) if isinstance(operator, tuple) else bytes([operator]))
    return kept, subroutines


class _Writer:
    """Writes a glyph's program with its subroutines in their places."""

    def __init__(self, locals_: Index | None, globals_: Index) -> None:
        self._locals, self._globals = locals_, globals_
        self._out = bytearray()
        self._waiting = self._stems = 0
        self._number = self._number_at = 0

    def written(self, program: bytes) -> bytes:
        """Return the program."""
        self._walk(program)
        return bytes(self._out)

    def _walk(self, program: bytes) -> bool:
        """Copy a program or subroutine; true when the glyph has ended in it."""
        at, out = 0, self._out
        while at < len(program):
            byte = program[at]
            if byte >= 32 or byte == 28:
                at = self._push(program, at)
            elif byte in (_CALL, _GLOBAL_CALL):
                called = self._locals if byte == _CALL else self._globals
                assert called is not None
                del out[self._number_at :]
                self._waiting -= 1
                if self._walk(called[self._number + called.bias]):
                    return True
                at += 1
            elif byte == _RETURN:
                return False
            else:
                at = self._operate(program, at)
                if byte == _END:
                    return True
        return False

    def _push(self, program: bytes, at: int) -> int:
        byte = program[at]
        size = 3 if byte == 28 else 5 if byte == 255 else 2 if byte >= 247 else 1
        self._number_at = len(self._out)
        self._out += program[at : at + size]
        self._waiting += 1
        # Of the fractions of 255 nobody calls a subroutine.
        self._number = _whole(program[at : at + size])[0] if byte != 255 else 0
        return at + size

    def _operate(self, program: bytes, at: int) -> int:
        byte = program[at]
        size = 2 if byte == 12 else 1
        if byte in _STEMS or byte in _MASKS:
            self._stems += self._waiting // 2
        if byte in _MASKS:
            size += (self._stems + 7) // 8
        self._out += program[at : at + size]
        self._waiting = 0
        return at + size


def _number(value: int) -> bytes:
    return b"\x1d" + value.to_bytes(4, "big", signed=True)


def _listed(items: Sequence[bytes]) -> bytes:
    if not items:
        return b"\0\0"
    offsets = [1]
    for item in items:
        offsets.append(offsets[-1] + len(item))
    head = len(items).to_bytes(2, "big") + b"\4"
    return head + b"".join(offset.to_bytes(4, "big") for offset in offsets) + b"".join(items)


def _assembled(
    name: str, programs: Sequence[bytes], kinds: Sequence[int], privates: Sequence[bytes]
) -> bytes:
    """Put a font together; every offset is written in four bytes, so none moves another."""
    count = len(programs)
    head = b"\1\0\4\4" + _listed([name.encode()])
    strings = _listed([b"Adobe", b"Identity"]) + _listed([])
    # From 1 on in a row: one range says it.
    charset = b"\2\0\1" + (count - 2).to_bytes(2, "big") if count > 1 else b"\0"
    select = b"\0" + bytes(kinds)
    glyphs = _listed(programs)

    def top(charset_at: int, select_at: int, glyphs_at: int, kinds_at: int) -> bytes:
        said = _number(_ADOBE) + _number(_IDENTITY) + _number(0) + bytes(_ROS)
        said += _number(count) + bytes(_CID_COUNT)
        said += _number(charset_at) + bytes([_CHARSET])
        said += _number(select_at) + bytes(_FD_SELECT)
        said += _number(glyphs_at) + bytes([_CHARSTRINGS])
        return _listed([said + _number(kinds_at) + bytes(_FD_ARRAY)])

    start = len(head) + len(top(0, 0, 0, 0)) + len(strings)
    select_at = start + len(charset)
    glyphs_at = select_at + len(select)
    kinds_at = glyphs_at + len(glyphs)
    private_at = kinds_at + len(_fonts([(b"", 0) for _ in privates]))
    placed = []
    for private in privates:
        placed.append((private, private_at))
        private_at += len(private)
    body = charset + select + glyphs + _fonts(placed) + b"".join(privates)
    return head + top(start, select_at, glyphs_at, kinds_at) + strings + body


def _fonts(placed: Sequence[tuple[bytes, int]]) -> bytes:
    return _listed(
        [_number(len(private)) + _number(at) + bytes([_PRIVATE]) for private, at in placed]
    )
