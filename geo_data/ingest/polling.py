"""A table or view of another's database: what is new in it, round by round.

Its rows come in the order of a mark that grows (a time of change, a number); how far they were
taken is kept in our store by the transaction that took them. Whoever commits late, or gives many
rows one mark, is not missed: each round begins somewhat before the mark, and rows that were taken
in the round before are known by their content. What is taken twice after all, because this
process was killed, is a repetition as from any source.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from geo_data.faults import Fault, InputError
from geo_data.ingest import marks
from geo_data.ingest.foreign_rows import ForeignRows, Row, foreign_rows, message_of
from geo_data.ingest.marks import Mark, Place, kind_of
from geo_data.ingest.receiving import Received, receive
from geo_data.intakes import Intake
from geo_data.store import Store
from geo_data.store.meta import keep, kept
from geo_data.ways_in import ForeignTable

LOOK_S = 0.5
"""How soon an end is seen while nothing is to be done."""
KNOWN = 100_000
"""Rows of a round that are known again in the next; older ones are repetitions."""

log = logging.getLogger(__name__)


def poll(
    store: Store,
    intake: Intake,
    clock: Callable[[], datetime],
    goes_on: Callable[[], bool],
    environment: Mapping[str, str],
    contact: Callable[[], None],
) -> None:
    """Take in what is new in a table, round by round, while ``goes_on()``.

    Parameters
    ----------
    contact : callable
        Called after each page: the table answers.

    Raises
    ------
    InputError
        The database is gone or refuses us, the table is not as it was declared, or our store
        cannot be written. The next call goes on where this one stopped.
    """
    assert intake.table is not None
    poller = Poller(store, intake, clock)
    while goes_on():
        with foreign_rows(intake, environment) as rows:
            poller.round(rows, goes_on, contact)
        _rest(intake.table.every_s, goes_on)


def _rest(seconds: float, goes_on: Callable[[], bool]) -> None:
    ends = time.monotonic() + seconds
    while goes_on() and (left := ends - time.monotonic()) > 0:
        time.sleep(min(left, LOOK_S))


@dataclass(slots=True)
class Seen:
    """The rows of this round and of the one before, by their content."""

    _before: frozenset[str] = frozenset()
    _now: deque[str] = field(default_factory=lambda: deque(maxlen=KNOWN))

    def __contains__(self, digest: str) -> bool:
        return digest in self._before

    def add(self, digest: str) -> None:
        """Note a row of this round."""
        self._now.append(digest)

    def turn(self) -> None:
        """Begin the next round."""
        self._before = frozenset(self._now)
        self._now.clear()


class Poller:
    """Takes in one table; a process that was ended begins with another one.

    Parameters
    ----------
    store : Store
    intake : Intake
        With a ``table``.
    clock : callable
        The present moment, aware.
    """

    def __init__(self, store: Store, intake: Intake, clock: Callable[[], datetime]) -> None:
        self._store, self._intake, self._clock = store, intake, clock
        self._zone = ZoneInfo(intake.timezone) if intake.timezone else store.city.zone
        self._seen = Seen()

    def round(
        self, rows: ForeignRows, goes_on: Callable[[], bool], contact: Callable[[], None]
    ) -> None:
        """Take in everything from somewhat before the mark to the end of the table."""
        place = self._place(rows)
        start, skip = self._start(rows, place), 0
        while goes_on():
            page = rows.page(start, skip)
            place = self._take(rows.way, page, place)
            contact()
            if len(page) < rows.way.limit:
                self._seen.turn()
                return
            start, skip = _next(rows.way, page, start, skip)

    def _place(self, rows: ForeignRows) -> Place:
        """Return how far the table was read; its beginning where it is not the table it was."""
        way, store = rows.way, self._store
        with store.read() as connection:
            text = kept(connection, store.tables, key_of(self._intake))
        place = Place.of_text(text, f"{way.address} · {way.mark}")
        newest = None if place.mark is None else rows.newest()
        if place.mark is None or newest is None or (kind := kind_of(newest)) is None:
            return place
        if kind == kind_of(place.mark) and not _is_before(newest, place.mark, way.overlap):
            return place
        # Put back from a copy, filled or counted anew: what is known is only repeated.
        log.warning("intake %s: %s is read from its beginning", self._intake.key, way.table)
        return replace(place, mark=None)

    def _start(self, rows: ForeignRows, place: Place) -> Mark | None:
        since = rows.way.since
        if place.mark is not None:
            return marks.back(place.mark, rows.way.overlap)
        if since is None or isinstance(since, int):
            return since
        newest = rows.newest()
        if newest is None:
            return None
        if kind_of(newest) in (None, "number"):
            raise _bad_mark(rows.way, newest)
        return marks.at(since, newest, self._zone)

    def _take(self, way: ForeignTable, page: Sequence[Row], place: Place) -> Place:
        """Take in the rows of a page that are not known yet; return how far we are then."""
        digests = [_digest(row) for row in page]
        old = set(place.refused)
        fresh = [n for n, one in enumerate(digests) if one not in self._seen and one not in old]
        now = self._clock()
        found = replace(place, mark=self._highest(way, page, place.mark, now))
        done = found

        def beside(connection: Connection, became: Sequence[Received]) -> None:
            nonlocal done
            bad = [digests[n] for n, one in zip(fresh, became, strict=True) if one.faults]
            done = replace(found, refused=(*found.refused, *bad)[-marks.REMEMBERED :])
            if done != place:
                keep(connection, self._store.tables, key_of(self._intake), done.as_text())

        if fresh or found != place:
            told = [message_of(page[n]) for n in fresh]
            receive(self._store, self._intake, told, now, beside)
        for digest in digests:
            self._seen.add(digest)
        return done

    def _highest(
        self, way: ForeignTable, page: Sequence[Row], mark: Mark | None, now: datetime
    ) -> Mark | None:
        """Return the highest mark so far that is one and not of the future."""
        # The rows are in the other database's own order.
        for row in reversed(page):
            value = row[way.mark]
            if kind_of(value) is not None and marks.is_due(value, now, self._zone):
                higher = mark is None or not _is_before(value, mark, 0)
                return value if higher else mark
        return mark


def key_of(intake: Intake) -> str:
    """Return under which name the store keeps how far an intake was read."""
    return f"read/{intake.key}"


def _is_before(value: Mark, mark: Mark, overlap: int | None) -> bool:
    """Whether a mark lies before another, by more than the overlap; never one of another kind."""
    if kind_of(value) != kind_of(mark):
        return False
    floor = mark if overlap == 0 else marks.back(mark, overlap)
    return bool(value < floor)  # type: ignore[operator]


def _next(
    way: ForeignTable, page: Sequence[Row], start: Mark | None, skip: int
) -> tuple[Mark, int]:
    """Return where the next page begins: at the last mark, after its rows that were read."""
    last: Mark = page[-1][way.mark]
    if kind_of(last) is None:
        raise _bad_mark(way, last)
    alike = next((n for n, row in enumerate(reversed(page)) if row[way.mark] != last), len(page))
    return last, alike + (skip if last == start else 0)


def _bad_mark(way: ForeignTable, value: object) -> InputError:
    values: dict[str, object] = {"column": way.mark, "got": str(value)[:40]}
    return InputError(Fault("bad-mark", file=way.address, values=values))


def _digest(row: Row) -> str:
    told = repr(sorted(row.items())).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(told, digest_size=8).hexdigest()
