"""Messages for screens: the last word on everything, in order, never a queue."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard import live as live_module
from dashboard.live import Live, Message, coalesce
from geo_data.feed import Change

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
        return [await anext(stream) for _ in range(n)]
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
