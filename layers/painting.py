"""How each declared layer is drawn: the only place that spells deck.gl's properties.

``data`` of a layer is ``<source>#<part>``: the browser has the source once and draws several
layers of it. A layer of tiles or images has the template of their addresses instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pydeck
from pydeck.types import String

from geo_data import tiles
from geo_data.records import FUNCTIONAL, Region, Scope
from geo_data.store import Store
from layers import documents, signals
from layers.shading import Shading
from layers.spec import LayerSpec
from layers.style import rgba

STOREY_M = 3.1
OUTLINE = "region-outline"
WALL_MARKS = 1.3
"""How much larger signs are on the wall; the browser gathers by the same."""
PIXELS = String("pixels")
OVER_ALL = {"depthCompare": "always", "depthWriteEnabled": False}
"""Flat things are drawn in order: extruded buildings must not cut them."""


@dataclass(frozen=True, slots=True)
class View:
    """Everything a layer of one view may depend on."""

    store: Store
    scope: Scope
    region: Region
    root: Region
    on: Mapping[str, float]
    shading: Shading | None
    theme: str
    language: str
    wall: bool
    tokens: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_root(self) -> bool:
        return self.region.code == self.root.code

    def level_keys(self) -> Sequence[str]:
        keys = self.store.city.level_keys
        return keys[keys.index(self.root.level) :]


def _in_drawing_order(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the regions' shades under all of their borders, and the coarser border on top."""
    chain = [entry for entry in found if entry["layer"]["id"].startswith("region-")]
    own = [entry for entry in chain if entry["layer"]["data"].startswith(documents.CHAIN)]
    own = [entry for entry in own if entry["layer"]["id"] != OUTLINE]
    fills = [entry for entry in own if "#fill/" in entry["layer"]["data"]]
    lines: list[dict[str, Any]] = []
    for entry in own:
        if entry in fills:
            continue
        # Finest first: what comes later in the chain goes before, casing before its line.
        level = entry["layer"]["data"]
        at = next((i for i, one in enumerate(lines) if one["layer"]["data"] == level), None)
        lines.insert(0 if at is None else at + 1, entry)
    rest = [entry for entry in found if entry not in own]
    ground = [entry for entry in rest if entry["layer"]["id"] == "basemap"]
    return [*ground, *fills, *lines, *(entry for entry in rest if entry not in ground)]


def drawn(view: View, specs: Sequence[LayerSpec]) -> list[dict[str, Any]]:
    """Return the deck.gl layers of declared layers in the order they are drawn.

    Returns
    -------
    list of dict
        ``layer`` as pydeck writes it, and the zooms ``min`` and ``max`` it is seen between.
    """
    return _in_drawing_order([entry for spec in specs for entry in _entries(view, spec)])


def _entries(view: View, spec: LayerSpec) -> Iterator[dict[str, Any]]:
    """Return the deck.gl layers of one declared layer, with the zooms they are seen at."""
    draw = {
        "raster": _raster,
        "region": _region_layers,
        "area": _area_layers,
        "tile": _building_layers,
        "point": _point_layers,
        "live": _live_layers,
        "signal": _signal_layers,
        "mask": _mask_layers,
        "text": _nothing,
    }[spec.geometry]
    if spec.kind is not None and not _is_there(view, spec):
        return
    for layer in draw(view, spec, view.on[spec.key]):
        said = json.loads(layer.to_json())
        yield {"min": spec.min_zoom, "max": spec.max_zoom, "layer": said}


def _is_there(view: View, spec: LayerSpec) -> bool:
    known = view.store.layers().get(f"places/{spec.kind}")
    return known is not None and known.rows > 0 and view.scope.sees_kind(spec.kind or "")


def _nothing(_view: View, _spec: LayerSpec, _opacity: float) -> Iterator[pydeck.Layer]:
    """Names are written over the picture, not drawn in it: see ``labels``."""
    return iter(())


