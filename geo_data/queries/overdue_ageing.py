"""How long past their limits the overdue cases are, in a region and in each below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from geo_data.histories import Flags, Rows, run_clocks
from geo_data.instants import millis
from geo_data.queries.case_filter import CaseFilter, asked_for, standings
from geo_data.queries.hindsight import Row, as_known, moment, shown_columns
from geo_data.queries.stage_times import steps_known
from geo_data.records import Scope
from geo_data.regions import RegionTree, region_codes, region_tree
from geo_data.rollups import RESIDUE
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.working_time import DAY_MS

EDGES = (1, 3, 7, 30)
"""Days between the classes; a case of just so many days is in the lower one."""


@dataclass(frozen=True, slots=True)
class OverdueAgeing:
    """Overdue cases by how many days they are past their limit.

    A day is a working day for a case whose limit counts working hours, and 24 hours for any
    other: each is judged by the clock it runs on.

    Parameters
    ----------
    total : tuple of int
        One for each class between :data:`EDGES`, the shortest first.
    children : dict
        By the code of each child; ``""`` is what belongs to none. They add up to ``total``.
    n_on_hours : int
        Of how many the days are working days.
    """

    total: tuple[int, ...]
    children: Mapping[str, tuple[int, ...]]
    n_on_hours: int

    @property
    def n(self) -> int:
        """How many cases."""
        return sum(self.total)


def overdue_ageing(store: Store, scope: Scope, region_code: str, at: datetime) -> OverdueAgeing:
    """Return the overdue cases of a region by how long past their limit they are.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str
        With everything below it; the city's root has cases outside its regions, too.
    at : datetime
        As known at this time.

    Returns
    -------
    OverdueAgeing
        Of the very cases that a list of overdue ones has; none for a region that may not be seen.
    """
    tree = region_tree(store, scope)
    if tree.get(region_code) is None:
        return OverdueAgeing((0,) * (len(EDGES) + 1), {}, 0)
    with store.read() as connection:
        rows = sorted(_rows(store, tree, connection, region_code, at), key=lambda row: row["id"])
        days, on_hours = _days_late(store, connection, rows, at)
    classes = np.searchsorted(np.array(EDGES), days, side="left")
    total = np.bincount(classes, minlength=len(EDGES) + 1)
    children = _by_child(tree, region_code, [row["region_code"] for row in rows], classes, total)
    return OverdueAgeing(tuple(total.tolist()), children, int(on_hours.sum()))


def _rows(
    store: Store, tree: RegionTree, connection: Connection, region_code: str, at: datetime
) -> list[Row]:
    table, now = store.tables.incidents, moment(store, connection, at)
    wanted = asked_for(store, connection, CaseFilter(standing="overdue"), now)
    wanted.append(table.c.reported_at < at)
    codes = region_codes(tree, region_code)
    if codes is not None:
        wanted.append(one_of(table.c.region_code, codes))
    found = connection.execute(select(*shown_columns(store)).where(*wanted)).mappings()
    known = as_known(store, connection, [dict(row) for row in found], now)
    return [row for row in known if "overdue" in standings(row, at)]


def _days_late(
    store: Store, connection: Connection, rows: Sequence[Row], at: datetime
) -> tuple[npt.NDArray[np.float64], Flags]:
    """Return how many days each case is late by its own clock, and whether those are worked."""
    clock = store.city.case_clock
    ids: Rows = np.array([row["id"] for row in rows], dtype=np.int64)
    category = np.array([row["category"] for row in rows], dtype=object)
    clocks = run_clocks(category, steps_known(store, connection, ids, at), clock)
    on_hours = np.zeros(len(rows), dtype=bool)
    on_hours[clocks.case] = clock.is_working(clocks.limit)
    if not rows:
        return np.zeros(0), on_hours
    due_ms = np.array([millis(row["due_at"]) for row in rows], dtype=np.int64)
    hours = clock.working_time
    now_ms = np.full(len(rows), millis(at), dtype=np.int64)
    late_ms = hours.elapsed_ms(now_ms, on_hours) - hours.elapsed_ms(due_ms, on_hours)
    return late_ms / np.where(on_hours, hours.day_ms, DAY_MS), on_hours


def _by_child(
    tree: RegionTree,
    region_code: str,
    regions: Sequence[str | None],
    classes: npt.NDArray[np.int64],
    total: npt.NDArray[np.int64],
) -> dict[str, tuple[int, ...]]:
    codes = [child.code for child in tree.children(region_code)]
    if not codes:
        return {}
    slots = tree.order(regions)
    n_slots = tree.span(tree.root.code)[1]
    columns = [
        tree.sums_below(
            np.bincount(slots[(classes == one) & (slots >= 0)], minlength=n_slots), codes
        )
        for one in range(len(total))
    ]
    table = np.stack(columns, axis=1)
    found = {code: tuple(row) for code, row in zip(codes, table.tolist(), strict=True)}
    return found | {RESIDUE: tuple((total - table.sum(axis=0)).tolist())}
