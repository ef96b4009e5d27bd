"""Reading another's database: every kind of mark, broken values, and nothing is written there."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from geo_data.faults import InputError
from tests.geo_data.foreign import (
    NOW,
    ForeignFile,
    ForeignServer,
    add_readings,
    make_readings,
    opened,
    poller_of,
    readings,
    rows,
    second,
)
from tests.stores import Files

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
