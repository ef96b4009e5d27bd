"""The thresholds in force: the shipped rows and what people changed of them, and who did.

A row is known by its indicator and the day from which it holds. A change puts such a row in the
place of the one that stood there, adds one, or takes one away. It holds for the next board, in
every process, and is never forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from geo_data.amendments import LAYER, Amendment, Body, amend, amendments
from geo_data.faults import Fault, InputError, nearest
from geo_data.store import Store
from indicators import catalog
from indicators.thresholds import Threshold, Thresholds, read_row, shipped

SUBJECT = "threshold"

Rows = dict[tuple[str, date], Threshold]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row: ``before`` and ``after`` are ``None`` where there was, or is, none."""

    indicator: str
    effective_from: date
    before: Threshold | None
    after: Threshold | None
    at: datetime
    who: str
    note: str


def in_force(store: Store, at: datetime) -> Thresholds:
    """Return the rows as they were known at ``at``."""
    made = amendments(store, SUBJECT)
    known = sum(one.at <= at for one in made)
    stamp = (store.version(LAYER), known)

    def build() -> Thresholds:
        rows, _ = _amended(made[:known])
        return Thresholds(list(rows.values()))

    return store.cached("thresholds", stamp, build)


def changes(store: Store, indicator: str | None = None) -> list[Change]:
    """Return who changed what and when, newest first; of one indicator where one is named."""
    _, found = _amended(amendments(store, SUBJECT))
    return [one for one in reversed(found) if indicator in (None, one.indicator)]


def put(
    store: Store,
    indicator: str,
    effective_from: date,
    row: Mapping[str, object],
    *,
    who: str,
    at: datetime,
    note: str = "",
) -> Threshold:
    """Put a row in the place of the one that holds from the same day, or beside the others.

    Parameters
    ----------
    row : Mapping
        As a row of ``thresholds.toml``, without ``indicator`` and ``effective-from``.
    who, note, at
        As :func:`geo_data.amendments.amend`.

    Raises
    ------
    InputError
        There is no such indicator, or the row is wrong: all its faults at once.
    """
    _known(store, indicator)
    entry = {**row, "indicator": indicator, "effective-from": effective_from}
    made = read_row(entry)
    amend(store, SUBJECT, indicator, effective_from, _body(made), who=who, at=at, note=note)
    return made


def remove(
    store: Store, indicator: str, effective_from: date, *, who: str, at: datetime, note: str = ""
) -> None:
    """Take away the row that holds from a day on; the one before it holds again.

    Raises
    ------
    InputError
        ``no-threshold``: there is no such row.
    """
    _known(store, indicator)
    rows, _ = _amended(amendments(store, SUBJECT))
    if (indicator, effective_from) not in rows:
        values: dict[str, object] = {"indicator": indicator, "day": effective_from}
        raise InputError(Fault("no-threshold", values=values))
    amend(store, SUBJECT, indicator, effective_from, None, who=who, at=at, note=note)


def _known(store: Store, indicator: str) -> None:
    known = catalog.of(store.city)
    if indicator not in known:
        near: dict[str, object] = {"key": indicator, "nearest": nearest(indicator, tuple(known))}
        raise InputError(Fault("unknown-indicator", values=near))


def _amended(made: Sequence[Amendment]) -> tuple[Rows, list[Change]]:
    rows: Rows = {
        (row.indicator, row.effective_from): row
        for listed in shipped().rows().values()
        for row in listed
    }
    found: list[Change] = []
    for one in made:
        place = one.key, one.effective_from
        after = None if one.body is None else Threshold.model_validate(one.body)
        found.append(Change(*place, rows.pop(place, None), after, one.at, one.who, one.note))
        if after is not None:
            rows[place] = after
    return rows, found


def _body(row: Threshold) -> Body:
    body: Body = row.model_dump(mode="json", by_alias=True, exclude_none=True)
    return body