def _raster(view: View, spec: LayerSpec, opacity: float) -> Iterator[pydeck.Layer]:
    basemap = view.store.city.basemap
    if basemap is None:
        return
    yield pydeck.Layer(
        "TileLayer",
        basemap.url or "/tiles/basemap/{z}/{x}/{y}.png",
        id=spec.key,
        opacity=opacity,
        min_zoom=0,
        max_zoom=basemap.max_zoom,
        tile_size=256,
    )


def _region_layers(view: View, spec: LayerSpec, opacity: float) -> Iterator[pydeck.Layer]:
    keys = view.level_keys()
    if spec.level not in keys:
        return
    rank = keys.index(spec.level)
    shaded = view.shading is not None and view.shading.level == spec.level
    if shaded or (rank == 0 and "basemap" not in view.on):
        yield pydeck.Layer(
            "SolidPolygonLayer",
            f"{documents.CHAIN}#fill/{spec.level}",
            id=f"{spec.key}-fill",
            get_fill_color=rgba(view.tokens["land"]),
            opacity=opacity,
            parameters=OVER_ALL,
            _normalize=False,
        )
    lines = f"{documents.CHAIN}#lines/{spec.level}"
    width = _border_width(view, rank)
    if 0 < rank < len(keys) - 1:
        # A dark edge on both sides, so that the border stands out of light shades too.
        casing = rgba(view.tokens["ground"], 0.5)
        yield _line(lines, f"{spec.key}-casing", casing, width=width + 2.4, opacity=opacity)
    color = _border_color(view, rank)
    if 0 < rank == len(keys) - 1:
        yield _hairlines(
            f"{documents.CHAIN}#segments/{spec.level}", spec.key, color, width, opacity
        )
    else:
        yield _line(lines, f"{spec.key}-lines", color, width=width, opacity=opacity)


def _hairlines(data: str, key: str, color: list[int], width: float, opacity: float) -> pydeck.Layer:
    """Thousands of borders as plain segments: joints nobody sees would cost three times as much."""
    return pydeck.Layer(
        "LineLayer",
        data,
        id=f"{key}-lines",
        get_color=color,
        get_width=width,
        width_units=PIXELS,
        opacity=opacity,
        parameters=OVER_ALL,
    )


def _border_color(view: View, rank: int) -> list[int]:
    """Coarser borders stand out of the shades; those of the finest level are cut into them."""
    if rank and rank == len(view.level_keys()) - 1:
        return rgba(view.tokens["ground" if view.theme == "dark" else "land"], 0.55)
    return rgba(view.tokens["border"], 1.0 if rank == 0 else 0.85)


def _border_width(view: View, rank: int) -> float:
    width = 1.9 if rank == 0 else 0.7 if rank == len(view.level_keys()) - 1 else 1.2
    return width * (1.5 if view.wall else 1.0)


def _line(
    data: str,
    key: str,
    color: list[int],
    *,
    width: float,
    opacity: float = 1.0,
    rounded: bool = False,
) -> pydeck.Layer:
    # Rounded joints take several times the vertices: for the few lines that are wide only.
    return pydeck.Layer(
        "PathLayer",
        data,
        id=key,
        get_color=color,
        get_width=width,
        width_units=PIXELS,
        joint_rounded=rounded,
        cap_rounded=rounded,
        miter_limit=2,
        opacity=opacity,
        parameters=OVER_ALL,
        _path_type=String("open"),
    )


_AREA_TOKENS = {
    FUNCTIONAL: "accent",
    "village": "village",
    "residential": "village",
    "park": "park",
    "water": "water",
}


def _area_layers(view: View, spec: LayerSpec, opacity: float) -> Iterator[pydeck.Layer]:
    name = spec.source or FUNCTIONAL
    if name == FUNCTIONAL and not view.store.version(f"regions/{FUNCTIONAL}"):
        return
    color = view.tokens[_AREA_TOKENS.get(spec.kind or FUNCTIONAL, "village")]
    strength = {"park": 0.20, "residential": 0.13, "water": 1.0}.get(spec.kind or "", 0.05)
    if spec.kind != "village":
        yield pydeck.Layer(
            "SolidPolygonLayer",
            f"{name}#fill/{spec.kind or FUNCTIONAL}",
            id=f"{spec.key}-fill",
            get_fill_color=rgba(color, strength),
            opacity=opacity,
            parameters=OVER_ALL,
            _normalize=False,
        )
    if spec.kind == "water":
        # No shore and nothing to click: it lies there so that one knows where one is.
        return
    width = 1.6 if name == FUNCTIONAL else 1.0
    yield _line(
        f"{name}#lines/{spec.kind or FUNCTIONAL}",
        f"{spec.key}-lines",
        rgba(color, 0.8 if spec.kind != "village" else 0.5),
        width=width,
        opacity=opacity,
    )


