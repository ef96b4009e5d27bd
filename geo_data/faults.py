"""What can be wrong with what people give us, said so that they can mend it.

A :class:`Fault` is one sentence with the place it is about (file, row, field) and the remedy.
An :class:`InputError` carries one or more faults to whoever asked: the command line prints
them and exits with ``exit_code``; the page shows a notice.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from geo_data.words import DEFAULT_LANGUAGE, Words

WORDS = Words.load(Path(__file__).with_name("words.toml"))


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, where, and what to do about it.

    Parameters
    ----------
    key : str
        Which fault: ``fault-<key>`` and ``remedy-<key>`` are its wordings in ``words.toml``.
    file, row, field : optional
        Where it is. ``row`` counts data rows from 1.
    values : dict
        Fills the named places of the wordings.
    """

    key: str
    file: str | None = None
    row: int | None = None
    field: str | None = None
    values: dict[str, object] = dataclasses.field(default_factory=dict)

    def reason(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What is wrong, in one sentence."""
        return WORDS(f"fault-{self.key}", language, **self.values)

    def remedy(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What to do about it, in one sentence."""
        return WORDS(f"remedy-{self.key}", language, **self.values)

    def where(self, language: str = DEFAULT_LANGUAGE) -> str:
        """File, row and field, as far as they are known."""
        parts = [self.file] if self.file else []
        if self.row is not None:
            parts.append(WORDS("where-row", language, row=self.row))
        if self.field:
            parts.append(WORDS("where-field", language, field=self.field))
        return " · ".join(parts)

    def sentence(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Where, what and the remedy in one line."""
        where = self.where(language)
        head = f"{where}: " if where else ""
        return f"{head}{self.reason(language)} {self.remedy(language)}"


def faults_text(faults: Sequence[Fault]) -> str:
    """Return faults as they are kept: what was wrong in no language, to be said in any."""
    return json.dumps([dataclasses.asdict(fault) for fault in faults], default=str)


def faults_of_text(text: str | None) -> tuple[Fault, ...]:
    """Return what :func:`faults_text` wrote; nothing where this program cannot say it any more."""
    if not text:
        return ()
    try:
        faults = tuple(Fault(**kept) for kept in json.loads(text))
        for fault in faults:
            fault.sentence()
    except (ValueError, TypeError, KeyError, IndexError):
        return ()
    return faults


class InputError(Exception):
    """Input that cannot be used; nothing was written.

    Parameters
    ----------
    *faults : Fault
        What is wrong, at least one.
    exit_code : int
        What the command line exits with: 2 input, 3 store, 4 port.
    """

    def __init__(self, *faults: Fault, exit_code: int = 2) -> None:
        super().__init__("\n".join(fault.sentence("en") for fault in faults))
        self.faults = faults
        self.exit_code = exit_code

    def sentences(self, language: str = DEFAULT_LANGUAGE) -> list[str]:
        """Return every fault as one line in ``language``."""
        return [fault.sentence(language) for fault in self.faults]


def nearest(name: str, known: list[str] | tuple[str, ...] | frozenset[str]) -> str:
    """Return the known name most like ``name``, for "did you mean"; the first one if none is."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.0)
    return matches[0] if matches else ""
