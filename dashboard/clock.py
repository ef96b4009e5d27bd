"""The city's clock: real time, or a time lapse that starts from the present."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def city_clock(speed: float = 1.0, start: datetime | None = None) -> Callable[[], datetime]:
    """Return a clock that runs ``speed`` city seconds per real second.

    Parameters
    ----------
    speed : float
        1 is real time.
    start : datetime, optional
        What it shows now; the real time unless said. A stopped clock for tests is
        ``lambda: moment``.
    """
    if speed == 1.0 and start is None:
        return lambda: datetime.now(UTC)
    begun, first = time.monotonic(), start or datetime.now(UTC)
    return lambda: first + timedelta(seconds=(time.monotonic() - begun) * speed)
