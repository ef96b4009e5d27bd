"""Exports over HTTP: asked for, made by a real process, fetched, cancelled, cut off, tidied."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.exporting import job as job_module
from dashboard.exporting import shelf
from dashboard.exporting.queue import Queue
from dashboard.server import create_server
from geo_data.exports import ExportRequest, State, checked, enter, export_record, register
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import NOON, hours, make_lived_city, opened
from tests.stores import Stores, address_of

ALL = Scope.everything()
AT = NOON + hours(13)
WAIT_S = 90.0
"""A process that loads its libraries on a busy machine."""


@pytest.fixture(scope="module")
def made(module_stores: Stores) -> Any:
    address = module_stores.new()
    make_lived_city(address).close()
    return address


@pytest.fixture
def store(stores: Stores, made: Any) -> Iterator[Store]:
    with opened(open_store(stores.copy(made))) as store:
        yield store


@pytest.fixture
def settings(tmp_path: Path, cache_dir: Path) -> Settings:
    return Settings(data_dir=cache_dir, export_dir=tmp_path / "exports", export_workers=1)


@contextmanager
def serving(store: Store, settings: Settings, at: datetime = AT) -> Iterator[TestClient]:
    with TestClient(create_server(settings, store, lambda: at)) as client:
        yield client


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WAIT_S
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


def over(client: TestClient, number: str) -> dict[str, Any]:
    def told() -> dict[str, Any] | None:
        found: dict[str, Any] = client.get(f"/api/v1/exports/{number}").json()
        return found if found["state"] in ("done", "failed", "cancelled") else None

    found: dict[str, Any] = until(told)
    return found


def waiting(store: Store, **more: Any) -> str:
    asked = ExportRequest.model_validate({"format": "csv", "region": "c"} | more)
    return enter(store, ALL, checked(asked, AT), AT, asked=asked).number


SLOW = """
import sys, time
sys.stdin.readline()
sys.stdout.write('{"step": "write", "share": 0.5}\\n'); sys.stdout.flush()
time.sleep(600)
"""


GREEDY = """
import sys
from dashboard.exporting import making, worker
making.make = lambda store, order, tell: [bytearray(16 << 20) for _ in range(1000)]
sys.exit(worker.main())
"""


def working(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let a script do the work."""
    real = job_module.subprocess.Popen

    def popen(command: list[str], **more: Any) -> Any:
        return real([command[0], "-c", script], **more)

    monkeypatch.setattr(job_module.subprocess, "Popen", popen)


