"""What a sheet shows: read once, with the queries, the shading and the layers of the screen.

What is drawn, what the legend counts and what a test compares with the screen is this one thing.
Only objects of the region itself are on paper: the screen dims what lies outside, a print that a
pencil counts on must not have it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import cos, log2, radians

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo_data import queries
from geo_data.faults import Fault, InputError, nearest
from geo_data.records import FUNCTIONAL, Region, Scope, Window
from geo_data.store import Store
from indicators import catalog as indicator_catalog
from indicators import windows
from layers import catalog, points
from layers.print import signs
from layers.print.request import SheetRequest
from layers.shading import Shading, indicator_shading
from layers.spec import LayerSpec

PIXEL_MM = 0.1
"""Paper shows what a screen shows whose pixels were so large: it is held nearer and is sharper."""
_METRES_PER_PIXEL = 40_075_016.69 / 512
ENDED = 0
"""Under this number the cases are counted that have ended: they have one sign."""
NOT_DRAWN = frozenset({"raster"})
"""Kinds of layers that have no place on paper yet."""


@dataclass(frozen=True, slots=True)
class Points:
    """Signs to draw, columns of shape (n,), the last on top.

    ``ids`` are what the screen calls them: numbers of incidents, codes of sensors and places.
    ``kinds`` name their signs, ``counts`` say how many there are of each severity or state,
    ``beyond`` how many the screen counts that lie in no region and have no place on the sheet.
    """

    ids: Sequence[int | str]
    degrees: npt.NDArray[np.float64]
    kinds: Sequence[str]
    counts: Mapping[int, int] = field(default_factory=dict)
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas to draw: codes, names and shapes in EPSG:4326, all of shape (n,)."""

    ids: Sequence[str]
    names: Sequence[str]
    shapes: npt.NDArray[np.object_]


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
    areas, points : Mapping
        Layer key -> what is drawn of it.
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
    points: Mapping[str, Points]

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
    frame = queries.region_shapes(store, scope, region.level)
    rows = frame.loc[frame["code"] == region.code, "geometry"]
    return rows.iloc[0]


def zoom_of(denominator: float, lat: float) -> float:
    """Return the zoom of the screen that shows as much as paper of a scale."""
    metres = denominator * PIXEL_MM / 1000
    return log2(_METRES_PER_PIXEL * cos(radians(lat)) / metres)


def counted_contents(
    store: Store, scope: Scope, request: SheetRequest, denominator: float
) -> Contents:
    """Return as :func:`read_contents`, but areas without their shapes.

    Enough to know whether a page has room for what must stand on it, and quick at any size.
    """
    return read_contents(store, scope, request, denominator, counted=True)


def read_contents(
    store: Store, scope: Scope, request: SheetRequest, denominator: float, counted: bool = False
) -> Contents:
    """Read everything a sheet of this scale shows; ``counted`` areas have no shapes.

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
        areas={
            spec.key: (_counted if counted and spec.kind else _areas)(store, scope, region, spec)
            for spec in specs
            if spec.geometry in ("area", "tile")
        },
        points={
            spec.key: _points(store, scope, region, spec, request.at, window)
            for spec in specs
            if spec.geometry in ("point", "live")
        },
    )


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
    if request.window not in windows.KEYS:
        values: dict[str, object] = {
            "key": request.window,
            "nearest": nearest(request.window, windows.KEYS),
        }
        raise InputError(Fault("sheet-window", values=values))
    return windows.window(request.window, request.at, store.city.zone)


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
    frame = queries.region_shapes(store, scope, level)
    return Areas(list(frame["code"]), list(frame["name"]), frame.geometry.to_numpy())


def _areas(store: Store, scope: Scope, region: Region, spec: LayerSpec) -> Areas:
    if spec.kind is None:
        return _functional(store, scope, region)
    names = ("code",) if spec.geometry == "tile" else ("code", "name")
    frame = _places(store, scope, region, spec.kind, names)
    shapes = frame.geometry.to_numpy()
    rows = np.flatnonzero(shapely.get_dimensions(shapes) == 2)
    codes = frame["code"].to_numpy(dtype=object)[rows]
    said = frame["name"].to_numpy(dtype=object)[rows] if "name" in names else [""] * len(rows)
    return Areas(list(codes), list(said), shapes[rows])


def _counted(store: Store, scope: Scope, region: Region, spec: LayerSpec) -> Areas:
    count = queries.place_counts(store, scope, region.code).get(spec.kind or "", 0)
    return Areas([""] * count, [""] * count, np.empty(0, dtype=object))


def _places(
    store: Store, scope: Scope, region: Region, kind: str, columns: Sequence[str]
) -> gpd.GeoDataFrame:
    return queries.places(store, scope, [kind], region.code, columns)


def _functional(store: Store, scope: Scope, region: Region) -> Areas:
    """Return the functional areas that overlap a region: they are of no town."""
    if not store.version(f"regions/{FUNCTIONAL}"):
        return Areas([], [], np.empty(0, dtype=object))
    frame = queries.region_shapes(store, scope, FUNCTIONAL)
    shapes = frame.geometry.to_numpy()
    outline = outline_of(store, scope, region)
    shapely.prepare(outline)
    rows = np.flatnonzero(shapely.intersects(outline, shapes))
    return Areas(
        [frame["code"].iloc[row] for row in rows],
        [frame["name"].iloc[row] for row in rows],
        shapes[rows],
    )


def _points(
    store: Store, scope: Scope, region: Region, spec: LayerSpec, at: datetime, window: Window
) -> Points:
    if spec.key == "incidents":
        return _cases(store, scope, region, at, window)
    if spec.key == "sensors":
        return _sensors(store, scope, region, at)
    frame = _places(store, scope, region, spec.kind or "", ("code", "lon", "lat"))
    frame = frame[shapely.get_dimensions(frame.geometry.to_numpy()) == 0]
    degrees = np.column_stack([frame["lon"].to_numpy(float), frame["lat"].to_numpy(float)])
    return Points(list(frame["code"]), degrees, ["place"] * len(frame))


def _cases(store: Store, scope: Scope, region: Region, at: datetime, window: Window) -> Points:
    """Return the cases of a region: open ones, and those reported in the window; worst on top."""
    found = queries.open_incident_points(store, scope, at, window)
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
    return Points(found.id[order].tolist(), degrees, kinds, Counter(shown.tolist()), beyond)


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
