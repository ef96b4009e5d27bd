"""Messages as a source writes them -> messages as the parser takes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import TypeGuard
from zoneinfo import ZoneInfo

from geo_data.ingest.fields import LARGEST
from geo_data.ingest.parse import Message
from geo_data.intakes import Intake

_TIMES = frozenset({"happened_at", "reported_at", "observed_at"})
_NUMBERS = frozenset({"lon", "lat", "value"})
_FORMS = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y%m%d%H%M%S", "%Y年%m月%d日 %H:%M:%S")
"""Written by exports beside ISO 8601."""


def our_message(intake: Intake, message: Message, zone: ZoneInfo) -> dict[str, object]:
    """Return a message in our words; what cannot be turned is left for the parser to refuse.

    Fields that the intake does not know are left out: exports carry many more columns than
    anybody asks for.

    Parameters
    ----------
    intake : Intake
        Its mapping, dictionaries, unit and time zone.
    message : Mapping
        As its source wrote it.
    zone : ZoneInfo
        The city's, for times without an offset where the intake names none.

    Examples
    --------
    >>> intake = Intake(key="grid", tells="stages", key_sha256="0" * 64,
    ...                 fields={"stage": "状态"}, values={"stage": {"已结案": "closed"}})
    >>> our_message(intake, {"状态": "已结案", "网格员": "王"}, ZoneInfo("Asia/Shanghai"))
    {'stage': 'closed', 'source': 'grid'}
    """
    where, words = intake.zone or zone, intake.words
    made: dict[str, object] = {}
    for name, path in intake.paths.items():
        value = _found(message, path)
        if value is None or value == "":
            continue
        if name in words and isinstance(value, str):
            value = words[name].get(value.strip(), value)
        made[name] = _turned(name, value, where)
    if intake.tells == "observations":
        value = made.get("value")
        # What is no number, or larger than any, is the parser's to refuse.
        if intake.factor != 1 and _is_number(value) and abs(value) < LARGEST:
            made["value"] = value * intake.factor
        return made
    if intake.tells == "incidents":
        unsaid = {"channel": intake.channel, "severity": intake.severity}
        made = {name: value for name, value in unsaid.items() if value is not None} | made
    return {**made, "source": intake.source or intake.key}


def _found(message: Message, path: str) -> object:
    """Value at a path; a field whose very name has dots wins."""
    if path in message:
        return message[path]
    found: object = message
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _turned(name: str, value: object, zone: tzinfo) -> object:
    if name in _TIMES:
        return _time(value, zone)
    if name == "stages" and isinstance(value, list | tuple):
        return [_step(step, zone) for step in value]
    if not isinstance(value, str):
        # A number of a case is a name; a spreadsheet does not know that.
        is_name = name not in (*_NUMBERS, "severity", "stages")
        return str(value) if is_name and isinstance(value, int) else value
    text = value.strip()
    try:
        if name == "severity":
            return int(text)
        return float(text) if name in _NUMBERS else text
    except ValueError:
        return text


def _step(step: object, zone: tzinfo) -> object:
    if not isinstance(step, Mapping) or "happened_at" not in step:
        return step
    return {**step, "happened_at": _time(step["happened_at"], zone)}


def _time(value: object, zone: tzinfo) -> object:
    """Return an aware time where one is meant: text, or seconds or milliseconds since 1970."""
    if _is_number(value):
        return _epoch(float(value), zone) if abs(value) < LARGEST else str(value)[:40]
    at = _read(value.strip()) if isinstance(value, str) else value
    if not isinstance(at, datetime):
        return value
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _epoch(seconds: float, zone: tzinfo) -> object:
    # Seconds of this century have ten digits, milliseconds thirteen.
    try:
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, zone)
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def _read(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None
