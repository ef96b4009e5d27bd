"""How the values of indicators are written: grouped, and a dash where there is none."""

from __future__ import annotations

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
