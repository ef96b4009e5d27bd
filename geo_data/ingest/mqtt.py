"""Topics of a broker: taken in batches, acknowledged after the commit."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from queue import Empty, Queue
from threading import Event
from typing import TYPE_CHECKING, Any

from geo_data.faults import Fault, InputError
from geo_data.ingest.receiving import receive
from geo_data.intakes import Intake
from geo_data.store import Store
from geo_data.ways_in import Mqtt, captured, topic_filter

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

MOST = 1_000
"""Messages of one transaction, and those a broker may send before we acknowledge."""
GATHER_S = 0.05
LOOK_S = 0.5
"""How long to wait for a first message before looking whether to go on."""
KEEPALIVE_S = 30
GREET_S = 10.0


def messages_of(
    intake: Intake,
    topic: str,
    payload: bytes | bytearray,
    received_at: datetime,
    retained: bool = False,
) -> list[object]:
    """Return the messages of one payload, with what its topic says.

    A bare number is a value measured when it came: it says no time itself. One that the broker
    had kept is of a time nobody knows, and is left for the parser to refuse.
    """
    assert intake.mqtt is not None
    try:
        content: object = json.loads(payload.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return [payload.decode("utf-8", "replace")]
    matches = (captured(pattern, topic) for pattern in intake.mqtt.topics)
    named = next((match for match in matches if match is not None), {})
    found = content if isinstance(content, list) else [content]
    return [_message(intake, one, named, None if retained else received_at) for one in found]


def _message(intake: Intake, content: object, named: dict[str, str], at: datetime | None) -> object:
    if isinstance(content, Mapping):
        return {**content, **named}
    number = isinstance(content, int | float) and not isinstance(content, bool)
    if not number or intake.tells != "observations":
        return content
    value = intake.fields.get("value", "value")
    observed_at = intake.fields.get("observed-at", "observed_at")
    return {value: content, observed_at: at, **named}


def listen(
    store: Store,
    intake: Intake,
    clock: Callable[[], datetime],
    goes_on: Callable[[], bool],
    environment: Mapping[str, str],
    contact: Callable[[], None],
) -> None:
    """Take in what a broker sends, while ``goes_on()``; ``contact()`` is told that it answers.

    Raises
    ------
    InputError
        The broker is gone or refuses us, or the store cannot be written. What was not
        acknowledged is sent again to the next connection.
    """
    arrived: Queue[MQTTMessage | Fault] = Queue()
    with _connection(store.city.code, intake, environment, arrived, contact) as client:
        while goes_on():
            batch = _gather(arrived)
            if not batch:
                continue
            received_at = clock()
            told = [
                message
                for one in batch
                for message in messages_of(intake, one.topic, one.payload, received_at, one.retain)
            ]
            receive(store, intake, told, received_at)
            for one in batch:
                client.ack(one.mid, one.qos)


def greet(city: str, intake: Intake, environment: Mapping[str, str]) -> None:
    """Ask a broker for the topics and leave, under a name of our own: nothing is taken or kept.

    Raises
    ------
    InputError
        The broker is gone or refuses us.
    """
    way = intake.mqtt
    assert way is not None
    name = f"{way.client_id or f'yiping-{city}-{intake.key}'}-check"
    alone = intake.model_copy(update={"mqtt": way.model_copy(update={"client_id": name})})
    arrived: Queue[MQTTMessage | Fault] = Queue()
    heard = Event()
    with _connection(city, alone, environment, arrived, heard.set, passing=True):
        ends = time.monotonic() + GREET_S
        while not heard.wait(0.05):
            with suppress(Empty):
                if isinstance(fault := arrived.get_nowait(), Fault):
                    raise InputError(fault)
            if time.monotonic() > ends:
                values: dict[str, object] = {"error": f"no answer in {GREET_S:g} s"}
                raise InputError(Fault("broker-gone", file=way.address, values=values))


def _gather(arrived: Queue[MQTTMessage | Fault]) -> list[MQTTMessage]:
    """Return what comes within a moment of the first message.

    What came before the connection broke is left to be sent again: it cannot be acknowledged.
    """
    batch: list[MQTTMessage] = []
    ends = time.monotonic() + LOOK_S
    while len(batch) < MOST:
        try:
            one = arrived.get(timeout=max(ends - time.monotonic(), 0.001))
        except Empty:
            break
        if isinstance(one, Fault):
            raise InputError(one)
        if not batch:
            ends = time.monotonic() + GATHER_S
        batch.append(one)
    return batch


@contextmanager
def _connection(
    city: str,
    intake: Intake,
    environment: Mapping[str, str],
    arrived: Queue[MQTTMessage | Fault],
    contact: Callable[[], None],
    passing: bool = False,
) -> Iterator[Client]:
    """Give a connection; of a ``passing`` one the broker keeps nothing."""
    way = intake.mqtt
    assert way is not None

    def gone(error: object) -> Fault:
        return Fault("broker-gone", file=way.address, values={"error": str(error)})

    def connected(client: Client, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            arrived.put(gone(reason))
            return
        client.subscribe([(topic_filter(one), 1) for one in way.topics])

    def subscribed(_client: Client, _data: Any, _mid: int, reasons: Any, _more: Any) -> None:
        refused = [reason for reason in reasons if reason.is_failure]
        if refused:
            arrived.put(gone(refused[0]))
        else:
            contact()

    name = way.client_id or f"yiping-{city}-{intake.key}"
    client = _client(way, name, environment, passing)
    client.on_connect = connected
    client.on_subscribe = subscribed
    client.on_disconnect = lambda _c, _d, _f, reason, _m: arrived.put(gone(reason))
    client.on_message = lambda _c, _d, message: arrived.put(message)
    try:
        _connect(client, way, passing)
    except (OSError, ValueError) as error:
        raise InputError(gone(error)) from error
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def _client(way: Mqtt, client_id: str, environment: Mapping[str, str], passing: bool) -> Client:
    # Loaded only where a broker is declared.
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

    newer = way.protocol == "5"
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        # The broker keeps what comes while we are away.
        clean_session=None if newer else passing,
        protocol=MQTTProtocolVersion.MQTTv5 if newer else MQTTProtocolVersion.MQTTv311,
        # Whoever called us decides when to try again.
        reconnect_on_failure=False,
        manual_ack=True,
    )
    if way.user is not None:
        client.username_pw_set(way.user, _password(way, environment))
    if way.ca_file is not None:
        client.tls_set(ca_certs=str(way.ca_file))
    return client


def _password(way: Mqtt, environment: Mapping[str, str]) -> str | None:
    if way.password_env is None:
        return None
    password = environment.get(way.password_env)
    if not password:
        fault = Fault("no-broker-password", values={"name": way.password_env})
        raise InputError(fault)
    return password


def _connect(client: Client, way: Mqtt, passing: bool) -> None:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    if way.protocol != "5":
        client.connect(way.broker, way.door, KEEPALIVE_S)
        return
    asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    asked.SessionExpiryInterval = 0 if passing else way.keep_s
    asked.ReceiveMaximum = MOST
    client.connect(way.broker, way.door, KEEPALIVE_S, clean_start=passing, properties=asked)
