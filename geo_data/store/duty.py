"""What one of several processes does for all of them.

Many workers may serve one store. What must happen once is done by the process that has the
duty; when it ends, however it ends, the next one that asks has it.
"""

from __future__ import annotations

import logging
import sqlite3
import zlib
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

import psycopg
from sqlalchemy import URL

from geo_data.store.connections import plain_connection

_DUTIES = 0x64757479  # "duty"
"""First half of the keys of the advisory locks; the second half is the duty's name."""
_NOTICE_DEATH = (
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
)
"""A machine that lost its power says no goodbye: the server asks after it within a minute."""

_log = logging.getLogger(__name__)


class Duty(ABC):
    """One duty as one process sees it; made by :meth:`Store.duty`, used by one thread."""

    @abstractmethod
    def held(self) -> bool:
        """Whether this process has the duty now; it is taken where nobody has it.

        Ask again before each piece of work: a lost connection loses the duty.
        """

    @abstractmethod
    def close(self) -> None:
        """Leave it to others."""


class ServerDuty(Duty):
    """An advisory lock that lives as long as the connection it was taken with."""

    def __init__(self, url: URL, name: str) -> None:
        self._url = url
        # PostgreSQL's integers have a sign.
        self._key = zlib.crc32(name.encode()) - (1 << 31)
        self._connection: psycopg.Connection | None = None
        self._has = False

    def held(self) -> bool:
        """See :meth:`Duty.held`."""
        try:
            return self._ask()
        except psycopg.Error as error:
            _log.warning("a duty was lost with its connection: %s", error)
            self.close()
            return False

    def _ask(self) -> bool:
        if self._connection is None:
            self._connection = plain_connection(self._url)
            self._connection.execute(_NOTICE_DEATH)
        if self._has:
            self._connection.execute("SELECT 1")
            return True
        taken = self._connection.execute(
            "SELECT pg_try_advisory_lock(%s, %s)", (_DUTIES, self._key)
        ).fetchone()
        self._has = bool(taken and taken[0])
        return self._has

    def close(self) -> None:
        """See :meth:`Duty.close`."""
        self._has = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class FileDuty(Duty):
    """SQLite's lock on an empty file beside the store: it works the same on every system."""

    def __init__(self, store: Path, name: str) -> None:
        self._path = store.with_name(f"{store.name}-{name}")
        self._connection: sqlite3.Connection | None = None

    def held(self) -> bool:
        """See :meth:`Duty.held`."""
        if self._connection is not None:
            return True
        connection = sqlite3.connect(
            self._path, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            connection.close()
            return False
        self._connection = connection
        return True

    def close(self) -> None:
        """See :meth:`Duty.close`."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
