"""A real broker: nothing that was sent is lost, nothing is doubled, whatever is restarted."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from paho.mqtt.publish import multiple
from pydantic import ValidationError
from sqlalchemy import func, select

from geo_data.ingest import mqtt, pulling
from geo_data.ingest.pulling import LONGEST_S, Pulls, pause_s
from geo_data.intakes import Intake
from geo_data.store import Store, open_store
from geo_data.ways_in import captured, topic_filter
from tests.geo_data.small_city import CITY, make_small_city
from tests.serving import free_port
from tests.stores import Files, Stores

NOW = datetime(2025, 7, 1, 4, tzinfo=UTC)
TOPIC = "sensors/{sensor-code}/value"


class Broker:
    """Mosquitto that keeps its sessions in a file."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser root\n"
            f"persistence true\npersistence_location {folder}/\nmax_queued_messages 0\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        quiet = subprocess.DEVNULL
        command = ["/usr/sbin/mosquitto", "-c", str(self._config)]
        self._process = subprocess.Popen(command, stdout=quiet, stderr=quiet)

    def ask_for_login(self) -> None:
        folder = self._config.parent
        text = self._config.read_text().replace("allow_anonymous true", "allow_anonymous false")
        more = (
            f"password_file {folder}/logins\ncertfile {folder}/ca.pem\nkeyfile {folder}/key.pem\n"
        )
        self._config.write_text(text + more)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)

    def send(self, first: int, last: int) -> None:
        told = [
            {"topic": f"sensors/s{n % 2}/value", "qos": 1, "payload": reading(n)}
            for n in range(first, last)
        ]
        multiple(told, hostname="127.0.0.1", port=self.port)


def reading(n: int) -> str:
    at = NOW - timedelta(seconds=10_000 - n)
    return json.dumps({"value": 0.3, "observed_at": at.isoformat()})


def iot(port: int = 1883, **more: Any) -> Intake:
    way = {"broker": "127.0.0.1", "port": port, "topics": [TOPIC], **more}
    return Intake.model_validate({"key": "iot", "tells": "observations", "mqtt": way})


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@contextmanager
def fetching(store: Store) -> Iterator[Pulls]:
    pulls = Pulls(store, lambda: NOW, {})
    pulls.start()
    try:
        yield pulls
    finally:
        pulls.stop()


def opened(stores: Stores, intake: Intake) -> Store:
    address = stores.new()
    make_small_city(address).close()
    return open_store(address, CITY.model_copy(update={"intakes": (intake,)}), create=True)


def rows(store: Store, table: str = "observations") -> int:
    with store.read() as connection:
        return int(
            connection.scalar(select(func.count()).select_from(getattr(store.tables, table))) or 0
        )


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


@pytest.mark.mqtt
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_is_sent_while_nobody_listens_or_the_broker_restarts_is_not_lost(
    stores: Stores, broker: Broker, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    monkeypatch.setattr(pulling, "FIRST_S", 0.1)
    store = opened(stores, iot(broker.port, protocol=protocol))
    with fetching(store):
        until(lambda: _subscribed(broker, store))
    before = rows(store)
    broker.send(0, 200)
    with fetching(store) as pulls:
        until(lambda: rows(store) == before + 200)
        broker.stop()
        until(lambda: bool(pulls.troubles()))
        assert pulls.troubles()[0].key == "broker-gone"
        broker.start()
        until(lambda: not pulls.troubles())
        broker.send(200, 300)
        until(lambda: rows(store) == before + 300)
    store.close()


def _subscribed(broker: Broker, store: Store) -> bool:
    broker.send(9_000, 9_001)
    return rows(store) > 0


@pytest.mark.mqtt
def test_ended_between_commit_and_acknowledgement_repeats_and_doubles_nothing(
    stores: Stores, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "FIRST_S", 0.1)
    store = opened(stores, iot(broker.port))
    taken: list[list[str]] = []
    real = mqtt.receive

    def ended(*given: Any) -> None:
        taken.append([one.status for one in real(*given)])
        if len(taken) == 2:
            raise RuntimeError("ended after the commit")

    monkeypatch.setattr(mqtt, "receive", ended)
    with fetching(store):
        until(lambda: _subscribed(broker, store))
        before, first = rows(store), len(taken)
        broker.send(0, 50)
        until(lambda: rows(store) == before + 50 and len(taken) > max(first, 2))
    said = [status for batch in taken for status in batch]
    assert "repeated" in said
    assert rows(store) == before + 50
    store.close()


@pytest.mark.mqtt
def test_rubbish_is_put_aside_and_acknowledged(stores: Stores, broker: Broker) -> None:
    store = opened(stores, iot(broker.port))
    with fetching(store):
        until(lambda: _subscribed(broker, store))
        bad = [("sensors/s0/value", payload, 1, False) for payload in (b"\xff{", b'"x"', b"[null]")]
        multiple(bad, hostname="127.0.0.1", port=broker.port)
        until(lambda: rows(store, "dead_letters") == 3)
    store.close()


def test_a_topic_says_fields_and_a_bare_number_is_of_now() -> None:
    assert mqtt.messages_of(iot(), "sensors/s0/value", b"0.31", NOW) == [
        {"value": 0.31, "observed_at": NOW, "sensor_code": "s0"}
    ]
    (kept,) = mqtt.messages_of(iot(), "sensors/s0/value", b"0.31", NOW, retained=True)
    assert kept == {"value": 0.31, "observed_at": None, "sensor_code": "s0"}
    several = mqtt.messages_of(iot(), "sensors/s0/value", b'[{"value":1},{"value":2}]', NOW)
    assert [one["sensor_code"] for one in several] == ["s0", "s0"]  # type: ignore[index]


def test_topics() -> None:
    assert topic_filter("a/{x}/+/#") == "a/+/+/#"
    assert captured("a/{x}/#", "a/1/b/c") == {"x": "1"}
    assert captured("a/{x}", "a/1/b") is None
    for topic in ("", "a/{x}b", "a/#/b", "{x}/{x}", "a+/b"):
        with pytest.raises(ValidationError):
            iot(topics=[topic])


def test_tries_grow_apart_up_to_a_minute() -> None:
    assert 0.5 <= pause_s(1) <= 1
    assert LONGEST_S / 2 <= pause_s(50) <= LONGEST_S


@pytest.mark.mqtt
def test_a_broker_with_a_certificate_and_a_login(tmp_path: Path) -> None:
    options = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "ca.pem"]
    subprocess.run([*options.split(), *names], cwd=tmp_path, check=True, capture_output=True)
    login = ["mosquitto_passwd", "-b", "-c", "logins", "yiping", "right"]
    subprocess.run(login, cwd=tmp_path, check=True, capture_output=True)
    broker = Broker(tmp_path)
    broker.ask_for_login()
    broker.start()
    store = opened(
        Files(tmp_path),
        iot(
            broker.port, **{"ca-file": tmp_path / "ca.pem", "user": "yiping", "password-env": "PW"}
        ),
    )
    for password, said in (("wrong", "broker-gone"), (None, "no-broker-password")):
        pulls = Pulls(store, lambda: NOW, {"PW": password} if password else {})
        pulls.start()
        until(lambda seen=pulls: bool(seen.troubles()))  # type: ignore[misc]
        pulls.stop()
        assert [fault.key for fault in pulls.troubles()] == [said]
    heard = Event()
    intake = store.city.intakes[0]
    mqtt.listen(store, intake, lambda: NOW, lambda: not heard.is_set(), {"PW": "right"}, heard.set)
    assert heard.is_set()
    broker.stop()
    store.close()
