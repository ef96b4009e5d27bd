"""PostgreSQL is stopped and started under the running program."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from geo_data.intakes import Intake
from geo_data.settings import Settings
from geo_data.store import open_store
from tests.geo_data.small_city import CITY, make_small_city
from tests.postgis_server import PostgisServer
from tests.serving import Served

KEY = "a-long-secret"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
IOT = Intake(key="iot", tells="observations", key_sha256=DIGEST)


@pytest.fixture
def served(postgis_url: str, tmp_path: Path) -> Iterator[Served]:
    make_small_city(postgis_url).close()
    city = CITY.model_copy(update={"intakes": (IOT,)})
    with closing(open_store(postgis_url, city, create=True)) as store:
        server = Served(store, Settings(data_dir=tmp_path, simulator_rate=0)).start()
        yield server
        server.stop()


def post(url: str, value: float) -> tuple[int, dict[str, Any]]:
    row = {"sensor_code": "s1", "value": value, "observed_at": datetime.now(UTC).isoformat()}
    request = urllib.request.Request(
        f"{url}/api/v1/observations", json.dumps(row).encode(), {"X-API-Key": KEY}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


class Screen:
    """A live stream, kept open."""

    def __init__(self, url: str) -> None:
        self._answer = urllib.request.urlopen(f"{url}/live", timeout=60)
        self.events: list[str] = []
        self.values: list[float] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._answer:
            text = line.decode().strip()
            if text.startswith("event: "):
                self.events.append(text.removeprefix("event: "))
            elif text.startswith("data: "):
                told = json.loads(text.removeprefix("data: "))
                self.values += [row[1] for row in told.get("readings", ())]

    def wait(self, value: float) -> None:
        """Wait until a reading of this value was heard."""
        deadline = time.monotonic() + 30
        while value not in self.values:
            assert time.monotonic() < deadline, (self.events, self.values)
            time.sleep(0.05)


def test_it_says_so_meanwhile_and_goes_on_by_itself(
    served: Served, postgis_server: PostgisServer
) -> None:
    screen = Screen(served.url)
    assert post(served.url, 51.0)[0] == 202
    screen.wait(51.0)
    postgis_server.pause()
    try:
        status, told = post(served.url, 52.0)
        assert status == 503
        assert told["detail"]["error"]
        assert told["detail"]["remedy"]
        heard = len(screen.events)
    finally:
        postgis_server.resume()
    assert post(served.url, 53.0)[0] == 202
    # The same stream: no screen had to come back.
    screen.wait(53.0)
    assert 52.0 not in screen.values
    assert set(screen.events[heard:]) <= {"change", "beat"}
