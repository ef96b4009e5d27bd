"""Durable observations and cases a second: what an intake hands over until it is on the disk.

Through the function that every transport calls, rollups and change log included. The file syncs
every commit, and so does the server, which lies on the same disk. Rates are by the clock on the
wall; beside them the processor time of this process per message.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from geo_data import queries
from geo_data.dictionaries import categories, channels
from geo_data.ingest.receiving import receive
from geo_data.intakes import Intake
from geo_data.records import Scope
from geo_data.store import Store, copy_city, open_store
from tests.bench.cities import demo_city
from tests.postgis_server import PostgisServer

BATCHES = (1, 100, 1_000)
SECONDS = 4.0
NO_KEY = "0" * 64
Message = dict[str, object]
Messages = Callable[[int], list[object]]


def main(arguments: list[str]) -> None:
    """Run; ``embedded`` or ``postgis`` alone may be asked for."""
    table = Table(
        "store", "messages", "batch", "a second", "CPU µs each", "commit p50 ms", "p95 ms"
    )
    told: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        path = demo_city(Path(name))
        for kind, store in _stores(path, arguments or ["embedded", "postgis"]):
            with closing(store):
                told |= _measure(kind, store, table)
    Console().print(table)
    names = [f"{what}_{kind}" for what in ("obs_s", "incidents_s") for kind in KINDS]
    print("RESULT bench=ingest", *(f"{one}={told[one]:.0f}" for one in names if one in told))


KINDS = ("embedded", "postgis")


def _stores(path: Path, kinds: list[str]) -> Iterator[tuple[str, Store]]:
    server = PostgisServer(durable=True)
    try:
        if "postgis" in kinds:
            server.start()
            url = server.url(server.fresh())
            copy_city(path, url, datetime.now(UTC))
        if "embedded" in kinds:
            yield "embedded", open_store(path)
        if "postgis" in kinds:
            yield "postgis", open_store(url)
    finally:
        server.stop()


def _measure(kind: str, store: Store, table: Table) -> dict[str, float]:
    told = {}
    for what, tells, made in (
        ("obs_s", "observations", _observations(store)),
        ("incidents_s", "incidents", _cases(store)),
    ):
        intake = Intake(key=f"bench-{tells}", tells=tells, key_sha256=NO_KEY)  # type: ignore[arg-type]
        for size in BATCHES:
            rate, cpu_us, took = _run(store, intake, made, size)
            p50, p95 = np.percentile(took, [50, 95]) * 1000
            row = (f"{rate:,.0f}", f"{cpu_us:,.0f}", f"{p50:.1f}", f"{p95:.1f}")
            table.add_row(kind, tells, f"{size:,}", *row)
            told[f"{what}_{kind}"] = rate
    return told


def _run(
    store: Store, intake: Intake, made: Messages, size: int
) -> tuple[float, float, list[float]]:
    receive(store, intake, made(size), datetime.now(UTC))
    took: list[float] = []
    cpu = 0.0
    while sum(took) < SECONDS:
        messages = made(size)
        begun, cpu_begun = time.perf_counter(), time.process_time()
        found = receive(store, intake, messages, datetime.now(UTC))
        took.append(time.perf_counter() - begun)
        cpu += time.process_time() - cpu_begun
        assert all(one.status == "accepted" for one in found)
    n = size * len(took)
    return n / sum(took), cpu / n * 1e6, took


def _observations(store: Store) -> Messages:
    """Readings of every sensor in turn, a second later each round, in the values they have."""
    sensors = queries.sensors(store, Scope.everything(), None, datetime.now(UTC))
    known = [(one.code, one.value) for one in sensors if one.value is not None]
    begin = datetime.now(UTC) + timedelta(minutes=5)
    count = 0

    def made(size: int) -> list[object]:
        nonlocal count
        rows: list[object] = []
        for number in range(count, count + size):
            turn, index = divmod(number, len(known))
            at = begin + timedelta(seconds=turn)
            code, value = known[index]
            rows.append({"sensor_code": code, "value": value, "observed_at": at.isoformat()})
        count += size
        return rows

    return made


def _cases(store: Store) -> Messages:
    """Cases of every channel and category, at houses all over the city."""
    random = np.random.default_rng(4)
    places = queries.places(store, Scope.everything(), ["residential"], None)
    spots = places[["lon", "lat"]].to_numpy()
    words = list(channels()), list(categories())
    count = 0

    def made(size: int) -> list[object]:
        nonlocal count
        at = datetime.now(UTC)
        rows: list[object] = []
        for number in range(count, count + size):
            lon, lat = spots[random.integers(len(spots))] + random.normal(0, 0.0005, 2)
            channel, category = (str(random.choice(known)) for known in words)
            happened_at = (at - timedelta(minutes=5)).isoformat()
            rows.append(
                {
                    **{"source_id": f"bench-{number}", "title": "路面破损", "severity": 4},
                    **{"channel": channel, "category": category, "address": "人民路 100 号"},
                    **{"happened_at": happened_at, "reported_at": at.isoformat()},
                    **{"lon": float(lon), "lat": float(lat)},
                }
            )
        count += size
        return rows

    return made
