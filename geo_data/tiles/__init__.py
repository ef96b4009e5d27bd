"""The map in squares: vector tiles of any layer, and the images of a local base map."""

from geo_data.tiles.projection import DETAIL_ZOOM, FIRST_ZOOM, LAST_ZOOM, to_square
from geo_data.tiles.serving import (
    Tile,
    cache_state,
    etag,
    held_tile,
    layer_names,
    prepare,
    tile,
    version,
)

__all__ = [
    "DETAIL_ZOOM",
    "FIRST_ZOOM",
    "LAST_ZOOM",
    "Tile",
    "cache_state",
    "etag",
    "held_tile",
    "layer_names",
    "prepare",
    "tile",
    "to_square",
    "version",
]
