"""The closed loop as a funnel: how many came to each stage, and how long each step took."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from dashboard.context import Look
from dashboard.widgets.marks import stage_word
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import NONE
from geo_data.queries import StageCount, StageFunnel, StageSpan

HOUR = timedelta(hours=1)


def funnel_chart(look: Look, funnel: StageFunnel) -> Any:
    """Draw a funnel with a step between any two stages; below it the whole way."""
    parts: list[Any] = []
    for number, stage in enumerate(funnel.stages):
        parts.append(_stage(look, stage, funnel.n))
        if number < len(funnel.stages) - 1:
            parts.append(_step(look, funnel.spans[number]))
    whole = funnel.spans[len(funnel.stages) - 1 :]
    ends = [_whole(look, span) for span in whole]
    if funnel.dropped:
        said = look.say("funnel-dropped", n=f"{funnel.dropped:,}")
        parts.append(html.P(said, className="dropped"))
    return html.Div([*parts, html.Div(ends, className="wholes")], className="funnel")


def write_duration(look: Look, span: timedelta | None, is_working: bool) -> str:
    """Write how long something took: minutes, hours, or days where they are days of the calendar.

    Examples
    --------
    19 分钟 · 3.1 小时 · 17.5 工作时 · 4.2 天
    """
    if span is None:
        return NONE
    if span < HOUR:
        key = "took-working-minutes" if is_working else "took-minutes"
        return look.say(key, n=round(span / timedelta(minutes=1)))
    if is_working:
        return look.say("clock-amount-working_hours", n=_short(span / HOUR))
    if span < 48 * HOUR:
        return look.say("clock-amount-hours", n=_short(span / HOUR))
    return look.say("took-days", n=_short(span / timedelta(days=1)))


def funnel_rule(look: Look, funnel: StageFunnel) -> Iterator[str]:
    """Say by which clock it is measured, and what it leaves out."""
    handling = funnel.spans[-2]
    if handling.n_on_hours:
        rest = handling.n - handling.n_on_hours
        yield look.say("funnel-clock", n=f"{handling.n_on_hours:,}", rest=f"{rest:,}")
    else:
        yield look.say("funnel-clock-plain")
    if funnel.since is not None:
        yield look.say("funnel-since", at=f"{look.local(funnel.since):%Y-%m-%d %H:%M}")


def _short(n: float) -> str:
    return f"{n:,.1f}".removesuffix(".0")


def _stage(look: Look, stage: StageCount, n: int) -> Any:
    share = stage.reached / n if n else 0.0
    waiting = look.say("funnel-open", n=f"{stage.open:,}") if stage.open else ""
    cells = [
        html.Span(stage_word(look, stage.stage), className="name"),
        html.Span(html.I(style={"width": f"{share:.2%}"}), className="track"),
        html.Span(f"{stage.reached:,}", className="digits"),
        html.Span(f"{share:.0%}" if n else NONE, className="percent"),
        html.Span(waiting, className="open"),
    ]
    return html.Div(cells, className="funnel-stage")


def _times(look: Look, span: StageSpan) -> list[Any]:
    is_working = bool(span.n) and span.n_on_hours == span.n
    median = write_duration(look, span.median, is_working)
    p90 = write_duration(look, span.p90, is_working)
    return [
        html.Span([look.say("took-median"), html.B(median)]),
        html.Span([look.say("took-p90"), html.B(p90)]),
        html.Span(look.say("took-n", n=f"{span.n:,}"), className="n"),
    ]


def _step(look: Look, span: StageSpan) -> Any:
    inside: Any = _times(look, span) if span.n else html.Span(look.say("took-nobody"))
    return html.Div([html.Span("↓"), html.Div(inside, className="took")], className="funnel-step")


def _whole(look: Look, span: StageSpan) -> Any:
    head = f"{stage_word(look, span.start)} → {stage_word(look, span.end)}"
    inside: Any = _times(look, span) if span.n else html.Span(look.say("took-nobody"))
    return html.Div([html.Span(head, className="name"), html.Div(inside, className="took")])
