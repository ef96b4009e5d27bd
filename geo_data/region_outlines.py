"""What the regions of a level look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from geo_data.records import Scope
from geo_data.regions import RegionTree, region_tree
from geo_data.store import Store
from geo_data.store.geometries import decoded, undecoded
from geo_data.store.geopackage import Geometries

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, slots=True)
class RegionOutlines:
    """The outlines of one level, columns of shape (n,) in drill order.

    ``shapes`` are MultiPolygons in EPSG:4326.
    """

    codes: Sequence[str]
    names: Sequence[str]
    parents: Sequence[str | None]
    shapes: Geometries


def region_outlines(store: Store, scope: Scope, level: str) -> RegionOutlines:
    """Return the outlines of one level, as :func:`region_shapes`, for who needs no table."""
    tree = region_tree(store, scope)
    key, stamp = ("region-outlines", level, tree.root.code), store.stamp("regions")
    return store.cached(key, stamp, lambda: _read_outlines(store, tree, level))


def region_shapes(store: Store, scope: Scope, level: str) -> gpd.GeoDataFrame:
    """Return the outlines of one level.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    level : str
        A level of the city or ``"functional"``.

    Returns
    -------
    GeoDataFrame
        ``code, parent_code, name, geometry`` (MultiPolygon, EPSG:4326), in drill order.
    """
    tree = region_tree(store, scope)
    key, stamp = ("region-shapes", level, tree.root.code), store.stamp("regions")
    # pandas copies on write, so a shallow copy keeps the cached frame as it is.
    return store.cached(key, stamp, lambda: _table(store, scope, level)).copy(deep=False)


def _table(store: Store, scope: Scope, level: str) -> gpd.GeoDataFrame:
    # A second to load: not for who wants outlines only.
    import geopandas as gpd

    found = region_outlines(store, scope, level)
    columns = {"code": found.codes, "parent_code": found.parents, "name": found.names}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(found.shapes, crs=4326))


def _read_outlines(store: Store, tree: RegionTree, level: str) -> RegionOutlines:
    table = store.tables.regions
    columns = (table.c.code, undecoded(table.c.geom))
    with store.read() as connection:
        rows = connection.execute(select(*columns).where(table.c.level == level)).all()
    codes, values = zip(*rows, strict=True) if rows else ((), ())
    place = {code: row for row, code in enumerate(codes)}
    regions = [tree.get(code) for code in tree.codes_at(level)]
    kept = [region for region in regions if region is not None]
    return RegionOutlines(
        tuple(region.code for region in kept),
        tuple(region.name for region in kept),
        tuple(region.parent_code for region in kept),
        decoded(values)[[place[region.code] for region in kept]],
    )
