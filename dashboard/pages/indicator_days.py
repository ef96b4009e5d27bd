"""The part of the page that shows days of a year, and hours of the week."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from dashboard.pages.indicator_view import Asked, section
from dashboard.widgets.heat_calendar import heat_calendar, heat_legend
from dashboard.widgets.hour_matrix import hour_matrix
from dashboard.widgets.markup import html
from geo_data import queries
from geo_data.records import Window
from indicators import catalog
from indicators.day_values import day_values, has_days, twelve_months
from indicators.spec import Indicator
from indicators.windows import midnight
from layers.style import Hue

USUAL = "reported-incidents"
"""Whose days are shown where the chosen indicator has none."""
LEAST_DAYS = 28
"""The hours of the week mean something over so many days; for less those of the calendar serve."""
YEARS_BACK = 2
RINGED = 7
"""Days of a period that are ringed; more would be a fence."""


def part(asked: Asked) -> Any:
    """Return the section."""
    look = asked.look
    described = catalog.of(look.city)
    indicator = described[look.view.indicator]
    shown = indicator if has_days(indicator) else described[USUAL]
    today = look.local(look.at - timedelta(milliseconds=1)).date()
    days = _days(asked, today)
    where = (look.store, look.scope, look.region.code, shown.key, days, look.at)
    told = list(day_values(*where))
    hue: Hue = "violet" if shown.better == "low" else "teal"
    unit = shown.unit_in(look.language)
    calendar = heat_calendar(
        look,
        told,
        hue=hue,
        unit=unit,
        href=lambda day: asked.href(period=f"{day}..{day}") + "#calendar",
        special=look.city.calendar.special_days(look.city.timezone),
        chosen=_chosen(asked),
    )
    other = [] if shown is indicator else [_instead(asked, indicator)]
    body = [
        _years(asked, today),
        *other,
        calendar,
        heat_legend(look, told, hue=hue, unit=unit),
        *_hours(asked, days),
    ]
    said = f"{shown.name(look.language)} · {days[0]} – {days[1]}"
    return section("calendar", look.say("part-calendar"), body, said)


def _days(asked: Asked, today: date) -> tuple[date, date]:
    if asked.year is None:
        return twelve_months(today)
    return date(asked.year, 1, 1), min(date(asked.year, 12, 31), today)


def _chosen(asked: Asked) -> tuple[date, date] | None:
    """Return the days of the period, where it is a few of the calendar."""
    window, look = asked.period.window, asked.look
    first = look.local(window.start).date()
    last = look.local(window.end - timedelta(milliseconds=1)).date()
    return (first, last) if not asked.period.by_hour and (last - first).days < RINGED else None


def _years(asked: Asked, today: date) -> Any:
    """Return the choice of the last twelve months, or of a year of the calendar."""
    look = asked.look
    years: list[int | None] = [None, *range(today.year, today.year - YEARS_BACK - 1, -1)]
    links = [
        html.A(
            look.say("twelve-months") if year is None else str(year),
            href=replace(asked, year=year).href() + "#calendar",
            className="chip on" if year == asked.year else "chip",
        )
        for year in years
    ]
    return html.Div(links, className="choices")


def _instead(asked: Asked, indicator: Indicator) -> Any:
    """Say that the chosen indicator has no days, and whose are shown."""
    look = asked.look
    name = indicator.name(look.language)
    return html.P(look.say("calendar-instead", name=name), className="rule")


def _hours(asked: Asked, days: tuple[date, date]) -> list[Any]:
    look, zone = asked.look, asked.look.city.zone
    window = asked.period.window
    if window.length < timedelta(LEAST_DAYS):
        end = min(midnight(days[1] + timedelta(1), zone), look.at)
        window = Window(midnight(days[0], zone), end)
    found = queries.report_hours(look.store, look.scope, look.region.code, window, look.at)
    first, last = (look.local(edge) for edge in (window.start, window.end))
    span = f"{first:%Y-%m-%d} – {last - timedelta(milliseconds=1):%Y-%m-%d}"
    title = html.H3([look.say("hours-of-week"), html.Small(f"{span} · {found.counts.sum():,}")])
    if not found.counts.any():
        return [title, html.P(look.say("nothing-here"), className="calm")]
    since = (
        []
        if found.since is None
        else [
            html.P(
                look.say("funnel-since", at=f"{look.local(found.since):%Y-%m-%d %H:%M}"),
                className="rule",
            )
        ]
    )
    return [title, hour_matrix(look, found.counts), *since]
