"""Where a case belongs: the finest region that holds it, and the place it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import Connection, Table, select

from geo_data.faults import Fault, nearest
from geo_data.histories import Strings
from geo_data.ingest.addresses import AddressBook, address_book
from geo_data.ingest.reports import IncidentReport
from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.rollups.rows import branches_of
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.geometries import decoded, undecoded
from geo_data.store.geopackage import Geometries
from geo_data.store.tables import Tables

Floats = npt.NDArray[np.float64]


class Spot(NamedTuple):
    """Where a case is said to be; the names are those of :class:`~geo_data.records.Incident`."""

    lon: float | None
    lat: float | None
    region_code: str | None
    place_code: str | None
    located_by: str


class Areas:
    """Areas that points are looked up in; of several that hold one, the smallest, then by code.

    Parameters
    ----------
    codes : sequence of str
    shapes : array of shapely geometries
        Anything that is not an area is left out.
    """

    def __init__(self, codes: Sequence[str], shapes: Geometries) -> None:
        names = np.array(codes, dtype=object)
        areal = np.isin(shapely.get_type_id(shapes), (3, 6))
        names, shapes = names[areal], shapes[areal]
        # Winners first, so that the lowest number found is the answer.
        order = np.lexsort((names.astype(str), shapely.area(shapes)))
        self._codes: Strings = np.concatenate([names[order], np.array([None], dtype=object)])
        self._tree = shapely.STRtree(shapes[order])

    def find(self, points: Geometries) -> Strings:
        """Code of the area that holds each point, shape (n,); ``None`` where none does."""
        nothing = len(self._codes) - 1
        best = np.full(len(points), nothing, dtype=np.int64)
        point, area = self._tree.query(points, predicate="intersects")
        np.minimum.at(best, point, area)
        found: Strings = self._codes[best]
        return found


@dataclass(frozen=True, slots=True)
class Ground:
    """The city as ingest needs it, in memory.

    Attributes
    ----------
    levels : tuple of Areas
        Regions, coarsest first.
    sites : Areas
        Places that cover ground: villages, residential areas, parks, buildings.
    branches : Mapping
        Region code -> the region of the level below the root that holds it; the root is its own.
    root_code : str
        Where cases go whose place nobody knows.
    """

    levels: tuple[Areas, ...]
    sites: Areas
    branches: Mapping[str, str]
    root_code: str

    def branch(self, region_code: str) -> str:
        """Return the branch of a region; ``""`` for one that is not in the chain."""
        return self.branches.get(region_code, "")

    def regions_at(self, points: Geometries) -> Strings:
        """Finest region that holds each point, ``None`` outside all of them."""
        found = np.full(len(points), None, dtype=object)
        for level in reversed(self.levels):
            open_rows = np.flatnonzero([one is None for one in found])
            if not len(open_rows):
                break
            found[open_rows] = level.find(points[open_rows])
        return found


def ground_of(store: Store) -> Ground:
    """Return the ground of a store, read once per version of its regions and places."""
    stamp = store.stamp("regions", "places")
    return store.cached("ingest-ground", stamp, lambda: _read_ground(store))


def _read_ground(store: Store) -> Ground:
    tables = store.tables
    with store.read() as connection:
        levels = tuple(
            Areas(*_shapes(connection, tables.regions, tables.regions.c.level == level))
            for level in store.city.level_keys
        )
        sites = Areas(*_shapes(connection, tables.places))
    root_code = region_tree(store, Scope.everything()).root.code
    return Ground(levels, sites, branches_of(store), root_code)


def _shapes(connection: Connection, table: Table, *where: object) -> tuple[list[str], Geometries]:
    # One vectorised decoding instead of one per row.
    wanted = select(table.c.code, undecoded(table.c.geom)).where(*where)  # type: ignore[arg-type]
    rows = connection.execute(wanted).all()
    return [row[0] for row in rows], decoded(row[1] for row in rows)


def locate(
    connection: Connection, store: Store, ground: Ground, reports: Sequence[IncidentReport]
) -> list[Spot | Fault]:
    """Say where each case is.

    A position wins: its region is found here, its place too unless the source names one that
    exists. Else the place named, else the place that the address means, unless that lies outside
    the region named, else the region named, else the root: a call that names only a street is
    the whole district's. A position outside every region stays outside.

    Returns
    -------
    list of Spot or Fault
        A fault where there is no position and the code named does not exist.
    """
    codes = {one.place_code for one in reports if one.place_code}
    named = _places(connection, store.tables, codes)
    asked = any(one.lon is None and one.address for one in reports)
    book = address_book(store) if asked else None
    spots: list[Spot | Fault] = [
        _NOWHERE if report.lon is not None else _by_name(report, named, ground, book)
        for report in reports
    ]
    at = [row for row, report in enumerate(reports) if report.lon is not None]
    if not at:
        return spots
    points = shapely.points([(reports[row].lon, reports[row].lat) for row in at])
    found = zip(at, ground.regions_at(points), ground.sites.find(points), strict=True)
    for row, region_code, place_code in found:
        report = reports[row]
        if report.place_code in named:
            place_code = report.place_code
        located_by = "point" if region_code else "outside"
        spots[row] = Spot(report.lon, report.lat, region_code, place_code, located_by)
    return spots


_NOWHERE = Spot(None, None, None, None, "outside")


def _above(region_code: str, ground: Ground) -> tuple[str | None, ...]:
    """Regions that may be named beside an address in ``region_code``; none at all too."""
    return None, region_code, ground.branch(region_code), ground.root_code


class _Named(NamedTuple):
    region_code: str
    lon: float
    lat: float


def _places(connection: Connection, tables: Tables, codes: set[str]) -> dict[str, _Named]:
    table = tables.places
    columns = (table.c.code, table.c.region_code, table.c.lon, table.c.lat)
    rows = connection.execute(select(*columns).where(one_of(table.c.code, codes))) if codes else ()
    return {row[0]: _Named(*row[1:]) for row in rows}


def _by_name(
    report: IncidentReport,
    named: Mapping[str, _Named],
    ground: Ground,
    book: AddressBook | None,
) -> Spot | Fault:
    place = named.get(report.place_code or "")
    if place:
        return Spot(place.lon, place.lat, place.region_code, report.place_code, "place")
    found = book.find(report.address) if book and report.address else None
    if found and report.region_code in _above(found.region_code, ground):
        return Spot(found.lon, found.lat, found.region_code, found.code, found.by)
    if report.region_code in ground.branches:
        return Spot(None, None, report.region_code, None, "region")
    if report.region_code:
        near = nearest(report.region_code, list(ground.branches))
        values: dict[str, object] = {"key": report.region_code, "nearest": near}
        return Fault("unknown-area", field="region_code", values=values)
    if report.place_code:
        values = {"key": report.place_code}
        return Fault("unknown-object", field="place_code", values=values)
    return Spot(None, None, ground.root_code, None, "region")
