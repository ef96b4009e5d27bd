"""A sensor's past as a figure: the band of what it said, its mean, its thresholds, its gaps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import plotly.graph_objects as go

from dashboard.context import Look
from geo_data.dictionaries import SensorKind, sensor_kind
from geo_data.queries import History
from geo_data.records import Sensor, Window
from layers.style import TOKENS, rgba

SILENT = 3
"""A sensor that says nothing for so many times its usual distance leaves a gap."""


def figure(look: Look, sensor: Sensor, span: Window, history: History) -> go.Figure:
    """Draw a history on the city's clock.

    Parameters
    ----------
    look : Look
        Whose language, light and clock.
    sensor : Sensor
        Its unit and the thresholds of its kind.
    span : Window
        The whole of it is the axis, whether or not anything was said.
    history : History
        At least one entry.
    """
    tokens = TOKENS[look.view.theme]
    moments = _local(look, history)
    drawn = go.Figure()
    for run in runs(history, sensor.period_s):
        _draw(drawn, look, sensor, moments[run], history, run)
    low, high = _draw_thresholds(drawn, look, sensor_kind(sensor.kind), history)
    room = (high - low or abs(high) or 1.0) * 0.14
    drawn.update_layout(
        template=None,
        height=170,
        margin={"l": 48, "r": 8, "t": 20, "b": 24},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": tokens["ink-2"], "size": 12, "family": "inherit"},
        xaxis={
            "showgrid": False,
            "linecolor": tokens["hairline"],
            "range": [f"{look.local(edge):%Y-%m-%d %H:%M:%S}" for edge in (span.start, span.end)],
            "tickformat": "%H:%M" if span.length <= timedelta(hours=49) else "%m-%d",
            "nticks": 7,
        },
        yaxis={
            "gridcolor": tokens["hairline"],
            "zeroline": False,
            "nticks": 4,
            "range": [low - room, high + room],
        },
        showlegend=False,
    )
    drawn.add_annotation(
        text=sensor.unit,
        x=0,
        xref="paper",
        y=1,
        yref="paper",
        xanchor="right",
        yanchor="bottom",
        showarrow=False,
        xshift=-4,
        yshift=4,
    )
    return drawn


def runs(history: History, period_s: float) -> Iterator[slice]:
    """Yield what is drawn in one go: between two of them the sensor was silent.

    Silent is three times as long as it usually is from one entry to the next, or as it should be.
    """
    apart = np.diff(history.starts).astype(np.int64)
    usual_ms = float(np.median(apart)) if len(apart) else 0.0
    ends = np.flatnonzero(apart > SILENT * max(usual_ms, period_s * 1000)) + 1
    for start, end in zip([0, *ends.tolist()], [*ends.tolist(), len(history)], strict=True):
        yield slice(start, end)


def _local(look: Look, history: History) -> list[str]:
    """Return where the entries are drawn, on the city's clock: buckets at their middle."""
    half = np.timedelta64(int((history.bucket_s or 0) * 500), "ms")
    moments = (history.starts + half).astype("M8[us]").tolist()
    shift = look.local(look.at).utcoffset() or timedelta()
    return [f"{moment + shift:%Y-%m-%d %H:%M:%S}" for moment in moments]


def _draw(
    drawn: go.Figure, look: Look, sensor: Sensor, moments: list[str], history: History, run: slice
) -> None:
    accent = TOKENS[look.view.theme]["accent"]
    low, mean, high = history.low[run], history.mean[run], history.high[run]
    if history.bucket_s is not None and len(moments) > 1:
        red, green, blue, _ = rgba(accent)
        drawn.add_scatter(
            x=[*moments, *moments[::-1]],
            y=[*low.tolist(), *high[::-1].tolist()],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=f"rgba({red},{green},{blue},0.22)",
            hoverinfo="skip",
        )
    many = look.say("history-hover") if history.bucket_s is not None else ""
    drawn.add_scatter(
        x=moments,
        y=mean.tolist(),
        customdata=np.column_stack([low, high]).tolist(),
        mode="lines" if len(moments) > 1 else "markers",
        line={"color": accent, "width": 1.5},
        marker={"color": accent, "size": 4},
        hovertemplate=f"%{{x|%m-%d %H:%M}}  %{{y:.3~g}} {sensor.unit}{many}<extra></extra>",
    )


def _draw_thresholds(
    drawn: go.Figure, look: Look, kind: SensorKind, history: History
) -> tuple[float, float]:
    """Draw those that are near what was said; return least and greatest of all that is drawn."""
    low, high = float(history.low.min()), float(history.high.max())
    both = kind.warning and kind.alarm and [kind.warning, kind.alarm]
    lower = min(both, key=lambda one: one.value) if both else None
    reach = max(high - low, abs(high) * 0.05)
    for threshold, token, word in (
        (kind.warning, "warning-3", "state-warning"),
        (kind.alarm, "warning-1", "state-alarm"),
    ):
        if threshold is None or not low - reach <= threshold.value <= high + reach:
            continue
        color = TOKENS[look.view.theme][token]
        drawn.add_hline(
            y=threshold.value,
            line={"color": color, "width": 1, "dash": "dash"},
            annotation={
                "text": f"{look.say(word)} {threshold.when} {threshold.value:g}",
                "font": {"size": 11},
            },
            # Two lines lie close together: the upper one is labelled above, the lower below.
            annotation_position="bottom left" if threshold is lower else "top left",
        )
        low, high = min(low, threshold.value), max(high, threshold.value)
    return low, high
