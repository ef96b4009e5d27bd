"""What one of several processes does for all of them.

Many workers may serve one store. What must happen once is done by the process that has the
duty; when it ends, however it ends, the next one that asks has it.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path


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
