"""Which sensors a region has and what state they are in at the present moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo_data import queries
from geo_data.dictionaries import sensor_kinds
from geo_data.instants import instant
from geo_data.records import Scope, SensorState
from geo_data.store import Store
from indicators.spec import Array, Sensors

N_STATES = len(SensorState)
NO_READING = np.iinfo(np.int64).min
_STATES: Mapping[str, tuple[SensorState, ...]] = {
    "installed": tuple(SensorState),
    "online": (SensorState.NORMAL, SensorState.WARNING, SensorState.ALARM),
    "normal": (SensorState.NORMAL,),
    "warning": (SensorState.WARNING,),
    "alarm": (SensorState.ALARM,),
}


class _Summary(NamedTuple):
    """Sensors of one region by kind: how many in each state, and when one last reported."""

    states: dict[str, list[int]]
    newest_ms: dict[str, int]


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
        self._slots = points.slot
        self._start, self._end = tree.span(tree.root.code)
        # One number says kind and state: a row of a table that counts both at once.
        self._cells = points.kind_index.astype(np.int64) * N_STATES + points.state
        self._observed_ms = points.observed_at.astype("M8[ms]").astype(np.int64)
        self._summaries: dict[str, _Summary] = {}

    def count(self, region_code: str, need: Sensors) -> float:
        """Count sensors of a region; NaN where none of the kinds is installed."""
        known = self._summary(region_code).states
        mine = [known[kind] for kind in need.kinds if kind in known]
        if not any(map(any, mine)):
            return np.nan
        return float(sum(states[state] for states in mine for state in _STATES[need.part]))

    def count_each(self, codes: Sequence[str], need: Sensors) -> Array:
        """Do what :meth:`count` does for each region, shape (codes,)."""
        kinds = np.array([kind in need.kinds for kind in self._points.kinds], dtype=bool)
        states = np.zeros(N_STATES, dtype=bool)
        states[list(_STATES[need.part])] = True
        mine = kinds[self._points.kind_index]
        found = self._in_each(codes, mine & states[self._points.state])
        return np.where(self._in_each(codes, mine) > 0, found, np.nan)

    def newest(self, region_code: str, kinds: Sequence[str]) -> datetime | None:
        """Return when a sensor of these kinds last observed anything in a region."""
        known = self._summary(region_code).newest_ms
        newest_ms = max((known[kind] for kind in kinds if kind in known), default=NO_READING)
        return None if newest_ms == NO_READING else instant(newest_ms)

    def _summary(self, region_code: str) -> _Summary:
        if region_code not in self._summaries:
            self._summaries[region_code] = self._summed_up(self._inside(region_code))
        return self._summaries[region_code]

    def _summed_up(self, inside: npt.NDArray[np.bool_] | None) -> _Summary:
        chosen = slice(None) if inside is None else inside
        kinds = self._points.kinds
        table = np.bincount(self._cells[chosen], minlength=len(kinds) * N_STATES)
        newest = np.full(len(kinds), NO_READING)
        # A time that is not known is the least of all numbers, too.
        np.maximum.at(newest, self._points.kind_index[chosen], self._observed_ms[chosen])
        return _Summary(
            dict(zip(kinds, table.reshape(-1, N_STATES).tolist(), strict=True)),
            dict(zip(kinds, newest.tolist(), strict=True)),
        )

    def _inside(self, region_code: str) -> npt.NDArray[np.bool_] | None:
        """Which sensors stand in a region; ``None`` is all of them."""
        if region_code == self._tree.root.code:
            return None
        return self._tree.within(self._slots, region_code)

    def _in_each(self, codes: Sequence[str], chosen: npt.NDArray[np.bool_]) -> Array:
        per_slot = np.bincount(self._slots[chosen], minlength=self._end)
        return self._tree.sums_below(per_slot, codes).astype(np.float64)


@cache
def kinds_of_metric(metric: str) -> tuple[str, ...]:
    """Return the kinds of sensors that measure ``metric``."""
    return tuple(key for key, kind in sensor_kinds().items() if kind.metric == metric)


@cache
def shortest_period_s(kinds: tuple[str, ...]) -> float:
    """Return how often the most talkative of these kinds should report."""
    return float(min(sensor_kinds()[kind].period_s for kind in kinds))
