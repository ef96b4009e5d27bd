"""Scheduled exports: entered when they are due, once, and laid into their folder when made.

The key under which one is entered names its schedule and its time, so that neither a restart nor
a second process enters it twice; what was missed while nothing ran is made once, for the last
time it was due.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from datetime import UTC, datetime

from dashboard.exporting import shelf
from dashboard.exporting.making import check, ending
from geo_data.exports import ExportRecord, ExportRequest, enter
from geo_data.extracts.whole_file import whole_file
from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.schedules import Schedule
from geo_data.settings import Settings
from geo_data.store import Store

SCHEDULE = "schedule:"
"""Where scheduled exports are asked from."""
_log = logging.getLogger(__name__)


class ScheduleDesk:
    """Enters what is due.

    Parameters
    ----------
    store, settings, clock
        As of the queue; the city of the store says what is scheduled.
    """

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._seen: dict[str, datetime] = {}

    def enter_due(self) -> None:
        """Enter every export that is due and was not entered."""
        now = self._clock()
        for schedule in self._store.city.exports:
            due = schedule.due(now, self._store.city.zone)
            if due is None or self._seen.get(schedule.key) == due:
                continue
            self._enter(schedule, due, now)
            self._seen[schedule.key] = due

    def _enter(self, schedule: Schedule, due: datetime, now: datetime) -> None:
        told = {key.replace("-", "_"): value for key, value in schedule.ask.items()}
        asked = ExportRequest.model_validate(told | {"at": due.astimezone(UTC)})
        scope = Scope(region_code=self._settings.scope_region)
        try:
            request = check(self._store, scope, asked, now)
            key = f"{SCHEDULE}{schedule.key}@{due.isoformat()}"
            enter(
                *(self._store, scope, request, now),
                asked=asked,
                asked_from=f"{SCHEDULE}{schedule.key}",
                base=self._settings.public_url or "",
                key=key,
            )
        except InputError as error:
            if error.exit_code == 3:
                raise
            _log.warning("schedule %s: %s", schedule.key, error)

    def deliver(self, record: ExportRecord, file: str) -> None:
        """Lay the file of a scheduled export into its folder; others stay where they are.

        Raises
        ------
        InputError
            The folder cannot be written to, or its disk is full.
        """
        key = record.asked_from.removeprefix(SCHEDULE)
        wanted = [one for one in self._store.city.exports if one.key == key]
        if not record.asked_from.startswith(SCHEDULE) or not wanted:
            return
        at = record.known_at.astimezone(self._store.city.zone)
        name = f"{key}-{at:%Y%m%d-%H%M}{ending(record.request)}"
        with whole_file(wanted[0].folder / name) as part:
            shutil.copyfile(shelf.folder_of(self._settings) / file, part)
