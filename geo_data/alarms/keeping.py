"""The watch over alarms that one of all processes keeps: what the clock alone brings about.

Silence, limits passed for long enough, whom an alarm goes to next, and the cases that alarms open.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from threading import Event, Thread

from sqlalchemy import Connection, select

from geo_data.alarms.book import LINE, Step, Up, alarms_up, write_alarms
from geo_data.alarms.roster import Roster, roster_of
from geo_data.alarms.watching import look_over
from geo_data.faults import Fault, InputError
from geo_data.ingest import IncidentReport, apply
from geo_data.instants import to_grain
from geo_data.records import AlarmChange
from geo_data.store import Store
from geo_data.store.code_lists import one_of

TICK_S = 10.0
WHOLE_S = 600.0
"""How often everybody's windows of time are judged, whether they told something or not."""
END_S = 10.0
SOURCE = "alarm"
"""Under which name the cases are known that alarms open; their number there is the alarm's."""
CHANNEL = "iot"

log = logging.getLogger(__name__)


class AlarmWatch:
    """Keeps watch in a thread of its own, unless another process on the store does.

    Parameters
    ----------
    store : Store
    clock : callable
        The present moment, aware.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock
        self._stop = Event()
        self._thread: Thread | None = None
        self._trouble: Fault | None = None

    def start(self) -> None:
        """Begin."""
        self._stop.clear()
        self._thread = Thread(target=self._keep, name="alarms", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let it finish its transaction."""
        self._stop.set()
        if self._thread:
            self._thread.join(END_S)

    def troubles(self) -> list[Fault]:
        """Return what failed the last time it looked."""
        return [self._trouble] if self._trouble else []

    def _keep(self) -> None:
        heard_from: datetime | None = None
        ticks = 0
        with closing(self._store.duty("alarms")) as duty:
            while not self._stop.wait(TICK_S if ticks else 1.0):
                ticks += 1
                try:
                    if not duty.held():
                        heard_from = None
                        continue
                    is_first = heard_from is None
                    heard_from = heard_from or self._clock()
                    whole = is_first or ticks % round(WHOLE_S / TICK_S) == 0
                    keep_watch(self._store, self._clock(), heard_from, whole=whole)
                    self._trouble = None
                except InputError as error:
                    # Somebody holds the store: the next tick will do.
                    log.warning("%s", error)
                    self._trouble = error.faults[0]
                except Exception as error:  # Nothing may end the watch.
                    if not self._stop.is_set():
                        log.exception("the watch over alarms failed once")
                        values: dict[str, object] = {"chore": "alarms", "error": error}
                        self._trouble = Fault("chore-failed", values=values)


def keep_watch(store: Store, at: datetime, heard_from: datetime, *, whole: bool = True) -> int:
    """Do once what the clock brings about; what changes nothing writes nothing.

    Parameters
    ----------
    at : datetime
        Now, aware.
    heard_from : datetime
        Since when this program listens: silence before it is its own.
    whole : bool
        As :func:`geo_data.alarms.watching.look_over`.

    Returns
    -------
    int
        How many steps were written.
    """
    at = to_grain(at)
    roster = roster_of(store, at)

    def judged(connection: Connection) -> list[Step]:
        return look_over(connection, store.tables, roster, at, heard_from, whole=whole)

    def escalated(connection: Connection) -> list[Step]:
        return escalations(roster, alarms_up(connection, store.tables).values(), at)

    written = 0
    for due in (judged, escalated):
        with store.read() as connection:
            is_due = bool(due(connection))
        if is_due:
            # Writers take turns: only who has something to write asks for one, and looks again.
            with store.write() as connection:
                written += len(write_alarms(connection, store, due(connection), at))
    return written + open_cases(store, roster, at)


def escalations(roster: Roster, ups: Iterable[Up], at: datetime) -> list[Step]:
    """Return the alarms that somebody else is to be told of now, the next one of each."""
    found = []
    for up in ups:
        ruled = roster.by_rule.get(up.subject[0])
        further = ruled.rule.escalate[up.escalated : up.escalated + 1] if ruled else ()
        for one in further:
            if up.acknowledged_at is None and at >= up.called_at + timedelta(minutes=one.after_min):
                who = one.to("zh-CN")
                found.append(Step(AlarmChange.ESCALATED, up, up.subject, up.place, who=who))
    return found


def open_cases(store: Store, roster: Roster, at: datetime) -> int:
    """Open the cases that alarms ask for, each once; returns how many alarms have got theirs.

    The case is told first and noted with the alarm after it. Stopped in between, the next watch
    tells it again: the same source and number are the same case.
    """
    with store.read() as connection:
        asking = _asking(connection, store, roster)
        names = _names(connection, store, [up.subject[1] for up in asking])
    if not asking:
        return 0
    reports = [_case(store, roster, up, names.get(up.subject[1], "")) for up in asking]
    refused = {row for row, _ in apply(store, reports, at).refused}
    pairs = enumerate(zip(asking, reports, strict=True))
    wanted = {up.id: report.code for row, (up, report) in pairs if row not in refused}
    with store.write() as connection:
        steps = [
            Step(AlarmChange.OPENED, up, up.subject, up.place, note=wanted[up.id])
            for up in _asking(connection, store, roster)
            if up.id in wanted
        ]
        return len(write_alarms(connection, store, steps, at))


def _asking(connection: Connection, store: Store, roster: Roster) -> list[Up]:
    found = []
    for up in alarms_up(connection, store.tables).values():
        ruled = roster.by_rule.get(up.subject[0])
        opening = ruled.rule.opens_incident if ruled else None
        if opening and up.subject[1] != LINE and opening.asks(up.level):
            found.append(up)
    if not found:
        return []
    table = store.tables.alarm_steps
    opened = select(table.c.alarm_id).where(
        one_of(table.c.alarm_id, [up.id for up in found]),
        table.c.step == str(AlarmChange.OPENED),
    )
    have = set(connection.scalars(opened))
    return [up for up in found if up.id not in have]


def _names(connection: Connection, store: Store, codes: list[str]) -> dict[str, str]:
    table = store.tables.sensors
    wanted = select(table.c.code, table.c.name).where(one_of(table.c.code, codes))
    return {row.code: row.name for row in connection.execute(wanted)} if codes else {}


def _title(name: str, what: str) -> str:
    """Say where and what; many a sensor is called by what it watches for.

    Examples
    --------
    >>> _title("银祥商厦3号表", "燃气泄漏"), _title("银祥商厦燃气泄漏", "燃气泄漏")
    ('银祥商厦3号表燃气泄漏', '银祥商厦燃气泄漏')
    """
    return name if what in name else f"{name}{what}"


def _case(store: Store, roster: Roster, up: Up, name: str) -> IncidentReport:
    rule = roster.by_rule[up.subject[0]].rule
    opening = rule.opens_incident
    assert opening is not None
    day = up.raised_at.astimezone(store.city.zone)
    return IncidentReport(
        source=SOURCE,
        source_id=str(up.id),
        code=f"YJ{day:%Y%m%d}-{up.id}",
        title=_title(name or up.subject[1], rule.name.zh),
        channel=CHANNEL,
        category=opening.category,
        severity=opening.case_severity,
        happened_at=up.since_at,
        reported_at=up.raised_at,
        lon=up.place.lon,
        lat=up.place.lat,
        region_code=up.place.region_code,
    )
