"""What tests of exports share: a server for a moment, waiting, scripts instead of the work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.exporting import job as job_module
from dashboard.server import create_server
from geo_data.exports import ExportRequest, checked, enter
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store
from tests.geo_data.lived_city import NOON, hours

ALL = Scope.everything()
AT = NOON + hours(13)
WAIT_S = 90.0
"""A process that loads its libraries on a busy machine."""


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
