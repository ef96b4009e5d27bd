"""The small city with a past in which cases were sent out, and one was closed."""

from __future__ import annotations

from geo_data.ingest import apply
from geo_data.records import Stage
from geo_data.store import Store
from tests.geo_data.lived_city import NOON, hours, make_lived_city, step
from tests.stores import Address

NOW = NOON + hours(24 * 4)
"""Saturday 2025-07-05, noon: the first cases, sent out at one, have been overdue for days."""


def make_worked_city(path: Address) -> Store:
    """Make the store, leave it open."""
    store = make_lived_city(path)
    told = [step(str(n), Stage.DISPATCHED, n + 0.5) for n in range(6)]
    apply(store, [*told, step("0", Stage.CLOSED, 2)], NOW)
    return store
