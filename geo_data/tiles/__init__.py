"""The map in squares: vector tiles of any layer, and the images of a local base map."""

from geo_data.tiles.serving import LAST_ZOOM, Tile, layer_names, prepare, tile, to_square

__all__ = ["LAST_ZOOM", "Tile", "layer_names", "prepare", "tile", "to_square"]
