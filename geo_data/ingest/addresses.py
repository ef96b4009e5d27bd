"""Finding the place that an address means: as it is written, or written another way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from geo_data.store import Store

_SIGNS = re.compile(r"[\W_]+")
_DOORS = (re.compile(r".*?\d+弄\d+号"), re.compile(r".*?\d+号"), re.compile(r".*?\d+弄"))
"""Where the house ends and the floor begins, the finest first."""
_BARE = re.compile(r"\d*[号弄幢栋楼室]*")
"""A number without its street is everywhere."""
_AHEAD = 8
"""Signs that may stand before the city's name: its province."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an address means.

    ``code``, ``lon`` and ``lat`` are ``None`` where several places of one region share it.
    ``by`` is ``address`` or ``name``.
    """

    by: str
    region_code: str
    code: str | None
    lon: float | None
    lat: float | None


Row = tuple[str, str, str | None, str, float, float]
"""Code, name, address, region code, lon, lat of a place."""


class AddressBook:
    """The addresses and names of all places.

    Parameters
    ----------
    rows : iterable of Row
        The places.
    areas : sequence of str
        Names that may stand before a street: the city's first, then the regions'.
    """

    def __init__(self, rows: Iterable[Row], areas: Sequence[str]) -> None:
        self._areas = [plain for plain in map(_plain, areas) if plain]
        self._held: dict[str, Found | None] = {}
        for code, name, address, region, lon, lat in rows:
            for by, text in (("name", name), ("address", address)):
                if text:
                    self._note(self._street(text), Found(by, region, code, lon, lat))

    def find(self, text: str) -> Found | None:
        """Return what an address means; ``None`` where nothing or too much is called so."""
        street = self._street(text)
        found = self._held.get(street)
        if found is not None:
            return found
        for door in _DOORS:
            house = door.match(street)
            if house and (found := self._held.get(house.group())) is not None:
                return found
        return None

    def _note(self, key: str, found: Found) -> None:
        if _BARE.fullmatch(key):
            return
        known = self._held.setdefault(key, found)
        if known is None or known.code == found.code:
            return
        same = known.region_code == found.region_code
        self._held[key] = Found(known.by, found.region_code, None, None, None) if same else None

    def _street(self, text: str) -> str:
        plain = _plain(text)
        if self._areas and 0 < (at := plain.find(self._areas[0])) <= _AHEAD:
            plain = plain[at:]
        cut = True
        while cut:
            cut = False
            for area in self._areas:
                if plain.startswith(area) and len(plain) > len(area):
                    plain, cut = plain[len(area) :], True
        return plain


def _plain(text: str) -> str:
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text).casefold())


def address_book(store: Store) -> AddressBook:
    """Return the addresses of a store, read once per version of its places."""
    stamp = store.stamp("regions", "places")
    return store.cached("address-book", stamp, lambda: _read(store))


def _read(store: Store) -> AddressBook:
    places, regions = store.tables.places.c, store.tables.regions.c
    columns = (places.code, places.name, places.address, places.region_code, places.lon, places.lat)
    upper = regions.level.in_(store.city.level_keys[:-1])
    with store.read() as connection:
        rows = connection.execute(select(*columns).order_by(places.fid)).all()
        names = connection.scalars(select(regions.name).where(upper).order_by(regions.fid)).all()
    return AddressBook((tuple(row) for row in rows), [store.city.name.zh, *names])
