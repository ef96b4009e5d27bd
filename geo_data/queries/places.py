"""Which places there are: residential areas, parks, buildings, schools ..."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, CursorResult, func, or_, select

from geo_data.queries.masking import MASK, mask, mask_attributes
from geo_data.records import Place, Scope
from geo_data.regions import region_tree, sees_region
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.geometries import decoded, undecoded
from geo_data.store.geopackage import Geometries

if TYPE_CHECKING:
    import geopandas as gpd

FRAME_COLUMNS = (
    *("fid", "code", "kind", "name", "region_code"),
    *("site_code", "floors", "use", "lon", "lat"),
)
_AT_ONCE = 2_000
_TEXTS = ("name", "use", "address")


def place(store: Store, scope: Scope, code: str) -> Place | None:
    """Return a place; ``None`` if there is none that ``scope`` may see."""
    row = _row(store, scope, code)
    if row is None:
        return None
    row["attributes"] = json.loads(row["attributes"])
    shape = row.pop("geom")
    del row["fid"], row["pinyin"]
    return mask(Place(bbox=shape.bounds if shape else None, **row), scope)


def place_shape(store: Store, scope: Scope, code: str) -> BaseGeometry | None:
    """Return the outline or point of a place in EPSG:4326; ``None`` as :func:`place`."""
    row = _row(store, scope, code)
    return None if row is None else row["geom"]


def _row(store: Store, scope: Scope, code: str) -> dict[str, Any] | None:
    table = store.tables.places
    columns = [column for column in table.c if column.name != "geom_3857"]
    with store.read() as connection:
        found = connection.execute(select(*columns).where(table.c.code == code)).mappings().first()
    if found is None or not scope.sees_kind(found["kind"]):
        return None
    return dict(found) if sees_region(store, scope, found["region_code"]) else None


@dataclass(frozen=True, slots=True)
class PlaceColumns:
    """Places as columns, by ``fid``: ``values`` by name, and their geometries as they are kept.

    ``geometries`` are what the store's driver gave: a hundred thousand are decoded at once, by
    :meth:`shapes` or by who wants no objects.
    """

    values: Mapping[str, list[Any]]
    geometries: Sequence[bytes | str | None]

    def shapes(self) -> Geometries:
        """Return shapely geometries in EPSG:4326, shape (n,)."""
        return decoded(self.geometries)


def place_columns(
    store: Store,
    scope: Scope,
    kinds: Collection[str],
    region_code: str | None = None,
    columns: Sequence[str] = FRAME_COLUMNS,
) -> PlaceColumns:
    """Return all places of some kinds in a region, as :func:`places`, for who needs no table."""
    tree = region_tree(store, scope)
    region_code = tree.root.code if region_code is None else region_code
    table = store.tables.places
    codes = tree.subtree(region_code) if tree.get(region_code) else ()
    seen = [kind for kind in kinds if scope.sees_kind(kind)]
    # Of one kind the index has the rows in order; of several they are sorted.
    wanted = [table.c.kind == seen[0] if len(seen) == 1 else one_of(table.c.kind, seen)]
    if not (tree.is_whole_city and region_code == tree.root.code):
        wanted.append(one_of(table.c.region_code, codes))
    asked = [table.c[name] for name in columns]
    statement = select(*asked, undecoded(table.c.geom)).where(*wanted).order_by(table.c.fid)
    with store.read() as connection:
        *values, geometries = _as_columns(connection.execute(statement), len(columns) + 1)
    by_name = dict(zip(columns, values, strict=True))
    for name in scope.masked.intersection(_TEXTS).intersection(columns):
        by_name[name] = [MASK] * len(geometries)
    if scope.masked and "attributes" in columns:
        told = map(json.loads, by_name["attributes"])
        masked = [json.dumps(mask_attributes(one, scope), ensure_ascii=False) for one in told]
        by_name["attributes"] = masked
    return PlaceColumns(by_name, geometries)


def _as_columns(found: CursorResult[Any], count: int) -> list[list[Any]]:
    """Return rows column by column, as the driver gives them: no object for each of thousands."""
    columns: list[list[Any]] = [[] for _ in range(count)]
    assert found.cursor is not None
    while rows := found.cursor.fetchmany(_AT_ONCE):
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column += values
    found.close()
    return columns


def places(
    store: Store,
    scope: Scope,
    kinds: Collection[str],
    region_code: str | None = None,
    columns: Sequence[str] = FRAME_COLUMNS,
) -> gpd.GeoDataFrame:
    """Return all places of some kinds in a region.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    kinds : collection of str
        Those the viewer may not see are left out.
    region_code : str, optional
        With everything below it; the viewer's root where absent.
    columns : sequence of str
        Those wanted: half of them are read in two thirds of the time. ``address`` and
        ``attributes`` (JSON text) may be asked for too.

    Returns
    -------
    GeoDataFrame
        ``columns`` (by default ``fid, code, kind, name, region_code, site_code, floors, use, lon,
        lat``) and ``geometry`` in EPSG:4326, by ``fid``; empty for a region that may not be seen.
    """
    # A second to load: not for who wants columns only.
    import geopandas as gpd

    found = place_columns(store, scope, kinds, region_code, columns)
    return gpd.GeoDataFrame(found.values, geometry=found.shapes(), crs=4326)


def place_counts(store: Store, scope: Scope, region_code: str) -> dict[str, int]:
    """Count the places of a region, with everything below it, by kind; zeros left out."""
    tree = region_tree(store, scope)
    if tree.get(region_code) is None:
        return {}
    stamp = (store.stamp("regions"), store.stamp("places"))
    counts = store.cached("place-counts", stamp, lambda: _counts(store))
    total: Counter[str] = Counter()
    for code in tree.subtree(region_code):
        total.update(counts.get(code, {}))
    return {kind: n for kind, n in sorted(total.items()) if scope.sees_kind(kind)}


def _counts(store: Store) -> Mapping[str, Mapping[str, int]]:
    table = store.tables.places
    by = (table.c.region_code, table.c.kind)
    with store.read() as connection:
        rows = connection.execute(select(*by, func.count()).group_by(*by)).all()
    counts: dict[str, dict[str, int]] = {}
    for region_code, kind, n in rows:
        counts.setdefault(region_code, {})[kind] = n
    return counts


def codes_at_place(store: Store, scope: Scope, code: str) -> list[str]:
    """Return a visible place's code and those of what stands in it; empty if it is hidden."""
    if place(store, scope, code) is None:
        return []
    table = store.tables.places
    with store.read() as connection:
        rows = connection.execute(
            select(table.c.code, table.c.kind).where(
                or_(table.c.code == code, table.c.site_code == code)
            )
        ).all()
    return [row.code for row in rows if scope.sees_kind(row.kind)]


def visible_places(
    store: Store, scope: Scope, connection: Connection, codes: Iterable[str | None]
) -> frozenset[str] | None:
    """Return which of ``codes`` may be named; ``None`` where the scope hides no kind."""
    if scope.kinds is None:
        return None
    table = store.tables.places
    known = {code for code in codes if code is not None}
    return frozenset(
        connection.scalars(
            select(table.c.code).where(
                one_of(table.c.code, known), one_of(table.c.kind, scope.kinds)
            )
        )
    )
