"""The colours of the product and the one scale that colours a map and writes its legend.

``TOKENS`` is the only place where a colour is spelt: the style sheet of the pages, the deck.gl
layers and the pictures drawn in the browser all come from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from geo_data.words import DEFAULT_LANGUAGE, Words

WORDS = Words.load(Path(__file__).with_name("words.toml"))

Hue = Literal["teal", "violet"]
Rgb = tuple[int, int, int]
MISSING = -1
"""Class of a region nobody has a value for: not the class of zero."""

TOKENS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "dark": MappingProxyType(
            {
                "ground": "#0b1a2e",
                "land": "#12263f",
                "panel": "#0f2138",
                "hairline": "#24405f",
                "border": "#6f8fae",
                "ink": "#e8f0f7",
                "ink-2": "#9fb4c8",
                "accent": "#3cc8b4",
                "on-accent": "#06231f",
                "warning-1": "#e5484d",
                "warning-2": "#f2803a",
                "warning-3": "#f0c040",
                "warning-4": "#4a8fe7",
                "ok": "#5fae8b",
                "offline": "#64788c",
                "building": "#38567a",
                "park": "#7c8bb8",
                "village": "#8fa6bd",
                "water": "#0b1a2e",
                "shore": "#24405f",
                "footprint": "#38567a",
                "spot": "#b7a3f0",
            }
        ),
        "light": MappingProxyType(
            {
                "ground": "#f7f5f0",
                "land": "#fffdf9",
                "panel": "#fdfbf7",
                "hairline": "#d8d1c3",
                "border": "#7d7768",
                "ink": "#1c2b3a",
                "ink-2": "#526373",
                "accent": "#0b7a6d",
                "on-accent": "#ffffff",
                "warning-1": "#c4262c",
                "warning-2": "#bd5410",
                "warning-3": "#8f6c00",
                "warning-4": "#2464b8",
                "ok": "#2c7a58",
                "offline": "#6a7885",
                "building": "#cfc7b6",
                "park": "#66749f",
                "village": "#6d7a86",
                "water": "#dbe7ea",
                "shore": "#a9c3cb",
                "footprint": "#8f8878",
                "spot": "#6b4fb3",
            }
        ),
    }
)
"""Theme -> name -> ``#rrggbb``."""

TEXT = ("ink", "ink-2", "accent")
"""Tokens that words are written in: at least 4.5:1 on every ground."""
MARKS = (
    "border",
    "warning-1",
    "warning-2",
    "warning-3",
    "warning-4",
    "ok",
    "offline",
    "park",
    "spot",
)
"""Tokens that signs are drawn in: at least 3:1."""
GROUNDS = ("ground", "land", "panel")

# Lowest and highest class of each hue; the steps between are even in lightness, which is what a
# colour-blind eye reads them by. The lowest stays near the land so that a quiet city is quiet.
_RAMPS: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("dark", "teal"): ("#142f49", "#1b5365", "#328f88"),
    ("dark", "violet"): ("#1f2d49", "#483f74", "#7c6cab"),
    ("light", "teal"): ("#eef3ee", "#b4d8cf", "#4d988e"),
    ("light", "violet"): ("#f2eff2", "#cfc5e0", "#8373b3"),
}
_INKS = ("#ffffff", "#000000")
_MISSING: Mapping[str, str] = {"dark": "#1a2433", "light": "#eae6dd"}


def rgb(color: str) -> Rgb:
    """Return ``#rrggbb`` as three numbers from 0 to 255."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def ink_on(color: str) -> str:
    """Return what to write with on ``#rrggbb``: white or black, whichever is easier to read."""
    return _INKS[_luminance(color) > 0.1791]


