"""Publishing an evaluation, opening it again, and what a viewer is shown of either."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from geo_data import publications
from geo_data.faults import Fault, InputError
from geo_data.publications import Publication
from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.store import Store
from indicators import catalog, freezing, periods
from indicators.evaluation.declared import evaluation_of
from indicators.evaluation.result import MeasureResult, Settled, UnitResult
from indicators.evaluation.settling import settle
from indicators.spec import Readings, Sensors

_ALL = Scope.everything()


@dataclass(frozen=True, slots=True)
class Difference:
    """A unit whose current numbers are others than those that were published.

    ``before`` is as published, ``now`` as known at the moment; ``None`` where it was, or is, no
    unit of the group. ``indicators`` are the measures that differ.
    """

    group: str
    code: str
    name: str
    before: UnitResult | None
    now: UnitResult | None
    indicators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a viewer is shown of an evaluation of a period.

    Parameters
    ----------
    settled : Settled
        As published where it is, else as known at the moment; only units that may be seen.
    publication : Publication or None
        The one that stands.
    is_intact : bool
        Whether what is kept fits its hash; true where nothing is published.
    differences : tuple of Difference
        What is published and would be otherwise now, of units that may be seen.
    rules_changed : bool
        Whether the evaluation is declared otherwise now: weights, measures, units.
    """

    settled: Settled
    publication: Publication | None
    is_intact: bool
    differences: tuple[Difference, ...]
    rules_changed: bool


def shown(
    store: Store, scope: Scope, key: str, period: str, at: datetime, *, current: bool = False
) -> Shown:
    """Return an evaluation of a period: what was published, or what is known at the moment.

    The ranking is always made over the whole group; a viewer is shown the rows of the units in
    scope, with their true places among how many, and nothing of the others.

    Parameters
    ----------
    key : str
        Of the evaluation; one that is declared no longer can be read where it was published.
    current : bool
        The numbers of the moment, though others are published.

    Raises
    ------
    InputError
        ``no-evaluation``, ``unknown-period``.
    """
    one = published(store, key, period)
    if one is None:
        found = settle(store, evaluation_of(store.city, key), period, at)
        return Shown(_visible(store, scope, found), None, True, (), rules_changed=False)
    kept = Settled.model_validate(publications.content(store, _ALL, one.number))
    is_intact = publications.verify(store, _ALL, one.number)
    try:
        declared = evaluation_of(store.city, key)
    except InputError:
        return Shown(_visible(store, scope, kept), one, is_intact, (), rules_changed=True)
    now = _visible(store, scope, settle(store, declared, period, at))
    was = _visible(store, scope, kept)
    told = (one, is_intact, tuple(_differences(was, now)))
    return Shown(now if current else was, *told, rules_changed=kept.evaluation != declared)


def published(store: Store, key: str, period: str) -> Publication | None:
    """Return the publication of an evaluation that stands; ``None`` where there is none."""
    if not periods.is_period(period) or period in periods.KEYS:
        return None
    try:
        days = freezing.named_days(store, period)
    except InputError:
        return None
    one = publications.standing(store, _ALL, "evaluation", key, store.city.code, days.key)
    # An assessment year may have begun with another month when it was published.
    return one if one is not None and one.days == days else None


def history(store: Store, key: str | None = None) -> list[Publication]:
    """Return what was published of an evaluation, newest first; of all unless one is named."""
    return publications.history(store, _ALL, "evaluation", key)


def publish(
    store: Store, scope: Scope, key: str, period: str, *, who: str, at: datetime
) -> Publication:
    """Publish an evaluation of a week, month, quarter or year that has ended.

    Parameters
    ----------
    who : str
        A name or a post.
    at : datetime
        Now, aware; also the cut-off of the data.

    Raises
    ------
    InputError
        ``no-evaluation``, ``unknown-period``, ``period-odd``, ``period-not-ended``,
        ``publish-scope``, ``publication-who``, ``published-already``.
    """
    declared = evaluation_of(store.city, key)
    days = freezing.past_days(store, period, at)
    freezing.refuse_part(store, scope)
    settled = settle(store, declared, days.key, at, with_parts=True)
    content = settled.model_dump(mode="json")
    asked = (key, store.city.code, days, content)
    return publications.publish(store, "evaluation", *asked, known_at=at, who=who, at=at)


def reopen(
    store: Store, scope: Scope, key: str, period: str, *, who: str, at: datetime, reason: str
) -> Publication:
    """Open a published evaluation again: it follows the data until it is published anew.

    Raises
    ------
    InputError
        ``not-published``; the rest as :func:`geo_data.publications.reopen`.
    """
    freezing.refuse_part(store, scope)
    stands = published(store, key, period)
    if stands is None:
        raise InputError(Fault("not-published", values={"key": key, "period": period}))
    return publications.reopen(store, stands.number, who=who, at=at, reason=reason)


def _visible(store: Store, scope: Scope, settled: Settled) -> Settled:
    tree = region_tree(store, scope)
    groups = [
        group.model_copy(
            update={
                "units": tuple(
                    _masked(store, scope, unit)
                    for unit in group.units
                    if tree.is_whole_city or tree.get(unit.code) is not None
                ),
                "unknown_codes": group.unknown_codes if tree.is_whole_city else (),
            }
        )
        for group in settled.groups
    ]
    return settled.model_copy(update={"groups": tuple(groups)})


def _masked(store: Store, scope: Scope, unit: UnitResult) -> UnitResult:
    """Return a unit without values of sensors, for who may not see every kind of them."""
    if scope.kinds is None:
        return unit
    known = catalog.of(store.city)

    def masked(one: MeasureResult) -> MeasureResult:
        indicator = known.get(one.indicator)
        needs = indicator.needs if indicator else ()
        if indicator and not any(isinstance(need, Readings | Sensors) for need in needs):
            return one
        return one.model_copy(update={"value": None, "points": None, "made_of": ()})

    return unit.model_copy(update={"measures": tuple(map(masked, unit.measures))})


def _differences(was: Settled, now: Settled) -> Iterator[Difference]:
    keys = dict.fromkeys([*(one.key for one in was.groups), *(one.key for one in now.groups)])
    for key in keys:
        before, after = _units(was, key), _units(now, key)
        for code in dict.fromkeys([*before, *after]):
            old, new = before.get(code), after.get(code)
            changed = _changed(old, new)
            if old is None or new is None or changed or _standing(old) != _standing(new):
                name = next(one.name for one in (old, new) if one is not None)
                yield Difference(key, code, name, old, new, changed)


def _units(settled: Settled, key: str) -> dict[str, UnitResult]:
    return {unit.code: unit for group in settled.groups if group.key == key for unit in group.units}


def _changed(old: UnitResult | None, new: UnitResult | None) -> tuple[str, ...]:
    if old is None or new is None:
        return ()
    was = {one.indicator: (one.value, one.points) for one in old.measures}
    now = {one.indicator: (one.value, one.points) for one in new.measures}
    return tuple(key for key in dict.fromkeys([*was, *now]) if was.get(key) != now.get(key))


def _standing(unit: UnitResult) -> tuple[object, ...]:
    return unit.score, unit.place, unit.why_not
