"""What a declared layer of the map is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from geo_data.sources import Entry
from geo_data.words import Label

Geometry = Literal["raster", "region", "area", "tile", "point", "live", "signal", "mask", "text"]
Group = Literal["ground", "regions", "places", "points", "live", "text"]


class LayerSpec(Entry):
    """One layer as people switch it.

    Parameters
    ----------
    key : str
        What URLs and the catalogue call it.
    name : Label
        What people call it.
    group : str
        What it stands under in the list of layers.
    geometry : str
        How it is drawn.
    source : str, optional
        What it is drawn from: a document, a tile layer or a buffer of points.
    level : str, optional
        Of a region layer: its level in the chain.
    kind : str, optional
        Of a place layer: the kind of its places.
    default_on : bool
        Whether it is drawn where the URL says nothing.
    opacity : float
        From 0 to 1, where the URL says nothing.
    min_zoom, max_zoom : float
        Between these it is drawn; 0 is the whole earth in 512 pixels.
    """

    key: str
    name: Label
    group: Group
    geometry: Geometry
    source: str | None = None
    level: str | None = None
    kind: str | None = None
    default_on: bool = True
    opacity: Annotated[float, Field(ge=0, le=1)] = 1.0
    min_zoom: float = 0.0
    max_zoom: float = 24.0
