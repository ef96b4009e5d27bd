"""Writing a file's WAL back beside its writer, who would else wait for the disk."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread


class WriteBack:
    """Runs a job in a thread of its own, once at a time, however often it is asked for.

    Parameters
    ----------
    work : callable
        The job; it lets nothing out.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._lock = Lock()
        self._thread: Thread | None = None
        self._closed = False

    def soon(self) -> None:
        """Have the job done, unless it is being done already."""
        with self._lock:
            if self._closed or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = Thread(target=self._work, name="write-back", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Do no more; returns when what is being done is done."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            thread.join()
