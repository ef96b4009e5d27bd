"""The time bar: when incidents were reported, by channel, and how old each layer's data is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from dash import html as dash_html
from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import Look
from dashboard.panels import source_panel
from dashboard.theme import SERIES
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import write_span
from dashboard.widgets.sparkline import data_uri
from geo_data import queries
from geo_data.dictionaries import channel_groups, channels
from geo_data.instants import millis
from geo_data.queries import histogram
from geo_data.queries.freshness import lateness
from geo_data.records import Window
from indicators import windows

WIDTH, HEIGHT = 1200, 64
STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 720, 1440))
"""Round spans of which the playhead goes one at a time."""
MOST_STEPS = 1500


class Ids(StrEnum):
    """Ids of this panel."""

    CHART = "time-chart"
    AGES = "data-ages"


def layout(look: Look) -> Component:
    """Return the panel as it stands before the first answer."""
    return dash_html.Footer(
        [shell.place(Ids.CHART, "time-chart"), shell.place(Ids.AGES, "ages")],
        className="time-bar",
        **shell.dashed(aria_label=look.say("time-bar")),
    )


def chart(look: Look) -> list[Any]:
    """Return the histogram with its axis and the channel groups that colour it."""
    span = shown_span(look)
    starts, counts = histogram.reported_by_channel(look.store, look.scope, look.region.code, span)
    groups = _by_group(counts)
    total = sum(int(series.sum()) for series in groups.values())
    words = channel_groups()
    key = [
        html.Span(
            [
                html.I(style={"background": SERIES[look.view.theme][index % 6]}),
                words[group].label(look.language),
                html.B(f"{int(series.sum()):,}"),
            ]
        )
        for index, (group, series) in enumerate(groups.items())
    ]
    return [
        html.Div(
            [
                html.H3([look.say("reported"), html.Small(look.say(f"window-{look.view.window}"))]),
                html.Span(f"{total:,}", className="digits"),
                html.Div(key, className="series"),
            ],
            className="head",
        ),
        html.Div(
            [
                bars(look, list(groups.values()), _edges(starts, span)),
                html.Div(_axis(look, starts, span), className="axis"),
            ],
            className="plot",
        ),
    ]


def shown_span(look: Look) -> Window:
    """Return the window up to the present; up to the moment looked back to where that is before."""
    upto_now = windows.window(look.view.window, look.now, look.city.zone)
    return upto_now if upto_now.start < look.at else look.window


def _edges(starts: Sequence[datetime], span: Window) -> list[datetime]:
    """Return the moments between the bars: all are drawn of one width."""
    if len(starts) < 2:
        return [*starts, span.end]
    return [*starts, starts[-1] + (starts[-1] - starts[-2])]


def _by_group(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Add channels up to the groups the founding document speaks of, in its order."""
    length = len(next(iter(counts.values()), np.zeros(1)))
    groups: dict[str, Any] = {key: np.zeros(length, int) for key in channel_groups()}
    for key, channel in channels().items():
        groups[channel.group.key] = groups[channel.group.key] + counts.get(key, 0)
    return groups


def bars(look: Look, stack: list[Any], edges: Sequence[datetime]) -> Any:
    """Draw stacked bars, one per bucket; heights share one scale. The playhead moves over them."""
    totals = np.sum(stack, axis=0)
    most = max(int(totals.max(initial=0)), 1)
    step = WIDTH / len(totals)
    width = max(step - max(step * 0.18, 1.0), 0.6)
    rects: list[str] = []
    floor = np.zeros(len(totals))
    for index, series in enumerate(stack):
        color = SERIES[look.view.theme][index % 6]
        path = "".join(
            f"M{place * step:.1f} {HEIGHT - (low + n) / most * HEIGHT:.1f}h{width:.1f}"
            f"v{n / most * HEIGHT:.1f}h-{width:.1f}z"
            for place, (n, low) in enumerate(zip(series, floor, strict=True))
            if n
        )
        rects.append(f'<path d="{path}" fill="{color}"/>')
        floor = floor + series
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'preserveAspectRatio="none">{"".join(rects)}</svg>'
    )
    return html.Div(
        [
            html.Img(src=data_uri(svg), alt=look.say("time-bar")),
            html.Span(f"{most:,}", className="most"),
            *_playhead(look, edges),
        ],
        className="bars",
    )


def _playhead(look: Look, edges: Sequence[datetime]) -> Iterator[Any]:
    """Return the handle by which one looks back, and a veil over what was still to come."""
    left = {"left": f"{_place(edges, look.at):.3%}"}
    yield html.Span(className="later", style=left)
    step = next((s for s in STEPS if (edges[-1] - edges[0]) / s <= MOST_STEPS), STEPS[-1])
    yield html.Span(
        html.I(),
        className="playhead",
        style=left,
        tabindex="0",
        role="slider",
        title=look.say("playhead"),
        **shell.dashed(
            aria_label=look.say("playhead"),
            aria_valuetext=f"{look.local(look.at):%Y-%m-%d %H:%M}",
            data_edges=",".join(str(millis(edge)) for edge in edges),
            data_at=str(millis(look.at)),
            data_now=str(millis(look.now)),
            data_step=str(round(step.total_seconds() * 1000)),
            data_zone=look.city.timezone,
        ),
    )


def _place(edges: Sequence[datetime], at: datetime) -> float:
    """Return where a moment lies on bars of one width, 0–1."""
    times = [millis(edge) for edge in edges]
    return float(np.interp(millis(at), times, np.linspace(0, 1, len(times))))


def _axis(look: Look, starts: list[datetime], span: Window) -> list[Any]:
    """Return about seven ticks at round hours, days or months."""
    every = max(len(starts) // 7, 1)
    hourly = len(starts) > 1 and starts[1] - starts[0] < timedelta(hours=23)
    style = "%H:%M" if hourly else "%m-%d"
    ticks = [
        html.Span(
            f"{look.local(start):{style}}", style={"left": f"{index / len(starts) * 100:.2f}%"}
        )
        for index, start in enumerate(starts)
        if index % every == 0 and index < 0.9 * len(starts)
    ]
    ends = look.say("now") if span.end == look.now else f"{look.local(span.end):%m-%d %H:%M}"
    return [*ticks, html.Span(ends, className="now")]


def ages(look: Look) -> list[Any]:
    """Return how old the data of each live layer is, and what opens the sources of it."""
    return [*layer_ages(look), source_panel.link(look)]


def layer_ages(look: Look) -> list[Any]:
    """Return a badge per live layer: how old its data is, and whether that is late."""
    badges: list[Any] = []
    for layer, (data_at, period_s) in queries.ages(look.store, look.scope, look.at).items():
        state = lateness(look.at, data_at, period_s)
        text = write_span(look, look.at - data_at) if data_at else "—"
        badges.append(
            html.Span(
                [
                    html.Span(className=f"mark age age-{state}"),
                    look.say(f"layer-{layer}"),
                    html.B(text),
                    html.Em(look.say(f"age-{state}")) if state != "fresh" else "",
                ],
                className=f"badge {state}",
            )
        )
    return badges


SHEETS = (shell.Sheet(Ids.CHART, chart, shell.CASES), shell.Sheet(Ids.AGES, ages, shell.LIVE))
