"""Which categories and channels are unusually many, in the last day and in the last week."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from geo_data.distinct import numbered
from geo_data.words import Label
from indicators.early_warning.clusters import where
from indicators.early_warning.excess import excess
from indicators.early_warning.many_tests import q_values
from indicators.early_warning.past import Past
from indicators.early_warning.signal import MOST_CASES, Signal
from indicators.early_warning.wording import chance, sentence, term

Trait = Literal["category", "channel"]
Span = Literal["day", "week"]

Q = 0.01
"""Where nothing is the matter, one look in a hundred raises anything."""
LEAST_CASES = 5
"""Fewer are no warning, whatever chance says: somebody reads the list anyway."""
LEAST_DAYS = 35
DAY_HALF_LIFE, WEEK_HALF_LIFE = 14.0, 6.0
BASE_DAYS, BASE_WEEKS = 56, 25


@dataclass(frozen=True, slots=True)
class _Table:
    """Counts by unit and key, the newest span last; ``rows`` says which cell is which."""

    trait: Trait
    span: Span
    counts: npt.NDArray[np.float64]
    groups: npt.NDArray[np.int64]
    cells: list[tuple[str, str]]


def anomalies(past: Past) -> tuple[list[Signal], list[Label]]:
    """Return unusual rises, the least likely first, and what could not be looked at."""
    if past.days < LEAST_DAYS:
        told = {"days": past.days, "least": LEAST_DAYS}
        return [], [sentence("note-short-anomaly", told)]
    asked = [(trait, span) for trait in get_args(Trait) for span in get_args(Span)]
    tables = [table for trait, span in asked if (table := _table(past, trait, span)) is not None]
    judged = [
        excess(one.counts, one.groups, DAY_HALF_LIFE, 7)
        if one.span == "day"
        else excess(one.counts, one.groups, WEEK_HALF_LIFE)
        for one in tables
    ]
    if not tables:
        return [], []
    # Everything that is asked at this look is one family.
    q = q_values(np.concatenate([one.p for one in judged]))
    found: list[Signal] = []
    start = 0
    for table, each in zip(tables, judged, strict=True):
        mine = q[start : start + len(each.p)]
        start += len(each.p)
        enough = (mine <= Q) & (table.counts[:, -1] >= LEAST_CASES)
        for row in np.flatnonzero(enough).tolist():
            figures = float(each.expected[row]), float(each.p[row]), float(mine[row])
            found.append(_signal(past, table, row, figures))
    return list(_told_once(sorted(found, key=lambda one: (one.p or 0.0, one.key)))), []


def _table(past: Past, trait: Trait, span: Span) -> _Table | None:
    values = past.cases.category if trait == "category" else past.cases.channel
    numbers, keys = numbered(values)
    days = 1 if span == "day" else 7
    spans = min(BASE_DAYS if days == 1 else BASE_WEEKS, past.days // days - 1)
    if spans < 4 or not len(keys):
        return None
    back = past.day // days
    units = past.units()
    n_keys = len(keys)
    counts = np.zeros((len(units), n_keys, spans + 1))
    for number, mine in enumerate(past.of_units()):
        chosen = mine & (back <= spans)
        flat = numbers[chosen] * (spans + 1) + (spans - back[chosen])
        counts[number] = np.bincount(flat, minlength=n_keys * (spans + 1)).reshape(n_keys, -1)
    # The whole swings otherwise than its parts: a rainy week is everywhere at once.
    whole = np.arange(len(units)) == 0
    groups = np.arange(n_keys)[None, :] + n_keys * whole[:, None]
    cells = [(unit, str(key)) for unit in units for key in keys.tolist()]
    table = counts.reshape(len(cells), spans + 1)
    seen = np.flatnonzero(table.any(axis=1))
    kept = [cells[row] for row in seen.tolist()]
    return _Table(trait, span, table[seen], groups.reshape(-1)[seen], kept)


def _signal(past: Past, table: _Table, row: int, figures: tuple[float, float, float]) -> Signal:
    unit, key = table.cells[row]
    expected, p, q = figures
    days = 1 if table.span == "day" else 7
    n = int(table.counts[row, -1])
    is_category = table.trait == "category"
    values = {
        "where": where(past, unit) or past.tree.root.name,
        "what": term("categories", key)
        if is_category
        else sentence("by-channel", {"channel": term("channels", key)}),
        "n": n,
        "expected": f"{expected:.1f}",
        "chance": lambda language: chance(q, language),
    }
    region = past.tree.ancestors(unit)[-1]
    return Signal(
        kind="anomaly",
        key=f"anomaly:{unit}:{table.trait}:{key}:{table.span}",
        region_code=unit,
        window=past.last(days),
        strength=n / max(expected, 0.5),
        count=n,
        expected=expected,
        p=p,
        q=q,
        reason=sentence(f"reason-anomaly-{table.span}", values),
        category=key if is_category else None,
        channel=None if is_category else key,
        cases=_cases(past, unit, table.trait, key, days),
        lon=region.lon,
        lat=region.lat,
    )


def _cases(past: Past, unit: str, trait: Trait, key: str, days: int) -> tuple[int, ...]:
    cases = past.cases
    values = cases.category if trait == "category" else cases.channel
    mine = (past.day < days) & (values == key)
    if unit != past.tree.root.code:
        mine &= past.tree.within(past.tree.order(cases.region.tolist()), unit)
    found = cases.id[mine][::-1]
    return tuple(found.tolist()) if len(found) <= MOST_CASES else ()


def _told_once(found: list[Signal]) -> Iterator[Signal]:
    """Leave out the week of what is told of the day already, and the other way round."""
    told: set[tuple[str, str | None, str | None]] = set()
    for one in found:
        what = (one.region_code, one.category, one.channel)
        if what not in told:
            told.add(what)
            yield one
