"""The legend 图例: what is drawn and nothing else, with how much of it there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from geo_data.queries.open_cases import MOST
from geo_data.records import FUNCTIONAL, Severity
from indicators.writing import write_number
from layers import legend
from layers.case_wording import filter_words
from layers.legend import LegendGroup, shading_legend
from layers.print import signs
from layers.print.blocks import INK, Block, Sheaf, on_line, sign_at
from layers.print.contents import Contents
from layers.print.drawing import Box as Rectangle
from layers.print.drawing import Item, Path, Rings, Stroke, Text, moved
from layers.print.drawn_points import ENDED
from layers.print.gathering import LEAST, crowd_mm
from layers.print.hatching import MISSING as UNKNOWN
from layers.print.hatching import hatch_of, hatched
from layers.print.plates import AREA_LOOKS, AREA_RIMS, border_rank, border_stroke
from layers.print.typesetting import fitted
from layers.shading import shading_scale
from layers.spec import LayerSpec
from layers.style import WORDS, LegendRow

ROW = 1.62
"""Height of a row, in heights of the type."""
_SWATCH = (3.0, 1.1)
_LABEL_AT = 4.0
NARROW = 26.0
"""Blocks narrower than so many heights of the type have their signs in fewer columns."""


@dataclass(frozen=True, slots=True)
class Count:
    """One line of the legend: which layer, what of it, how many; ``None`` of what lies around."""

    layer: str
    what: str
    count: int | None


def legend_groups(contents: Contents) -> list[LegendGroup]:
    """Return the groups of the legend with their counts, from what is drawn itself."""
    language = contents.language
    groups = []
    if contents.shading is not None:
        groups.append(shading_legend(contents.shading, signs.THEME, language, contents.inside()))
    if "incidents" in contents.points:
        groups.append(_cases(contents))
    if "sensors" in contents.points:
        counts = contents.points["sensors"].counts
        by_state = [counts.get(state, 0) for state in range(len(legend.STATE_LOOKS))]
        groups.append(legend.sensor_legend(by_state, signs.THEME, language))
    return groups


def _cases(contents: Contents) -> LegendGroup:
    counts = contents.points["incidents"].counts
    by_severity = {severity: counts.get(int(severity), 0) for severity in Severity}
    group = legend.incident_legend(by_severity, signs.THEME, contents.language)
    ended = LegendRow(
        INK["offline"], WORDS("print-ended", contents.language), counts.get(ENDED, 0), "ended"
    )
    title = group.title
    if not contents.points["incidents"].is_whole:
        title = WORDS("legend-newest", contents.language, n=f"{MOST:,}")
    return LegendGroup(group.key, title, group.unit, (*group.rows, ended))


def legend_blocks(contents: Contents, width: float, type_mm: float) -> list[Block]:
    """Return the blocks of the legend, each as wide as asked."""
    found = []
    for group in legend_groups(contents):
        draw = {"shading": _shading_block, "incidents": _case_block, "sensors": _sensor_block}
        found.append(draw[group.key](contents, group, width, type_mm))
    return [*found, _layer_block(contents, width, type_mm)]


def _row(sheaf: Sheaf, label: str, count: int | None, x: float = 0.0, width: float = 0.0) -> float:
    """Write a row and return the middle of its sign; the row below begins where it ends."""
    size, row = sheaf.type, ROW * sheaf.type
    width = width or sheaf.width
    line = on_line(sheaf.y, row, size)
    room = width - _LABEL_AT * size
    if count is not None:
        sheaf.items.append(
            Text(write_number(float(count)), x + width, line, size, INK["ink"], "end")
        )
        room -= 4.2 * size
    label = fitted(label, room, size)
    sheaf.items.append(Text(label, x + _LABEL_AT * size, line, size, INK["ink"]))
    sheaf.y += row
    return sheaf.y - row / 2


def _swatch(sheaf: Sheaf, middle: float) -> Rings:
    wide, high = (side * sheaf.type for side in _SWATCH)
    return Rings.around(Rectangle(0, middle - high / 2, wide, high))


def _shading_block(contents: Contents, group: LegendGroup, width: float, type_mm: float) -> Block:
    shading = contents.shading
    assert shading is not None
    sheaf = Sheaf("legend-shading", width, type_mm)
    level = contents.store.city.level(shading.level).name(contents.language)
    unit = WORDS("print-shading-unit", contents.language, unit=group.unit or "—", level=level)
    sheaf.head(group.title, unit)
    by = shading_scale(shading, signs.THEME)
    steps = len(by.colors)
    for row in group.rows:
        middle = _row(sheaf, row.label, row.count)
        known = row.color in by.colors
        hatch = hatch_of(by.colors.index(row.color), steps) if known else UNKNOWN
        sheaf.items += list(_sample(_swatch(sheaf, middle), row.color, hatch, type_mm))
    return sheaf.block()


def _sample(rings: Rings, color: str, hatch: object, type_mm: float) -> Iterator[Item]:
    size = type_mm / signs.TYPE_MM
    yield Path(rings, fill=color)
    if hatch is not None:
        yield hatched(rings, hatch, INK["ink"], size)  # type: ignore[arg-type]
    yield Path(rings, stroke=Stroke(INK["border"], 0.08 * size))


def _case_block(contents: Contents, group: LegendGroup, width: float, type_mm: float) -> Block:
    sheaf = Sheaf("legend-incidents", width, type_mm)
    total = sum(row.count or 0 for row in group.rows)
    language = contents.language
    sheaf.head(group.title, WORDS("print-total", language, n=write_number(float(total))))
    if said := filter_words(contents.request.cases, language):
        sheaf.lines([WORDS("print-only", language, filter=said)], color="ink")
        sheaf.gap(0.2)
    size = type_mm / signs.TYPE_MM
    for row, severity in zip(group.rows, (1, 2, 3, 4, None), strict=True):
        middle = _row(sheaf, row.label, row.count)
        kind = "case-ended" if severity is None else signs.case_kind(severity, 0, False)
        sheaf.items.append(sign_at(kind, _SWATCH[0] * type_mm / 2, middle, size))
    if contents.points["incidents"].crowds:
        middle = _row(sheaf, WORDS("print-gathered", language), None)
        sheaf.items += _crowd_sample(_SWATCH[0] * type_mm / 2, middle, size)
    _fillings(sheaf, contents)
    return sheaf.block()


def _crowd_sample(x: float, y: float, size: float) -> Iterator[Item]:
    radius = crowd_mm(LEAST) * size
    yield from moved(signs.crowd(4, radius), x, y)
    height = 1.15 * radius
    yield Text("n", x, y + 0.26 * height, height, INK["ink"], "middle")


def _fillings(sheaf: Sheaf, contents: Contents) -> None:
    """Say in one row what the filling of a sign means."""
    size, row = sheaf.type * 0.9, ROW * sheaf.type
    kinds = (
        (signs.case_kind(3, 0, False), "print-waiting"),
        (signs.case_kind(3, 1, False), "print-in-hand"),
        (signs.case_kind(3, 2, False), "print-done"),
        (signs.case_kind(3, 0, True), "print-overdue"),
    )
    columns = len(kinds) if sheaf.width >= NARROW * sheaf.type else 2
    share, top = sheaf.width / columns, sheaf.y
    for place, (kind, word) in enumerate(kinds):
        x = place % columns * share + 1.1 * sheaf.type
        sheaf.y = top + place // columns * row
        middle = sheaf.y + row / 2
        sheaf.items.append(sign_at(kind, x, middle, 0.85 * sheaf.type / signs.TYPE_MM))
        text = fitted(WORDS(word, contents.language), share - 2.4 * sheaf.type, size)
        line = on_line(sheaf.y, row, size)
        sheaf.items.append(Text(text, x + 1.1 * sheaf.type, line, size, INK["ink-2"]))
    sheaf.y += row


def _sensor_block(contents: Contents, group: LegendGroup, width: float, type_mm: float) -> Block:
    sheaf = Sheaf("legend-sensors", width, type_mm)
    total = sum(row.count or 0 for row in group.rows)
    language = contents.language
    sheaf.head(group.title, WORDS("print-total", language, n=write_number(float(total))))
    size = type_mm / signs.TYPE_MM
    columns, top = 2 if sheaf.width >= NARROW * type_mm else 1, sheaf.y
    apart = 1.5 * type_mm
    width = (sheaf.width + apart) / columns - apart
    drawn = set(contents.points["sensors"].kinds)
    states = list(zip(group.rows, legend.STATE_LOOKS, strict=True))
    for place, (row, state) in enumerate(states):
        x = (place % columns) * (width + apart)
        sheaf.y = top + (place // columns) * ROW * type_mm
        middle = _row(sheaf, row.label, row.count, x, width)
        kind = signs.state_kind(int(state))
        small = signs.sized(kind, many=True)
        kind = small if small in drawn else kind
        sheaf.items.append(sign_at(kind, x + _SWATCH[0] * type_mm / 2, middle, size))
    return sheaf.block()


def _layer_block(contents: Contents, width: float, type_mm: float) -> Block:
    """Return the lines of borders and the samples of areas and places that are drawn."""
    sheaf = Sheaf("legend-layers", width, type_mm)
    sheaf.head(WORDS("print-other-signs", contents.language))
    for count in layer_counts(contents):
        spec = next(one for one in contents.specs if one.key == count.layer)
        middle = _row(sheaf, count.what, count.count)
        sheaf.items += list(_layer_sample(contents, spec, sheaf, middle))
    return sheaf.block()


def layer_counts(contents: Contents) -> list[Count]:
    """Return how much of each layer without a group of its own is drawn."""
    features = contents.features()
    own = {"incidents", "sensors"}
    found = []
    for spec in contents.specs:
        drawn = features.get(spec.key)
        if drawn is None or spec.key in own or (not drawn and not spec.level):
            continue
        name = spec.name(contents.language)
        if spec.level:
            name = WORDS("print-border-of", contents.language, level=name)
        # A border of what the region lies in is drawn, but it is no thing to count.
        around = spec.level is not None and not drawn
        found.append(Count(spec.key, name, None if around else len(drawn)))
    return found


def _layer_sample(
    contents: Contents, spec: LayerSpec, sheaf: Sheaf, middle: float
) -> Iterator[Item]:
    size, wide = sheaf.type / signs.TYPE_MM, _SWATCH[0] * sheaf.type
    if spec.level:
        line = Rings.of([[(0, middle), (wide, middle)]], closed=False)
        yield Path(
            line, stroke=border_stroke(border_rank(contents.tree_levels(), spec.level), size)
        )
    elif spec.geometry == "point":
        yield sign_at("place", wide / 2, middle, size)
    elif spec.geometry == "tile":
        blocks = [
            Rectangle(wide * at, middle - high * sheaf.type / 2, wide * 0.2, high * sheaf.type)
            for at, high in ((0.08, 0.8), (0.4, 0.5), (0.72, 0.9))
        ]
        yield Path(Rings.around(*blocks), fill=INK["footprint"])
    else:
        yield from _area_sample(spec, _swatch(sheaf, middle), size)


def _area_sample(spec: LayerSpec, rings: Rings, size: float) -> Iterator[Item]:
    kind = spec.kind or FUNCTIONAL
    token, strength, dash = AREA_LOOKS.get(kind, AREA_LOOKS["village"])
    rim = INK["shore"] if kind == "water" else INK[token]
    yield Path(rings, fill=INK[token], opacity=strength)
    dashes: Sequence[float] = [part * size for part in dash]
    yield Path(rings, stroke=Stroke(rim, AREA_RIMS.get(kind, 0.14) * size, tuple(dashes)))
