"""`/tiles/...`: vector tiles of any layer, their TileJSON, and the images of a local base map."""

from __future__ import annotations

import asyncio
import gzip
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel

from dashboard.api.problem import Problem
from dashboard.context import Context
from dashboard.static import FOREVER
from geo_data import tiles
from geo_data.tiles.basemap import basemap_tile
from geo_data.tiles.description import tilejson

MVT = "application/vnd.mapbox-vector-tile"
A_DAY = "public, max-age=86400"
WRONG: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "no such layer, or no such tile at this zoom"},
    422: {"model": Problem, "description": "a number is not a whole number"},
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    **WRONG,
    200: {"content": {MVT: {}}, "description": "the tile, gzipped"},
    204: {"description": "nothing is there"},
    304: {"description": "nothing changed"},
}


class VectorLayer(BaseModel):
    """One layer inside a tile, with the names and types of what it says of a feature."""

    id: str
    fields: dict[str, str]
    minzoom: int
    maxzoom: int


class TileJson(BaseModel):
    """How to ask for a layer, as TileJSON 3.0: open its address in QGIS or MapLibre."""

    tilejson: str
    name: str
    version: str
    description: str
    attribution: str
    scheme: str
    tiles: list[str]
    minzoom: int
    maxzoom: int
    bounds: tuple[float, float, float, float]
    center: tuple[float, float, float]
    vector_layers: list[VectorLayer]


class TileLayer(BaseModel):
    """A layer there are tiles of, and the address of its TileJSON."""

    layer: str
    url: str


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["map"])
    _add_descriptions(routes, context)
    _add_tiles(routes, context)
    basemap = context.store.city.basemap
    if basemap and basemap.file:
        path = basemap.file

        @routes.get("/tiles/basemap/{z}/{x}/{y}.png", response_class=Response)
        def ground_tile(z: int, x: int, y: int) -> Response:
            """Return an image of the local base map; 204 where it has none."""
            found = basemap_tile(path, z, x, y)
            if found is None:
                return Response(status_code=204)
            return Response(found, media_type="image/png", headers={"Cache-Control": A_DAY})

    return routes


def _add_descriptions(routes: APIRouter, context: Context) -> None:
    store, scope, language = context.store, context.scope, context.settings.language

    @routes.get("/tiles.json")
    def layers(request: Request) -> list[TileLayer]:
        """Return every layer there are tiles of."""
        return [
            TileLayer(layer=name, url=f"{request.base_url}tiles/{name}.json")
            for name in tiles.layer_names(store, scope)
        ]

    @routes.get("/tiles/{layer}.json", responses={404: WRONG[404]})
    def description(layer: str, request: Request) -> TileJson:
        """Return the TileJSON of a layer, with the full address of its tiles."""
        said = tilejson(store, scope, layer, str(request.base_url), language)
        return TileJson.model_validate(said)


def _add_tiles(routes: APIRouter, context: Context) -> None:
    store, scope, archives = context.store, context.scope, context.settings.tile_dir

    @routes.get("/tiles/{layer}/{z}/{x}/{y}.mvt", response_class=Response, responses=ANSWERS)
    async def vector_tile(
        layer: str,
        z: Annotated[int, Path(description="zoom")],
        x: Annotated[int, Path(description="column from the west")],
        y: Annotated[int, Path(description="row from the north")],
        v: str | None = None,
        if_none_match: Annotated[str | None, Header()] = None,
        accept_encoding: Annotated[str, Header()] = "gzip",
    ) -> Response:
        """Return a vector tile; with the current version as ``v`` it is kept for good."""
        if if_none_match is not None:
            etag = await asyncio.to_thread(tiles.etag, store, scope, layer, z, x, y)
            if _is_known(etag, if_none_match):
                # Said without making it: a thousand browsers ask so after every night.
                return Response(status_code=304, headers=_headers(etag, v))
        # What is in memory is answered here: the way to a thread and back costs as much again.
        found = tiles.held_tile(store, scope, layer, z, x, y)
        if found is None:
            found = await asyncio.to_thread(tiles.tile, store, scope, layer, z, x, y, archives)
        headers = _headers(found.etag, v)
        if found.body is None:
            return Response(status_code=204, headers=headers)
        if "gzip" not in accept_encoding and "*" not in accept_encoding:
            headers["ETag"] = f"W/{found.etag}"
            return Response(gzip.decompress(found.body), media_type=MVT, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return Response(found.body, media_type=MVT, headers=headers)


def _headers(etag: str, asked_version: str | None) -> dict[str, str]:
    current = asked_version is not None and etag.startswith(f'"{asked_version}-')
    keep = FOREVER if current else "no-cache"
    return {"ETag": etag, "Cache-Control": keep, "Vary": "Accept-Encoding"}


def _is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether the client has it: proxies make the tag a weak one, and may name several."""
    told = {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}
    return etag in told or "*" in told
