"""The cases of the region in view, by choice: newest first, the most urgent by their limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from dashboard.context import Look
from dashboard.view import MOST_PAGES
from dashboard.widgets.case_row import incident_row
from dashboard.widgets.filters import Option, chip, menu
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import write_count
from geo_data import queries
from geo_data.case_stages import STATES
from geo_data.dictionaries import categories, channels, major_categories, severities, stages, word
from geo_data.queries import CaseCounts
from geo_data.queries.case_filter import STANDINGS, CaseFilter, Standing
from geo_data.queries.case_lists import is_counted
from geo_data.records import Incident
from layers.case_wording import category_word, filter_words, standing_word

PAGE = 40


def table(look: Look) -> list[Any]:
    """Return the choices, the rows, and how many more there are."""
    length = PAGE * look.view.pages
    found = newest(look, length + 1)
    rows = [incident_row(look, incident) for incident in found[:length]]
    return [
        html.Div(list(choices(look)), className="filters", key="filters"),
        *(rows or [nothing(look)]),
        *(_more(look, length) if len(found) > length else []),
    ]


def newest(look: Look, limit: int) -> list[Incident]:
    """Cases of the region and window in view, of the kind chosen."""
    return queries.incidents(
        look.store,
        look.scope,
        look.region.code,
        look.window,
        look.at,
        limit=limit,
        only=look.view.cases,
    )


def count(look: Look, only: CaseFilter | None = None) -> int | None:
    """Count what the list holds; ``None`` where every case of a long window would be read."""
    only = look.view.cases if only is None else only
    if not is_counted(look.window, only):
        return None
    return queries.incident_count(
        look.store, look.scope, look.region.code, look.window, look.at, only
    )


def open_count(look: Look) -> int:
    """Count the cases of the region that are open now, however old."""
    return count(look, CaseFilter(standing="open")) or 0


def nothing(look: Look) -> Any:
    """Say quietly that there is no such case."""
    said = filter_words(look.view.cases, look.language)
    if not said:
        return html.P(look.say("no-incidents"), className="calm")
    return html.P(look.say("no-such-incidents", what=said), className="calm")


def _more(look: Look, shown: int) -> Iterator[Any]:
    """Say how many do not fit, and unfold another length of the list."""
    total = count(look)
    rest = None if total is None else total - shown
    if look.view.pages < MOST_PAGES:
        said = look.say("show-more", n=PAGE if rest is None else min(PAGE, rest))
        left = html.Span("" if rest is None else look.say("more", n=f"{rest:,}"), className="count")
        href = look.href(replace(look.view, pages=look.view.pages + 1))
        yield html.A([html.Span(said), left], href=href, className="unfold", key="unfold")
    else:
        yield html.P(look.say("too-many", n="" if rest is None else f"{rest:,}"), className="calm")


def choices(look: Look) -> Iterator[Any]:
    """Return the choices: every count is what a click would list."""
    only = look.view.cases
    counts = queries.case_counts(
        look.store, look.scope, look.region.code, look.window, look.at, only
    )
    yield html.Div([_standing(look, one, counts) for one in STANDINGS], className="line")
    traits = [part(look, counts) for part in (_channels, _categories, _stages, _severities)]
    if not only.is_empty:
        every = look.href(look.view.of_cases(CaseFilter()))
        traits.append(html.A(look.say("clear-choices"), href=every, className="clear"))
    yield html.Div(traits, className="line")


def _standing(look: Look, standing: Standing, counts: CaseCounts) -> Any:
    on = look.view.cases.standing == standing
    n = counts.standing[standing]
    count = None if n is None else html.Span(write_count(look, n), className="count")
    said = standing_word(standing, look.language)
    return chip([said, count], _to(look, standing=None if on else standing), on)


def _to(look: Look, **changed: Any) -> str:
    return look.href(look.view.of_cases(replace(look.view.cases, **changed)))


def _menu(
    look: Look, trait: str, chosen: Any, listed: Iterable[tuple[Any, str, int | None]]
) -> Any:
    """Return the choices of one trait; what would list nothing is left out."""
    options = [
        Option(label, n, _to(look, **{trait: value}), str(value))
        for value, label, n in listed
        if n != 0 or value == chosen
    ]
    key = None if chosen is None else str(chosen)
    return menu(look, look.say(f"choose-{trait}"), options, key, _to(look, **{trait: None}))


def _of(counts: Mapping[str, int] | None) -> Callable[[object], int | None]:
    return lambda key: None if counts is None else counts.get(str(key), 0)


def _channels(look: Look, counts: CaseCounts) -> Any:
    n = _of(counts.channel)
    keys = dict.fromkeys([*channels(), *(counts.channel or {})])
    listed = [(key, word("channels", key, look.language), n(key)) for key in keys]
    return _menu(look, "channel", look.view.cases.channel, listed)


def _stages(look: Look, counts: CaseCounts) -> Any:
    n = _of(counts.stage)
    listed = [(key, stages()[key].label(look.language), n(key)) for key in STATES]
    return _menu(look, "stage", look.view.cases.stage, listed)


def _severities(look: Look, counts: CaseCounts) -> Any:
    n = _of(counts.severity)
    listed = [(key, term.label(look.language), n(int(key))) for key, term in severities().items()]
    return _menu(look, "severity", look.view.cases.severity, listed)


def _categories(look: Look, counts: CaseCounts) -> Any:
    """Return the major classes, and the minor ones of the one chosen below it."""
    chosen = look.view.cases.category
    options: list[Option] = []
    by_major = _by_major(counts.category)
    for major in dict.fromkeys([*major_categories(), *(by_major or {})]):
        n = None if by_major is None else by_major[major]
        is_chosen = bool(chosen and chosen.startswith(major))
        if n == 0 and not is_chosen:
            continue
        options.append(_category(look, major, n, 0))
        if is_chosen:
            minors = [code for code in _minors(counts.category) if code.startswith(major)]
            options += [_category(look, code, _of(counts.category)(code), 1) for code in minors]
    every = _to(look, category=None)
    return menu(look, look.say("choose-category"), options, chosen, every)


def _category(look: Look, code: str, n: int | None, depth: int) -> Option:
    return Option(category_word(code, look.language), n, _to(look, category=code), code, depth)


def _by_major(counts: Mapping[str, int] | None) -> Counter[str] | None:
    if counts is None:
        return None
    found: Counter[str] = Counter()
    for code, n in counts.items():
        found[code[:2]] += n
    return found


def _minors(counts: Mapping[str, int] | None) -> list[str]:
    """Return the minor classes that have cases, most first; all where nobody counted."""
    if counts is None:
        return list(categories())
    return sorted(counts, key=lambda code: (-counts[code], code))
