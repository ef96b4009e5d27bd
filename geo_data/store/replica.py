"""A read-only copy of the server's database: read while it knows what this process knows.

Every writing transaction counts one up in ``meta``. A reader of the copy looks at that number
in the very moment it then reads; where it is older than a commit that this process made or
heard of, the reader goes to the database itself. So nobody reads back behind a cursor, however
the copy is made (streaming, logical, restored from a backup).
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from threading import Lock

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from geo_data.faults import Fault
from geo_data.store.connections import ServerOptions, reading_engine, server_url, shown

COMMITS = "commits"
"""Key in ``meta`` of the number of writing transactions so far."""
AGAIN_S = 10.0
"""A copy out of reach is left alone for so long."""
LATE_S = 5.0
"""A copy is some milliseconds behind after every commit; so long is worth a word."""
CONNECT_S = 2
"""How long a reader waits for a copy before it goes to the database."""

_COUNT = text(
    "INSERT INTO meta (key, value) VALUES (:key, '1') ON CONFLICT (key) DO UPDATE "
    "SET value = (meta.value::bigint + 1)::text RETURNING value"
)
_READ = text("SELECT value FROM meta WHERE key = :key")
_log = logging.getLogger(__name__)


def count_commit(connection: Connection) -> int:
    """Count one up in an open transaction, under the writers' lock; return the number."""
    return int(connection.scalar(_COUNT, {"key": COMMITS}) or 0)


def commits_of(connection: Connection) -> int:
    """Return how many writing transactions this moment of a store has seen."""
    return int(connection.scalar(_READ, {"key": COMMITS}) or 0)


class Replica:
    """The copy, and whether it can be read now. Usable from any thread.

    Parameters
    ----------
    address : str
        Its database.
    city : str
        Code of the city it must hold.
    options : ServerOptions
        How to use it.
    clock : callable
        Seconds that only go forward.

    Raises
    ------
    InputError
        Exit code 3: the address is none.
    """

    def __init__(
        self,
        address: str,
        city: str,
        options: ServerOptions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        url = server_url(address)
        self.name = shown(url)
        self._city = city
        self._engine = reading_engine(url, options, connect_s=CONNECT_S)
        self._clock = clock
        self._lock = Lock()
        self._proved = False
        self._again_at = 0.0
        self._behind_since: float | None = None
        self._notice: Fault | None = None

    def connection(self, known: int) -> Connection | None:
        """Return a connection whose moment holds commit ``known``, or nothing; close it."""
        if self._clock() < self._again_at:
            return None
        connection = None
        try:
            connection = self._engine.connect()
            seen = self._look(connection)
        except PoolTimeout:
            raise
        except (DBAPIError, ValueError) as error:
            if connection is not None:
                connection.close()
            self._gone(str(getattr(error, "orig", error)))
            return None
        if seen < known:
            connection.close()
            self._behind()
            return None
        self._follows()
        return connection

    def notice(self) -> Fault | None:
        """Return what is wrong with the copy, as far as the last readers saw."""
        return self._notice

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _look(self, connection: Connection) -> int:
        if not self._proved:
            kept = json.loads(connection.scalar(_READ, {"key": "city"}) or "{}")
            if kept.get("code") != self._city:
                raise ValueError(f"it holds the city {kept.get('code')!r}, not {self._city!r}")
            self._proved = True
        return commits_of(connection)

    def _gone(self, said: str) -> None:
        with self._lock:
            self._proved = False
            self._again_at = self._clock() + AGAIN_S
            self._behind_since = None
            error = " ".join(said.split())[:300]
            self._note(Fault("replica-gone", file=self.name, values={"error": error}))

    def _behind(self) -> None:
        with self._lock:
            now = self._clock()
            if self._behind_since is None:
                self._behind_since = now
            if now - self._behind_since >= LATE_S:
                self._note(Fault("replica-behind", file=self.name))

    def _follows(self) -> None:
        if self._notice is None and self._behind_since is None:
            return
        with self._lock:
            self._behind_since = None
            self._note(None)

    def _note(self, notice: Fault | None) -> None:
        """Remember how it stands; one line in the log when that is another than before."""
        before, self._notice = self._notice, notice
        if (before and before.key) == (notice and notice.key):
            return
        if notice is None:
            _log.warning("reads go to the read-only copy again: %s", self.name)
        else:
            _log.warning("%s", notice.sentence("en"))
