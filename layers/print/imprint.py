"""The small print at the foot: scale, CRS, how old the data is, by whom, under which number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import segno
from pyproj import CRS

from indicators import catalog
from indicators.freshness import LATE_PERIODS
from layers.case_wording import filter_words
from layers.print.blocks import HEAD, INK, SMALL, Block, Sheaf
from layers.print.contents import Contents
from layers.print.drawing import Box, Path, Rings, Stroke, Text
from layers.print.locator import NOTED_DEG, scale_bar
from layers.print.map_frame import MapFrame, write_denominator
from layers.print.typeface import typeface
from layers.style import WORDS

_SQUARE = 8.6
"""Side of the square code, in heights of the type."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """How old what is drawn is: ``data_at`` is ``None`` where nothing came yet."""

    layer: str
    name: str
    data_at: datetime | None
    is_late: bool


def cut_offs(contents: Contents) -> list[CutOff]:
    """Return the data time of every layer drawn; live ones are late as on the screen."""
    held = contents.store.layers()
    at = contents.request.at
    found = []
    for spec in contents.specs:
        name = spec.name(contents.language)
        live = {"incidents": "incidents", "sensors": "readings"}.get(spec.key)
        if live is not None:
            newest, period_s = contents.ages.get(live, (None, 0.0))
            late = newest is None or at - newest > timedelta(seconds=LATE_PERIODS * period_s)
            found.append(CutOff(spec.key, name, newest, late))
            continue
        layer = f"places/{spec.kind}" if spec.kind else f"regions/{spec.level or 'functional'}"
        known = held.get(layer)
        if known is not None and spec.geometry not in ("text", "mask"):
            found.append(CutOff(spec.key, name, known.data_at or known.updated_at, False))
    return found


def local(contents: Contents, moment: datetime) -> str:
    """Write a moment on the city's clock."""
    return f"{moment.astimezone(contents.store.city.zone):%Y-%m-%d %H:%M}"


def scale_block(contents: Contents, frame: MapFrame, width: float, type_mm: float) -> Block:
    """Return numeric scale, bar, CRS and datum."""
    language = contents.language
    sheaf = Sheaf("scale", width, type_mm)
    size = 1.5 * type_mm
    sheaf.y += size
    said = WORDS("print-scale", language, scale=write_denominator(frame.denominator))
    sheaf.items.append(Text(said, 0, sheaf.y, size, INK["ink"], bold=True))
    sheaf.gap(0.9)
    _bar(sheaf, frame.denominator)
    sheaf.gap(0.6)
    sheaf.lines(_datum_lines(contents, frame))
    return sheaf.block()


def _bar(sheaf: Sheaf, denominator: float) -> None:
    """Draw the bar: as long on the page as what it says is on the ground."""
    type_mm = sheaf.type
    unit_room = 3.2 * type_mm
    metres, parts, long = scale_bar(denominator, sheaf.width - unit_room - type_mm)
    start, high, size = 0.5 * type_mm, 0.62 * type_mm, SMALL * type_mm
    step = long / parts
    top = sheaf.y + 0.95 * size
    rim = Stroke(INK["ink"], 0.05 * type_mm)
    for part in range(parts):
        box = Box(start + part * step, top, step, high)
        fill = INK["ink"] if part % 2 == 0 else "#ffffff"
        sheaf.items.append(Path(Rings.around(box), fill=fill, stroke=rim))
    unit = "km" if metres >= 1000 else "m"
    for part in range(parts + 1):
        here = metres * part / parts
        said = f"{here / 1000:g}" if unit == "km" else f"{here:g}"
        line = sheaf.y + 0.55 * size
        sheaf.items.append(Text(said, start + part * step, line, size, INK["ink"], "middle"))
    end = start + long + 1.1 * type_mm
    sheaf.items.append(Text(unit, end, top + high, size, INK["ink"]))
    sheaf.y = top + high


def _datum_lines(contents: Contents, frame: MapFrame) -> Iterator[str]:
    language, city = contents.language, contents.store.city
    crs = CRS(frame.crs)
    authority = ":".join(crs.to_authority() or (frame.crs,))
    name = f"{crs.name}（{authority}）" if language == "zh-CN" else f"{crs.name} ({authority})"
    yield WORDS("print-crs", language, crs=name)
    yield WORDS("print-height", language, datum=city.height_datum(language))
    turn = frame.convergence_deg()
    if abs(turn) >= NOTED_DEG:
        minutes = round(abs(turn) * 60)
        angle = f"{minutes // 60}°{minutes % 60:02d}′"
        side = "print-convergence-west" if turn > 0 else "print-convergence-east"
        yield WORDS(side, language, angle=angle)


def age_block(contents: Contents, width: float, type_mm: float) -> Block:
    """Return when the data of each layer is from, late ones marked."""
    language = contents.language
    sheaf = Sheaf("cut-offs", width, type_mm)
    sheaf.head(WORDS("print-cut-off", language))
    by_time: dict[tuple[str, bool], list[str]] = {}
    for one in cut_offs(contents):
        said = _data_at(contents, one)
        by_time.setdefault((said, one.is_late), []).append(one.name)
    comma = "、" if language == "zh-CN" else ", "
    for (said, late), names in by_time.items():
        line = WORDS("print-layer-at", language, layers=comma.join(names), at=said)
        if late:
            line = WORDS("print-late", language, line=line)
        sheaf.lines([line], color="ink" if late else "ink-2")
    return sheaf.block()


