"""Hearing of other processes' commits: PostgreSQL tells, a thread listens.

Every writer says in its transaction that something changed; the server passes that on when,
and only if, it commits. What is heard moves a number, which costs nothing to look at. While
nobody can listen, the number moves with the clock instead.
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Callable
from threading import Event, Thread
from uuid import uuid4

import psycopg
from sqlalchemy import URL, Connection, func
from sqlalchemy import select as select_

from geo_data.store.connections import plain_connection
from geo_data.store.replica import COMMITS

CHANNEL = "yiping"
POLL_S = 1.0
"""How old the answer may be while nobody listens."""
AGAIN_S = 2.0
"""Pause before another try to listen."""
_SILENCE_S = 30.0
"""After so long without a word the connection is asked whether it is still there."""

_NEWEST = f"SELECT value FROM meta WHERE key = '{COMMITS}'"

_log = logging.getLogger(__name__)


class CommitWatch:
    """Knows whether another process has committed since.

    Parameters
    ----------
    url : URL
        The server.
    on_commit : callable
        Called from the watching thread for every commit of another process.

    Attributes
    ----------
    newest : int
        Number of the newest commit that was heard of, this process' own too.
    """

    def __init__(self, url: URL, on_commit: Callable[[], None]) -> None:
        self._url = url
        self._on_commit = on_commit
        self._own = uuid4().hex
        self._heard = 0
        self.newest = 0
        self._listens = False
        self._stop = Event()
        self._wake_read, self._wake_write = os.pipe()
        self._connection: psycopg.Connection | None = None
        self._connect()
        self._thread = Thread(target=self._run, name="commit-watch", daemon=True)
        self._thread.start()

    @property
    def listens(self) -> bool:
        """Whether commits are heard at once."""
        return self._listens

    def moment(self) -> object:
        """Return what is another after every commit that was heard of, or with the clock."""
        if self._listens:
            return self._heard
        return self._heard, time.monotonic() // POLL_S

    def tell(self, connection: Connection, number: int) -> None:
        """Say in an open transaction that something changed, and which commit this is."""
        connection.execute(select_(func.pg_notify(CHANNEL, f"{self._own} {number}")))

    def close(self) -> None:
        """Listen no more."""
        self._stop.set()
        os.write(self._wake_write, b"x")
        self._thread.join(5)
        self._disconnect()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _connect(self) -> None:
        try:
            self._connection = plain_connection(self._url)
            self._connection.execute(f"LISTEN {CHANNEL}")
            known = self._connection.execute(_NEWEST).fetchone()
            self.newest = max(self.newest, int(known[0]) if known else 0)
        except psycopg.Error as error:
            _log.warning("commits of other processes are polled for: %s", error)
            self._disconnect()
            return
        self._listens = True
        # What was committed while nobody listened.
        self._heard += 1

    def _disconnect(self) -> None:
        self._listens = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._connection is None:
                self._stop.wait(AGAIN_S)
                if not self._stop.is_set():
                    self._connect()
                continue
            try:
                self._hear(self._connection)
            except (psycopg.Error, OSError) as error:
                _log.warning("the server's word was lost: %s", error)
                self._disconnect()

    def _hear(self, connection: psycopg.Connection) -> None:
        ready, _, _ = select.select([connection.pgconn.socket, self._wake_read], [], [], _SILENCE_S)
        if not ready:
            connection.execute("SELECT 1")
        connection.pgconn.consume_input()
        foreign = 0
        while told := connection.pgconn.notifies():
            who, _, number = told.extra.decode().partition(" ")
            foreign += who != self._own
            self.newest = max(self.newest, int(number or 0))
        if foreign:
            self._heard += 1
            self._on_commit()
