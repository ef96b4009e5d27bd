"""Tables of what lives: cases and sensors, as known at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo_data import dictionaries, queries
from geo_data.exports import ExportRequest
from geo_data.extracts import Table, framed
from geo_data.faults import Fault, InputError
from geo_data.queries import CaseFilter
from geo_data.records import Incident, Scope, Sensor, SensorState, Window
from geo_data.store import Store
from indicators import windows
from layers.extracts.columns import CASE, SENSOR, columns
from layers.spec import LayerSpec
from layers.style import WORDS

MOST_CASES = 100_000
"""In one file. More are asked for in smaller windows or regions: nobody reads them, and every
one of them is in memory while the file is written."""


def case_table(store: Store, scope: Scope, request: ExportRequest, layer: LayerSpec) -> Table:
    """Return the cases open at the moment, however old, and those reported in the window."""
    assert request.at is not None
    language, at = request.language, request.at
    window = windows.window(request.window, at, store.city.zone)
    found = _cases(store, scope, request, window, at)
    tree = queries.region_tree(store, scope)
    values: dict[str, Sequence[Any]] = {
        key: [getattr(one, key) for one in found]
        for key, _, _ in CASE
        if not key.endswith("_name") and key not in ("severity", "stage", "overdue")
    }
    values |= {
        "severity": [int(one.severity) for one in found],
        "severity_name": _words("severities", [str(int(one.severity)) for one in found], language),
        "stage": [str(one.stage) for one in found],
        "stage_name": _words("stages", [str(one.stage) for one in found], language),
        "channel_name": _words("channels", [one.channel for one in found], language),
        "category_name": _words("categories", [one.category for one in found], language),
        "overdue": [one.is_overdue(at) for one in found],
        "region_name": _region_names(tree, [one.region_code for one in found]),
    }
    shown = columns(CASE, language)
    heard_at, _ = queries.ages(store, scope, at)["incidents"]
    return Table(
        key=layer.key,
        name=layer.name(language),
        columns=shown,
        frame=framed(shown, values, _points([(one.lon, one.lat) for one in found])),
        source=", ".join(sorted({one.source for one in found})),
        data_at=heard_at,
        rule=WORDS(
            f"extract-cases-{_kind(request.filters.cases)}", language, **_span(store, window)
        ),
    )


def _cases(
    store: Store, scope: Scope, request: ExportRequest, window: Window, at: datetime
) -> list[Incident]:
    """Return cases newest first; one that is open and was reported in the window is there once."""
    only = request.filters.cases
    found: dict[int, Incident] = {}
    for wanted in (replace(only, standing="open"), only) if only.standing is None else (only,):
        listed = queries.incidents(
            *(store, scope, request.region or "", window, at),
            limit=MOST_CASES + 1,
            only=wanted,
        )
        found |= {one.id: one for one in listed}
    if len(found) > MOST_CASES:
        values: dict[str, object] = {"most": MOST_CASES}
        raise InputError(Fault("export-too-many-cases", field="window", values=values))
    return sorted(found.values(), key=lambda one: (one.reported_at, one.id), reverse=True)


def _kind(only: CaseFilter) -> str:
    return "open" if only.is_of_open_cases else only.standing or "all"


def sensor_table(store: Store, scope: Scope, request: ExportRequest, layer: LayerSpec) -> Table:
    """Return the sensors with what they were known to say at the moment."""
    assert request.at is not None
    language = request.language
    found = _sensors(store, scope, request)
    tree = queries.region_tree(store, scope)
    values: dict[str, Sequence[Any]] = {
        key: [getattr(one, key) for one in found]
        for key, _, _ in SENSOR
        if not key.endswith("_name") and key != "state"
    }
    values |= {
        "state": [one.state.name.lower() for one in found],
        "state_name": [WORDS(f"state-{int(one.state)}", language) for one in found],
        "kind_name": _words("sensor-kinds", [one.kind for one in found], language),
        "region_name": _region_names(tree, [one.region_code for one in found]),
    }
    shown = columns(SENSOR, language)
    version = store.layers().get("sensors")
    heard = [one.observed_at for one in found if one.observed_at is not None]
    return Table(
        key=layer.key,
        name=layer.name(language),
        columns=shown,
        frame=framed(shown, values, _points([(one.lon, one.lat) for one in found])),
        source=version.source if version else "",
        data_at=max(heard, default=None),
        rule=WORDS("extract-sensors", language),
    )


def _sensors(store: Store, scope: Scope, request: ExportRequest) -> list[Sensor]:
    assert request.at is not None
    kind, state = request.filters.sensor_kind, request.filters.sensor_state
    wanted = None if state is None else SensorState[state.upper()]
    return [
        one
        for one in queries.sensors(store, scope, request.region, request.at)
        if kind in (None, one.kind) and wanted in (None, one.state)
    ]


def _words(name: str, keys: Sequence[str], language: str) -> list[str]:
    said = {key: dictionaries.word(name, key, language) for key in set(keys)}
    return [said[key] for key in keys]


def _region_names(tree: queries.RegionTree, codes: Sequence[str | None]) -> list[str | None]:
    known = {code: tree.get(code) for code in set(codes) if code is not None}
    return [region.name if code and (region := known[code]) else None for code in codes]


def _points(places: Sequence[tuple[float | None, float | None]]) -> npt.NDArray[np.object_]:
    """Return points; none where a case has no position."""
    found = np.full(len(places), None, dtype=object)
    known = [index for index, (lon, _) in enumerate(places) if lon is not None]
    if known:
        found[known] = shapely.points(np.array([places[index] for index in known], dtype=float))
    return found


def _span(store: Store, window: Window) -> dict[str, object]:
    zone = store.city.zone
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    return {"start": f"{start:%Y-%m-%d %H:%M}", "end": f"{end:%Y-%m-%d %H:%M}"}
