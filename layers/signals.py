"""The layer of early warning: hot, cold and emerging regions, and the outlines of clusters.

It is drawn from what was last found: one document per look, whose address never changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Literal, get_args

import numpy as np
import shapely

from geo_data import queries
from geo_data.records import Scope
from geo_data.store import Store
from indicators import early_warning
from indicators.early_warning import Assessment, Spot
from layers.documents import MIDDLE, Document, encode
from layers.style import TOKENS, WORDS, LegendRow, blend

LAYER = "early-warning"
FORMAT = 1

Class = Literal["emerging", "hot", "cold", "cluster"]
CLASSES: tuple[Class, ...] = get_args(Class)
STRENGTH: Mapping[Class, float] = {"emerging": 0.92, "hot": 0.6, "cold": 0.2, "cluster": 0.0}
"""Of the one violet: what is new is strongest, what is calm is faint, clusters are a line only."""
_WORDS: Mapping[Class, str] = {
    "emerging": "spot-emerging",
    "hot": "spot-hot",
    "cold": "spot-cold",
    "cluster": "spot-cluster",
}
_SHAPES: Mapping[Class, str] = {"cluster": "outline"}


def class_of_spot(spot: Spot) -> Class:
    """Return how a region is drawn."""
    if not spot.is_hot:
        return "cold"
    return "emerging" if spot.trend in ("new", "intensifying") else "hot"


def version(scope: Scope, found: Assessment) -> str:
    """Return the version of the document of an assessment."""
    said = "|".join(map(str, (FORMAT, scope.region_code, found.at.isoformat(), found.version)))
    return blake2b(said.encode(), digest_size=6).hexdigest()


def path(store: Store, scope: Scope) -> str | None:
    """Return the address of the newest document; ``None`` before the first look is over."""
    found = early_warning.held(store, scope)
    return None if found is None else f"/data/shapes/{LAYER}.bin?v={version(scope, found)}"


def document(store: Store, scope: Scope) -> Document:
    """Return the polygons of the last look by class; empty before the first is over."""
    found = early_warning.held(store, scope)
    at = "" if found is None else version(scope, found)
    return store.cached(
        ("signal-shapes", scope), at, lambda: Document(LAYER, at, _body(store, scope, found))
    )


def _body(store: Store, scope: Scope, found: Assessment | None) -> bytes:
    import geopandas as gpd

    shapes = _shapes(store, scope, found) if found is not None else {}
    frames: dict[str, gpd.GeoDataFrame] = {
        # A region belongs to no other of the document.
        one: gpd.GeoDataFrame(
            {"code": list(own), "parent_code": [""] * len(own), "name": [""] * len(own)},
            geometry=gpd.GeoSeries(np.array([*own.values(), None], dtype=object)[:-1], crs=4326),
        )
        for one, own in shapes.items()
        if own
    }
    return encode(frames, MIDDLE)


def _shapes(
    store: Store, scope: Scope, found: Assessment
) -> dict[Class, dict[str, shapely.Geometry]]:
    shapes: dict[Class, dict[str, shapely.Geometry]] = {one: {} for one in CLASSES}
    outlines = queries.region_outlines(store, scope, store.city.finest_level)
    known = dict(zip(outlines.codes, outlines.shapes, strict=True))
    for code, spot in found.spots.items():
        # Regions may have been imported anew since.
        if code in known:
            shapes[class_of_spot(spot)][code] = known[code]
    for one in found.signals:
        if one.kind == "cluster":
            shapes["cluster"][one.key] = shapely.Polygon(one.outline)
    return shapes


def signal_legend(
    store: Store, scope: Scope, theme: str, language: str, codes: Collection[str]
) -> list[LegendRow]:
    """Return the classes with how many regions and clusters of each are in view."""
    found = early_warning.held(store, scope)
    counts = dict.fromkeys(CLASSES, 0)
    for code, spot in (found.spots if found is not None else {}).items():
        counts[class_of_spot(spot)] += code in codes
    for one in found.signals if found is not None else ():
        counts["cluster"] += one.kind == "cluster" and one.region_code in codes
    violet, land = TOKENS[theme]["spot"], TOKENS[theme]["land"]
    return [
        LegendRow(
            violet if one == "cluster" else blend(violet, land, STRENGTH[one]),
            WORDS(_WORDS[one], language),
            counts[one] if found is not None else None,
            _SHAPES.get(one, "area"),
        )
        for one in CLASSES
    ]
