"""What lies in what: points in regions, regions in regions, and where that does not add up.

Frames are in EPSG:4326 and have ``code`` and ``geometry``; results are in the order of the
frame asked about. Everything is vectorised over an STRtree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo_data.crs import WGS_84

NOWHERE = ""
SPECK = 0.001
"""Holes of a derived outline under this share of its area are gaps between its parts."""


def anchors(shapes: gpd.GeoSeries) -> NDArray[np.object_]:
    """Return the one point of each shape that decides where it lies: inside it, always."""
    points: NDArray[np.object_] = shapely.point_on_surface(shapes.to_numpy())
    return points


def holders(points: NDArray[np.object_], areas: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Find the area that holds each point.

    Parameters
    ----------
    points : ndarray of Point, shape (n,)
    areas : GeoDataFrame
        A point in several of them belongs to the smallest, on a shared border to the first by
        code.

    Returns
    -------
    ndarray of str, shape (n,)
        Codes; ``""`` where no area holds the point.
    """
    found = np.full(len(points), NOWHERE, dtype=object)
    if len(points) == 0 or areas.empty:
        return found
    # Rounded to a hand's breadth squared, or noise would decide between equals.
    ranked = areas.assign(size=shapely.area(areas.geometry.to_numpy()).round(12))
    # The last to write wins, so the largest and latest come first.
    ranked = ranked.sort_values(["size", "code"], ascending=False)
    # Querying the points by the areas lets GEOS prepare each area once.
    area, point = shapely.STRtree(points).query(ranked.geometry.to_numpy(), predicate="intersects")
    order = np.argsort(area, kind="stable")
    found[point[order]] = ranked["code"].to_numpy(dtype=object)[area[order]]
    return found


def finest_holders(
    points: NDArray[np.object_], chain: Iterable[gpd.GeoDataFrame]
) -> NDArray[np.object_]:
    """Find the finest region that holds each point; ``chain`` is the levels, coarsest first."""
    found = np.full(len(points), NOWHERE, dtype=object)
    for level in chain:
        held = holders(points, level)
        found = np.where(held == NOWHERE, found, held)
    return found


def parents_by_overlap(
    children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, metric_crs: str
) -> pd.DataFrame:
    """Find the parent each child shares most area with.

    Returns
    -------
    DataFrame
        Index of ``children``; ``parent`` (``""`` where they share none), ``share`` of the
        child's area that lies in it, and ``inside``, the share that lies in any parent.
    """
    inner, outer = _measured(children, metric_crs), _measured(parents, metric_crs)
    child, parent = shapely.STRtree(outer).query(inner, predicate="intersects")
    shared = shapely.area(shapely.intersection(inner[child], outer[parent]))
    pairs = pd.DataFrame({"child": child, "parent": parent, "shared": shared})
    best = pairs[pairs["shared"] > 0].sort_values(["shared", "parent"], ascending=[False, True])
    best = best.drop_duplicates("child").set_index("child").reindex(range(len(children)))
    codes = parents["code"].to_numpy(dtype=object)
    known = best["parent"].notna().to_numpy()
    found = np.full(len(children), NOWHERE, dtype=object)
    found[known] = codes[best["parent"].to_numpy()[known].astype(int)]
    size = shapely.area(inner)
    inside = pairs.groupby("child")["shared"].sum().reindex(range(len(children)), fill_value=0.0)
    return pd.DataFrame(
        {
            "parent": found,
            "share": best["shared"].fillna(0.0).to_numpy() / size,
            "inside": inside.to_numpy() / size,
        },
        index=children.index,
    )


def overlaps(areas: gpd.GeoDataFrame, metric_crs: str, least_m2: float) -> pd.DataFrame:
    """Find pairs of areas of one level that cover the same ground.

    Returns
    -------
    DataFrame
        ``first, second`` (positions in ``areas``), ``shared_m2``, and a point of the ground in
        ``lon, lat``; largest first.
    """
    shapes = _measured(areas, metric_crs)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    ground = shapely.intersection(shapes[first], shapes[second])
    shared = shapely.area(ground)
    large = shared > least_m2
    pairs = pd.DataFrame({"first": first, "second": second, "shared_m2": shared})[large]
    return _placed(pairs, ground[large], metric_crs).sort_values("shared_m2", ascending=False)


