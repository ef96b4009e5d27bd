"""The queue of exports: one process of all on a store makes them, so many at a time.

What was being made when a process was killed is found again by the next one that has the duty.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from threading import Event, Thread

from dashboard.exporting import shelf
from dashboard.exporting.job import Job
from dashboard.exporting.making import Made, Order
from dashboard.exporting.schedule_desk import ScheduleDesk
from geo_data.exports import ExportRecord, State, export_record, register
from geo_data.faults import Fault, InputError
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store
from geo_data.store.duty import Duty

DUTY = "exports"
IDLE_S = 2.0
"""How soon an export that another process entered is seen where the store tells of nothing."""
TICK_S = 0.25
TELL_S = 2.0
"""How often the register is told how far an export is: each time is a commit."""
TIDY_S = 3600.0
END_S = 10.0
_log = logging.getLogger(__name__)


class Queue:
    """Makes what was entered.

    Parameters
    ----------
    store : Store
    settings : Settings
        Where files go, and what one export may take.
    clock : callable
        The city's present moment, aware.
    """

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._stop, self._news = Event(), Event()
        self._thread: Thread | None = None
        self._forget: Callable[[], None] = lambda: None
        self._jobs: dict[str, Job] = {}
        self._told: dict[str, tuple[float, str]] = {}
        self._has_duty = False
        self._tidied_s = 0.0
        self._schedules = ScheduleDesk(store, settings, clock)

    @property
    def width(self) -> int:
        """How many exports are made at once: a core stays for the pages where there are two."""
        return self._settings.export_workers or max((os.cpu_count() or 1) - 1, 1)

    def start(self) -> None:
        """Begin to make what was entered."""
        self._stop.clear()
        self._forget = self._store.after_commit(self._news.set)
        self._thread = Thread(target=self._run, name="exports", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let go of what is being made; whoever has the duty next makes it."""
        self._forget()
        self._stop.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(END_S)

    def running(self) -> list[int]:
        """Return the numbers of the processes at work."""
        return [job.pid for job in self._jobs.values()]

    def _run(self) -> None:
        with closing(self._store.duty(DUTY)) as duty:
            while not self._stop.is_set():
                try:
                    self._step(duty)
                except InputError as error:
                    # Another process may hold the store just now.
                    _log.warning("%s", error)
                except Exception:
                    _log.exception("the queue of exports goes on")
                self._wait()
            self._put_back_all()

    def _wait(self) -> None:
        if self._jobs:
            self._stop.wait(TICK_S)
            return
        self._news.wait(IDLE_S)
        # Commits come by the dozen; the queue need not be asked at each.
        self._stop.wait(TICK_S)
        self._news.clear()

    def _step(self, duty: Duty) -> None:
        if not duty.held():
            if self._has_duty:
                self._drop_all()
            self._has_duty = False
            return
        if not self._has_duty:
            register.take_over(self._store, self._clock())
            shelf.clear_parts(self._settings.export_folder)
            self._has_duty = True
        self._schedules.enter_due()
        self._look_after()
        self._take_up()
        if time.monotonic() - self._tidied_s > TIDY_S or not self._tidied_s:
            self._tidied_s = time.monotonic()
            shelf.tidy(self._store, self._settings, self._clock())

    def _take_up(self) -> None:
        room = self.width - len(self._jobs)
        if room <= 0:
            return
        for record in register.in_state(self._store, State.QUEUED)[:room]:
            if register.begin(self._store, record.number, self._clock()):
                self._jobs[record.number] = self._job(record)

    def _job(self, record: ExportRecord) -> Job:
        settings = self._settings
        order = Order(
            number=record.number,
            request=record.request,
            scope=record.scope,
            made_at=self._clock(),
            link=record.link,
            folder=shelf.folder_of(settings),
        )
        address = self._store.address
        return Job(order, address, settings.export_memory_mb, settings.export_timeout_s)

    def _look_after(self) -> None:
        if not self._jobs:
            return
        states = register.states_of(self._store, self._jobs)
        for number, job in list(self._jobs.items()):
            if states.get(number) is not State.RUNNING:
                job.kill()
                self._drop(number)
            elif job.is_over():
                self._end(number, job)
            else:
                self._tell(number, job)

    def _end(self, number: str, job: Job) -> None:
        at, made = self._clock(), job.made
        faults = job.faults() if made is None else self._delivered(number, made)
        if made is not None and not faults:
            if not register.finish(self._store, number, at, made.file, made.bytes, made.sha256):
                job.clear()
        else:
            job.clear()
            _log.warning("export %s: %s\n%s", number, faults[0].sentence("en"), job.said)
            register.fail(self._store, number, at, faults)
        self._drop(number)

    def _delivered(self, number: str, made: Made) -> tuple[Fault, ...]:
        """Lay the file of a scheduled export into its folder; return why it could not be."""
        record = export_record(self._store, Scope.everything(), number)
        try:
            if record is not None:
                self._schedules.deliver(record, made.file)
        except InputError as error:
            return error.faults
        return ()

    def _tell(self, number: str, job: Job) -> None:
        last_s, step = self._told.get(number, (0.0, ""))
        if job.step != step and time.monotonic() - last_s > TELL_S:
            register.tell(self._store, number, job.step, job.share)
            self._told[number] = (time.monotonic(), job.step)

    def _drop(self, number: str) -> None:
        self._jobs.pop(number, None)
        self._told.pop(number, None)

    def _put_back_all(self) -> None:
        numbers = list(self._jobs)
        self._drop_all()
        # A store that cannot be written now is looked through by whoever has the duty next.
        with suppress(InputError):
            for number in numbers:
                register.put_back(self._store, number)

    def _drop_all(self) -> None:
        for job in self._jobs.values():
            job.kill()
        self._jobs.clear()
        self._told.clear()
