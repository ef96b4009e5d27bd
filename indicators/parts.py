"""What an indicator is made of: the series behind a value, each with its own value and a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from geo_data import queries
from geo_data.dictionaries import major_categories, sensor_kinds, word
from geo_data.records import Scope
from geo_data.store import Store
from geo_data.words import LANGUAGES, Label
from indicators import frozen
from indicators.engine import period_of
from indicators.history import History
from indicators.installed import kinds_of_metric
from indicators.spec import (
    Answers,
    Cases,
    CasesOf,
    HotSpots,
    Indicator,
    Need,
    Readings,
    Repeats,
    Residents,
    Sensors,
    Standing,
    Unclosed,
)
from indicators.wording import WORDS, label


@dataclass(frozen=True, slots=True)
class Part:
    """One series of an indicator; ``value`` is ``None`` where nobody knows it."""

    need: Need
    name: Label
    value: float | None


def parts(
    store: Store,
    scope: Scope,
    region_code: str,
    indicator: Indicator,
    period_key: str,
    at: datetime,
) -> list[Part]:
    """Return what a value is made of, in the order of the formula.

    Empty for a region that may not be seen. Raises ``KeyError`` for a period that there is not.
    """
    if queries.region_tree(store, scope).get(region_code) is None:
        return []
    span = period_of(store, period_key, at)
    published = frozen.parts(store, scope, region_code, indicator, span.window, at)
    if published is not None:
        pairs = zip(indicator.needs, published, strict=True)
        return [Part(need, name_of(need), value) for need, value in pairs]
    history = History(store, scope, region_code, span, at, (span.window, span.window))
    found = []
    for need in indicator.needs:
        value = float(history.need(need)[0])
        found.append(Part(need, name_of(need), None if value != value else value))
    return found


def name_of(need: Need) -> Label:
    """Say what a series counts.

    Examples
    --------
    >>> name_of(Cases("due"))("en"), name_of(CasesOf("channel", ("police",)))("zh-CN")
    ('fell due', '上报 · 110 非警务警情分流')
    """
    match need:
        case Cases(measure):
            return label(f"series-{measure.replace('_', '-')}")
        case Unclosed():
            return label("series-unclosed")
        case Standing(what):
            return label(f"series-{what}")
        case Repeats():
            return label("series-repeats")
        case HotSpots():
            return label("series-hot-spots")
        case Answers(part):
            return label(f"series-answers-{part}")
        case Residents():
            return label("series-residents")
        case CasesOf(dimension, keys):
            return _named("series-reported", dimension, keys)
        case Readings(metric, part):
            return _of_kinds(f"series-readings-{part}", kinds_of_metric(metric))
        case Sensors(kinds, part):
            return _of_kinds(f"series-sensors-{part}", kinds)


def _named(key: str, dimension: str, keys: tuple[str, ...]) -> Label:
    dictionary = {"category": "categories", "channel": "channels", "severity": "severities"}

    def said(one: str, language: str) -> str:
        major = major_categories().get(one) if dimension == "category" else None
        return major.label(language) if major else word(dictionary[dimension], one, language)

    zh, en = (
        f"{WORDS(key, language)} · {'、'.join(said(one, language) for one in keys)}"
        if language == "zh-CN"
        else f"{WORDS(key, language)} · {', '.join(said(one, language) for one in keys)}"
        for language in LANGUAGES
    )
    return Label(zh=zh, en=en)


def _of_kinds(key: str, kinds: tuple[str, ...]) -> Label:
    known = sensor_kinds()
    texts = []
    for language in LANGUAGES:
        names = [known[kind].label(language) for kind in kinds[:3]]
        joined = ("、" if language == "zh-CN" else ", ").join(names)
        more = "…" if len(kinds) > len(names) else ""
        texts.append(f"{joined}{more} · {WORDS(key, language)}")
    return Label(zh=texts[0], en=texts[1])
