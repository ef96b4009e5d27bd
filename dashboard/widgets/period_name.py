"""How a period is said: by its name, as the calendar calls it, or by its days."""

from __future__ import annotations

import re

from dashboard.context import Look
from indicators import periods

_NAMED = (
    ("month", re.compile(r"(?P<year>\d{4})-(?P<n>\d{2})")),
    ("quarter", re.compile(r"(?P<year>\d{4})-Q(?P<n>\d)")),
    ("week", re.compile(r"(?P<year>\d{4})-W(?P<n>\d{2})")),
    ("year", re.compile(r"(?P<year>\d{4})")),
    ("assessment", re.compile(r"assessment-(?P<year>\d{4})")),
)


def period_name(look: Look, key: str) -> str:
    """Say a period in the viewer's language."""
    if key in periods.KEYS:
        return look.say(f"window-{key}")
    for kind, pattern in _NAMED:
        if found := pattern.fullmatch(key):
            values = {name: int(text) for name, text in found.groupdict().items()}
            return look.say(f"period-{kind}", **values)
    return key.replace("..", " – ")
