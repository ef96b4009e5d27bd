"""Lines of writing: how Chinese and Latin text is broken, and what no line may begin with."""

from __future__ import annotations

import re

from layers.print.typeface import NAME, typeface

NOT_FIRST = "，。、；：！？）》】」』”’％%)]}·…—,.;:!?"
"""A line never begins with these (避头)."""
NOT_LAST = "（《【「『“‘([{"
"""A line never ends with these (避尾)."""
LEADING = 1.45
"""From line to line, in heights of the type."""
_WORDS = re.compile(r"[^\s\u2e80-\uffef]+|\s+|.")


def lines_of(text: str, width_mm: float, size_mm: float, name: str = NAME) -> list[str]:
    """Break ``text`` into lines that are at most ``width_mm`` wide in the typeface ``name``.

    Chinese breaks between any two letters but for punctuation; Latin words and numbers stay
    whole where a line can hold them.
    """
    lines, line, wide = [], "", 0.0
    face = typeface(name)
    for word in _pieces(text, width_mm, size_mm, name):
        needs = face.width(word, size_mm)
        if line and wide + face.width(word.rstrip(), size_mm) > width_mm:
            lines.append(line.rstrip())
            line, wide = "", 0.0
            if word.isspace():
                continue
        line, wide = line + word, wide + needs
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(text: str, width_mm: float, size_mm: float, name: str) -> list[str]:
    face = typeface(name)
    found: list[str] = []
    glue = False
    for word in _WORDS.findall(text):
        parts = list(word) if face.width(word, size_mm) > width_mm else [word]
        for part in parts:
            if found and (glue or (part[0] in NOT_FIRST and not found[-1].isspace())):
                found[-1] += part
            else:
                found.append(part)
            glue = part[-1] in NOT_LAST
    return found


def fitted(text: str, width_mm: float, size_mm: float) -> str:
    """Return ``text``, its end given up for "…" where it is wider than ``width_mm``."""
    face = typeface()
    if face.width(text, size_mm) <= width_mm:
        return text
    kept = text
    while kept and face.width(kept + "…", size_mm) > width_mm:
        kept = kept[:-1]
    return kept.rstrip() + "…"
