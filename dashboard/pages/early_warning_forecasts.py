"""Forecasts as a table: what is to be expected, between what, and how wrong it was lately."""

from __future__ import annotations

from typing import Any

from dashboard.context import Look
from dashboard.widgets.markup import html
from dashboard.widgets.sparkline import sparkline
from indicators.early_warning import Assessment, Forecast, Prediction


def forecast_table(look: Look, found: Assessment, path: str) -> Any | None:
    """Return the forecasts of the regions in view; ``None`` where there are none."""
    if not found.forecasts:
        return None
    code = look.region.code
    shown = [one for one in found.forecasts if look.tree.contains(code, one.region_code)]
    if not shown:
        above = [one.code for one in look.tree.ancestors(code)]
        shown = [one for one in found.forecasts if one.region_code in above][-1:]
    names = ["", "early-warning-recent", "early-warning-day", "early-warning-week"]
    heads = [html.Span(look.say(name) if name else "") for name in names]
    return html.Section(
        [
            html.H3(look.say("early-warning-forecasts")),
            html.P(look.say("early-warning-forecast-rule"), className="calm"),
            html.Div([*heads, html.Span(look.say("early-warning-record"))], className="told heads"),
            *[_row(look, one, path) for one in shown],
        ],
        className="signs forecasts",
        id="forecasts",
    )


def _row(look: Look, one: Forecast, path: str) -> Any:
    region = look.tree.get(one.region_code)
    name = region.name if region is not None else one.region_code
    return html.Div(
        [
            html.A(name, href=path + look.to_region(one.region_code), className="name"),
            sparkline(one.recent),
            _value(look, one.day),
            _value(look, one.week),
            html.Span(one.reason(look.language), className="record-of"),
        ],
        className="told",
    )


def _value(look: Look, one: Prediction | None) -> Any:
    if one is None:
        return html.Span("—", className="number missing")
    tip = look.say(
        "early-warning-tip",
        method=look.say(f"method-{one.method}"),
        error=f"{one.error:.1f}",
        naive=f"{one.naive_error:.1f}",
        mase=f"{one.scaled_error:.2f}" if one.scaled_error == one.scaled_error else "—",
        coverage=f"{100 * one.coverage:.0f}",
        days=one.days,
    )
    parts = [
        html.Span(f"{one.value:.0f}", className="digits"),
        html.Small(f"{one.low:.0f} – {one.high:.0f}"),
    ]
    if one.is_naive:
        parts.append(html.Em(look.say("method-naive"), className="word"))
    return html.Span(parts, className="number", title=tip)
