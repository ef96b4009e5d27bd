"""Days of a city's own calendar, numbered from 1970-01-01."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


def day_number(at: datetime, zone: ZoneInfo) -> int:
    """Return the local calendar day of an aware time, as days since 1970-01-01."""
    return (at.astimezone(zone).date() - date(1970, 1, 1)).days


def day_start(day: int, zone: ZoneInfo) -> datetime:
    """Return the aware UTC time at which a local day begins."""
    midnight = datetime(1970, 1, 1, tzinfo=zone) + timedelta(days=day)
    return midnight.astimezone(UTC)
