"""A table of another's database: every row once, whatever the paging, the kills and the clocks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from geo_data.ingest import polling, pulling
from geo_data.ingest.pulling import Pulls
from geo_data.intakes import Intake
from geo_data.store import Store, open_store
from tests.geo_data.foreign import (
    ENVIRONMENT,
    NOW,
    Foreign,
    ForeignFile,
    ForeignServer,
    add_readings,
    make_readings,
    opened,
    poller_of,
    readings,
    rows,
    second,
    table_of,
    until,
)
from tests.geo_data.small_city import middle
from tests.postgis_server import PASSWORD
from tests.stores import Files, Stores, address_of


def test_many_rows_of_one_mark_are_read_page_by_page(stores: Stores, foreign: Foreign) -> None:
    make_readings(foreign)
    add_readings(foreign, *((f"s{n % 5 + 1}", 1, second(n), second(0)) for n in range(250)))
    add_readings(foreign, *(("s1", 1, second(300 + n), second(n // 50)) for n in range(120)))
    intake = readings(foreign.url, limit=7)
    store = opened(stores, intake)
    one_round = poller_of(store, intake)
    one_round()
    assert rows(store) == 370
    assert store.city.intakes[0].table == intake.table
    told: list[int] = []
    store.after_commit(lambda: told.append(1))
    one_round()
    assert told == [], "what is known is not written again"
    store.close()


def test_whoever_commits_late_is_not_missed(stores: Stores, foreign: Foreign) -> None:
    make_readings(foreign)
    intake = readings(foreign.url, limit=10)
    store = opened(stores, intake)
    one_round = poller_of(store, intake)
    add_readings(foreign, *(("s1", 1, second(n), second(n)) for n in range(1000)))
    one_round()
    # Four minutes before the newest, and one of the very same moment.
    add_readings(foreign, ("s2", 1, second(1), second(760)), ("s3", 1, second(1), second(999)))
    one_round()
    assert rows(store) == 1002
    store.close()


def test_a_mark_of_the_future_hides_nothing(stores: Stores, foreign: Foreign) -> None:
    make_readings(foreign)
    intake = readings(foreign.url)
    store = opened(stores, intake)
    one_round = poller_of(store, intake)
    add_readings(foreign, ("s1", 1, second(0), second(0)))
    add_readings(foreign, ("s1", 1, second(1), datetime(2099, 1, 1)))
    one_round()
    add_readings(foreign, ("s1", 1, second(2), second(2)))
    one_round()
    assert rows(store) == 3
    store.close()


def test_a_table_that_begins_anew_is_read_from_its_beginning(
    stores: Stores, foreign: Foreign
) -> None:
    make_readings(foreign, "integer")
    intake = readings(foreign.url)
    store = opened(stores, intake)
    one_round = poller_of(store, intake)
    add_readings(foreign, *(("s1", 1, second(n), 90_000 + n) for n in range(5)))
    one_round()
    foreign.run("DELETE FROM told")
    one_round()
    add_readings(foreign, *(("s1", 1, second(10 + n), n) for n in range(5)))
    one_round()
    assert rows(store) == 10
    # And goes on from there.
    add_readings(foreign, ("s1", 1, second(30), 5))
    one_round()
    assert rows(store) == 11
    store.close()


def test_cases_and_their_steps(stores: Stores, foreign: Foreign) -> None:
    lon, lat = middle("t0g0")
    foreign.run(
        f"CREATE TABLE orders (工单号 integer, 标题 {foreign.text}, 类别 {foreign.text}, "
        f"时间 {foreign.time}, x numeric, y numeric, changed {foreign.time})"
    )
    put = "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)"
    foreign.run(put, (7, "积水", "道路积水", second(0), lon, lat, second(5)))
    foreign.run(put, (8, "?", "什么", second(0), lon, lat, second(6)))
    foreign.run(f"CREATE TABLE told (n integer, s {foreign.text}, changed {foreign.time})")
    foreign.run("INSERT INTO told VALUES (7, '派遣', ?)", (second(9),))
    cases = Intake.model_validate(
        {
            **{"key": "hotline", "tells": "incidents", "channel": "hotline"},
            **{"severity": 4},
            "table": table_of(foreign.url, table="orders"),
            "fields": {
                **{"source-id": "工单号", "title": "标题", "category": "类别", "lon": "x"},
                **{"happened-at": "时间", "reported-at": "时间", "lat": "y"},
            },
            "values": {"category": {"道路积水": "0406"}},
        }
    )
    steps = Intake.model_validate(
        {
            **{"key": "steps", "tells": "stages", "source": "hotline"},
            "table": table_of(foreign.url),
            "fields": {"source-id": "n", "stage": "s", "happened-at": "changed"},
            "values": {"stage": {"派遣": "dispatched"}},
        }
    )
    store = opened(stores, cases, steps)
    poller_of(store, steps)()
    poller_of(store, cases)()
    with store.read() as connection:
        table = store.tables.incidents
        (row,) = connection.execute(select(table.c.source_id, table.c.stage, table.c.happened_at))
    assert tuple(row) == ("7", "dispatched", NOW - timedelta(hours=1))
    assert rows(store, "dead_letters") == 1
    # Another process does not put it aside a second time.
    poller_of(store, cases)()
    assert rows(store, "dead_letters") == 1
    foreign.run("UPDATE orders SET 类别 = '道路积水', changed = ? WHERE 工单号 = 8", (second(60),))
    poller_of(store, cases)()
    assert rows(store, "incidents") == 2
    store.close()


def test_times_without_an_offset_are_of_the_intakes_zone(tmp_path: Path) -> None:
    foreign = ForeignFile(tmp_path / "grid.db")
    make_readings(foreign)
    add_readings(foreign, ("s1", 1, "2025-07-01 03:00:00", "2025-07-01 03:00:00"))
    intake = readings(foreign.url).model_copy(update={"timezone": "UTC"})
    store = opened(Files(tmp_path), intake)
    poller_of(store, intake)()
    with store.read() as connection:
        (at,) = connection.scalars(select(store.tables.observations.c.observed_at))
    assert at == NOW - timedelta(hours=1)
    store.close()


@pytest.mark.parametrize("since", [second(90), second(90).replace(tzinfo=UTC) - timedelta(hours=8)])
def test_what_is_older_than_asked_for_is_left_out(
    foreign: Foreign, tmp_path: Path, since: datetime
) -> None:
    make_readings(foreign)
    intake = readings(foreign.url, since=since)
    store = opened(Files(tmp_path), intake)
    poller_of(store, intake)()
    add_readings(foreign, *(("s1", 1, second(n), second(n)) for n in range(100)))
    poller_of(store, intake)()
    assert rows(store) == 10
    store.close()


def test_a_source_that_is_gone_is_told_of_and_comes_back(
    stores: Stores, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "FIRST_S", 0.1)
    monkeypatch.setattr(pulling, "LONGEST_S", 0.2)
    make_readings(foreign)
    add_readings(foreign, ("s1", 1, second(0), second(0)))
    store = opened(stores, readings(foreign.url, **{"every-s": 1}))
    pulls = Pulls(store, lambda: NOW, ENVIRONMENT)
    pulls.start()
    until(lambda: rows(store) == 1)
    _take_away(foreign)
    until(lambda: bool(pulls.troubles()))
    assert pulls.troubles()[0].key in {"database-refused", "table-unread"}
    assert PASSWORD not in pulls.troubles()[0].sentence("en")
    _give_back(foreign)
    add_readings(foreign, ("s1", 1, second(1), second(1)))
    until(lambda: rows(store) == 2 and not pulls.troubles())
    pulls.stop()
    store.close()


def _take_away(foreign: Foreign) -> None:
    if isinstance(foreign, ForeignFile):
        foreign.path.rename(foreign.path.with_suffix(".away"))
        return
    assert isinstance(foreign, ForeignServer)
    with foreign.server.admin("postgres") as connection:
        connection.execute(f"ALTER DATABASE {foreign.name} WITH ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (foreign.name,),
        )


def _give_back(foreign: Foreign) -> None:
    if isinstance(foreign, ForeignFile):
        foreign.path.with_suffix(".away").rename(foreign.path)
        return
    assert isinstance(foreign, ForeignServer)
    with foreign.server.admin("postgres") as connection:
        connection.execute(f"ALTER DATABASE {foreign.name} WITH ALLOW_CONNECTIONS true")


class Killed(BaseException):
    """This process ends here."""


_blocks = count()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("polling")
    store = opened(Files(folder))
    yield store
    store.close()


@given(
    marks=st.lists(st.integers(0, 6), min_size=1, max_size=24),
    bad=st.sets(st.integers(0, 23), max_size=4),
    limit=st.integers(1, 5),
    overlap=st.integers(6, 9),
    acts=st.lists(st.sampled_from(["add", "round", "killed", "killed after"]), max_size=16),
)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_any_order_any_paging_any_kill_is_the_same_in_the_end(
    shared: Store,
    tmp_path_factory: pytest.TempPathFactory,
    marks: list[int],
    bad: set[int],
    limit: int,
    overlap: int,
    acts: list[str],
) -> None:
    """Marks come in any order within the overlap; each third row is refused."""
    block = next(_blocks)
    foreign = ForeignFile(tmp_path_factory.mktemp("foreign") / "grid.db")
    make_readings(foreign, "integer")
    key = f"iot-{block}"
    intake = readings(foreign.url, key, limit=limit, overlap=overlap)
    told = [
        ("nobody" if n in bad else "s1", 1, second(-block * 100 - n), mark)
        for n, mark in enumerate(marks)
    ]
    waiting = list(told)
    one_round = poller_of(shared, intake)
    for act in [*acts, *["add"] * len(told), "round"]:
        if act == "add":
            if waiting:
                add_readings(foreign, waiting.pop(0))
            continue
        with pytest.MonkeyPatch.context() as patch:
            if act == "killed":
                patch.setattr(polling, "keep", _killed)
            elif act == "killed after":
                patch.setattr(polling, "receive", _killed_after)
            try:
                one_round()
            except Killed:
                one_round = poller_of(shared, intake)
    table, letters = shared.tables.observations, shared.tables.dead_letters
    with shared.read() as connection:
        times = connection.scalars(select(table.c.observed_at)).all()
        aside = select(func.count()).select_from(letters).where(letters.c.source == key)
        refused = connection.scalar(aside)
    mine = {ts.replace(tzinfo=UTC) - timedelta(hours=8) for dev, _, ts, _ in told if dev == "s1"}
    assert mine <= set(times)
    assert refused == len(bad & set(range(len(marks))))


def _killed(*_: Any) -> None:
    raise Killed


def _killed_after(*given_to: Any) -> None:
    from geo_data.ingest.receiving import receive

    receive(*given_to)
    raise Killed


PROGRAM = """
import sys
from datetime import UTC, datetime
from threading import Event
from geo_data.ingest.pulling import Pulls
from geo_data.store import open_store
store = open_store(sys.argv[1])
Pulls(store, lambda: datetime(2025, 7, 1, 4, tzinfo=UTC), {"GRID_PASSWORD": sys.argv[2]}).start()
Event().wait()
"""


def test_killed_in_the_middle_again_and_again(stores: Stores, foreign: Foreign) -> None:
    make_readings(foreign)
    known = [(f"s{n % 5 + 1}", 1, second(n), second(n // 400)) for n in range(1_500)]
    strange = [("nobody", 1, second(n), second(n // 4)) for n in range(20)]
    foreign.run("INSERT INTO told VALUES (?, ?, ?, ?, '')", *known, *strange)
    store = opened(stores, readings(foreign.url, limit=20))
    address = address_of(store)
    for _ in range(2):
        before = rows(store)
        program = subprocess.Popen([sys.executable, "-c", PROGRAM, str(address), PASSWORD])
        until(lambda before=before: rows(store) > min(before + 200, 1_499))  # type: ignore[misc]
        os.kill(program.pid, signal.SIGKILL)
        program.wait(10)
    poller_of(store, store.city.intakes[0])()
    assert (rows(store), rows(store, "dead_letters")) == (1_500, 20)
    store.close()


def test_one_of_two_processes_reads(stores: Stores, tmp_path: Path) -> None:
    foreign = ForeignFile(tmp_path / "grid.db")
    make_readings(foreign)
    add_readings(foreign, *(("nobody", 1, second(n), second(n)) for n in range(50)))
    store = opened(stores, readings(foreign.url, limit=5))
    other = open_store(address_of(store))
    both = [Pulls(one, lambda: NOW, ENVIRONMENT) for one in (store, other)]
    for pulls in both:
        pulls.start()
    until(lambda: rows(store, "dead_letters") >= 50)
    for pulls in both:
        pulls.stop()
    assert rows(store, "dead_letters") == 50
    other.close()
    store.close()
