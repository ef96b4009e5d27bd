"""What tells a viewer how to ask for a layer: TileJSON 3.0.

Source: the TileJSON specification 3.0.0 of Mapbox.
"""

from __future__ import annotations

from geo_data.city import City
from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.store import Store
from geo_data.tiles.density import SUFFIX
from geo_data.tiles.projection import DETAIL_ZOOM, FIRST_ZOOM
from geo_data.tiles.sources import LayerSource, source_of, version_of

TILEJSON = "3.0.0"
ADDRESS = "tiles/{layer}/{{z}}/{{x}}/{{y}}.mvt"


def bounds(store: Store, scope: Scope) -> tuple[float, float, float, float]:
    """Return west, south, east, north of everything a viewer may see, in degrees."""
    boxes = [region.bbox for region in region_tree(store, scope).regions()]
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def vector_layers(source: LayerSource) -> list[dict[str, object]]:
    """Return what the tiles of a layer hold: its features, and counts of what is under a pixel."""
    zooms = {"minzoom": FIRST_ZOOM, "maxzoom": DETAIL_ZOOM}
    return [
        {"id": source.name, "fields": source.fields, **zooms},
        {"id": source.name + SUFFIX, "fields": {"count": "Number"}, **zooms},
    ]


def tilejson(store: Store, scope: Scope, layer: str, host: str, language: str) -> dict[str, object]:
    """Return the TileJSON of a layer.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    layer : str
        One of :func:`geo_data.tiles.layer_names`.
    host : str
        Address of this server with a slash at its end: tiles are named in full.
    language : str
        Of the attribution.

    Raises
    ------
    InputError
        There is no such layer.
    """
    source = source_of(store, scope, layer)
    known = store.layers()[source.layer]
    west, south, east, north = bounds(store, scope)
    return {
        "tilejson": TILEJSON,
        "name": layer,
        "version": f"1.0.{known.version}",
        "description": version_of(store, scope, source),
        "attribution": _attribution(store.city, language),
        "scheme": "xyz",
        "tiles": [host + ADDRESS.format(layer=layer)],
        "minzoom": FIRST_ZOOM,
        "maxzoom": DETAIL_ZOOM,
        "bounds": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2, float(FIRST_ZOOM + 4)],
        "vector_layers": vector_layers(source),
    }


def _attribution(city: City, language: str) -> str:
    """A made-up city says so on other people's maps too."""
    notice = city.notice(language) if city.notice else ""
    return " · ".join(filter(None, (city.name(language), notice)))
