"""The ways in beside HTTP, as a city file declares them: where we fetch ourselves."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

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

    def from_folder(self, folder: Path) -> Mqtt:
        """Return it with the paths of a city file in ``folder`` made whole."""
        whole = self.ca_file and (folder / self.ca_file).resolve()
        return self.model_copy(update={"ca_file": whole})


class ForeignTable(Entry):
    """A table or view of another's database, asked again and again for what is new.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, without a password.
    table : str
        ``name`` or ``schema.name``.
    mark : str
        Their column that grows with every new or changed row: a time, or a number.
    password_env : str, optional
        The variable of the environment that holds the password.
    since : datetime or int, optional
        Rows before this mark are left out; all are read unless said.
    every_s : int
        How long to wait after everything was read.
    limit : int
        Rows of one statement, and of one transaction of ours.
    overlap : int, optional
        How far back it is read again, for rows that were committed late: seconds of a time, 300
        unless said; of a number so many, 1,000 unless said.
    timeout_s : int
        The longest a statement may take.
    """

    url: str
    table: Annotated[str, Field(min_length=1)]
    mark: Annotated[str, Field(min_length=1)]
    password_env: EnvName | None = None
    since: datetime | int | None = None
    every_s: Count = 30
    limit: Annotated[int, Field(gt=0, le=10_000)] = 1_000
    overlap: Annotated[int, Field(ge=0)] | None = None
    timeout_s: Count = 30

    @field_validator("url")
    @classmethod
    def _url_is_one_without_password(cls, url: str) -> str:
        try:
            made = make_url(url)
        except (ArgumentError, ValueError) as error:
            # What was written is not repeated: it may hold a password.
            raise wrong("bad-url") from error
        if made.password is not None:
            raise wrong("password-in-url")
        return made.render_as_string()

    @property
    def address(self) -> str:
        """Where the rows come from, for people."""
        return f"{self.url} · {self.table}"

    def from_folder(self, folder: Path) -> ForeignTable:
        """Return it with the path of an SQLite file made whole, from a city file in ``folder``."""
        url = make_url(self.url)
        if url.get_backend_name() != "sqlite" or (url.database or "file:").startswith("file:"):
            return self
        whole = url.set(database=str((folder / str(url.database)).resolve()))
        return self.model_copy(update={"url": whole.render_as_string()})


class Folder(Entry):
    """A folder into which somebody puts files; each is taken and then moved away.

    Parameters
    ----------
    path : Path
        The folder; relative to the city file.
    encoding : str, optional
        Of its texts; found out where absent.
    file_layer : str, optional
        Sheet of its workbooks, the first one unless said.
    every_s : int
        How often it is looked at; a file is taken when two looks find it the same.
    file_mb : int
        A larger file is refused.
    """

    path: Path
    encoding: str | None = None
    file_layer: str | None = None
    every_s: Count = 5
    file_mb: Count = 64

    @property
    def address(self) -> str:
        """Where the files lie, for people."""
        return str(self.path)

    def from_folder(self, folder: Path) -> Folder:
        """Return it with its path made whole, from a city file in ``folder``."""
        return self.model_copy(update={"path": (folder / self.path).resolve()})


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
