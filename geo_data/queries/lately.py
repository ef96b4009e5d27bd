"""What happened to cases lately, to the millisecond: what counts per day cannot say.

The last 24 hours, this morning against yesterday morning, how many cases stood open at noon:
the cases that are open or that moved in the last days are kept in memory as sorted instants,
one column per measure. The counts are the same as the rollups' because both come from
:mod:`geo_data.rollups.contributions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import numpy as np

from geo_data.histories import Rows
from geo_data.instants import instant, millis
from geo_data.records import FUNCTIONAL, Scope, Window
from geo_data.regions import RegionTree, region_tree
from geo_data.rollups.case_log import BEGINS, ENDS, CaseLog, Events, Trait, case_log
from geo_data.rollups.known_then import known_then
from geo_data.store import Store
from geo_data.working_time import Millis

Standing = Literal["open", "overdue", "due-soon"]
OUTSIDE = -1
"""Slot of cases outside every region."""


class Lately:
    """The instants as one viewer may see them.

    Parameters
    ----------
    log : CaseLog
        Of the whole city.
    tree : RegionTree
        What the viewer may see.
    """

    def __init__(self, log: CaseLog, tree: RegionTree) -> None:
        self._log = log
        self._tree = tree
        # A board asks about one region and the same spans thirty times over.
        self._found: dict[tuple[str, str], Events] = {}
        self._edges: tuple[Sequence[Window], Millis, Millis] | None = None

    @property
    def since(self) -> datetime:
        """From here on every case is known; counts of earlier spans would be too low."""
        return instant(self._log.since_ms)

    def counts(self, measure: str, region_code: str, spans: Sequence[Window]) -> Rows:
        """Count what happened in each span, in a region with everything below it.

        Parameters
        ----------
        measure : str
            One of :data:`geo_data.rollups.contributions.MEASURES`, or
            :data:`geo_data.rollups.case_log.UNCLOSED` or
            :data:`geo_data.rollups.case_log.IRREGULAR`.
        region_code : str
            Visible; the city's root includes cases outside every region.
        spans : sequence of Window
            None of them before :attr:`since`.

        Returns
        -------
        int64, shape (spans,)
        """
        return _in_spans(self._events(measure, region_code), *self._edges_of(spans))

    def counts_of(
        self, trait: Trait, keys: Iterable[str], region_code: str, spans: Sequence[Window]
    ) -> Rows:
        """Count the cases reported in each span whose trait is one of ``keys``."""
        reported = self._within(self._events("reported", region_code), spans)
        return _in_spans(reported.with_trait(trait, keys), *self._edges_of(spans))

    def standing(self, what: Standing, region_code: str, moments: Sequence[datetime]) -> Rows:
        """Count the cases that stood open, past their limit or due soon, at each moment."""
        at_ms = _all_millis(moments) + 1
        begun, over = (self._events(names[what], region_code) for names in (BEGINS, ENDS))
        counts: Rows = np.searchsorted(begun.at_ms, at_ms) - np.searchsorted(over.at_ms, at_ms)
        return counts

    def counts_each(self, measure: str, codes: Sequence[str], span: Window) -> Rows:
        """Count what happened in a span in each region, shape (codes,)."""
        return self._in_each(
            self._around(measure, codes), codes, millis(span.start), millis(span.end)
        )

    def counts_of_each(
        self, trait: Trait, keys: Iterable[str], codes: Sequence[str], span: Window
    ) -> Rows:
        """Do what :meth:`counts_of` does for one span in each region."""
        reported = self._within(self._around("reported", codes), [span])
        chosen = reported.with_trait(trait, keys)
        return self._in_each(chosen, codes, millis(span.start), millis(span.end))

    def standing_each(self, what: Standing, codes: Sequence[str], moment: datetime) -> Rows:
        """Do what :meth:`standing` does at one moment in each region."""
        before, after = np.iinfo(np.int64).min, millis(moment) + 1
        begun, over = (self._around(names[what], codes) for names in (BEGINS, ENDS))
        return self._in_each(begun, codes, before, after) - self._in_each(
            over, codes, before, after
        )

    def _edges_of(self, spans: Sequence[Window]) -> tuple[Millis, Millis]:
        held = self._edges
        if held is None or held[0] is not spans:
            starts = _all_millis(span.start for span in spans)
            held = self._edges = (spans, starts, _all_millis(span.end for span in spans))
        return held[1], held[2]

    def _within(self, events: Events, spans: Sequence[Window]) -> Events:
        """Return the events that any of the spans can hold."""
        if not spans:
            return events.between(0, 0)
        starts, ends = self._edges_of(spans)
        return events.between(int(starts.min()), int(ends.max()))

    def _events(self, measure: str, region_code: str) -> Events:
        """Return the events of a region; none of one that is not visible."""
        asked = measure, region_code
        if asked not in self._found:
            self._found[asked] = self._inside(self._log.events[measure], region_code)
        return self._found[asked]

    def _inside(self, events: Events, region_code: str) -> Events:
        if self._is_everything(region_code):
            return events
        region = self._tree.get(region_code)
        if region is None:
            return events.between(0, 0)
        if region.level == FUNCTIONAL:
            # The last place, which -1 finds, is of what lies outside.
            slots = np.append(np.arange(self._log.n_slots, dtype=np.int32), np.int32(OUTSIDE))
            return events.chosen(self._tree.within(slots, region_code)[events.slot])
        return events.of_slots(*self._tree.span(region_code))

    def _around(self, measure: str, codes: Sequence[str]) -> Events:
        """Return events among which are all of some regions, and for a few not many others."""
        events = self._log.events[measure]
        first, end = self._tree.reach(codes)
        is_most = 2 * (end - first) > self._log.n_slots
        if is_most or any(self._is_everything(code) for code in codes):
            return events
        return events.of_slots(first, end)

    def _is_everything(self, region_code: str) -> bool:
        return self._tree.is_whole_city and region_code == self._tree.root.code

    def _in_each(self, events: Events, codes: Sequence[str], start_ms: int, end_ms: int) -> Rows:
        first, last = np.searchsorted(events.at_ms, [start_ms, end_ms])
        slots = events.slot[first:last]
        per_slot = np.bincount(slots[slots >= 0], minlength=self._log.n_slots)
        found: Rows = self._tree.sums_below(per_slot, codes)
        if self._tree.is_whole_city and self._tree.root.code in codes:
            # Cases outside every region count for the whole city.
            found[list(codes).index(self._tree.root.code)] = len(slots)
        return found


def lately(store: Store, scope: Scope, known_at: datetime | None = None) -> Lately:
    """Return what happened lately, as of the newest commit or as known at a moment.

    Where nobody can tell any more what was known then, it is as of the newest commit.

    Raises
    ------
    InputError
        As :func:`geo_data.regions.region_tree` does.
    """
    then = known_then(store, known_at)
    return Lately(then.log if then else case_log(store), region_tree(store, scope))


def _in_spans(events: Events, starts: Millis, ends: Millis) -> Rows:
    counts: Rows = np.searchsorted(events.at_ms, ends) - np.searchsorted(events.at_ms, starts)
    return counts


def _all_millis(moments: Iterable[datetime]) -> Millis:
    return np.array([millis(moment) for moment in moments], dtype=np.int64)
