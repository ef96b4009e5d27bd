"""The open cases that have a place, in memory: read once, then kept up to date by the change log.

A legend counts them at every look. Reading all of them again after every commit costs as much as
the city is large; following the log costs as much as came in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, and_, func, select

from geo_data.distinct import numbered
from geo_data.histories import Rows
from geo_data.records import FUNCTIONAL, Scope, Severity
from geo_data.regions import RegionTree, region_tree
from geo_data.rollups.case_log import Slots, changed_cases
from geo_data.store import Store
from geo_data.store.code_lists import one_of

Severities = npt.NDArray[np.uint8]
_PLACES = len(Severity) + 1
"""Severities count from 1."""


@dataclass(frozen=True, slots=True)
class PlacedCases:
    """Cases by the region they were assigned to, in drill order, all of shape (n,).

    Parameters
    ----------
    case : int64
        Ids.
    slot : int32
        Regions as :meth:`geo_data.regions.RegionTree.order` numbers them; -1, which comes first,
        outside every region.
    severity : uint8
        1 is the worst.
    """

    case: Rows
    slot: Slots
    severity: Severities

    @classmethod
    def of(cls, store: Store, rows: Sequence[Sequence[Any]]) -> PlacedCases:
        """Return cases given as id, region code or ``None``, and severity."""
        ids, codes, severities = zip(*rows, strict=True) if rows else [()] * 3
        number, known = numbered(np.array(codes, dtype=object))
        slot = region_tree(store, Scope.everything()).order(known.tolist())[number]
        order = np.argsort(slot, kind="stable")
        case, severity = np.array(ids, dtype=np.int64), np.array(severities, dtype=np.uint8)
        return cls(case[order], slot[order], severity[order])

    def replaced(self, changed: Collection[int], new: PlacedCases) -> PlacedCases:
        """Return the cases with ``new`` in the place of those among ``changed``."""
        kept = ~np.isin(self.case, np.array(list(changed), dtype=np.int64))
        slot = self.slot[kept]
        at = np.searchsorted(slot, new.slot)
        return PlacedCases(
            np.insert(self.case[kept], at, new.case),
            np.insert(slot, at, new.slot),
            np.insert(self.severity[kept], at, new.severity),
        )

    def by_severity(self, tree: RegionTree, region_code: str) -> Rows:
        """Count the cases of a region with everything below it.

        Parameters
        ----------
        tree : RegionTree
            What the viewer may see; a region beyond that counts nothing.
        region_code : str
            The root of the whole city holds what lies outside every region too.

        Returns
        -------
        int64, shape (severities + 1,)
            By the number of the severity.
        """
        return np.bincount(self.severity[self._inside(tree, region_code)], minlength=_PLACES)

    def _inside(self, tree: RegionTree, region_code: str) -> Any:
        region = tree.get(region_code)
        if region is None:
            return slice(0, 0)
        if tree.is_whole_city and region_code == tree.root.code:
            return slice(None)
        if region.level == FUNCTIONAL:
            return tree.within(self.slot, region_code)
        return slice(*np.searchsorted(self.slot, np.array(tree.span(region_code), dtype=np.int32)))


@dataclass(frozen=True, slots=True)
class _Followed:
    """All open cases with a place, as of the change ``seq``."""

    stamp: object
    seq: int
    cases: PlacedCases


def placed_cases(store: Store, connection: Connection) -> PlacedCases:
    """Return the open cases that have a place, whole city, as ``connection`` sees them."""
    stamp = store.stamp("regions")
    held = store.held("placed-cases")
    seq = connection.scalar(select(func.max(store.tables.changes.c.seq))) or 0
    changed = None
    if isinstance(held, _Followed) and held.stamp == stamp:
        if held.seq == seq:
            return held.cases
        changed = changed_cases(store, connection, held.seq)
    if isinstance(held, _Followed) and changed is not None:
        cases = held.cases
        if changed:
            mine = one_of(store.tables.incidents.c.id, changed)
            cases = cases.replaced(changed, _read(store, connection, mine))
    else:
        cases = _read(store, connection, None)
    made = _Followed(stamp, seq, cases)
    return store.cached("placed-cases", (stamp, seq), lambda: made).cases


def _read(store: Store, connection: Connection, mine: Any) -> PlacedCases:
    table = store.tables.incidents
    placed = and_(table.c.ended_at.is_(None), table.c.lon.is_not(None))
    wanted = select(table.c.id, table.c.region_code, table.c.severity).where(placed)
    rows = connection.execute(wanted if mine is None else wanted.where(mine)).all()
    return PlacedCases.of(store, rows)
