"""Which sensors each rule speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
from sqlalchemy import select

from geo_data.alarms.book import Place
from geo_data.alarms.rules import Rule
from geo_data.faults import Fault
from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.store import Store
from geo_data.store.code_lists import one_of

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ruled:
    """A rule and the rows of its sensors in the roster, ascending."""

    rule: Rule
    rows: Rows


@dataclass(frozen=True)
class Roster:
    """The sensors of a city as columns of shape (n,), and who of them is under which rule."""

    codes: npt.NDArray[np.object_]
    kinds: npt.NDArray[np.object_]
    region_codes: npt.NDArray[np.object_]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    period_ms: npt.NDArray[np.int64]
    ruled: tuple[Ruled, ...]

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Row of each sensor that is under any rule."""
        rows = {row for one in self.ruled for row in one.rows.tolist()}
        return {str(self.codes[row]): row for row in sorted(rows)}

    @cached_property
    def by_rule(self) -> Mapping[str, Ruled]:
        """Each rule in force with its sensors, by key."""
        return {one.rule.key: one for one in self.ruled}


def roster_of(store: Store, at: datetime) -> Roster:
    """Return who is under which of the rules that hold on the city's day of ``at``.

    Read again only after the rules, the sensors or the regions changed, or a rule came to hold.
    """
    day = at.astimezone(store.city.zone).date()
    begun = tuple(one.key for one in store.city.rules.values() if one.effective_from <= day)
    version = (store.stamp("sensors", "regions", "places"), store.city.alarms, begun)
    return store.cached("alarm-roster", version, lambda: _read(store, day))


def _read(store: Store, day: date) -> Roster:
    table = store.tables.sensors
    names = ("code", "kind", "metric", "unit", "region_code", "place_code", "lon", "lat")
    wanted = select(*(table.c[name] for name in names), table.c.period_s).order_by(table.c.fid)
    with store.read() as connection:
        rows = connection.execute(wanted).all()
    columns = {
        name: np.array([getattr(row, name) for row in rows], dtype=object)
        for name in (*names, "period_s")
    }
    rules = [one for one in store.city.rules.values() if one.effective_from <= day]
    return Roster(
        codes=columns["code"],
        kinds=columns["kind"],
        region_codes=columns["region_code"],
        lon=columns["lon"].astype(np.float64),
        lat=columns["lat"].astype(np.float64),
        period_ms=columns["period_s"].astype(np.int64) * 1000,
        ruled=tuple(Ruled(one, np.flatnonzero(_under(store, one, columns))) for one in rules),
    )


def _under(store: Store, rule: Rule, columns: Mapping[str, npt.NDArray[np.object_]]) -> Flags:
    mine: Flags = (
        columns["kind"] == rule.kind if rule.metric is None else columns["metric"] == rule.metric
    )
    mine = mine & (columns["unit"] == rule.unit)
    if rule.regions:
        tree = region_tree(store, Scope.everything())
        slots = tree.order(columns["region_code"].tolist())
        mine &= np.logical_or.reduce([tree.within(slots, code) for code in rule.regions])
    if rule.place_kinds:
        mine &= _stand_at(store, rule.place_kinds, columns["place_code"])
    return mine


def _stand_at(
    store: Store, place_kinds: tuple[str, ...], place_codes: npt.NDArray[np.object_]
) -> Flags:
    table = store.tables.places
    with store.read() as connection:
        of_kind = select(table.c.code).where(one_of(table.c.kind, place_kinds))
        known = set(connection.scalars(of_kind))
    return np.array([code in known for code in place_codes], dtype=bool)


def place_of(roster: Roster, rule: Rule, row: int) -> Place:
    """Return what an alarm of a sensor is about."""
    return Place(
        str(roster.kinds[row]),
        rule.shown_unit,
        str(roster.region_codes[row]),
        float(roster.lon[row]),
        float(roster.lat[row]),
    )


def roster_notices(store: Store, at: datetime) -> list[Fault]:
    """Return which rules speak of no sensor, or of a region that there is not."""
    tree = region_tree(store, Scope.everything())
    found = []
    for one in roster_of(store, at).ruled:
        unknown = [code for code in one.rule.regions if tree.get(code) is None]
        own = {rule.key for rule in store.city.alarms.rules}
        if unknown:
            values: dict[str, object] = {"key": one.rule.key, "region": ", ".join(unknown)}
            found.append(Fault("rule-region", values=values))
        elif not len(one.rows) and one.rule.key in own:
            # The program's own rules speak of kinds that not every city has.
            found.append(Fault("rule-nobody", values={"key": one.rule.key}))
    return found
