"""The sentences of early warning, in both languages, filled with each signal's own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from geo_data import dictionaries
from geo_data.words import LANGUAGES, Label, Words

WORDS = Words.load(Path(__file__).with_name("words.toml"))
_CHANCES = (0.001, 0.01, 0.05, 0.1)

Value = object | Label | Callable[[str], str]


def sentence(key: str, values: Mapping[str, Value]) -> Label:
    """Return a wording in both languages; values that are wordings themselves are said in each."""
    zh, en = (
        WORDS(key, language, **{name: _said(one, language) for name, one in values.items()})
        for language in LANGUAGES
    )
    return Label(zh=zh, en=en)


def _said(value: Value, language: str) -> object:
    return value(language) if isinstance(value, Label) or callable(value) else value


def chance(q: float, language: str) -> str:
    """Say how likely it is chance: the least round bound that holds.

    Examples
    --------
    >>> chance(0.004, "en")
    'the chance of a false alarm is below 1 %'
    """
    bound = next((one for one in _CHANCES if q < one), None)
    if bound is None:
        return WORDS("chance", language, percent=f"{100 * q:.0f}")
    return WORDS("chance-below", language, percent=f"{100 * bound:g}")


def times(ratio: float) -> str:
    """Write how many times as much: ``3.1``, ``12``."""
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


def trend_word(trend: str) -> Label:
    """Return the word for how a hot spot came about."""
    return sentence(f"trend-{trend}", {})


def term(dictionary: str, key: str) -> Label:
    """Return the wording of a key of a dictionary; one that is not listed is shown as it is."""
    zh, en = (dictionaries.word(dictionary, key, language) for language in LANGUAGES)
    return Label(zh=zh, en=en)
