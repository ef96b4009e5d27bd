"""From a look to what the map draws of it: layers, shading, legend."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dashboard.context import Look
from dashboard.view import write_at
from geo_data.records import Incident, Place, Sensor
from layers import catalog, signals
from layers.case_wording import filter_words
from layers.deck import Selected, Shading, view_spec
from layers.legend import LegendGroup, point_legends, shading_legend
from layers.shading import indicator_shading
from layers.spec import LayerSpec

PADDING = {
    "desk": {"left": 380, "right": 420, "top": 80, "bottom": 144},
    "wall": {"left": 620, "right": 620, "top": 120, "bottom": 250},
}
"""Pixels that panels cover at the page's own size; the browser measures its own."""


def declared_layers(look: Look) -> tuple[LayerSpec, ...]:
    """Return every layer that can be switched, in drawing order."""
    return catalog.declared(look.store)


def layers_on(look: Look) -> dict[str, float]:
    """Return the layers that are on with their opacity; unknown keys of a link are dropped."""
    declared = declared_layers(look)
    if look.view.layers is None:
        return {layer.key: layer.opacity for layer in declared if layer.default_on}
    asked = dict(look.view.layers)
    return {layer.key: asked[layer.key] for layer in declared if layer.key in asked}


def shading(look: Look) -> Shading | None:
    """Return what colours the finest regions: the chosen indicator, where it can be mapped."""
    level = look.city.finest_level
    on = layers_on(look)
    # Hot spots are violet too: over shades nobody could tell one from the other.
    if f"region-{level}" not in on or signals.LAYER in on:
        return None
    return indicator_shading(
        look.store, look.scope, look.view.indicator, look.view.window, look.at, look.language
    )


def selected(look: Look) -> Selected | None:
    """Return the object whose card is open, as the map marks it."""
    subject = look.subject
    if isinstance(subject, Place):
        return Selected("place", subject.code, subject.lon, subject.lat, subject.bbox)
    if isinstance(subject, Sensor):
        return Selected("sensor", subject.code, subject.lon, subject.lat)
    if isinstance(subject, Incident) and subject.lon is not None and subject.lat is not None:
        return Selected("incident", str(subject.id), subject.lon, subject.lat)
    return None


def map_spec(look: Look, page: str = "desk") -> dict[str, Any]:
    """Return what the map draws for ``look`` on ``page`` (``"desk"`` or ``"wall"``)."""
    return view_spec(
        look.store,
        look.scope,
        region_code=look.region.code,
        layers_on=layers_on(look),
        selected=selected(look),
        shading=shading(look),
        window=look.view.window,
        at=None if look.view.at is None else write_at(look.view.at),
        only=look.view.cases,
        theme=look.view.theme,
        language=look.language,
        wall=page == "wall",
        padding=PADDING[page],
    )


def legend_of(look: Look) -> list[LegendGroup]:
    """Return the legend of what is drawn for ``look``."""
    on = layers_on(look)
    groups = point_legends(
        look.store,
        look.scope,
        region_code=look.region.code,
        layers_on=on,
        window=look.window,
        at=look.at,
        theme=look.view.theme,
        language=look.language,
        only=look.view.cases,
        exact=look.is_past,
    )
    if said := filter_words(look.view.cases, look.language):
        groups = [
            replace(group, title=f"{group.title} · {said}") if group.key == "incidents" else group
            for group in groups
        ]
    inside = frozenset(look.tree.subtree(look.region.code))
    if signals.LAYER in on:
        where = look.store, look.scope, look.view.theme, look.language, inside
        title = look.say("early-warning-legend")
        rows = tuple(signals.signal_legend(*where))
        groups.insert(0, LegendGroup(signals.LAYER, title, "", rows))
    shown = shading(look)
    if shown is not None:
        groups.insert(0, shading_legend(shown, look.view.theme, look.language, inside))
    return groups
