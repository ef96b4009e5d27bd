"""Reading the fields of one message, finding everything that is wrong with it at once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from geo_data.faults import Fault, InputError, nearest

_NO_TEXT = re.compile("[\ud800-\udfff\0]")
AHEAD = timedelta(days=1)
"""A clock may be wrong by this much before a time is taken for a mistake."""
LARGEST = 1e15
"""Numbers beyond this are garbage in every unit there is."""
EARLIEST_YEAR = 2000
"""Older times are a device that lost its clock, not history."""


class Fields:
    """The fields of one message; faults are collected until :meth:`check`.

    Parameters
    ----------
    message : Mapping
        Field name to value, as JSON gives it; aware ``datetime`` is taken too.
    known : iterable of str
        Fields there may be.
    received_at : datetime
        When it came, aware: times far after it are refused.
    row : int, optional
        Which message of a batch, for the faults.
    """

    def __init__(
        self,
        message: Mapping[str, object],
        known: Iterable[str],
        received_at: datetime,
        row: int | None = None,
    ) -> None:
        self._message = message
        self._latest = received_at + AHEAD
        self._row = row
        self.faults: list[Fault] = []
        names = list(known)
        for name in message:
            if name not in names:
                near = nearest(str(name), names)
                self.refuse("stray-field", str(name), key=str(name), nearest=near)

    def refuse(self, key: str, field: str, /, **values: object) -> None:
        """Note a fault of ``field``."""
        self.faults.append(Fault(key, row=self._row, field=field, values=values))

    def check(self) -> None:
        """Raise all faults found; nothing if there is none."""
        if self.faults:
            raise InputError(*self.faults)

    def has(self, name: str) -> bool:
        """Whether the message says anything for ``name``; null and "" say nothing."""
        return self._message.get(name) not in (None, "")

    def value(self, name: str) -> object:
        """Return the value as it came; a missing one is a fault and ``None``."""
        if not self.has(name):
            self.refuse("missing-field", name, key=name)
            return None
        return self._message[name]

    def text(self, name: str, most: int = 200) -> str:
        """Return a required text of at most ``most`` characters, without outer blanks."""
        value = self.value(name)
        if value is None:
            return ""
        if not isinstance(value, str) or not _is_unicode(value):
            self.refuse("not-text", name)
            return ""
        stripped = value.strip()
        if not stripped:
            self.refuse("missing-field", name, key=name)
        if len(stripped) > most:
            self.refuse("too-long", name, most=most, got=len(stripped))
        return stripped

    def optional_text(self, name: str, most: int = 200) -> str | None:
        """Return a text, or ``None`` where the message says nothing."""
        return self.text(name, most) if self.has(name) else None

    def term(self, name: str, known: Iterable[str]) -> str:
        """Return a required key of a dictionary."""
        before = len(self.faults)
        value = self.text(name)
        names = list(known)
        if len(self.faults) == before and value not in names:
            near = nearest(value, names)
            self.refuse("unknown-term", name, key=value, nearest=near)
        return value

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a required finite number in ``[low, high]``."""
        value = self.value(name)
        if value is None:
            return math.nan
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse("not-number", name)
            return math.nan
        if isinstance(value, float) and not math.isfinite(value):
            self.refuse("endless-number", name)
        elif not max(low, -LARGEST) <= value <= min(high, LARGEST):
            self.refuse("out-of-range", name, low=max(low, -LARGEST), high=min(high, LARGEST))
            return math.nan
        return float(value)

    def time(self, name: str) -> datetime:
        """Return a required aware time: ISO 8601 with an offset, not from the future."""
        given = self.value(name)
        value = _time(given)
        if value is None:
            if given is not None:
                self.refuse("not-a-time", name, got=str(given)[:40])
            return self._latest
        if value.tzinfo is None:
            self.refuse("naive-time", name, got=value.isoformat())
            return self._latest
        if value.year < EARLIEST_YEAR:
            self.refuse("too-early", name, got=value.isoformat(), year=EARLIEST_YEAR)
        elif value > self._latest:
            self.refuse("future-time", name, got=value.isoformat())
        return value


def _time(given: object) -> datetime | None:
    if isinstance(given, datetime):
        return given
    try:
        return datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        return None


def _is_unicode(text: str) -> bool:
    # JSON may smuggle in half a surrogate pair, which no database can store, and NUL, which
    # PostgreSQL does not.
    return _NO_TEXT.search(text) is None
