"""What can be wrong with a server, and what is said of it: never a password, always what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.rollups import day_number, totals
from geo_data.settings import Settings
from geo_data.store import Store, open_store, server_setup
from geo_data.store.server import WRITERS
from tests.geo_data.small_city import CITY, make_small_city
from tests.postgis_server import PASSWORD, PLAIN, PostgisServer

pytestmark = pytest.mark.postgis


@pytest.fixture
def store(postgis_url: str) -> Iterator[Store]:
    """A store with one reader's connection, and little patience."""
    make_small_city(postgis_url).close()
    settings = Settings(
        database_url=postgis_url,
        database_pool_size=1,
        database_read_timeout_s=0.3,
        database_lock_timeout_s=0.3,
    )
    store = open_store(settings)
    yield store
    store.close()


def fault_of(error: pytest.ExceptionInfo[InputError]) -> str:
    """The one fault's key, after a look at its words."""
    assert error.value.exit_code == 3
    (fault,) = error.value.faults
    for language in ("zh-CN", "en"):
        said = fault.sentence(language)
        assert PASSWORD not in said
        assert "wrong" not in said
        assert fault.remedy(language)
    return fault.key


def test_a_wrong_password(postgis_server: PostgisServer) -> None:
    url = postgis_server.url(postgis_server.fresh(), password="wrong")
    with pytest.raises(InputError) as error:
        open_store(url, CITY, create=True)
    assert fault_of(error) == "server-login"


def test_no_such_database(postgis_server: PostgisServer) -> None:
    with pytest.raises(InputError) as error:
        open_store(postgis_server.url("nowhere"))
    assert fault_of(error) == "server-no-database"


def test_a_database_without_postgis_is_left_as_it_is(postgis_server: PostgisServer) -> None:
    # The extension is the superuser's to add, and the product is an ordinary role.
    name = postgis_server.fresh(PLAIN)
    with pytest.raises(InputError) as error:
        open_store(postgis_server.url(name), CITY, create=True)
    assert fault_of(error) == "server-no-postgis"
    with postgis_server.admin(name) as connection:
        made = connection.execute("SELECT to_regnamespace('yiping')").fetchone()
    assert made == (None,)
    postgis_server.drop(name)


@pytest.mark.parametrize(
    ("oldest", "value", "key"),
    [
        ("OLDEST_SERVER", 990_000, "server-too-old"),
        ("OLDEST_POSTGIS", (99, 0), "server-old-postgis"),
    ],
)
def test_a_server_older_than_what_is_needed(
    postgis_url: str, monkeypatch: pytest.MonkeyPatch, oldest: str, value: object, key: str
) -> None:
    monkeypatch.setattr(server_setup, oldest, value)
    with pytest.raises(InputError) as error:
        open_store(postgis_url, CITY, create=True)
    assert fault_of(error) == key
    assert "99" in error.value.faults[0].sentence("en")


def test_a_reader_that_finds_no_connection_is_told_in_time(store: Store) -> None:
    with store.read(), pytest.raises(InputError) as error, store.read():
        pass
    assert fault_of(error) == "server-busy"
    with store.read() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_a_query_that_takes_too_long_is_ended_by_the_server(store: Store) -> None:
    with pytest.raises(InputError) as error, store.read() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    assert fault_of(error) == "server-slow"
    with store.read() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_a_writer_waits_for_its_turn_only_so_long(
    store: Store, postgis_server: PostgisServer, postgis_url: str
) -> None:
    with postgis_server.admin(postgis_url.rpartition("/")[2]) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (WRITERS,))
        with pytest.raises(InputError) as error, store.write():
            pass
        assert fault_of(error) == "server-locked"
        other.execute("SELECT pg_advisory_unlock(%s)", (WRITERS,))
    with store.write() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


_TELLER = """
import sys
from datetime import UTC, datetime, timedelta
from geo_data.ingest import apply
from geo_data.store import open_store
from tests.geo_data.lived_city import case

store = open_store(sys.argv[1])
now = datetime(2025, 7, 1, 8, tzinfo=UTC)
print("ready", flush=True)
sys.stdin.readline()
for turn in range(8):
    apply(store, [case(str(number), title=f"{sys.argv[2]} {turn}") for number in range(10)], now)
store.close()
"""


def test_two_processes_that_tell_of_the_same_cases_at_once_make_them_once(
    postgis_url: str,
) -> None:
    make_small_city(postgis_url).close()
    root = Path(__file__).parents[3]
    tellers = [
        subprocess.Popen(
            [sys.executable, "-c", _TELLER, postgis_url, name],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("left", "right")
    ]
    for teller in tellers:
        assert teller.stdout is not None
        assert teller.stdout.readline() == "ready\n"
    for teller in tellers:
        assert teller.stdin is not None
        teller.stdin.write("go\n")
        teller.stdin.flush()
    assert [teller.wait(120) for teller in tellers] == [0, 0]
    for teller in tellers:
        teller.communicate()
    store = open_store(postgis_url)
    incidents = store.tables.incidents
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(incidents)) == 10
        reported = connection.scalars(select(incidents.c.reported_at)).all()
    days = [day_number(at, store.city.zone) for at in reported]
    counted = totals(store, Scope.everything(), "c", min(days), max(days))
    assert counted["reported"] == 10
    store.close()
