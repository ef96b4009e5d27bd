"""`/api/v1/regions/{code}` and `/api/v1/layers`: what is known, for other programs."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from dashboard.api.problem import Problem, problem
from dashboard.context import Context
from geo_data import queries
from geo_data.faults import Fault
from geo_data.records import Region
from layers import catalog


class RegionAnswer(BaseModel):
    """A region with its place in the chain.

    ``bbox`` is west, south, east, north in degrees; ``area_km2`` is measured in the city's
    metric CRS; ``population`` is null where nobody said.
    """

    code: str
    name: str
    level: str
    kind: str
    parent_code: str | None
    bbox: tuple[float, float, float, float]
    lon: float
    lat: float
    area_km2: float
    population: int | None
    ancestors: list[str]
    children: list[str]


class LayerAnswer(BaseModel):
    """A layer as the map can draw it; ``version`` changes with its data."""

    key: str
    name_zh: str
    name_en: str
    group: str
    default_on: bool
    opacity: float
    min_zoom: float


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1", tags=["city"])

    @routes.get("/regions/{code}", responses={404: {"model": Problem}})
    def region(code: str) -> RegionAnswer:
        """Return one region: names, place in the chain, size."""
        tree = queries.region_tree(context.store, context.scope)
        found = tree.get(code)
        if found is None:
            values: dict[str, object] = {"code": code, "root": tree.root.code}
            raise problem(404, Fault("no-region", values=values))
        return _answer(found, tree)

    @routes.get("/layers")
    def layers() -> list[LayerAnswer]:
        """Return every layer of the map, in drawing order."""
        return [
            LayerAnswer(
                key=layer.key,
                name_zh=layer.name("zh-CN"),
                name_en=layer.name("en"),
                group=layer.group,
                default_on=layer.default_on,
                opacity=layer.opacity,
                min_zoom=layer.min_zoom,
            )
            for layer in catalog.declared(context.store)
        ]

    return routes


def _answer(found: Region, tree: queries.RegionTree) -> RegionAnswer:
    return RegionAnswer(
        code=found.code,
        name=found.name,
        level=found.level,
        kind=found.kind,
        parent_code=found.parent_code,
        bbox=found.bbox,
        lon=found.lon,
        lat=found.lat,
        area_km2=round(found.area_km2, 4),
        population=found.population,
        ancestors=[region.code for region in tree.ancestors(found.code)],
        children=[region.code for region in tree.children(found.code)],
    )
