"""`/tiles/...`: vector tiles of any layer, and the images of a local base map."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from dashboard.context import Context
from dashboard.static import FOREVER
from geo_data import tiles
from geo_data.tiles.basemap import basemap_tile

MVT = "application/vnd.mapbox-vector-tile"
A_DAY = "public, max-age=86400"


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/tiles", tags=["map"], default_response_class=Response)
    store, scope = context.store, context.scope
    basemap = store.city.basemap

    @routes.get("/{layer}/{z}/{x}/{y}.mvt")
    def vector_tile(
        layer: str,
        z: int,
        x: int,
        y: int,
        v: str | None = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Return a gzipped vector tile; 204 where nothing is, 304 where nothing changed."""
        found = tiles.tile(store, scope, layer, z, x, y)
        headers = {"ETag": found.etag, "Cache-Control": FOREVER if v else "no-cache"}
        if if_none_match == found.etag:
            return Response(status_code=304, headers=headers)
        if found.body is None:
            return Response(status_code=204, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return Response(found.body, media_type=MVT, headers=headers)

    if basemap and basemap.file:
        path = basemap.file

        @routes.get("/basemap/{z}/{x}/{y}.png")
        def ground_tile(z: int, x: int, y: int) -> Response:
            """Return an image of the local base map; 204 where it has none."""
            found = basemap_tile(path, z, x, y)
            if found is None:
                return Response(status_code=204)
            return Response(found, media_type="image/png", headers={"Cache-Control": A_DAY})

    return routes
