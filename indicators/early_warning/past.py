"""What a look at early warning starts from: the cases of half a year, read once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from geo_data.instants import millis
from geo_data.queries.reported_cases import ReportedCases, first_reported, reported_cases
from geo_data.records import Scope, Window
from geo_data.regions import RegionTree, region_tree
from geo_data.store import Store
from geo_data.working_time import DAY_MS

DAYS = 182
"""So far back cases are read: half a year."""

Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Past:
    """Cases before a moment, in spans of 24 hours that end with it.

    Parameters
    ----------
    at : datetime
        The moment.
    cases : ReportedCases
        All that may be seen.
    day : int64, shape (n,)
        How many whole days before the moment each was reported: 0 within the last 24 hours.
    days : int
        Whole days of which anything is known: before the city's first case nobody counted.
    tree : RegionTree
        What may be seen.
    """

    at: datetime
    cases: ReportedCases
    day: Whole
    days: int
    tree: RegionTree

    def last(self, days: int) -> Window:
        """Return the window of the last days."""
        return Window(self.at - timedelta(days=days), self.at)

    def by_day(self, chosen: Flags | slice, days: int | None = None) -> Whole:
        """Count the chosen cases of each day known, the newest last, shape (days,)."""
        wanted = days or self.days
        day = self.day[chosen]
        found: Whole = np.bincount(day[day < wanted], minlength=wanted)[::-1]
        return found

    def units(self) -> list[str]:
        """Return what is judged as a whole: all that is seen, and the regions a level below.

        Whoever sees one town judges that: below it are grids, whose few cases are the business
        of hot spots.
        """
        root = self.tree.root.code
        if self.tree.level_index(root) > 0:
            return [root]
        children = [child.code for child in self.tree.children(root)]
        return [root, *(code for code in children if self.tree.children(code))]

    def of_units(self) -> list[Flags]:
        """Return which cases are of each of :meth:`units`."""
        numbers = self.tree.order(self.cases.region.tolist())
        everything = np.ones(len(self.cases), dtype=bool)
        towns = self.units()[1:]
        return [everything, *(self.tree.within(numbers, code) for code in towns)]


def past(store: Store, scope: Scope, at: datetime) -> Past:
    """Read the cases before ``at`` that ``scope`` may see and that were known then."""
    cases = reported_cases(store, scope, Window(at - timedelta(days=DAYS), at), at)
    first = first_reported(store)
    known = 0 if first is None else max((at - first) // timedelta(days=1), 0)
    day = (millis(at) - 1 - cases.reported_ms) // DAY_MS
    return Past(at, cases, day, min(known, DAYS), region_tree(store, scope))
