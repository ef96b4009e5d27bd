"""What was filled into a text, marked while the text is being made and found again afterwards.

A template only ever holds a mark: two signs of Unicode's private range around a number. So it
cannot change what is filled in, and what it did not fill in is seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from indicators.reports.content import Paragraph, Source, Span

_OPEN, _SHUT = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}(\\d+){_SHUT}")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class _Filled:
    text: str
    kind: Literal["number", "date", "name"]
    source: Source | None


@dataclass
class Marks:
    """Everything that was filled into the texts of one report."""

    _filled: list[_Filled] = field(default_factory=list)

    def number(self, text: str, source: Source) -> str:
        """Return the mark of a number."""
        return self._mark(_Filled(text, "number", source))

    def date(self, text: str) -> str:
        """Return the mark of a date."""
        return self._mark(_Filled(text, "date", None))

    def name(self, text: str) -> str:
        """Return the mark of a name, which may have figures in it."""
        return self._mark(_Filled(text, "name", None))

    def paragraph(self, marked: str) -> Paragraph:
        """Return a text with what its marks stand for, and where that stands in it."""
        parts, spans, at, length = [], [], 0, 0
        for found in _MARK.finditer(marked):
            before, filled = marked[at : found.start()], self._filled[int(found[1])]
            start = length + len(before)
            length = start + len(filled.text)
            parts += [before, filled.text]
            spans.append(Span(start, length, filled.kind, filled.source))
            at = found.end()
        return Paragraph("".join([*parts, marked[at:]]), tuple(spans))

    def _mark(self, filled: _Filled) -> str:
        self._filled.append(filled)
        return f"{_OPEN}{len(self._filled) - 1}{_SHUT}"


def loose_digit(text: str) -> str | None:
    """Return the first figure of a text that no mark stands for.

    Examples
    --------
    >>> marks = Marks()
    >>> loose_digit(f"共{marks.name('12345')}件"), loose_digit("共3件")
    (None, '3')
    """
    found = _DIGIT.search(_MARK.sub("", text))
    return found[0] if found else None
