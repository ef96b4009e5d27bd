"""The points of a sheet: cases, sensors and places, with the signs they are drawn with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import shapely

from geo_data import queries
from geo_data.queries.case_filter import EVERY_CASE, CaseFilter
from geo_data.records import Region, Scope, Window
from geo_data.store import Store
from layers import points
from layers.print import signs
from layers.print.gathering import Crowd
from layers.spec import LayerSpec

ENDED = 0
"""Under this number the cases are counted that have ended: they have one sign."""


@dataclass(frozen=True, slots=True)
class Points:
    """Signs to draw, columns of shape (n,), the last on top.

    ``ids`` are what the screen calls them: numbers of incidents, codes of sensors and places.
    ``kinds`` name their signs, ``counts`` say how many there are of each severity or state,
    ``beyond`` how many the screen counts that lie in no region and have no place on the sheet,
    ``unplaced`` how many that were asked for have no position at all; ``is_whole`` is false
    where only the newest are drawn; ``crowds`` which of them are drawn as one at the scale of
    the sheet.
    """

    ids: Sequence[int | str]
    degrees: npt.NDArray[np.float64]
    kinds: Sequence[str]
    counts: Mapping[int, int] = field(default_factory=dict)
    beyond: int = 0
    unplaced: int = 0
    is_whole: bool = True
    crowds: Sequence[Crowd] = ()


def points_of(
    store: Store,
    scope: Scope,
    region: Region,
    spec: LayerSpec,
    at: datetime,
    window: Window,
    only: CaseFilter = EVERY_CASE,
) -> Points:
    """Return the points of a layer in a region; of cases those asked for."""
    if spec.key == "incidents":
        return _cases(store, scope, region, at, window, only)
    if spec.key == "sensors":
        return _sensors(store, scope, region, at)
    names = ("code", "lon", "lat")
    found = queries.place_columns(store, scope, [spec.kind or ""], region.code, names)
    rows = np.flatnonzero(shapely.get_dimensions(found.shapes()) == 0)
    degrees = np.array([found.values["lon"], found.values["lat"]], dtype=np.float64).T[rows]
    codes = [found.values["code"][row] for row in rows]
    return Points(codes, degrees, ["place"] * len(rows))


def _cases(
    store: Store, scope: Scope, region: Region, at: datetime, window: Window, only: CaseFilter
) -> Points:
    """Return the cases of a region: open ones, and those reported in the window; worst on top."""
    found = queries.open_incident_points(store, scope, at, window, only)
    tree = queries.region_tree(store, scope)
    inside = frozenset(tree.subtree(region.code))
    beyond = found.region_codes.count(None) if region.code == tree.root.code else 0
    here = np.array([code in inside for code in found.region_codes], dtype=bool)
    progress = np.array([points.progress(stage) for stage in points.STAGES])[found.stage_index]
    rows = np.flatnonzero(here)
    # Ended ones below, then the mild ones, the newest of each on top.
    order = rows[
        np.lexsort(
            (
                found.reported_at[rows].astype(np.int64),
                -found.severity[rows].astype(int),
                -(progress[rows] == 3).astype(int),
            )
        )
    ]
    kinds = [
        signs.case_kind(int(found.severity[row]), int(progress[row]), bool(found.overdue[row]))
        for row in order
    ]
    degrees = np.column_stack([found.lon[order], found.lat[order]])
    shown = np.where(progress[order] == 3, ENDED, found.severity[order])
    drawn = Points(found.id[order].tolist(), degrees, kinds, Counter(shown.tolist()), beyond)
    if only.is_empty:
        return drawn
    counted = queries.chosen_counts(store, scope, region.code, window, at, only)
    return replace(drawn, unplaced=counted.unplaced, is_whole=counted.is_whole)


def _sensors(store: Store, scope: Scope, region: Region, at: datetime) -> Points:
    """Return the sensors of a region: silent and normal ones below, alarms on top."""
    found = queries.sensor_points(store, scope, at)
    inside = queries.region_tree(store, scope).within(found.slot, region.code)
    rows = np.flatnonzero(inside)
    gravity = np.array([1, 2, 3, 0])[found.state[rows]]
    order = rows[np.argsort(gravity, kind="stable")]
    kinds = [signs.state_kind(int(state)) for state in found.state[order]]
    degrees = np.column_stack([found.lon[order], found.lat[order]])
    return Points(
        [found.codes[row] for row in order], degrees, kinds, Counter(found.state[order].tolist())
    )
