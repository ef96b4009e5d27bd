"""How soon a change is on every screen: 200 and 1,000 live streams, 1,000 readings a second.

The server runs in a process of its own with the ingest in a thread, as a source does; another
process holds the streams. A batch's latency is from the call of ingest, before its commit, to
the first message that a screen has of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import numpy as np
from rich.console import Console
from rich.table import Table

from geo_data import feed, queries
from geo_data.ingest import IncidentReport, Reading, StageReport, apply
from geo_data.records import Scope, Severity, Stage
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.bench.cities import demo_city
from tests.serving import Served

SECONDS = 30
READINGS_PER_S, INCIDENTS_PER_S = 1_000, 5
TURN_S = 0.05
WARM_S = 3.0
CLIENTS = (200, 1_000)


def main(arguments: list[str]) -> None:
    """Run; ``serve`` and ``listen`` are the two sides, started by the bench itself."""
    if arguments[:1] == ["serve"]:
        return serve(Path(arguments[1]), Path(arguments[2]))
    if arguments[:1] == ["listen"]:
        return asyncio.run(listen(int(arguments[1]), int(arguments[2]), Path(arguments[3])))
    table = Table("screens", "p50 ms", "p95 ms", "max ms", "lost", "server CPU", "server MB")
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        city = demo_city(Path(folder))
        for clients in map(int, arguments) if arguments else CLIENTS:
            found = measure(city, clients)
            table.add_row(str(clients), *(str(found[key]) for key in found))
            lines.append(
                f"RESULT bench=fanout clients={clients} p95_ms={found['p95']} lost={found['lost']}"
            )
    Console().print(table)
    print("\n".join(lines))
    return None


def measure(city: Path, clients: int) -> dict[str, object]:
    """Run both sides once; return the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy = Path(shutil.copy(city, folder / "city.gpkg"))
        me = [sys.executable, "-m", "tests.bench", "fanout"]
        server = subprocess.Popen([*me, "serve", str(copy), str(folder)])
        port = _wait_for(folder / "port", server)
        heard = folder / "heard.npz"
        subprocess.run([*me, "listen", str(port), str(clients), str(heard)], check=True)
        server.terminate()
        server.wait(30)
        return _figures(json.loads((folder / "told.json").read_text()), np.load(heard))


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> int:
    while not path.exists():
        if process.poll() is not None:
            raise RuntimeError("the server did not start")
        time.sleep(0.1)
    return int(path.read_text())


def _figures(told: dict[str, list[float]], heard: np.lib.npyio.NpzFile) -> dict[str, object]:
    begin, end = heard["span"]
    batches = [
        (seq, at) for seq, at in zip(told["seq"], told["at"], strict=True) if begin <= at <= end - 2
    ]
    seqs, times = np.array(batches).T
    late, lost = [], int(heard["anew"])
    for client in range(int(heard["clients"])):
        cursors, at = heard[f"cursor{client}"], heard[f"at{client}"]
        first = np.searchsorted(cursors, seqs)
        lost += int((first == len(cursors)).sum())
        known = first < len(cursors)
        late.append((at[first[known]] - times[known]) * 1000)
    values = np.concatenate(late)
    p50, p95 = np.percentile(values, [50, 95])
    return {
        "p50": f"{p50:.0f}",
        "p95": f"{p95:.0f}",
        "max": f"{values.max():.0f}",
        "lost": lost,
        "cpu": f"{told['cpu'][0]:.0%}",
        "rss": f"{told['rss'][0]:.0f}",
    }


# ---- The server's side


def serve(path: Path, folder: Path) -> None:
    """Serve a city and feed it until told to stop; leaves what was told when."""
    _many_files()
    store = open_store(path)
    settings = Settings(data_dir=folder, simulator_rate=0)
    served = Served(store, settings).start()
    stop = threading.Event()
    told: dict[str, list[float]] = {"seq": [], "at": []}
    source = threading.Thread(target=_feed, args=(store, stop, told), daemon=True)
    source.start()
    (folder / "port.part").write_text(str(served.port))
    (folder / "port.part").rename(folder / "port")
    begun, cpu = time.monotonic(), time.process_time()
    try:
        _until_terminated()
    finally:
        share = (time.process_time() - cpu) / (time.monotonic() - begun)
        stop.set()
        source.join(10)
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        (folder / "told.json").write_text(json.dumps({**told, "cpu": [share], "rss": [rss]}))
        served.stop()
        os._exit(0)


def _until_terminated() -> None:
    import signal

    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    done.wait()


def _feed(store: Store, stop: threading.Event, told: dict[str, list[float]]) -> None:
    """Readings every turn, and a new case now and then, at the rate asked for."""
    random = np.random.default_rng(1)
    sensors = queries.sensors(store, Scope.everything(), None, datetime.now(UTC))
    known = [one for one in sensors if one.value is not None]
    root = queries.region_tree(store, Scope.everything()).root
    due = time.monotonic()
    turn = 0
    while not stop.is_set():
        turn += 1
        now = datetime.now(UTC)
        chosen = random.choice(len(known), int(READINGS_PER_S * TURN_S), replace=False)
        batch: list[object] = [
            Reading(known[index].code, float(known[index].value or 0.0), now) for index in chosen
        ]
        if turn % round(1 / (INCIDENTS_PER_S * TURN_S)) == 0:
            batch.append(_case(turn, now, root.lon, root.lat))
        at = time.time()
        apply(store, batch, now)  # type: ignore[arg-type]
        told["seq"].append(feed.cursor(store))
        told["at"].append(at)
        due += TURN_S
        stop.wait(max(0.0, due - time.monotonic()))


def _case(turn: int, now: datetime, lon: float, lat: float) -> IncidentReport:
    code = f"bench-{turn}"
    step = StageReport("bench", code, Stage.FOUND, now, None, None)
    return IncidentReport(
        *("bench", code, code, code, "hotline", "0102", Severity.GENERAL, now, now),
        *(lon, lat, None, None, None, (step,)),
    )


# ---- The screens' side


async def listen(port: int, clients: int, out: Path) -> None:
    """Hold so many streams for a while; leaves what each heard when."""
    _many_files()
    with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as answer:
        answer.read()
    screens = [Screen() for _ in range(clients)]
    tasks = []
    for screen in screens:
        tasks.append(asyncio.create_task(screen.watch(port)))
        await asyncio.sleep(0.002)
    await asyncio.sleep(WARM_S)
    begin = time.time()
    await asyncio.sleep(SECONDS)
    end = time.time()
    for task in tasks:
        task.cancel()
    arrays = {f"cursor{i}": np.array(one.cursors) for i, one in enumerate(screens)}
    arrays |= {f"at{i}": np.array(one.times) for i, one in enumerate(screens)}
    anew = sum(one.anew for one in screens)
    np.savez(out, span=[begin, end], clients=clients, anew=anew, **arrays)  # type: ignore[arg-type]


class Screen:
    """One stream: the cursors it heard of, and when."""

    def __init__(self) -> None:
        self.cursors: list[int] = []
        self.times: list[float] = []
        self.anew = 0

    async def watch(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        writer.write(b"GET /live HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        while True:
            event = await reader.readuntil(b"\n\n")
            now = time.time()
            head, _, rest = event.partition(b"\nid: ")
            if head.endswith(b"event: change"):
                self.cursors.append(int(rest.partition(b"\n")[0]))
                self.times.append(now)
            elif head.endswith(b"event: anew"):
                self.anew += 1


def _many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
