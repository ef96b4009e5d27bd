"""How far another's table was read: its column that only grows, whatever that is made of. Pure.

A mark is a number, a time, a day, or a time written as text; it is compared by the other
database, so it stays in the very form in which it came.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import TypeGuard

OVERLAP_S, OVERLAP = 300, 1_000
"""How far back is read again: of times in seconds, of numbers in their own unit."""
REMEMBERED = 1_000
"""Refused rows of the overlap that are remembered: they are not put aside a second time."""

Number = int | float | Decimal
Mark = Number | datetime | date | str

_TAIL = re.compile(r"(?<=:\d\d)([.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?$")
"""Fraction and offset of a time: what comes after its seconds, or its minutes."""
_FORMS = (
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"),
    *("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y%m%d%H%M%S"),
    *("%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日"),
)
"""Texts that sort like the times they say."""


def kind_of(value: object) -> str | None:
    """Return ``number``, ``time``, ``aware``, ``day`` or ``text:<form>``; ``None`` for no mark.

    Examples
    --------
    >>> kind_of(7), kind_of("2026/07/01 08:05"), kind_of("2026/7/1 8:05")
    ('number', 'text:%Y/%m/%d %H:%M', None)
    """
    if _is_number(value):
        return "number" if math.isfinite(value) else None
    if isinstance(value, datetime):
        return "aware" if value.tzinfo else "time"
    if isinstance(value, date):
        return "day"
    form = _form(value) if isinstance(value, str) else None
    return f"text:{form}" if form else None


def back(value: Mark, overlap: int | None) -> Mark:
    """Return the mark from which to read again.

    Parameters
    ----------
    overlap : int, optional
        Seconds, or units of a number; :data:`OVERLAP_S` and :data:`OVERLAP` unless said.

    Examples
    --------
    >>> back(5_000, None), back("2026-07-01T00:01:00.250Z", 60)
    (4000, '2026-07-01T00:00:00')
    """
    if _is_number(value):
        return value - (OVERLAP if overlap is None else overlap)
    seconds = OVERLAP_S if overlap is None else overlap
    if isinstance(value, str):
        form = _form(value)
        assert form is not None
        # Without what is finer than the form: shorter texts sort before longer ones.
        return (_read(value, form) - timedelta(seconds=seconds)).strftime(form)
    if isinstance(value, datetime):
        return value - timedelta(seconds=seconds)
    assert isinstance(value, date)
    return value - timedelta(days=math.ceil(seconds / 86_400))


def at(moment: datetime, like: Mark, zone: tzinfo) -> Mark:
    """Return a moment as a mark of the form of ``like``.

    Parameters
    ----------
    moment : datetime
        Aware; a naive one is of ``zone``.
    zone : tzinfo
        Where times without an offset are meant.
    """
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    if isinstance(like, str):
        form = _form(like)
        assert form is not None
        return moment.astimezone(_offset(like) or zone).strftime(form)
    if isinstance(like, datetime):
        return moment if like.tzinfo else moment.astimezone(zone).replace(tzinfo=None)
    assert isinstance(like, date)
    return moment.astimezone(zone).date()


def is_due(value: Mark, now: datetime, zone: tzinfo) -> bool:
    """Whether a mark is no later than now: one of the future must not hide what comes before it.

    Of a number nobody knows.
    """
    if _is_number(value):
        return True
    present = at(now, value, zone)
    if isinstance(value, str):
        form = _form(value)
        assert form is not None
        return _read(value, form).strftime(form) <= str(present)
    return bool(value <= present)  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class Place:
    """How far a table was read.

    Parameters
    ----------
    column : str
        Which column of which table; another one is read from its beginning.
    mark : Mark, optional
        The highest mark that was read and is not of the future.
    refused : tuple of str
        Digests of the newest rows that were put aside.
    """

    column: str
    mark: Mark | None = None
    refused: tuple[str, ...] = ()

    def as_text(self) -> str:
        """Return it as it is kept."""
        kind = None if self.mark is None else (kind_of(self.mark) or "").partition(":")[0]
        mark = None if self.mark is None else _written(self.mark)
        refused = list(self.refused[-REMEMBERED:])
        return json.dumps({"column": self.column, "kind": kind, "mark": mark, "refused": refused})

    @classmethod
    def of_text(cls, text: str | None, column: str) -> Place:
        """Return what :meth:`as_text` wrote; the beginning where it is of another column."""
        kept = json.loads(text) if text else {}
        if kept.get("column") != column:
            return cls(column)
        mark = None if kept["mark"] is None else _unwritten(kept["kind"], kept["mark"])
        return cls(column, mark, tuple(kept["refused"]))


def _is_number(value: object) -> TypeGuard[Number]:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _form(text: str) -> str | None:
    stem = _TAIL.sub("", text)
    return next((form for form in _FORMS if _fits(stem, form)), None)


def _fits(stem: str, form: str) -> bool:
    try:
        # Written anew: "2026/7/1" is a time too, and sorts after "2026/10/1".
        return datetime.strptime(stem, form).strftime(form) == stem
    except ValueError:
        return False


def _read(text: str, form: str) -> datetime:
    return datetime.strptime(_TAIL.sub("", text), form)


def _offset(text: str) -> tzinfo | None:
    tail = _TAIL.search(text)
    said = tail and tail[2]
    return datetime.fromisoformat(f"2000-01-01T00:00:00{said}").tzinfo if said else None


def _written(mark: Mark) -> str:
    return mark.isoformat() if isinstance(mark, date) else str(mark)


def _unwritten(kind: str, text: str) -> Mark:
    if kind == "number":
        number = Decimal(text)
        return int(number) if number == number.to_integral_value() else number
    if kind in ("time", "aware"):
        return datetime.fromisoformat(text)
    return date.fromisoformat(text) if kind == "day" else text
