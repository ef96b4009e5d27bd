"""A table of another's database: every row once, whatever the paging, the kills and the clocks."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import func, select

from geo_data.city import read_city
from geo_data.faults import InputError
from geo_data.ingest import polling, pulling
from geo_data.ingest.foreign_rows import foreign_rows
from geo_data.ingest.polling import Poller
from geo_data.ingest.pulling import Pulls
from geo_data.intakes import Intake
from geo_data.store import Store, open_store
from tests.geo_data.small_city import CITY, make_small_city, middle
from tests.postgis_server import PASSWORD, PostgisServer
from tests.stores import Files, Stores, address_of

NOW = datetime(2025, 7, 1, 4, tzinfo=UTC)
NOON = datetime(2025, 7, 1, 12)
"""The same moment on the city's clock."""
ENVIRONMENT = {"GRID_PASSWORD": PASSWORD}


class Foreign(Protocol):
    """Somebody else's database."""

    url: str
    text: str
    time: str

    def run(self, sql: str, *rows: tuple[Any, ...]) -> None: ...


class ForeignFile:
    text, time = "TEXT", "TEXT"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        sqlite3.connect(path).close()

    def run(self, sql: str, *rows: tuple[Any, ...]) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for row in rows or [()]:
                connection.execute(sql, [str(v) if isinstance(v, date) else v for v in row])


class ForeignServer:
    text, time = "text", "timestamp"

    def __init__(self, server: PostgisServer) -> None:
        self.server, self.name = server, server.fresh()
        self.url = server.url(self.name).replace(f":{PASSWORD}@", "@")

    def run(self, sql: str, *rows: tuple[Any, ...]) -> None:
        address = self.server.url(self.name).replace("+psycopg", "")
        with psycopg.connect(address) as connection:
            for row in rows or [()]:
                connection.execute(sql.replace("?", "%s"), row)


FOREIGN = ["file", pytest.param("server", marks=pytest.mark.postgis)]


@pytest.fixture(params=FOREIGN)
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Foreign]:
    if request.param == "file":
        yield ForeignFile(tmp_path / "grid.db")
        return
    server: PostgisServer = request.getfixturevalue("postgis_server")
    made = ForeignServer(server)
    yield made
    server.drop(made.name)


@pytest.fixture
def foreign_server(postgis_server: PostgisServer) -> Iterator[ForeignServer]:
    made = ForeignServer(postgis_server)
    yield made
    postgis_server.drop(made.name)


def table_of(url: str, **more: Any) -> dict[str, Any]:
    way = {"url": url, "table": "told", "mark": "changed", **more}
    return way if url.startswith("sqlite") else {"password-env": "GRID_PASSWORD", **way}


def readings(url: str, key: str = "iot", **more: Any) -> Intake:
    return Intake.model_validate(
        {
            **{"key": key, "tells": "observations", "table": table_of(url, **more)},
            "fields": {"sensor-code": "dev", "value": "val", "observed-at": "ts"},
        }
    )


def make_readings(foreign: Foreign, mark: str | None = None) -> None:
    foreign.run(
        f"CREATE TABLE told (dev {foreign.text}, val real, ts {foreign.time}, "
        f"changed {mark or foreign.time}, phone {foreign.text})"
    )


def add_readings(foreign: Foreign, *rows: tuple[Any, ...]) -> None:
    foreign.run("INSERT INTO told VALUES (?, ?, ?, ?, '13800000000')", *rows)


def opened(stores: Stores, *intakes: Intake) -> Store:
    address = stores.new()
    make_small_city(address).close()
    return open_store(address, CITY.model_copy(update={"intakes": intakes}), create=True)


def poller_of(store: Store, intake: Intake, at: datetime = NOW) -> Callable[[], None]:
    """Return what does one round, as one process would."""
    poller = Poller(store, intake, lambda: at)

    def one_round() -> None:
        with foreign_rows(intake, ENVIRONMENT) as rows:
            poller.round(rows, lambda: True, lambda: None)

    return one_round


def rows(store: Store, table: str = "observations") -> int:
    with store.read() as connection:
        counted = select(func.count()).select_from(getattr(store.tables, table))
        return int(connection.scalar(counted) or 0)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def second(n: int) -> datetime:
    return NOON - timedelta(hours=1) + timedelta(seconds=n)


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


MARKED: list[tuple[str, list[Any]]] = [
    ("timestamptz", [NOW - timedelta(minutes=n) for n in (9, 9, 3)]),
    ("date", [date(2025, 6, 29), date(2025, 6, 30), date(2025, 6, 30)]),
    ("bigint", [1, 1, 2**40]),
    ("numeric", [1, 1, 7]),
    ("double precision", [0.1, 0.1, 0.7]),
    ("text", ["2025-07-01T11:00:00", "2025-07-01T11:00:00.25", "2025-07-01T11:00:01"]),
]


@pytest.mark.parametrize(("kind", "given_marks"), MARKED, ids=[kind for kind, _ in MARKED])
@pytest.mark.postgis
def test_every_kind_of_mark(
    foreign_server: ForeignServer, tmp_path: Path, kind: str, given_marks: list[Any]
) -> None:
    make_readings(foreign_server, kind)
    intake = readings(foreign_server.url, limit=1)
    store = opened(Files(tmp_path), intake)
    for n, mark in enumerate(given_marks):
        add_readings(foreign_server, ("s1", 1, second(n), mark))
        poller_of(store, intake)()
        assert rows(store) == n + 1
    store.close()