def _data_at(contents: Contents, cut: CutOff) -> str:
    return local(contents, cut.data_at) if cut.data_at else WORDS("print-never", contents.language)


def cut_off_said(contents: Contents, cut: CutOff) -> str:
    """Return when the data of one layer is from, marked where it is late."""
    said = _data_at(contents, cut)
    return WORDS("print-late", contents.language, line=said) if cut.is_late else said


def rule_block(contents: Contents, width: float, type_mm: float) -> Block:
    """Return how things are counted 口径, and where the ground comes from."""
    sheaf = Sheaf("rules", width, type_mm)
    sheaf.head(WORDS("print-rules", contents.language))
    sheaf.lines(rules(contents))
    return sheaf.block()


def rules(contents: Contents) -> list[str]:
    """Return the counting rules, the source of the ground, and the city's own notice."""
    language, city = contents.language, contents.store.city
    found = []
    if contents.shading is not None:
        indicator = catalog.of(contents.store.city)[contents.request.indicator]
        said = {
            "name": indicator.name(language),
            "formula": indicator.formula(language),
            "basis": indicator.basis(language),
        }
        found.append(WORDS("print-rule-shading", language, **said))
    if "incidents" in contents.points:
        found += _case_rules(contents)
    found.append(WORDS("print-ground-source", language, city=city.name(language)))
    if city.notice is not None:
        found.append(city.notice(language))
    return found


def _case_rules(contents: Contents) -> Iterator[str]:
    language, only, drawn = contents.language, contents.request.cases, contents.points["incidents"]
    key = "incidents" if only.is_empty else "chosen-open" if only.is_of_open_cases else "chosen"
    said = {
        "window": WORDS(f"print-window-{contents.request.window}", language),
        "filter": filter_words(only, language),
    }
    yield WORDS(f"print-rule-{key}", language, **said)
    if drawn.beyond:
        yield WORDS("print-beyond", language, n=drawn.beyond)
    if drawn.unplaced:
        yield WORDS("print-unplaced", language, n=drawn.unplaced)


def maker_block(contents: Contents, width: float, type_mm: float) -> Block:
    """Return who made and who checked it, when, under which number, with the square code."""
    request = contents.request
    sheaf = Sheaf("maker", width, type_mm)
    square = min(_SQUARE * type_mm, 0.36 * width)
    side = square if request.number or request.record else 0.0
    text = Sheaf("maker", width - side - (type_mm if side else 0.0), type_mm)
    text.gap(0.25)
    for line in maker_lines(contents):
        text.lines([line], size=1.0, color="ink")
    fits = typeface().width(approval(contents), HEAD * type_mm) <= text.width
    text.lines([approval(contents)], size=HEAD if fits else 1.0, color="ink")
    sheaf.items += text.items
    sheaf.y = text.y
    if side:
        sheaf.items.append(square_code(request.record or request.number, width - side, 0.0, side))
        sheaf.y = max(text.y, side)
    if request.number:
        # The number is also in plain figures, for those without a camera. Where it is wider than
        # the code it stands below the lines beside that too.
        size = SMALL * type_mm
        top = side if typeface().width(request.number, size) <= side else sheaf.y
        sheaf.items.append(Text(request.number, width, top + size, size, INK["ink-2"], "end"))
        sheaf.y = max(sheaf.y, top + 1.3 * size)
    return sheaf.block()


def maker_lines(contents: Contents) -> list[str]:
    """Return unit, reviewer and time of drawing; what nobody said stays a line to sign on."""
    language, request = contents.language, contents.request
    blank = "＿＿＿＿＿＿" if language == "zh-CN" else "____________"
    return [
        WORDS("print-unit", language, unit=request.unit or blank),
        WORDS("print-reviewer", language, reviewer=request.reviewer or blank),
        WORDS("print-drawn-at", language, at=local(contents, request.drawn_at)),
    ]


def approval(contents: Contents) -> str:
    """Return the approval number 审图号, why none is needed, or that it must not be published."""
    request = contents.request
    if request.approval:
        return WORDS("print-approval", contents.language, number=request.approval)
    return approval_said(contents)


def approval_said(contents: Contents) -> str:
    """Return the same where a word before it says what it is."""
    request = contents.request
    if request.approval:
        return request.approval
    if request.waiver:
        return WORDS("about-waived", contents.language, reason=request.waiver)
    return WORDS("print-waiver", contents.language)


def square_code(text: str, x: float, y: float, side: float) -> Path:
    """Return a QR code of ``text`` in a square of the page, with the quiet zone it needs."""
    code = segno.make(text, error="m", micro=False, boost_error=False)
    rows = [bytes(row) for row in code.matrix]
    step = side / len(rows)
    boxes = []
    for row, cells in enumerate(rows):
        start = 0
        while (start := cells.find(1, start)) >= 0:
            end = cells.find(0, start)
            end = len(cells) if end < 0 else end
            boxes.append(Box(x + start * step, y + row * step, (end - start) * step, step))
            start = end
    return Path(Rings.around(*boxes), fill="#000000")
