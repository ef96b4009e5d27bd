"""A duty among the processes of many machines: a lock that the server of the store keeps."""

from __future__ import annotations

import logging
import zlib
from contextlib import suppress

import psycopg
from sqlalchemy import URL

from geo_data.store.connections import plain_connection
from geo_data.store.duty import Duty

_DUTIES = 0x64757479  # "duty"
"""First half of the keys of the advisory locks; the second half is the duty's name."""
_NOTICE_DEATH = (
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
)
"""A machine that lost its power says no goodbye: the server asks after it within a minute."""

_log = logging.getLogger(__name__)


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
        if self._connection is not None:
            if self._has:
                self._leave(self._connection)
            self._connection.close()
            self._connection = None
        self._has = False

    def _leave(self, connection: psycopg.Connection) -> None:
        # The server takes a closed connection's locks away some time later, and somebody waits.
        with suppress(psycopg.Error):
            connection.execute("SELECT pg_advisory_unlock(%s, %s)", (_DUTIES, self._key))
