"""From the change log to the browsers: one reader per process, any number of screens.

A screen asks with the cursor it has and gets everything after it, coalesced: a lost connection,
a reload and a second screen are all the same case. A screen that is further behind than the
process remembers is told to start anew, so that nothing ever queues for a slow one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dashboard.context import Context
from geo_data import feed
from geo_data.feed import Change

GATHER_S = 0.15
"""The first change goes out at once, what comes within such a span of it as one message."""
LOOK_S = 0.3
"""How often the log is looked at unasked: another process may have written the file."""
BEAT_S = 5.0
REMEMBERED = 600
BATCH = 500


@dataclass(frozen=True, slots=True)
class Message:
    """Coalesced changes after ``before`` up to ``cursor``; ``frame`` is what is sent of them."""

    before: int
    cursor: int
    data: str
    frame: bytes = field(init=False)

    def __post_init__(self) -> None:
        # Written once, however many screens it goes to.
        text = f"event: change\nid: {self.cursor}\ndata: {self.data}\n\n"
        object.__setattr__(self, "frame", text.encode())


class Live:
    """The change log of one process' store, as messages for screens."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._messages: deque[Message] = deque(maxlen=REMEMBERED)
        # One for every message: whoever waits for the next one waits for the same.
        self._news = asyncio.Event()
        self._cursor = 0
        self._task: asyncio.Task[None] | None = None
        self.clients = 0
        """Open streams."""

    @property
    def cursor(self) -> int:
        """How far the change log has been read."""
        return self._cursor

    async def start(self) -> None:
        """Begin to read the change log where it stands."""
        self._cursor = await asyncio.to_thread(feed.cursor, self._context.store)
        self._task = asyncio.create_task(self._follow(), name="live")

    async def stop(self) -> None:
        """Stop reading; open streams end at their next beat."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        publisher = feed.Publisher(self._context.store)
        try:
            with publisher.listen() as listener:
                while True:
                    # A locked or vanished store must not end the wall's life: it is read again.
                    with contextlib.suppress(Exception):
                        await self._read()
                    await asyncio.sleep(GATHER_S)
                    await listener.wait(LOOK_S)
        finally:
            publisher.close()

    async def _read(self) -> None:
        changes = await asyncio.to_thread(
            feed.changes_after, self._context.store, self._context.scope, self._cursor, BATCH
        )
        if not changes:
            return
        message = Message(self._cursor, changes[-1].seq, self._write(changes))
        self._messages.append(message)
        self._cursor = message.cursor
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _write(self, changes: list[Change]) -> str:
        body = {"cursor": changes[-1].seq, "at": _stamp(self._context.clock), **coalesce(changes)}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))

    async def stream(self, after: int | None) -> AsyncIterator[bytes]:
        """Yield server-sent events after cursor ``after`` (``None``: from now on)."""
        self.clients += 1
        try:
            async for event in self._events(after):
                yield event
        finally:
            self.clients -= 1

    async def _events(self, after: int | None) -> AsyncIterator[bytes]:
        mine = self._cursor if after is None else after
        yield self._event("hello", mine, {"cursor": self._cursor})
        while True:
            next_one = self._after(mine)
            lost_the_thread = mine < self._cursor and (not next_one or next_one.before > mine)
            # A cursor from beyond the log is another store's: a demo city made anew, say.
            if lost_the_thread or mine > self._cursor:
                mine = self._cursor
                yield self._event("anew", mine, {"cursor": mine})
            elif next_one:
                # One message at a time: while a slow screen takes it, more may fall out of what
                # is remembered, and then it starts anew instead of waiting for a queue.
                yield next_one.frame
                mine = next_one.cursor
            elif not await self._wait():
                yield self._event("beat", mine, {"cursor": mine})

    def _after(self, cursor: int) -> Message | None:
        """Return the first message beyond a cursor; most screens are at the newest."""
        found = None
        for message in reversed(self._messages):
            if message.cursor <= cursor:
                break
            found = message
        return found

    async def _wait(self) -> bool:
        try:
            async with asyncio.timeout(BEAT_S):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _event(self, name: str, cursor: int, body: dict[str, Any]) -> bytes:
        speed = self._context.settings.simulator_speed
        body = body | {"at": _stamp(self._context.clock), "speed": speed}
        return f"event: {name}\nid: {cursor}\ndata: {json.dumps(body)}\n\n".encode()


def coalesce(changes: Iterable[Change]) -> dict[str, Any]:
    """Return the last word on each incident, sensor, alarm and layer, in the order first heard.

    Parameters
    ----------
    changes : iterable of Change
        In the order of the log.
    """
    incidents: dict[Any, dict[str, Any]] = {}
    readings: dict[Any, list[Any]] = {}
    alarms: dict[Any, dict[str, Any]] = {}
    layers: dict[str, Any] = {}
    for change in changes:
        if change.topic == "incidents":
            for row in change.body["rows"]:
                before = incidents.get(row["id"], {})
                incidents[row["id"]] = row | {"new": row.get("new") or before.get("new", False)}
        elif change.topic == "readings":
            readings |= {row[0]: row for row in change.body["rows"]}
        elif change.topic == "alarms":
            alarms |= {row["id"]: row for row in change.body["rows"]}
        elif change.topic == "layers":
            layers[change.body["layer"]] = change.body["version"]
    return {
        "incidents": list(incidents.values()),
        "readings": list(readings.values()),
        "alarms": list(alarms.values()),
        "layers": layers,
    }


def _stamp(clock: Callable[[], datetime]) -> str:
    return clock().isoformat(timespec="milliseconds")
