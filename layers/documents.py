"""Polygons that travel whole: one compact document per layer version.

A few thousand polygons are a few ten thousand numbers: sent once they beat tiles in bytes and in
work. The regions of the whole drill chain share one document, because a town's border is made of
its grids' borders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo_data import queries
from geo_data.faults import Fault, InputError, nearest
from geo_data.records import FUNCTIONAL, Scope
from geo_data.store import Store
from layers import topology
from layers.buffers import pack, varints
from layers.topology import Topology

if TYPE_CHECKING:
    import geopandas as gpd

FORMAT = 1
CHAIN, CHAIN_FINE = "chain", "chain-fine"
PLACE = "place-"
PLACE_LIMIT = 6000
"""A kind with more polygons than this goes by tiles."""
_METRES_PER_DEGREE = 111_320.0
_NEST_TOLERANCE = 2e-3


@dataclass(frozen=True, slots=True)
class Grain:
    """How fine a document is: ``tolerance_m`` is what simplifying may move a border by."""

    tolerance_m: float
    quantum_deg: float


COARSE = Grain(tolerance_m=22.0, quantum_deg=2e-5)
FINE = Grain(tolerance_m=0.7, quantum_deg=2e-6)
MIDDLE = Grain(tolerance_m=3.0, quantum_deg=1e-5)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as served: ``version`` belongs in its address, which then never changes."""

    name: str
    version: str
    body: bytes


def names(store: Store) -> list[str]:
    """Return the names of the documents there are."""
    kinds = [
        layer.removeprefix("places/") for layer in store.layers() if layer.startswith("places/")
    ]
    return [CHAIN, CHAIN_FINE, FUNCTIONAL, *(PLACE + kind for kind in sorted(kinds))]


def version(store: Store, scope: Scope, name: str) -> str:
    """Return the version of a document without making it."""
    family = f"places/{name.removeprefix(PLACE)}" if name.startswith(PLACE) else "regions/"
    known = [
        f"{layer} {entry.version} {entry.updated_at.isoformat()}"
        for layer, entry in sorted(store.layers().items())
        if layer == family or (family == "regions/" and layer.startswith(family))
    ]
    said = "|".join([str(FORMAT), name, str(scope.region_code), store.city.code, *known])
    return blake2b(said.encode(), digest_size=6).hexdigest()


def path(store: Store, scope: Scope, name: str) -> str:
    """Return the address of a document: it may be kept for ever."""
    return f"/data/shapes/{name}.bin?v={version(store, scope, name)}"


def document(store: Store, scope: Scope, name: str) -> Document:
    """Return a document, made once per version.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    name : str
        One of :func:`names`.

    Raises
    ------
    InputError
        There is no such document, or the viewer may not see it.
    """
    known = names(store)
    kind = name.removeprefix(PLACE) if name.startswith(PLACE) else None
    if name not in known or (kind is not None and not scope.sees_kind(kind)):
        values: dict[str, object] = {"layer": name, "nearest": nearest(name, known)}
        raise InputError(Fault("no-map-layer", values=values))
    at = version(store, scope, name)

    def build() -> Document:
        return Document(name, at, _body(store, scope, name, kind))

    return store.cached(("document", name, scope.region_code), at, build)


def _body(store: Store, scope: Scope, name: str, kind: str | None) -> bytes:
    if kind is not None:
        return _place_body(store, scope, kind)
    if name == FUNCTIONAL:
        frame = queries.region_shapes(store, scope, FUNCTIONAL)
        return encode({FUNCTIONAL: frame}, MIDDLE)
    tree = queries.region_tree(store, scope)
    first = store.city.level_keys.index(tree.root.level)
    levels = {
        key: queries.region_shapes(store, scope, key) for key in store.city.level_keys[first:]
    }
    filled = {key: frame for key, frame in levels.items() if len(frame)}
    return encode(filled, COARSE if name == CHAIN else FINE)


def _place_body(store: Store, scope: Scope, kind: str) -> bytes:
    frame = queries.places(store, scope, [kind])
    areas = frame[shapely.get_dimensions(frame.geometry.to_numpy()) == 2]
    # A place has no parent in its own document: what it lies in is a region.
    return encode({kind: areas.rename(columns={"region_code": "parent_code"})}, MIDDLE)


