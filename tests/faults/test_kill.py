"""The program is killed twenty times while it is fed: what it acknowledged is there, once."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import threading
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from urllib.error import URLError

from sqlalchemy import func, select

import app
from geo_data.intakes import Intake
from geo_data.rollups import recount
from geo_data.store import Store, open_store
from tests.geo_data.small_city import CITY, make_small_city, middle
from tests.serving import free_port

KEY = "a-long-secret"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
KILLS = 20
READINGS, EVERY_S = 50, 0.05
"""A batch of so many, so often: a thousand a second."""
LONGEST_S = 0.8
Message = dict[str, Any]
INTAKES = tuple(
    Intake(key=tells, tells=tells, key_sha256=DIGEST, per_minute=1_000_000)
    for tells in ("observations", "incidents")
)


def run(environment: dict[str, str]) -> None:
    """The program, in a process that has its modules already."""
    os.environ.update(environment)
    app.main([])


class Program:
    """The program on a port of its own; the server that forks it has loaded its modules once."""

    def __init__(self, store: Path) -> None:
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["app", __name__])
        self.port = free_port()
        self._environment = {
            "YIPING_DATABASE_URL": f"sqlite:///{store}",
            "YIPING_DATA_DIR": str(store.parent),
            "YIPING_PORT": str(self.port),
            "YIPING_SIMULATOR_RATE": "0",
        }
        self._process: BaseProcess | None = None

    def start(self) -> None:
        self._process = self._processes.Process(target=run, args=(self._environment,))
        self._process.start()
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline
            assert self._process.is_alive()
            time.sleep(0.02)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.join(10)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                return True
        except (URLError, OSError):
            return False


class Sender:
    """Sends a thousand readings a second and a case now and then; repeats what got no answer."""

    def __init__(self, port: int, begin: datetime) -> None:
        self._port, self._begin = port, begin
        self._number = 0
        self._stop = threading.Event()
        self.readings: set[tuple[str, str]] = set()
        self.cases: set[str] = set()
        self.unanswered = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop when everything was answered."""
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            self._number += 1
            batch = self._batch(self._number)
            self._until_taken("observations", batch)
            self.readings |= {(one["sensor_code"], one["observed_at"]) for one in batch}
            if self._number % 5 == 0:
                case = self._case(self._number)
                self._until_taken("incidents", [case])
                self.cases.add(case["source_id"])
            due = max(due + EVERY_S, time.monotonic() - 1)
            self._stop.wait(max(0.0, due - time.monotonic()))

    def _until_taken(self, path: str, rows: list[Message]) -> None:
        while not self._taken(path, rows):
            self.unanswered += 1
            time.sleep(0.02)

    def _taken(self, path: str, rows: list[Message]) -> bool:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/v1/{path}",
            json.dumps(rows).encode(),
            {"X-API-Key": KEY, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                told = json.load(answer)
        except (URLError, OSError, ValueError, HTTPException):
            # The last is an answer of which only the head had come.
            return False
        assert told["refused"] == 0, told
        return True

    def _batch(self, number: int) -> list[Message]:
        at = self._begin + timedelta(seconds=number)
        times = [at + timedelta(milliseconds=row) for row in range(READINGS)]
        return [
            {"sensor_code": f"s{row % 5 + 1}", "value": 0, "observed_at": in_ms(at)}
            for row, at in enumerate(times)
        ]

    def _case(self, number: int) -> Message:
        lon, lat = middle(f"t{number % 2}g{number % 4}")
        at = in_ms(self._begin)
        return {
            **{"source_id": f"case-{number}", "title": "积水", "channel": "hotline"},
            **{"category": "0102", "severity": 4, "lon": lon, "lat": lat},
            **{"happened_at": at, "reported_at": at},
            **{"stages": [{"stage": "found", "happened_at": at}]},
        }


def in_ms(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def test_what_was_acknowledged_survives_every_kill(tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")
    draw = random.Random(seed)
    path = tmp_path / "city.gpkg"
    make_small_city(path).close()
    open_store(path, CITY.model_copy(update={"intakes": INTAKES}), create=True).close()
    program = Program(path)
    program.start()
    sender = Sender(program.port, datetime.now(UTC) - timedelta(hours=12))
    for _ in range(KILLS):
        time.sleep(draw.uniform(0, LONGEST_S))
        program.kill()
        program.start()
    sender.stop()
    program.kill()
    assert sender.unanswered >= KILLS / 2
    assert len(sender.readings) > KILLS * READINGS
    store = open_store(path)
    _check(store, sender)
    store.close()


def _check(store: Store, sender: Sender) -> None:
    tables = store.tables
    with store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        observed = tables.observations.c
        read = connection.execute(select(observed.sensor_code, observed.observed_at)).all()
        cases = Counter(connection.scalars(select(tables.incidents.c.source_id)))
        told = connection.scalar(select(func.count()).select_from(tables.incident_stages))
    known = Counter((code, in_ms(at)) for code, at in read)
    # All that was sent was acknowledged in the end: so there is neither less nor more.
    assert known == Counter(sender.readings)
    assert cases == Counter(sender.cases)
    assert told == len(sender.cases)
    before = _rollups(store)
    recount(store, datetime.now(UTC))
    assert _rollups(store) == before


def _rollups(store: Store) -> dict[str, list[tuple[object, ...]]]:
    tables = store.tables
    found = {}
    for table in (
        *(tables.rollup_region_day, tables.rollup_dimension_day, tables.rollup_metric_hour),
    ):
        columns = [column for column in table.c if column.name != "changed_seq"]
        with store.read() as connection:
            rows = [tuple(row) for row in connection.execute(select(*columns))]
        found[table.name] = sorted(rows, key=repr)
    return found
