"""Keeps early warning up to date: looks again when there is something new, now and then."""

from __future__ import annotations

import json
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event, Lock, Thread, Timer

from geo_data.exports.rows import scope_text
from geo_data.faults import Fault, InputError
from geo_data.records import Scope
from geo_data.store import Store
from indicators import early_warning

FIRST_S = 10.0
"""After the first pages, which people wait for."""
EVERY_S = 900.0
"""A look takes some ten seconds of one core: two in a hundred."""
RETRY_S = 120.0
LONGEST_S = 300.0
_LAST_WORDS = 2_000

_log = logging.getLogger(__name__)


class WarningDesk:
    """Looks at the city by a process of its own, again and again.

    Parameters
    ----------
    store : Store
        What it finds is held there: see :func:`indicators.early_warning.held`.
    scope : Scope
        What viewers of this process may see.
    clock : callable
        The city's present moment, aware.
    """

    def __init__(self, store: Store, scope: Scope, clock: Callable[[], datetime]) -> None:
        self._store, self._scope, self._clock = store, scope, clock
        self._stop = Event()
        # A process that is being started while the program ends must be heard of, or it lives on.
        self._starting = Lock()
        self._thread: Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._trouble: Fault | None = None

    def start(self) -> None:
        """Begin."""
        self._stop.clear()
        self._thread = Thread(target=self._run, name="early-warning", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; a look that is not over is given up."""
        with self._starting:
            self._stop.set()
            if self._process is not None:
                self._process.kill()
        if self._thread is not None:
            self._thread.join(LONGEST_S)

    def troubles(self) -> list[Fault]:
        """Return why the last look failed."""
        return [self._trouble] if self._trouble else []

    def look(self) -> bool:
        """Look at the city, if anything is new since the last look; say whether it went well."""
        at = self._clock()
        known = early_warning.held(self._store, self._scope)
        try:
            if known is not None and known.version == early_warning.version(self._store, at):
                return True
            found = self._found(at)
        except (InputError, OSError, ValueError) as error:
            if not self._stop.is_set():
                _log.warning("early warning: %s", error)
                self._trouble = Fault("early-warning-failed", values={"error": error})
            return False
        early_warning.hold(self._store, self._scope, found)
        self._trouble = None
        return True

    def _run(self) -> None:
        rest_s = FIRST_S
        while not self._stop.wait(rest_s):
            rest_s = EVERY_S if self.look() else RETRY_S

    def _found(self, at: datetime) -> early_warning.Assessment:
        with self._starting:
            if self._stop.is_set():
                raise ValueError("the program ends")
            self._process = process = self._begun()
        try:
            said, heard = self._asked(process, at)
        finally:
            process.kill()
            process.wait()
            self._process = None
        if not said:
            raise ValueError(heard.decode(errors="replace")[-_LAST_WORDS:] or "no answer")
        # Of a process that this one started: nobody else can have written it.
        found = pickle.loads(said)
        assert isinstance(found, early_warning.Assessment)
        return found

    def _begun(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dashboard.early_warning.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # As this process finds its modules, wherever it was started from.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # Ctrl+C ends the program, which ends it.
            start_new_session=True,
        )

    def _asked(self, process: subprocess.Popen[bytes], at: datetime) -> tuple[bytes, bytes]:
        address = self._store.address
        order = {
            "address": str(address),
            "is_file": isinstance(address, Path),
            "scope": scope_text(self._scope),
            "at": at.isoformat(),
        }
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
        late = Timer(LONGEST_S, process.kill)
        late.start()
        try:
            # Its input stays open until it has answered: closed, it would end.
            said = process.stdout.read()
            return said, b"" if said else process.stderr.read()
        finally:
            late.cancel()
            for pipe in (process.stdin, process.stdout, process.stderr):
                pipe.close()