def encode(levels: Mapping[str, gpd.GeoDataFrame], grain: Grain) -> bytes:
    """Write the polygons of one or more levels as one document.

    Parameters
    ----------
    levels : Mapping of str to GeoDataFrame
        Coarsest first: ``code, parent_code, name, geometry`` in EPSG:4326.
    grain : Grain
        How fine.

    Returns
    -------
    bytes
        Header ``levels`` (``key, codes, names, parents``: the parent's place in the level
        before, or its code where it is not in the document), ``west, south, quantum``; columns
        of zigzag varints: ``sizes`` (vertices per arc), ``ranks``, ``x`` and ``y`` (steps of the
        quantum from the vertex before), ``rings`` (per feature the number of rings; per ring
        twice the number of arcs plus one for a hole, then, as steps from the one before, twice the
        arc plus one where it is walked backwards).
    """
    shapes = simplified(levels, grain)
    everything = [shape for level in shapes.values() for shape in level]
    ranks = [rank for rank, level in enumerate(shapes.values()) for _ in level]
    west, south = (
        shapely.total_bounds(np.array(everything, dtype=object))[:2] if everything else (0.0, 0.0)
    )
    cut = topology.cut(everything, ranks, float(west), float(south), grain.quantum_deg)
    header = {
        "levels": _level_headers(levels),
        "west": float(west),
        "south": float(south),
        "quantum": grain.quantum_deg,
    }
    return pack(header, _streams(cut))


def simplified(
    levels: Mapping[str, gpd.GeoDataFrame], grain: Grain
) -> dict[str, list[shapely.Geometry]]:
    """Simplify all levels so that borders stay shared, within a level and between levels.

    A level whose regions are made up of those of the level below is put together from them;
    where they do not add up to it (no grids yet, a gap), its own outline is used.
    """
    found: dict[str, list[shapely.Geometry]] = {}
    below: gpd.GeoDataFrame | None = None
    for key in reversed(list(levels)):
        frame = levels[key]
        own = _simplify(frame.geometry.to_numpy(), grain)
        if below is not None:
            own = [
                _put_together(below.loc[below["parent_code"] == code, "shape"], outline)
                for code, outline in zip(frame["code"], own, strict=True)
            ]
        found[key] = own
        below = frame[["code", "parent_code"]].assign(shape=np.array([*own, None], object)[:-1])
    return {key: found[key] for key in levels}


def _put_together(
    children: Sequence[shapely.Geometry], outline: shapely.Geometry
) -> shapely.Geometry:
    if not len(children):
        return outline
    try:
        union = shapely.coverage_union_all(np.asarray(children, dtype=object))
    except shapely.GEOSException:
        return outline
    difference = abs(union.area - outline.area)
    nested = difference <= _NEST_TOLERANCE * outline.area and union.is_valid
    return union if nested else outline


def _simplify(shapes: Sequence[shapely.Geometry], grain: Grain) -> list[shapely.Geometry]:
    if not len(shapes):
        return []
    rows = np.asarray(shapes, dtype=object)
    _, south, _, north = shapely.total_bounds(rows)
    narrow = float(np.cos(np.radians((south + north) / 2)))
    plane = shapely.transform(rows, lambda xy: xy * (narrow, 1.0))
    simple = shapely.coverage_simplify(plane, grain.tolerance_m / _METRES_PER_DEGREE)
    return list(shapely.transform(simple, lambda xy: xy / (narrow, 1.0)))


def _level_headers(levels: Mapping[str, gpd.GeoDataFrame]) -> list[dict[str, object]]:
    headers: list[dict[str, object]] = []
    above: dict[str, int] = {}
    for key, frame in levels.items():
        codes = [str(code) for code in frame["code"]]
        parents = [above.get(code, code) for code in frame["parent_code"]]
        headers.append(
            {"key": key, "codes": codes, "names": list(frame["name"]), "parents": parents}
        )
        above = {code: index for index, code in enumerate(codes)}
    return headers


def _streams(cut: Topology) -> dict[str, np.ndarray[tuple[int], np.dtype[np.uint8]]]:
    steps = (
        np.diff(np.concatenate(cut.arcs), axis=0, prepend=0) if cut.arcs else np.zeros((0, 2), int)
    )
    rings: list[int] = []
    last = 0
    for feature in cut.features:
        rings.append(len(feature))
        for is_hole, arcs in feature:
            walked = [2 * arc if arc >= 0 else 2 * ~arc + 1 for arc in arcs]
            rings.append(2 * len(walked) + is_hole)
            rings.extend(np.diff(walked, prepend=last).tolist())
            last = walked[-1]
    return {
        "sizes": varints([len(arc) for arc in cut.arcs]),
        "ranks": varints(cut.ranks),
        "x": varints(steps[:, 0]),
        "y": varints(steps[:, 1]),
        "rings": varints(rings),
    }
