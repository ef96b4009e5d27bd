"""The way in beside HTTP, as a city file declares it: topics of a broker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from geo_data.sources import Count, Entry, wrong

EnvName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
_CAPTURE = re.compile(r"\{([a-z][a-z0-9_-]*)\}")
_LEVEL = re.compile(r"(\{[a-z][a-z0-9_-]*\}|[^{}#+]+|\+|)")


class Mqtt(Entry):
    """Topics of an MQTT broker; QoS 1, acknowledged after the commit.

    Parameters
    ----------
    broker, port : str, int
        Where it is; 1883, or 8883 with ``ca_file``, unless said.
    topics : tuple of str
        ``sensors/{sensor-code}/value``: a level in braces becomes a field of the message; ``+``
        and ``#`` as everywhere. The payload is an object, a list of them, or a bare number.
    user, password_env : str, optional
        Login; the variable of the environment that holds the password.
    ca_file : Path, optional
        TLS, with the broker's certificate checked against these authorities.
    client_id : str, optional
        Under which the broker keeps what was not fetched; of city and key unless said.
    protocol : str
        ``5`` or ``3.1.1``.
    keep_s : int
        How long the broker keeps for us what we have not fetched (protocol 5).
    """

    broker: Annotated[str, Field(min_length=1)]
    topics: Annotated[tuple[str, ...], Field(min_length=1)]
    port: Annotated[int, Field(gt=0, le=65535)] | None = None
    user: str | None = None
    password_env: EnvName | None = None
    ca_file: Path | None = None
    client_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    protocol: Literal["5", "3.1.1"] = "5"
    keep_s: Count = 7 * 86_400

    @field_validator("topics")
    @classmethod
    def _topics_are_patterns(cls, topics: tuple[str, ...]) -> tuple[str, ...]:
        for topic in topics:
            body = topic.removesuffix("/#") if topic != "#" else "+"
            names = _CAPTURE.findall(topic)
            levels = all(_LEVEL.fullmatch(level) for level in body.split("/"))
            if not topic or not levels or len(set(names)) < len(names):
                raise wrong("bad-topic", topic=topic)
        return topics

    @property
    def door(self) -> int:
        """The broker's port."""
        return self.port or (8883 if self.ca_file else 1883)

    @property
    def address(self) -> str:
        """Where the messages come from, for people."""
        return f"{self.broker}:{self.door} · {', '.join(self.topics)}"


def topic_filter(pattern: str) -> str:
    """Return what a broker is asked for.

    Examples
    --------
    >>> topic_filter("sensors/{sensor-code}/value")
    'sensors/+/value'
    """
    return _CAPTURE.sub("+", pattern)


def captured(pattern: str, topic: str) -> dict[str, str] | None:
    """Return the levels that a pattern names; ``None`` where a topic is not of it.

    Examples
    --------
    >>> captured("sensors/{sensor-code}/value", "sensors/PP-1/value")
    {'sensor_code': 'PP-1'}
    >>> captured("sensors/{sensor-code}/value", "sensors/PP-1/state") is None
    True
    """
    wanted, given = pattern.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        given = given[: len(wanted)]
    if len(wanted) != len(given):
        return None
    found = {}
    for want, have in zip(wanted, given, strict=True):
        if name := _CAPTURE.fullmatch(want):
            found[name[1].replace("-", "_")] = have
        elif want not in ("+", have):
            return None
    return found
