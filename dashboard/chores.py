"""What a running server does by the clock: it goes on whatever happens, and says what failed."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from dashboard.context import Context
from geo_data import feed
from geo_data.faults import Fault, InputError
from geo_data.queries import region_tree
from geo_data.queries.stage_times import kept_times
from geo_data.retention import keep_up
from indicators import engine

LOG_KEPT = timedelta(days=2)
PRUNE_S = 3600.0
KEEP_UP_S = 86_400.0
STAGES_FIRST_S, STAGES_S = 20.0, 300.0
YEAR_FIRST_S = 40.0
SETTLE_FIRST_S = 60.0
RETRY_S = 3600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """One thing to be done again and again.

    Parameters
    ----------
    name : str
        ``chore-<name>`` is what people call it.
    do : callable
        Does it; runs in a thread.
    first_s, every_s : float
        Before the first time, and after a time that went well.
    """

    name: str
    do: Callable[[], object]
    first_s: float
    every_s: float


@dataclass(slots=True)
class Chores:
    """The chores of a server and what is wrong with them."""

    chores: tuple[Chore, ...]
    _faults: dict[str, Fault] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Begin, on the running event loop."""
        self._tasks = [
            asyncio.create_task(self._keep(chore), name=chore.name) for chore in self.chores
        ]

    async def stop(self) -> None:
        """End; what is being done in a thread is done to its end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def troubles(self) -> list[Fault]:
        """Return what failed the last time it was tried."""
        return list(self._faults.values())

    async def _keep(self, chore: Chore) -> None:
        rest_s = chore.first_s
        while True:
            await asyncio.sleep(rest_s)
            rest_s = chore.every_s if await self._done(chore) else min(RETRY_S, chore.every_s)

    async def _done(self, chore: Chore) -> bool:
        try:
            await asyncio.to_thread(chore.do)
        except InputError as error:
            # Another process may hold the store just now.
            _log.warning("%s: %s", chore.name, "; ".join(error.sentences("en")))
            self._faults[chore.name] = error.faults[0]
            return False
        except Exception as error:  # A mistake of ours must not end it in silence.
            _log.exception("%s failed", chore.name)
            values: dict[str, object] = {"chore": chore.name, "error": error}
            self._faults[chore.name] = Fault("chore-failed", values=values)
            return False
        self._faults.pop(chore.name, None)
        return True


def chores_of(context: Context) -> Chores:
    """Return what a server does by the clock: the log is kept short, the store is kept up.

    A wall runs for weeks, its cursor for seconds: what was logged long ago is dropped, hour by
    hour, and whoever asks from before that starts anew from the data. The months to come are
    made and what need not be kept goes at the start and once a day. How long each case took, and
    the counts of a year, are read when the first pages are out, and kept up before it is too
    much to follow; then the process is as large as it gets, and is left alone by the collector.
    """
    store, settings = context.store, context.settings
    days = settings.keep_observations_days, settings.keep_incidents_days
    return Chores(
        (
            Chore(
                "change-log",
                lambda: feed.prune(store, context.clock() - LOG_KEPT),
                PRUNE_S,
                PRUNE_S,
            ),
            # Whoever opens the page of panels need not wait for a year of steps to be read.
            Chore("stage-times", lambda: kept_times(store), STAGES_FIRST_S, STAGES_S),
            # Nor for the days of this year and of the one before it, of whoever asks for a year.
            Chore("year", lambda: _year(context), YEAR_FIRST_S, KEEP_UP_S),
            Chore("garbage", settle_garbage, SETTLE_FIRST_S, KEEP_UP_S),
            Chore("retention", lambda: keep_up(store, context.clock(), *days), 0.0, KEEP_UP_S),
        )
    )


def settle_garbage() -> None:
    """Leave what lives for long out of the search for garbage, until the next time.

    Programs and counts are a million objects: looking through them takes half a second, in which
    nobody is answered, and comes whenever a batch of reports is taken in.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _year(context: Context) -> None:
    root = region_tree(context.store, context.scope).root.code
    engine.board(context.store, context.scope, root, "this-year", context.clock())
