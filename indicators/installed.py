"""Which sensors a region has and what state they are in at the present moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from geo_data import queries
from geo_data.dictionaries import sensor_kinds
from geo_data.instants import instant
from geo_data.records import FUNCTIONAL, Scope, SensorState
from geo_data.store import Store
from indicators.spec import Array, Sensors

Counts = npt.NDArray[np.int64]
N_STATES = len(SensorState)
_STATES = {
    "installed": tuple(SensorState),
    "online": (SensorState.NORMAL, SensorState.WARNING, SensorState.ALARM),
    "normal": (SensorState.NORMAL,),
    "warning": (SensorState.WARNING,),
    "alarm": (SensorState.ALARM,),
}


class Installed:
    """The sensors that a viewer may see.

    Parameters
    ----------
    store, scope : Store, Scope
        Where from, and for whom.
    at : datetime
        The present moment, aware.
    """

    def __init__(self, store: Store, scope: Scope, at: datetime) -> None:
        self._tree = tree = queries.region_tree(store, scope)
        self._points = points = queries.sensor_points(store, scope, at)
        self._slots = store.cached(
            ("sensor-slots", tree.root.code, scope.kinds),
            (store.stamp("regions", "sensors"), len(points)),
            lambda: tree.order(points.region_codes),
        )
        self._start, self._end = tree.span(tree.root.code)
        # One number says kind and state: a row of a table that counts both at once.
        self._cells = points.kind_index.astype(np.int64) * N_STATES + points.state

    def count(self, region_code: str, need: Sensors) -> float:
        """Count sensors of a region; NaN where none of the kinds is installed."""
        inside = self._inside(region_code)
        cells = self._cells if inside is None else self._cells[inside]
        table = np.bincount(cells, minlength=self._n_cells)
        wanted, kinds = self._chosen(need)
        return float(table[wanted].sum()) if table[kinds].any() else np.nan

    def count_each(self, codes: Sequence[str], need: Sensors) -> Array:
        """Do what :meth:`count` does for each region, shape (codes,)."""
        wanted, kinds = self._chosen(need)
        found = self._in_each(codes, wanted[self._cells])
        some = self._in_each(codes, kinds[self._cells])
        return np.where(some > 0, found, np.nan)

    def newest(self, region_code: str, kinds: Sequence[str]) -> datetime | None:
        """Return when a sensor of these kinds last observed anything in a region."""
        inside = self._inside(region_code)
        mine = self._of_kinds(kinds)[self._cells]
        if inside is not None:
            mine &= inside
        seen = self._points.observed_at[mine]
        seen = seen[~np.isnat(seen)]
        return instant(int(seen.max().astype(np.int64))) if len(seen) else None

    @property
    def _n_cells(self) -> int:
        return len(self._points.kinds) * N_STATES

    def _of_kinds(self, kinds: Sequence[str]) -> npt.NDArray[np.bool_]:
        return np.repeat([kind in kinds for kind in self._points.kinds], N_STATES).astype(bool)

    def _chosen(self, need: Sensors) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Which cells are wanted, and which are of the kinds at all."""
        kinds = self._of_kinds(need.kinds)
        states = np.isin(np.arange(N_STATES), _STATES[need.part])
        return kinds & np.tile(states, len(self._points.kinds)), kinds

    def _inside(self, region_code: str) -> npt.NDArray[np.bool_] | None:
        """Which sensors stand in a region; ``None`` is all of them."""
        if region_code == self._tree.root.code:
            return None
        region = self._tree.get(region_code)
        if region is None:
            return np.zeros(len(self._slots), dtype=bool)
        if region.level == FUNCTIONAL:
            return np.isin(self._slots, self._tree.order(self._tree.subtree(region_code)))
        start, end = self._tree.span(region_code)
        inside: npt.NDArray[np.bool_] = (self._slots >= start) & (self._slots < end)
        return inside

    def _in_each(self, codes: Sequence[str], chosen: npt.NDArray[np.bool_]) -> Array:
        per_slot = np.bincount(self._slots[chosen], minlength=self._end)
        running = np.concatenate([[0], np.cumsum(per_slot)])
        return np.array([self._of(code, per_slot, running) for code in codes], dtype=np.float64)

    def _of(self, code: str, per_slot: Counts, running: Counts) -> float:
        region = self._tree.get(code)
        if region is None:
            return 0.0
        if region.level == FUNCTIONAL:
            return float(per_slot[self._tree.order(self._tree.subtree(code))].sum())
        start, end = self._tree.span(code)
        return float(running[end] - running[start])


def kinds_of_metric(metric: str) -> tuple[str, ...]:
    """Return the kinds of sensors that measure ``metric``."""
    return tuple(key for key, kind in sensor_kinds().items() if kind.metric == metric)


def shortest_period_s(kinds: Sequence[str]) -> float:
    """Return how often the most talkative of these kinds should report."""
    return float(min(sensor_kinds()[kind].period_s for kind in kinds))
