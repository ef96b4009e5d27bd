"""A threshold changed on the page of its indicator: what a form says, and what became of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from dashboard.api.admin_key import key_refused
from dashboard.context import Context, Look
from geo_data.amendments import LONGEST_NAME
from geo_data.faults import Fault, InputError
from geo_data.store import Store
from indicators import threshold_book
from indicators.spec import Indicator
from indicators.thresholds import COLOURS, Limit, Threshold

_BAND = re.compile(r"(-?[\d.]+)\s*(?:\.\.|–|—|~|～|,|，|\s)\s*(-?[\d.]+)")
_AS_FIELDS = {"effective-from": "day", "basis.zh": "basis-zh", "basis.en": "basis-en"}
_STATUS = {"no-threshold": 404}


@dataclass(frozen=True, slots=True)
class Change:
    """What a form said, and what was wrong with it.

    Parameters
    ----------
    said : Mapping
        Field to text, without the key.
    faults : sequence of Fault
        None where it was done.
    status : int
        With which the page answers.
    """

    said: Mapping[str, str]
    faults: Sequence[Fault] = field(default_factory=tuple)
    status: int = 200


def filled(look: Look, indicator: Indicator, day: str = "") -> dict[str, str]:
    """Return the fields as the row of a day fills them, or the one that holds; else only today."""
    today = look.local(look.now).date()
    book = threshold_book.in_force(look.store, look.now)
    rows = {str(row.effective_from): row for row in book.rows().get(indicator.key, [])}
    row = rows.get(day) or book.at(indicator.key, today)
    if row is None:
        return {"day": str(today)}
    return {**_texts_of(row), "day": day if day in rows else str(today)}


def changed(
    context: Context, indicator: Indicator, said: Mapping[str, str], at: datetime
) -> Change:
    """Do what a form says.

    Parameters
    ----------
    said : Mapping
        Field to text, the key among them.
    at : datetime
        Now.
    """
    shown = {name: text for name, text in said.items() if name != "key"}
    if refused := key_refused(context, said.get("key", "")):
        status, fault = refused
        return Change(shown, (fault,), status)
    day, faults = _day(said.get("day", ""))
    faults += _who(said.get("who", ""))
    removes = said.get("do") == "remove"
    row, wrong = ({}, []) if removes else _row(said)
    if day is None or faults or wrong:
        return Change(shown, (*faults, *wrong), 422)
    told = {"who": said.get("who", ""), "note": said.get("note", ""), "at": at}
    try:
        _keep(context.store, indicator.key, day, None if removes else row, told)
    except InputError as error:
        if error.exit_code != 2:
            raise
        return Change(shown, _placed(error.faults), _STATUS.get(error.faults[0].key, 422))
    return Change(shown)


def _keep(
    store: Store,
    key: str,
    day: date,
    row: Mapping[str, object] | None,
    told: Mapping[str, Any],
) -> None:
    if row is None:
        threshold_book.remove(store, key, day, **told)
    else:
        threshold_book.put(store, key, day, row, **told)


def _day(said: str) -> tuple[date | None, list[Fault]]:
    try:
        return date.fromisoformat(said), []
    except ValueError:
        return None, [Fault("threshold-day", field="day", values={"said": said})]


def _who(said: str) -> list[Fault]:
    if said.strip():
        return []
    return [Fault("amend-who", field="who", values={"most": LONGEST_NAME})]


def _row(said: Mapping[str, str]) -> tuple[dict[str, object], list[Fault]]:
    """Return a row as the API takes it, and what of it cannot be read."""
    row: dict[str, object] = {
        "rule": said.get("rule", ""),
        "basis": {"zh": said.get("basis-zh", "").strip(), "en": said.get("basis-en", "").strip()},
        "source": said.get("source", "").strip(),
        "verified": said.get("verified") == "yes",
    }
    empty = [name for name in ("basis-zh", "basis-en", "source") if not said.get(name, "").strip()]
    faults = [Fault("threshold-empty", field=name) for name in empty]
    for colour in COLOURS:
        text = said.get(colour, "").strip()
        if not text:
            continue
        limit = limit_of(text)
        if limit is None:
            faults.append(Fault("threshold-number", field=colour, values={"said": text}))
        else:
            row[colour] = limit
    return row, faults


def limit_of(text: str) -> Limit | None:
    """Read a limit: a number, or two of them; ``None`` where it is neither.

    Examples
    --------
    >>> limit_of("95"), limit_of("6.5..8.5"), limit_of("-3 – 4"), limit_of("viel")
    (95.0, (6.5, 8.5), (-3.0, 4.0), None)
    """
    band = _BAND.fullmatch(text)
    try:
        ends = (float(band[1]), float(band[2])) if band else (float(text),)
    except ValueError:
        return None
    if not all(map(math.isfinite, ends)):
        return None
    return (ends[0], ends[-1]) if band else ends[0]


def _placed(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Return faults with the fields that the form has."""
    return tuple(
        Fault(one.key, field=_AS_FIELDS.get(one.field or "", one.field), values=one.values)
        for one in faults
    )


def _texts_of(row: Threshold) -> dict[str, str]:
    limits = {
        colour: "..".join(f"{end:g}" for end in limit) if isinstance(limit, tuple) else f"{limit:g}"
        for colour, limit in row.steps
    }
    return {
        "rule": row.rule,
        "basis-zh": row.basis.zh,
        "basis-en": row.basis.en,
        "source": row.source,
        "verified": "yes" if row.verified else "",
        **limits,
    }
