"""Where cases are many among many, or few among few, and how that came about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from geo_data.queries import region_outlines
from geo_data.records import Scope
from geo_data.store import Store
from geo_data.words import Label
from indicators.early_warning.local_g import FEWEST, LocalG, contiguity, local_g_star
from indicators.early_warning.many_tests import q_values
from indicators.early_warning.past import Past
from indicators.early_warning.signal import MOST_CASES, Kind, Signal, Spot
from indicators.early_warning.trend import Trend, trends
from indicators.early_warning.wording import chance, sentence, times, trend_word

if TYPE_CHECKING:
    from libpysal.graph import Graph

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

SPAN_DAYS = 28
WEEKS = 8
Q = 0.05
"""Of the regions shown one in twenty may be chance."""
WEEK_P = 0.05
"""What makes a region hot in one of its weeks, when it is asked how a hot spot came about."""
RUNS, WEEK_RUNS = 6, 4


@dataclass(frozen=True, slots=True)
class HotSpots:
    """What was found of a city.

    Parameters
    ----------
    signals : tuple of Signal
    spots : dict
        Region code -> what it is.
    notes : tuple of Label
        What could not be looked at.
    """

    signals: tuple[Signal, ...] = ()
    spots: dict[str, Spot] | None = None
    notes: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class _Field:
    """Counts of the regions of the finest level: the span's, and week by week.

    ``number`` is the region of each case, -1 for none.
    """

    codes: Sequence[str]
    names: Sequence[str]
    parents: Sequence[str]
    level: Label
    graph: Graph
    counts: Floats
    weekly: Floats
    number: Whole


def hot_spots(store: Store, scope: Scope, past: Past) -> HotSpots:
    """Return hot, cold and emerging spots of the finest regions.

    Raw counts: a grid is drawn to be a share of work, and what is asked is where people are
    needed. Cases per resident would set villages of three households on top, and few cities know
    the residents of a grid.
    """
    outlines = region_outlines(store, scope, store.city.finest_level)
    if len(outlines.codes) < FEWEST:
        return HotSpots(notes=(sentence("note-few-regions", {}),))
    if past.days < SPAN_DAYS:
        return HotSpots(notes=(sentence("note-short-hot", {"days": past.days}),))
    parents = [_name(past, code) for code in outlines.parents]
    ground = _Field(
        *(outlines.codes, outlines.names, parents, store.city.levels[-1].name),
        contiguity(outlines.shapes, store.city.metric_crs),
        *_counted(past, outlines.codes),
    )
    found = local_g_star(ground.counts, ground.graph, RUNS)
    if found is None:
        return HotSpots()
    notes = () if past.days >= 7 * WEEKS else (
        sentence("note-short-trend", {"days": past.days}),
    )  # fmt: skip
    return _judged(past, ground, found, notes)


def _name(past: Past, code: str | None) -> str:
    region = past.tree.get(code) if code else None
    return region.name if region is not None else ""


def _counted(past: Past, codes: Sequence[str]) -> tuple[Floats, Floats, Whole]:
    place = {code: number for number, code in enumerate(codes)}
    number = np.array([place.get(code, -1) for code in past.cases.region], dtype=np.int64)
    inside = number >= 0
    week = past.day // 7
    counts = np.bincount(number[inside & (past.day < SPAN_DAYS)], minlength=len(codes))
    chosen = inside & (week < WEEKS)
    flat = number[chosen] * WEEKS + (WEEKS - 1 - week[chosen])
    weekly = np.bincount(flat, minlength=len(codes) * WEEKS).reshape(-1, WEEKS)
    return counts.astype(np.float64), weekly.astype(np.float64), number


def _judged(past: Past, ground: _Field, found: LocalG, notes: tuple[Label, ...]) -> HotSpots:
    # Two-sided: a region may be hot or cold.
    q = q_values(np.minimum(2.0 * np.minimum(found.p_hot, found.p_cold), 1.0))
    is_hot = found.p_hot < found.p_cold
    hot, cold = (q <= Q) & is_hot, (q <= Q) & ~is_hot
    words, newest_q = _words(ground, hot) if past.days >= 7 * WEEKS else ({}, q)
    is_new = np.array([words.get(row) == "new" for row in range(len(q))])
    emerging = is_new | np.array([words.get(row) == "intensifying" for row in range(len(q))])
    # What is new is sure by its week, what goes on by its span.
    sure = np.where(is_new, newest_q, q)
    shown = np.flatnonzero(hot | cold | emerging).tolist()
    spots = {
        ground.codes[row]: Spot(
            float(found.z[row]),
            float(sure[row]),
            bool(is_hot[row] or emerging[row]),
            words.get(row),
        )
        for row in shown
    }
    signals = [
        *_patches("emerging", past, ground, emerging, found.z, sure, words),
        *_patches("hot-spot", past, ground, hot, found.z, q, words),
        *_patches("cold-spot", past, ground, cold, found.z, q, {}),
    ]
    return HotSpots(tuple(signals), spots, notes)


def _words(ground: _Field, hot: Flags) -> tuple[dict[int, Trend], Floats]:
    """Return a word for every region that is hot in the span or this week, and this week's q."""
    n, weeks = ground.weekly.shape
    z, is_hot = np.zeros((n, weeks)), np.zeros((n, weeks), dtype=bool)
    q = np.full(n, np.nan)
    for week in range(weeks):
        newest = week == weeks - 1
        found = local_g_star(ground.weekly[:, week], ground.graph, WEEK_RUNS if newest else 1)
        if found is None:
            continue
        z[:, week] = np.nan_to_num(found.z)
        is_hot[:, week] = found.p_hot <= WEEK_P
        if newest:
            q = q_values(found.p_hot)
            # This week a region is hot among all that were tested, not by itself.
            is_hot[:, week] = (q <= Q) | (hot & (found.p_hot <= WEEK_P))
    asked = np.flatnonzero(hot | (q <= Q))
    said = trends(is_hot[asked], z[asked])
    words = {int(row): word for row, word in zip(asked, said, strict=True) if word is not None}
    return {row: word for row, word in words.items() if hot[row] or word == "new"}, q