@pytest.mark.postgis
def test_one_broken_time_stops_nobody_else(foreign_server: ForeignServer, tmp_path: Path) -> None:
    make_readings(foreign_server)
    intake = readings(foreign_server.url)
    store = opened(Files(tmp_path), intake)
    for n, when in enumerate(("infinity", "-infinity", "0044-03-15 BC", str(second(7)))):
        add_readings(foreign_server, ("s1", 1, when, second(n)), ("s2", 1, second(n), when))
    for _ in range(2):
        poller_of(store, intake)()
    assert (rows(store), rows(store, "dead_letters")) == (5, 3)
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


@pytest.mark.postgis
def test_nothing_is_written_there_and_nobody_is_held_up(
    foreign_server: ForeignServer, tmp_path: Path
) -> None:
    make_readings(foreign_server)
    foreign_server.run(
        "CREATE FUNCTION meddle() RETURNS text LANGUAGE plpgsql VOLATILE AS "
        "$$ BEGIN DELETE FROM told; RETURN 's1'; END $$"
    )
    given_as = "1 AS val, now() AS ts, now() AS changed"
    foreign_server.run(f"CREATE VIEW meddling AS SELECT meddle() AS dev, {given_as}")
    foreign_server.run(f"CREATE VIEW slow AS SELECT pg_sleep(60)::text AS dev, {given_as}")
    store = opened(Files(tmp_path))
    for view, said in (("meddling", "read-only"), ("slow", "timeout")):
        intake = readings(foreign_server.url, table=view, **{"timeout-s": 1})
        with pytest.raises(InputError) as error:
            poller_of(store, intake)()
        (fault,) = error.value.faults
        assert fault.key == "table-unread"
        assert said in fault.sentence("en")
    store.close()


def test_a_file_is_not_written_and_not_asked_for_ever(tmp_path: Path) -> None:
    foreign = ForeignFile(tmp_path / "grid.db")
    make_readings(foreign)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    said = f"{endless} SELECT 's1' AS dev, i AS val, '' AS ts, i AS changed FROM n WHERE i < 0"
    foreign.run(f"CREATE VIEW slow AS {said}")
    before = foreign.path.read_bytes()
    intake = readings(foreign.url, table="slow", **{"timeout-s": 1})
    store = opened(Files(tmp_path))
    with pytest.raises(InputError, match="interrupted"):
        poller_of(store, intake)()
    assert foreign.path.read_bytes() == before
    with pytest.raises(InputError, match="unable to open"):
        poller_of(store, readings(f"sqlite:///{tmp_path}/no.db"))()
    assert not (tmp_path / "no.db").exists()
    store.close()


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
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
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


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"url": "postgresql+psycopg://a:secret@h/b"}, "password"),
        ({"url": "nonsense"}, "fault"),
        ({"limit": 0}, "limit"),
        ({"mark": ""}, "mark"),
    ],
)
def test_what_cannot_be_declared(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        Intake.model_validate(
            {"key": "a", "tells": "stages", "table": table_of("sqlite:///a.db") | more}
        )
    assert said in str(error.value.errors(include_input=False))
    assert "secret" not in str(error.value.errors(include_input=False))


def test_columns_that_are_not_there_are_named(tmp_path: Path) -> None:
    foreign = ForeignFile(tmp_path / "grid.db")
    make_readings(foreign)
    store = opened(Files(tmp_path))
    for intake, key, near in (
        (readings(foreign.url, mark="chaged"), "no-table-column", "changed"),
        (readings(foreign.url, table="tld"), "no-table", "told"),
    ):
        with pytest.raises(InputError) as error:
            poller_of(store, intake)()
        (fault,) = error.value.faults
        assert (fault.key, fault.values["nearest"]) == (key, near)
    store.close()


def test_a_page_of_marks_that_are_none_is_told(tmp_path: Path) -> None:
    foreign = ForeignFile(tmp_path / "grid.db")
    make_readings(foreign)
    add_readings(foreign, *(("s1", 1, second(n), "soon") for n in range(3)))
    intake = readings(foreign.url, limit=2)
    store = opened(Files(tmp_path), intake)
    with pytest.raises(InputError, match="soon"):
        poller_of(store, intake)()
    store.close()


def test_a_city_file_names_a_file_beside_it(tmp_path: Path, example_city: Path) -> None:
    folder = tmp_path / "city"
    folder.mkdir()
    more = '[[intakes]]\nkey = "grid"\ntells = "stages"\n[intakes.table]\n'
    way = 'url = "sqlite:///grid.db"\ntable = "t"\nmark = "id"\n'
    for source in example_city.parent.iterdir():
        (folder / source.name).symlink_to(source)
    (folder / "mine.toml").write_text(
        example_city.read_text("utf-8") + "\n" + more + way, encoding="utf-8"
    )
    (intake,) = read_city(folder / "mine.toml").intakes
    assert intake.table is not None
    assert intake.table.url == f"sqlite:///{folder}/grid.db"
    (folder / "mine.toml").write_text(
        example_city.read_text("utf-8") + "\n" + more + way + "evry-s = 5\n", encoding="utf-8"
    )
    with pytest.raises(InputError) as error:
        read_city(folder / "mine.toml")
    assert error.value.faults[0].values == {"key": "evry-s", "nearest": "every-s"}
