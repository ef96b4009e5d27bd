"""The demo city goes on living: cases, their steps and readings, by the ordinary way in.

It has the bad manners of real sources too: some messages come late, some twice, some in the
wrong order.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from threading import Event

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from geo_data.demo.case_life import Life, Told
from geo_data.demo.gauging import Gauging
from geo_data.demo.history import SOURCE, habits
from geo_data.demo.spots import Spot, Spots
from geo_data.faults import InputError
from geo_data.ingest import IncidentReport, Outcome, Reading, Report, StageReport, apply
from geo_data.ingest.source_states import Heard, note_heard
from geo_data.records import Severity, Stage
from geo_data.store import Store
from geo_data.working_time import HOUR_MS

SOURCES = (SOURCE, "simulator")
"""Whose open cases are carried on; a case that somebody posted is left to them."""
TICK_S = 1.0
TURN_S = 3.0
"""How often a process that does not simulate asks whether it should."""
ABSENCE = timedelta(minutes=2)
"""A gap this long since the last message is caught up with."""
LONGEST_ABSENCE = timedelta(hours=24)
CATCH_UP_STEP = timedelta(minutes=30)

_LATE, _REPEATED, _SHUFFLED = 0.03, 0.02, 0.2
_OFF_DEG = 0.00002
_LONGEST_DELAY_MIN = 5 * 24 * 60.0
_DAYS_OF_WEEK = (1.07, 1.05, 1.04, 1.03, 1.06, 0.90, 0.82)
_HOURS = (
    *(1.0, 0.7, 0.6, 0.5, 0.6, 1.0, 2.2, 5.0, 8.4, 10.4, 9.8, 7.6),
    *(5.0, 7.0, 8.8, 8.8, 7.8, 6.4, 5.4, 5.0, 4.6, 3.8, 2.6, 1.7),
)
"""How many cases come in each local hour, against each other."""
_DELAY_MIN = {"patrol": 3.0, "iot": 0.6, "video": 1.5, "hotline": 55.0, "police": 14.0}
_SEVERITIES = (0.0002, 0.0028, 0.0232, 0.9738)

log = logging.getLogger(__name__)


def simulate(store: Store, rate_per_h: float, clock: Callable[[], datetime], stop: Event) -> None:
    """Let a city live until ``stop`` is set, unless another process on its store does it.

    Meant for a thread of its own. When that process ends, this one goes on where it stopped.
    Parameters as for :class:`Simulator`.
    """
    with closing(store.duty("simulator")) as duty:
        while not stop.is_set():
            try:
                if duty.held():
                    seed = int(clock().timestamp())
                    Simulator(store, rate_per_h, seed, clock).run(stop, duty.held)
            except InputError as error:
                log.warning("%s", error)
            stop.wait(TURN_S)


class Simulator:
    """Makes up what happens, and tells it to the store.

    Parameters
    ----------
    store : Store
        The city.
    rate_per_h : float
        New cases per hour of the city's clock, on the average of a week; 0 is off.
    seed : int
        Equal seeds, stores and steps give equal messages.
    clock : callable
        The city's clock, which a time lapse runs fast.
    """

    def __init__(
        self, store: Store, rate_per_h: float, seed: int, clock: Callable[[], datetime]
    ) -> None:
        self.store = store
        self.rate_per_h = rate_per_h
        self.clock = clock
        self._random = np.random.default_rng([seed, 11])
        self._held: list[tuple[datetime, int, Report]] = []
        self._count = self._cases = 0
        self._unsent: list[Report] = []
        self._spots = Spots(store)
        self._gauging: Gauging | None = None

    def run(self, stop: Event, mine: Callable[[], bool] = lambda: True) -> None:
        """Feed the store until ``stop`` is set, or it is no longer ``mine`` to do."""
        if self.rate_per_h <= 0:
            return
        last = self._catch_up(stop)
        while not stop.wait(TICK_S) and mine():
            now = self.clock()
            self._tell(self.messages(last, now), now)
            last = now

    def _tell(self, reports: list[Report], at: datetime) -> None:
        self._unsent += reports
        try:
            if self._unsent:
                self._apply(self._unsent, at)
            self._unsent = []
        except InputError as error:
            # Somebody holds the file: what was not told yet is told with the next tick.
            log.warning("%s", error)

    def _apply(self, reports: list[Report], at: datetime) -> None:
        def beside(connection: Connection, outcome: Outcome) -> None:
            heard = Heard.of(reports, outcome)
            note_heard(connection, self.store.tables, SOURCES[1], heard, at)

        apply(self.store, reports, at, beside=beside)

    def messages(self, start: datetime, end: datetime, sparse_ms: int = 0) -> list[Report]:
        """Return what the city's sources send in ``[start, end)``.

        Parameters
        ----------
        start, end : datetime
            Aware; where the last call ended, and a later time.
        sparse_ms : int
            Sensors report no more often than this.
        """
        if self._gauging is None:
            self._gauging = Gauging(self.store, start, self._random)
            self._take_over(start)
        for reported_at in self._moments(start, end):
            self._new_case(reported_at)
        told: list[Report] = []
        while self._held and self._held[0][0] < end:
            sent_at, _, report = heapq.heappop(self._held)
            told += self._with_manners(report, max(sent_at, start))
        for reading in self._gauging.readings(end, sparse_ms):
            told += self._with_manners(reading, reading.observed_at)
        if len(told) > 1 and self._random.uniform() < _SHUFFLED:
            return [told[row] for row in self._random.permutation(len(told))]
        return told

    def _catch_up(self, stop: Event) -> datetime:
        """Make up for the time the city was not running; returns where it has come to."""
        now = self.clock()
        known = [
            layer.updated_at
            for name, layer in self.store.layers().items()
            if name in ("incidents", "readings")
        ]
        last = max([*known, now - LONGEST_ABSENCE])
        if not known or now - last < ABSENCE:
            return now
        while last < now and not stop.is_set():
            end = min(last + CATCH_UP_STEP, now)
            self._tell(self.messages(last, end, sparse_ms=HOUR_MS), end)
            last = end
            now = self.clock()
        return last

    def _moments(self, start: datetime, end: datetime) -> list[datetime]:
        """When new cases are reported, in order."""
        hours, week = np.array(_HOURS), np.array(_DAYS_OF_WEEK)
        found: list[datetime] = []
        while start < end:
            until = min(start + timedelta(hours=1), end)
            local = start.astimezone(self.store.city.zone)
            busy = hours[local.hour] / hours.mean() * week[local.weekday()] / week.mean()
            span_s = (until - start).total_seconds()
            n = self._random.poisson(self.rate_per_h * busy * span_s / 3600)
            seconds = np.sort(self._random.uniform(0, span_s, n))
            found += [start + timedelta(seconds=float(after)) for after in seconds]
            start = until
        return found

    def _new_case(self, reported_at: datetime) -> None:
        spot = self._spots.draw(self._random)
        category, channel, title = self._matter(spot, reported_at)
        delay_min = _DELAY_MIN.get(channel, 30.0) * float(self._random.lognormal(0.0, 0.9))
        happened_at = reported_at - timedelta(minutes=min(delay_min, _LONGEST_DELAY_MIN))
        zone = self.store.city.zone
        # By the second and a running number: unique after a restart too.
        self._cases += 1
        code = f"{reported_at.astimezone(zone):%Y%m%dS%H%M%S}{self._cases % 100:02d}"
        off_lon, off_lat = self._random.normal(0.0, _OFF_DEG, 2).tolist()
        report = IncidentReport(
            source=SOURCES[1],
            source_id=code,
            code=code,
            title=title,
            channel=channel,
            category=category,
            severity=Severity(int(self._random.choice(4, p=_SEVERITIES)) + 1),
            happened_at=happened_at,
            reported_at=reported_at,
            lon=round(spot.lon + off_lon, 7),
            lat=round(spot.lat + off_lat, 7),
            address=f"{spot.town}{spot.address}",
        )
        self._send(report, reported_at)
        told = Told(SOURCES[1], code, category, channel, spot.town)
        life = Life(told, reported_at, self.store.city.case_clock, self._random)
        self._send_all(life.from_found(happened_at), reported_at)

    def _matter(self, spot: Spot, at: datetime) -> tuple[str, str, str]:
        """Draw category, channel and title of a case, by the place and the season."""
        known = habits()
        month = at.astimezone(self.store.city.zone).month - 1
        weights = np.array(
            [
                one.weights[spot.character] * known.seasons[one.season][month]
                for one in known.categories.values()
            ]
        )
        category = list(known.categories)[self._random.choice(len(weights), p=_shares(weights))]
        matter = known.categories[category]
        mix = _shares(np.array(known.mixes[matter.mix]))
        channel = known.channels[self._random.choice(len(mix), p=mix)]
        title = matter.titles[int(self._random.integers(len(matter.titles)))]
        said = title.replace("{place}", spot.name).replace("{road}", spot.road)
        return category, channel, said

    def _take_over(self, start: datetime) -> None:
        """Carry on the cases that are open in the store."""
        table = self.store.tables.incidents
        columns = (
            *(table.c.source, table.c.source_id, table.c.category, table.c.channel),
            *(table.c.stage, table.c.region_code),
        )
        mine = table.c.ended_at.is_(None) & table.c.source.in_(SOURCES)
        with self.store.read() as connection:
            rows = connection.execute(select(*columns).where(mine).order_by(table.c.id)).all()
        for row in rows:
            town = self._spots.town(row.region_code)
            told = Told(row.source, row.source_id, row.category, row.channel, town)
            # They did not all wait for this moment.
            at = start + timedelta(minutes=float(self._random.exponential(90)))
            life = Life(told, at, self.store.city.case_clock, self._random)
            self._send_all(life.after(Stage(row.stage)), start)

    def _send_all(self, steps: Iterable[StageReport], not_before: datetime) -> None:
        for step in steps:
            self._send(step, max(step.happened_at, not_before))

    def _send(self, report: Report, at: datetime) -> None:
        self._count += 1
        heapq.heappush(self._held, (at, self._count, report))

    def _with_manners(self, report: Report, at: datetime) -> Iterator[Report]:
        """Send a report now, or later, or twice."""
        drawn = self._random.uniform()
        if drawn < _REPEATED:
            self._send(report, at + timedelta(minutes=float(self._random.exponential(5))))
        elif drawn < _REPEATED + _LATE:
            median_min = 4 if isinstance(report, Reading) else 25
            delay_min = median_min * float(self._random.lognormal(0.0, 1.0))
            self._send(report, at + timedelta(minutes=delay_min))
            return
        yield report


def _shares(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    shares: npt.NDArray[np.float64] = weights / weights.sum()
    return shares
