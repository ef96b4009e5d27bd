"""The cases that cost a unit its points: not cases like them, but those that were counted.

What costs follows from what an indicator is made of, so a city's own formula over the same series
leads to its cases too. Of 按期结案率 it is every case that fell due and was not closed in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from geo_data import queries
from geo_data.queries.counted_cases import CountedCases
from geo_data.records import Scope
from geo_data.rollups import ANSWERS
from geo_data.rollups.case_log import UNCLOSED
from geo_data.store import Store
from indicators import catalog, engine
from indicators.history import exact_keys
from indicators.spec import Answers, Cases, CasesOf, Indicator, Unclosed

_OUT_OF = {
    "closed_on_time": "due",
    "signed_in_time": "sign_due",
    "contacted_in_time": "contact_due",
    "hotline_on_time": "hotline_due",
    "filed_of_reported": "reported",
    "proactive": "filed",
}
"""Of a share of these, the others of the whole cost points."""
_BAD = ("reworked", "extended", "explained", "unsatisfied", "neutral")
"""Each of these costs points by itself."""


@dataclass(frozen=True, slots=True)
class Costing:
    """Which cases cost points: counted by one of ``counted``, by none of ``without``."""

    counted: tuple[str, ...]
    without: tuple[str, ...] = ()
    trait: CasesOf | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The cases that cost points; ``costing`` says what they are, ``None`` where none are known."""

    costing: Costing | None
    cases: CountedCases


def costing(store: Store, indicator: Indicator) -> Costing | None:
    """Return which cases cost points under an indicator; ``None`` where it is made of no cases."""
    named = [need.measure for need in indicator.needs if isinstance(need, Cases)]
    if any(isinstance(need, Unclosed) for need in indicator.needs):
        return Costing((UNCLOSED,))
    for part in named:
        if _OUT_OF.get(part) in named:
            return Costing((_OUT_OF[part],), (part,))
    if any(isinstance(need, Answers) for need in indicator.needs):
        pairs = zip(ANSWERS, store.city.satisfaction, strict=True)
        return Costing(tuple(answer for answer, weight in pairs if weight < 1))
    for bad in _BAD:
        if bad in named:
            return Costing((bad,))
    if indicator.better != "low":
        return None
    traits = [need for need in indicator.needs if isinstance(need, CasesOf)]
    if traits:
        return Costing(("reported",), trait=traits[0])
    return Costing((named[0],)) if named else None


def lost_cases(
    store: Store,
    scope: Scope,
    unit_code: str,
    indicator_key: str,
    period: str,
    at: datetime,
    limit: int = 50,
) -> Lost:
    """Return the cases that cost a unit points, as counted at the moment, newest first.

    Raises
    ------
    KeyError
        There is no such indicator or period.
    """
    found = costing(store, catalog.of(store.city)[indicator_key])
    if found is None or not found.counted:
        return Lost(None, CountedCases(0, [], True))
    span = engine.period_of(store, period, at).window
    trait = found.trait
    cases = queries.judged_cases(
        *(store, scope, unit_code, found.counted, found.without, span, at),
        trait=trait.dimension if trait else None,
        keys=exact_keys(trait) if trait else (),
        limit=limit,
    )
    return Lost(found, cases)
