"""The change log: read by cursor, nothing missed, nothing told to whom it does not concern."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from geo_data.feed import Publisher, changes_after, cursor, prune, reaches
from geo_data.ingest import Reading, apply
from geo_data.records import Scope
from geo_data.store import Store, note_layer, open_store
from tests.geo_data.lived_city import NOON, case, first_cases, hours
from tests.geo_data.small_city import AT, CITY, make_small_city
from tests.stores import Stores

ALL = Scope.everything()


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    store = make_small_city(stores.new())
    yield store
    store.close()


def commit(store: Store, n: int) -> None:
    apply(store, [Reading("s0", 0.2, NOON + timedelta(seconds=n))], NOON + hours(1))


def test_an_empty_log(stores: Stores) -> None:
    store = open_store(stores.new(), CITY, create=True)
    assert (cursor(store), changes_after(store, ALL, 0)) == (0, [])
    assert reaches(store, 0)
    assert not reaches(store, 5)
    assert prune(store, NOON) == 0
    store.close()


def test_read_in_parts_it_is_the_same(store: Store) -> None:
    start = cursor(store)
    for n in range(7):
        commit(store, n)
    whole = changes_after(store, ALL, start)
    assert [change.seq for change in whole] == list(range(start + 1, start + 8))
    parts, at = [], start
    while part := changes_after(store, ALL, at, limit=3):
        parts += part
        at = part[-1].seq
    assert parts == whole
    assert at == cursor(store)


def test_what_a_change_tells(store: Store) -> None:
    start = cursor(store)
    apply(store, [case("1", lon=121.205, lat=31.005)], NOON)
    apply(store, [Reading("s0", 0.1, NOON)], NOON)
    cases, readings = changes_after(store, ALL, start)
    assert (cases.topic, cases.at) == ("incidents", NOON)
    (row,) = cases.body["rows"]
    assert (row["region"], row["stage"], row["new"]) == ("t0g0", "found", True)
    assert readings.topic == "readings"
    ((_, value, state),) = readings.body["rows"]
    assert (value, state) == (0.1, 2)


def test_scopes_hear_of_their_own_and_their_cursor_moves_on(store: Store) -> None:
    start = cursor(store)
    apply(store, first_cases(), NOON + hours(12))
    apply(store, [Reading(f"s{n}", 0.2, NOON) for n in range(6)], NOON + hours(12))

    def told(scope: Scope) -> tuple[set[str | None], int]:
        cases, readings = changes_after(store, scope, start)
        assert readings.seq == cursor(store)
        return {row["region"] for row in cases.body["rows"]}, len(readings.body["rows"])

    assert told(ALL) == (
        {None, *(f"t{n}g{g}" for n in range(2) for g in range(4)), "t2g0", "t2g1"},
        6,
    )
    assert told(Scope(region_code="t1")) == ({f"t1g{g}" for g in range(4)}, 2)
    assert told(Scope(region_code="t2g1")) == ({"t2g1"}, 0)
    assert told(Scope(region_code="c"))[0] == told(ALL)[0]
    assert told(Scope(kinds=frozenset({"noise"})))[1] == 3


def test_layers_concern_everybody(store: Store) -> None:
    changes = changes_after(store, Scope(region_code="t2"), 0)
    assert {change.body["layer"] for change in changes} >= {"regions/town", "sensors"}


def test_pruning_keeps_the_end(store: Store) -> None:
    for n in range(3):
        commit(store, n)
    end = cursor(store)
    assert reaches(store, 0)
    gone = prune(store, NOON + hours(2))
    assert gone == end - 1
    assert cursor(store) == end
    assert changes_after(store, ALL, end) == []
    assert [reaches(store, at) for at in (0, end - 2, end - 1, end, end + 1)] == [
        *(False, False, True, True, False)
    ]
    commit(store, 9)
    assert [change.seq for change in changes_after(store, ALL, end)] == [end + 1]


def test_pruning_leaves_what_is_younger(store: Store) -> None:
    end = cursor(store)
    commit(store, 1)
    commit(store, 2)
    assert prune(store, NOON) == end
    assert len(changes_after(store, ALL, 0)) == 2


def test_a_publisher_wakes_across_threads_and_loses_nothing(store: Store) -> None:
    """A reader that waits only when it has read everything hears of every one of 60 commits."""

    async def read_all(publisher: Publisher, start: int) -> list[int]:
        seen: list[int] = []
        with publisher.listen() as listener:
            threads = [
                threading.Thread(target=lambda at=at: [commit(store, at + n) for n in range(20)])
                for at in (0, 100, 200)
            ]
            for thread in threads:
                thread.start()
            while len(seen) < 60:
                seen += [change.seq for change in changes_after(store, ALL, start, 7)]
                start = seen[-1] if seen else start
                if len(seen) < 60 and not changes_after(store, ALL, start, 1):
                    assert await listener.wait(timeout_s=10)
            for thread in threads:
                thread.join()
        return seen

    publisher, start = Publisher(store), cursor(store)
    seen = asyncio.run(read_all(publisher, start))
    assert seen == list(range(start + 1, start + 61))
    publisher.close()


def test_waiting_ends_by_a_commit_or_in_time(store: Store) -> None:
    async def listen() -> list[bool]:
        publisher = Publisher(store)
        with publisher.listen() as listener:
            heard = [await listener.wait(timeout_s=0.01)]
            await asyncio.to_thread(commit, store, 1)
            await asyncio.to_thread(commit, store, 2)
            heard.append(await listener.wait(timeout_s=5))
            heard.append(await listener.wait(timeout_s=0.01))
            publisher.close()
            await asyncio.to_thread(commit, store, 3)
            heard.append(await listener.wait(timeout_s=0.01))
        return heard

    assert asyncio.run(listen()) == [False, True, False, False]


def test_a_listener_of_a_loop_that_is_gone_does_no_harm(store: Store) -> None:
    publisher = Publisher(store)

    async def leave_without_saying() -> None:
        publisher.listen().__enter__()

    asyncio.run(leave_without_saying())
    with store.write() as connection:
        note_layer(connection, store.tables, "readings", at=AT)
    publisher.publish()
    publisher.close()
