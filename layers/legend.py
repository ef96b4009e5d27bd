"""The legend: what is drawn and nothing else, with how much of it there is.

Colours come from the very scale and tokens the map is drawn with; counts from the very points
that are sent to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from geo_data import dictionaries, queries
from geo_data.records import Scope, SensorState, Severity, Window
from geo_data.store import Store
from layers.deck import Shading, shading_scale
from layers.style import TOKENS, WORDS, LegendRow, legend

HOUR = timedelta(hours=1)
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


Tally = dict[str | None, Counter[int]]


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
    groups: list[LegendGroup] = []
    if "incidents" in layers_on:
        drawn = _drawn(store, scope, at, window)
        inside = set(queries.region_tree(store, scope).subtree(region_code))
        groups.append(incident_legend(_sum(drawn, inside), theme, language))
    if "sensors" in layers_on:
        counts = queries.sensor_state_counts(store, scope, region_code, at)
        groups.append(sensor_legend(counts.tolist(), theme, language))
    return groups


def _drawn(store: Store, scope: Scope, at: datetime, window: Window) -> Tally:
    """Count the incidents drawn by region and severity; read again when one of them changed."""
    # Some windows begin at a local midnight, so their length grows by the second: by the hour it
    # tells them apart. What slid out of one is noticed within ten minutes, what came in at once.
    key = ("legend-incidents", scope, round(window.length / HOUR))
    moment = (
        store.stamp("incidents"),
        at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0),
    )

    def count() -> Tally:
        points = queries.open_incident_points(store, scope, at, window)
        found: Tally = {}
        for code, severity in zip(points.region_codes, points.severity.tolist(), strict=True):
            found.setdefault(code, Counter())[severity] += 1
        return found

    return store.cached(key, moment, count)


def _sum(tally: Tally, inside: set[str]) -> Counter[int]:
    found: Counter[int] = Counter()
    for code in inside & tally.keys():
        found.update(tally[code])
    return found


def incident_legend(counts: Counter[int], theme: str, language: str) -> LegendGroup:
    """Return the severities with how many incidents of each are drawn."""
    rows = tuple(
        LegendRow(
            TOKENS[theme][f"warning-{int(severity)}"],
            dictionaries.severity(severity).label(language),
            counts[int(severity)],
            shape,
        )
        for severity, shape in SEVERITY_SHAPES.items()
    )
    return LegendGroup("incidents", WORDS("legend-incidents", language), "", rows)


def sensor_legend(counts: Sequence[int], theme: str, language: str) -> LegendGroup:
    """Return the states, by :class:`SensorState`, with how many sensors are in each."""
    rows = tuple(
        LegendRow(
            TOKENS[theme][token], WORDS(f"state-{int(state)}", language), counts[int(state)], shape
        )
        for state, (token, shape) in STATE_LOOKS.items()
    )
    return LegendGroup("sensors", WORDS("legend-sensors", language), "", rows)
