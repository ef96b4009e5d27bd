"""Which layers there are tiles of, what each says of its features, and which version it has."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from sqlalchemy import select

from geo_data.faults import Fault, InputError, nearest
from geo_data.queries.masking import MASK
from geo_data.queries.places import places
from geo_data.queries.sensor_book import sensor_book
from geo_data.records import Scope
from geo_data.region_outlines import region_shapes
from geo_data.regions import region_tree
from geo_data.store import Store

if TYPE_CHECKING:
    import geopandas as gpd

REGION, PLACE, SENSORS = "region-", "place-", "sensors"
FORMAT = 2
"""Goes up whenever tiles of the same data come out different: browsers must ask again."""

_COLUMNS = {
    "regions": ("code", "name"),
    "places": ("code", "name", "floors", "use"),
    "sensors": ("code", "name", "kind"),
}
_NUMBERS = frozenset({"floors"})


@dataclass(frozen=True, slots=True)
class LayerSource:
    """A layer of the store as tiles name it.

    Parameters
    ----------
    name : str
        ``region-<level>``, ``place-<kind>`` or ``sensors``.
    family : str
        ``regions``, ``places`` or ``sensors``.
    key : str
        The level or the kind; empty for sensors.
    """

    name: str
    family: str
    key: str

    @property
    def columns(self) -> tuple[str, ...]:
        """What tiles say of a feature."""
        return _COLUMNS[self.family]

    @property
    def fields(self) -> dict[str, str]:
        """The columns with their types as TileJSON names them."""
        return {name: "Number" if name in _NUMBERS else "String" for name in self.columns}

    @property
    def layer(self) -> str:
        """The layer's name in the store."""
        return f"{self.family}/{self.key}" if self.key else self.family


def sources(store: Store, scope: Scope) -> dict[str, LayerSource]:
    """Return the layers a viewer may have tiles of, by name."""
    found = {}
    for layer in sorted(store.layers()):
        family, _, key = layer.partition("/")
        if family == "regions":
            source = LayerSource(REGION + key, family, key)
        elif family == "places" and scope.sees_kind(key):
            source = LayerSource(PLACE + key, family, key)
        elif layer == "sensors":
            source = LayerSource(SENSORS, family, "")
        else:
            continue
        found[source.name] = source
    return found


def source_of(store: Store, scope: Scope, name: str) -> LayerSource:
    """Return a layer.

    Raises
    ------
    InputError
        The viewer has no such layer; the nearest is named.
    """
    known = sources(store, scope)
    if name not in known:
        values: dict[str, object] = {"layer": name, "nearest": nearest(name, list(known))}
        raise InputError(Fault("no-map-layer", values=values))
    return known[name]


def version_of(store: Store, scope: Scope, source: LayerSource) -> str:
    """Return what changes whenever a tile of the layer may look different to this viewer."""
    known = store.layers()[source.layer]
    regions = store.stamp("regions") if scope.region_code else ()
    kinds = "" if scope.kinds is None or source.family != "sensors" else sorted(scope.kinds)
    said = (
        *(FORMAT, store.city.code, source.name, known.version, known.updated_at.isoformat()),
        *(scope.region_code, regions, kinds, sorted(scope.masked)),
    )
    return blake2b(repr(said).encode(), digest_size=8).hexdigest()


def viewer_of(scope: Scope) -> str:
    """Return what tells one scope from another."""
    kinds = None if scope.kinds is None else sorted(scope.kinds)
    said = repr((scope.region_code, kinds, sorted(scope.masked)))
    return blake2b(said.encode(), digest_size=4).hexdigest()


def frame_of(store: Store, scope: Scope, source: LayerSource) -> gpd.GeoDataFrame:
    """Return what the viewer may see of a layer: ``fid``, the columns and the geometry."""
    if source.family == "regions":
        frame = region_shapes(store, scope, source.key)
        return frame.assign(fid=frame["code"].map(_region_numbers(store)))
    if source.family == "places":
        return places(store, scope, [source.key], columns=("fid", *source.columns))
    return _sensors(store, scope)


def _region_numbers(store: Store) -> dict[str, int]:
    table = store.tables.regions
    with store.read() as connection:
        rows = connection.execute(select(table.c.code, table.c.fid)).all()
    return {row.code: row.fid for row in rows}


def _sensors(store: Store, scope: Scope) -> gpd.GeoDataFrame:
    """Where sensors stand. How they are changes by the minute: that goes another way."""
    import geopandas as gpd

    book, tree = sensor_book(store), region_tree(store, scope)
    rows = [
        row
        for row, sensor in enumerate(book.records)
        if scope.sees_kind(sensor.kind) and tree.get(sensor.region_code) is not None
    ]
    seen = [book.records[row] for row in rows]
    hidden = "name" in scope.masked
    columns = {
        "fid": book.fid[rows],
        "code": [sensor.code for sensor in seen],
        "name": [MASK if hidden else sensor.name for sensor in seen],
        "kind": [sensor.kind for sensor in seen],
    }
    points = gpd.points_from_xy(book.lon[rows], book.lat[rows])
    return gpd.GeoDataFrame(columns, geometry=points, crs=4326)
