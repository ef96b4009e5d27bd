"""Scheduled exports: entered once when due, made, and laid into their folder."""

from __future__ import annotations

import zipfile
from datetime import datetime, timedelta
from pathlib import Path

from dashboard.exporting.queue import Queue
from dashboard.exporting.schedule_desk import ScheduleDesk
from geo_data.exports import State, export_records
from geo_data.schedules import Schedule
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.dashboard.exporting.working import ALL, AT, until
from tests.geo_data.lived_city import opened
from tests.stores import address_of

DUE = AT + timedelta(hours=6, minutes=30)
"""Half past seven in the city, the morning after."""


def with_schedule(store: Store, folder: Path) -> None:
    ask = {"format": "csv", "layers": ["incidents"], "unit": "城运中心"}
    schedule = Schedule(key="morning", at="07:30", folder=folder, ask=ask)
    store.city = store.city.model_copy(update={"exports": (schedule,)})


def known(store: Store) -> list[datetime]:
    return [one.known_at for one in export_records(store, ALL)]


def test_it_is_entered_once_for_each_time_whatever_is_started_anew(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    with_schedule(store, tmp_path)
    moments = [DUE, DUE + timedelta(seconds=5), DUE + timedelta(hours=23)]
    for now in moments:
        # Each time as after a restart: nothing is remembered but what the store holds.
        ScheduleDesk(store, settings, lambda now=now: now).enter_due()
    assert known(store) == [DUE]
    desk = ScheduleDesk(store, settings, lambda: DUE + timedelta(days=1))
    for _ in range(3):
        desk.enter_due()
    assert known(store) == [DUE + timedelta(days=1), DUE]


def test_two_processes_enter_it_once(store: Store, settings: Settings, tmp_path: Path) -> None:
    with opened(open_store(address_of(store))) as second:
        for one in (store, second):
            with_schedule(one, tmp_path)
            ScheduleDesk(one, settings, lambda: DUE).enter_due()
    assert known(store) == [DUE]


def test_what_was_missed_for_days_is_made_once_for_the_last_time(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    with_schedule(store, tmp_path)
    ScheduleDesk(store, settings, lambda: DUE).enter_due()
    ScheduleDesk(store, settings, lambda: DUE + timedelta(days=9, hours=2)).enter_due()
    assert known(store) == [DUE + timedelta(days=9), DUE]


def test_its_file_is_laid_into_its_folder_and_a_folder_that_cannot_be_is_told(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    with_schedule(store, tmp_path / "reports")
    queue = Queue(store, settings, lambda: DUE)
    queue.start()
    try:
        until(lambda: [one for one in export_records(store, ALL) if one.is_over])
    finally:
        queue.stop()
    (record,) = export_records(store, ALL)
    assert (record.state, record.faults) == (State.DONE, ())
    assert record.asked_from == "schedule:morning"
    laid = tmp_path / "reports" / "morning-20250702-0730.csv.zip"
    assert list(laid.parent.iterdir()) == [laid]
    with zipfile.ZipFile(laid) as archive:
        assert record.number in archive.read("说明.txt").decode("utf-8-sig")

    blocked = tmp_path / "blocked"
    blocked.write_text("a file, no folder")
    with_schedule(store, blocked)
    queue = Queue(store, settings, lambda: DUE + timedelta(days=1))
    queue.start()
    try:
        until(
            lambda: (
                len(known(store)) == 2 and all(one.is_over for one in export_records(store, ALL))
            )
        )
    finally:
        queue.stop()
    failed = export_records(store, ALL)[0]
    assert (failed.state, failed.faults[0].key) == (State.FAILED, "export-not-written")
    assert [one.name for one in settings.export_folder.iterdir()] == [f"{record.number}.csv.zip"]
