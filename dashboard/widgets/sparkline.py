"""A line of a few values beside a number.

Drawn as a CSS mask, so that it takes the colour of the text around it in either theme and
costs one element of the page instead of a chart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from dashboard.widgets.markup import html

WIDTH_PX, HEIGHT_PX = 64, 20


def sparkline(values: Sequence[float | None]) -> Any:
    """Draw ``values`` from left to right; a missing value is a gap, not a zero.

    Parameters
    ----------
    values : sequence of float or None
        Any number of them; with fewer than two known ones nothing is drawn.
    """
    runs = list(_runs(values))
    if sum(len(run) for run in runs) < 2:
        return html.Span(className="spark")
    points = [y for run in runs for _, y in run]
    low, high = min(points), max(points)
    paths = " ".join(_path(run, low, high, len(values)) for run in runs)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" '
        f'preserveAspectRatio="none"><path d="{paths}" fill="none" stroke="#000" '
        'stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
    return html.Span(className="spark drawn", style={"--line": f'url("{data_uri(svg)}")'})


def data_uri(svg: str) -> str:
    """Return an SVG document as an address that needs no request."""
    return f"data:image/svg+xml,{quote(svg, safe=' =:/,')}"


def _runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    run: list[tuple[int, float]] = []
    for index, value in enumerate(values):
        if value is None:
            if run:
                yield run
            run = []
        else:
            run.append((index, value))
    if run:
        yield run


def _path(run: list[tuple[int, float]], low: float, high: float, count: int) -> str:
    span = (high - low) or 1.0
    step = (WIDTH_PX - 4) / max(count - 1, 1)
    spots = [
        (2 + index * step, HEIGHT_PX - 3 - (value - low) / span * (HEIGHT_PX - 6))
        for index, value in run
    ]
    if len(spots) == 1:
        spots.append((spots[0][0] + 1, spots[0][1]))
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
