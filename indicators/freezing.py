"""Publishing a period: its numbers are frozen 冻结, so that late data does not change them.

What is kept is what boards and maps of the period would have shown at that moment: every value
that can be given, of every region of every level and of the functional areas, what the regions
near the root are compared with, their histories, and the thresholds in force. What is only known
of the present moment (the states of sensors) says nothing of a past period and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from geo_data import publications
from geo_data.faults import Fault, InputError
from geo_data.publications import Days, Publication
from geo_data.records import FUNCTIONAL, Scope
from geo_data.regions import region_tree
from geo_data.store import Store
from indicators import catalog, engine, parts, threshold_book
from indicators.across import KEPT_LEVEL
from indicators.calendar_names import name_of
from indicators.frozen import SUBJECT
from indicators.periods import days_given
from indicators.spec import Grain, Indicator
from indicators.windows import midnight

_ALL = Scope.everything()


def freeze(store: Store, scope: Scope, key: str, *, who: str, at: datetime) -> Publication:
    """Publish the numbers of a week, month, quarter or year that has ended.

    Parameters
    ----------
    key : str
        Its name (``2026-10``) or its days.
    who : str
        A name or a post.
    at : datetime
        Now, aware; also the cut-off of the data.

    Raises
    ------
    InputError
        ``unknown-period``; ``period-odd``: no period of the calendar; ``period-not-ended``;
        ``publish-scope``: a part of a city publishes nothing; ``published-already``.
    """
    days = past_days(store, key, at)
    refuse_part(store, scope)
    root = store.city.code
    stands = publications.standing(store, _ALL, "period", SUBJECT, root, days.key)
    if stands is not None:
        values: dict[str, object] = {"number": stands.number, "period": days.key}
        raise InputError(Fault("published-already", values=values))
    content = _content(store, days, at)
    return publications.publish(
        store, "period", SUBJECT, root, days, content, known_at=at, who=who, at=at
    )


def reopen(
    store: Store, scope: Scope, key: str, *, who: str, at: datetime, reason: str
) -> Publication:
    """Open a published period again; its numbers follow the data until it is published anew.

    Raises
    ------
    InputError
        ``unknown-period``; ``not-frozen``; the rest as :func:`geo_data.publications.reopen`.
    """
    refuse_part(store, scope)
    stands = state(store, key)
    if stands is None:
        raise InputError(Fault("not-frozen", values={"period": key}))
    return publications.reopen(store, stands.number, who=who, at=at, reason=reason)


def state(store: Store, key: str) -> Publication | None:
    """Return the publication of a period that stands; ``None`` while it is open."""
    days = named_days(store, key)
    return publications.standing(store, _ALL, "period", SUBJECT, store.city.code, days.key)


def frozen_periods(store: Store) -> list[Publication]:
    """Return every publication of a period, newest first, those opened again too."""
    return publications.history(store, _ALL, "period", SUBJECT)


def named_days(store: Store, key: str) -> Days:
    """Return a period under the name that the calendar has for it.

    Raises
    ------
    InputError
        ``unknown-period``; ``period-odd``: the calendar has no name for these days.
    """
    first_month = store.city.assessment_month
    try:
        first, last = days_given(key, first_month)
    except KeyError as error:
        values: dict[str, object] = {"key": key, "known": "2026-W43, 2026-10, 2026-Q3, 2026"}
        raise InputError(Fault("unknown-period", field="period", values=values)) from error
    name = name_of(first, last, first_month)
    if name is None:
        raise InputError(Fault("period-odd", field="period", values={"key": key}))
    return Days(name, first, last)


def past_days(store: Store, key: str, at: datetime) -> Days:
    """Return what :func:`named_days` does, of a period that has ended at ``at``."""
    days = named_days(store, key)
    if midnight(days.last + timedelta(1), store.city.zone) > at:
        values: dict[str, object] = {"period": days.key, "last": days.last}
        raise InputError(Fault("period-not-ended", field="period", values=values))
    return days


def refuse_part(store: Store, scope: Scope) -> None:
    """Refuse a viewer who sees only a part of the city: a part publishes nothing.

    Raises
    ------
    InputError
        ``publish-scope``.
    """
    if not region_tree(store, scope).is_whole_city or scope.kinds is not None:
        raise InputError(Fault("publish-scope", values={"city": store.city.code}))


def _content(store: Store, days: Days, at: datetime) -> dict[str, Any]:
    city, tree = store.city, region_tree(store, _ALL)
    near = [*city.level_keys[: KEPT_LEVEL + 1], FUNCTIONAL]
    told = [one for one in catalog.of(city).values() if one.grain is not Grain.STATE]
    keys = [one.key for one in told]
    codes = [code for level in near for code in tree.codes_at(level)]
    today = at.astimezone(city.zone).date()
    judged = threshold_book.in_force(store, at)
    rows = {key: row for key in keys if (row := judged.at(key, today)) is not None}
    return {
        "period": days.key,
        "first_day": days.first.isoformat(),
        "last_day": days.last.isoformat(),
        "known_at": at.isoformat(),
        "boards": {code: _board(store, code, told, days.key, at) for code in codes},
        "levels": {
            level: _level(store, tree.codes_at(level), told, level, days, at)
            for level in city.level_keys[KEPT_LEVEL + 1 :]
        },
        "thresholds": {
            key: row.model_dump(mode="json", by_alias=True, exclude_none=True)
            for key, row in rows.items()
        },
    }


def _board(
    store: Store, code: str, told: Sequence[Indicator], period: str, at: datetime
) -> dict[str, list[Any]]:
    keys = [one.key for one in told]
    asked = (store, _ALL, code)
    earlier = engine.year_before(*asked, period, at, keys)
    values = engine.board(*asked, period, at, keys=keys)
    return {
        one.key: [
            *_each((one.value, one.previous, earlier[one.key])),
            _each(one.spark),
            _each(part.value for part in parts.parts(*asked, indicator, period, at)),
        ]
        for indicator, one in zip(told, values, strict=True)
    }


def _level(
    store: Store, codes: list[str], told: list[Indicator], level: str, days: Days, at: datetime
) -> dict[str, Any]:
    ended = midnight(days.last + timedelta(1), store.city.zone)
    columns = {}
    for one in told:
        # What stands is counted at the end of the period, as known then.
        moment = ended if one.grain is Grain.STOCK else at
        found = engine.by_level(store, _ALL, level, one.key, days.key, moment)
        columns[one.key] = _each(found[code] for code in codes)
    return {"codes": codes, "values": columns}


def _each(values: Iterable[float | None]) -> list[float | None]:
    return [_short(value) for value in values]


def _short(value: float | None) -> float | None:
    """Return a whole number without its point: most of a million values are counts."""
    return int(value) if value is not None and value == int(value) else value
