"""The throw-away server itself: an ordinary role, a fresh database, gone afterwards."""

from __future__ import annotations

import psycopg
import pytest

from tests.postgis_server import PLAIN, PostgisServer


def dsn(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")


def test_a_database_is_fresh_and_has_postgis(postgis_url: str) -> None:
    with psycopg.connect(dsn(postgis_url)) as connection:
        (version,) = connection.execute("SELECT postgis_lib_version()").fetchone() or ("",)
        assert version >= "3"
        (is_super,) = connection.execute(
            "SELECT usesuper FROM pg_user WHERE usename = current_user"
        ).fetchone() or (True,)
        assert not is_super
        connection.execute("CREATE TABLE left_behind (a int)")


def test_nothing_is_left_of_another_test(postgis_url: str) -> None:
    with (
        psycopg.connect(dsn(postgis_url)) as connection,
        pytest.raises(psycopg.errors.UndefinedTable),
    ):
        connection.execute("SELECT * FROM left_behind")


def test_a_wrong_password_is_refused(postgis_server: PostgisServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(dsn(postgis_server.url("postgres", password="wrong")))


def test_a_database_may_lack_postgis(postgis_server: PostgisServer) -> None:
    name = postgis_server.fresh(PLAIN)
    with (
        psycopg.connect(dsn(postgis_server.url(name))) as connection,
        pytest.raises(psycopg.errors.UndefinedFunction),
    ):
        connection.execute("SELECT postgis_lib_version()")
    postgis_server.drop(name)
