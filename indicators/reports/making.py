"""A report put together: its template filled, its lines made headings, sentences and tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from geo_data import queries
from geo_data.duty_roster import DutyShift
from geo_data.faults import Fault, InputError, nearest
from geo_data.records import Region, Scope
from geo_data.store import Store
from geo_data.words import DEFAULT_LANGUAGE
from indicators.reports.content import Block, Heading, MapPlace, Paragraph, Report
from indicators.reports.marks import Marks
from indicators.reports.phrases import Phrases
from indicators.reports.publishing import published_report
from indicators.reports.scene import Scene, say
from indicators.reports.tables import Tables
from indicators.reports.templates import filled
from indicators.reports.terms import Kind, term
from indicators.reports.writing import write_day, write_moment, write_term

MOST_MAPS = 40
"""Of an atlas in a report; more are an atlas of their own."""
_NUMERALS = "一二三四五六七八九十"


def make_report(
    store: Store,
    scope: Scope,
    kind: Kind | str,
    at: datetime,
    *,
    region_code: str | None = None,
    period: str | None = None,
    shift: DutyShift | None = None,
    is_quick: bool = False,
) -> Report:
    """Return a report of a region; one that was published as it was published.

    Parameters
    ----------
    store, scope : Store, Scope
        Where from, and for whom: it says no more than the screen would show.
    kind : Kind
    at : datetime
        As known then, aware.
    region_code : str, optional
        All that the viewer may see unless said.
    period : str, optional
        As in :data:`indicators.reports.terms.EXAMPLES`; the last that is over unless said.
    shift : DutyShift, optional
        Who is on duty, before the roster of the city.
    is_quick : bool
        For a look on the screen: what takes many seconds is left out unless it is known already.

    Raises
    ------
    InputError
        No such region, kind or period, or a template that cannot be filled.
    """
    scene = scene_of(store, scope, kind, at, region_code, period)
    published = published_report(store, scope, scene.region.code, scene.term, at)
    return published or _made(replace(scene, is_quick=is_quick), shift)


def _made(scene: Scene, shift: DutyShift | None) -> Report:
    store = scene.store
    marks, tables = Marks(), Tables(scene)
    phrases = Phrases(scene, tables, marks, shift)
    text = filled(scene.term.kind, store.city.reports.templates, phrases.context())
    return Report(
        term=scene.term,
        title=title_of(scene),
        region=scene.region.code,
        region_name=scene.region.name,
        known_at=scene.at,
        data_at=scene.data_at,
        foot=_foot(scene),
        notice=store.city.notice(DEFAULT_LANGUAGE) if store.city.notice else "",
        blocks=(*_notes(scene, marks), *_numbered(_blocks(text, scene, tables, marks))),
    )


def scene_of(
    store: Store,
    scope: Scope,
    kind: Kind | str,
    at: datetime,
    region_code: str | None = None,
    period: str | None = None,
) -> Scene:
    """Return what a report is of; arguments and errors as :func:`make_report`."""
    found = Kind(kind)
    region = _region(store, scope, region_code)
    return Scene(store, scope, region, term(found, period, at, store.city.zone), at)


def title_of(scene: Scene) -> str:
    """Return the title: place, kind and period."""
    city = scene.store.city.name(DEFAULT_LANGUAGE)
    place = scene.region.name
    is_root = scene.region.level == scene.store.city.root_level
    whole = city if is_root else place if place.startswith(city) else f"{city}{place}"
    return say(f"title-{scene.term.kind}", place=whole, term=write_term(scene.term))


def _region(store: Store, scope: Scope, code: str | None) -> Region:
    tree = queries.region_tree(store, scope)
    region = tree.get(code) if code else tree.root
    if region is None:
        near = nearest(code or "", [one.code for one in tree.regions()])
        name = known.name if (known := tree.get(near)) else ""
        values: dict[str, object] = {"code": code, "nearest": near, "name": name}
        raise InputError(Fault("sheet-region", field="region", values=values))
    return region


def _foot(scene: Scene) -> str:
    newest = write_moment(scene.data_at, scene.zone)
    return say("foot", at=write_moment(scene.at, scene.zone), newest=newest)


def _notes(scene: Scene, marks: Marks) -> Iterator[Paragraph]:
    """Yield what must be known before any number is read: how far the data reach."""
    term, begins = scene.term, scene.begins
    if begins is None:
        yield Paragraph(say("note-no-cases"))
    elif begins > term.last:
        day = marks.date(write_day(begins))
        yield marks.paragraph(say("note-before", day=day))
    elif begins > term.first:
        day = marks.date(write_day(begins))
        yield marks.paragraph(say("note-partly", day=day))
    if term.is_running:
        at = marks.date(write_moment(scene.at, scene.zone))
        yield marks.paragraph(say("note-running", at=at))


def _blocks(text: str, scene: Scene, tables: Tables, marks: Marks) -> Iterator[Block]:
    """Yield what the lines of a filled template stand for."""
    for line in text.splitlines():
        told = line.strip()
        if told.startswith("#"):
            level = len(told) - len(told.lstrip("#"))
            yield Heading(marks.paragraph(told.lstrip("# ")).text, min(level, 2))
        elif told.startswith("@"):
            yield from _placed(told[1:].strip(), scene, tables)
        elif told:
            yield marks.paragraph(told)


def _placed(told: str, scene: Scene, tables: Tables) -> Iterator[Block]:
    what, _, asked = told.partition(" ")
    if what == "table":
        yield tables.table(asked)
    elif what == "map":
        yield _map(scene, scene.region, asked.strip())
    elif what == "atlas":
        # What is below the finest level, or a hundred grids of a town, makes no atlas.
        is_whole = scene.region.level in scene.store.city.level_keys[:-2]
        regions = scene.children if is_whole else []
        yield from (_map(scene, one, asked.strip()) for one in regions[:MOST_MAPS])
    else:
        raise InputError(Fault("report-directive", values={"key": what}))


def _map(scene: Scene, region: Region, indicator_key: str) -> MapPlace:
    indicator = scene.indicator(indicator_key)
    name = indicator.name(DEFAULT_LANGUAGE)
    place = "" if region.code == scene.region.code else region.name
    return MapPlace(region.code, indicator.key, say("map-title", place=place, name=name))


def _numbered(blocks: Iterator[Block]) -> Iterator[Block]:
    """Yield blocks with headings numbered as official documents do."""
    first = second = 0
    for block in blocks:
        if isinstance(block, Heading) and block.level == 1:
            first, second = first + 1, 0
            yield Heading(f"{_numeral(first)}、{block.text}", 1)
        elif isinstance(block, Heading):
            second += 1
            yield Heading(f"（{_numeral(second)}）{block.text}", 2)
        else:
            yield block


def _numeral(n: int) -> str:
    """Write a number below a hundred in Chinese.

    Examples
    --------
    >>> [_numeral(n) for n in (1, 10, 12, 25)]
    ['一', '十', '十二', '二十五']
    """
    tens, ones = divmod(n, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_NUMERALS[tens - 1]}十"
    return head + (_NUMERALS[ones - 1] if ones else "")