def _building_layers(view: View, spec: LayerSpec, opacity: float) -> Iterator[pydeck.Layer]:
    version = tiles.version(view.store, view.scope, spec.key)
    yield pydeck.Layer(
        "TileLayer",
        f"/tiles/{spec.key}/{{z}}/{{x}}/{{y}}.mvt?v={version}",
        id=spec.key,
        get_fill_color=rgba(view.tokens["building"], 0.94),
        get_line_color=rgba(view.tokens["border"], 0.5),
        elevation_scale=STOREY_M,
        opacity=opacity,
        min_zoom=14,
        max_zoom=15,
        tile_size=512,
        max_requests=6,
    )


def _point_layers(view: View, spec: LayerSpec, opacity: float) -> Iterator[pydeck.Layer]:
    yield pydeck.Layer(
        "ScatterplotLayer",
        f"{spec.key}#dots",
        id=spec.key,
        get_fill_color=rgba(view.tokens["ink-2"], 0.9),
        get_line_color=rgba(view.tokens["ground"], 0.9),
        get_radius=3.2 * (WALL_MARKS if view.wall else 1.0),
        radius_units=PIXELS,
        stroked=True,
        line_width_units=PIXELS,
        get_line_width=1,
        opacity=opacity,
        parameters=OVER_ALL,
    )


def _live_layers(view: View, spec: LayerSpec, opacity: float) -> Iterator[pydeck.Layer]:
    yield pydeck.Layer(
        "IconLayer",
        f"{spec.key}#marks",
        id=f"{spec.key}-marks",
        size_units=PIXELS,
        size_scale=WALL_MARKS if view.wall else 1.0,
        opacity=opacity,
        parameters=OVER_ALL,
    )


def _signal_layers(view: View, spec: LayerSpec, opacity: float) -> Iterator[pydeck.Layer]:
    if signals.path(view.store, view.scope) is None:
        # The first look at the city is not over yet.
        return
    violet = view.tokens["spot"]
    for one in reversed(signals.CLASSES):
        if signals.STRENGTH[one]:
            yield pydeck.Layer(
                "SolidPolygonLayer",
                f"{spec.key}#fill/{one}",
                id=f"{spec.key}-{one}-fill",
                get_fill_color=rgba(violet, signals.STRENGTH[one]),
                opacity=opacity,
                parameters=OVER_ALL,
                _normalize=False,
            )
    for one, width in (("emerging", 1.4), ("cluster", 2.4)):
        lines = f"{spec.key}#lines/{one}"
        wide = width * (1.5 if view.wall else 1.0)
        casing = rgba(view.tokens["ground"], 0.75)
        yield _line(lines, f"{spec.key}-{one}-casing", casing, width=wide + 2.0, opacity=opacity)
        yield _line(lines, f"{spec.key}-{one}", rgba(violet), width=wide, opacity=opacity)


def _mask_layers(view: View, spec: LayerSpec, opacity: float) -> Iterator[pydeck.Layer]:
    name = FUNCTIONAL if view.region.level == FUNCTIONAL else documents.CHAIN
    if view.is_root and "basemap" not in view.on:
        return
    yield pydeck.Layer(
        "SolidPolygonLayer",
        f"{name}#mask/{view.region.code}",
        id=spec.key,
        get_fill_color=rgba(view.tokens["ground"]),
        opacity=opacity,
        parameters=OVER_ALL,
        _normalize=False,
    )
    yield _line(
        f"{name}#outline/{view.region.code}",
        OUTLINE,
        rgba(view.tokens["accent"]),
        width=2.2 if not view.wall else 3.2,
        rounded=True,
    )
