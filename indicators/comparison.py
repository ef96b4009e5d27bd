"""How much a value is more, or less, than what it is compared with."""

from __future__ import annotations


def change(value: float | None, previous: float | None) -> float | None:
    """Return the relative change; ``None`` where the base is zero or missing.

    Examples
    --------
    >>> change(12.0, 10.0), change(12.0, 0.0), change(None, 3.0)
    (0.2, None, None)
    """
    if value is None or not previous:
        return None
    return round((value - previous) / abs(previous), 9)
