"""Reads go to a read-only copy of the server's database while it knows what this process knows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from dashboard.server import create_server
from geo_data.feed import cursor
from geo_data.ingest import apply
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from geo_data.store import replica as replica_
from geo_data.store.connections import ServerOptions, plain_connection, server_url
from tests.geo_data.lived_city import NOON, case, make_lived_city, opened
from tests.postgis_server import PostgisServer

DATABASE = text("SELECT current_database()")
Copies = Callable[[str], str]


@pytest.fixture
def city(postgis_url: str) -> str:
    make_lived_city(postgis_url).close()
    return postgis_url


@pytest.fixture
def copies(postgis_server: PostgisServer) -> Iterator[Copies]:
    """Gives the address of a copy of a database that nobody is connected to."""
    made: list[str] = []

    def copy(address: str) -> str:
        made.append(postgis_server.fresh(address.rpartition("/")[2]))
        return postgis_server.url(made[-1])

    yield copy
    for name in made:
        postgis_server.drop(name)


def settings(database: str, copy: str, **more: object) -> Settings:
    given = {"database_url": database, "database_replica_url": copy, **more}
    return Settings.model_validate(given)


def read_from(store: Store) -> str:
    with store.read() as connection:
        return str(connection.scalar(DATABASE))


def keys(store: Store) -> list[str]:
    return [notice.key for notice in store.notices()]


def name_of(address: str) -> str:
    return address.rpartition("/")[2]


def follow(database: str, copy: str) -> None:
    """What replication does, as far as the number of commits goes."""
    query = "SELECT value FROM meta WHERE key = 'commits'"
    with plain_connection(server_url(database)) as ours:
        (number,) = ours.execute(query).fetchone() or ("",)
    with plain_connection(server_url(copy)) as theirs:
        theirs.execute("UPDATE meta SET value = %s WHERE key = 'commits'", (number,))


def test_a_copy_that_follows_is_read(city: str, copies: Copies) -> None:
    copy = copies(city)
    with opened(open_store(settings(city, copy))) as store:
        assert read_from(store) == name_of(copy)
        assert keys(store) == []
        with store.write() as connection:
            assert connection.scalar(DATABASE) == name_of(city)


def test_what_was_written_is_read_back_though_the_copy_is_behind(
    city: str, copies: Copies, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(replica_, "LATE_S", 0.0)
    caplog.set_level(logging.WARNING, replica_.__name__)
    copy = copies(city)
    with opened(open_store(settings(city, copy))) as store:
        before = cursor(store)
        apply(store, [case("new", 1)], NOON)
        assert cursor(store) > before
        assert read_from(store) == name_of(city)
        assert keys(store) == keys(store) == ["replica-behind"]
        follow(city, copy)
        assert read_from(store) == name_of(copy)
        assert keys(store) == []
    assert len(caplog.messages) == 2
    assert "is behind" in caplog.messages[0]
    assert "again" in caplog.messages[1]


def test_some_moments_behind_are_not_worth_a_word(
    city: str, copies: Copies, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(open_store(settings(city, copies(city)))) as store:
        apply(store, [case("new", 1)], NOON)
        assert read_from(store) == name_of(city)
        assert keys(store) == []
    assert caplog.messages == []


def test_a_copy_behind_another_process_is_not_read(city: str, copies: Copies) -> None:
    """A process that starts asks the database how far it is."""
    copy = copies(city)
    with opened(open_store(city)) as other:
        apply(other, [case("new", 1)], NOON)
    with opened(open_store(settings(city, copy))) as store:
        assert read_from(store) == name_of(city)


def test_a_copy_that_goes_and_comes_back(
    city: str,
    copies: Copies,
    postgis_server: PostgisServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(replica_, "AGAIN_S", 0.0)
    copy = copies(city)
    with opened(open_store(settings(city, copy))) as store:
        assert read_from(store) == name_of(copy)
        postgis_server.drop(name_of(copy))
        assert [read_from(store), read_from(store)] == [name_of(city)] * 2
        assert keys(store) == ["replica-gone"]
        assert postgis_server.url("").rpartition(":")[0] not in caplog.text
        postgis_server.make(name_of(copy), "template_postgis")
        assert keys(store) == ["replica-gone"], "an empty database is no copy"
    assert len(caplog.messages) == 1


def test_a_copy_out_of_reach_is_left_alone_for_a_while(city: str) -> None:
    now = [100.0]
    nowhere = "postgresql+psycopg://x:secret@127.0.0.1:1/x"
    options = ServerOptions()
    copy = replica_.Replica(nowhere, "c", options, clock=lambda: now[0])
    assert copy.connection(0) is None
    notice = copy.notice()
    assert notice is not None
    assert "secret" not in notice.sentence("en")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copy._engine, "connect", lambda: pytest.fail("asked too soon"))
        now[0] += replica_.AGAIN_S - 1
        assert copy.connection(0) is None
    now[0] += 2
    assert copy.connection(0) is None
    copy.close()


def test_a_copy_of_another_city_is_not_read(city: str, copies: Copies) -> None:
    copy = copies(city)
    with psycopg.connect(copy.replace("+psycopg", "")) as connection:
        connection.execute(
            'UPDATE yiping.meta SET value = replace(value, \'"code":"c"\', \'"code":"d"\') '
            "WHERE key = 'city'"
        )
    with opened(open_store(settings(city, copy))) as store:
        assert read_from(store) == name_of(city)
        assert keys(store) == ["replica-gone"]


def test_readyz_tells(city: str, clock: Callable[[], datetime], tmp_path: Path) -> None:
    nowhere = "postgresql+psycopg://x:secret@127.0.0.1:1/x"
    chosen = settings(city, nowhere, data_dir=tmp_path)
    with opened(open_store(chosen)) as store:
        # Not entered: the page need not be warm.
        answer = TestClient(create_server(chosen, store, clock)).get("/readyz")
    assert answer.status_code == 200
    (told,) = answer.json()["detail"]
    assert "reads go to the database itself" in told["error"]
    assert "YIPING_DATABASE_REPLICA_URL" in told["remedy"]
    assert "secret" not in answer.text
