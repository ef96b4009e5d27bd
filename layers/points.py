"""Incidents, sensors and places that are points, as columns of numbers for the map.

What stays (where a sensor stands) and what changes (how it is) travel apart, so that a screen
that comes back asks only for what changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import shapely

from geo_data import queries
from geo_data.case_stages import ENDED, MAIN_LINE
from geo_data.faults import Fault, InputError, nearest
from geo_data.queries.case_filter import EVERY_CASE, CaseFilter
from geo_data.records import Scope, Stage, Window
from geo_data.store import Store
from layers.buffers import Column, pack

STAGES: tuple[Stage, ...] = tuple(Stage)
"""``stage`` columns hold positions in this."""
QUANTUM_DEG = 1e-5
"""About a metre: finer than any sign drawn at a point."""
NOWHERE = 65535
MOST_INCIDENTS = 50_000
"""More than this nobody can tell apart: the worst and newest are sent, and of how many."""


def progress(stage: Stage) -> int:
    """Return how far a case is, as its sign is filled: 0 waiting, 1 in hand, 2 done, 3 ended."""
    if stage in ENDED:
        return 3
    if stage in (Stage.HANDLED, Stage.VERIFIED):
        return 2
    waiting = stage in MAIN_LINE and MAIN_LINE.index(stage) < MAIN_LINE.index(Stage.DISPATCHED)
    return 0 if waiting or stage is Stage.RETURNED else 1


def incident_buffer(
    store: Store, scope: Scope, at: datetime, window: Window, only: CaseFilter = EVERY_CASE
) -> bytes:
    """Return the open cases and those reported within ``window``, as known at ``at``.

    With a filter they are the cases that :func:`geo_data.queries.incidents` lists for it.

    Returns
    -------
    bytes
        Header ``west, south, quantum, total, ended`` (whether ended cases are counted in the
        signs like open ones: they were asked for); columns ``id`` (u4), ``x`` and ``y`` (steps
        of the quantum), ``severity`` (1 worst), ``stage`` (in :data:`STAGES`), ``overdue`` (0
        or 1), ``reported`` (u4, s since 1970 UTC), ``area`` (u2: which region of the level below
        the viewer's root it counts for, in drill order; 65535 in none).
    """
    points = queries.open_incident_points(store, scope, at, window, only)
    kept = _worst_first(points.severity, points.reported_at)
    header, x, y = _grid(points.lon[kept], points.lat[kept])
    columns: dict[str, Column] = {
        "id": np.asarray(points.id)[kept].astype("<u4"),
        "x": x,
        "y": y,
        "severity": np.asarray(points.severity)[kept].astype("u1"),
        "stage": np.asarray(points.stage_index)[kept].astype("u1"),
        "overdue": np.asarray(points.overdue)[kept].astype("u1"),
        "reported": _seconds(points.reported_at)[kept].astype("<u4"),
        "area": _areas(store, scope, [points.region_codes[row] for row in kept.tolist()]),
    }
    ended = not only.is_empty and not only.is_of_open_cases
    return pack({**header, "total": len(points.id), "ended": ended}, columns)


def _areas(
    store: Store, scope: Scope, region_codes: Sequence[str | None]
) -> npt.NDArray[np.uint16]:
    """Return the region of the level below the root that holds each case, as the panels count."""
    tree = queries.region_tree(store, scope)

    def build() -> dict[str | None, int]:
        return {
            code: index
            for index, child in enumerate(tree.children(tree.root.code))
            for code in tree.subtree(child.code)
        }

    index = store.cached(("areas", tree.root.code), store.stamp("regions"), build)
    return np.array([index.get(code, NOWHERE) for code in region_codes], dtype="<u2")


def _worst_first(
    severity: npt.NDArray[np.uint8], reported_at: npt.NDArray[np.datetime64]
) -> npt.NDArray[np.intp]:
    """Return what is kept, in an order that stays as it is: drawn last is on top."""
    order = np.lexsort((_seconds(reported_at), -np.asarray(severity, dtype=np.int64)))
    return order[-MOST_INCIDENTS:]


def sensor_version(store: Store, scope: Scope) -> str:
    """Return the version of where the sensors stand."""
    known = store.layers().get("sensors")
    stamp = f"{known.version} {known.updated_at.isoformat()}" if known else "none"
    said = f"{stamp}|{scope.region_code}|{sorted(scope.kinds) if scope.kinds else ''}"
    return blake2b(said.encode(), digest_size=6).hexdigest()


def sensor_buffer(store: Store, scope: Scope, at: datetime) -> bytes:
    """Return where the sensors stand; it changes with :func:`sensor_version` only.

    Returns
    -------
    bytes
        Header ``west, south, quantum, kinds, codes``; columns ``fid`` (u4), ``x``, ``y``,
        ``kind`` (in ``kinds``).
    """
    points = queries.sensor_points(store, scope, at)
    header, x, y = _grid(points.lon, points.lat)
    columns: dict[str, Column] = {
        "fid": np.asarray(points.fid).astype("<u4"),
        "x": x,
        "y": y,
        "kind": np.asarray(points.kind_index).astype("u1"),
    }
    return pack({**header, "kinds": list(points.kinds), "codes": list(points.codes)}, columns)


def sensor_state_buffer(store: Store, scope: Scope, at: datetime) -> bytes:
    """Return how the sensors are at ``at``, in the order of :func:`sensor_buffer`.

    Returns
    -------
    bytes
        Header ``version`` (of the positions these states belong to); column ``state`` (u1, a
        :class:`~geo_data.records.SensorState`).
    """
    points = queries.sensor_points(store, scope, at)
    state: Column = np.asarray(points.state).astype("u1")
    return pack({"version": sensor_version(store, scope)}, {"state": state})


def place_buffer(store: Store, scope: Scope, kind: str) -> bytes:
    """Return the places of a kind that are points.

    Returns
    -------
    bytes
        Header ``west, south, quantum, codes, names``; columns ``x``, ``y``.

    Raises
    ------
    InputError
        There is no such kind, or the viewer may not see it.
    """
    known = [layer.removeprefix("places/") for layer in store.layers() if "places/" in layer]
    if kind not in known or not scope.sees_kind(kind):
        values: dict[str, object] = {"layer": kind, "nearest": nearest(kind, known)}
        raise InputError(Fault("no-map-layer", values=values))
    frame = queries.places(store, scope, [kind])
    frame = frame[shapely.get_dimensions(frame.geometry.to_numpy()) == 0]
    header, x, y = _grid(frame["lon"].to_numpy(), frame["lat"].to_numpy())
    names = {"codes": list(frame["code"]), "names": list(frame["name"])}
    return pack({**header, **names}, {"x": x, "y": y})


def _grid(
    lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
) -> tuple[dict[str, object], Column, Column]:
    """Return the header that undoes it, and positions as steps from the south-western corner."""
    west, south = (float(np.min(axis, initial=180.0)) for axis in (lon, lat))
    columns: Sequence[Column] = [
        np.round((np.asarray(axis) - start) / QUANTUM_DEG).astype(np.int64)
        for axis, start in ((lon, west), (lat, south))
    ]
    widest = max((int(column.max(initial=0)) for column in columns), default=0)
    kind = "<u2" if widest < 1 << 16 else "<u4"
    header: dict[str, object] = {"west": west, "south": south, "quantum": QUANTUM_DEG}
    return header, columns[0].astype(kind), columns[1].astype(kind)


def _seconds(times: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    return np.asarray(times).astype("datetime64[s]").astype(np.int64)
