"""What a sheet shows: read once, with the queries, the shading and the layers of the screen.

What is drawn, what the legend counts and what a test compares with the screen is this one thing.
Only objects of the region itself are on paper: the screen dims what lies outside, a print that a
pencil counts on must not have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from math import cos, log2, radians
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo_data import queries
from geo_data.faults import Fault, InputError, nearest
from geo_data.records import FUNCTIONAL, Region, Scope, Window
from geo_data.store import Store
from geo_data.tiles.flat_polygons import FlatPolygons
from indicators import catalog as indicator_catalog
from indicators import engine, windows
from layers import catalog
from layers.print import signs
from layers.print.drawn_points import Points, points_of
from layers.print.gathering import at_scale
from layers.print.request import SheetRequest
from layers.shading import Shading, indicator_shading
from layers.spec import LayerSpec
from layers.style import WORDS

PIXEL_MM = 0.1
"""Paper shows what a screen shows whose pixels were so large: it is held nearer and is sharper."""
_METRES_PER_PIXEL = 40_075_016.69 / 512
NOT_DRAWN = frozenset({"raster", "signal"})
"""Kinds of layers that have no place on paper yet."""


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas to draw: codes, names and shapes in EPSG:4326, all of shape (n,)."""

    ids: Sequence[str]
    names: Sequence[str]
    shapes: npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Footprints:
    """Areas so many that they go without names and without objects: ``outlines`` in EPSG:4326."""

    ids: Sequence[str]
    outlines: FlatPolygons


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything a sheet shows.

    Parameters
    ----------
    store, scope, request
        What was asked, of what, by whom.
    tree : RegionTree
        The regions that may be seen.
    region : Region
        The one shown.
    outline : Geometry
        Its shape in EPSG:4326.
    window : Window
        Span of the cases and of the indicator.
    specs : sequence of LayerSpec
        Layers that are on, in drawing order.
    shading : Shading or None
        What colours the finest regions.
    levels : Mapping of str to Areas
        Outlines of the levels drawn, of the whole tree.
    areas, footprints, points : Mapping
        Layer key -> what is drawn of it.
    ages : Mapping
        As :func:`geo_data.queries.ages`.
    """

    store: Store
    scope: Scope
    request: SheetRequest
    tree: queries.RegionTree
    region: Region
    outline: shapely.Geometry
    window: Window
    specs: tuple[LayerSpec, ...]
    shading: Shading | None
    levels: Mapping[str, Areas]
    areas: Mapping[str, Areas]
    footprints: Mapping[str, Footprints]
    points: Mapping[str, Points]
    ages: Mapping[str, tuple[datetime | None, float]]

    @property
    def language(self) -> str:
        """What the sheet speaks."""
        return self.request.language

    def tree_levels(self) -> tuple[str, ...]:
        """Return the levels of the chain that may be seen, coarsest first."""
        return _levels_of(self.store, self.tree)

    def inside(self) -> frozenset[str]:
        """Return the codes of the region and of everything below it."""
        return frozenset(self.tree.subtree(self.region.code)) | {self.region.code}

    def features(self) -> dict[str, tuple[int | str, ...]]:
        """Return what is drawn of each layer by its ids: what a screen of the region shows."""
        found: dict[str, tuple[int | str, ...]] = {
            key: tuple(areas.ids) for key, areas in self.areas.items()
        }
        found |= {key: tuple(drawn.ids) for key, drawn in self.footprints.items()}
        found |= {key: tuple(points.ids) for key, points in self.points.items()}
        inside = self.inside()
        for level, areas in self.levels.items():
            if any(spec.level == level for spec in self.specs):
                found[f"region-{level}"] = tuple(one for one in areas.ids if one in inside)
        return found


def _levels_of(store: Store, tree: queries.RegionTree) -> tuple[str, ...]:
    keys = store.city.level_keys
    return keys[keys.index(tree.root.level) :]


def region_of(store: Store, scope: Scope, code: str) -> Region:
    """Return a region that may be seen.

    Raises
    ------
    InputError
        There is none with this code, for this viewer: the nearest is named.
    """
    tree = queries.region_tree(store, scope)
    region = tree.get(code)
    if region is None:
        near = nearest(code, [one.code for one in tree.regions()])
        values: dict[str, object] = {"code": code, "nearest": near, "name": tree.get(near).name}  # type: ignore[union-attr]
        raise InputError(Fault("sheet-region", values=values))
    return region


def outline_of(store: Store, scope: Scope, region: Region) -> shapely.Geometry:
    """Return the shape of a region in EPSG:4326."""
    known = queries.region_outlines(store, scope, region.level)
    return known.shapes[known.codes.index(region.code)]


def zoom_of(denominator: float, lat: float) -> float:
    """Return the zoom of the screen that shows as much as paper of a scale."""
    metres = denominator * PIXEL_MM / 1000
    return log2(_METRES_PER_PIXEL * cos(radians(lat)) / metres)


def counted_contents(
    store: Store,
    scope: Scope,
    request: SheetRequest,
    denominator: float,
    before: Contents | None = None,
) -> Contents:
    """Return as :func:`read_contents`, but areas without their shapes.

    Enough to know whether a page has room for what must stand on it, and quick at any size.
    """
    return read_contents(store, scope, request, denominator, before, counted=True)


def read_contents(
    store: Store,
    scope: Scope,
    request: SheetRequest,
    denominator: float,
    before: Contents | None = None,
    counted: bool = False,
) -> Contents:
    """Read everything a sheet of this scale shows; ``counted`` areas have no shapes.

    ``before`` are the contents of the same request at another scale: what they hold already is
    not read again.

    Raises
    ------
    InputError
        A region, layer, indicator or window that there is not, or not for this viewer.
    """
    check_subject(store, request)
    tree = queries.region_tree(store, scope)
    region = region_of(store, scope, request.region_code)
    window = _window(store, request)
    zoom = zoom_of(denominator, region.lat)
    # Of the levels above the viewer's root there is nothing to draw.
    hidden = frozenset(store.city.level_keys) - frozenset(_levels_of(store, tree))
    drawn = layers_drawn(store, scope, request, zoom)
    specs = tuple(spec for spec in drawn if spec.level not in hidden)
    levels = [spec.level for spec in specs if spec.level]
    seen, here = _held(before), (store, scope, region)
    read_areas, read_footprints = (
        (_counted, _counted_footprints) if counted else (_areas, _footprints)
    )
    unit_m = denominator / 1000 * request.sheet_template.type / signs.TYPE_MM
    paper, when = (region, store.city.metric_crs, unit_m), (request.at, window, request.cases)

    def of(*geometries: str) -> list[LayerSpec]:
        return [spec for spec in specs if spec.geometry in geometries]

    return Contents(
        store=store,
        scope=scope,
        request=request,
        tree=tree,
        region=region,
        outline=outline_of(store, scope, region),
        window=window,
        specs=specs,
        shading=_shading(store, scope, request, levels),
        levels={level: _level(store, scope, level) for level in levels},
        areas={one.key: seen.get(one.key) or read_areas(*here, one) for one in of("area")},
        footprints={
            one.key: seen.get(one.key) or read_footprints(*here, one) for one in of("tile")
        },
        points={
            one.key: at_scale(seen.get(one.key) or points_of(*here, one, *when), *paper)
            for one in of("point", "live")
        },
        ages=before.ages if before else queries.ages(store, scope, request.at),
    )


def _held(before: Contents | None) -> Mapping[str, Any]:
    return {} if before is None else {**before.areas, **before.footprints, **before.points}


def layers_drawn(
    store: Store, scope: Scope, request: SheetRequest, zoom: float
) -> tuple[LayerSpec, ...]:
    """Return the layers of a sheet in drawing order.

    Those asked for by name are drawn at any scale; of the others those that are on by default and
    that a screen of the same scale shows.

    Raises
    ------
    InputError
        There is no such layer, or the viewer may not see it.
    """
    declared = catalog.declared(store)
    known = {spec.key: spec for spec in declared if spec.geometry not in NOT_DRAWN}
    # What is on the screen may be asked for, though paper has not all of it.
    left_out = {spec.key for spec in declared} - set(known)
    held = store.layers()
    if request.layers is None:
        wanted = {spec.key for spec in known.values() if spec.default_on and spec.min_zoom <= zoom}
        return tuple(
            spec
            for spec in known.values()
            if spec.key in wanted and (spec.kind is None or _may_see(scope, spec, held))
        )
    for key in request.layers:
        spec = known.get(key)
        if key not in left_out and (spec is None or not _may_see(scope, spec, held)):
            seen = [one.key for one in known.values() if _may_see(scope, one, held)]
            values: dict[str, object] = {"layer": key, "nearest": nearest(key, seen)}
            raise InputError(Fault("no-map-layer", values=values))
    return tuple(spec for spec in known.values() if spec.key in request.layers)


def _may_see(scope: Scope, spec: LayerSpec, held: Mapping[str, object]) -> bool:
    if spec.kind is None:
        return True
    return scope.sees_kind(spec.kind) and f"places/{spec.kind}" in held


def _window(store: Store, request: SheetRequest) -> Window:
    try:
        return engine.period_of(store, request.window, request.at).window
    except KeyError as error:
        values: dict[str, object] = {
            "key": request.window,
            "nearest": nearest(request.window, windows.KEYS),
        }
        raise InputError(Fault("sheet-window", values=values)) from error


def window_words(contents: Contents) -> str:
    """Return what the window is called; days that were given are named themselves."""
    key = f"print-window-{contents.request.window}"
    if key in WORDS:
        return WORDS(key, contents.language)
    first, _, last = contents.request.window.partition("..")
    return first if first == last else f"{first} – {last}"


def check_subject(store: Store, request: SheetRequest) -> None:
    """See that there are the indicator and the window that a sheet speaks of.

    Raises
    ------
    InputError
        There are not: the nearest is named.
    """
    known = indicator_catalog.of(store.city)
    if request.indicator not in known:
        values: dict[str, object] = {
            "key": request.indicator,
            "nearest": nearest(request.indicator, list(known)),
        }
        raise InputError(Fault("sheet-indicator", values=values))
    _window(store, request)


def _shading(
    store: Store, scope: Scope, request: SheetRequest, levels: Sequence[str]
) -> Shading | None:
    if store.city.finest_level not in levels:
        return None
    return indicator_shading(
        store, scope, request.indicator, request.window, request.at, request.language
    )


def _level(store: Store, scope: Scope, level: str) -> Areas:
    known = queries.region_outlines(store, scope, level)
    return Areas(known.codes, known.names, known.shapes)


def _areas(store: Store, scope: Scope, region: Region, spec: LayerSpec) -> Areas:
    if spec.kind is None:
        return _functional(store, scope, region)
    found = queries.place_columns(store, scope, [spec.kind], region.code, ("code", "name"))
    shapes = found.shapes()
    rows = np.flatnonzero(shapely.get_dimensions(shapes) == 2)
    codes, names = found.values["code"], found.values["name"]
    return Areas([codes[row] for row in rows], [names[row] for row in rows], shapes[rows])


def _counted(store: Store, scope: Scope, region: Region, spec: LayerSpec) -> Areas:
    if spec.kind is None:
        return _functional(store, scope, region)
    codes = [""] * _count(store, scope, region, spec)
    return Areas(codes, codes, np.empty(0, dtype=object))


def _count(store: Store, scope: Scope, region: Region, spec: LayerSpec) -> int:
    return queries.place_counts(store, scope, region.code).get(spec.kind or "", 0)


def _footprints(store: Store, scope: Scope, region: Region, spec: LayerSpec) -> Footprints:
    found = queries.place_columns(store, scope, [spec.kind or ""], region.code, ("code",))
    outlines = FlatPolygons.read(found.geometries)
    is_area = outlines.has_rings().tolist()
    return Footprints(list(compress(found.values["code"], is_area)), outlines)


def _counted_footprints(store: Store, scope: Scope, region: Region, spec: LayerSpec) -> Footprints:
    return Footprints([""] * _count(store, scope, region, spec), FlatPolygons.read([]))


def _functional(store: Store, scope: Scope, region: Region) -> Areas:
    """Return the functional areas that overlap a region: they are of no town."""
    if not store.version(f"regions/{FUNCTIONAL}"):
        return Areas([], [], np.empty(0, dtype=object))
    known = queries.region_outlines(store, scope, FUNCTIONAL)
    outline = outline_of(store, scope, region)
    shapely.prepare(outline)
    rows = np.flatnonzero(shapely.intersects(outline, known.shapes)).tolist()
    return Areas(
        [known.codes[row] for row in rows], [known.names[row] for row in rows], known.shapes[rows]
    )
