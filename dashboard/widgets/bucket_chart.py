"""A history in a few steps, drawn on the server: a bar for each count, a point for each rate."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from dashboard.context import Look
from indicators.periods import Period
from indicators.thresholds import COLOURS, Threshold
from indicators.writing import write_number

WIDTH, HEIGHT = 880.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 12.0, 14.0, 26.0
MOST_LABELS = 9


def bucket_chart(
    look: Look,
    period: Period,
    values: Sequence[float | None],
    *,
    bars: bool,
    threshold: Threshold | None = None,
) -> Markup:
    """Draw the values of a period's buckets, oldest on the left; a missing one is a gap.

    Parameters
    ----------
    look : Look
        Whose clock.
    period : Period
        What the values are of.
    values : sequence of float or None
        One for each of its buckets.
    bars : bool
        Counts stand on zero; rates and readings hang where they are.
    threshold : Threshold, optional
        Its limits are drawn where they lie within what is drawn.
    """
    known = [value for value in values if value is not None]
    low, high = _reach(known, bars)
    spots = _spots(len(values))

    def y_of(value: float) -> float:
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [_grid(low, high, y_of(low), y_of(high))]
    if bars:
        width = max((WIDTH - LEFT - RIGHT) / max(len(values), 1) * 0.7, 2.0)
        parts += [
            f'<rect class="bar" x="{x - width / 2:.1f}" y="{y_of(max(value, 0.0)):.1f}" '
            f'width="{width:.1f}" height="{max(abs(y_of(0.0) - y_of(value)), 0.5):.1f}"/>'
            for x, value in zip(spots, values, strict=True)
            if value is not None
        ]
    else:
        parts.append(_line([(x, y_of(v)) for x, v in _pairs(spots, values)], spots, values))
    within = [one for one in _limits(threshold) if low <= one[0] <= high]
    parts += [_limit_line(value, level, y_of(value)) for value, level in within]
    parts += _days(look, period, spots)
    said = ", ".join(write_number(value) for value in values)
    return Markup(
        f'<svg class="buckets" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{escape(said)}">{"".join(parts)}</svg>'
    )


def _reach(known: Sequence[float], bars: bool) -> tuple[float, float]:
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if bars:
        return min(low, 0.0), max(high, 1.0) * 1.05
    room = (high - low or abs(high) or 1.0) * 0.12
    return low - room, high + room


def _spots(n: int) -> list[float]:
    step = (WIDTH - LEFT - RIGHT) / max(n, 1)
    return [LEFT + (number + 0.5) * step for number in range(n)]


def _pairs(spots: Sequence[float], values: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(x, value) for x, value in zip(spots, values, strict=True) if value is not None]


def _line(
    points: Sequence[tuple[float, float]],
    spots: Sequence[float],
    values: Sequence[float | None],
) -> str:
    """Return a line through the points that follow each other, and a dot at each."""
    at = dict(points)
    path, pen = [], "M"
    for x, value in zip(spots, values, strict=True):
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{x:.1f} {at[x]:.1f}")
        pen = "L"
    dots = [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' for x, y in points]
    return f'<path class="line" d="{"".join(path)}"/>{"".join(dots)}'


def _grid(low: float, high: float, bottom: float, top: float) -> str:
    lines = []
    for share in (0.0, 0.5, 1.0):
        y = bottom + (top - bottom) * share
        value = low + (high - low) * share
        lines.append(
            f'<line class="grid" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="scale" x="{LEFT - 6:g}" y="{y + 4:.1f}">{write_number(value)}</text>'
        )
    return "".join(lines)


def _limits(threshold: Threshold | None) -> list[tuple[float, int]]:
    """Return the limits of a threshold with their warning level, 1 the gravest."""
    return [
        (value, len(COLOURS) - COLOURS.index(colour))
        for colour, limit in (threshold.steps if threshold else ())
        for value in (limit if isinstance(limit, tuple) else (limit,))
    ]


def _limit_line(value: float, level: int, y: float) -> str:
    return (
        f'<line class="limit level-{level}" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" '
        f'y1="{y:.1f}" y2="{y:.1f}"/><text class="limit-text" x="{WIDTH - RIGHT:g}" '
        f'y="{y - 4:.1f}">{write_number(value)}</text>'
    )


def _days(look: Look, period: Period, spots: Sequence[float]) -> list[str]:
    starts = [look.local(span.start) for span in period.buckets]
    shape = "%H:%M" if period.by_hour else "%m-%d"
    if (period.window.end - period.window.start).days > 300:
        shape = "%Y-%m"
    step = -(-len(starts) // MOST_LABELS)
    return [
        # On a narrow screen there is room for every second one.
        f'<text class="day{" spare" * (number // step % 2)}" x="{x:.1f}" '
        f'y="{HEIGHT - 8:g}">{start:{shape}}</text>'
        for number, (x, start) in enumerate(zip(spots, starts, strict=True))
        if number % step == 0
    ]
