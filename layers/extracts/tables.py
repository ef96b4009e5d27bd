"""From the layers of a view to their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from geo_data import queries
from geo_data.dictionaries import place_kind
from geo_data.exports import ExportRequest, checked
from geo_data.extracts import Column, Table, framed
from geo_data.faults import Fault, InputError, nearest
from geo_data.records import FUNCTIONAL, Region, Scope
from geo_data.store import LayerVersion, Store
from indicators import catalog as indicator_catalog
from indicators import engine
from indicators.spec import Indicator
from layers import catalog
from layers.extracts.columns import PLACE, REGION, columns
from layers.extracts.live_tables import case_table, sensor_table
from layers.spec import LayerSpec
from layers.style import WORDS

_WITHOUT_DATA = frozenset({"raster", "signal", "mask", "text"})
"""Ways of drawing that show nothing of the city's own."""
_PLACE_COLUMNS = (
    *("code", "kind", "name", "region_code", "site_code", "address", "floors", "use"),
    *("attributes", "lon", "lat"),
)


def checked_request(
    store: Store, scope: Scope, request: ExportRequest, now: datetime
) -> ExportRequest:
    """Return a request that can be made for this viewer, with its region and moment.

    Raises
    ------
    InputError
        A region, layer or indicator that there is not or that may not be seen, or what
        :func:`geo_data.exports.checked` refuses.
    """
    request = checked(request, now)
    tree = queries.region_tree(store, scope)
    code = request.region or tree.root.code
    if tree.get(code) is None:
        values: dict[str, object] = {"code": code, "root": tree.root.code}
        raise InputError(Fault("no-region", field="region", values=values))
    if request.indicator not in indicator_catalog.of(store.city):
        known = tuple(indicator_catalog.of(store.city))
        values = {"key": request.indicator, "nearest": nearest(request.indicator, known)}
        raise InputError(Fault("export-indicator", field="indicator", values=values))
    asked_layers(store, scope, request)
    return request.model_copy(update={"region": code})


def asked_layers(store: Store, scope: Scope, request: ExportRequest) -> tuple[LayerSpec, ...]:
    """Return the layers of a request in drawing order; those on by default where it names none.

    Raises
    ------
    InputError
        A layer that there is not, or whose objects this viewer may not see.
    """
    declared = {layer.key: layer for layer in catalog.declared(store) if _is_seen(layer, scope)}
    if request.layers is None:
        shown = (layer for layer in declared.values() if layer.default_on)
        return tuple(layer for layer in shown if _has_rows(store, layer))
    for key in request.layers:
        if key not in declared:
            values: dict[str, object] = {"layer": key, "nearest": nearest(key, tuple(declared))}
            raise InputError(Fault("no-map-layer", field="layers", values=values))
    return tuple(layer for key, layer in declared.items() if key in request.layers)


def _has_rows(store: Store, layer: LayerSpec) -> bool:
    known = _version(store, f"places/{layer.kind}")
    return layer.kind is None or (known is not None and known.rows > 0)


def tables_of(store: Store, scope: Scope, request: ExportRequest) -> list[Table]:
    """Return a table for each layer that has data, as it is seen and as known at ``request.at``.

    Parameters
    ----------
    request : ExportRequest
        From :func:`checked_request`.

    Raises
    ------
    InputError
        No layer of the request has data, or one has more rows than anybody can use.
    """
    make = {"region": _regions, "area": _areas, "tile": _places, "point": _places, "live": _live}
    layers = asked_layers(store, scope, request)
    tables = [
        make[layer.geometry](store, scope, request, layer)
        for layer in layers
        if layer.geometry not in _WITHOUT_DATA
    ]
    if not tables:
        raise InputError(Fault("export-no-data", field="layers"))
    return tables


def _is_seen(layer: LayerSpec, scope: Scope) -> bool:
    return layer.kind is None or scope.sees_kind(layer.kind)


def _areas(store: Store, scope: Scope, request: ExportRequest, layer: LayerSpec) -> Table:
    make = _places if layer.kind is not None else _regions
    return make(store, scope, request, layer)


def _live(store: Store, scope: Scope, request: ExportRequest, layer: LayerSpec) -> Table:
    make = case_table if layer.key == "incidents" else sensor_table
    return make(store, scope, request, layer)


def _regions(store: Store, scope: Scope, request: ExportRequest, layer: LayerSpec) -> Table:
    level, language = layer.level or FUNCTIONAL, request.language
    tree = queries.region_tree(store, scope)
    assert request.region is not None
    inside = set(tree.subtree(request.region)) | {request.region}
    inside |= {one.code for one in tree.ancestors(request.region)}
    frame = queries.region_shapes(store, scope, level)
    wanted = [
        tree.contains(request.region, code) if level == FUNCTIONAL else code in inside
        for code in frame["code"]
    ]
    frame = frame[np.array(wanted, dtype=bool)]
    found = [region for code in frame["code"] if (region := tree.get(code)) is not None]
    values: dict[str, Sequence[Any]] = {
        key: [getattr(region, key) for region in found] for key, _, _ in REGION
    }
    shown = columns(REGION, language)
    version = _version(store, f"regions/{level}")
    rule = WORDS("extract-regions", language)
    indicator = indicator_catalog.of(store.city)[request.indicator]
    if level != FUNCTIONAL and indicator.mappable:
        shaded = _shade(store, scope, request, level, indicator)
        shown = (*shown, _indicator_column(indicator, language))
        values[shown[-1].key] = [shaded.get(region.code) for region in found]
        rule += WORDS("extract-indicator", language).format(
            name=indicator.name(language), rule=indicator.formula(language)
        )
    return Table(
        key=layer.key,
        name=layer.name(language),
        columns=shown,
        frame=framed(shown, values, frame.geometry.to_numpy()),
        source=version.source if version else "",
        data_at=_data_at(version),
        rule=rule,
    )


def _shade(
    store: Store, scope: Scope, request: ExportRequest, level: str, indicator: Indicator
) -> Mapping[str, float | None]:
    assert request.at is not None
    return engine.by_level(store, scope, level, indicator.key, request.window, request.at)


def _indicator_column(indicator: Indicator, language: str) -> Column:
    key = indicator.key.replace("-", "_")
    return Column(key, indicator.name(language), "number", indicator.unit_in(language))


def _places(store: Store, scope: Scope, request: ExportRequest, layer: LayerSpec) -> Table:
    kind, language = layer.kind or "", request.language
    frame = queries.places(store, scope, [kind], request.region, _PLACE_COLUMNS)
    tree = queries.region_tree(store, scope)
    values = {name: frame[name].tolist() for name in _PLACE_COLUMNS}
    values["kind_name"] = [place_kind(kind).label(language)] * len(frame)
    values["region_name"] = _names(tree, values["region_code"])
    shown = columns(PLACE, language)
    version = _version(store, f"places/{kind}")
    return Table(
        key=layer.key,
        name=layer.name(language),
        columns=shown,
        frame=framed(shown, values, frame.geometry.to_numpy()),
        source=version.source if version else "",
        data_at=_data_at(version),
        rule=WORDS("extract-places", language),
    )


def _names(tree: queries.RegionTree, codes: Sequence[str]) -> list[str | None]:
    known: dict[str, Region | None] = {code: tree.get(code) for code in set(codes)}
    return [region.name if (region := known[code]) else None for code in codes]


def _version(store: Store, layer: str) -> LayerVersion | None:
    return store.layers().get(layer)


def _data_at(version: LayerVersion | None) -> datetime | None:
    return None if version is None else version.data_at or version.updated_at
