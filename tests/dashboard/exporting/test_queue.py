"""The queue: cancelled, too long, too large, killed, cut off, taken over, tidied."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import timedelta
from typing import Any

import pytest

from dashboard.exporting import shelf
from dashboard.exporting.queue import Queue
from geo_data.exports import State, export_record, register
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.dashboard.exporting.working import (
    ALL,
    AT,
    GREEDY,
    over,
    serving,
    until,
    waiting,
    working,
)
from tests.geo_data.lived_city import opened
from tests.stores import address_of


def test_cancelling_ends_the_process_and_leaves_no_file(
    store: Store, settings: Settings, slow_worker: None
) -> None:
    queue = Queue(store, settings, lambda: AT)
    queue.start()
    try:
        number = waiting(store)
        (pid,) = until(queue.running)
        (settings.export_folder).mkdir(parents=True, exist_ok=True)
        part = settings.export_folder / f".{number}.part.csv.zip"
        part.write_bytes(b"half")
        assert register.cancel(store, number, AT)
        until(lambda: not queue.running())
        assert not _alive(pid)
        assert list(settings.export_folder.iterdir()) == []
    finally:
        queue.stop()
    record = export_record(store, ALL, number)
    assert record is not None
    assert record.state is State.CANCELLED


def test_one_that_takes_too_long_is_ended_and_says_so(
    store: Store, settings: Settings, slow_worker: None
) -> None:
    short = settings.model_copy(update={"export_timeout_s": 0.5})
    with serving(store, short) as client:
        number = client.post("/api/v1/exports", json={"format": "csv"}).json()["number"]
        told = over(client, number)
    assert told["state"] == "failed"
    assert "YIPING_EXPORT_TIMEOUT_S" in told["problems"][0]["remedy"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds what a process takes")
def test_one_that_needs_too_much_memory_fails_alone_and_says_so(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    working(monkeypatch, GREEDY)
    little = settings.model_copy(update={"export_memory_mb": 512})
    with serving(store, little) as client:
        number = client.post("/api/v1/exports", json={"format": "csv"}).json()["number"]
        told = over(client, number)
        assert client.get("/healthz").status_code == 200
    assert told["state"] == "failed"
    assert "512 MB" in told["problems"][0]["error"]


def test_a_process_that_is_killed_has_failed_with_a_reason(
    store: Store, settings: Settings, slow_worker: None
) -> None:
    queue = Queue(store, settings, lambda: AT)
    queue.start()
    try:
        number = waiting(store)
        (pid,) = until(queue.running)
        os.kill(pid, signal.SIGKILL)
        until(lambda: _state(store, number) is State.FAILED)
    finally:
        queue.stop()
    record = export_record(store, ALL, number)
    assert record is not None
    assert record.faults[0].key == "export-crashed"


def test_what_was_being_made_when_all_was_killed_is_found_and_made(
    store: Store, settings: Settings
) -> None:
    number = waiting(store)
    assert register.begin(store, number, AT)
    settings.export_folder.mkdir(parents=True)
    (settings.export_folder / f".{number}.part.csv.zip").write_bytes(b"half of it")
    with serving(store, settings) as client:
        told = over(client, number)
    assert told["state"] == "done"
    assert [one.name for one in settings.export_folder.iterdir()] == [f"{number}.csv.zip"]
    record = export_record(store, ALL, number)
    assert record is not None
    assert record.attempts == 2


def test_stopping_lets_go_of_what_is_made_as_if_it_had_not_begun(
    store: Store, settings: Settings, slow_worker: None
) -> None:
    queue = Queue(store, settings, lambda: AT)
    number = waiting(store)
    queue.start()
    (pid,) = until(queue.running)
    queue.stop()
    assert not _alive(pid)
    record = export_record(store, ALL, number)
    assert record is not None
    assert (record.state, record.attempts) == (State.QUEUED, 0)


def test_of_two_processes_on_a_store_one_makes_the_files(
    store: Store, settings: Settings, slow_worker: None
) -> None:
    with opened(open_store(address_of(store))) as second:
        queues = [Queue(one, settings, lambda: AT) for one in (store, second)]
        for queue in queues:
            queue.start()
        try:
            for _ in range(3):
                waiting(store)
            until(lambda: sum(len(queue.running()) for queue in queues) == 1)
            time.sleep(1.0)
            busy = [queue for queue in queues if queue.running()]
            assert [len(queue.running()) for queue in busy] == [1]
            # The one that worked ends; the other goes on with what it let go of.
            busy[0].stop()
            (other,) = [queue for queue in queues if queue is not busy[0]]
            until(other.running)
        finally:
            for queue in queues:
                queue.stop()


def test_a_worker_does_not_outlive_the_program(store: Store, settings: Settings) -> None:
    order = Queue(store, settings, lambda: AT)._job(_record(store, waiting(store)))
    try:
        assert order._process.stdin is not None
        order._process.stdin.close()
        until(lambda: order._process.poll() is not None)
    finally:
        order.kill()


def test_files_go_when_they_are_old_or_too_many_and_the_records_stay(
    store: Store, settings: Settings
) -> None:
    settings.export_folder.mkdir(parents=True)
    numbers = []
    for age_days in (40, 20, 10, 1):
        number = waiting(store)
        register.begin(store, number, AT)
        (settings.export_folder / f"{number}.csv.zip").write_bytes(b"x")
        at = AT - timedelta(days=age_days)
        register.finish(store, number, at, f"{number}.csv.zip", 3 << 20, "ab")
        numbers.append(number)
    narrow = settings.model_copy(update={"keep_exports_mb": 7, "keep_exports_days": 30})
    assert shelf.tidy(store, narrow, AT) == numbers[:2]
    left = sorted(one.name for one in settings.export_folder.iterdir())
    assert left == sorted(f"{number}.csv.zip" for number in numbers[2:])
    assert shelf.tidy(store, narrow, AT) == []
    with serving(store, narrow) as client:
        gone = client.get(f"/api/v1/exports/{numbers[0]}/file")
        assert gone.status_code == 410
        told = client.get(f"/api/v1/exports/{numbers[0]}").json()
        assert (told["state"], told["file"], told["sha256"]) == ("done", None, "ab")


def _record(store: Store, number: str) -> Any:
    record = export_record(store, ALL, number)
    assert record is not None
    return record


def _state(store: Store, number: str) -> State:
    state: State = _record(store, number).state
    return state


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
