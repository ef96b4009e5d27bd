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
import numpy.typing as npt

from geo_data.histories import Rows
from geo_data.instants import instant, millis
from geo_data.records import FUNCTIONAL, Scope, Window
from geo_data.regions import RegionTree, region_tree
from geo_data.rollups.case_log import BEGINS, ENDS, CaseLog, Events, Trait, case_log
from geo_data.store import Store
from geo_data.working_time import Millis

Standing = Literal["open", "overdue"]
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
            :data:`geo_data.rollups.case_log.UNCLOSED`.
        region_code : str
            Visible; the city's root includes cases outside every region.
        spans : sequence of Window
            None of them before :attr:`since`.

        Returns
        -------
        int64, shape (spans,)
        """
        return self._in_spans(_within(self._log.events[measure], spans), region_code, spans)

    def counts_of(
        self, trait: Trait, keys: Iterable[str], region_code: str, spans: Sequence[Window]
    ) -> Rows:
        """Count the cases reported in each span whose trait is one of ``keys``."""
        reported = _within(self._log.events["reported"], spans)
        return self._in_spans(reported.with_trait(trait, keys), region_code, spans)

    def standing(self, what: Standing, region_code: str, moments: Sequence[datetime]) -> Rows:
        """Count the cases that stood open, or open and past their limit, at each moment."""
        at_ms = _all_millis(moments) + 1
        begun, over = (self._log.events[names[what]] for names in (BEGINS, ENDS))
        before = np.zeros_like(at_ms) + np.iinfo(np.int64).min
        inside = self._inside(region_code)
        return _in_spans(begun, inside, before, at_ms) - _in_spans(over, inside, before, at_ms)

    def counts_each(self, measure: str, codes: Sequence[str], span: Window) -> Rows:
        """Count what happened in a span in each region, shape (codes,)."""
        return self._in_each(self._log.events[measure], codes, millis(span.start), millis(span.end))

    def counts_of_each(
        self, trait: Trait, keys: Iterable[str], codes: Sequence[str], span: Window
    ) -> Rows:
        """Do what :meth:`counts_of` does for one span in each region."""
        reported = _within(self._log.events["reported"], [span])
        chosen = reported.with_trait(trait, keys)
        return self._in_each(chosen, codes, millis(span.start), millis(span.end))

    def standing_each(self, what: Standing, codes: Sequence[str], moment: datetime) -> Rows:
        """Do what :meth:`standing` does at one moment in each region."""
        before, after = np.iinfo(np.int64).min, millis(moment) + 1
        begun, over = (self._log.events[names[what]] for names in (BEGINS, ENDS))
        return self._in_each(begun, codes, before, after) - self._in_each(
            over, codes, before, after
        )

    def _in_spans(self, events: Events, region_code: str, spans: Sequence[Window]) -> Rows:
        starts = _all_millis([span.start for span in spans])
        ends = _all_millis([span.end for span in spans])
        return _in_spans(events, self._inside(region_code), starts, ends)

    def _inside(self, region_code: str) -> npt.NDArray[np.bool_] | None:
        """Which slots count for a region, the last for outside; ``None`` is all of them."""
        tree = self._tree
        if self._is_everything(region_code):
            return None
        inside = np.zeros(self._log.n_slots + 1, dtype=bool)
        if region_code in {area.code for area in tree.functional}:
            inside[tree.order(tree.subtree(region_code))] = True
        else:
            inside[slice(*tree.span(region_code))] = True
        inside[OUTSIDE] = False
        return inside

    def _is_everything(self, region_code: str) -> bool:
        return self._tree.is_whole_city and region_code == self._tree.root.code

    def _in_each(self, events: Events, codes: Sequence[str], start_ms: int, end_ms: int) -> Rows:
        first, last = np.searchsorted(events.at_ms, [start_ms, end_ms])
        slots = events.slot[first:last]
        per_slot = np.bincount(slots[slots >= 0], minlength=self._log.n_slots)
        running = np.concatenate([[0], np.cumsum(per_slot)])
        return np.array([self._of(code, per_slot, running, len(slots)) for code in codes], np.int64)

    def _of(self, code: str, per_slot: Rows, running: Rows, everything: int) -> int:
        region = self._tree.get(code)
        if region is None:
            return 0
        if region.level == FUNCTIONAL:
            return int(per_slot[self._tree.order(self._tree.subtree(code))].sum())
        if self._is_everything(code):
            return everything
        start, end = self._tree.span(code)
        return int(running[end] - running[start])


def lately(store: Store, scope: Scope) -> Lately:
    """Return what happened lately, as of the newest commit.

    Raises
    ------
    InputError
        As :func:`geo_data.regions.region_tree` does.
    """
    return Lately(case_log(store), region_tree(store, scope))


def _within(events: Events, spans: Sequence[Window]) -> Events:
    """Return the events that any of the spans can hold."""
    start_ms = min((millis(span.start) for span in spans), default=0)
    return events.between(start_ms, max((millis(span.end) for span in spans), default=0))


def _in_spans(
    events: Events, inside: npt.NDArray[np.bool_] | None, starts: Millis, ends: Millis
) -> Rows:
    at_ms = events.at_ms if inside is None else events.at_ms[inside[events.slot]]
    counts: Rows = np.searchsorted(at_ms, ends) - np.searchsorted(at_ms, starts)
    return counts


def _all_millis(moments: Iterable[datetime]) -> Millis:
    return np.array([millis(moment) for moment in moments], dtype=np.int64)
