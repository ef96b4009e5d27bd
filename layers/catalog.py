"""The layers there are: those of ``catalog.toml``, once per level of the city and kind of place."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from geo_data.city import City
from geo_data.dictionaries import place_kind
from geo_data.levels import Level
from geo_data.store import Store
from layers.spec import LayerSpec

Row = dict[str, Any]


def layers(city: City, kinds: Iterable[str] = ()) -> tuple[LayerSpec, ...]:
    """Return the layers of a city in drawing order.

    Parameters
    ----------
    city : City
        Its levels become layers; a base map is offered where it declares one.
    kinds : iterable of str
        Kinds of places the store holds; those the catalogue does not name become layers of
        points. See :func:`place_kinds`.
    """
    rows = _rows()
    named = {row["key"].removeprefix("place-") for row in rows if "each" not in row}
    others = sorted(set(kinds) - named)
    return tuple(
        layer
        for row in rows
        for layer in _expanded(row, city, others)
        if layer.geometry != "raster" or city.basemap is not None
    )


def declared(store: Store) -> tuple[LayerSpec, ...]:
    """Return the layers of a store's city; made once as long as its kinds of places stay."""
    kinds = place_kinds(store)
    return store.cached("declared-layers", kinds, lambda: layers(store.city, kinds))


def place_kinds(store: Store) -> tuple[str, ...]:
    """Return the kinds of places a store holds."""
    return store.cached("place-kinds", store.stamp("places"), lambda: _kinds_held(store))


def _kinds_held(store: Store) -> tuple[str, ...]:
    return tuple(
        layer.removeprefix("places/")
        for layer, known in sorted(store.layers().items())
        if layer.startswith("places/") and known.rows
    )


@cache
def _rows() -> tuple[Row, ...]:
    text = Path(__file__).with_name("catalog.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["layers"])


def _expanded(row: Row, city: City, kinds: Iterable[str]) -> Iterator[LayerSpec]:
    each = row.get("each")
    declared = {key: value for key, value in row.items() if key != "each"}
    if each is None:
        kind = row["key"].removeprefix("place-") if row["key"].startswith("place-") else None
        yield LayerSpec.model_validate({**declared, "kind": kind})
    elif each == "kind":
        for kind in kinds:
            filled = {name: _fill(value, kind=kind) for name, value in declared.items()}
            said = {"kind": kind, "name": place_kind(kind).name}
            yield LayerSpec.model_validate({**filled, **said})
    else:
        for level in _levels(city, each):
            filled = {name: _fill(value, level=level.key) for name, value in declared.items()}
            said = {"level": level.key, "name": level.name}
            yield LayerSpec.model_validate({**filled, **said})


def _levels(city: City, each: str) -> tuple[Level, ...]:
    return {"root": city.levels[:1], "inner": city.levels[1:-1], "finest": city.levels[-1:]}[each]


def _fill(value: object, **named: str) -> object:
    return value.format(**named) if isinstance(value, str) else value
