"""How many, where and when: counts over any window and region, answered from memory.

The children of a region and its residue always add up to its total: a case counts in exactly
one finest known region, and what lies outside every region counts for the whole city alone. A
region that the scope may not see counts nothing. Days are local and both ends count.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from geo_data.histories import Rows
from geo_data.records import FUNCTIONAL, Scope
from geo_data.regions import RegionTree, region_tree
from geo_data.rollups import followers
from geo_data.rollups.contributions import DIMENSIONS, MEASURES
from geo_data.rollups.cubes import Hours, no_hours
from geo_data.rollups.followers import Numbers
from geo_data.rollups.known_then import known_then
from geo_data.rollups.out_of_rows import Run, dimension_of_rows, hours_of_rows
from geo_data.store import Store

RESIDUE = ""
"""Key of what belongs to a region but to none of its children."""


def totals(
    store: Store, scope: Scope, region_code: str, first_day: int, last_day: int
) -> dict[str, int]:
    """Return every measure of a region, everything below it included.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str
        A region, or a functional area: that one is the sum of the regions whose label point
        lies in it.
    first_day, last_day : int
        Local days since 1970-01-01.

    Returns
    -------
    dict of str to int
        Every one of :data:`MEASURES`; what each counts is said at
        :func:`geo_data.rollups.contributions.count`.
    """
    tree, counts = region_tree(store, scope), followers.region_days(store)
    with counts.following(first_day):
        total = np.zeros(len(MEASURES), dtype=np.int64)
        for start, end in _runs(tree, counts.slots, region_code):
            total += counts.cube.totals(start, end, first_day, last_day)
    return dict(zip(MEASURES, total.tolist(), strict=True))


def series(
    store: Store,
    scope: Scope,
    region_code: str,
    measure: str,
    first_day: int,
    last_day: int,
    known_at: datetime | None = None,
) -> Rows:
    """Return a measure day by day, int64, shape (days,).

    Parameters
    ----------
    known_at : datetime, optional
        As known then, as far as :func:`geo_data.rollups.can_tell`; else as known now. The rest
        as :func:`totals`.
    """
    tree, counts = region_tree(store, scope), followers.region_days(store)
    column = MEASURES.index(measure)
    with counts.following(first_day):
        result = np.zeros(max(last_day - first_day + 1, 0), dtype=np.int64)
        for start, end in _runs(tree, counts.slots, region_code):
            result += counts.cube.series(start, end, first_day, last_day)[column]
    then = known_then(store, known_at)
    if then is not None:
        result += then.series(tree, region_code, column, first_day, last_day)
    return result


def is_told(store: Store, measure: str) -> bool:
    """Whether anybody ever told of what ``measure`` counts, anywhere in the city.

    Where no source tells of signatures, none in time is not a share of zero: nobody knows it.
    """
    counts = followers.region_days(store)
    with counts.following():
        return counts.has_any(measure)


def by_child(
    store: Store,
    scope: Scope,
    region_code: str,
    measure: str,
    first_day: int,
    last_day: int,
    known_at: datetime | None = None,
) -> dict[str, int]:
    """Return a measure for each child of a region, and its residue under :data:`RESIDUE`.

    The values add up to ``series(...)`` of the region; parameters as there. Empty for a region
    that may not be seen.
    """
    tree = region_tree(store, scope)
    if tree.get(region_code) is None:
        return {}
    children = [child.code for child in tree.children(region_code)]
    asked = [region_code, *children]
    found = np.array(_sums(store, tree, asked, measure, first_day, last_day), dtype=np.int64)
    then = known_then(store, known_at)
    if then is not None:
        found += then.each(tree, asked, MEASURES.index(measure), first_day, last_day)
    total, *parts = found.tolist()
    return dict(zip(children, parts, strict=True)) | {RESIDUE: total - sum(parts)}


def by_level(
    store: Store,
    scope: Scope,
    level: str,
    measure: str,
    first_day: int,
    last_day: int,
    known_at: datetime | None = None,
) -> dict[str, int]:
    """Return a measure for every visible region of a level; ``"functional"`` is one."""
    tree, counts = region_tree(store, scope), followers.region_days(store)
    key, stamp = ("level-runs", level, tree.root.code), store.stamp("regions")
    codes, runs, owner = store.cached(key, stamp, lambda: _level_runs(tree, counts.slots, level))
    with counts.following(first_day):
        ends = np.where(runs[:, 1] < 0, len(counts.slots), runs[:, 1])
        running = counts.cube.by_slot(MEASURES.index(measure), first_day, last_day)
    sums = np.bincount(owner, running[ends] - running[runs[:, 0]], len(codes)).astype(np.int64)
    then = known_then(store, known_at)
    if then is not None:
        sums += then.each(tree, codes, MEASURES.index(measure), first_day, last_day)
    return dict(zip(codes, sums.tolist(), strict=True))


def dimension(
    store: Store,
    scope: Scope,
    region_code: str,
    name: str,
    first_day: int,
    last_day: int,
    known_at: datetime | None = None,
) -> dict[str, int]:
    """Return the cases reported by key of a dimension, most first; absent keys have none.

    Parameters
    ----------
    name : str
        One of :data:`DIMENSIONS`. The rest as :func:`series`.
    """
    where = store, scope, region_code
    found = dimension_series(*where, name, first_day, last_day, known_at)
    counts = {key: int(days.sum()) for key, days in found.items()}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def dimension_series(
    store: Store,
    scope: Scope,
    region_code: str,
    name: str,
    first_day: int,
    last_day: int,
    known_at: datetime | None = None,
) -> dict[str, Rows]:
    """Return the cases reported by key of a dimension day by day, each shape (days,).

    Read from the rows below the level that is rolled up; see :func:`dimension`.
    """
    if name not in DIMENSIONS:
        raise ValueError(f"no dimension {name!r}, there are {', '.join(DIMENSIONS)}")
    tree, counts = region_tree(store, scope), followers.dimension_days(store)
    run = _branch_run(tree, counts.slots, region_code, store)
    then = known_then(store, known_at)
    if run is None:
        asked_at = known_at if then is not None else None
        days_asked = first_day, last_day
        return dimension_of_rows(store, tree, region_code, name, days_asked, asked_at)
    with counts.following(first_day):
        end = len(counts.slots) if run == _EVERYTHING else run[1]
        days = counts.cube.series(run[0], end, first_day, last_day)
        columns = list(counts.columns)
    found = {
        column.partition(" ")[2]: days[number]
        for number, column in enumerate(columns)
        if column.startswith(f"{name} ")
    }
    if then is not None:
        branch = None if run == _EVERYTHING else region_code
        for key, more in then.dimension(branch, name, first_day, last_day).items():
            found[key] = found.get(key, 0) + more
    return {key: counts for key, counts in found.items() if counts.any()}


def metric_hours(
    store: Store, scope: Scope, region_code: str, metric: str, first_hour: int, last_hour: int
) -> Hours:
    """Return a metric of a region's sensors hour by hour.

    Parameters
    ----------
    metric : str
        As sensors name it.
    first_hour, last_hour : int
        UTC hours since 1970-01-01, both included. The rest as :func:`totals`.

    Returns
    -------
    Hours
        ``hours, n, total, low, high``, each shape (hours,): the mean is ``total / n``, and
        ``low`` and ``high`` are NaN where ``n`` is 0.
    """
    tree, metrics = region_tree(store, scope), followers.metric_hours(store)
    run = _branch_run(tree, metrics.slots, region_code, store)
    if run is None:
        return hours_of_rows(store, tree, region_code, metric, first_hour, last_hour)
    with metrics.following(first_hour):
        end = len(metrics.slots) if run == _EVERYTHING else run[1]
        column = metrics.metrics.find(metric)
        if column is None:
            return no_hours(first_hour, last_hour)
        return metrics.cube.hours(range(run[0], end), column, first_hour, last_hour)


def _sums(
    store: Store, tree: RegionTree, codes: list[str], measure: str, first_day: int, last_day: int
) -> list[int]:
    counts = followers.region_days(store)
    with counts.following(first_day):
        runs = [list(_runs(tree, counts.slots, code)) for code in codes]
        # A year of every region is megabytes; of a town and what is in it, it is nothing.
        low = min((start for each in runs for start, _ in each), default=0)
        high = max((end for each in runs for _, end in each), default=low)
        column = MEASURES.index(measure)
        running = counts.cube.by_slot(column, first_day, last_day, (low, high))
    return [
        int(sum(running[end - low] - running[start - low] for start, end in each)) for each in runs
    ]


def _level_runs(tree: RegionTree, slots: Numbers, level: str) -> tuple[list[str], Rows, Rows]:
    """Codes of a level, the runs of slots of all of them, and which code each run is of."""
    codes = tree.codes_at(level)
    found = [
        (number, *(_EVERYTHING if _is_city(tree, code) else run))
        for number, code in enumerate(codes)
        for run in _runs(tree, slots, code)
    ]
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    return codes, table[:, 1:], table[:, 0]


def _runs(tree: RegionTree, slots: Numbers, region_code: str) -> Iterator[Run]:
    """Yield the runs of slots that make up a region; none for one that may not be seen."""
    region = tree.get(region_code)
    if region is None:
        return
    if region.level == FUNCTIONAL:
        for code in tree.subtree(region_code):
            slot = slots.find(code)
            if slot is not None:
                yield slot, slot + 1
    elif _is_city(tree, region_code):
        yield 0, len(slots)
    else:
        yield tree.span(region_code)


def _is_city(tree: RegionTree, region_code: str) -> bool:
    return tree.is_whole_city and region_code == tree.root.code


_EVERYTHING = (0, -1)
"""The run of all slots, however many there come to be."""


def _branch_run(tree: RegionTree, slots: Numbers, region_code: str, store: Store) -> Run | None:
    """Slots of the region in a table kept by branches; ``None`` where its rows must be asked."""
    region = tree.get(region_code)
    if region is None or region.level == FUNCTIONAL:
        return None
    if _is_city(tree, region_code):
        return _EVERYTHING
    is_branch = store.city.level_keys.index(region.level) == 1
    slot = slots.find(region_code) if is_branch else None
    return None if slot is None else (slot, slot + 1)
