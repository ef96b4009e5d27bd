"""What the product says to people, in every language it speaks.

Each package keeps its sentences in a ``words.toml`` beside its code, both languages on one
line, so that a missing translation is seen by the eye and refused by the loader.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LANGUAGES = ("zh-CN", "en")
DEFAULT_LANGUAGE = "zh-CN"


class Label(BaseModel):
    """One wording in both languages.

    Parameters
    ----------
    zh : str
        Simplified Chinese.
    en : str
        English.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    def __call__(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return the wording for ``language`` (``"zh-CN"`` or ``"en"``)."""
        return self.en if language == "en" else self.zh


class Words:
    """The sentences of one package, found by a kebab-case key.

    Parameters
    ----------
    path : Path
        ``words.toml``: key to wording; wordings may hold ``{named}`` places.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def load(cls, path: Path) -> Words:
        """Return the sentences of a file, read when the first of them is said.

        A key without both languages is refused then.
        """
        return cls(path)

    @cached_property
    def _labels(self) -> Mapping[str, Label]:
        return _read(self._path)

    def __call__(self, key: str, language: str = DEFAULT_LANGUAGE, /, **values: object) -> str:
        """Say ``key`` in ``language`` with ``values`` filled in.

        Raises
        ------
        KeyError
            The key is not in the file: a programming error, caught by the tests.
        """
        text = self._labels[key](language)
        return text.format(**values) if values else text

    def __contains__(self, key: object) -> bool:
        return key in self._labels

    def keys(self) -> frozenset[str]:
        """All keys, for the tests that look for unused and unknown ones."""
        return frozenset(self._labels)


@cache
def _read(path: Path) -> dict[str, Label]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {key: Label.model_validate(entry) for key, entry in table.items()}