def _patches(
    kind: Kind,
    past: Past,
    ground: _Field,
    chosen: Flags,
    z: Floats,
    q: Floats,
    words: dict[int, Trend],
) -> Iterator[Signal]:
    """Yield neighbouring regions of a kind as one signal, the strongest first."""
    from scipy.sparse.csgraph import connected_components

    rows = np.flatnonzero(chosen)
    if not len(rows):
        return
    near = ground.graph.sparse.tocsr()[rows][:, rows]
    _, patch = connected_components(near, directed=False)
    groups = [rows[patch == number] for number in range(patch.max() + 1)]
    peaks = [group[np.argmax(np.abs(z[group]))] for group in groups]
    for at in np.argsort([-abs(z[peak]) for peak in peaks], kind="stable").tolist():
        yield _signal(kind, past, ground, groups[at], int(peaks[at]), z, q, words)


def _signal(
    kind: Kind,
    past: Past,
    ground: _Field,
    group: Whole,
    peak: int,
    z: Floats,
    q: Floats,
    words: dict[int, Trend],
) -> Signal:
    newest = kind == "emerging"
    counts = ground.weekly[:, -1] if newest else ground.counts
    # What the statistic speaks of: the region where it is strongest and its neighbours.
    around = np.union1d(peak, ground.graph.sparse.tocsr()[[peak]].indices)
    n, expected = int(counts[around].sum()), float(counts.mean() * len(around))
    before = float(ground.weekly[around, :-1].sum(axis=0).mean())
    trend = words.get(peak)
    values = {
        "where": f"{ground.parents[peak]} {ground.names[peak]}".strip(),
        "level": ground.level,
        "regions": len(around),
        "patch": len(group),
        "days": SPAN_DAYS,
        "n": n,
        "times": times(n / expected) if expected else "0",
        "expected": f"{expected:.0f}",
        "before": f"{before:.1f}",
        "trend": trend_word(trend) if trend else "",
        "chance": lambda language: chance(float(q[peak]), language),
    }
    keys = {
        "emerging": f"reason-emerging-{trend}",
        "hot-spot": "reason-hot-spot-trend" if trend else "reason-hot-spot",
        "cold-spot": "reason-cold-spot",
    }
    code = ground.codes[peak]
    region = past.tree.get(code)
    return Signal(
        kind=kind,
        key=f"{kind}:{code}",
        region_code=code,
        window=past.last(7 if newest else SPAN_DAYS),
        strength=float(z[peak]),
        count=n,
        expected=before if newest else expected,
        q=float(q[peak]),
        reason=sentence(keys[kind], values),
        codes=tuple(ground.codes[row] for row in around.tolist()),
        trend=trend,
        cases=_cases(past, ground, around, 7 if newest else SPAN_DAYS),
        lon=region.lon if region else None,
        lat=region.lat if region else None,
    )


def _cases(past: Past, ground: _Field, around: Whole, days: int) -> tuple[int, ...]:
    mine = np.isin(ground.number, around) & (past.day < days)
    newest = past.cases.id[mine][::-1]
    return tuple(newest.tolist()) if len(newest) <= MOST_CASES else ()
