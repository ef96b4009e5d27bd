"""An import that is killed, or that finds the disk full, leaves the old city whole."""

from __future__ import annotations

import math
import os
import random
import shutil
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from geo_data.faults import InputError
from geo_data.importer import import_city
from geo_data.store import Store, open_store
from tests.geo_data.workshop import GOOD, Feature, Workshop, ward
from tests.stores import Address, Stores

ROOT = Path(__file__).parents[2]
SIDE = 12
KILLED, MOST = 3, 12
"""Imports that are killed, at moments drawn anew for each; more where none was caught at work."""
SEED = 20260701

_IMPORT = """
import os, signal, sys, threading, time
from datetime import UTC, datetime
from pathlib import Path
from geo_data.importer import import_city

_, city, address, life = sys.argv
begun = 0.0

def die():
    time.sleep(float(life))
    os.kill(os.getpid(), signal.SIGKILL)

def tell(step, share):
    global begun
    if step == "write":
        begun = time.perf_counter()
        if life != "inf":
            threading.Thread(target=die, daemon=True).start()
    if step == "done":
        print(time.perf_counter() - begun, flush=True)

import_city(Path(city), address, datetime(2026, 7, 1, tzinfo=UTC), progress=tell)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Workshop(folder)


def many_wards(name: str) -> list[Feature]:
    """A hundred and forty-four wards of many corners, so that writing them takes a while."""
    step, corners = 10 / SIDE, 25
    found = []
    for row in range(SIDE):
        for column in range(SIDE):
            west, south = column * step, row * step
            ticks = [step * number / corners for number in range(corners)]
            ring = [
                *([west + each, south] for each in ticks),
                *([west + step, south + each] for each in ticks),
                *([west + step - each, south + step] for each in ticks),
                *([west, south + step - each] for each in ticks),
                [west, south],
            ]
            found.append(ward(f"W{row * SIDE + column:05}", ring, name=name))
    return found


def names(store: Store) -> set[str]:
    regions = store.tables.regions
    with store.read() as connection:
        return set(connection.scalars(select(regions.c.name).where(regions.c.level == "ward")))


def content(address: Address) -> tuple[set[str], int]:
    store = open_store(address)
    try:
        return names(store), store.version("regions/ward")
    finally:
        store.close()


def _import(shop: Workshop, address: Address, life_s: float) -> float | None:
    """Import in a process of its own; return how long it wrote, nothing where it was killed."""
    command = [sys.executable, "-c", _IMPORT, str(shop.city_file), str(address), str(life_s)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL)
    return float(done.stdout) if done.returncode == 0 else None


def test_killed_at_any_moment_it_leaves_the_old_city_or_the_new_one(
    shop: Workshop, stores: Stores, now: datetime
) -> None:
    address = stores.new()
    shop.write(many_wards("0"))
    import_city(shop.city_file, address, now)
    shop.write(many_wards("1"))
    takes_s = _import(shop, stores.copy(address), math.inf)
    assert takes_s is not None
    moments = random.Random(SEED)
    interrupted = 0
    held, version = content(address)
    turn = 0
    while turn < KILLED or (not interrupted and turn < MOST):
        turn += 1
        shop.write(many_wards(str(turn)))
        # A machine that was busy when the whole was timed is quicker than its moments say.
        _import(shop, address, moments.uniform(0.1, 0.9) * takes_s / turn)
        found, new_version = content(address)
        # All of one or all of the other: a name is of one import.
        assert (found, new_version) in ((held, version), ({str(turn)}, version + 1))
        interrupted += found == held
        held, version = found, new_version
    # A test that never came between would show nothing.
    assert interrupted
    import_city(shop.city_file, address, now)
    assert content(address)[0] == {str(turn)}


def test_a_full_disk_is_said_and_leaves_the_old_city_or_the_new_one_is_whole(
    small_disk: Path, shop: Workshop, now: datetime
) -> None:
    path, kept, ballast = small_disk / "city.gpkg", shop.folder / "old.gpkg", small_disk / "ballast"
    shop.write(GOOD)
    import_city(shop.city_file, kept, now)
    before = content(kept)
    shop.write(many_wards("new"))
    outcomes = set()
    for room_kb in (96, 320, 448, 576, 2_000):
        for old in small_disk.iterdir():
            old.unlink()
        shutil.copy(kept, path)
        free = os.statvfs(small_disk)
        ballast.write_bytes(bytes(free.f_bavail * free.f_frsize - (room_kb << 10)))
        error = _error_of_importing(shop, path, now)
        ballast.unlink()
        found = content(path)
        if error is None:
            # Also where only the writing back of the WAL found no room.
            assert found[0] == {"new"}
        else:
            (fault,) = error.faults
            assert (fault.key, error.exit_code) == ("store-full", 3)
            assert str(path) in fault.sentence("en")
            assert fault.remedy("zh-CN")
            assert found == before
        outcomes.add(error is None)
    assert outcomes == {True, False}


def _error_of_importing(shop: Workshop, path: Path, now: datetime) -> InputError | None:
    try:
        import_city(shop.city_file, path, now)
    except InputError as error:
        return error
    return None
