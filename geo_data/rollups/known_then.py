"""What was counted as known at a moment that is past: today's counts less what was learned since.

The rollups hold what is known now. What changed since the moment is read off the end of the
change log; those cases are counted once as they are and once as they were known, and the
difference is what has to be added. Steps and whole cases that were told later are undone; a
case that was told anew (another category, another place) is counted as it is now, because what
it was before is not kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Connection, select

from geo_data.histories import Flags, Rows, judge
from geo_data.records import Scope
from geo_data.regions import RegionTree, region_tree
from geo_data.rollups.case_log import CaseLog, Slots, case_log_then
from geo_data.rollups.case_reading import read_cases, read_steps
from geo_data.rollups.contributions import DIMENSIONS, Counts, count, difference
from geo_data.rollups.rows import branches_of
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.working_time import Millis

FEW = 5_000
"""Changes since the moment asked about that are looked at one by one."""


def is_past(store: Store, at: datetime) -> bool:
    """Whether anything was learned of cases after ``at``."""
    layer = store.layers().get("incidents")
    return layer is not None and at < layer.updated_at


def changed_since(store: Store, connection: Connection, at: datetime) -> set[int] | None:
    """Ids of the cases changed after ``at``; ``None`` if the log does not reach back so far."""
    changes = store.tables.changes
    newest_first = (
        select(changes.c.at, changes.c.topic, changes.c.body)
        .order_by(changes.c.seq.desc())
        .limit(FEW)
    )
    ids: set[int] = set()
    for when, topic, body in connection.execute(newest_first):
        if when <= at:
            return ids
        told = json.loads(body)
        if topic == "incidents":
            ids.update(row["id"] for row in told["rows"])
        elif topic == "layers" and told["layer"] == "incidents":
            # Loaded in bulk, nobody wrote down which.
            return None
    return None


@dataclass(frozen=True)
class KnownThen:
    """What must be added to today's daily counts, and the instants as known then.

    Parameters
    ----------
    days : int64, shape (n,)
        Local days since 1970-01-01.
    slots : int32, shape (n,)
        Region in drill order, -1 outside every region.
    measures : int64, shape (n, measures)
    cell_days, cell_dimension, cell_n : shape (m,)
        Of cases by dimension.
    cell_branches, cell_keys : object, shape (m,)
        ``""`` is outside every region.
    log : CaseLog
    """

    days: Millis
    slots: Slots
    measures: Rows
    cell_days: Millis
    cell_branches: Sequence[str]
    cell_dimension: Rows
    cell_keys: Sequence[str]
    cell_n: Rows
    log: CaseLog

    def series(
        self, tree: RegionTree, region_code: str, column: int, first_day: int, last_day: int
    ) -> Rows:
        """Return what must be added to a measure of a region, shape (days,)."""
        mine = self._between(first_day, last_day) & self._within(tree, region_code)
        found = np.zeros(max(last_day - first_day + 1, 0), dtype=np.int64)
        np.add.at(found, self.days[mine] - first_day, self.measures[mine, column])
        return found

    def each(
        self, tree: RegionTree, codes: Sequence[str], column: int, first_day: int, last_day: int
    ) -> Rows:
        """Return what must be added to a measure of each region, shape (codes,)."""
        mine = self._between(first_day, last_day)
        return np.array(
            [self.measures[mine & self._within(tree, code), column].sum() for code in codes],
            dtype=np.int64,
        )

    def dimension(
        self, branch: str | None, name: str, first_day: int, last_day: int
    ) -> dict[str, Rows]:
        """Return what must be added by key of a dimension; of the whole city for ``None``."""
        found: dict[str, Rows] = {}
        number = DIMENSIONS.index(name)
        rows = zip(
            *(self.cell_days.tolist(), self.cell_branches, self.cell_dimension.tolist()),
            *(self.cell_keys, self.cell_n.tolist()),
            strict=True,
        )
        for day, region, dimension, key, n in rows:
            is_mine = branch is None or region == branch
            if is_mine and dimension == number and first_day <= day <= last_day:
                empty = np.zeros(last_day - first_day + 1, dtype=np.int64)
                found.setdefault(key, empty)[day - first_day] += n
        return found

    def _between(self, first_day: int, last_day: int) -> Flags:
        return (self.days >= first_day) & (self.days <= last_day)

    def _within(self, tree: RegionTree, region_code: str) -> Flags:
        if tree.is_whole_city and region_code == tree.root.code:
            # Cases outside every region count for the whole city.
            return np.ones(len(self.slots), dtype=bool)
        return tree.within(self.slots, region_code)


def known_then(store: Store, at: datetime | None) -> KnownThen | None:
    """Return what was known at a moment.

    Parameters
    ----------
    store : Store
    at : datetime or None
        Aware; ``None`` is the present.

    Returns
    -------
    KnownThen or None
        ``None`` for the present, and where nobody can tell: see :func:`can_tell`.
    """
    if at is None or not is_past(store, at):
        return None
    version = (at, store.stamp("incidents", "regions"))
    return store.cached("known-then", version, lambda: _known(store, at))


def can_tell(store: Store, at: datetime) -> bool:
    """Whether counts can be given as known at ``at``: the change log reaches back so far."""
    return not is_past(store, at) or known_then(store, at) is not None


def _known(store: Store, at: datetime) -> KnownThen | None:
    with store.read() as connection:
        changed = changed_since(store, connection, at)
        if changed is None:
            return None
        ids = sorted(changed)
        less = _counts(store, connection, ids, None)
        more = _counts(store, connection, ids, at)
        log = case_log_then(store, connection, at, ids)
    added = difference(more, less)
    cells = added.dimensions
    tree = region_tree(store, Scope.everything())
    return KnownThen(
        days=added.days,
        slots=tree.order(code or None for code in added.regions.tolist()),
        measures=added.measures,
        cell_days=cells.days,
        cell_branches=cells.regions.tolist(),
        cell_dimension=cells.dimension,
        cell_keys=cells.keys.tolist(),
        cell_n=cells.n,
        log=log,
    )


def _counts(
    store: Store, connection: Connection, changed: Sequence[int], at: datetime | None
) -> Counts:
    """Count the changed cases as known at a moment, or now."""
    chosen = one_of(store.tables.incidents.c.id, changed)
    ids, cases = read_cases(store, connection, chosen, at)
    steps = read_steps(store, connection, ids, at)
    verdict = judge(cases, steps, store.city.case_clock)
    branches = branches_of(store)
    return count(cases, steps, verdict, store.city.zone, lambda code: branches.get(code, ""))
