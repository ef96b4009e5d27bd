"""What one of several processes does for all: who has it, and who has it next."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from geo_data.store import Store, open_store
from tests.geo_data.small_city import make_small_city
from tests.postgis_server import PostgisServer
from tests.stores import Stores

_HOLDER = """
import sys, time
from geo_data.store import open_store
store = open_store(sys.argv[1])
duty = store.duty("simulator")
print(duty.held(), flush=True)
time.sleep(60)
"""


def within(seconds: float, true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def two(stores: Stores) -> tuple[Store, Store]:
    address = stores.new()
    return make_small_city(address), open_store(address)


def test_one_has_it_until_it_leaves_it(stores: Stores) -> None:
    one, other = two(stores)
    mine, theirs, another = one.duty("simulator"), other.duty("simulator"), other.duty("sources")
    assert mine.held()
    assert mine.held()
    assert not theirs.held()
    assert another.held()
    mine.close()
    assert theirs.held()
    assert not mine.held()
    for duty in (mine, theirs, another):
        duty.close()
    one.close()
    other.close()


def test_a_killed_process_leaves_it_to_the_next(stores: Stores) -> None:
    address = stores.new()
    store = make_small_city(address)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(address)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "True"
    duty = store.duty("simulator")
    assert not duty.held()
    holder.kill()
    holder.communicate()
    assert within(10, duty.held)
    duty.close()
    store.close()


def test_a_lost_connection_loses_it_and_it_is_taken_again(
    postgis_server: PostgisServer, postgis_url: str
) -> None:
    store = make_small_city(postgis_url)
    duty = store.duty("simulator")
    assert duty.held()
    with postgis_server.admin("postgres") as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE locktype = 'advisory' AND objsubid = 2 AND granted"
        )
    assert not duty.held()
    assert within(10, duty.held)
    duty.close()
    store.close()
