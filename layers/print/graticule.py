"""Meridians and parallels round the frame, so that a place can be read off and told by radio."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from layers.print.drawing import Box, Item, Path, Rings, Stroke, Text
from layers.print.map_frame import MapFrame

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 36000)
"""Seconds of arc between lines."""
_APART = 20.0
"""Lines are about so many heights of the type apart, or more."""
_SAMPLES = 65


@dataclass(frozen=True, slots=True)
class Tick:
    """A meridian or parallel where it meets the frame.

    ``side`` is ``top``, ``bottom``, ``left`` or ``right``, ``along`` millimetres on the page.
    """

    side: str
    along: float
    degrees: float

    @property
    def label(self) -> str:
        """How it is written: ``121°12′`` or ``121°12′30″``."""
        return write_degrees(self.degrees)


def write_degrees(degrees: float) -> str:
    """Write an angle in degrees, minutes and, where there are any, seconds."""
    seconds = round(abs(degrees) * 3600)
    whole, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    sign = "−" if degrees < 0 else ""
    tail = f"{seconds:02d}″" if seconds else ""
    return f"{sign}{whole}°{minutes:02d}′{tail}"


def step_deg(frame: MapFrame, type_mm: float) -> float:
    """Return how far lines are apart: the finest step that leaves room for their labels."""
    west, south, east, north = frame.degrees
    share = min((east - west) / frame.box.width, (north - south) / frame.box.height)
    wanted_s = share * _APART * type_mm * 3600
    return next((step for step in _STEPS_S if step >= wanted_s), _STEPS_S[-1]) / 3600


def ticks(frame: MapFrame, step: float) -> list[Tick]:
    """Return where meridians and parallels meet the frame."""
    box = frame.box
    found = []
    along = np.linspace(0, 1, _SAMPLES)
    for side in ("top", "bottom", "left", "right"):
        level = side in ("top", "bottom")
        x = box.x + box.width * (along if level else float(side == "right"))
        y = box.y + box.height * (along if not level else float(side == "bottom"))
        x, y = np.broadcast_arrays(x, y)
        east, north = frame.affine.ground(x, y)  # type: ignore[arg-type]
        degrees = frame.transformer.transform(east, north, direction="INVERSE")[0 if level else 1]
        order = np.argsort(degrees)
        values = _between(float(degrees.min()), float(degrees.max()), step)
        places = np.interp(values, degrees[order], (x if level else y)[order])
        found += [Tick(side, float(at), value) for at, value in zip(places, values, strict=True)]
    return found


def _between(low: float, high: float, step: float) -> list[float]:
    return [number * step for number in range(ceil(low / step - 1e-9), floor(high / step) + 1)]


def graticule(frame: MapFrame, outer: Box, type_mm: float, ink: str, soft: str) -> list[Item]:
    """Return ticks and labels between the neatlines, and small crosses on the map.

    Parameters
    ----------
    frame : MapFrame
        Its box is the inner neatline.
    outer : Box
        The outer neatline.
    type_mm : float
        Height of the body text.
    ink, soft : str
        Colours of the writing and of the crosses.
    """
    step = step_deg(frame, type_mm)
    known = ticks(frame, step)
    band = frame.box.x - outer.x
    lines = [_tick_line(tick, frame.box, band) for tick in known]
    return [
        Path(
            Rings.of(_crosses(frame, step, 0.7 * type_mm), closed=False), stroke=Stroke(soft, 0.1)
        ),
        Path(Rings.of(lines, closed=False), stroke=Stroke(ink, 0.12)),
        *_labels(known, frame.box, band, 0.78 * type_mm, ink),
    ]


def _tick_line(tick: Tick, box: Box, band: float) -> list[tuple[float, float]]:
    at = tick.along
    return {
        "top": [(at, box.y), (at, box.y - band)],
        "bottom": [(at, box.bottom), (at, box.bottom + band)],
        "left": [(box.x, at), (box.x - band, at)],
        "right": [(box.right, at), (box.right + band, at)],
    }[tick.side]


def _labels(known: list[Tick], box: Box, band: float, size: float, ink: str) -> Iterator[Text]:
    gap, middle = 0.35 * size, band / 2
    room = 5.2 * size
    for tick in known:
        text = tick.label
        if tick.side in ("top", "bottom"):
            y = box.y - middle if tick.side == "top" else box.bottom + middle
            if tick.along + room < box.right:
                yield Text(text, tick.along + gap, y + 0.36 * size, size, ink)
        elif tick.along - room > box.y:
            x = box.x - middle if tick.side == "left" else box.right + middle
            yield Text(text, x + 0.36 * size, tick.along - gap, size, ink, angle_deg=90)


def _crosses(frame: MapFrame, step: float, arm: float) -> Iterator[list[tuple[float, float]]]:
    west, south, east, north = frame.degrees
    places = [
        (lon, lat) for lon in _between(west, east, step) for lat in _between(south, north, step)
    ]
    if not places:
        return
    turn = np.radians(frame.convergence_deg())
    for x, y in frame.page(places).tolist():
        if frame.box.inset(2 * arm).holds(Box(x, y, 0, 0)):
            # True north lies west of the sheet's upright by the convergence.
            up, aside = arm * float(np.cos(turn)), arm * float(np.sin(turn))
            yield [(x - up, y + aside), (x + up, y - aside)]
            yield [(x - aside, y - up), (x + aside, y + up)]
