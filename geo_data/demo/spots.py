"""Where something may happen in a demo city that is already in its store."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select

from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.store import Store

TOWN, ESTATE, COUNTRY = 0, 1, 2
"""Characters of a spot, in the order of the weights in ``history.toml``."""

_CHANCE = {"residential": 0.6, "industrial": 0.6, "office": 0.8, "commercial": 1.0}
_OTHERWISE = 0.7
_TRIES = 5
_ROAD = re.compile(r"(?P<road>.+?)\d+[弄号].*")
_COUNTRY = re.compile(r".*村\d+号.*")


@dataclass(frozen=True, slots=True)
class Spot:
    """A house or, where a city has none, the middle of a region."""

    name: str
    address: str
    lon: float
    lat: float
    town: str
    character: int

    @property
    def road(self) -> str:
        """The road of the address, or the name where the address names none."""
        found = _ROAD.fullmatch(self.address)
        return found["road"] if found else self.name


class Spots:
    """Draws houses, shops more often than homes.

    One house is read at a time: a hundred thousand of them are not worth holding for the few
    that anything happens at.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tree = region_tree(store, Scope.everything())
        table = store.tables.places
        houses = select(func.min(table.c.fid), func.max(table.c.fid))
        with store.read() as connection:
            first, last = connection.execute(houses.where(table.c.kind == "building")).one()
        self._fids = None if first is None else (int(first), int(last))

    def town(self, region_code: str | None) -> str:
        """Name of the region below the root that holds ``region_code``; the root's otherwise."""
        if region_code is None or self._tree.get(region_code) is None:
            return self._tree.root.name
        chain = self._tree.ancestors(region_code)
        return chain[min(1, len(chain) - 1)].name

    def draw(self, random: np.random.Generator) -> Spot:
        """Return where the next thing happens."""
        if self._fids is None:
            regions = self._tree.regions()
            region = regions[int(random.integers(len(regions)))]
            name = self.town(region.code)
            return Spot(region.name, region.name, region.lon, region.lat, name, TOWN)
        for _ in range(_TRIES):
            use, spot = self._house(int(random.integers(self._fids[0], self._fids[1] + 1)))
            if random.uniform() < _CHANCE.get(use or "", _OTHERWISE):
                break
        return spot

    def _house(self, fid: int) -> tuple[str | None, Spot]:
        table = self._store.tables.places
        columns = (table.c.name, table.c.address, table.c.lon, table.c.lat, table.c.use)
        wanted = (
            select(*columns, table.c.region_code)
            .where(table.c.kind == "building", table.c.fid >= fid)
            .order_by(table.c.fid)
            .limit(1)
        )
        with self._store.read() as connection:
            row = connection.execute(wanted).one()
        character = TOWN
        if row.use == "industrial":
            character = ESTATE
        elif _COUNTRY.fullmatch(row.name):
            character = COUNTRY
        town = self.town(row.region_code)
        return row.use, Spot(row.name, row.address or row.name, row.lon, row.lat, town, character)
