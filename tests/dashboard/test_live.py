"""Messages for screens: the last word on everything, in order, never a queue."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard import chores
from dashboard import live as live_module
from dashboard.context import Context
from dashboard.live import Live, Message, coalesce
from geo_data import feed, queries
from geo_data.feed import Change
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store, write_layer

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


def change(seq: int, topic: str, body: dict[str, Any]) -> Change:
    return Change(seq=seq, at=AT, topic=topic, body=body)


def test_coalescing_keeps_the_last_word_and_remembers_what_is_new() -> None:
    said = coalesce(
        [
            change(1, "incidents", {"rows": [{"id": 7, "stage": "found", "new": True}]}),
            change(2, "readings", {"rows": [[1, 0.5, 0], [2, 0.7, 0]]}),
            change(3, "incidents", {"rows": [{"id": 7, "stage": "filed", "new": False}]}),
            change(4, "readings", {"rows": [[1, 0.9, 2]]}),
            change(5, "layers", {"layer": "regions/grid", "version": 3}),
        ]
    )
    assert said["incidents"] == [{"id": 7, "stage": "filed", "new": True}]
    assert said["readings"] == [[1, 0.9, 2], [2, 0.7, 0]]
    assert said["layers"] == {"regions/grid": 3}


def make_live(monkeypatch: pytest.MonkeyPatch, kept: list[Message], cursor: int) -> Live:
    monkeypatch.setattr(live_module, "BEAT_S", 0.01)
    settings = SimpleNamespace(simulator_speed=1.0)
    live = Live(SimpleNamespace(settings=settings, clock=lambda: AT))  # type: ignore[arg-type]
    live._messages.extend(kept)
    live._cursor = cursor
    return live


async def take(live: Live, after: int | None, n: int) -> list[str]:
    stream = live.stream(after)
    try:
        return [(await anext(stream)).decode() for _ in range(n)]
    finally:
        await stream.aclose()


def names(events: list[str]) -> list[str]:
    return [event.split("\n")[0].removeprefix("event: ") for event in events]


def test_a_screen_that_comes_back_gets_what_it_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [Message(0, 3, '{"cursor":3}'), Message(3, 8, '{"cursor":8}')]
    events = asyncio.run(take(make_live(monkeypatch, kept, 8), 3, 3))
    assert names(events) == ["hello", "change", "beat"]
    assert "id: 8" in events[1]


def test_a_screen_too_far_behind_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [Message(50, 60, '{"cursor":60}')]
    events = asyncio.run(take(make_live(monkeypatch, kept, 60), 10, 3))
    assert names(events) == ["hello", "anew", "beat"]
    assert json.loads(events[1].split("data: ")[1])["cursor"] == 60


def test_a_cursor_from_another_store_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    events = asyncio.run(take(make_live(monkeypatch, [], 5), 900, 2))
    assert names(events) == ["hello", "anew"]


def test_a_slow_screen_has_no_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it takes one message, more come than are remembered: it is sent a fresh start."""
    live = make_live(monkeypatch, [Message(0, 1, "{}")], 1)

    async def watch() -> list[str]:
        stream = live.stream(0)
        events = [await anext(stream), await anext(stream)]
        for cursor in range(1, 2 * live_module.REMEMBERED):
            live._messages.append(Message(cursor, cursor + 1, "{}"))
            live._cursor = cursor + 1
        events.append(await anext(stream))
        await stream.aclose()
        return names([event.decode() for event in events])

    assert asyncio.run(watch()) == ["hello", "change", "anew"]


def test_a_commit_is_passed_on_at_once(
    clearbay: Store, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """Not at the next look: the store itself says that something was written."""
    monkeypatch.setattr(live_module, "LOOK_S", 60.0)
    monkeypatch.setattr(live_module, "GATHER_S", 0.0)
    live = Live(Context(Settings(), clearbay, lambda: now))
    layer = "places/park"
    frame = queries.places(clearbay, Scope.everything(), ["park"])

    async def hear() -> str:
        await live.start()
        stream = live.stream(None)
        await anext(stream)
        await asyncio.sleep(0.05)
        await asyncio.to_thread(write_layer, clearbay, layer, frame, "test", now)
        event = await asyncio.wait_for(anext(stream), 10)
        await stream.aclose()
        await live.stop()
        return event.decode()

    said = asyncio.run(hear())
    assert names([said]) == ["change"]
    assert layer in json.loads(said.split("data: ")[1])["layers"]


def test_the_log_of_a_wall_that_runs_for_weeks_stays_short(
    clearbay: Store, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(chores, "PRUNE_S", 0.01)
    frame = queries.places(clearbay, Scope.everything(), ["park"])
    later = now + timedelta(days=9)
    for at in (now, now + timedelta(days=5), later):
        write_layer(clearbay, "places/park", frame, "test", at)
    first, last = feed.changes_after(clearbay, Scope.everything(), 0)[0].seq, feed.cursor(clearbay)

    async def run() -> None:
        context = Context(Settings(), clearbay, lambda: later)
        kept = chores.chores_of(context)
        kept.start()
        while feed.reaches(clearbay, first):
            await asyncio.sleep(0.01)
        await kept.stop()
        assert kept.troubles() == []

    asyncio.run(asyncio.wait_for(run(), 20))
    kept = feed.changes_after(clearbay, Scope.everything(), 0)
    assert [change.at for change in kept] == [later]
    assert feed.cursor(clearbay) == last
