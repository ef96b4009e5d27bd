"""Sources that we fetch from: one thread each, in one of all processes, tried for ever."""

from __future__ import annotations

import logging
import math
import os
import random
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import datetime
from threading import Event, Thread

from geo_data.faults import Fault, InputError
from geo_data.ingest import folder, mqtt, polling
from geo_data.ingest.source_states import note_contact, note_error
from geo_data.intakes import Intake
from geo_data.store import Store

FIRST_S, LONGEST_S = 1.0, 60.0
"""Between two tries: doubled each time."""
TAKE_OVER_S = 2.0
"""How soon another process' death is seen."""
END_S = 10.0
NOTE_S = 60.0
"""How often it is noted that a source answers while it has nothing new."""

Clock = Callable[[], datetime]
Fetch = Callable[
    [Store, Intake, Clock, Callable[[], bool], Mapping[str, str], Callable[[], None]], None
]
"""Takes in what a source has while it may go on, and tells each time that the source answers."""

log = logging.getLogger(__name__)


class Pulls:
    """The sources of a city that we fetch from.

    Parameters
    ----------
    store : Store
        Where what they send goes.
    clock : callable
        The present moment, aware.
    environment : Mapping, optional
        Holds the passwords; ``os.environ`` unless a test says otherwise.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._store, self._clock = store, clock
        self._environment = os.environ if environment is None else environment
        self._stop = Event()
        self._troubles: dict[str, Fault] = {}
        self._noted: dict[str, float] = {}
        self._threads: list[Thread] = []

    def start(self) -> None:
        """Begin to fetch."""
        self._stop.clear()
        self._threads = [
            Thread(target=self._keep, args=(one,), name=f"intake-{one.key}", daemon=True)
            for one in self._store.city.intakes
            if _way(one) is not None
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish its transaction."""
        self._stop.set()
        for thread in self._threads:
            thread.join(END_S)

    def troubles(self) -> list[Fault]:
        """Return what keeps a source from being fetched from at present."""
        return list(self._troubles.values())

    def _keep(self, intake: Intake) -> None:
        failures = 0
        fetch = _way(intake)
        assert fetch is not None

        def contact() -> None:
            nonlocal failures
            failures = 0
            self._note_contact(intake.key)

        with closing(self._store.duty(f"intake-{intake.key}")) as duty:

            def goes_on() -> bool:
                return not self._stop.is_set() and duty.held()

            while not self._stop.is_set():
                try:
                    if goes_on():
                        fetch(self._store, intake, self._clock, goes_on, self._environment, contact)
                    self._stop.wait(TAKE_OVER_S)
                except Exception as error:  # Nothing a source does may end it.
                    failures += 1
                    self._tell(intake, error)
                    self._stop.wait(pause_s(failures))

    def _note_contact(self, key: str) -> None:
        """Say that a source answers: to this process at once, to others within a minute."""
        was_wrong = self._troubles.pop(key, None) is not None
        now_s = time.monotonic()
        if not was_wrong and now_s - self._noted.get(key, -math.inf) < NOTE_S:
            return
        self._noted[key] = now_s
        # What cannot be noted now is noted with its next rows.
        with suppress(InputError):
            note_contact(self._store, key, self._clock())

    def _tell(self, intake: Intake, error: Exception) -> None:
        if isinstance(error, InputError):
            fault = error.faults[0]
        else:
            values: dict[str, object] = {"key": intake.key, "error": error}
            fault = Fault("intake-stopped", values=values)
        if self._troubles.get(intake.key) != fault:
            log.warning("intake %s: %s", intake.key, fault.sentence("en"), exc_info=error)
            with suppress(InputError):
                note_error(self._store, intake.key, fault, self._clock())
        self._troubles[intake.key] = fault


def _way(intake: Intake) -> Fetch | None:
    """Return how an intake is fetched from; ``None`` where it posts to us."""
    if intake.mqtt:
        return mqtt.listen
    if intake.table:
        return polling.poll
    return folder.watch if intake.folder else None


def pause_s(failures: int) -> float:
    """Return how long to wait after so many failures; never just when the others come back."""
    most = min(FIRST_S * 2.0 ** min(failures - 1, 10), LONGEST_S)
    return most * random.uniform(0.5, 1.0)
