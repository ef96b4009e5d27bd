"""Tables of what came in: by channel, category and place, and compared with other periods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from geo_data import dictionaries, queries
from geo_data.records import Region
from geo_data.words import DEFAULT_LANGUAGE
from indicators import engine
from indicators.reports.content import Cell, Column, Figure, Part, Table
from indicators.reports.figures import WHOLE, Trait
from indicators.reports.scene import Scene, head, say
from indicators.reports.writing import write_plain

MOST_CATEGORIES, MOST_PLACES, MOST_REPEATED = 10, 5, 10
REPEATED = 3
"""As many cases of one place and category are a repeated place (高发点)."""


def channels(scene: Scene) -> Table:
    """Return the cases of each channel with share and 环比; a channel without any has zero."""
    found = scene.figures.keys_of("channel", scene.region.code, scene.window)
    known = list(dictionaries.channels())
    keys = [*known, *(key for key in found if key not in known)]
    rows = [_trait_row(scene, "channel", key) for key in keys]
    rows.sort(key=lambda row: -(row[1].value or 0))
    heads = _trait_heads("channel")
    return scene.table("channels", heads, [*rows, _whole_row(scene)], sums=1)


def categories(scene: Scene) -> Table:
    """Return the categories with the most cases."""
    keys = scene.figures.keys_of("category", scene.region.code, scene.window)
    rows = [_trait_row(scene, "category", key) for key in keys]
    rows = [row for row in rows if row[1].value]
    rows.sort(key=lambda row: -(row[1].value or 0))
    listed = rows[:MOST_CATEGORIES]
    return scene.table("categories", _trait_heads("category"), listed, total=len(rows))


def causes(scene: Scene) -> Table:
    """Return the categories that make up most of the cases, with the share up to each."""
    found = categories(scene)
    rows, so_far = [], 0.0
    for row in found.rows:
        so_far += row[2].value or 0.0
        rows.append((*row[:3], Cell(f"{so_far:.1f}%", so_far), row[4]))
    heads = (*found.columns[:3], head("so-far", is_number=True), found.columns[4])
    return scene.table("causes", heads, rows, total=found.total)


def places(scene: Scene) -> Table:
    """Return the places with the most cases."""
    found = queries.busy_places(
        *(scene.store, scene.scope, scene.region.code, scene.window, scene.at),
        limit=MOST_PLACES,
        least=2,
    )
    heads = (
        head("place", wide=2.4),
        head("within", wide=1.6),
        head("reported", is_number=True),
    )
    return scene.table("places", heads, [_place_row(scene, one) for one in found])


def areas(scene: Scene) -> Table:
    """Return the regions of the finest level with the most cases."""
    where = scene.store, scene.scope, scene.store.city.finest_level
    found = engine.by_level(*where, WHOLE, scene.term.window, scene.at)
    mine = set(scene.tree.subtree(scene.region.code)) - {scene.region.code}
    counted = [(-(n or 0), code) for code, n in found.items() if n and code in mine]
    rows = []
    for n, code in sorted(counted)[:MOST_PLACES]:
        figure = Figure(WHOLE, code, scene.term.window, value=float(-n))
        rows.append((Cell(within(scene, code, deepest=3)), scene.cell(figure)))
    return scene.table("areas", (head("area", wide=2.4), head("reported", is_number=True)), rows)


def repeated_places(scene: Scene) -> Table:
    """Return the places of which one category was reported again and again."""
    found = queries.busy_places(
        *(scene.store, scene.scope, scene.region.code, scene.window, scene.at),
        limit=MOST_REPEATED,
        by_category=True,
        least=REPEATED,
    )
    heads = (
        head("place", wide=2.4),
        head("within", wide=1.6),
        head("category", wide=1.4),
        head("reported", is_number=True),
    )
    return scene.table("repeated-places", heads, [_place_row(scene, one) for one in found])


def against_before(scene: Scene, *keys: str) -> Table:
    """Return indicators with those of the period before (环比)."""
    return _compared(scene, "against-before", keys, ("before", "change"))


def against_year(scene: Scene, *keys: str) -> Table:
    """Return indicators with those of the same period a year before (同比)."""
    return _compared(scene, "against-year", keys, ("year-before", "year-change"))


def against_both(scene: Scene, *keys: str) -> Table:
    """Return indicators with 环比 and 同比."""
    parts: tuple[Part, ...] = ("before", "change", "year-before", "year-change")
    return _compared(scene, "against-both", keys, parts)


def trend(scene: Scene, *keys: str) -> Table:
    """Return indicators month by month."""
    heads = (head("month", wide=1.2), *(indicator_head(scene, key) for key in keys))
    rows = [
        (
            Cell(f"{month.first.year}年{month.first.month}月"),
            *(scene.cell(scene.read(key, window=month.window)) for key in keys),
        )
        for month in scene.term.months()
    ]
    return scene.table("trend", heads, rows, rule=rules_of(scene, keys))


def indicator_head(scene: Scene, key: str) -> Column:
    """Return a column of an indicator: its name, and its unit where the cells have none."""
    indicator = scene.indicator(key)
    unit = indicator.unit_in(DEFAULT_LANGUAGE)
    name = indicator.name(DEFAULT_LANGUAGE)
    return Column(key, name if unit == "%" else f"{name}（{unit}）", is_number=True)


def rules_of(scene: Scene, keys: Sequence[str]) -> str:
    """Return how indicators are counted, a clause each."""
    parts = []
    for key in dict.fromkeys(keys):
        indicator = scene.indicator(key)
        parts.append(f"{indicator.name(DEFAULT_LANGUAGE)}＝{indicator.formula(DEFAULT_LANGUAGE)}")
    return "；".join(parts)


def _compared(scene: Scene, table: str, keys: Sequence[str], parts: Sequence[Part]) -> Table:
    heads = (
        head("indicator", wide=1.5),
        head("this", is_number=True),
        *(head(part, is_number=True) for part in parts),
    )
    rows = []
    for key in keys:
        column = indicator_head(scene, key)
        figures = (scene.read(key, part) for part in ("value", *parts))
        rows.append((Cell(column.label), *map(scene.cell, figures)))
    rule = f"{rules_of(scene, keys)}。{say('rule-compared')}"
    return scene.table(table, heads, rows, rule=rule)


def _trait_heads(trait: Trait) -> tuple[Column, ...]:
    return (
        head(trait, wide=1.8),
        head("reported", is_number=True),
        head("share", is_number=True),
        head("before", is_number=True),
        head("change", is_number=True),
    )


def _trait_row(scene: Scene, trait: Trait, key: str) -> tuple[Cell, ...]:
    name = dictionaries.word("channels" if trait == "channel" else "categories", key)
    parts: tuple[Part, ...] = ("value", "share", "before", "change")
    figures = (scene.read(WHOLE, part, only=(trait, key)) for part in parts)
    return (Cell(name), *map(scene.cell, figures))


def _whole_row(scene: Scene) -> tuple[Cell, ...]:
    value, before, change = (scene.read(WHOLE, part) for part in _PARTS)
    share = Cell("100.0%", 100.0) if value.value else Cell(write_plain(None))
    return (Cell(say("total")), scene.cell(value), share, scene.cell(before), scene.cell(change))


_PARTS: tuple[Part, ...] = ("value", "before", "change")


def _place_row(scene: Scene, one: queries.BusyPlace) -> tuple[Cell, ...]:
    category = f" {one.category}" if one.category else ""
    figure = Figure(
        WHOLE,
        scene.region.code,
        scene.term.window,
        only=("place", f"{one.code}{category}"),
        value=float(one.n),
    )
    cells = [Cell(one.name or say("unnamed")), Cell(within(scene, one.region_code))]
    if one.category:
        cells.append(Cell(dictionaries.word("categories", one.category)))
    return (*cells, Cell(f"{one.n}", float(one.n), figure))


def within(scene: Scene, region_code: str | None, deepest: int = 2) -> str:
    """Return in which regions below that of the report something is, so many levels down."""
    inside = "".join(_below(scene, region_code, deepest))
    return inside or (scene.region.name if region_code == scene.region.code else "—")


def child_of(scene: Scene, region_code: str | None) -> Region | None:
    """Return the region just below that of the report that something is in."""
    chain = scene.tree.ancestors(region_code) if region_code else []
    return next((one for one in chain if one.parent_code == scene.region.code), None)


def _below(scene: Scene, region_code: str | None, deepest: int) -> Iterator[str]:
    chain = scene.tree.ancestors(region_code) if region_code else []
    codes = [one.code for one in chain]
    if scene.region.code in codes:
        yield from (one.name for one in chain[codes.index(scene.region.code) + 1 :][:deepest])
