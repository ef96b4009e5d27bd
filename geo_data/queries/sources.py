"""The systems that tell the city something: whether each is heard, how much and how late.

Whoever sees a part of the city is told only how old a source's news is: what it counts, what it
sent and where it stands are the whole city's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, select

from geo_data.faults import Fault, faults_of_text
from geo_data.ingest.source_states import SLOT_MS
from geo_data.instants import millis
from geo_data.intakes import Intake
from geo_data.queries.freshness import lateness
from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.store import Store
from geo_data.words import Label

HOUR = timedelta(hours=1)
SIMULATOR = "simulator"
"""Under this name the demo city's made-up news is known."""
LETTERS = 50
"""At a time."""


@dataclass(frozen=True, slots=True)
class Told:
    """Rows of a source in some time."""

    accepted: int = 0
    repeated: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of one source.

    Parameters
    ----------
    key : str
        Of its intake.
    name : Label, optional
        What people call it.
    way : str
        ``http``, ``mqtt``, ``table``, ``folder``; ``simulator``; ``gone`` where the city file no
        longer declares it.
    tells : str, optional
        ``incidents``, ``stages`` or ``observations``.
    state : str, optional
        ``fresh``, ``late`` or ``lost`` by its period; ``None`` where none is declared.
    period_s : int, optional
        How often it usually tells something.
    seen_at, ok_at, data_at : datetime, optional
        When it last answered, was last understood, and the newest time that it spoke of.
    lag_s : float, optional
        How late its newest batch came, by the middle of its rows.
    address : str, optional
        Where it is fetched from.
    hour, today : Told, optional
        Rows of the last hour (to five minutes) and of the city's day.
    error : Fault, optional
        What keeps it from being fetched from.
    error_at : datetime, optional
        Since when.
    letters : int, optional
        Its messages among the dead letters.
    """

    key: str
    name: Label | None
    way: str
    tells: str | None
    state: str | None
    period_s: int | None
    seen_at: datetime | None = None
    ok_at: datetime | None = None
    data_at: datetime | None = None
    lag_s: float | None = None
    address: str | None = None
    hour: Told | None = None
    today: Told | None = None
    error: Fault | None = None
    error_at: datetime | None = None
    letters: int | None = None

    def says(self, language: str) -> str:
        """Return what people call it."""
        return self.name(language) if self.name else self.key


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was refused.

    ``reason`` is the sentence of its day; ``faults`` are empty where only that is known.
    """

    id: int
    source: str
    received_at: datetime
    raw: str
    reason: str
    faults: tuple[Fault, ...]

    def readable(self) -> str:
        """Return the message as people read it; what is no JSON as it came."""
        try:
            told = json.dumps(json.loads(self.raw), ensure_ascii=False)
        except ValueError:
            told = self.raw
        # Half a character cannot be shown.
        return told.encode("utf-8", "replace").decode()

    def why(self, language: str) -> list[str]:
        """Return the reasons, one a line, in a language where it is known."""
        return [fault.sentence(language) for fault in self.faults] or self.reason.split("\n")


def sees_everything(store: Store, scope: Scope) -> bool:
    """Whether a viewer may see what sources sent: the whole city, and nothing withheld."""
    whole = scope.region_code in (None, store.city.code)
    return whole and scope.kinds is None and not scope.masked


def sources(store: Store, scope: Scope, now: datetime) -> list[SourceState]:
    """Return every source: those that the city file declares, then others that were heard.

    Parameters
    ----------
    now : datetime
        Aware.

    Raises
    ------
    InputError
        The scope names a region that the store does not have: nothing at all may be seen.
    """
    whole = sees_everything(store, scope)
    if not whole:
        region_tree(store, scope)
    with store.read() as connection:
        rows = {row.intake: row for row in connection.execute(select(store.tables.intake_states))}
        counts = _counts(connection, store, now) if whole else {}
        aside = _letters(connection, store) if whole else {}
    declared = {intake.key: intake for intake in store.city.intakes}
    found = []
    for key in [*declared, *sorted(set(rows) - set(declared))]:
        one = _state(key, declared.get(key), rows.get(key), now)
        if one.tells == "observations" and scope.kinds == frozenset():
            continue
        if whole:
            hour, today = counts.get(key, (Told(), Told()))
            one = replace(one, hour=hour, today=today, letters=aside.get(key, 0))
            one = _with_trouble(one, declared.get(key), rows.get(key))
        found.append(one)
    return found


def letters(
    store: Store, scope: Scope, source: str, limit: int = LETTERS, before: int | None = None
) -> list[Letter]:
    """Return what was refused of a source, newest first; nothing to who sees only a part.

    Parameters
    ----------
    before : int, optional
        Only letters older than the one of this number.

    Raises
    ------
    InputError
        As :func:`sources`.
    """
    if not sees_everything(store, scope):
        region_tree(store, scope)
        return []
    table = store.tables.dead_letters
    wanted = select(table).where(table.c.source == source)
    if before is not None:
        wanted = wanted.where(table.c.id < before)
    with store.read() as connection:
        rows = connection.execute(wanted.order_by(table.c.id.desc()).limit(limit)).all()
    return [
        Letter(row.id, row.source, row.received_at, row.raw, row.reason, faults_of_text(row.faults))
        for row in rows
    ]


def _state(key: str, intake: Intake | None, row: Any, now: datetime) -> SourceState:
    times = ("seen_at", "ok_at", "data_at", "lag_s")
    known = {} if row is None else {name: getattr(row, name) for name in times}
    period_s = intake.period_s if intake else None
    return SourceState(
        key=key,
        name=intake.name if intake else None,
        way=intake.way if intake else "simulator" if key == SIMULATOR else "gone",
        tells=intake.tells if intake else None,
        state=lateness(now, known.get("data_at"), period_s) if period_s else None,
        period_s=period_s,
        **known,
    )


def _with_trouble(one: SourceState, intake: Intake | None, row: Any) -> SourceState:
    one = replace(one, address=intake.address if intake else None)
    if row is None or row.error is None:
        return one
    fault = next(iter(faults_of_text(row.error)), None)
    return replace(one, error=fault, error_at=row.error_at)


def _counts(connection: Connection, store: Store, now: datetime) -> dict[str, tuple[Told, Told]]:
    """Return each source's rows of the last hour and of the city's day."""
    table = store.tables.intake_slots
    midnight = now.astimezone(store.city.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    last_hour = millis(now - HOUR) // SLOT_MS + 1
    today = millis(midnight) // SLOT_MS
    names = ("accepted", "repeated", "refused")

    def since(slot: int) -> list[Any]:
        return [func.sum(case((table.c.slot >= slot, table.c[name]), else_=0)) for name in names]

    asked = select(table.c.intake, *since(last_hour), *since(today))
    asked = asked.where(table.c.slot >= min(last_hour, today)).group_by(table.c.intake)
    return {
        key: (Told(*map(int, numbers[:3])), Told(*map(int, numbers[3:])))
        for key, *numbers in connection.execute(asked)
    }


def _letters(connection: Connection, store: Store) -> dict[str, int]:
    table = store.tables.dead_letters
    counted = select(table.c.source, func.count()).group_by(table.c.source)
    return {source: int(n) for source, n in connection.execute(counted)}
