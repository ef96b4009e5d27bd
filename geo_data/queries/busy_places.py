"""Which places the most cases were reported of, and of which categories again and again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from geo_data.queries.case_filter import Conditions
from geo_data.queries.hindsight import moment, was_known
from geo_data.records import Scope, Window
from geo_data.regions import region_codes, region_tree
from geo_data.store import Store
from geo_data.store.code_lists import one_of


@dataclass(frozen=True, slots=True)
class BusyPlace:
    """A place with the cases reported of it; ``category`` is ``None`` where all were counted.

    ``code`` is ``None`` where the viewer may not see the place, ``name`` also where it is withheld
    or the place has gone.
    """

    code: str | None
    name: str | None
    region_code: str | None
    category: str | None
    n: int


def busy_places(
    store: Store,
    scope: Scope,
    region_code: str,
    window: Window,
    at: datetime,
    *,
    limit: int = 5,
    by_category: bool = False,
    least: int = 1,
) -> list[BusyPlace]:
    """Return the places with the most cases reported in a window, most first.

    Only cases that were placed at an object count; places of one number come by their code.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str
        With everything below it.
    window : Window
        When they were reported.
    at : datetime
        As known at this time.
    limit : int
        How many.
    by_category : bool
        Whether cases of different categories are counted apart.
    least : int
        Fewer cases are not worth a row.

    Returns
    -------
    list of BusyPlace
        Empty for a region that may not be seen.
    """
    if region_tree(store, scope).get(region_code) is None:
        return []
    cases = store.tables.incidents
    key = [cases.c.place_code, *([cases.c.category] if by_category else [])]
    n = func.count().label("n")
    with store.read() as connection:
        wanted = _reported(store, scope, connection, region_code, window, at)
        counted = select(*key, n).where(*wanted).group_by(*key).having(n >= least)
        rows = connection.execute(counted.order_by(n.desc(), *key).limit(limit)).all()
        known = _named(store, connection, {row.place_code for row in rows})
    return [_busy(scope, row, known.get(row.place_code), by_category) for row in rows]


def _reported(
    store: Store,
    scope: Scope,
    connection: Connection,
    region_code: str,
    window: Window,
    at: datetime,
) -> Conditions:
    """Return the conditions of cases placed at an object that were reported in a window."""
    cases = store.tables.incidents
    codes = region_codes(region_tree(store, scope), region_code)
    return [
        cases.c.place_code.is_not(None),
        cases.c.reported_at >= window.start,
        cases.c.reported_at < window.end,
        was_known(store, moment(store, connection, at)),
        *([] if codes is None else [one_of(cases.c.region_code, codes)]),
    ]


def _named(store: Store, connection: Connection, codes: set[str]) -> dict[str, Any]:
    places = store.tables.places
    about = select(places.c.code, places.c.name, places.c.region_code, places.c.kind)
    return {row.code: row for row in connection.execute(about.where(one_of(places.c.code, codes)))}


def _busy(scope: Scope, row: Any, place: Any | None, by_category: bool) -> BusyPlace:
    is_hidden = place is not None and not scope.sees_kind(place.kind)
    is_named = place is not None and not is_hidden and "name" not in scope.masked
    return BusyPlace(
        code=None if is_hidden else row.place_code,
        name=place.name if place is not None and is_named else None,
        region_code=place.region_code if place is not None else None,
        category=row.category if by_category else None,
        n=row.n,
    )
