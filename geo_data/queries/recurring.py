"""How often cases repeat others, and how many spots are hot, as one viewer may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from geo_data.histories import Rows
from geo_data.instants import instant, millis
from geo_data.records import Scope, Window
from geo_data.regions import RegionTree, region_tree
from geo_data.rollups.case_log import Slots
from geo_data.rollups.recurrence import AGAIN_MS, OFTEN, Recurrence, recurrence
from geo_data.store import Store


@dataclass(frozen=True, slots=True)
class RepeatedPlace:
    """Cases of one category at one place, one after the other.

    Parameters
    ----------
    place_code, category : str
    region_code : str or None
        Of the newest case; ``None`` outside every region.
    cases : tuple of int
        Ids, the newest first.
    """

    place_code: str
    category: str
    region_code: str | None
    cases: tuple[int, ...]


class Recurring:
    """The recurrence of cases that a viewer may see.

    Parameters
    ----------
    found : Recurrence
        Of the whole city.
    tree : RegionTree
        What the viewer may see.
    """

    def __init__(self, found: Recurrence, tree: RegionTree) -> None:
        self._found = found
        self._tree = tree

    @property
    def since(self) -> datetime:
        """From here on it is known which cases repeat another."""
        return instant(self._found.since_ms)

    @property
    def hot_since(self) -> datetime:
        """From here on it is known which spots are hot."""
        return instant(self._found.since_ms + AGAIN_MS)

    def repeats(self, region_code: str, spans: Sequence[Window]) -> Rows:
        """Count the cases closed in each span that repeat another, shape (spans,)."""
        slots = [self._found.repeated(millis(one.start), millis(one.end)) for one in spans]
        return np.array([self._inside(each, region_code) for each in slots], dtype=np.int64)

    def hot(self, region_code: str, moments: Sequence[datetime]) -> Rows:
        """Count the spots that were hot at each moment, shape (moments,)."""
        slots = [self._found.hot(millis(moment)) for moment in moments]
        return np.array([self._inside(each, region_code) for each in slots], dtype=np.int64)

    def hot_places(self, moment: datetime) -> list[RepeatedPlace]:
        """Return the spots that :meth:`hot` counts with their cases, most cases first."""
        found, at_ms = self._found, millis(moment)
        near = (found.reported_ms > at_ms - AGAIN_MS) & (found.reported_ms <= at_ms)
        rows = np.flatnonzero(near)
        spots, first, n = np.unique(found.spot[rows], return_index=True, return_counts=True)
        keys = list(found.numbers)
        listed = []
        for spot, start, many in zip(spots.tolist(), first.tolist(), n.tolist(), strict=True):
            slot = int(found.slot[rows[start + many - 1]])
            if many < OFTEN or not self._sees(slot):
                continue
            # Cases of a spot stand in the order of their reports.
            cases = tuple(found.case[rows[start : start + many]][::-1].tolist())
            place, _, category = keys[spot].rpartition(" ")
            listed.append(RepeatedPlace(place, category, self._tree.code_at(slot), cases))
        return sorted(listed, key=lambda one: (-len(one.cases), one.place_code, one.category))

    def _sees(self, slot: int) -> bool:
        return self._tree.is_whole_city or self._tree.code_at(slot) is not None

    def repeats_each(self, codes: Sequence[str], span: Window) -> Rows:
        """Do what :meth:`repeats` does for one span in each region."""
        return self._in_each(self._found.repeated(millis(span.start), millis(span.end)), codes)

    def hot_each(self, codes: Sequence[str], moment: datetime) -> Rows:
        """Do what :meth:`hot` does for one moment in each region."""
        return self._in_each(self._found.hot(millis(moment)), codes)

    def _inside(self, slots: Slots, region_code: str) -> int:
        if self._is_everything(region_code):
            return len(slots)
        return int(self._tree.within(slots[slots >= 0], region_code).sum())

    def _in_each(self, slots: Slots, codes: Sequence[str]) -> Rows:
        per_slot = np.bincount(slots[slots >= 0], minlength=self._found.n_slots)
        found: Rows = self._tree.sums_below(per_slot, codes)
        for place, code in enumerate(codes):
            if self._is_everything(code):
                # What lies outside every region counts for the whole city.
                found[place] = len(slots)
        return found

    def _is_everything(self, region_code: str) -> bool:
        return self._tree.is_whole_city and region_code == self._tree.root.code


def recurring(store: Store, scope: Scope) -> Recurring:
    """Return the recurrence as of the newest commit."""
    return Recurring(recurrence(store), region_tree(store, scope))
