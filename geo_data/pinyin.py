"""How a Chinese name is typed: initials and full pinyin, for the search box."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"([a-z])[a-z]+")


class _Syllables(dict[int, str]):
    """Code point -> what is typed for it, filled as characters are met.

    Names repeat characters, so each is looked up once per process and a whole city's names are
    one ``str.translate``.
    """

    def __init__(self, only_initial: bool) -> None:
        super().__init__()
        self._only_initial = only_initial

    def __missing__(self, code_point: int) -> str:
        character = chr(code_point)
        if character.isascii():
            typed = character if character.isalnum() or character == "\n" else ""
        else:
            # Its dictionary takes longer to load than a store to open; few processes need it.
            from pypinyin import Style, lazy_pinyin

            syllable = lazy_pinyin(character, style=Style.NORMAL, errors="ignore", v_to_u=False)
            typed = "".join(syllable)[: 1 if self._only_initial else None]
        self[code_point] = typed
        return typed


_FULL = _Syllables(only_initial=False)
_INITIAL = _Syllables(only_initial=True)


def pinyin_key(name: str) -> str:
    """Return ``"initials fullpinyin"`` of a name: ``九亭镇`` -> ``"jtz jiutingzhen"``.

    Characters are read one by one; Latin words give their first letter, numbers stay whole.
    """
    return pinyin_keys([name])[0]


def pinyin_keys(names: Iterable[str]) -> list[str]:
    """Return :func:`pinyin_key` of many names, all of them as one text: a third of the time."""
    lines = [name.replace("\n", " ") for name in names]
    if not lines:
        return []
    text = "\n".join(lines).lower()
    initials = _WORD.sub(r"\1", text).translate(_INITIAL).split("\n")
    full = text.translate(_FULL).split("\n")
    return [f"{few} {all_of_it}" for few, all_of_it in zip(initials, full, strict=True)]
