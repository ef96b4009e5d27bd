"""The instants of cases in memory: read once, then kept up to date by the change log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, or_, select

from geo_data.dictionaries import dictionary
from geo_data.distinct import numbered
from geo_data.histories import (
    NEVER,
    Cases,
    Rows,
    Steps,
    irregular_steps,
    judge,
)
from geo_data.instants import instant, millis
from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.rollups.case_reading import merged, read_cases, read_steps
from geo_data.rollups.contributions import dated
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.tables import NOTED_KEYS
from geo_data.working_time import DAY_MS, Millis

Slots = npt.NDArray[np.int32]
Traits = Mapping[str, npt.NDArray[np.int64]]
Trait = Literal["category", "channel", "severity"]

KEPT_MS = 15 * DAY_MS
"""How far back from the newest data the instants reach at least: a week and the week before."""
RELOAD_MS = 3 * DAY_MS
"""They are read anew once in such a time, so that they do not grow for ever."""
MOST_SORTED = 8
"""A part smaller than this share is sorted out of the order by region; else all are looked at."""
MANY = 1_000
"""Changes after which reading everything again is cheaper than following them."""
FEW = 1_000
"""So many changed cases are read without asking first whether they belong here."""
UNCLOSED = "unclosed"
"""One measure more than the rollups have: cases by the time they fell due, if they are open to
this day. All open cases are kept, so that this one is known of any span."""
IRREGULAR = "irregular"
"""Steps that cannot follow the one before them, by when they happened."""
BEGINS = {"open": "opened", "overdue": "late", "due-soon": "soon"}
ENDS = {"open": "ended", "overdue": "late-ended", "due-soon": "soon-over"}
"""Measures by which cases begin and cease to stand open, past their limit, or due soon."""

_DICTIONARIES = {"category": "categories", "channel": "channels", "severity": "severities"}


@dataclass(frozen=True)
class Events:
    """Instants of one measure, ascending, all of shape (n,).

    Parameters
    ----------
    at_ms : int64
        When.
    case : int64
        Id of the incident.
    slot : int32
        Its region in drill order, -1 outside every region.
    traits : dict
        Category, channel and severity as numbers, for the measure ``reported`` only.
    """

    at_ms: Millis
    case: Rows
    slot: Slots
    traits: Traits

    @cached_property
    def _by_slot(self) -> tuple[Slots, Slots]:
        """The slots ascending, and the row of each: a subtree is a run of them."""
        # Two bytes are sorted by counting, in a tenth of the time.
        few = not len(self.slot) or self.slot.max() < np.iinfo(np.uint16).max - 1
        places = (self.slot + 1).astype(np.uint16) if few else self.slot + 1
        rows = np.argsort(places, kind="stable").astype(np.int32)
        return places[rows].astype(np.int32) - np.int32(1), rows

    def of_slots(self, first: int, end: int) -> Events:
        """Return the events of slots ``[first, end)``.

        What lies in a town costs as much as happens there, however large the city is.
        """
        slots, rows = self._by_slot
        run = slice(*np.searchsorted(slots, np.array([first, end], dtype=np.int32)))
        if (run.stop - run.start) * MOST_SORTED > len(slots):
            return self.chosen((self.slot >= first) & (self.slot < end))
        return self.chosen(np.sort(rows[run]))

    def between(self, start_ms: int, end_ms: int) -> Events:
        """Return the events of a span: views, nothing is copied."""
        run = slice(*np.searchsorted(self.at_ms, [start_ms, end_ms]))
        traits = {name: values[run] for name, values in self.traits.items()}
        return Events(self.at_ms[run], self.case[run], self.slot[run], traits)

    def with_trait(self, trait: Trait, keys: Iterable[str]) -> Events:
        """Return the events whose trait is one of ``keys``, without their traits."""
        numbers = _numbers(trait, keys)
        wanted = np.zeros(len(dictionary(_DICTIONARIES[trait])) + 2, dtype=bool)
        # The last place stands for what no dictionary knows, which is -1.
        wanted[numbers[numbers >= 0]] = True
        return replace(self, traits={}).chosen(wanted[self.traits[trait]])

    def chosen(self, wanted: npt.NDArray[np.bool_] | Slots) -> Events:
        """Return the events for which ``wanted`` is true, or the rows that it lists."""
        traits = {name: values[wanted] for name, values in self.traits.items()}
        return Events(self.at_ms[wanted], self.case[wanted], self.slot[wanted], traits)

    def replaced(self, changed: Sequence[int], new: Events) -> Events:
        """Return the events with ``new`` in the place of those of the changed cases."""
        theirs = np.isin(self.case, changed)
        if not len(new.case) and not theirs.any():
            return self
        kept = self.chosen(~theirs)
        at = np.searchsorted(kept.at_ms, new.at_ms)
        return Events(
            np.insert(kept.at_ms, at, new.at_ms),
            np.insert(kept.case, at, new.case),
            np.insert(kept.slot, at, new.slot),
            {name: np.insert(kept.traits[name], at, new.traits[name]) for name in kept.traits},
        )


@dataclass(frozen=True, slots=True)
class CaseLog:
    """The instants of the whole city, by measure, as of the change ``seq``.

    From ``since_ms`` on they are all there; ``n_slots`` is how many regions there are.
    """

    stamp: object
    seq: int
    since_ms: int
    n_slots: int
    events: Mapping[str, Events]


def case_log(store: Store) -> CaseLog:
    """Return the instants as of the newest commit."""
    stamp = (store.stamp("regions"), _since_ms(store))
    version = (stamp, store.version("incidents"))
    return store.cached("case-log", version, lambda: _newer(store, stamp))


def case_log_then(
    store: Store, connection: Connection, at: datetime, changed: Sequence[int]
) -> CaseLog:
    """Return the instants as known at a moment since when only the ``changed`` cases changed."""
    log = case_log(store)
    since_ms = _kept_since_ms(at)
    if since_ms + RELOAD_MS + DAY_MS >= log.since_ms:
        chosen = one_of(store.tables.incidents.c.id, changed)
        new = events_of(store, connection, chosen, at)
        events = {name: held.replaced(changed, new[name]) for name, held in log.events.items()}
        return replace(log, events=events)
    # What happened weeks before that moment is not in memory any more.
    told_by_then = store.tables.incidents.c.reported_at <= at + timedelta(days=1)
    since = instant(since_ms)
    moved = and_(_moved_since(store, since), told_by_then)
    noted = _noted_since(store, connection, since)
    return replace(log, since_ms=since_ms, events=events_of(store, connection, moved, at, noted))


def _since_ms(store: Store) -> int:
    layer = store.layers().get("incidents")
    newest = layer.data_at if layer else None
    return _kept_since_ms(newest) if newest else 0


def _kept_since_ms(newest: datetime) -> int:
    return (millis(newest) - KEPT_MS) // RELOAD_MS * RELOAD_MS


def _newer(store: Store, stamp: tuple[object, int]) -> CaseLog:
    log = store.held("case-log")
    with store.read() as connection:
        seq = connection.scalar(select(func.max(store.tables.changes.c.seq))) or 0
        changed = None
        if isinstance(log, CaseLog) and log.stamp == stamp:
            changed = changed_cases(store, connection, log.seq)
        if isinstance(log, CaseLog) and changed is not None:
            chosen = one_of(store.tables.incidents.c.id, changed)
            noted: Sequence[int] = ()
            if len(changed) > FEW:
                # Of what is corrected years later nothing is in here.
                since = instant(log.since_ms)
                chosen = and_(chosen, _moved_since(store, since))
                noted = _noted_since(store, connection, since, changed)
            new = events_of(store, connection, chosen, also=noted)
            events = {
                measure: held.replaced(changed, new[measure])
                for measure, held in log.events.items()
            }
            return replace(log, seq=seq, events=events)
        since_ms = stamp[1]
        since = instant(since_ms)
        moved, noted = _moved_since(store, since), _noted_since(store, connection, since)
        tree = region_tree(store, Scope.everything())
        n_slots = tree.span(tree.root.code)[1]
        events = events_of(store, connection, moved, also=noted)
        return CaseLog(stamp, seq, since_ms, n_slots, events)


def changed_cases(store: Store, connection: Connection, seq: int) -> list[int] | None:
    """Return the ids of the cases changed since; ``None`` if the log cannot tell."""
    changes = store.tables.changes
    oldest = connection.scalar(select(func.min(changes.c.seq)))
    newer = select(changes.c.topic, changes.c.body).where(
        changes.c.seq > seq, changes.c.topic.in_(("incidents", "layers"))
    )
    rows = connection.execute(newer.order_by(changes.c.seq).limit(MANY)).all()
    if len(rows) == MANY or oldest is None or oldest > seq + 1:
        return None
    ids: set[int] = set()
    for topic, text in rows:
        body = json.loads(text)
        if topic == "incidents":
            ids.update(row["id"] for row in body["rows"])
        elif body["layer"] == "incidents":
            # A history was loaded whole: its cases are not listed one by one.
            return None
    return sorted(ids)


def _moved_since(store: Store, since: datetime) -> ColumnElement[bool]:
    """Cases that are open or that moved, or fall due, from ``since`` on."""
    table = store.tables.incidents
    # Whoever was sent out a while before is to be signed for, and spoken to, only after that.
    sent = instant(min(store.city.case_clock.promised_since(millis(since)), millis(since)))
    return or_(
        table.c.ended_at.is_(None),
        table.c.reported_at >= since,
        table.c.stage_at >= sent,
        table.c.due_at >= since,
    )


def _noted_since(
    store: Store, connection: Connection, since: datetime, among: Sequence[int] | None = None
) -> Sequence[int]:
    """Return the ids of cases, all or those given, of which anything was noted since.

    They are a list and no query within another: for each month of its table a server would ask
    it anew, and compare with all of them one by one.
    """
    stages = store.tables.incident_stages
    noted = select(stages.c.incident_id).where(
        stages.c.stage.in_([literal_column(f"'{key}'") for key in NOTED_KEYS]),
        stages.c.recorded_at >= since,
    )
    if among is not None:
        noted = noted.where(one_of(stages.c.incident_id, among))
    found: Sequence[int] = connection.scalars(noted.distinct()).all()
    return found


def events_of(
    store: Store,
    connection: Connection,
    chosen: ColumnElement[bool],
    known_at: datetime | None = None,
    also: Sequence[int] = (),
) -> dict[str, Events]:
    """Return the instants of the cases of a condition, as known now or at a moment.

    Parameters
    ----------
    also : sequence of int
        Cases that are read whether the condition holds of them or not.
    """
    ids, cases = read_cases(store, connection, chosen, known_at)
    rest = np.setdiff1d(np.array(also, dtype=np.int64), ids)
    if len(rest):
        asked = one_of(store.tables.incidents.c.id, rest.tolist())
        ids, cases = merged((ids, cases), read_cases(store, connection, asked, known_at))
    steps = read_steps(store, connection, ids, known_at)
    tree = region_tree(store, Scope.everything())
    number, codes = numbered(cases.region_code)
    slots = tree.order(codes)[number]
    traits: Traits = {
        "category": _numbers("category", cases.category),
        "channel": _numbers("channel", cases.channel),
        "severity": cases.severity,
    }
    return {
        measure: _sorted(ids[rows], slots[rows], at_ms, traits if measure == "reported" else {})
        for measure, rows, at_ms in instants(store, cases, steps)
    }


def instants(store: Store, cases: Cases, steps: Steps) -> list[tuple[str, Rows, Millis]]:
    """Return every measure with the rows of its cases and when, and when cases began to stand."""
    verdict = judge(cases, steps, store.city.case_clock)
    everyone = np.arange(len(cases))
    # A case that ends before it is reported never stood open.
    ended_ms = np.maximum(verdict.ended_ms, cases.reported_ms)
    ended = np.flatnonzero(verdict.ended_ms != NEVER)
    # Past its limit from the first millisecond after it.
    late_ms = np.maximum(verdict.due_ms + 1, cases.reported_ms)
    is_open = verdict.ended_ms == NEVER
    late = np.flatnonzero((verdict.due_ms != NEVER) & (is_open | (ended_ms > late_ms)))
    unclosed = np.flatnonzero((verdict.due_ms != NEVER) & is_open)
    late_ended = late[~is_open[late]]
    soon_ms = np.maximum(verdict.soon_ms, cases.reported_ms)
    soon_over_ms = np.where(is_open, late_ms, np.minimum(late_ms, ended_ms))
    soon = np.flatnonzero((verdict.due_ms != NEVER) & (soon_ms < soon_over_ms))
    astray = irregular_steps(steps)
    return [
        *dated(cases, steps, verdict),
        ("opened", everyone, cases.reported_ms),
        ("ended", ended, ended_ms[ended]),
        ("late", late, late_ms[late]),
        ("late-ended", late_ended, ended_ms[late_ended]),
        ("soon", soon, soon_ms[soon]),
        ("soon-over", soon, soon_over_ms[soon]),
        (IRREGULAR, steps.case[astray], steps.at_ms[astray]),
        (UNCLOSED, unclosed, verdict.due_ms[unclosed]),
    ]


def _numbers(trait: str, keys: Iterable[str]) -> Rows:
    """Return keys of a dictionary as numbers, which compare faster; -1 for one not in it."""
    if trait == "severity":
        return np.array([int(key) for key in keys], dtype=np.int64)
    known = {key: number for number, key in enumerate(dictionary(_DICTIONARIES[trait]))}
    return np.array([known.get(key, -1) for key in keys], dtype=np.int64)


def _sorted(case: Rows, slot: Slots, at_ms: Millis, traits: Traits) -> Events:
    order = np.argsort(at_ms, kind="stable")
    listed = {name: values[order] for name, values in traits.items()}
    return Events(at_ms[order], case[order], slot[order], listed)
