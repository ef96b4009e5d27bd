"""One export being made by a process of its own, as the program sees it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from threading import Thread

from dashboard.exporting.making import Made, Order
from dashboard.exporting.messages import answer_of, order_line
from dashboard.exporting.sheets import PAGE
from geo_data.extracts.whole_file import part_of
from geo_data.faults import Fault

_LAST_WORDS = 20
"""Lines that a process said before it ended, for the log."""


class Job:
    """An export that is being made.

    Parameters
    ----------
    order : Order
        What is made.
    address : path or URL
        Of the store.
    memory_mb, timeout_s : int, float
        What it may take; the time is that of a page where it has many.
    """

    def __init__(self, order: Order, address: Path | str, memory_mb: int, timeout_s: float) -> None:
        self.order = order
        self.step, self.share = "start", 0.0
        self.made: Made | None = None
        self._memory_mb, self._timeout_s = memory_mb, timeout_s
        self._faults: tuple[Fault, ...] = ()
        self._began = time.monotonic()
        self._is_late = False
        self._said: deque[str] = deque(maxlen=_LAST_WORDS)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dashboard.exporting.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            # As this process finds its modules, wherever it was started from.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # Ctrl+C ends the program, which ends it.
            start_new_session=True,
        )
        self._readers = [
            Thread(target=self._listen, daemon=True),
            Thread(target=self._overhear, daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        self._hand_over(order_line(order, address, memory_mb))

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def said(self) -> str:
        """The last lines it said that are no answer."""
        return "\n".join(self._said)

    def is_over(self) -> bool:
        """Whether the process has ended; one that takes too long is ended."""
        if not self._is_late and time.monotonic() - self._began > self._timeout_s:
            self._is_late = True
            self._process.kill()
        if self._process.poll() is None:
            return False
        for reader in self._readers:
            reader.join()
        self._close()
        return True

    def faults(self) -> tuple[Fault, ...]:
        """Return why there is no file, once it is over."""
        if self._is_late:
            return (Fault("export-timeout", values={"seconds": f"{self._timeout_s:.0f}"}),)
        if self._faults:
            return self._faults
        if "MemoryError" in self.said or "Cannot allocate memory" in self.said:
            return (Fault("export-memory", values={"mb": self._memory_mb}),)
        last = self._said[-1] if self._said else f"exit {self._process.returncode}"
        return (Fault("export-crashed", values={"error": last}),)

    def kill(self) -> None:
        """End the process and take away what it was writing."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        self._close()
        self.clear()

    def clear(self) -> None:
        """Take away what was made and is not wanted."""
        self.order.path.unlink(missing_ok=True)
        for left in self.order.folder.glob(f"{part_of(self.order.path).name}*"):
            left.unlink(missing_ok=True)

    def _hand_over(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            # Left open: that it closes tells the process that the program is gone.
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except OSError:
            # It ended at once; what it said tells why.
            return

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = answer_of(line)
            if isinstance(answer, Made):
                self.made = answer
            elif isinstance(answer, tuple) and answer and isinstance(answer[0], str):
                self.step, self.share = answer
                if self.step.startswith(PAGE):
                    # An atlas has its time for each page.
                    self._began = time.monotonic()
            elif isinstance(answer, tuple):
                self._faults = answer  # type: ignore[assignment]

    def _overhear(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if line.strip():
                self._said.append(line.rstrip())

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None and not pipe.closed:
                pipe.close()