def gaps(children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, metric_crs: str) -> pd.DataFrame:
    """Measure how much of each parent its children (column ``parent_code``) leave uncovered.

    Returns
    -------
    DataFrame
        Index = parent code; ``missing_m2``, ``share`` of the parent's area, and a point of the
        largest piece in ``lon, lat``. Parents without children are not in it.
    """
    inner = pd.Series(_measured(children, metric_crs), index=children["parent_code"].to_numpy())
    outer = pd.Series(_measured(parents, metric_crs), index=parents["code"].to_numpy())
    missing = {
        code: outer[code].difference(shapely.union_all(group.to_numpy()))
        for code, group in inner.groupby(level=0)
        if code in outer.index
    }
    pieces = np.array(list(missing.values()), dtype=object)
    missing_m2 = pd.Series(shapely.area(pieces), index=list(missing), dtype=float)
    areas = pd.Series(shapely.area(outer.to_numpy()), index=outer.index)
    share = missing_m2 / areas.reindex(missing_m2.index)
    found = pd.DataFrame({"missing_m2": missing_m2, "share": share})
    return _placed(found, pieces, metric_crs)


def outside(children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, metric_crs: str) -> pd.DataFrame:
    """Measure how much of each child lies outside of its parent (column ``parent_code``).

    Returns
    -------
    DataFrame
        Index = code; ``parent``, ``outside_m2``, ``share`` of the child's area, and a point of
        the largest piece in ``lon, lat``. Children whose parent is not there are not in it.
    """
    outer = pd.Series(_measured(parents, metric_crs), index=parents["code"].to_numpy())
    held = children[children["parent_code"].isin(outer.index)]
    inner = _measured(held, metric_crs)
    beyond = shapely.difference(inner, outer[held["parent_code"]].to_numpy())
    found = pd.DataFrame(
        {
            "parent": held["parent_code"].to_numpy(),
            "outside_m2": shapely.area(beyond),
            "share": shapely.area(beyond) / shapely.area(inner),
        },
        index=held["code"].to_numpy(),
    )
    return _placed(found, beyond, metric_crs)


def _placed(found: pd.DataFrame, pieces: NDArray[np.object_], metric_crs: str) -> pd.DataFrame:
    """Add a point inside the largest part of each piece of ground; NaN where there is none."""
    parts, owner = shapely.get_parts(pieces, return_index=True)
    parts, owner = parts[~shapely.is_empty(parts)], owner[~shapely.is_empty(parts)]
    order = np.argsort(shapely.area(parts), kind="stable")
    largest = np.full(len(pieces), None, dtype=object)
    largest[owner[order]] = parts[order]
    inside = gpd.GeoSeries(shapely.point_on_surface(largest), crs=metric_crs)
    points = inside.to_crs(WGS_84).to_numpy()
    return found.assign(lon=shapely.get_x(points), lat=shapely.get_y(points))


def outline(
    parts: Sequence[shapely.Geometry] | NDArray[np.object_],
) -> tuple[shapely.Geometry, int]:
    """Unite parts to the outline of the whole.

    Returns
    -------
    outline : Polygon or MultiPolygon
        Specks between the parts are closed: neighbours digitised apart leave hundreds of them.
    closed : int
        How many specks.
    """
    whole = shapely.union_all(np.asarray(parts, dtype=object))
    least = whole.area * SPECK
    closed = 0
    polygons = []
    for polygon in shapely.get_parts(whole):
        holes = [ring for ring in polygon.interiors if shapely.Polygon(ring).area >= least]
        closed += len(polygon.interiors) - len(holes)
        polygons.append(shapely.Polygon(polygon.exterior, holes))
    return shapely.union_all(polygons), closed


def _measured(areas: gpd.GeoDataFrame, metric_crs: str) -> NDArray[np.object_]:
    shapes: NDArray[np.object_] = areas.geometry.to_crs(metric_crs).to_numpy()
    # Edges that meet in degrees may cross by a hair in metres.
    return np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
