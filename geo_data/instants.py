"""Instants as text and as whole milliseconds: how times are kept and counted with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_MS = timedelta(milliseconds=1)


def to_text(at: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC with milliseconds and ``Z``; sorts like the time.

    Raises
    ------
    ValueError
        The time is naive: nobody can know which instant is meant.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


def from_text(text: str) -> datetime:
    """Return the aware UTC time that :func:`to_text` (or QGIS) wrote."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is UTC:
        return at
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def millis(at: datetime) -> int:
    """Return whole milliseconds since 1970-01-01 UTC."""
    return (at - _EPOCH) // _ONE_MS


def instant(at_ms: int) -> datetime:
    """Return the aware UTC time of :func:`millis`."""
    return _EPOCH + int(at_ms) * _ONE_MS


def to_grain(at: datetime) -> datetime:
    """Return ``at`` in UTC without what is finer than a millisecond."""
    at = at if at.tzinfo is UTC else at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000) if at.microsecond % 1000 else at
