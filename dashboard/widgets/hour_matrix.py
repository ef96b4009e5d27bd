"""Hours of the day by days of the week, one hue for how many."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from markupsafe import Markup, escape

from dashboard.context import Look
from layers.style import Hue, class_of, scale

CELL, LEFT, RIGHT, TOP = 26, 56, 90, 26
HOURS, DAYS = 24, 7


def hour_matrix(look: Look, counts: npt.NDArray[Any], hue: Hue = "violet") -> Markup:
    """Draw counts of shape (7, 24), Monday first; the sums of the days stand at their ends."""
    values = [float(n) for n in counts.ravel().tolist()]
    by = scale(values, hue, look.view.theme)
    classes = class_of(by, values).tolist()
    names = look.say("weekday-names").split()
    cells = []
    for number, value in enumerate(values):
        day, hour = divmod(number, HOURS)
        said = f"{names[day]} {hour:02d}:00–{hour + 1:02d}:00 · {value:,.0f}"
        cells.append(
            f'<rect x="{LEFT + hour * CELL}" y="{TOP + day * CELL}" width="{CELL - 2}" '
            f'height="{CELL - 2}" rx="3" fill="{by.colors[classes[number]]}">'
            f"<title>{escape(said)}</title></rect>"
        )
    width, height = LEFT + HOURS * CELL + RIGHT, TOP + DAYS * CELL
    return Markup(
        f'<svg class="hours" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(look.say("hours-of-week"))}">'
        f"{_heads(names)}{''.join(cells)}{_sums(counts)}</svg>"
    )


def _heads(names: list[str]) -> str:
    hours = "".join(
        f'<text class="hour" x="{LEFT + hour * CELL}" y="18">{hour:02d}</text>'
        for hour in range(0, HOURS, 3)
    )
    days = "".join(
        f'<text class="weekday" x="{LEFT - 6}" y="{TOP + day * CELL + 17}">{escape(name)}</text>'
        for day, name in enumerate(names)
    )
    return hours + days


def _sums(counts: npt.NDArray[Any]) -> str:
    x = LEFT + HOURS * CELL + RIGHT - 6
    return "".join(
        f'<text class="sum" x="{x}" y="{TOP + day * CELL + 17}">{n:,}</text>'
        for day, n in enumerate(counts.sum(axis=1).tolist())
    )
