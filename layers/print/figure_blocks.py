"""Figures beside the map: the vital signs of the region as a table, its parts as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indicators import catalog, engine
from indicators.engine import IndicatorValue
from indicators.wording import status_word
from indicators.writing import NONE, write_change, write_number
from layers.print import signs
from layers.print.atlas_index import Index
from layers.print.blocks import INK, SMALL, Block, Sheaf, on_line
from layers.print.contents import Contents, window_words
from layers.print.drawing import Box, Path, Rings, Stroke, Text
from layers.print.typesetting import fitted
from layers.shading import shading_scale
from layers.style import WORDS

ROW = 1.55
NARROW = 26.0
"""A table narrower than so many heights of the type has fewer columns."""
LEAST_ROWS = 4
MOST_ROWS = 18
_STATUS_COLORS = {
    "red": "warning-1",
    "orange": "warning-2",
    "yellow": "warning-3",
    "blue": "warning-4",
}
_GRAVE = ("red", "orange", "yellow", "blue", "normal", "none")


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of the region with its value of the indicator of the sheet."""

    code: str
    name: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What stands beside the map: vital signs of the region, and the regions below it.

    On the first page of an atlas these have the index instead.
    """

    values: Sequence[IndicatorValue]
    bars: Sequence[Bar]
    index: Index | None = None

    @classmethod
    def of(cls, contents: Contents) -> Figures:
        """Read them; they are the same at every scale."""
        return cls(vital_signs(contents), bars(contents))


def vital_signs(contents: Contents) -> list[IndicatorValue]:
    """Return the indicators of the region with a value: the one mapped, then the gravest.

    As on the board of the screen, for the same region, window and time.
    """
    request = contents.request
    found = engine.board(
        contents.store, contents.scope, contents.region.code, request.window, request.at
    )
    known = [one for one in found if one.value is not None]
    return sorted(known, key=lambda one: (one.key != request.indicator, _GRAVE.index(one.status)))


def bars(contents: Contents) -> list[Bar]:
    """Return the regions below the one shown with their values, as the screen ranks them."""
    request, tree = contents.request, contents.tree
    values = engine.children(
        contents.store,
        contents.scope,
        contents.region.code,
        request.indicator,
        request.window,
        request.at,
    )
    better = catalog.of(contents.store.city)[request.indicator].better
    found = [
        Bar(child.code, child.name, values.get(child.code))
        for child in tree.children(contents.region.code)
    ]

    def order(bar: Bar) -> tuple[bool, float, str]:
        value = bar.value or 0.0
        return bar.value is None, value if better == "high" else -value, bar.code

    return sorted(found, key=order)


def table_block(
    contents: Contents, values: Sequence[IndicatorValue], rows: int, width: float, type_mm: float
) -> Block:
    """Return the table of vital signs with at most so many rows; it says how many are left out."""
    language = contents.language
    sheaf = Sheaf("table", width, type_mm)
    window = window_words(contents)
    sheaf.head(WORDS("print-vital-signs", language), window)
    shown = values if len(values) <= rows else values[: max(rows - 1, 0)]
    described = catalog.of(contents.store.city)
    size, small = type_mm, SMALL * type_mm
    right = width
    # A narrow table does without the change.
    is_narrow = width < NARROW * size
    changes, statuses = right - (3.0 if is_narrow else 6.6) * size, right
    for value in shown:
        line = on_line(sheaf.y, ROW * size, size)
        name = described[value.key].name(language)
        unit = described[value.key].unit_in(language)
        number = write_number(value.value)
        word = status_word(value.status)(language) if value.status in _STATUS_COLORS else ""
        said = [
            Text(
                word, statuses, line, small, INK[_STATUS_COLORS.get(value.status, "ink-2")], "end"
            ),
            Text(
                "" if is_narrow else _change(value),
                changes + 1.9 * size,
                line,
                small,
                INK["ink-2"],
                "end",
            ),
            Text(unit, changes - 3.3 * size, line, small, INK["ink-2"]),
            Text(number, changes - 3.7 * size, line, size, INK["ink"], "end"),
        ]
        sheaf.items += [text for text in said if text.text]
        room = changes - 3.7 * size - 4.4 * size
        sheaf.items.append(Text(fitted(name, room, size), 0, line, size, INK["ink"]))
        sheaf.y += ROW * size
        sheaf.rule(0.06, "hairline")
    _more(sheaf, len(values) - len(shown), language)
    return sheaf.block()


def _change(value: IndicatorValue) -> str:
    text = write_change(value.change)
    return "" if text == NONE else text.replace(" ", "")


def _more(sheaf: Sheaf, count: int, language: str) -> None:
    if count <= 0:
        return
    size = SMALL * sheaf.type
    line = on_line(sheaf.y, ROW * sheaf.type, size)
    sheaf.items.append(Text(WORDS("print-more", language, n=count), 0, line, size, INK["ink-2"]))
    sheaf.y += ROW * sheaf.type


def bar_block(
    contents: Contents, found: Sequence[Bar], rows: int, width: float, type_mm: float
) -> Block:
    """Return the bars of the regions below, at most so many; it says how many are left out."""
    language, size = contents.language, type_mm
    sheaf = Sheaf("chart", width, type_mm)
    below = contents.store.city.child_level(contents.region.level)
    level = contents.store.city.level(below).name(language) if below else ""
    indicator = catalog.of(contents.store.city)[contents.request.indicator]
    unit = indicator.unit_in(language)
    aside = f"{indicator.name(language)} · {unit}" if unit else indicator.name(language)
    sheaf.head(WORDS("print-by-level", language, level=level), aside)
    shown = found if len(found) <= rows else found[: max(rows - 1, 0)]
    most = max((abs(bar.value) for bar in found if bar.value is not None), default=0.0) or 1.0
    start, end = min(8.2 * size, 0.42 * width), width - 4.6 * size
    color = _bar_color(contents)
    for bar in shown:
        line = on_line(sheaf.y, ROW * size, size)
        name = fitted(bar.name, start - 0.6 * size, size)
        sheaf.items.append(Text(name, 0, line, size, INK["ink"]))
        sheaf.items.append(Text(write_number(bar.value), width, line, size, INK["ink"], "end"))
        long = (end - start) * abs(bar.value or 0.0) / most
        if long > 0.02:
            box = Box(start, sheaf.y + 0.36 * size, long, 0.86 * size)
            sheaf.items.append(Path(Rings.around(box), fill=color))
        sheaf.y += ROW * size
    axis = Rings.of([[(start, sheaf.y - len(shown) * ROW * size), (start, sheaf.y)]], closed=False)
    sheaf.items.append(Path(axis, stroke=Stroke(INK["border"], 0.12 * size / signs.TYPE_MM)))
    _more(sheaf, len(found) - len(shown), language)
    return sheaf.block()


def _bar_color(contents: Contents) -> str:
    """Return the upper colour of the map's own scale: map and chart are of one family."""
    if contents.shading is not None:
        by = shading_scale(contents.shading, signs.THEME)
        if by.colors:
            return by.colors[-1]
    return INK["accent"]


def spark_block(contents: Contents, value: IndicatorValue, width: float, type_mm: float) -> Block:
    """Return the course of the indicator over the window as columns, where nothing is below."""
    language, size = contents.language, type_mm
    sheaf = Sheaf("chart", width, type_mm)
    name = catalog.of(contents.store.city)[value.key].name(language)
    sheaf.head(name, window_words(contents))
    if not any(value.spark):
        sheaf.lines([WORDS("print-nothing", language)])
        return sheaf.block()
    high = 7.0 * size
    known = [one for one in value.spark if one is not None]
    most = max((abs(one) for one in known), default=0.0) or 1.0
    step = width / max(len(value.spark), 1)
    columns = [
        Box(
            place * step + 0.12 * step,
            sheaf.y + high * (1 - abs(one) / most),
            0.76 * step,
            high * abs(one) / most,
        )
        for place, one in enumerate(value.spark)
        if one
    ]
    if columns:
        sheaf.items.append(Path(Rings.around(*columns), fill=_bar_color(contents)))
    sheaf.y += high
    sheaf.rule(0.12, "border")
    sheaf.lines([WORDS("print-highest", language, n=write_number(max(known, default=None)))])
    return sheaf.block()
