"""How numbers and times are written: grouped, tabular, and a dash where there is none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dashboard.context import Look
from dashboard.widgets.markup import html
from geo_data.dictionaries import YES_NO
from indicators.writing import NONE, write_change, write_number

__all__ = [
    "NONE",
    "number",
    "reading",
    "write_change",
    "write_count",
    "write_number",
    "write_span",
    "write_time",
]


def reading(value: float | None, unit: str) -> Any:
    """Return what a sensor says as :func:`number`; nothing where its state says it all."""
    return None if unit == YES_NO else number(value, unit)


def write_count(look: Look, n: int) -> str:
    """Write a count in little room: grouped, from ten thousand on in 万 or k."""
    if n < 10_000:
        return f"{n:,}"
    if look.language == "zh-CN":
        return f"{n / 10_000:.1f}万"
    return f"{n / 1000:.0f}k"


def number(value: float | None, unit: str = "") -> Any:
    """Return a number with its unit smaller beside it; a missing one has no unit."""
    text = write_number(value)
    parts: list[Any] = [html.Span(text, className="digits")]
    if unit and text != NONE:
        parts.append(html.Span(unit, className="unit"))
    return html.Span(parts, className="number" if text != NONE else "number missing")


def write_time(look: Look, moment: datetime | None) -> str:
    """Write a moment on the city's clock: the hour today, the date before."""
    if moment is None:
        return NONE
    local, today = look.local(moment), look.local(look.at).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d}"


def write_span(look: Look, span: timedelta) -> str:
    """Write a length of time in its two biggest words' worth: minutes, hours or days."""
    minutes = int(abs(span.total_seconds()) // 60)
    if minutes < 1:
        return look.say("span-seconds", n=int(abs(span.total_seconds())))
    if minutes < 60:
        return look.say("span-minutes", n=minutes)
    if minutes < 48 * 60:
        return look.say("span-hours", n=minutes // 60)
    return look.say("span-days", n=minutes // 1440)