def _luminance(color: str) -> float:
    """Relative luminance as WCAG 2 defines it, 0 to 1."""
    parts = [part / 255 for part in rgb(color)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgba(color: str, opacity: float = 1.0) -> list[int]:
    """Return ``#rrggbb`` with an opacity from 0 to 1 as deck.gl takes it."""
    return [*rgb(color), round(255 * opacity)]


def blend(color: str, ground: str, opacity: float) -> str:
    """Return the colour one sees where ``color`` lies on ``ground`` with an opacity from 0 to 1."""
    parts = zip(rgb(color), rgb(ground), strict=True)
    return "#" + "".join(f"{round(a * opacity + b * (1 - opacity)):02x}" for a, b in parts)


@dataclass(frozen=True, slots=True)
class Scale:
    """How values become colours.

    Parameters
    ----------
    breaks : tuple of float
        Where a class ends and the next begins, rising; a value on a break is in the upper class.
    colors : tuple of str
        One per class, so one more than breaks; none where there is no value at all.
    missing : str
        Colour of a region without a value.
    lowest : float or None
        The least value where all are whole numbers: classes are then written by what is in them.
    """

    breaks: tuple[float, ...]
    colors: tuple[str, ...]
    missing: str
    lowest: float | None = None


@dataclass(frozen=True, slots=True)
class LegendRow:
    """One line of a legend; ``count`` is ``None`` where counting makes no sense."""

    color: str
    label: str
    count: int | None
    shape: str = "area"


def scale(
    values: Iterable[float | None], hue: Hue = "teal", theme: str = "dark", classes: int = 6
) -> Scale:
    """Return the scale that shares values out evenly over classes with readable breaks.

    Parameters
    ----------
    values : iterable of float or None
        ``None`` and NaN are missing and do not count.
    hue : str
        ``teal``, or ``violet`` where high is bad.
    theme : str
        ``dark`` or ``light``.
    classes : int
        At most so many, 5 to 7 is legible; fewer where there are fewer different values.
    """
    known = _numbers(values)
    known = known[~np.isnan(known)]
    breaks = _nice_breaks(known, classes) if known.size else ()
    whole = bool(known.size and (known == np.round(known)).all())
    if whole:
        # No whole number lies between a break and the next whole one.
        breaks = tuple(sorted({float(np.ceil(edge)) for edge in breaks}))
    count = len(breaks) + 1 if known.size else 0
    lowest = float(known.min()) if whole else None
    return Scale(breaks, _ramp(theme, hue, count), _MISSING[theme], lowest)


def class_of(by: Scale, values: Iterable[float | None]) -> npt.NDArray[np.int8]:
    """Return the class of each value, 0 the lowest; ``MISSING`` where there is none."""
    numbers = _numbers(values)
    classes = np.searchsorted(np.array(by.breaks), numbers, side="right").astype(np.int8)
    classes[np.isnan(numbers)] = MISSING
    return classes


def legend(
    by: Scale, values: Iterable[float | None], language: str = DEFAULT_LANGUAGE
) -> list[LegendRow]:
    """Return a line per class, highest first, and one for missing values if there are any.

    The counts add up to the number of values.
    """
    classes = class_of(by, values)
    counts = np.bincount(classes + 1, minlength=len(by.colors) + 1)
    rows = [
        LegendRow(color, label, int(count))
        for color, label, count in zip(
            by.colors, _class_labels(by, language), counts[1:], strict=True
        )
    ][::-1]
    if counts[0]:
        rows.append(LegendRow(by.missing, WORDS("no-value", language), int(counts[0])))
    return rows


def _numbers(values: Iterable[float | None]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _nice_breaks(known: npt.NDArray[np.float64], classes: int) -> tuple[float, ...]:
    """Quantiles; where most stand at the lowest value, that is a class and the rest share on."""
    rest = known[known > known.min()]
    if 0 < rest.size < known.size / 2:
        return (float(rest.min()), *_quantile_breaks(rest, classes - 1))
    return _quantile_breaks(known, classes)


def _quantile_breaks(known: npt.NDArray[np.float64], classes: int) -> tuple[float, ...]:
    """Quantiles rounded to as few digits as keep them apart; empty classes are left out."""
    different = np.unique(known)
    count = min(classes, different.size)
    if count < 2:
        return ()
    wanted = np.quantile(known, np.arange(1, count) / count)
    spread = float(different[-1] - different[0])
    step = 10.0 ** np.floor(np.log10(spread / count / 2))
    rounded = np.unique(np.round(np.round(wanted / step) * step, 12))
    inner = rounded[(rounded > different[0]) & (rounded <= different[-1])]
    if not inner.size:
        inner = np.array([different[1]])
    ends = np.append(inner, np.inf)
    starts = np.insert(inner, 0, -np.inf)
    filled = [
        bool(((known >= low) & (known < high)).any())
        for low, high in zip(starts, ends, strict=True)
    ]
    return tuple(float(edge) for edge, full in zip(inner, filled[1:], strict=True) if full)


def _ramp(theme: str, hue: Hue, count: int) -> tuple[str, ...]:
    low, middle, high = (np.array(rgb(color), dtype=float) for color in _RAMPS[theme, hue])
    positions = np.linspace(0, 1, count) if count > 1 else np.zeros(count)
    colors = [
        low + (middle - low) * 2 * at if at <= 0.5 else middle + (high - middle) * (2 * at - 1)
        for at in positions
    ]
    return tuple("#" + "".join(f"{round(part):02x}" for part in color) for color in colors)


def _class_labels(by: Scale, language: str) -> list[str]:
    if not by.colors:
        return []
    edges = [write_edge(edge) for edge in by.breaks]
    if not edges:
        return [WORDS("all-alike", language)]
    if by.lowest is not None and all(edge.is_integer() for edge in by.breaks):
        inside = [_run(low, high - 1) for low, high in pairwise((by.lowest, *by.breaks))]
        return [*inside, f"≥ {edges[-1]}"]
    inner = [f"{low} – {high}" for low, high in pairwise(edges)]
    return [f"< {edges[0]}", *inner, f"≥ {edges[-1]}"]


def _run(low: float, high: float) -> str:
    return write_edge(low) if low == high else f"{write_edge(low)} – {write_edge(high)}"


def write_edge(edge: float) -> str:
    """Write a break without digits that say nothing: ``1200``, ``0.35``."""
    return f"{edge:.10g}"
