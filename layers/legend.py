"""The legend: what is drawn and nothing else, with how much of it there is.

Colours come from the very scale and tokens the map is drawn with; counts from the very points
that are sent to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from geo_data import dictionaries, queries
from geo_data.records import Scope, SensorState, Severity, Window
from geo_data.store import Store
from layers.deck import Shading, shading_scale
from layers.style import TOKENS, WORDS, LegendRow, legend

SEVERITY_SHAPES = {
    Severity.EXTREME: "diamond",
    Severity.MAJOR: "triangle",
    Severity.LARGE: "square",
    Severity.GENERAL: "circle",
}
STATE_LOOKS = {
    SensorState.ALARM: ("warning-1", "diamond"),
    SensorState.WARNING: ("warning-3", "triangle"),
    SensorState.NORMAL: ("ok", "circle"),
    SensorState.OFFLINE: ("offline", "ring"),
}


@dataclass(frozen=True, slots=True)
class LegendGroup:
    """One block of the legend; the counts of its rows add up to what it speaks of."""

    key: str
    title: str
    unit: str
    rows: tuple[LegendRow, ...]


def shading_legend(shading: Shading, theme: str, language: str) -> LegendGroup:
    """Return the classes of the choropleth with how many regions are in each.

    Parameters
    ----------
    shading : Shading
        As given to :func:`layers.deck.view_spec`.
    theme, language : str
        As there.
    """
    by = shading_scale(shading, theme)
    rows = legend(by, shading.values.values(), language)
    return LegendGroup("shading", shading.label, shading.unit, tuple(rows))


def point_legends(
    store: Store,
    scope: Scope,
    *,
    region_code: str,
    layers_on: Mapping[str, float],
    window: Window,
    at: datetime,
    theme: str,
    language: str,
) -> list[LegendGroup]:
    """Return severities of incidents and states of sensors, as far as they are drawn.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str
        Counts are of this region with everything below it.
    layers_on : Mapping of str to float
        Only layers that are on have a legend.
    window, at
        As for the incidents drawn.
    theme, language : str
        How it is drawn, and what it speaks.
    """
    inside = set(queries.region_tree(store, scope).subtree(region_code))
    groups: list[LegendGroup] = []
    if "incidents" in layers_on:
        points = queries.open_incident_points(store, scope, at, window)
        mine = np.array([code in inside for code in points.region_codes], dtype=bool)
        groups.append(_incidents(points.severity[mine], theme, language))
    if "sensors" in layers_on:
        sensors = queries.sensor_points(store, scope, at)
        mine = np.array([code in inside for code in sensors.region_codes], dtype=bool)
        groups.append(_sensors(sensors.state[mine], theme, language))
    return groups


def _incidents(
    severities: np.ndarray[tuple[int], np.dtype[np.uint8]], theme: str, language: str
) -> LegendGroup:
    counts = np.bincount(severities, minlength=len(Severity) + 1)
    rows = tuple(
        LegendRow(
            TOKENS[theme][f"warning-{int(severity)}"],
            dictionaries.severity(severity).label(language),
            int(counts[int(severity)]),
            shape,
        )
        for severity, shape in SEVERITY_SHAPES.items()
    )
    return LegendGroup("incidents", WORDS("legend-incidents", language), "", rows)


def _sensors(
    states: np.ndarray[tuple[int], np.dtype[np.uint8]], theme: str, language: str
) -> LegendGroup:
    counts = np.bincount(states, minlength=len(SensorState))
    rows = tuple(
        LegendRow(
            TOKENS[theme][token], WORDS(f"state-{int(state)}", language), int(counts[state]), shape
        )
        for state, (token, shape) in STATE_LOOKS.items()
    )
    return LegendGroup("sensors", WORDS("legend-sensors", language), "", rows)