@pytest.fixture
def slow_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that never comes to an end by itself."""
    working(monkeypatch, SLOW)


def test_a_file_is_asked_for_made_and_fetched(store: Store, settings: Settings) -> None:
    with serving(store, settings) as client:
        asked = {"format": "csv", "region": "t1", "layers": ["incidents"], "user": "张三"}
        said = client.post("/api/v1/exports", json=asked)
        assert said.status_code == 202, said.text
        number = said.json()["number"]
        assert said.headers["location"] == f"/api/v1/exports/{number}"
        assert said.json()["state"] == "queued"
        early = client.get(f"/api/v1/exports/{number}/file")
        assert early.status_code in (200, 409)
        told = over(client, number)
        assert told["problems"] == []
        assert (told["state"], told["share"]) == ("done", 1.0)
        file = client.get(told["file"])
        assert file.headers["content-type"] == "application/zip"
        assert f"{number}.csv.zip" in file.headers["content-disposition"]
        assert hashlib.sha256(file.content).hexdigest() == told["sha256"]
        assert len(file.content) == told["bytes"]
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            rows = archive.read("incidents.csv").decode("utf-8-sig").splitlines()
            cover = archive.read("说明.txt").decode("utf-8-sig")
        assert len(rows) == 1 + 4
        assert number in cover
        assert client.get("/api/v1/exports").json() == [told]
        assert [one.name for one in settings.export_folder.iterdir()] == [f"{number}.csv.zip"]
        gone = client.delete(f"/api/v1/exports/{number}")
        assert gone.status_code == 409


def test_a_sheet_is_made_with_its_number_mark_and_waiver(store: Store, settings: Settings) -> None:
    asked = {
        **{"format": "pdf", "template": "a4-landscape", "region": "t1", "purpose": "publication"},
        **{"secrecy": "公开", "waiver": "示意图", "unit": "城运中心", "user": "张三"},
    }
    known = settings.model_copy(update={"public_url": "https://city.example"})
    with serving(store, known) as client:
        number = client.post("/api/v1/exports", json=asked).json()["number"]
        told = over(client, number)
        assert told["state"] == "done", told
        file = client.get(told["file"])
    assert file.headers["content-type"] == "application/pdf"
    path = settings.export_folder / "sheet.pdf"
    path.write_bytes(file.content)
    words = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True)
    for said in (number, "公开", "免审图号：示意图", "城运中心", "张三"):
        assert said in words.stdout, said
    assert "不得公开" not in words.stdout
    record = export_record(store, ALL, number)
    assert record is not None
    assert record.link == f"https://city.example/exports/{number}"


def test_a_page_too_small_fails_with_a_remedy_and_no_file(store: Store, settings: Settings) -> None:
    with serving(store, settings) as client:
        unknown = client.post("/api/v1/exports", json={"format": "pdf", "template": "a3-lanscape"})
        assert unknown.status_code == 422
        assert "a3-landscape" in unknown.json()["detail"]["remedy"]
        asked = {"format": "pdf", "template": "40x30mm"}
        told = over(client, client.post("/api/v1/exports", json=asked).json()["number"])
    assert told["state"] == "failed"
    assert told["problems"][0]["remedy"]
    assert not settings.export_folder.exists() or not list(settings.export_folder.iterdir())


def test_an_idempotency_key_sent_again_is_the_same_export(
    store: Store, settings: Settings, slow_worker: None
) -> None:
    with serving(store, settings) as client:
        key = {"Idempotency-Key": "one"}
        asked = {"format": "csv"}
        said = [client.post("/api/v1/exports", json=asked, headers=key).json() for _ in range(2)]
        assert said[0]["number"] == said[1]["number"]
        other = client.post("/api/v1/exports", json={"format": "xlsx"}, headers=key)
        assert other.status_code == 409


BAD: list[tuple[dict[str, Any], str]] = [
    ({"format": "docx"}, "format"),
    ({"format": "csv", "region": "nowhere"}, "region"),
    ({"format": "csv", "layers": ["incident"]}, "layers"),
    ({"format": "csv", "at": "2125-01-01T00:00:00Z"}, "at"),
    ({"format": "csv", "at": "2025-01-01T00:00:00"}, "at"),
    ({"format": "csv", "purpose": "publication", "secrecy": "公开"}, "approval"),
    ({"format": "csv", "unit": "a\u0000b"}, "unit"),
    ({"format": "csv", "unit": "长" * 100}, "unit"),
    ({"format": "csv", "layers": ["x"] * 10_000}, "layers"),
    ({"format": "csv", "colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("asked", "field"), BAD)
def test_what_cannot_be_made_is_refused_with_field_and_remedy(
    store: Store, settings: Settings, asked: dict[str, Any], field: str
) -> None:
    with serving(store, settings) as client:
        said = client.post("/api/v1/exports", json=asked)
        assert said.status_code == 422
        detail = said.json()["detail"]
        assert detail["remedy"]
        assert detail.get("field", field) == field
        assert client.get("/api/v1/exports").json() == []


def test_a_page_of_another_site_can_neither_ask_nor_cancel(
    store: Store, settings: Settings, slow_worker: None
) -> None:
    with serving(store, settings) as client:
        number = client.post("/api/v1/exports", json={"format": "csv"}).json()["number"]
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            asked = client.post("/api/v1/exports", json={"format": "csv"}, headers=headers)
            assert asked.status_code == 403
            assert client.delete(f"/api/v1/exports/{number}", headers=headers).status_code == 403
        own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
        assert client.delete(f"/api/v1/exports/{number}", headers=own).status_code == 200


def test_what_is_not_there_or_not_for_this_viewer_is_not_there(
    store: Store, settings: Settings
) -> None:
    number = waiting(store, region="t0")
    town = settings.model_copy(update={"scope_region": "t1"})
    with serving(store, town) as client:
        for name in (number, "c-20250702-9999"):
            assert client.get(f"/api/v1/exports/{name}").status_code == 404
            assert client.get(f"/api/v1/exports/{name}/file").status_code == 404
            assert client.delete(f"/api/v1/exports/{name}").status_code == 404
        assert client.get("/api/v1/exports").json() == []
        assert (
            client.post("/api/v1/exports", json={"format": "csv", "region": "t0"}).status_code
            == 422
        )


def test_cancelling_ends_the_process_and_leaves_no_file(
    store: Store, settings: Settings, slow_worker: None
) -> None:
    queue = Queue(store, settings, lambda: AT)
    queue.start()
    try:
        number = waiting(store)
        (pid,) = until(queue.running)
        (settings.export_folder).mkdir(parents=True, exist_ok=True)
        part = settings.export_folder / f"{number}.part.csv.zip"
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
    (settings.export_folder / f"{number}.part.csv.zip").write_bytes(b"half of it")
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


def test_the_description_shows_how_to_ask(store: Store, settings: Settings) -> None:
    with serving(store, settings) as client:
        said = client.get("/openapi.json").json()
    post = said["paths"]["/api/v1/exports"]["post"]
    examples = post["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        ExportRequest.model_validate(example["value"])
    assert {"202", "403", "409", "422", "429"} <= set(post["responses"])


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
