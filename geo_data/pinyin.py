"""How a Chinese name is typed: initials and full pinyin, for the search box."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from pypinyin import Style, lazy_pinyin

_PARTS = re.compile(r"[a-z]+|[0-9]+|[\u3400-\u9fff]")


@cache
def _syllable(character: str) -> str:
    return str(lazy_pinyin(character, style=Style.NORMAL, errors="default", v_to_u=False)[0])


def pinyin_key(name: str) -> str:
    """Return ``"initials fullpinyin"`` of a name: ``九亭镇`` -> ``"jtz jiutingzhen"``.

    Characters are read one by one (a name repeats characters, so each is looked up once per
    process); Latin words give their first letter, numbers stay whole.
    """
    initials, full = [], []
    for part in _PARTS.findall(name.lower()):
        word = part if part.isascii() else _syllable(part)
        initials.append(word if part.isdigit() else word[:1])
        full.append(word)
    return f"{''.join(initials)} {''.join(full)}"


def pinyin_keys(names: Iterable[str]) -> list[str]:
    """Return :func:`pinyin_key` of many names, each different one read once."""
    known: dict[str, str] = {}
    return [known.get(name) or known.setdefault(name, pinyin_key(name)) for name in names]
