"""The legend: what is drawn and nothing else, with how much of it there is.

Colours come from the very scale and tokens the map is drawn with; counts from the very points
that are sent to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from geo_data import dictionaries, queries
from geo_data.queries.case_filter import EVERY_CASE, CaseFilter
from geo_data.queries.open_cases import MOST, ChosenCounts
from geo_data.records import Scope, SensorState, Severity, Window
from geo_data.store import Store
from layers.shading import Shading, shading_scale
from layers.style import TOKENS, WORDS, LegendRow, legend

SEVERITY_SHAPES = {
    Severity.EXTREME: "diamond",
    Severity.MAJOR: "triangle",
    Severity.LARGE: "square",
    Severity.GENERAL: "circle",
}
STATE_LOOKS = {
    SensorState.ALARM: ("warning-1", "hexagon"),
    SensorState.WARNING: ("warning-3", "hexagon"),
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


def shading_legend(
    shading: Shading, theme: str, language: str, codes: Collection[str] | None = None
) -> LegendGroup:
    """Return the classes of the choropleth with how many regions are in each.

    Parameters
    ----------
    shading : Shading
        As given to :func:`layers.deck.view_spec`.
    theme, language : str
        As there.
    codes : collection of str, optional
        Count these only: what lies outside of the region looked at is dimmed on the map.
    """
    by = shading_scale(shading, theme)
    # Over what is asked for: a grid looked at does not go through all of the city's.
    known = shading.values
    wanted = known if codes is None else [code for code in codes if code in known]
    counted = [known[code] for code in wanted]
    rows = legend(by, counted, language)
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
    only: CaseFilter = EVERY_CASE,
    exact: bool = False,
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
    only : CaseFilter
        Which cases are drawn.
    exact : bool
        Count at ``at`` itself, as for who looks back: not what was counted a little before.
    """
    groups: list[LegendGroup] = []
    if "incidents" in layers_on and (exact or not only.is_empty):
        found = queries.chosen_counts(store, scope, region_code, window, at, only)
        groups.append(_asked(found, only, theme, language))
    elif "incidents" in layers_on:
        drawn = queries.drawn_counts(store, scope, region_code, at, window)
        groups.append(incident_legend(drawn, theme, language))
    if "sensors" in layers_on:
        counts = queries.sensor_state_counts(store, scope, region_code, at)
        groups.append(sensor_legend(counts.tolist(), theme, language))
    return groups


def incident_legend(counts: Mapping[Severity, int], theme: str, language: str) -> LegendGroup:
    """Return the severities with how many incidents of each are drawn."""
    rows = tuple(
        LegendRow(
            TOKENS[theme][f"warning-{int(severity)}"],
            dictionaries.severity(severity).label(language),
            counts[severity],
            shape,
        )
        for severity, shape in SEVERITY_SHAPES.items()
    )
    return LegendGroup("incidents", WORDS("legend-incidents", language), "", rows)


def _asked(found: ChosenCounts, only: CaseFilter, theme: str, language: str) -> LegendGroup:
    """Return the legend of what was asked for; with what has no position it is the whole list."""
    group = incident_legend(found.by_severity, theme, language)
    if only.is_empty:
        return group
    rows, title = group.rows, group.title
    if found.unplaced:
        color, said = TOKENS[theme]["offline"], WORDS("legend-unplaced", language)
        rows = (*rows, LegendRow(color, said, found.unplaced, "outline"))
    if not found.is_whole:
        title = WORDS("legend-newest", language, n=f"{MOST:,}")
    return replace(group, rows=rows, title=title)


def sensor_legend(counts: Sequence[int], theme: str, language: str) -> LegendGroup:
    """Return the states, by :class:`SensorState`, with how many sensors are in each."""
    rows = tuple(
        LegendRow(
            TOKENS[theme][token], WORDS(f"state-{int(state)}", language), counts[int(state)], shape
        )
        for state, (token, shape) in STATE_LOOKS.items()
    )
    return LegendGroup("sensors", WORDS("legend-sensors", language), "", rows)
