"""How numbers and times are written: grouped, tabular, and a dash where there is none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dashboard.context import Look
from dashboard.widgets.markup import html
from geo_data.dictionaries import YES_NO

NONE = "—"


def write_number(value: float | None) -> str:
    """Write ``value`` with as many digits as it deserves; a missing one is ``—``.

    Examples
    --------
    >>> write_number(12345.0), write_number(93.72), write_number(0.0512), write_number(None)
    ('12,345', '93.7', '0.051', '—')
    """
    if value is None or value != value:
        return NONE
    if (value == round(value) and abs(value) >= 1) or value == 0:
        return f"{value:,.0f}"
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{digits}f}"


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


def write_change(change: float | None) -> str:
    """Write a relative change, ``0.12`` as ``▲ 12%``; none, or a zero base, is ``—``.

    Examples
    --------
    >>> write_change(0.12), write_change(-0.031), write_change(0.0), write_change(None)
    ('▲ 12%', '▼ 3.1%', '± 0', '—')
    """
    if change is None or change != change:
        return NONE
    percent = abs(change) * 100
    if percent < 0.05:
        return "± 0"
    sign = "▲" if change > 0 else "▼"
    if percent >= 1000:
        return f"{sign} >999%"
    return f"{sign} {percent:.0f}%" if percent >= 10 else f"{sign} {percent:.1f}%"


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
