"""How a report writes numbers and times: as official Chinese documents do, a dash for none."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from geo_data.words import DEFAULT_LANGUAGE
from indicators.reports.content import Figure
from indicators.reports.figures import is_share
from indicators.reports.terms import Kind, Term
from indicators.spec import Indicator
from indicators.writing import NONE

_LEAST_PERCENT = 0.05
_WORDS = {"件", "处"}
"""Units that are Chinese words stand beside their number without room."""


def write_value(value: float | None, indicator: Indicator, *, with_unit: bool = True) -> str:
    """Write a value with its unit; a missing one is a dash alone.

    Examples
    --------
    >>> from indicators import catalog
    >>> rate, count = (catalog.indicators()[key] for key in ("closure-rate", "due-incidents"))
    >>> write_value(93.724, rate), write_value(1234.0, count), write_value(None, rate)
    ('93.7%', '1234件', '—')
    """
    if value is None:
        return NONE
    text = write_plain(value, 1 if is_share(indicator) else None)
    unit = indicator.unit_in(DEFAULT_LANGUAGE)
    return f"{text}{unit}" if with_unit else text


def write_plain(value: float | None, digits: int | None = None) -> str:
    """Write a number without grouping, with as many digits as it deserves unless said.

    Examples
    --------
    >>> write_plain(1234.0), write_plain(0.0512), write_plain(3.14159), write_plain(99.96, 1)
    ('1234', '0.051', '3.14', '100.0')
    """
    if value is None:
        return NONE
    if digits is None:
        if value == round(value):
            return f"{value:.0f}"
        size = abs(value)
        digits = 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:.{digits}f}"


def write_change(figure: Figure, indicator: Indicator) -> str:
    """Write a change in a sentence: ``上升12.3%``, of a share ``下降1.2个百分点``, ``持平``."""
    value = figure.value
    if value is None:
        return NONE
    points = is_share(indicator) and figure.only is None
    size = abs(value) if points else 100 * abs(value)
    if size < _LEAST_PERCENT:
        return "持平"
    return f"{'上升' if value > 0 else '下降'}{size:.1f}{'个百分点' if points else '%'}"


def write_signed(figure: Figure, indicator: Indicator) -> str:
    """Write a change in a table: ``+12.3%``, of a share ``−1.2``, which is in points."""
    value = figure.value
    if value is None:
        return NONE
    points = is_share(indicator) and figure.only is None
    size = abs(value) if points else 100 * abs(value)
    if size < _LEAST_PERCENT:
        return "0.0" if points else "0.0%"
    return f"{'+' if value > 0 else '−'}{size:.1f}{'' if points else '%'}"


def write_day(day: date, *, year: bool = True) -> str:
    """Write a day: ``2026年11月26日``."""
    return f"{day.year}年{day.month}月{day.day}日" if year else f"{day.month}月{day.day}日"


def write_moment(at: datetime | None, zone: ZoneInfo, *, year: bool = True) -> str:
    """Write a moment on the city's clock: ``2026年11月26日 07:30``."""
    if at is None:
        return NONE
    local = at.astimezone(zone)
    return f"{write_day(local.date(), year=year)} {local:%H:%M}"


def write_term(term: Term) -> str:
    """Write a period as a title has it.

    Examples
    --------
    >>> today = date(2026, 11, 26)
    >>> write_term(Term(Kind.WEEKLY, date(2026, 11, 16), date(2026, 11, 22), today))
    '2026年第47周'
    >>> write_term(Term(Kind.QUARTERLY, date(2026, 7, 1), date(2026, 9, 30), today))
    '2026年第三季度'
    """
    first = term.first
    match term.kind:
        case Kind.DAILY:
            return write_day(first)
        case Kind.WEEKLY:
            year, week, _ = first.isocalendar()
            return f"{year}年第{week}周"
        case Kind.MONTHLY:
            return f"{first.year}年{first.month}月"
        case Kind.QUARTERLY:
            return f"{first.year}年第{'一二三四'[(first.month - 1) // 3]}季度"
        case _:
            return f"{first.year}年"
