"""One publication, and the form in which its content is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Kind = Literal["evaluation", "period", "report"]


@dataclass(frozen=True, slots=True)
class Days:
    """A period as publications know it.

    Parameters
    ----------
    key : str
        How it is called: ``2026-10``, ``2026-10-01..2026-10-31``.
    first, last : date
        Local days of the city, both in it.
    """

    key: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published, without its content.

    Parameters
    ----------
    number : str
        What people quote: ``evaluation-2026-0003``.
    kind : str
        ``evaluation``, ``period`` or ``report``.
    subject : str
        Which evaluation, which report.
    region_code : str
        Of what it speaks of, with everything below it.
    days : Days
        The period it speaks of.
    sha256 : str
        Over the content as it is kept, in hexadecimal.
    known_at : datetime
        Cut-off of the data.
    published_at, published_by
        When, and by whom.
    supersedes : str or None
        Number of the publication that was opened again before this one.
    reopened_at, reopened_by, reason
        When it was opened again, by whom and why; ``None`` while it stands.
    """

    number: str
    kind: Kind
    subject: str
    region_code: str
    days: Days
    sha256: str
    known_at: datetime
    published_at: datetime
    published_by: str
    supersedes: str | None = None
    reopened_at: datetime | None = None
    reopened_by: str | None = None
    reason: str | None = None

    @property
    def stands(self) -> bool:
        """Whether it holds: nobody has opened it again."""
        return self.reopened_at is None


def canonical(content: object) -> str:
    """Return content as the one text that is kept and hashed: JSON with sorted keys, no spaces.

    Raises
    ------
    ValueError
        There is a number in it that is none.

    Examples
    --------
    >>> canonical({"b": 1.5, "a": ["镇", None]})
    '{"a":["镇",null],"b":1.5}'
    """
    return json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal.

    Examples
    --------
    >>> digest("{}")[:16]
    '44136fa355b3678a'
    """
    return hashlib.sha256(text.encode()).hexdigest()
