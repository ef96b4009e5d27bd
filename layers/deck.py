"""What the map shows for one view.

The answer is a specification: layers as pydeck writes them, where their data is, what a click
may reach, and the words the map itself needs. The browser applies it layer by layer and leaves
alone what did not change; :mod:`layers.painting` says how each layer looks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import shapely

from geo_data import dictionaries, queries
from geo_data.queries.case_filter import EVERY_CASE, CaseFilter
from geo_data.records import FUNCTIONAL, Scope, Severity
from geo_data.store import Store
from layers import catalog, documents, labels, points, signals
from layers.painting import View, drawn
from layers.shading import Shading, shading_scale
from layers.style import MISSING, TOKENS, WORDS, class_of

__all__ = ["Selected", "Shading", "shading_scale", "view_spec"]

Padding = Mapping[str, float]
FINE_ZOOM = 12.6
"""From here on the borders are drawn as exactly as they are known."""


@dataclass(frozen=True, slots=True)
class Selected:
    """The object whose card is open; ``bbox`` is west, south, east, north where it is an area."""

    kind: Literal["place", "sensor", "incident"]
    code: str
    lon: float
    lat: float
    bbox: tuple[float, float, float, float] | None = None


def view_spec(
    store: Store,
    scope: Scope,
    *,
    region_code: str,
    layers_on: Mapping[str, float],
    selected: Selected | None = None,
    shading: Shading | None = None,
    window: str = "24h",
    at: str | None = None,
    only: CaseFilter = EVERY_CASE,
    theme: str = "dark",
    language: str = "zh-CN",
    wall: bool = False,
    padding: Padding | None = None,
) -> dict[str, Any]:
    """Return what the map shows.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str
        Region looked at; must be visible.
    layers_on : Mapping of str to float
        Keys of the catalogue that are on, with their opacity.
    selected : Selected, optional
        Object whose card is open.
    shading : Shading, optional
        What colours the regions; without it they are plain land.
    window, at, only
        Handed on in the addresses of incidents and sensor states; ``at`` is ``None`` for now.
    theme, language, wall
        How it is drawn, what it speaks, and whether for the wall.
    padding : Mapping, optional
        Pixels ``left, right, top, bottom`` that panels cover: the region is fitted between them.

    Raises
    ------
    KeyError
        ``region_code`` is not visible.
    """
    tree = queries.region_tree(store, scope)
    region = tree.ancestors(region_code)[-1]
    tokens = TOKENS[theme]
    view = View(store, scope, region, tree.root, layers_on, shading, theme, language, wall, tokens)
    entries = drawn(view, [spec for spec in catalog.declared(store) if spec.key in layers_on])
    return _versioned(
        {
            **_setting(view),
            "at": at,
            "view": _target(view, selected, padding or {}),
            "layers": entries,
            "sources": _sources(view, entries, window, at, only),
            "labels": _labels(view),
            "shading": _shading(view, tree, window),
            "selected": _selected(view, selected),
            "pick": _pick(view),
        }
    )


def _setting(view: View) -> dict[str, Any]:
    """Return what holds for the whole picture: colours, words, and where one is."""
    return {
        "language": view.language,
        "zone": view.store.city.timezone,
        "theme": view.theme,
        "wall": view.wall,
        "tokens": dict(view.tokens),
        "region": _region(view),
        "words": _words(view),
    }


def _versioned(found: dict[str, Any]) -> dict[str, Any]:
    # A part that says its version already need not be read through again.
    told = {key: _told(part) for key, part in found.items()}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return {"version": hashlib.blake2b(text.encode(), digest_size=6).hexdigest(), **found}


def _told(part: Any) -> Any:
    return part.get("version", part) if isinstance(part, dict) else part


def _region(view: View) -> dict[str, Any]:
    region = view.region
    return {
        "code": region.code,
        "name": region.name,
        "level": region.level,
        "child": view.store.city.child_level(region.level),
        "root": view.root.code,
    }


def _target(view: View, selected: Selected | None, padding: Padding) -> dict[str, Any]:
    """Return what the view is fitted to; it flies when ``key`` changes and only then."""
    sides = {side: padding.get(side, 24) for side in ("left", "right", "top", "bottom")}
    target: dict[str, Any] = {
        "key": view.region.code,
        "bounds": view.region.bbox,
        "city": view.root.bbox,
        "padding": sides,
        "maxZoom": 17.0,
    }
    if selected:
        target["key"] += f" {selected.kind}:{selected.code}"
        target["point"] = [selected.lon, selected.lat]
        target["objectBounds"] = selected.bbox
        target["objectZoom"] = 16.2 if selected.kind == "place" else 15.4
    return target


def _sources(
    view: View,
    entries: Sequence[dict[str, Any]],
    window: str,
    at: str | None,
    only: CaseFilter,
) -> dict[str, dict[str, Any]]:
    """Return where the data of every drawn layer is; an address with ``v`` never changes."""
    store, scope = view.store, view.scope
    asked = {"window": window, **only.said()} | ({"at": at} if at else {})
    wanted = {entry["layer"]["data"].partition("#")[0] for entry in entries} | {documents.CHAIN}
    found: dict[str, dict[str, Any]] = {}
    for name in sorted(wanted):
        if name == documents.CHAIN:
            fine = documents.path(store, scope, documents.CHAIN_FINE)
            shapes = documents.path(store, scope, name)
            found[name] = {"shapes": shapes, "fine": fine, "fineZoom": FINE_ZOOM}
        elif name == "incidents":
            points_at = f"/data/incidents.bin?{urlencode(asked)}"
            found[name] = {"points": points_at, "chosen": not only.is_empty}
        elif name == "sensors":
            found[name] = {
                "points": f"/data/sensors.bin?v={points.sensor_version(store, scope)}",
                "states": "/data/sensor-states.bin" + (f"?{urlencode({'at': at})}" if at else ""),
            }
        elif name == signals.LAYER:
            found[name] = {"shapes": signals.path(store, scope)}
        elif name.startswith(documents.PLACE) or name == FUNCTIONAL:
            found[name] = _place_source(view, name, entries)
    return found


def _place_source(view: View, name: str, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if any(entry["layer"]["data"] == f"{name}#dots" for entry in entries):
        version = documents.version(view.store, view.scope, name)
        return {"points": f"/data/places/{name.removeprefix(documents.PLACE)}.bin?v={version}"}
    return {"shapes": documents.path(view.store, view.scope, name)}


def _labels(view: View) -> dict[str, Any] | None:
    if "labels" not in view.on:
        return None
    switched = {
        **{key: f"region-{key}" for key in view.level_keys()},
        FUNCTIONAL: f"region-{FUNCTIONAL}",
        **{kind: documents.PLACE + kind for kind in labels.PLACE_STYLES},
    }
    return {
        "url": labels.path(view.store, view.scope, view.wall),
        "opacity": view.on["labels"],
        "styles": [style for style, layer in switched.items() if layer in view.on],
    }


def _shading(view: View, tree: queries.RegionTree, window: str) -> dict[str, Any] | None:
    """Return class and value per region, in the order of the document."""
    shading = view.shading
    if shading is None:
        return None
    # A drill moves the view, not the colours of the city.
    moment = (shading, view.theme, view.store.stamp("regions"))
    key = ("map-shading", view.scope, shading.level, window)
    return view.store.cached(key, moment, lambda: _shaded(shading, view.theme, tree))


def _shaded(shading: Shading, theme: str, tree: queries.RegionTree) -> dict[str, Any]:
    codes = tree.codes_at(shading.level)
    values = [shading.values.get(code) for code in codes]
    by = shading_scale(shading, theme)
    classes = class_of(by, values)
    return _versioned(
        {
            "level": shading.level,
            "label": shading.label,
            "unit": shading.unit,
            "colors": [*by.colors, by.missing],
            "classes": "".join("-" if one == MISSING else str(one) for one in classes.tolist()),
            "values": [None if value is None else round(value, shading.digits) for value in values],
        }
    )


def _selected(view: View, selected: Selected | None) -> dict[str, Any] | None:
    if selected is None:
        return None
    found: dict[str, Any] = {
        "kind": selected.kind,
        "code": selected.code,
        "point": [selected.lon, selected.lat],
    }
    if selected.kind == "place":
        shape = queries.place_shape(view.store, view.scope, selected.code)
        found["rings"] = [
            shapely.get_coordinates(ring).round(6).tolist() for ring in shapely.get_rings(shape)
        ]
    return found


def _pick(view: View) -> dict[str, Any]:
    """Return what a click reaches: the children inside, the sisters outside, objects near."""
    finest = view.store.city.child_level(view.region.level) is None
    return {
        "inside": view.store.city.child_level(view.region.level),
        "outside": None if view.is_root else view.region.level,
        "objectZoom": 0 if finest else 14.6,
    }


def _words(view: View) -> dict[str, Any]:
    """Return the words the map itself says, in the viewer's language."""
    language = view.language
    return {
        "severities": {int(one): dictionaries.severity(one).label(language) for one in Severity},
        "stages": [dictionaries.stage(one).label(language) for one in points.STAGES],
        "stageKeys": list(points.STAGES),
        "progress": [points.progress(one) for one in points.STAGES],
        "kinds": {key: kind.label(language) for key, kind in dictionaries.sensor_kinds().items()},
        "units": {
            key: kind.unit
            for key, kind in dictionaries.sensor_kinds().items()
            if kind.unit != dictionaries.YES_NO
        },
        "places": {
            kind: dictionaries.place_kind(kind).label(language)
            for kind in catalog.place_kinds(view.store)
        },
        "states": [WORDS(f"state-{state}", language) for state in range(4)],
        **{
            key: WORDS(f"map-{key}", language)
            for key in ("overdue", "incidents", "floors", "novalue", "north", "nearer", "farther")
        },
        "tilt": WORDS("map-tilt", language),
        "home": WORDS("map-home", language),
        "failed": WORDS("map-failed", language),
    }
