"""The same thing at the same place again and again: a rule, not a test."""

from __future__ import annotations

from geo_data import queries
from geo_data.queries.recurring import RepeatedPlace, recurring
from geo_data.records import Scope
from geo_data.store import Store
from indicators.early_warning.past import Past
from indicators.early_warning.signal import Signal
from indicators.early_warning.wording import sentence, term

DAYS = 30
MOST = 200
"""Nobody reads further down; the number of all of them is the indicator 高发点."""


def repeated_places(store: Store, scope: Scope, past: Past) -> list[Signal]:
    """Return the places with at least three cases of one category in 30 days, most first."""
    found = recurring(store, scope).hot_places(past.at)[:MOST]
    return [_signal(store, scope, past, one) for one in found]


def _signal(store: Store, scope: Scope, past: Past, one: RepeatedPlace) -> Signal:
    # A place of a kind that may not be seen stays unnamed.
    place = queries.place(store, scope, one.place_code)
    region_code = one.region_code or past.tree.root.code
    region = past.tree.ancestors(region_code)[-1]
    named = one.place_code if place is not None else one.cases[-1]
    values = {
        "place": place.name if place is not None else region.name,
        "category": term("categories", one.category),
        "n": len(one.cases),
    }
    return Signal(
        kind="repeated-place",
        key=f"repeated-place:{named}:{one.category}",
        region_code=region_code,
        window=past.last(DAYS),
        strength=float(len(one.cases)),
        count=len(one.cases),
        reason=sentence("reason-repeated-place", values),
        place_code=place.code if place is not None else None,
        category=one.category,
        cases=one.cases,
        lon=place.lon if place is not None else region.lon,
        lat=place.lat if place is not None else region.lat,
    )
