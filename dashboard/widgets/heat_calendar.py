"""A year of days as calendar sheets: a block a month, a row a week, one hue for how much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import groupby

from markupsafe import Markup, escape

from dashboard.context import Look
from indicators.writing import write_number
from layers.style import MISSING, Hue, Scale, class_of, ink_on, legend, scale

CELL, HEAD, GAP = 30, 40, 2
WEEK = 7
WIDTH = WEEK * CELL
Days = Sequence[tuple[date, float | None]]


def months_of(days: Days) -> Iterator[tuple[tuple[int, int], list[tuple[int, int, int]]]]:
    """Lay days out as sheets, each day once.

    Yields
    ------
    (year, month), cells
        Of a month; each cell is ``(number, row, column)``: the number of the day in ``days``, its
        week from the first one shown on, and the day of the week, Monday 0.

    Examples
    --------
    >>> (month, cells), = months_of([(date(2026, 11, 1), 3.0), (date(2026, 11, 2), None)])
    >>> month, cells
    ((2026, 11), [(0, 0, 6), (1, 1, 0)])
    """
    numbered = enumerate(day for day, _ in days)
    for month, members in groupby(numbered, lambda pair: (pair[1].year, pair[1].month)):
        shown = list(members)
        monday = shown[0][1].toordinal() - shown[0][1].weekday()
        cells = [(n, (day.toordinal() - monday) // WEEK, day.weekday()) for n, day in shown]
        yield month, cells


def heat_calendar(
    look: Look,
    days: Days,
    *,
    hue: Hue,
    unit: str,
    href: Callable[[date], str],
    special: tuple[frozenset[date], frozenset[date]],
    chosen: tuple[date, date] | None = None,
) -> Markup:
    """Draw days; one that is not known is hatched, never the colour of zero.

    Parameters
    ----------
    days : sequence of (date, float or None)
        That follow each other.
    hue, unit : str
        Of the colours and the values.
    href : callable
        Where a day leads.
    special : (frozenset of date, frozenset of date)
        Days off and days worked in their place.
    chosen : (date, date), optional
        First and last day of what the page looks at: they are ringed.
    """
    by = scale((value for _, value in days), hue, look.view.theme)
    classes = class_of(by, (value for _, value in days)).tolist()
    today = look.local(look.at).date()
    sheets = []
    for (year, month), cells in months_of(days):
        n_weeks = max(row for _, row, _ in cells) + 1
        drawn = [
            _day(look, days[number], (row, column), by, classes[number], unit, href, special)
            + _notes(days[number][0], (row, column), today, chosen)
            for number, row, column in cells
        ]
        height = HEAD + n_weeks * CELL
        sheets.append(
            f'<svg class="month" viewBox="0 0 {WIDTH} {height}" role="group" '
            f'aria-label="{year}-{month:02d}">{_head(look, year, month)}{"".join(drawn)}</svg>'
        )
    return Markup(f'<div class="months">{"".join(sheets)}</div>')


def heat_legend(look: Look, days: Days, *, hue: Hue, unit: str) -> Markup:
    """Return what each colour means and how many days are of it."""
    values = [value for _, value in days]
    by = scale(values, hue, look.view.theme)
    rows = [
        f'<span><i class="{"unknown" if row.color == by.missing else ""}" '
        f'style="background-color:{row.color}"></i>{escape(row.label)}'
        f"<b>{row.count}</b></span>"
        for row in reversed(legend(by, values, look.language))
    ]
    said = escape(look.say("calendar-legend", unit=unit))
    marks = escape(look.say("calendar-marks"))
    return Markup(
        f'<div class="heat-legend"><small>{said}</small>{"".join(rows)}<small>{marks}</small></div>'
    )


def _head(look: Look, year: int, month: int) -> str:
    said = escape(look.say("calendar-month", year=year, month=f"{month:02d}"))
    letters = look.say("weekday-letters").split()
    names = "".join(
        f'<text class="weekday" x="{(column + 0.5) * CELL:g}" y="34">{escape(letter)}</text>'
        for column, letter in enumerate(letters)
    )
    return f'<text class="month-name" x="3" y="14">{said}</text>{names}'


def _day(
    look: Look,
    told: tuple[date, float | None],
    place: tuple[int, int],
    by: Scale,
    kind: int,
    unit: str,
    href: Callable[[date], str],
    special: tuple[frozenset[date], frozenset[date]],
) -> str:
    day, value = told
    x, y = place[1] * CELL + GAP / 2, HEAD + place[0] * CELL + GAP / 2
    color = by.missing if kind == MISSING else by.colors[kind]
    said = look.say("not-known") if value is None else f"{write_number(value)} {unit}".rstrip()
    ink = "var(--ink-2)" if kind == MISSING else ink_on(color)
    box = f'x="{x:g}" y="{y:g}" width="{CELL - GAP}" height="{CELL - GAP}" rx="3"'
    veil = f'<rect class="unknown" {box}/>' if kind == MISSING else ""
    return (
        f'<a href="{escape(href(day))}"><title>{day:%Y-%m-%d} · {escape(said)}</title>'
        f'<rect class="day" {box} fill="{color}"/>{veil}'
        f'<text x="{x + 4:g}" y="{y + 19:g}" fill="{ink}">{day.day}</text>'
        f"{_special(look, day, (x, y), ink, special)}</a>"
    )


def _special(
    look: Look,
    day: date,
    place: tuple[float, float],
    ink: str,
    special: tuple[frozenset[date], frozenset[date]],
) -> str:
    """Mark a day off, or one that is worked in its place."""
    off, worked = special
    if day not in worked and day not in off:
        return ""
    mark = escape(look.say("day-worked" if day in worked else "day-off"))
    x, y = place[0] + CELL - GAP - 2, place[1] + 10
    return f'<text class="special" x="{x:g}" y="{y:g}" fill="{ink}">{mark}</text>'


def _notes(
    day: date,
    place: tuple[int, int],
    today: date,
    chosen: tuple[date, date] | None,
) -> str:
    """Ring the days looked at, and mark today."""
    x, y, size = place[1] * CELL + GAP / 2, HEAD + place[0] * CELL + GAP / 2, CELL - GAP
    parts = []
    if chosen and chosen[0] <= day <= chosen[1]:
        parts.append(
            f'<rect class="chosen" x="{x + 1:g}" y="{y + 1:g}" width="{size - 2}" '
            f'height="{size - 2}" rx="2"/>'
        )
    if day == today:
        parts.append(f'<circle class="today" cx="{x + size - 6:g}" cy="{y + size - 6:g}" r="2.6"/>')
    return "".join(parts)
